//! `status.json`, rebuilt from the event log: in the work tree, in the index, and as what a staged one must be.
//!
//! Each place is rebuilt from itself: the file from the log and `meta.json` that lie beside it, the staged one from
//! those that are staged. Knows no rule of reducing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::ErrorKind;

use super::OpError;
use super::apply::{Replacement, replace_staged};
use super::snapshot::EVENT_LOG;
use super::work_file::{self, Found, WorkFile};
use crate::event::{Identity, ReduceError, Snapshot, reduce};
use crate::git::{GitError, IndexAt, IndexEntry, Mode, Repo};
use crate::mission::{Meta, MissionDir, SPECS};

/// The derived file.
pub const DERIVED: &str = "status.json";
const META: &str = "meta.json";

/// What was rebuilt.
#[derive(Debug, Default)]
pub struct Materialized {
    /// The files that were written or staged
    pub rebuilt: Vec<String>,
    /// How many said what their log says
    pub current: usize,
    /// What could not be rebuilt
    pub failed: Vec<Failure>,
}

/// A mission whose file was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file that is in the way, from the top
    pub path: String,
    /// Line and column, or nothing, and why
    pub reason: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// Which missions.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// All that have an event log in the work tree
    All,
    /// These
    These(Vec<MissionDir>),
}

/// The snapshot of a log. Without a readable `meta.json` the directory names the mission.
pub fn snapshot(dir: &MissionDir, log: &[u8], meta: Option<&Meta>) -> Result<Snapshot, ReduceError> {
    reduce(log, &Identity::of(meta, &dir.name_lossy()))
}

