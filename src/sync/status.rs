//! What is queued, as figures.

use std::path::Path;

use super::SyncError;
use super::settings::{Settings, queue_path};
use crate::clock::Instant;
use crate::git::Repo;
use crate::queue::{BodyStats, EventStats, Queue, set_aside_if_corrupt};

/// The state of sync.
#[derive(Debug, Clone)]
pub struct Status {
    /// What is configured
    pub settings: Settings,
    /// Queued events
    pub events: EventStats,
    /// Queued bodies
    pub bodies: BodyStats,
    /// Entries of the failure list
    pub failures: u64,
}

/// Reads the figures. A repository that never queued anything gets no database by being asked.
pub fn status(repo: &Repo) -> Result<Status, SyncError> {
    let settings = Settings::of(&repo.config()?);
    let path = queue_path(repo);
    // One that cannot be looked at is no absent one.
    if path.try_exists().is_ok_and(|there| !there) {
        return Ok(Status {
            settings,
            events: EventStats::default(),
            bodies: BodyStats::default(),
            failures: 0,
        });
    }
    match figures(&path, &settings) {
        Err(error) if error.is_damage() => {
            set_aside_if_corrupt(&path, Instant::now())?;
            figures(&path, &settings)
        }
        other => other,
    }
}

fn figures(path: &Path, settings: &Settings) -> Result<Status, SyncError> {
    let now = Instant::now();
    let queue = Queue::open(path, now)?.queue;
    Ok(Status {
        settings: settings.clone(),
        events: queue.event_stats(now)?,
        bodies: queue.body_stats(now)?,
        failures: queue.failure_count()?,
    })
}
