//! Old `meta.json` files to canonical form: keys under their new names, an id for each mission, no value changed.
//!
//! Works on what is staged and rewrites the work-tree file only where that says the same; a file with unstaged edits
//! is named and left alone, and so is one that cannot be read. Running again finishes what was interrupted and then
//! changes nothing. Knows nothing about numbers and about how the outcome is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::OpError;
use super::snapshot::{Content, EVENT_LOG, MetaFile, Reader, Snapshot, seed_of_texts};
use super::work_file::{self, Found, WorkFile};
use crate::git::{GitError, IndexAt, IndexEntry, Mode, Oid, Repo};
use crate::id::MissionId;
use crate::mission::{DirMap, IdField, Meta, MetaError, MissionDir, SPECS};

/// What happens to the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is only told.
    Tell,
    /// Work-tree files are rewritten.
    Write,
    /// Work-tree files are rewritten and staged.
    Stage,
}

/// Which missions are migrated.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Those of a commit or tree, which are only told about
    Revision(&'a str),
    /// Those of the checkout
    Checkout(Effect),
}

/// What was done, or would be.
#[derive(Debug, Default)]
pub struct Migrated {
    /// Missions whose file got new bytes, in the order of their directories
    pub changed: Vec<Change>,
    /// How many needed nothing
    pub unchanged: usize,
    /// Missions whose file was left as it is
    pub failed: Vec<Failure>,
}

/// A file that got new bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose
    pub dir: MissionDir,
    /// The id that it got
    pub minted: Option<MissionId>,
    /// Its keys that have new names (old, new)
    pub renamed: Vec<(&'static str, &'static str)>,
}

/// A file that was left as it is. Shows as `path:line:column: reason`.
#[derive(Debug)]
pub struct Failure {
    /// Whose
    pub dir: MissionDir,
    /// Why
    pub why: Why,
}

/// Why a file was left as it is.
#[derive(Debug)]
pub enum Why {
    /// It cannot be read without loss.
    Unreadable(MetaError),
    /// It is a link, a directory or a submodule, or lies behind a link.
    NotRegular,
    /// The work-tree file says something else than what is staged.
    UnstagedEdits,
    /// A merge has left it open.
    Unmerged,
    /// It was removed from the work tree.
    Removed,
    /// A sparse checkout hides it.
    Hidden,
    /// It could not be read or written.
    File(GitError),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/meta.json", self.dir)?;
        if let Why::Unreadable(error) = &self.why
            && let Some((line, column)) = error.position()
        {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::NotRegular => f.write_str("not a regular file"),
            Self::UnstagedEdits => f.write_str("has unstaged edits; stage or undo them first"),
            Self::Unmerged => f.write_str("is not merged yet; resolve the conflict first"),
            Self::Removed => f.write_str("was removed from the work tree; stage that or restore it first"),
            Self::Hidden => f.write_str("is hidden by the sparse checkout; --stage migrates it too"),
            Self::File(error) => match std::error::Error::source(error) {
                Some(source) => write!(f, "{error}: {source}"),
                None => error.fmt(f),
            },
        }
    }
}

/// Migrates. `progress` is told how many missions of how many are done.
pub fn migrate(
    repo: &Repo,
    source: Source<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Migrated, OpError> {
    match source {
        Source::Revision(revision) => {
            let tree = repo.object(&format!("{revision}^{{tree}}"))?;
            let tree = tree.ok_or_else(|| OpError::NoSuchRevision(revision.to_owned()))?;
            let reader = Reader::new(repo);
            let missions = reader.tree(&tree)?;
            let mut planner = Planner::new(&reader, Some((&tree, &missions)), &missions.files);
            let mut migrated = Migrated::default();
            for (dir, file) in &missions.files {
                let plan = planner.plan(dir, file.content(), || reader.id_seed(&tree, dir))?;
                migrated.add(dir, plan.map(|plan| plan.map(|plan| plan.change)));
            }
            Ok(migrated)
        }
        Source::Checkout(effect) => checkout(repo, effect, progress),
    }
}

/// New bytes for one file.
struct Plan {
    change: Change,
    bytes: Vec<u8>,
}

/// Decides, mission by mission in the order of their directories, what a file becomes.
struct Planner<'a> {
    /// The tree whose ids hold, and its missions
    head: Option<(&'a Oid, &'a Snapshot)>,
    reader: &'a Reader<'a>,
    /// Which paths hold which id, minted ones included
    holders: BTreeMap<MissionId, BTreeSet<MissionDir>>,
}

