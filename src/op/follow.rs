//! What settlement did to files of a commit, done to index and work tree, without losing anybody's edits.
//!
//! Knows nothing about how the rewrites came about.

use std::collections::HashSet;

use super::correct::{Note, Rewrite};
use super::unfinished::{self, First};
use crate::git::{GitError, IndexAt, IndexEntry, Oid, Repo};
use crate::mission::Meta;

/// The index gets the rewrites where it is what the rewritten commit says, and the work tree follows where it was
/// what the index said. A staged text that differs keeps its edits and gets the new id and number; unstaged edits
/// stay.
///
/// The rewrites are those of `commit`, or are only staged.
pub fn follow(
    repo: &Repo,
    commit: Option<&Oid>,
    rewrites: &[Rewrite],
    entries: &[IndexEntry],
) -> Result<(), GitError> {
    if rewrites.is_empty() {
        return Ok(());
    }
    let paths: Vec<&[u8]> = rewrites.iter().map(|rewrite| rewrite.old.path.as_slice()).collect();
    let unmodified = repo.unmodified(&IndexAt::Current, &paths)?;
    let unmodified: Vec<&[u8]> = unmodified.iter().map(Vec::as_slice).collect();
    let first = commit.map_or(First::Index, |commit| First::Head(commit.clone()));
    let old = rewrites.iter().map(|rewrite| &rewrite.old);
    let note = unfinished::begin(repo, &first, old, entries, &unmodified)?;
    let mut new = Vec::new();
    for staged in repo.index_entries(&IndexAt::Current, &paths)? {
        let Ok(at) = rewrites.binary_search_by(|rewrite| rewrite.old.path.cmp(&staged.path)) else {
            continue;
        };
        let (rewrite, entry) = (&rewrites[at], &entries[at]);
        if staged == rewrite.old {
            new.push(entry.clone());
        } else if staged != *entry
            && let Ok(meta) = Meta::read(&repo.blob(&staged.oid)?)
        {
            let meta = with_notes(meta, rewrite);
            new.push(IndexEntry { oid: repo.write_blob(meta.to_canonical().as_bytes())?, ..staged });
        }
    }
    repo.replace_in_index(&IndexAt::Current, &new)?;
    let replaced: HashSet<&[u8]> = new.iter().map(|entry| entry.path.as_slice()).collect();
    let follows = |path: &&[u8]| replaced.contains(path);
    let follows: Vec<&[u8]> = unmodified.into_iter().filter(follows).collect();
    repo.checkout_index(&IndexAt::Current, &follows)?;
    note.done()
}

/// The id and number that the rewrite gave; an id that was edited meanwhile stays.
fn with_notes(mut meta: Meta, rewrite: &Rewrite) -> Meta {
    for note in &rewrite.notes {
        match note {
            Note::Minted(id) | Note::Copied(id, _) | Note::Restored(id) => {
                if meta.valid_id() == rewrite.draft.old_id() {
                    meta.set_id(*id);
                }
            }
            Note::Numbered { to, .. } => meta.set_number(*to),
            Note::Renamed(..) | Note::Reformatted => {}
        }
    }
    meta
}
