//! pre-commit and pre-merge-commit: closed for a staged event log that lost rows.

use super::Report;
use super::report::in_one_line;
use crate::env;
use crate::git::Repo;
use crate::op::shrink::{Shrunk, put_back, shrunk};
use crate::op::stage::Staged;

/// Refuses every staged log that lost rows, unless the environment allows it.
pub(super) fn refuse(repo: &Repo, staged: &Staged, report: &mut Report) {
    if env::text(env::GIT_MISSION_ALLOW_SHRINK).as_deref() == Some("1") {
        return;
    }
    match shrunk(repo, staged) {
        Ok(found) => {
            for log in &found {
                let (text, hint) = words(log);
                report.refuse(text, Some(&hint));
            }
        }
        Err(error) => {
            let text = format!(
                "the staged event logs could not be checked: {}; nothing was committed",
                in_one_line(&error)
            );
            report.refuse(text, Some("git fsck"));
        }
    }
}

/// What to say, and the command that puts the rows back beside those that are staged.
fn words(log: &Shrunk) -> (String, String) {
    let path = String::from_utf8_lossy(&log.path);
    let parent =
        log.parent.as_ref().map_or_else(|| "HEAD".to_owned(), |parent| parent.as_str()[..10].to_owned());
    let rows = match log.lost.rows {
        1 => format!("1 row that {parent} holds is gone"),
        rows => format!("{rows} rows that {parent} holds are gone"),
    };
    // A row without an id is named by its content.
    let first: String = log.lost.first.chars().take(80).collect();
    let text = format!("EVENT_LOG_SHRUNK: {path}: {rows}, the first is {first}; nothing was committed");
    (text, put_back(&log.path, &log.blob))
}
