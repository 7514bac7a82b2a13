//! What is configured about sync.

use std::path::PathBuf;
use std::time::Duration;

use crate::env::key;
use crate::git::{Config, Repo};

/// Seconds that a push may wait for the server where nothing else is configured.
const PUSH_BUDGET: u64 = 5;

/// The longest that is believed: nobody waits for a push for a day.
const LONGEST_BUDGET: u64 = 24 * 60 * 60;

/// The settings of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether anything is queued and delivered
    pub enabled: bool,
    /// The server's URL
    pub server: Option<String>,
    /// How long a push may wait for the server; nothing is delivered by pushing if that is no time at all
    pub budget: Duration,
}

impl Settings {
    /// Reads them. Sync is on only where a server is named too.
    pub fn of(config: &Config) -> Self {
        let server = config.get(key::SERVER).filter(|url| !url.is_empty()).map(str::to_owned);
        Self {
            enabled: config.flag(key::SYNC) == Some(true) && server.is_some(),
            server,
            budget: Duration::from_secs(
                config.number(key::PUSH_BUDGET).unwrap_or(PUSH_BUDGET).min(LONGEST_BUDGET),
            ),
        }
    }

    /// How long one request of a flush by hand may take; the whole of it takes as long as it goes on.
    pub(super) fn request_by_hand(&self) -> Duration {
        if self.budget.is_zero() { Duration::from_secs(PUSH_BUDGET) } else { self.budget }
    }
}

/// Where the queue lies: one database for all work trees.
pub(super) fn queue_path(repo: &Repo) -> PathBuf {
    crate::queue::place(repo.common_dir())
}
