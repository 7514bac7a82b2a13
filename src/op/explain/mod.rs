//! What a merge decided for a file, key by key, and why: recomputed from the commits it brought together.
//!
//! Nothing is stored for it, and no rule is known here: the rules that merged the file are asked again, and what they
//! report is told. Changes nothing. Knows nothing about how it is shown.

mod error;
mod keys;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use self::keys::keys;
use super::OpError;
use super::joining::{Doing, Joining};
use super::merged::{How, Labels, Merged, Report, merged};
use super::snapshot::{Reader, Snapshot};
use crate::git::{GitError, Oid, Repo, Stages};
use crate::json::Value;
use crate::merge::{Kind, Rule, Sides, Winner};
use crate::mission::{MissionDir, SPECS};

pub use error::ExplainError;

/// How far back a merge is looked for in which both sides changed a file.
const MERGES: usize = 256;
/// The size of markers; git makes those of a virtual base two longer.
const MARKER_SIZE: usize = 7;

/// A merge that is explained.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The merge commit; `None` while the merge is in progress
    pub commit: Option<Oid>,
    /// What came together
    pub joining: Joining,
    /// The files, in order of their paths
    pub files: Vec<Story>,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct Story {
    /// Where the result is
    pub path: Vec<u8>,
    /// Where the versions are, if they are there
    pub places: Sides<Option<Vec<u8>>>,
    /// Which rules apply
    pub kind: Kind,
    /// What they did
    pub account: Account,
    /// What was made of that
    pub recorded: Recorded,
}

/// What the rules did.
#[derive(Debug, Clone)]
pub enum Account {
    /// Only this side has the file, so there was nothing to merge
    OneSideOnly(Winner),
    /// No side has it
    Gone,
    /// They decided each of these
    Rules {
        /// What they said
        report: Report,
        /// For a document: every key, in order
        keys: Vec<KeyStory>,
    },
    /// They could not read it, for this reason: merged by lines, a conflict
    ByLines(String),
    /// They could not read it, and two of the three versions are equal
    Equal,
}

/// What became of one key.
#[derive(Debug, Clone)]
pub struct KeyStory {
    /// The keys from the top of the document down
    pub path: Vec<String>,
    /// By which rule and whose value; `None` if it was left open
    pub decided: Option<(Rule, Winner)>,
    /// What the versions say; `None` where the key is absent
    pub values: Sides<Option<Value>>,
    /// What the rules made of it, or `None` where that is nothing or left open
    pub result: Option<Value>,
    /// What was recorded; `None` where it is absent, or nothing readable was recorded
    pub recorded: Option<Value>,
}

/// What was recorded, compared with what the rules give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The same, byte for byte
    AsMerged,
    /// Something else: somebody decided, or a hook corrected it
    Otherwise,
    /// No file
    Deleted,
    /// Nothing yet: the path is unmerged
    Unmerged,
}

/// Explains the files at or below `path` (empty: all that both sides changed), as `merge` brought them together; without
/// one, the merge in progress, else the last one that did.
pub fn explain(repo: &Repo, path: &[u8], merge: Option<&str>) -> Result<Explained, ExplainError> {
    let is_file = Kind::of_path(path).is_some();
    if !is_file && MissionDir::containing(path).is_some() {
        return Err(ExplainError::NoRules(path.to_vec()));
    }
    if let Some(name) = merge {
        let commit = repo.commit(name)?.ok_or_else(|| OpError::NoSuchRevision(name.to_owned()))?;
        let joining = joining_of(repo, &commit)?.ok_or_else(|| ExplainError::NotAMerge(name.to_owned()))?;
        return tell(repo, path, Some(commit), joining);
    }
    let in_progress = if repo.top().is_ok() { Joining::find(repo)? } else { None };
    if let Some(joining) = in_progress {
        if joining.more > 0 {
            return Err(ExplainError::Octopus(joining.theirs));
        }
        return tell(repo, path, None, joining);
    }
    let nothing = || ExplainError::NoMerge(path.to_vec());
    let tip = repo.commit("HEAD")?.ok_or_else(nothing)?;
    let below = if path.is_empty() { SPECS.as_bytes() } else { path };
    for commit in repo.merges_touching(&tip, below)?.into_iter().take(MERGES) {
        let Ok(Some(joining)) = joining_of(repo, &commit) else { continue };
        let explained = tell(repo, path, Some(commit), joining)?;
        let has_merged =
            |story: &Story| matches!(&story.account, Account::Rules { .. } | Account::ByLines(_));
        if explained.files.iter().any(has_merged) && both_changed(repo, &explained)? {
            return Ok(explained);
        }
    }
    Err(nothing())
}

