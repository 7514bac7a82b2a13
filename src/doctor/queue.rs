//! Findings about the queue. Looks, and opens only what is sound.

use crate::clock::Instant;
use crate::env::key;
use crate::git::{Config, Repo};
use crate::mission::audit::{Code, Finding};
use crate::op::enqueue::CAPACITY;
use crate::queue::{self, Health, Queue, QueueError};

/// Rows that wait longer than this are stranded: 7 days.
const STRANDED_SECONDS: u64 = 7 * 24 * 60 * 60;

/// Judges the queue; a repository without one has no findings.
pub(super) fn judge(repo: &Repo, config: &Config) -> Result<Vec<Finding>, QueueError> {
    let path = queue::place(repo.common_dir());
    let shown = path.display();
    Ok(match queue::health(&path)? {
        Health::Absent => Vec::new(),
        Health::Corrupt => {
            let message =
                format!("{shown} is damaged; the next use sets it aside and fills a new one from git");
            vec![Finding::new(Code::QueueCorrupt, message).fixed_by("git mission sync enqueue --all")]
        }
        Health::Newer { found } => {
            let message = format!("{shown} has schema version {found}, so it is read and not written");
            vec![Finding::new(Code::QueueNewer, message)]
        }
        Health::Sound => {
            let now = Instant::now();
            rows(&Queue::open(&path, now)?.queue, config, now)?
        }
    })
}

fn rows(queue: &Queue, config: &Config, now: Instant) -> Result<Vec<Finding>, QueueError> {
    let (events, bodies) = (queue.event_stats(now)?, queue.body_stats(now)?);
    let capacity = config.number(key::QUEUE_CAPACITY).unwrap_or(CAPACITY);
    let body_age = bodies.oldest_created_at.map(|then| now.seconds_since(then));
    let tables = [
        ("events", events.pending + events.failed, events.oldest_age_seconds),
        ("bodies", bodies.total, body_age),
    ];
    let mut findings = Vec::new();
    for (what, rows, oldest) in tables {
        if rows >= capacity {
            let message = format!("{rows} {what} are queued, and no more are taken than {capacity}");
            findings.push(Finding::new(Code::QueueFull, message).fixed_by("git mission sync flush"));
        }
        if let Some(seconds) = oldest.filter(|seconds| *seconds > STRANDED_SECONDS) {
            let message = format!("{what} have been waiting for {} days", seconds / (24 * 60 * 60));
            findings.push(Finding::new(Code::QueueStranded, message).fixed_by("git mission sync flush"));
        }
    }
    Ok(findings)
}
