//! Putting corrected files into the index and, where nobody edits them, into the work tree.
//!
//! Knows nothing about why a file was corrected.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::correct::Rewrite;
use super::unfinished::{self, First};
use super::work_file::{Found, WorkFile};
use crate::git::{GitError, IndexAt, IndexEntry, Repo};

/// A staged file and the bytes that it gets.
#[derive(Debug, Clone)]
pub struct Replacement<'a> {
    /// The entry that is replaced
    pub old: &'a IndexEntry,
    /// The new bytes
    pub bytes: Cow<'a, [u8]>,
}

impl<'a> TryFrom<&'a Rewrite> for Replacement<'a> {
    type Error = GitError;

    fn try_from(rewrite: &'a Rewrite) -> Result<Self, GitError> {
        let bytes =
            rewrite.draft.bytes().ok_or_else(|| GitError::Missing(format!("text of {}", rewrite.dir)))?;
        Ok(Self { old: &rewrite.old, bytes: bytes.into() })
    }
}

/// Writes the blobs of the rewrites; returns their index entries.
pub fn write_blobs(repo: &Repo, rewrites: &[Rewrite]) -> Result<Vec<IndexEntry>, GitError> {
    rewrites.iter().map(|rewrite| written(repo, &rewrite.try_into()?)).collect()
}

fn written(repo: &Repo, Replacement { old, bytes }: &Replacement<'_>) -> Result<IndexEntry, GitError> {
    Ok(IndexEntry { oid: repo.write_blob(bytes)?, ..(*old).clone() })
}

/// Replaces staged entries. A work-tree file is rewritten only if it was what the index said; unstaged edits are
/// neither touched nor staged.
///
/// In `git commit <path>` the commit is made from a temporary index: the repository's own, which git holds ready
/// in `index.lock`, gets the same entries, or the next commit would revert them.
pub fn replace_staged(repo: &Repo, replacements: &[Replacement<'_>]) -> Result<(), GitError> {
    if replacements.is_empty() {
        return Ok(());
    }
    let entries: Vec<IndexEntry> =
        replacements.iter().map(|replacement| written(repo, replacement)).collect::<Result<_, _>>()?;
    let own = index_held_ready(repo);
    let paths: Vec<&[u8]> = replacements.iter().map(|replacement| replacement.old.path.as_slice()).collect();
    let old = || replacements.iter().map(|replacement| replacement.old);
    if own.is_none() && are_as_staged(repo, replacements)? {
        let note = unfinished::begin(repo, &First::WorkTree, old(), &entries, &paths)?;
        let old: Vec<IndexEntry> = old().cloned().collect();
        let replaced = repo.replace_unmodified(&old, &entries)?;
        note.done()?;
        if replaced {
            return Ok(());
        }
    }
    let unmodified = repo.unmodified(&IndexAt::Current, &paths)?;
    let mut unmodified: Vec<&[u8]> = unmodified.iter().map(Vec::as_slice).collect();
    let note = unfinished::begin(repo, &First::Index, old(), &entries, &unmodified)?;
    repo.replace_in_index(&IndexAt::Current, &entries)?;
    if let Some(own) = own {
        let replaced = replace_where_equal(repo, &own, replacements, entries)?;
        let replaced: BTreeSet<&[u8]> = replaced.iter().map(|entry| entry.path.as_slice()).collect();
        // The index that stays notes that these files are what it says; the other one is about to go.
        let (stays, goes): (Vec<_>, Vec<_>) =
            unmodified.into_iter().partition(|path| replaced.contains(path));
        repo.checkout_index(&own, &stays)?;
        unmodified = goes;
    }
    repo.checkout_index(&IndexAt::Current, &unmodified)?;
    note.done()
}

/// Whether every work-tree file holds the staged bytes, one by one: no filter and no line ending in between.
fn are_as_staged(repo: &Repo, replacements: &[Replacement<'_>]) -> Result<bool, GitError> {
    for Replacement { old, .. } in replacements {
        let Found::File(file) = WorkFile::read(repo, &old.path)? else { return Ok(false) };
        if file.bytes() != repo.blob(&old.oid)? {
            return Ok(false);
        }
    }
    Ok(true)
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
    replacements: &[Replacement<'_>],
    entries: Vec<IndexEntry>,
) -> Result<Vec<IndexEntry>, GitError> {
    let paths: Vec<&[u8]> = replacements.iter().map(|replacement| replacement.old.path.as_slice()).collect();
    let there = repo.index_entries(at, &paths)?;
    let there: BTreeMap<&[u8], &IndexEntry> =
        there.iter().map(|entry| (entry.path.as_slice(), entry)).collect();
    let is_equal = |old: &IndexEntry| there.get(old.path.as_slice()) == Some(&old);
    let equal: Vec<IndexEntry> = replacements
        .iter()
        .zip(entries)
        .filter(|(replacement, _)| is_equal(replacement.old))
        .map(|(_, entry)| entry)
        .collect();
    repo.replace_in_index(at, &equal)?;
    Ok(equal)
}