/// What a merge commit brought together; `None` if it is none.
fn joining_of(repo: &Repo, commit: &Oid) -> Result<Option<Joining>, ExplainError> {
    match &repo.parents(commit)?[..] {
        [] | [_] => Ok(None),
        [ours, theirs] => Ok(Some(Joining {
            doing: Doing::Merge,
            ours: ours.clone(),
            theirs: theirs.clone(),
            bases: repo.merge_bases(ours, theirs)?,
            more: 0,
        })),
        _ => Err(ExplainError::Octopus(commit.clone())),
    }
}

/// Whether both sides changed one of the files.
fn both_changed(repo: &Repo, explained: &Explained) -> Result<bool, GitError> {
    for story in &explained.files {
        let blob = |commit: Option<&Oid>, place: &Option<Vec<u8>>| match (commit, place) {
            (Some(commit), Some(place)) => Ok(repo.entry_at(commit, place)?.map(|entry| entry.oid)),
            _ => Ok::<_, GitError>(None),
        };
        let Joining { ours, theirs, bases, .. } = &explained.joining;
        let (one, other) = (blob(Some(ours), &story.places.ours)?, blob(Some(theirs), &story.places.theirs)?);
        let base = blob(bases.first(), &story.places.base)?;
        if one != other && one != base && other != base {
            return Ok(true);
        }
    }
    Ok(false)
}

fn tell(repo: &Repo, path: &[u8], commit: Option<Oid>, joining: Joining) -> Result<Explained, ExplainError> {
    let teller = Teller::new(repo, commit.as_ref(), &joining)?;
    let is_file = Kind::of_path(path).is_some();
    let mut files = Vec::new();
    for path in teller.paths(path)? {
        let story = teller.story(&path)?;
        if is_file || matches!(&story.account, Account::Rules { .. } | Account::ByLines(_) | Account::Equal) {
            files.push(story);
        }
    }
    if is_file && files.iter().all(|story| matches!(story.account, Account::Gone)) {
        return Err(ExplainError::NoSuchPath(path.to_vec(), commit));
    }
    Ok(Explained { commit, joining, files })
}

/// What the sides of a file are compared with.
struct Base {
    text: Option<Vec<u8>>,
    place: Option<Vec<u8>>,
}

/// The commits of one merge, read once.
struct Teller<'r> {
    repo: &'r Repo,
    commit: Option<&'r Oid>,
    joining: &'r Joining,
    ours: Snapshot,
    theirs: Snapshot,
    result: Snapshot,
    /// What the index says, while the merge is in progress
    index: BTreeMap<Vec<u8>, Stages>,
    reader: Reader<'r>,
    bases: RefCell<HashMap<Oid, Rc<Snapshot>>>,
}

impl<'r> Teller<'r> {
    fn new(repo: &'r Repo, commit: Option<&'r Oid>, joining: &'r Joining) -> Result<Self, GitError> {
        let reader = Reader::new(repo);
        let (ours, theirs) = (reader.tree(&joining.ours)?, reader.tree(&joining.theirs)?);
        let index = if commit.is_none() { repo.stages(SPECS)? } else { BTreeMap::new() };
        let result = match commit {
            Some(commit) => reader.tree(commit)?,
            None => staged(&index, &reader)?,
        };
        Ok(Self { repo, commit, joining, ours, theirs, result, index, reader, bases: RefCell::default() })
    }

    /// The missions of a merge base, read once.
    fn missions_of(&self, commit: &Oid) -> Result<Rc<Snapshot>, GitError> {
        if let Some(known) = self.bases.borrow().get(commit) {
            return Ok(Rc::clone(known));
        }
        let missions = Rc::new(self.reader.tree(commit)?);
        self.bases.borrow_mut().insert(commit.clone(), Rc::clone(&missions));
        Ok(missions)
    }

