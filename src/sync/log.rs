//! A line for every artifact and event that was looked at, and a summary of each run. For people who ask why
//! something was not sent; nothing reads it back.
//!
//! INVARIANT: no content is written, only paths, ids, hashes and reasons. A log that cannot be written is no failure.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use crate::clock::Instant;
use crate::env::place;
use crate::git::Repo;
use crate::op::enqueue::{Reconciled, outcome_of};
use crate::op::supersede::{REASON, Superseded};

/// Bytes after which the log is started anew; the one before is kept.
const MAX_BYTES: u64 = 1 << 20;

/// Where it lies.
pub fn log_path(repo: &Repo) -> PathBuf {
    repo.common_dir().join(place::HOME).join(place::LOG)
}

/// Writes what a run did, if it did anything.
pub(super) fn write(repo: &Repo, done: &Reconciled) {
    let text = text_of(done, &Instant::now().to_iso());
    if text.is_empty() {
        return;
    }
    let path = log_path(repo);
    if fs::metadata(&path).is_ok_and(|found| found.len() > MAX_BYTES) {
        let _ = fs::rename(&path, path.with_extension("log.old"));
    }
    let is_new = !path.exists();
    let file = place::options().create(true).append(true).open(&path);
    if is_new {
        place::share(&path);
    }
    let _ = file.and_then(|mut file| file.write_all(text.as_bytes()));
}

fn text_of(done: &Reconciled, at: &str) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail; names may hold anything, so they are quoted.
    for artifact in &done.artifacts {
        let (path, outcome) = (format!("{}/{}", artifact.dir, artifact.artifact_path), &artifact.outcome);
        let reason = outcome.reason().unwrap_or_default();
        let _ = writeln!(text, "{at} artifact {path:?} {}: {reason}", outcome.status());
    }
    for event in &done.events {
        let outcome = outcome_of(event.outcome.clone());
        let reason = outcome.reason().unwrap_or_default();
        let _ = writeln!(text, "{at} event {} {} {}: {reason}", event.event_id, event.kind, outcome.status());
    }
    for row in &done.superseded {
        let _ = match row {
            Superseded::Event { event_id, event_type } => {
                writeln!(text, "{at} event {event_id:?} {event_type:?} removed: {REASON}")
            }
            Superseded::Body { mission_slug, artifact_path, content_hash } => {
                let path = format!("{mission_slug}/{artifact_path}");
                writeln!(text, "{at} artifact {path:?} {content_hash:?} removed: {REASON}")
            }
        };
    }
    if !text.is_empty() {
        let count = |status: &str| done.artifacts.iter().filter(|a| a.outcome.status() == status).count();
        let _ = writeln!(
            text,
            "{at} summary: {} artifacts queued, {} skipped, {} failed; {} events queued; {} rows superseded",
            count("queued"),
            count("skipped"),
            count("failed"),
            done.new_events(),
            done.superseded.len()
        );
    }
    text
}
