//! Which staged event logs lost rows that a parent of the commit holds. A log only grows.
//!
//! Reads only logs that are staged and differ. Knows nothing about hooks, messages or who may allow it.

use super::stage::Staged;
use crate::git::{GitError, IndexAt, Oid, Repo, StagedChange};
use crate::merge::event_log::{Lost, lost};
use crate::mission::{SPECS, is_event_log};

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

/// The command that stages a log with the rows of `blob` beside those that it holds.
pub fn put_back(path: &[u8], blob: &Oid) -> String {
    let quoted = format!("'{}'", String::from_utf8_lossy(path).replace('\'', "'\\''"));
    format!(
        "git cat-file blob {blob} | git mission merge-driver event-log --base /dev/null --ours {quoted} \
         --theirs /dev/stdin && git add -- {quoted}"
    )
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
        if let Some(lost) = lost(&repo.blob(old)?, &after) {
            let (path, parent, blob) = (change.path.clone(), parent.cloned(), old.clone());
            found.push(Shrunk { path, lost, parent, blob });
        }
    }
    Ok(())
}