    /// The files at or below a path that have rules. Below a directory only those that both sides changed.
    fn paths(&self, path: &[u8]) -> Result<Vec<Vec<u8>>, GitError> {
        if Kind::of_path(path).is_some() {
            return Ok(vec![path.to_vec()]);
        }
        let (mut sides, mut names) = (Vec::new(), BTreeSet::new());
        for commit in [&self.joining.ours, &self.joining.theirs] {
            let mut files = BTreeMap::new();
            if let Some(specs) = self.repo.subtree(commit, SPECS)? {
                for entry in self.repo.files_below(&specs)? {
                    let name = [SPECS.as_bytes(), b"/", &entry.name].concat();
                    if Kind::of_path(&name).is_some() && is_at_or_below(&name, path) {
                        files.insert(name, entry.oid);
                    }
                }
            }
            names.extend(files.keys().cloned());
            sides.push(files);
        }
        let mut paths = Vec::new();
        for name in names {
            let (one, other) = (sides[0].get(&name), sides[1].get(&name));
            if one == other {
                continue;
            }
            let mut bases = Vec::new();
            for base in &self.joining.bases {
                bases.push(self.repo.entry_at(base, &name)?.map(|entry| entry.oid));
            }
            let is_base = |side: Option<&Oid>| bases.iter().any(|base| base.as_ref() == side);
            let moved = one.is_none() || other.is_none();
            if moved || bases.len() != 1 || (!is_base(one) && !is_base(other)) {
                paths.push(name);
            }
        }
        Ok(paths)
    }

    fn story(&self, path: &[u8]) -> Result<Story, ExplainError> {
        let kind = Kind::of_path(path).ok_or_else(|| ExplainError::NoRules(path.to_vec()))?;
        let (ours, theirs) = (self.place(&self.ours, path), self.place(&self.theirs, path));
        let one = self.text(&self.joining.ours, ours.as_deref())?;
        let other = self.text(&self.joining.theirs, theirs.as_deref())?;
        let Base { text: base, place: base_place } = self.base(path, kind)?;
        let places = Sides {
            base: base_place,
            ours: ours.filter(|_| one.is_some()),
            theirs: theirs.filter(|_| other.is_some()),
        };
        let recorded = self.recorded(path)?;
        let story = |account, recorded| Story { path: path.to_vec(), places, kind, account, recorded };
        let (Some(one), Some(other)) = (&one, &other) else {
            let account = match (&one, &other) {
                (Some(_), None) => Account::OneSideOnly(Winner::Ours),
                (None, Some(_)) => Account::OneSideOnly(Winner::Theirs),
                _ => Account::Gone,
            };
            let whole = one.or(other);
            let recorded = compared(&recorded, |text| whole.as_deref() == Some(text));
            return Ok(story(account, recorded));
        };
        let texts = Sides { base: base.as_deref().unwrap_or_default(), ours: one, theirs: other };
        let merged = self.merged(kind, &texts, MARKER_SIZE)?;
        // Where only one side changed anything, git asks nobody and takes it byte for byte.
        let taken = if base.is_some() || one == other { texts.settled_by_equality() } else { None };
        let is_as_merged = |text: &[u8]| {
            taken == Some(text) || (taken.is_none() && merged.is_clean() && merged.text == text)
        };
        let verdict = compared(&recorded, is_as_merged);
        let account = match merged.how {
            How::Rules(ref report) => Account::Rules {
                keys: keys(
                    kind,
                    &texts,
                    &merged,
                    report,
                    recorded.as_ref().ok().and_then(|text| text.as_deref()),
                ),
                report: report.clone(),
            },
            How::Equal => Account::Equal,
            How::Lines(_) => Account::ByLines("no rules apply".to_owned()),
            How::Fallback(reason) => Account::ByLines(reason),
        };
        Ok(story(account, verdict))
    }

    fn merged(&self, kind: Kind, texts: &Sides<&[u8]>, marker_size: usize) -> Result<Merged, OpError> {
        let labels = Labels {
            ours: self.joining.ours.as_str().to_owned(),
            theirs: self.joining.theirs.as_str().to_owned(),
        };
        merged(Some(kind), texts, marker_size, &labels)
    }

    /// Where a commit has what the result has at `path`: the mission may have moved.
    fn place(&self, missions: &Snapshot, path: &[u8]) -> Option<Vec<u8>> {
        let (dir, inside) = MissionDir::containing(path)?;
        let id = |missions: &Snapshot, dir: &MissionDir| missions.files.get(dir)?.id();
        let meant = id(&self.result, &dir).or_else(|| {
            let (one, other) = (id(&self.ours, &dir), id(&self.theirs, &dir));
            // Where two missions meet and nothing is recorded, the path is all there is.
            if one.is_some() && other.is_some() && one != other { None } else { one.or(other) }
        });
        let Some(meant) = meant else { return Some(path.to_vec()) };
        match id(missions, &dir) {
            Some(there) if there == meant => return Some(path.to_vec()),
            _ => {}
        }
        let has = |tree: &Snapshot, wanted| tree.files.iter().any(|(_, file)| file.id() == Some(wanted));
        let elsewhere = missions.files.iter().find(|(_, file)| file.id() == Some(meant));
        match (elsewhere, id(missions, &dir)) {
            (Some((dir, _)), _) => Some(dir.join(inside)),
            // Another mission lay here, which the result has at another path.
            (None, Some(other)) if has(&self.result, other) => None,
            (None, _) => Some(path.to_vec()),
        }
    }

