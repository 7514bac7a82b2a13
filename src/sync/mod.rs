//! Queue and delivery: what is queued when, and what may leave.
//!
//! Brings the queue, the trees and the server together. Off until `git mission sync enable` named a server. Knows
//! nothing about hooks and terminals.

mod error;
mod flush;
mod settings;
mod status;

use crate::clock::Instant;
use crate::git::{Oid, Repo};
use crate::op::branch::Standing;
use crate::op::enqueue::{self, Handling};
use crate::op::identity::build_id;
use crate::queue::Queue;

pub use error::SyncError;
pub use flush::{Flushed, check_server};
pub use settings::Settings;
pub use status::{Status, status};

/// Queues what HEAD's tree says and the tree that was handled before did not. Nothing while sync is off.
pub fn enqueue(repo: &Repo, all: bool) -> Result<Vec<Handling>, SyncError> {
    let config = repo.config()?;
    if !Settings::of(&config).enabled {
        return Ok(Vec::new());
    }
    let standing = Standing::find(repo, &config)?;
    // Whoever queues speaks for this checkout, which gets its name now if it has none.
    build_id(repo)?;
    let opened = Queue::open(&settings::queue_path(repo), Instant::now())?;
    let mut queue = opened.queue;
    // After a damaged database was set aside, what it held is read from the trees again.
    let all = all || opened.set_aside.is_some();
    Ok(enqueue::reconcile(repo, &config, &standing, &mut queue, all)?)
}

/// What pre-push does: catches up, then delivers what the pushed commits say. `None` if there was nothing to do.
pub fn push(repo: &Repo, tips: &[Oid]) -> Result<Option<Flushed>, SyncError> {
    let config = repo.config()?;
    let settings = Settings::of(&config);
    if !settings.enabled {
        return Ok(None);
    }
    let standing = Standing::find(repo, &config)?;
    let mut queue = Queue::open(&settings::queue_path(repo), Instant::now())?.queue;
    enqueue::reconcile(repo, &config, &standing, &mut queue, false)?;
    let flushed = flush::flush(repo, &mut queue, &settings, tips)?;
    Ok((!flushed.is_empty()).then_some(flushed))
}

/// By hand: delivers what the remote-tracking refs say.
pub fn flush(repo: &Repo) -> Result<Flushed, SyncError> {
    let config = repo.config()?;
    let settings = Settings::of(&config);
    if !settings.enabled {
        return Err(SyncError::Off);
    }
    let tips: Vec<Oid> = repo.refs_below("refs/remotes/")?.into_iter().map(|(_, tip)| tip).collect();
    let mut queue = Queue::open(&settings::queue_path(repo), Instant::now())?.queue;
    flush::flush(repo, &mut queue, &settings, &tips)
}