impl<'a> Planner<'a> {
    fn new(reader: &'a Reader<'a>, head: Option<(&'a Oid, &'a Snapshot)>, files: &DirMap<MetaFile>) -> Self {
        let mut holders: BTreeMap<MissionId, BTreeSet<MissionDir>> = BTreeMap::new();
        for (dir, file) in files {
            if let Some(id) = file.meta().and_then(Meta::valid_id) {
                holders.entry(id).or_default().insert(dir.clone());
            }
        }
        Self { head, reader, holders }
    }

    /// `Ok(Ok(None))` if nothing has to be done. `seed` is asked if HEAD does not know the mission.
    fn plan(
        &mut self,
        dir: &MissionDir,
        content: &Content,
        seed: impl FnOnce() -> Result<Option<String>, GitError>,
    ) -> Result<Result<Option<Plan>, Why>, GitError> {
        let (mut meta, canonical) = match content {
            Content::Meta { meta, canonical } => (meta.clone(), *canonical),
            Content::Unreadable(error) => return Ok(Err(Why::Unreadable(error.clone()))),
            Content::NotRegular => return Ok(Err(Why::NotRegular)),
        };
        let minted = match meta.id() {
            IdField::Missing => Some(self.missing_id(dir, seed)?),
            IdField::Valid(_) | IdField::Invalid(_) => None,
        };
        if canonical && minted.is_none() {
            return Ok(Ok(None));
        }
        if let Some(id) = minted {
            meta.set_id(id);
            self.holders.entry(id).or_default().insert(dir.clone());
        }
        let change = Change { dir: dir.clone(), minted, renamed: meta.renamed().to_vec() };
        Ok(Ok(Some(Plan { change, bytes: meta.to_canonical().into_bytes() })))
    }

    /// The id that HEAD has for the mission; else that of the recipe, or of a copy where another path holds it.
    fn missing_id(
        &self,
        dir: &MissionDir,
        seed: impl FnOnce() -> Result<Option<String>, GitError>,
    ) -> Result<MissionId, GitError> {
        let taken = |id: &MissionId| self.holders.get(id).is_some_and(|dirs| dirs.iter().any(|d| d != dir));
        let in_head = self.head.and_then(|(_, missions)| missions.meta(dir)?.valid_id());
        if let Some(id) = in_head.filter(|id| !taken(id)) {
            return Ok(id);
        }
        let known = match self.head {
            Some((commit, _)) => self.reader.id_seed(commit, dir)?,
            None => None,
        };
        let seed = match known {
            Some(seed) => Some(seed),
            None => seed()?,
        };
        let id = MissionId::from_seed(&seed.unwrap_or_else(|| dir.name_lossy()));
        Ok(if taken(&id) { MissionId::of_copy(id, dir.as_bytes()) } else { id })
    }
}

impl Migrated {
    fn add(&mut self, dir: &MissionDir, outcome: Result<Option<Change>, Why>) {
        match outcome {
            Ok(Some(change)) => self.changed.push(change),
            Ok(None) => self.unchanged += 1,
            Err(why) => self.failed.push(Failure { dir: dir.clone(), why }),
        }
    }
}