    fn text(&self, commit: &Oid, place: Option<&[u8]>) -> Result<Option<Vec<u8>>, GitError> {
        let Some(place) = place else { return Ok(None) };
        match self.repo.entry_at(commit, place)? {
            Some(entry) if entry.mode.is_regular_file() => self.repo.blob(&entry.oid).map(Some),
            _ => Ok(None),
        }
    }

    /// What the versions are compared with: the file in the merge base, or after criss-cross merges what git makes of
    /// several.
    fn base(&self, path: &[u8], kind: Kind) -> Result<Base, ExplainError> {
        let mut place = None;
        for base in &self.joining.bases {
            place = place.or(self.place(&*self.missions_of(base)?, path));
        }
        let text = self.virtual_base(path, kind, &self.joining.bases, 1)?;
        Ok(Base { place: place.filter(|_| text.is_some()), text })
    }

    /// One text for several commits: the first two merged with each other over their own bases, that with the third,
    /// and so on, as git's recursive merge does.
    fn virtual_base(
        &self,
        path: &[u8],
        kind: Kind,
        commits: &[Oid],
        depth: usize,
    ) -> Result<Option<Vec<u8>>, ExplainError> {
        let text = |commit: &Oid| -> Result<_, ExplainError> {
            let place = self.place(&*self.missions_of(commit)?, path);
            Ok(self.text(commit, place.as_deref())?)
        };
        let Some((first, others)) = commits.split_first() else { return Ok(None) };
        let mut result = text(first)?;
        for (done, next) in others.iter().enumerate() {
            let bases = self.repo.bases_with_merge(next, &commits[..=done])?;
            let base = self.virtual_base(path, kind, &bases, depth + 1)?;
            result = match (result, text(next)?) {
                (Some(one), Some(other)) => {
                    let base = base.unwrap_or_default();
                    let texts = Sides { base: base.as_slice(), ours: &one, theirs: &other };
                    Some(self.merged(kind, &texts, MARKER_SIZE + 2 * depth)?.text)
                }
                // Added by one of them, or deleted by one and changed by the other.
                (Some(only), None) | (None, Some(only)) => {
                    Some(only).filter(|only| base.as_ref() != Some(only))
                }
                (None, None) => None,
            };
        }
        Ok(result)
    }

    /// What was recorded at a path: an error if nothing was yet, `None` if the file is gone.
    fn recorded(&self, path: &[u8]) -> Result<Result<Option<Vec<u8>>, Unmerged>, GitError> {
        if let Some(commit) = self.commit {
            return self.text(commit, Some(path)).map(Ok);
        }
        let stages = self.index.get(path).cloned().unwrap_or_default();
        match stages.merged {
            Some((_, oid)) => self.repo.blob(&oid).map(|text| Ok(Some(text))),
            None if stages.is_unmerged() => Ok(Err(Unmerged)),
            None => Ok(Ok(None)),
        }
    }
}

struct Unmerged;

fn compared(recorded: &Result<Option<Vec<u8>>, Unmerged>, is_as_merged: impl Fn(&[u8]) -> bool) -> Recorded {
    match recorded {
        Err(Unmerged) => Recorded::Unmerged,
        Ok(None) => Recorded::Deleted,
        Ok(Some(text)) if is_as_merged(text) => Recorded::AsMerged,
        Ok(Some(_)) => Recorded::Otherwise,
    }
}

/// The missions of the index.
fn staged(index: &BTreeMap<Vec<u8>, Stages>, reader: &Reader<'_>) -> Result<Snapshot, GitError> {
    let mut missions = Snapshot::default();
    for (path, stages) in index {
        if let (Some(dir), Some((mode, oid))) = (MissionDir::of_meta_path(path), stages.merged.clone()) {
            missions.files.insert(dir, reader.file(mode, oid)?);
        }
    }
    Ok(missions)
}

fn is_at_or_below(path: &[u8], above: &[u8]) -> bool {
    above.is_empty()
        || path == above
        || path.strip_prefix(above).is_some_and(|rest| rest.first() == Some(&b'/') || above.ends_with(b"/"))
}
