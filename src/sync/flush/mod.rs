//! One flush: the rows that a pushed commit still says are leased, handed to the server, and removed only when its
//! answer names them. Events first, then the bodies whose artifact is indexed.

mod bodies;
mod events;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::SyncError;
use super::settings::Settings;
use crate::clock::{Instant, Stopwatch};
use crate::git::Oid;
use crate::id::random_uuid;
use crate::op::said::Said;
use crate::op::supersede;
use crate::op::telling::Teller;
use crate::queue::{BodyRow, Claim, Origin, Queue, QueuedEvent};
use crate::transport::{DirectoryServer, Server, ServerUrl, UrlError};

/// How much longer than the budget a lease lasts: a sender that is killed holds its rows no longer.
const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// Rejections after which a row is not tried again.
const MAX_TRIES: u32 = 20;
/// The longest wait between two tries.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// Why what is left of a run is kept.
const OUT_OF_TIME: &str = "the time of this push is used up";

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventResult {
    /// Which
    pub event_id: String,
    /// `success`, `duplicate`, `rejected` or `pending`
    pub status: &'static str,
    /// What the server or the gate said
    pub error: Option<String>,
    /// The kind of that
    pub error_category: Option<&'static str>,
}

/// What a flush did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Every event that was tried
    pub events: Vec<EventResult>,
    /// Bodies that the server stored
    pub uploaded: u64,
    /// Bodies that it had
    pub already_exists: u64,
    /// Bodies that stay queued although they could leave
    pub kept: u64,
    /// Bodies that were moved to the failure list
    pub failed: u64,
    /// Why rows were kept or failed; the first reason of each
    pub reasons: Vec<String>,
    /// Whether another sender was at work, so that nothing was tried
    pub elsewhere: bool,
}

impl Flushed {
    /// How many events ended so.
    pub fn events_with(&self, status: &str) -> u64 {
        self.events.iter().filter(|event| event.status == status).count() as u64
    }

    /// Whether there was nothing to do.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.uploaded + self.already_exists + self.kept + self.failed == 0
            && !self.elsewhere
    }

    /// Whether something that could leave is still there.
    pub fn is_deferred(&self) -> bool {
        self.kept > 0 || self.events_with("pending") > 0
    }

    fn keep(&mut self, reason: &str) {
        self.kept += 1;
        self.reasons.push(reason.to_owned());
    }

    fn fail(&mut self, reason: &str) {
        self.failed += 1;
        self.reasons.push(reason.to_owned());
    }

    fn event(&mut self, event_id: &str, status: &'static str, error: Option<(&str, &'static str)>) {
        if let Some((words, _)) = error {
            self.reasons.push(words.to_owned());
        }
        self.events.push(EventResult {
            event_id: event_id.to_owned(),
            status,
            error: error.map(|(words, _)| words.to_owned()),
            error_category: error.map(|(_, category)| category),
        });
    }
}

impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.elsewhere {
            return f.write_str("another flush is running");
        }
        if self.is_empty() {
            return f.write_str("nothing to deliver");
        }
        write!(f, "bodies: {} delivered, {} there already", self.uploaded, self.already_exists)?;
        if self.kept > 0 {
            write!(f, ", {} kept for later", self.kept)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        let [synced, duplicates] = ["success", "duplicate"].map(|status| self.events_with(status));
        write!(f, "; events: {synced} delivered, {duplicates} there already")?;
        for (status, words) in [("pending", "kept for later"), ("rejected", "rejected")] {
            match self.events_with(status) {
                0 => {}
                count => write!(f, ", {count} {words}")?,
            }
        }
        match self.reasons.first() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

/// The address in its one spelling, if it is one of a server that can be used.
pub fn check_server(text: &str) -> Result<String, UrlError> {
    ServerUrl::parse(text).map(|_| text.to_owned())
}

/// Delivers what the commits `tips` say.
pub(super) fn flush(
    teller: &Teller<'_>,
    queue: &mut Queue,
    settings: &Settings,
    tips: &[Oid],
) -> Result<Flushed, SyncError> {
    let mut flushed = Flushed::default();
    let Some(address) = &settings.server else { return Err(SyncError::Off) };
    let now = Instant::now();
    let (events, bodies) = (queue.ready_events(now, u32::MAX)?, queue.ready_bodies(now)?);
    if events.is_empty() && bodies.is_empty() {
        return Ok(flushed);
    }
    let distinct: BTreeSet<&Oid> = tips.iter().collect();
    let said = Said::by(teller, distinct, &supersede::wanted(&events, &bodies))?;
    let events: Vec<QueuedEvent> = events.into_iter().filter(|event| event_may_leave(event, &said)).collect();
    if events.is_empty() && !bodies.iter().any(|body| body_may_leave(body, &said)) {
        return Ok(flushed);
    }
    let server: Box<dyn Server> = match ServerUrl::parse(address)? {
        ServerUrl::Directory(root) => Box::new(DirectoryServer::new(root)),
    };
    let owner = random_uuid();
    if queue.other_sender(&owner, Instant::now())?.is_some() {
        flushed.elsewhere = true;
        return Ok(flushed);
    }
    let watch = Stopwatch::start();
    let mut sender =
        Sender { queue, owner: &owner, server: &*server, settings, watch, flushed: &mut flushed };
    let outcome = sender.send_events(&events).and_then(|go_on| {
        // Read again: what was waiting for an event may go now.
        let bodies = sender.queue.ready_bodies(Instant::now())?;
        let bodies: Vec<BodyRow> = bodies.into_iter().filter(|body| body_may_leave(body, &said)).collect();
        sender.send_bodies(bodies, go_on)
    });
    queue.release(&owner)?;
    outcome.map(|()| flushed)
}

/// What came from a tree leaves only while a pushed commit says it.
fn event_may_leave(event: &QueuedEvent, said: &Said) -> bool {
    match event.origin {
        Origin::Import => true,
        Origin::Tree | Origin::Worktree => said.events.contains(&event.event_id),
    }
}

fn body_may_leave(body: &BodyRow, said: &Said) -> bool {
    match body.origin {
        Origin::Import => true,
        Origin::Tree | Origin::Worktree => {
            supersede::version(body).is_some_and(|version| said.versions.contains(&version))
        }
    }
}

struct Sender<'a> {
    queue: &'a mut Queue,
    owner: &'a str,
    server: &'a dyn Server,
    settings: &'a Settings,
    watch: Stopwatch,
    flushed: &'a mut Flushed,
}

impl<'a> Sender<'a> {
    fn claim(&self) -> Claim<'a> {
        Claim { owner: self.owner, now: Instant::now(), lasting: self.settings.budget + LEASE_MARGIN }
    }

    fn is_out_of_time(&self) -> bool {
        self.watch.elapsed() >= self.settings.budget
    }
}

/// One second, doubled with every rejection, at most five minutes.
fn wait_after(tries: u32) -> Duration {
    Duration::from_secs(1_u64 << tries.min(9)).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<u64> =
            [0, 1, 2, 8, 9, 100].into_iter().map(|tries| wait_after(tries).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 256, 300, 300]);
    }

    #[test]
    fn the_line_names_what_was_done() {
        let mut flushed = Flushed { uploaded: 1, ..Flushed::default() };
        flushed.event("A", "success", None);
        flushed.event("B", "rejected", Some(("no", "unknown")));
        assert_eq!(
            flushed.to_string(),
            "bodies: 1 delivered, 0 there already; events: 1 delivered, 0 there already, 1 rejected (no)"
        );
        assert!(!flushed.is_deferred() && Flushed::default().is_empty());
    }
}
