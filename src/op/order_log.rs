//! Event logs whose rows are out of order, put in order: every row byte for byte, only its place changes.
//!
//! A log with unstaged edits, and one that cannot be read, is named and left as it is.

use super::OpError;
use super::work_file::{self, Found, WorkFile};
use crate::git::{IndexAt, IndexEntry, Repo};
use crate::mission::audit::sorted_log;

/// What was put in order.
#[derive(Debug, Default)]
pub struct Ordered {
    /// Paths of the logs that were rewritten and staged
    pub done: Vec<String>,
    /// Logs that were left as they are, and why
    pub left: Vec<String>,
}

/// Puts the rows of these logs (paths from the top) in order and stages them.
pub fn order_logs<'a>(repo: &Repo, paths: impl Iterator<Item = &'a str>) -> Result<Ordered, OpError> {
    let mut ordered = Ordered::default();
    let mut paths = paths.peekable();
    if paths.peek().is_none() {
        return Ok(ordered);
    }
    let _lock = work_file::lock(repo)?.ok_or(OpError::Busy)?;
    let mut entries = Vec::new();
    for path in paths {
        match order(repo, path)? {
            Ok(entry) => {
                entries.extend(entry);
                ordered.done.push(path.to_owned());
            }
            Err(why) => ordered.left.push(format!("{path}: {why}")),
        }
    }
    repo.add_to_index(&IndexAt::Current, &entries)?;
    Ok(ordered)
}

/// The entry to be staged; none for a file that git does not know.
fn order(repo: &Repo, path: &str) -> Result<Result<Option<IndexEntry>, &'static str>, OpError> {
    let bytes = path.as_bytes();
    let Found::File(file) = WorkFile::read(repo, bytes)? else {
        return Ok(Err("not a file of the work tree"));
    };
    let Some(staged) = repo.index_entries(&IndexAt::Current, &[bytes])?.pop() else {
        let Some(sorted) = sorted_log(file.bytes()) else { return Ok(Err("has rows that cannot be read")) };
        file.replace(&sorted)?;
        return Ok(Ok(None));
    };
    let blob = repo.blob(&staged.oid)?;
    let plain = file.bytes() == blob;
    if !plain && repo.staged_id(bytes, file.bytes())? != staged.oid {
        return Ok(Err("has unstaged edits; stage or undo them first"));
    }
    let Some(sorted) = sorted_log(&blob) else { return Ok(Err("has rows that cannot be read")) };
    let oid = repo.write_blob(&sorted)?;
    file.replace(&if plain { sorted } else { repo.checked_out(bytes, &oid)? })?;
    Ok(Ok(Some(IndexEntry { oid, ..staged })))
}