fn checkout(
    repo: &Repo,
    effect: Effect,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Migrated, OpError> {
    repo.top()?;
    let _lock = match effect {
        Effect::Tell => None,
        Effect::Write | Effect::Stage => Some(work_file::lock(repo)?.ok_or(OpError::Busy)?),
    };
    let reader = Reader::new(repo);
    let tip = repo.commit("HEAD")?;
    let head = match &tip {
        Some(commit) => Some((commit, reader.tree(commit)?)),
        None => None,
    };
    let at_hand = AtHand::read(repo, &reader)?;
    let head = head.as_ref().map(|(commit, missions)| (*commit, missions));
    let mut planner = Planner::new(&reader, head, &at_hand.staged.files);
    let mut migrated = Migrated::default();
    let mut entries = Vec::new();
    for dir in &at_hand.unmerged {
        migrated.add(dir, Err(Why::Unmerged));
    }
    let total = at_hand.staged.files.len();
    for (done, (dir, file)) in at_hand.staged.files.iter().enumerate() {
        progress(done, total);
        let seed = || reader.id_seed_of(dir, (file.mode, &file.oid), at_hand.log(dir));
        let outcome = match planner.plan(dir, file.content(), seed)? {
            Err(why) => Err(why),
            Ok(plan) => {
                let step = Step { repo, dir, file, effect };
                step.take(plan, &mut entries).unwrap_or_else(|error| Err(Why::File(error)))
            }
        };
        migrated.add(dir, outcome);
    }
    for dir in &at_hand.untracked {
        let outcome = untracked(repo, &mut planner, dir, effect);
        migrated.add(dir, outcome.unwrap_or_else(|error| Err(Why::File(error))));
    }
    repo.add_to_index(&IndexAt::Current, &entries)?;
    progress(total, total);
    migrated.changed.sort_by(|a, b| a.dir.cmp(&b.dir));
    migrated.failed.sort_by(|a, b| a.dir.cmp(&b.dir));
    Ok(migrated)
}

/// The missions of the index and the work tree.
struct AtHand {
    staged: Snapshot,
    logs: BTreeMap<MissionDir, (Mode, Oid)>,
    unmerged: BTreeSet<MissionDir>,
    untracked: BTreeSet<MissionDir>,
}

impl AtHand {
    fn read(repo: &Repo, reader: &Reader<'_>) -> Result<Self, GitError> {
        let (mut staged, mut logs) = (Snapshot::default(), BTreeMap::new());
        for IndexEntry { path, mode, oid } in repo.index_entries(&IndexAt::Current, &[SPECS.as_bytes()])? {
            match MissionDir::containing(&path) {
                Some((dir, b"meta.json")) => {
                    staged.files.insert(dir, reader.file(mode, oid)?);
                }
                Some((dir, inside)) if inside == EVENT_LOG.as_bytes() => {
                    logs.insert(dir, (mode, oid));
                }
                _ => {}
            }
        }
        let of_missions = |paths: BTreeSet<Vec<u8>>| {
            paths.iter().filter_map(|path| MissionDir::of_meta_path(path)).collect()
        };
        let unmerged = of_missions(repo.unmerged_paths(SPECS)?);
        let untracked = of_missions(repo.untracked_paths(SPECS)?);
        Ok(Self { staged, logs, unmerged, untracked })
    }

    fn log(&self, dir: &MissionDir) -> Option<(Mode, &Oid)> {
        self.logs.get(dir).map(|(mode, oid)| (*mode, oid))
    }
}

/// One staged file.
struct Step<'a> {
    repo: &'a Repo,
    dir: &'a MissionDir,
    file: &'a MetaFile,
    effect: Effect,
}

