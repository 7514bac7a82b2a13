//! After a damaged database was set aside, or one that was there is gone: every branch says everything again, because nobody knows what was lost.
//!
//! Whoever met the damage moved the file; this looks for moved files, so it does not matter who that was. Knows
//! nothing about what is queued.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::SyncError;
use crate::git::Repo;
use crate::queue::{GONE, Queue, SET_ASIDE_PREFIX};

/// The key under which the store remembers the newest file that was set aside, and the branches that have not been
/// looked at since.
const KEY: &str = "rebuild";

/// What is still to be said again.
pub(super) struct Rebuild {
    file: String,
    left: BTreeSet<String>,
    /// The damaged file, if nobody was told yet
    pub(super) news: Option<PathBuf>,
}

impl Rebuild {
    /// Looks whether a damaged database was set aside since the store was looked at, or the store took the place of
    /// one that is gone; `None` if neither is so, or every branch has been looked at.
    pub(super) fn pending(repo: &Repo, queue: &Queue) -> Result<Option<Self>, SyncError> {
        let Some(directory) = queue.path().parent() else { return Ok(None) };
        let gone = queue.state(GONE)?.map(|when| format!("gone-{when}"));
        let set_aside = newest(directory);
        let Some(file) = gone.clone().or(set_aside) else { return Ok(None) };
        let state = queue.state(KEY)?.unwrap_or_default();
        let mut lines = state.lines();
        if lines.next() == Some(file.as_str()) {
            let left: BTreeSet<String> = lines.map(str::to_owned).collect();
            return Ok((!left.is_empty()).then_some(Self { file, left, news: None }));
        }
        let left = repo.refs_below("refs/heads/")?.into_iter().map(|(name, _)| name).collect();
        let news = gone.is_none().then(|| directory.join(&file));
        Ok(Some(Self { file, left, news }))
    }

    /// Whether a branch has not been looked at since.
    pub(super) fn concerns(&self, reference: Option<&str>) -> bool {
        reference.is_some_and(|reference| self.left.contains(reference))
    }

    /// Remembers that a branch has been looked at.
    pub(super) fn done(mut self, queue: &mut Queue, reference: Option<&str>) -> Result<(), SyncError> {
        if let Some(reference) = reference {
            self.left.remove(reference);
        }
        let mut state = self.file;
        for reference in &self.left {
            state.push('\n');
            state.push_str(reference);
        }
        Ok(queue.set_state(KEY, Some(&state))?)
    }
}

/// The name of the database that was set aside last. Names carry their time, so they sort by it.
fn newest(directory: &Path) -> Option<String> {
    let names =
        fs::read_dir(directory).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| {
            name.starts_with(SET_ASIDE_PREFIX) && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .max()
}
