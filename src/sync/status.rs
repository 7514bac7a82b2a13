//! What is queued, as figures.

use std::path::Path;

use super::SyncError;
use super::login::{Login, LoginState};
use super::settings::{Settings, queue_path};
use crate::clock::Instant;
use crate::git::Repo;
use crate::queue::{BodyStats, EventStats, Queue, set_aside_if_corrupt};
use crate::transport::ServerUrl;

/// The state of sync.
#[derive(Debug, Clone)]
pub struct Status {
    /// What is configured
    pub settings: Settings,
    /// Whether somebody is logged in to the server; `None` where nobody can: no server, or a directory
    pub login: Option<LoginState>,
    /// Queued events
    pub events: EventStats,
    /// Queued bodies
    pub bodies: BodyStats,
    /// Entries of the failure list
    pub failures: u64,
}

/// Reads the figures. A repository that never queued anything gets no database by being asked.
pub fn status(repo: &Repo) -> Result<Status, SyncError> {
    let config = repo.config()?;
    let settings = Settings::of(&config);
    let login = match settings.server.as_deref().map(ServerUrl::parse) {
        Some(Ok(ServerUrl::Http(url))) => Some(Login::state(repo, &config, url.origin())),
        _ => None,
    };
    let path = queue_path(repo);
    if !path.exists() {
        return Ok(Status {
            settings,
            login,
            events: EventStats::default(),
            bodies: BodyStats::default(),
            failures: 0,
        });
    }
    match figures(&path, &settings, login.clone()) {
        Err(error) if error.is_damage() => {
            set_aside_if_corrupt(&path, Instant::now())?;
            figures(&path, &settings, login)
        }
        other => other,
    }
}

fn figures(path: &Path, settings: &Settings, login: Option<LoginState>) -> Result<Status, SyncError> {
    let now = Instant::now();
    let queue = Queue::open(path, now)?.queue;
    Ok(Status {
        settings: settings.clone(),
        login,
        events: queue.event_stats(now)?,
        bodies: queue.body_stats(now)?,
        failures: queue.failure_count()?,
    })
}
