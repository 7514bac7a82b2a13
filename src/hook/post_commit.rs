//! post-commit and its like: what the new commit says is queued. Never commits, because the next
//! `git commit --amend` would hit our commit.

use super::Report;
use crate::dossier::{Outcome, Skip};
use crate::git::{GitError, Repo};
use crate::op::bypassed::bypassed;
use crate::op::enqueue::{EnqueueError, Reconciled};
use crate::queue::Enqueued;
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
    match sync::enqueue_at_commit(repo) {
        Ok(done) => tell(&done, report),
        Err(SyncError::Enqueue(EnqueueError::Project(error))) => {
            report.warn(format!("nothing is queued yet: {error}"), error.hint());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Whether a rebase is under way in this work tree.
pub(super) fn is_mid_rebase(repo: &Repo) -> bool {
    ["rebase-merge", "rebase-apply"].iter().any(|name| repo.git_dir().join(name).exists())
}

/// One line for all of it, and one for each artifact that somebody should look at.
fn tell(done: &Reconciled, report: &mut Report) {
    if let Some(damaged) = &done.set_aside {
        let text = format!(
            "the queue was damaged; it is now {}, and commits say everything again",
            damaged.display()
        );
        report.warn(text, Some("git mission sync status"));
    }
    let (bodies, events) = (done.queued_bodies(), done.new_events());
    if bodies + events > 0 {
        report.info(format!(
            "queued {bodies} {} and {events} {} for the next push",
            if bodies == 1 { "body" } else { "bodies" },
            if events == 1 { "event" } else { "events" }
        ));
    }
    let full = done.events.iter().filter(|event| event.outcome == Enqueued::QueueFull).count();
    if full > 0 {
        report
            .warn(format!("the queue is full: {full} events wait for room"), Some("git mission sync status"));
    }
    for event in &done.events {
        if let Enqueued::Refused(violation) = &event.outcome {
            report.warn(format!("the event {} is not sent: {violation}", event.event_id), None);
        }
    }
    for handling in &done.artifacts {
        let place = format!("{}/{}", handling.dir, handling.artifact_path);
        match (&handling.outcome, handling.outcome.reason()) {
            (
                Outcome::Skipped(Skip::UnsupportedSurface | Skip::UnsupportedFormat(_) | Skip::EmptyContent),
                _,
            ) => {}
            (Outcome::Skipped(_) | Outcome::Failed(_), Some(reason)) => {
                report.warn(format!("{place} is not sent: {reason}"), None);
            }
            _ => {}
        }
    }
}
