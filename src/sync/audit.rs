//! What is wrong with what is queued, and what a tree holds and cannot say. Reads only.

use super::SyncError;
use super::settings::queue_path;
use crate::clock::Instant;
use crate::event::Unsaid;
use crate::gate::{Context, validate};
use crate::git::Repo;
use crate::op::branch::Standing;
use crate::op::enqueue;
use crate::queue::{EventStatus, Failure, Queue, QueuedEvent};

/// One event, and whether it could be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Its id, if it has one
    pub event_id: Option<String>,
    /// Its type
    pub event_type: String,
    /// Whether it is queued; else a tree holds it and cannot say it
    pub queued: bool,
    /// Where it stands in the tree
    pub place: Option<String>,
    /// Why it cannot be sent; empty if it can
    pub errors: Vec<String>,
}

/// Everything that will not be sent unless somebody does something.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    /// Events
    pub events: Vec<QueuedEvent>,
    /// Bodies
    pub bodies: Vec<Failure>,
}

/// Judges every queued event, and names what HEAD's tree holds and cannot say.
pub fn diagnose(repo: &Repo) -> Result<Vec<Diagnosis>, SyncError> {
    let config = repo.config()?;
    let mut found = Vec::new();
    for queued in open(repo)?.map(|queue| queue.events()).transpose()?.unwrap_or_default() {
        let judged = queued
            .event()
            .map_err(|error| error.to_string())
            .and_then(|event| validate(&event, Context::Event).map_err(|violation| violation.to_string()));
        found.push(Diagnosis {
            event_id: Some(queued.event_id),
            event_type: queued.event_type,
            queued: true,
            place: None,
            errors: judged.err().into_iter().collect(),
        });
    }
    let standing = Standing::find(repo, &config)?;
    let Some(tip) = standing.head.tip() else { return Ok(found) };
    let teller = enqueue::teller(repo, &config, &standing)?;
    let view = teller.commit(tip)?;
    for dir in view.missions.keys() {
        found.extend(teller.say(&view, dir)?.derived.unsaid.iter().map(of_unsaid));
    }
    Ok(found)
}

fn of_unsaid(unsaid: &Unsaid) -> Diagnosis {
    Diagnosis {
        event_id: unsaid.event_id.clone(),
        event_type: unsaid.kind.to_string(),
        queued: false,
        place: Some(unsaid.place.clone()),
        errors: vec![unsaid.reason.clone()],
    }
}

/// The failed events and the failure list of bodies.
pub fn failures(repo: &Repo) -> Result<Failures, SyncError> {
    let Some(queue) = open(repo)? else { return Ok(Failures::default()) };
    let events = queue.events()?.into_iter().filter(|event| event.status == EventStatus::Failed).collect();
    Ok(Failures { events, bodies: queue.failures()? })
}

/// The queue, if there is one: asking makes none.
pub(super) fn open(repo: &Repo) -> Result<Option<Queue>, SyncError> {
    let path = queue_path(repo);
    if path.exists() { Ok(Some(Queue::open(&path, Instant::now())?.queue)) } else { Ok(None) }
}