/// Rebuilds the files; with `add` stages them too. `progress` is told how many missions of how many are done.
pub fn materialize(
    repo: &Repo,
    wanted: Wanted,
    add: bool,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Materialized, OpError> {
    repo.top()?;
    let (dirs, named) = match wanted {
        Wanted::All => (in_work_tree(repo)?, false),
        Wanted::These(dirs) => (dirs, true),
    };
    let _lock = work_file::lock(repo)?.ok_or(OpError::Busy)?;
    let staged = if add { Staged::read(repo, &[SPECS.as_bytes()])? } else { Staged::default() };
    let mut done = Materialized::default();
    let (mut alike, mut other) = (Vec::new(), Vec::new());
    for (at, dir) in dirs.iter().enumerate() {
        progress(at, dirs.len());
        match file(repo, dir) {
            Ok(None) if named => done.failed.push(failure(dir, EVENT_LOG, "there is no such log")),
            Ok(None) => {}
            Ok(Some((bytes, written))) => {
                let entry = if add { staged.entry(repo, dir, &bytes)? } else { Ok(None) };
                match entry {
                    Ok(entry) if written || entry.is_some() => {
                        done.rebuilt.push(format!("{dir}/{DERIVED}"));
                        if let Some((entry, is_alike)) = entry {
                            if is_alike { &mut alike } else { &mut other }.push(entry);
                        }
                    }
                    Ok(_) => done.current += 1,
                    Err(failure) => done.failed.push(failure),
                }
            }
            Err(Fault::Failure(failure)) => done.failed.push(failure),
            Err(Fault::Git(error)) => return Err(error.into()),
        }
    }
    // git takes the text of the work tree for an entry that is to be refreshed.
    repo.update_index(&IndexAt::Current, &other)?;
    if !alike.is_empty() {
        repo.add_to_index(&IndexAt::Current, &alike)?;
    }
    progress(dirs.len(), dirs.len());
    Ok(done)
}

/// The directories that may be missions. Names that are not UTF-8 are named by their handles only.
fn in_work_tree(repo: &Repo) -> Result<Vec<MissionDir>, OpError> {
    let specs = repo.top()?.join(SPECS);
    let entries = match fs::read_dir(&specs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(OpError::file(specs)(error)),
    };
    let mut dirs: Vec<MissionDir> = entries
        .flatten()
        .filter_map(|entry| MissionDir::from_name(entry.file_name().into_string().ok()?.as_bytes()))
        .collect();
    dirs.sort();
    Ok(dirs)
}

enum Fault {
    Failure(Failure),
    Git(GitError),
}

impl From<GitError> for Fault {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

fn failure(dir: &MissionDir, name: &str, reason: impl fmt::Display) -> Failure {
    Failure { path: format!("{dir}/{name}"), reason: reason.to_string() }
}

/// What a log and a `meta.json` make of `status.json`.
fn built(dir: &MissionDir, log: &[u8], meta: Option<&[u8]>) -> Result<Snapshot, Failure> {
    let meta = meta.map(Meta::read).transpose().map_err(|error| failure(dir, META, error))?;
    snapshot(dir, log, meta.as_ref()).map_err(|error| failure(dir, EVENT_LOG, error))
}

/// Rebuilds the file of the work tree; what it says now, and whether it was written. `None` where there is no log.
fn file(repo: &Repo, dir: &MissionDir) -> Result<Option<(Vec<u8>, bool)>, Fault> {
    let path = |name: &str| dir.join(name.as_bytes());
    let read = |name: &str| match WorkFile::read(repo, &path(name))? {
        Found::File(file) => Ok(Some(file)),
        Found::Nothing => Ok(None),
        Found::Other => Err(Fault::Failure(failure(dir, name, "not a regular file"))),
    };
    let Some(log) = read(EVENT_LOG)? else { return Ok(None) };
    let meta = read(META)?;
    let snapshot = built(dir, log.bytes(), meta.as_ref().map(WorkFile::bytes)).map_err(Fault::Failure)?;
    let bytes = snapshot.to_canonical().into_bytes();
    let Some(present) = read(DERIVED)? else {
        WorkFile::create(repo, &path(DERIVED), &bytes)?;
        return Ok(Some((bytes, true)));
    };
    if present.bytes() == bytes {
        return Ok(Some((bytes, false)));
    }
    // Line ends and filters are git's business.
    let shown = repo.checked_out(&path(DERIVED), &repo.write_blob(&bytes)?)?;
    if present.bytes() == shown {
        return Ok(Some((bytes, false)));
    }
    present.replace(&shown)?;
    Ok(Some((bytes, true)))
}

/// The staged files that a derived one depends on.
#[derive(Default)]
struct Staged(BTreeMap<Vec<u8>, IndexEntry>);

impl Staged {
    fn read(repo: &Repo, paths: &[&[u8]]) -> Result<Self, GitError> {
        let entries = repo.index_entries(&IndexAt::Current, paths)?;
        Ok(Self(entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect()))
    }

    fn get(&self, dir: &MissionDir, name: &str) -> Option<&IndexEntry> {
        self.0.get(&dir.join(name.as_bytes())).filter(|entry| entry.mode.is_regular_file())
    }

    /// What the staged log and `meta.json` make of the file; `None` if no log is staged.
    fn built(&self, repo: &Repo, dir: &MissionDir) -> Result<Option<Result<Snapshot, Failure>>, GitError> {
        let Some(log) = self.get(dir, EVENT_LOG) else { return Ok(None) };
        let log = repo.blob(&log.oid)?;
        let meta = self.get(dir, META).map(|meta| repo.blob(&meta.oid)).transpose()?;
        Ok(Some(built(dir, &log, meta.as_deref())))
    }

    /// The entry to be staged, if another one is, and whether the work tree has the same. Where no log is staged, what
    /// lies in the work tree counts.
    fn entry(
        &self,
        repo: &Repo,
        dir: &MissionDir,
        in_work_tree: &[u8],
    ) -> Result<Result<Option<(IndexEntry, bool)>, Failure>, GitError> {
        let bytes = match self.built(repo, dir)? {
            Some(Ok(snapshot)) => snapshot.to_canonical().into_bytes(),
            Some(Err(failure)) => return Ok(Err(failure)),
            None => in_work_tree.to_vec(),
        };
        let oid = repo.write_blob(&bytes)?;
        let present = self.get(dir, DERIVED);
        if present.is_some_and(|present| present.oid == oid) {
            return Ok(Ok(None));
        }
        let mode = present.map_or(Mode::FILE, |present| present.mode);
        let entry = IndexEntry { path: dir.join(DERIVED.as_bytes()), mode, oid };
        Ok(Ok(Some((entry, bytes == in_work_tree))))
    }
}

/// Replaces the staged `status.json` of these missions where they do not say what the staged log says; the file of the
/// work tree follows where nobody has edited it. A mission that keeps no such file gets none, and what cannot be
/// reduced stays as it is: it is the audit's to name. Returns the paths.
pub fn rebuild_staged(repo: &Repo, dirs: &BTreeSet<MissionDir>) -> Result<Vec<String>, GitError> {
    let paths: Vec<Vec<u8>> = dirs
        .iter()
        .flat_map(|dir| [DERIVED, EVENT_LOG, META].map(|name| dir.join(name.as_bytes())))
        .collect();
    let staged = Staged::read(repo, &paths.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    let mut stale = Vec::new();
    for dir in dirs {
        let Some(present) = staged.get(dir, DERIVED) else { continue };
        let Some(Ok(snapshot)) = staged.built(repo, dir)? else { continue };
        if !snapshot.is_said_by(&repo.blob(&present.oid)?) {
            stale.push((format!("{dir}/{DERIVED}"), present, snapshot.to_canonical().into_bytes()));
        }
    }
    let replacements: Vec<Replacement<'_>> =
        stale.iter().map(|(_, old, bytes)| Replacement { old, bytes: bytes.into() }).collect();
    replace_staged(repo, &replacements)?;
    Ok(stale.into_iter().map(|(path, ..)| path).collect())
}