impl Step<'_> {
    /// Rewrites the work-tree file, if it says what is staged, and notes what is to be staged.
    fn take(
        &self,
        plan: Option<Plan>,
        entries: &mut Vec<IndexEntry>,
    ) -> Result<Result<Option<Change>, Why>, GitError> {
        let path = self.dir.meta_path();
        let found = WorkFile::read(self.repo, &path)?;
        let Some(plan) = plan else {
            // Nothing to do for what is staged; edits that need it are named.
            return Ok(match found {
                Found::File(file) if needs_migration(file.bytes()) && self.is_edited(&file)? => {
                    Err(Why::UnstagedEdits)
                }
                _ => Ok(None),
            });
        };
        let stages = self.effect == Effect::Stage;
        let done = match found {
            Found::Other => return Ok(Err(Why::NotRegular)),
            Found::Nothing if self.repo.unmodified(&IndexAt::Current, &[&path])?.is_empty() => {
                return Ok(Err(Why::Removed));
            }
            Found::Nothing if !stages => return Ok(Err(Why::Hidden)),
            Found::Nothing => false,
            Found::File(file) if self.is_migrated(&file, &plan.bytes)? => true,
            Found::File(file) if self.is_edited(&file)? => return Ok(Err(Why::UnstagedEdits)),
            Found::File(file) => {
                if self.effect != Effect::Tell {
                    file.replace(&self.for_work_tree(&file, &plan.bytes)?)?;
                }
                false
            }
        };
        if stages {
            let oid = self.repo.write_blob(&plan.bytes)?;
            entries.push(IndexEntry { path, mode: self.file.mode, oid });
        }
        Ok(Ok((!done || stages).then_some(plan.change)))
    }

    fn says(&self, file: &WorkFile, blob: &Oid) -> Result<bool, GitError> {
        Ok(self.repo.staged_id(&self.dir.meta_path(), file.bytes())? == *blob)
    }

    /// Whether the work-tree file says something else than what is staged.
    fn is_edited(&self, file: &WorkFile) -> Result<bool, GitError> {
        Ok(file.bytes() != self.repo.blob(&self.file.oid)? && !self.says(file, &self.file.oid)?)
    }

    /// Whether the work-tree file was rewritten before, by a run that did not stage it.
    fn is_migrated(&self, file: &WorkFile, bytes: &[u8]) -> Result<bool, GitError> {
        if file.bytes() == bytes {
            return Ok(true);
        }
        // Only through filters and line endings can other bytes mean the same.
        let plain = file.bytes() == self.repo.blob(&self.file.oid)?;
        Ok(!plain && self.says(file, &self.repo.blob_id(bytes)?)?)
    }

    /// The new bytes as git would check them out, where the old ones lie there so.
    fn for_work_tree(&self, file: &WorkFile, bytes: &[u8]) -> Result<Vec<u8>, GitError> {
        if file.bytes() == self.repo.blob(&self.file.oid)? {
            return Ok(bytes.to_vec());
        }
        let blob = self.repo.write_blob(bytes)?;
        self.repo.checked_out(&self.dir.meta_path(), &blob)
    }
}

fn needs_migration(bytes: &[u8]) -> bool {
    match Content::read(bytes) {
        Content::Meta { meta, canonical } => {
            !meta.renamed().is_empty() || meta.id() == IdField::Missing || !canonical
        }
        Content::Unreadable(_) | Content::NotRegular => true,
    }
}

/// A file that git does not know yet: it has no other version to be compared with, and is not staged.
fn untracked(
    repo: &Repo,
    planner: &mut Planner<'_>,
    dir: &MissionDir,
    effect: Effect,
) -> Result<Result<Option<Change>, Why>, GitError> {
    let Found::File(file) = WorkFile::read(repo, &dir.meta_path())? else { return Ok(Err(Why::NotRegular)) };
    let seed = || {
        let log = match WorkFile::read(repo, &dir.join(EVENT_LOG.as_bytes()))? {
            Found::File(log) => Some(log),
            Found::Nothing | Found::Other => None,
        };
        Ok(seed_of_texts(dir, file.bytes(), log.as_ref().map(WorkFile::bytes)))
    };
    match planner.plan(dir, &Content::read(file.bytes()), seed)? {
        Ok(Some(plan)) => {
            if effect != Effect::Tell {
                file.replace(&plan.bytes)?;
            }
            Ok(Ok(Some(plan.change)))
        }
        Ok(None) => Ok(Ok(None)),
        Err(why) => Ok(Err(why)),
    }
}
