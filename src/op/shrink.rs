//! Which staged event logs lost rows that a parent of the commit holds. A log only grows.
//!
//! Reads only logs that are staged and differ. Knows nothing about hooks, messages or who may allow it.

use super::snapshot::Reader;
use super::stage::Staged;
use crate::git::{GitError, IndexAt, Oid, Repo, StagedChange};
use crate::merge::event_log::{Lost, lost};
use crate::mission::{MissionDir, SPECS, is_event_log};

/// A log that lost rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// Path from the top
    pub path: Vec<u8>,
    /// What is gone
    pub lost: Lost,
    /// The parent that holds it; `None` is HEAD
    pub parent: Option<Oid>,
    /// The log as that parent has it
    pub blob: Oid,
}

/// The staged logs that lost rows which HEAD or, in a merge, any other parent holds. A log that is deleted is not
/// among them.
pub fn shrunk(repo: &Repo, staged: &Staged) -> Result<Vec<Shrunk>, GitError> {
    let mut found = Vec::new();
    compare(repo, None, &staged.logs, &mut found)?;
    for parent in &staged.merged {
        let changes = repo.staged_changes(&IndexAt::Current, Some(parent), SPECS)?;
        compare(repo, Some(parent), &changes, &mut found)?;
    }
    Ok(found)
}

fn compare(
    repo: &Repo,
    parent: Option<&Oid>,
    changes: &[StagedChange],
    found: &mut Vec<Shrunk>,
) -> Result<(), GitError> {
    for change in changes.iter().filter(|change| is_event_log(&change.path)) {
        let (Some((old_mode, old)), Some((new_mode, new))) = (&change.old, &change.new) else { continue };
        if !old_mode.is_regular_file() || old == new {
            continue;
        }
        // A link in the log's place holds no row.
        let after = if new_mode.is_regular_file() { repo.blob(new)? } else { Vec::new() };
        let before = repo.blob(old)?;
        if let Some(gone) = lost(&before, &after) {
            if let Some(moved) = log_of_moved(repo, parent, &change.path)?
                && lost(&before, &moved).is_none()
            {
                continue;
            }
            let (path, parent, blob) = (change.path.clone(), parent.cloned(), old.clone());
            found.push(Shrunk { path, lost: gone, parent, blob });
        }
    }
    Ok(())
}

/// The staged log of the mission that `parent` has where this log lies, if that mission lives on at another path: where
/// two missions met, one of them moved, and its log with it.
fn log_of_moved(repo: &Repo, parent: Option<&Oid>, log: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
    let Some((dir, inside)) = MissionDir::containing(log) else { return Ok(None) };
    let head = match parent {
        Some(_) => None,
        None => repo.commit("HEAD")?,
    };
    let Some(parent) = parent.or(head.as_ref()) else { return Ok(None) };
    let reader = Reader::new(repo);
    let Some(meta) = repo.entry_at(parent, &dir.meta_path())? else { return Ok(None) };
    let Some(id) = reader.file(meta.mode, meta.oid)?.id() else { return Ok(None) };
    let staged = repo.index_entries(&IndexAt::Current, &[SPECS.as_bytes()])?;
    let mut place = None;
    for entry in &staged {
        if let Some(other) = MissionDir::of_meta_path(&entry.path)
            && reader.file(entry.mode, entry.oid.clone())?.id() == Some(id)
        {
            if other == dir {
                return Ok(None);
            }
            place = Some(other);
        }
    }
    let path = place.map(|place| place.join(inside));
    let found =
        staged.iter().find(|entry| Some(&entry.path) == path.as_ref() && entry.mode.is_regular_file());
    found.map(|entry| repo.blob(&entry.oid)).transpose()
}
