//! What may be replaced: what git itself left, and what stands in one of the commits. Never what somebody wrote since.
//!
//! Changes nothing.

use std::collections::BTreeSet;

use super::files::{Store, Target, texts_together};
use super::scene::{Scene, Version};
use crate::git::{IndexAt, Mode, Oid, Stages};
use crate::merge::{Kind, Sides, halves};
use crate::op::OpError;
use crate::op::work_file::{Found, WorkFile};

/// Why a path is not touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InTheWay {
    /// The work-tree file was edited since
    Edited,
    /// Something else than what the merge made is staged
    Staged,
    /// A file lies there that git does not have
    Untracked,
    /// No file lies there: a link or a directory
    NotAFile,
}

/// Says what may be replaced.
pub(super) struct Guard<'s> {
    pub(super) scene: &'s Scene<'s>,
    pub(super) store: &'s Store<'s>,
    /// Files that were named, each by itself: they may be replaced
    pub(super) named: &'s BTreeSet<Vec<u8>>,
    /// Files whose work-tree version is what the index says
    unmodified: BTreeSet<Vec<u8>>,
}

/// What lies in the work tree where something is to be replaced: the id that git would give it.
pub(super) type Before = Option<Oid>;

impl<'s> Guard<'s> {
    /// A guard for these paths.
    pub(super) fn new(
        scene: &'s Scene<'s>,
        store: &'s Store<'s>,
        named: &'s BTreeSet<Vec<u8>>,
        paths: &BTreeSet<Vec<u8>>,
    ) -> Result<Self, OpError> {
        let merged = |path: &&Vec<u8>| scene.index.get(*path).is_some_and(|s| s.merged.is_some());
        let merged: Vec<&[u8]> = paths.iter().filter(merged).map(Vec::as_slice).collect();
        let unmodified = scene.repo.unmodified(&IndexAt::Current, &merged)?.into_iter().collect();
        Ok(Self { scene, store, named, unmodified })
    }

    /// Whether the index and the work tree may be changed at this path; if so, what lies in the work tree now.
    pub(super) fn pass(&self, path: &[u8], target: &Target) -> Result<Result<Before, InTheWay>, OpError> {
        let now = self.scene.index.get(path).cloned().unwrap_or_default();
        let named = self.named.contains(path);
        if let (Some((_, staged)), false) = (&now.merged, named)
            && now != target.stages
            && !self.is_known(path, &now, staged)
            && !self.is_remade(path, &now, None, Some(staged))?
        {
            return Ok(Err(InTheWay::Staged));
        }
        if let (Some((_, oid)), true) = (&now.merged, self.unmodified.contains(path)) {
            return Ok(Ok(Some(oid.clone())));
        }
        let file = match WorkFile::read(self.scene.repo, path)? {
            Found::Nothing => return Ok(Ok(None)),
            // A link that git has is compared as git does.
            Found::Other => return Ok(Err(InTheWay::NotAFile)),
            Found::File(file) => file,
        };
        let oid = self.scene.repo.staged_id(path, file.bytes())?;
        let wanted = |entry: &Option<(Mode, Oid)>| entry.as_ref().is_some_and(|(_, wanted)| *wanted == oid);
        let is_wanted = wanted(&target.stages.merged) || target.shown.as_ref() == Some(&oid);
        let tracked = now != Stages::default();
        if named
            || is_wanted
            || self.is_known(path, &now, &oid)
            || (tracked && self.is_remade(path, &now, Some(file.bytes()), Some(&oid))?)
        {
            return Ok(Ok(Some(oid)));
        }
        Ok(Err(if tracked { InTheWay::Edited } else { InTheWay::Untracked }))
    }

    /// Whether the work-tree file already shows what is open, whatever the labels of its markers.
    pub(super) fn shows(&self, path: &[u8], target: &Target) -> Result<bool, OpError> {
        let Some(shown) = &target.shown else { return Ok(true) };
        let Found::File(file) = WorkFile::read(self.scene.repo, path)? else { return Ok(false) };
        let shown_text = self.store.get(shown)?;
        let left = halves(&with_lf(file.bytes()));
        Ok((left.is_some() && left == halves(&shown_text))
            || self.scene.repo.staged_id(path, file.bytes())? == *shown)
    }

    /// Whether a commit, or git's own merge of them, has this content here.
    fn is_known(&self, path: &[u8], now: &Stages, oid: &Oid) -> bool {
        let has = |version: &Version| version.files.get(path).is_some_and(|(_, held)| held == oid);
        now.open.iter().flatten().any(|(_, held)| held == oid)
            || self.scene.versions.all().into_iter().any(has)
            || self
                .scene
                .auto
                .as_ref()
                .is_some_and(|auto| auto.get(path).is_some_and(|(_, held)| held == oid))
    }

    /// Whether a merge of the versions, by the rules or by lines, gives this content: what a merge without `AUTO_MERGE`
    /// left. The labels and the ancestor that stand in markers make no difference.
    fn is_remade(
        &self,
        path: &[u8],
        now: &Stages,
        bytes: Option<&[u8]>,
        oid: Option<&Oid>,
    ) -> Result<bool, OpError> {
        let at = |version: &Version| version.files.get(path).cloned();
        let [base, ours, theirs] = if now.is_unmerged() {
            now.open.clone()
        } else {
            let versions = &self.scene.versions;
            [at(&versions.base), at(&versions.ours), at(&versions.theirs)]
        };
        let three = Sides { base, ours, theirs };
        let mut kinds = vec![Kind::of_path(path), None];
        kinds.dedup();
        for kind in kinds {
            let Some(merged) = texts_together(self.scene, self.store, path, kind, &three)? else { continue };
            if oid == Some(&self.scene.repo.blob_id(&merged.text)?) {
                return Ok(true);
            }
            let left = bytes.and_then(|bytes| halves(&with_lf(bytes)));
            if left.is_some() && left == halves(&merged.text) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A work-tree text with git's line ends.
fn with_lf(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").into_bytes()
}
