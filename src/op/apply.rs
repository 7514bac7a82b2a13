//! Putting corrected files into the index and, where nobody edits them, into the work tree.
//!
//! Knows nothing about why a file was corrected.

use std::path::Path;

use super::correct::Rewrite;
use crate::git::{GitError, IndexAt, IndexEntry, Repo};

/// Writes the blobs of the rewrites; returns their index entries.
pub fn write_blobs(repo: &Repo, rewrites: &[Rewrite]) -> Result<Vec<IndexEntry>, GitError> {
    rewrites
        .iter()
        .map(|rewrite| Ok(IndexEntry { oid: repo.write_blob(&rewrite.bytes)?, ..rewrite.old.clone() }))
        .collect()
}

/// Replaces staged entries. A work-tree file is rewritten only if it was what the index said; unstaged edits are
/// neither touched nor staged.
///
/// In `git commit <path>` the commit is made from a temporary index: the repository's own, which git holds ready
/// in `index.lock`, gets the same entries, or the next commit would revert them.
pub fn replace_staged(repo: &Repo, rewrites: &[Rewrite]) -> Result<(), GitError> {
    if rewrites.is_empty() {
        return Ok(());
    }
    let entries = write_blobs(repo, rewrites)?;
    let paths: Vec<&[u8]> = rewrites.iter().map(|rewrite| rewrite.old.path.as_slice()).collect();
    let unmodified = repo.unmodified(&IndexAt::Current, &paths)?;
    if let Some(own) = index_held_ready(repo) {
        replace_where_equal(repo, &own, rewrites, &entries)?;
    }
    repo.update_index(&IndexAt::Current, &entries)?;
    let unmodified: Vec<&[u8]> = unmodified.iter().map(Vec::as_slice).collect();
    repo.checkout_index(&IndexAt::Current, &unmodified)
}

/// The `index.lock` that becomes the repository's index when a commit from a temporary index is done.
fn index_held_ready(repo: &Repo) -> Option<IndexAt> {
    let current = repo.index_from_environment()?;
    let name = Path::new(current.file_name()?).to_string_lossy().into_owned();
    let own = repo.git_dir().join("index.lock");
    (name.starts_with("next-index-") && own.exists()).then_some(IndexAt::File(own))
}

fn replace_where_equal(
    repo: &Repo,
    at: &IndexAt,
    rewrites: &[Rewrite],
    entries: &[IndexEntry],
) -> Result<(), GitError> {
    let paths: Vec<&[u8]> = rewrites.iter().map(|rewrite| rewrite.old.path.as_slice()).collect();
    let there = repo.index_entries(at, &paths)?;
    let equal: Vec<IndexEntry> = rewrites
        .iter()
        .zip(entries)
        .filter(|(rewrite, _)| there.contains(&rewrite.old))
        .map(|(_, entry)| entry.clone())
        .collect();
    repo.update_index(at, &equal)
}
