//! post-commit and its like: what the new commit says is queued. Never commits, because the next
//! `git commit --amend` would hit our commit.

use super::Report;
use crate::dossier::{Outcome, Skip};
use crate::git::{GitError, Repo};
use crate::op::bypassed::bypassed;
use crate::op::enqueue::Handling;
use crate::sync::{self, SyncError};

/// One line for what went past pre-commit to main: a commit of ours would be in the way of the next amend.
pub(super) fn tell_bypassed(repo: &Repo, report: &mut Report) -> Result<(), GitError> {
    let dirs = bypassed(repo)?;
    let Some(first) = dirs.first() else { return Ok(()) };
    let others = if dirs.len() > 1 { format!(" and {} more", dirs.len() - 1) } else { String::new() };
    report.warn(
        format!("{first}/meta.json{others} went past pre-commit and is not settled"),
        Some("git mission settle --commit"),
    );
    Ok(())
}

/// Queues what HEAD's tree says and the last one did not. Between the picks of a rebase nothing is done: its end
/// looks at the result once.
pub(super) fn enqueue(repo: &Repo, report: &mut Report) -> Result<(), SyncError> {
    let handlings = sync::enqueue(repo, false)?;
    tell(&handlings, report);
    Ok(())
}

/// Whether a rebase is under way in this work tree.
pub(super) fn is_mid_rebase(repo: &Repo) -> bool {
    ["rebase-merge", "rebase-apply"].iter().any(|name| repo.git_dir().join(name).exists())
}

/// One line for all of it, and one for each artifact that somebody should look at.
fn tell(handlings: &[Handling], report: &mut Report) {
    let queued = handlings.iter().filter(|handling| matches!(handling.outcome, Outcome::Queued(_))).count();
    if queued > 0 {
        report.info(format!(
            "queued {queued} {} for the next push",
            if queued == 1 { "body" } else { "bodies" }
        ));
    }
    for handling in handlings {
        let place = format!("{}/{}", handling.dir, handling.artifact_path);
        match (&handling.outcome, handling.outcome.reason()) {
            (Outcome::Skipped(Skip::UnsupportedFormat(_) | Skip::EmptyContent), _) => {}
            (Outcome::Skipped(_) | Outcome::Failed(_), Some(reason)) => {
                report.warn(format!("{place} is not sent: {reason}"), None);
            }
            _ => {}
        }
    }
}
