//! One file: its three versions brought together, in memory.
//!
//! INVARIANT: nothing is written before [`Store::write`]. Knows nothing about missions.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::scene::Scene;
use crate::git::{GitError, Mode, Oid, Repo, Stages};
use crate::merge::{Kind, Sides};
use crate::op::OpError;
use crate::op::merged::{Labels, Merged, merged};

/// Git's marker size where no attribute says another.
const MARKER_SIZE: usize = 7;

/// Blobs, those included that are not written yet.
pub(super) struct Store<'r> {
    repo: &'r Repo,
    made: RefCell<BTreeMap<Oid, Vec<u8>>>,
}

impl<'r> Store<'r> {
    pub(super) fn new(repo: &'r Repo) -> Self {
        Self { repo, made: RefCell::default() }
    }

    /// The bytes of a blob.
    pub(super) fn get(&self, oid: &Oid) -> Result<Vec<u8>, GitError> {
        match self.made.borrow().get(oid) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.repo.blob(oid),
        }
    }

    /// The id of a blob with these bytes, which is kept until it is written.
    pub(super) fn put(&self, bytes: Vec<u8>) -> Result<Oid, GitError> {
        let oid = self.repo.blob_id(&bytes)?;
        self.made.borrow_mut().insert(oid.clone(), bytes);
        Ok(oid)
    }

    /// Writes what is kept.
    pub(super) fn write(&self) -> Result<(), GitError> {
        self.made.borrow().values().try_for_each(|bytes| self.repo.write_blob(bytes).map(drop))
    }
}

/// What a path is to become.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Target {
    /// In the index
    pub(super) stages: Stages,
    /// In the work tree, where that is not what the index says: a blob with markers
    pub(super) shown: Option<Oid>,
}

impl Target {
    pub(super) fn merged(entry: (Mode, Oid)) -> Self {
        Self { stages: Stages { merged: Some(entry), open: [None, None, None] }, shown: None }
    }
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has an entry
    Clean(Target),
    /// No version is left
    Gone,
    /// Something is left open
    Open(Target, Openness),
}

/// Why a file is left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openness {
    /// Both sides changed these keys or rows; the file holds both between markers
    Keys(Vec<String>),
    /// The rules could not be applied, for this reason; the file holds both texts between markers
    Lines(Option<String>),
    /// What both sides changed is no text: a link, or a directory of another repository
    NotText,
    /// Our side deleted it, and the other one changed it
    DeletedByOurs,
    /// The other side deleted it, and our side changed it
    DeletedByTheirs,
    /// Only our side has it: git does not know where it belongs
    OnlyOurs,
    /// Only the other side has it: git does not know where it belongs
    OnlyTheirs,
    /// Both sides took it away from here
    OnlyBase,
}

pub(super) type Three = Sides<Option<(Mode, Oid)>>;

/// Brings three versions together: as git would, but by the rules of `kind`.
pub(super) fn bring_together(
    scene: &Scene<'_>,
    store: &Store<'_>,
    path: &[u8],
    three: &Three,
) -> Result<Outcome, OpError> {
    let Sides { base, ours, theirs } = three;
    let one_sided = if ours == theirs || base == theirs {
        Some(ours)
    } else if base == ours {
        Some(theirs)
    } else {
        None
    };
    if let Some(taken) = one_sided {
        return Ok(taken.clone().map_or(Outcome::Gone, |entry| Outcome::Clean(Target::merged(entry))));
    }
    let open = |shown: Option<&(Mode, Oid)>, why| {
        let stages = Stages { merged: None, open: [base.clone(), ours.clone(), theirs.clone()] };
        Outcome::Open(Target { stages, shown: shown.map(|(_, oid)| oid.clone()) }, why)
    };
    let (Some(our), Some(their)) = (ours, theirs) else {
        let why = if ours.is_none() { Openness::DeletedByOurs } else { Openness::DeletedByTheirs };
        return Ok(open(ours.as_ref().or(theirs.as_ref()), why));
    };
    let Some(merged) = texts_together(scene, store, path, Kind::of_path(path), three)? else {
        return Ok(open(Some(our), Openness::NotText));
    };
    let mode = if base.as_ref().is_some_and(|(mode, _)| *mode == our.0) { their.0 } else { our.0 };
    let oid = store.put(merged.text.clone())?;
    if merged.is_clean() {
        return Ok(Outcome::Clean(Target::merged((mode, oid))));
    }
    Ok(open(Some(&(mode, oid)), openness(&merged)))
}

/// What the rules of `kind` make of the texts; `None` if not both sides have one.
pub(super) fn texts_together(
    scene: &Scene<'_>,
    store: &Store<'_>,
    path: &[u8],
    kind: Option<Kind>,
    three: &Three,
) -> Result<Option<Merged>, OpError> {
    let regular = |entry: &Option<(Mode, Oid)>| entry.clone().filter(|(mode, _)| mode.is_regular_file());
    let Sides { base, ours, theirs } = three.as_ref().map(regular);
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Ok(None) };
    let base = base.map(|(_, oid)| store.get(&oid)).transpose()?.unwrap_or_default();
    let (ours, theirs) = (store.get(&ours.1)?, store.get(&theirs.1)?);
    let texts = Sides { base: base.as_slice(), ours: &ours, theirs: &theirs };
    if kind.is_none() && [texts.base, texts.ours, texts.theirs].iter().any(|text| text.contains(&0)) {
        return Ok(None);
    }
    Ok(Some(merged(kind, &texts, marker_size(scene.repo, path)?, &labels(scene))?))
}

pub(super) fn openness(merged: &Merged) -> Openness {
    use crate::op::merged::How;
    match &merged.how {
        How::Rules(_) => Openness::Keys(merged.open_keys()),
        How::Fallback(reason) => Openness::Lines(Some(reason.clone())),
        How::Equal | How::Lines(_) => Openness::Lines(None),
    }
}

/// The labels that git itself gives: HEAD, and the commit that is merged.
fn labels(scene: &Scene<'_>) -> Labels {
    let theirs = scene.joining.as_ref().map_or("theirs", |joining| joining.theirs.as_str());
    Labels { ours: "HEAD".to_owned(), theirs: theirs.to_owned() }
}

fn marker_size(repo: &Repo, path: &[u8]) -> Result<usize, GitError> {
    let size = repo.attribute("conflict-marker-size", &String::from_utf8_lossy(path))?;
    Ok(size.and_then(|size| size.parse().ok()).filter(|size| *size > 0).unwrap_or(MARKER_SIZE))
}
