//! What a run of deliveries shares: who sends, to whom, how long, and what came of it.

use std::time::Duration;

use super::listing::Listing;
use super::presence::Presence;
use super::timing::{Timing, wait};
use super::{Category, Flushed};
use crate::id::random_uuid;
use crate::queue::{BodyRow, Claim, Queue, QueueError, QueuedEvent};
use crate::transport::{Patience, Pause, Refusal, RetryCause, Server};

/// How much longer than its work a lease lasts: a sender that hangs holds its rows no longer.
pub(super) const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// Rejections after which a row is not tried again.
pub(super) const MAX_TRIES: u32 = 20;
/// Rows that, removed at once, make the store's log long.
const MANY: usize = 16;
/// Failures one after the other after which a run ends: the server has other things to do.
const MAX_STREAK: u32 = 5;
/// A request that had less time than this says nothing about the server.
const FAIR: Duration = Duration::from_millis(400);
/// Why what is left of a run is kept.
pub(super) const OUT_OF_TIME: &str = "the time of this push is used up";
/// See [`OUT_OF_TIME`].
pub(super) const NOT_TRIED: &str = "not tried";

/// What a delivery uses.
pub struct Delivery<'a> {
    /// To whom
    pub server: &'a dyn Server,
    /// The clock and the dice
    pub timing: &'a dyn Timing,
    /// How long requests, and all of it, may take
    pub patience: Patience,
    /// Is told how many of how many rows are done
    pub progress: &'a mut dyn FnMut(usize, usize),
}

/// One run.
pub(super) struct Run<'a, 'd> {
    pub(super) queue: &'a mut Queue,
    pub(super) owner: &'a str,
    pub(super) delivery: Delivery<'d>,
    pub(super) flushed: Flushed,
    streak: u32,
    done: usize,
    total: usize,
}

/// Delivers these events, and then the due bodies that `may_leave`. Every row that is not acknowledged stays.
pub fn deliver(
    queue: &mut Queue,
    delivery: Delivery<'_>,
    events: &[QueuedEvent],
    may_leave: &dyn Fn(&BodyRow) -> bool,
) -> Result<Flushed, QueueError> {
    let owner = random_uuid();
    let _presence = Presence::show(queue.path(), &owner);
    queue.begin_delivery()?;
    // Bodies that are queued from now on are left to the next run.
    let (found, now) = loop {
        let now = delivery.timing.now();
        let found = queue.survey(&owner, now)?;
        match &found.sender {
            None => break (found, now),
            Some(other) if Presence::is_gone(queue.path(), other) => queue.release(other)?,
            Some(_) => return Ok(Flushed { elsewhere: true, ..Flushed::default() }),
        }
    };
    let total = events.len() + usize::try_from(found.due).unwrap_or(usize::MAX);
    let mut run =
        Run { queue, owner: &owner, delivery, flushed: Flushed::default(), streak: 0, done: 0, total };
    let outcome = run.send_events(events).and_then(|go_on| match found.last_due {
        Some(last) if !run.flushed.elsewhere => run.send_bodies(Listing::new(may_leave, last, now), go_on),
        _ => Ok(()),
    });
    run.queue.release(&owner)?;
    outcome.map(|()| run.flushed)
}

/// Whether another sender holds rows. Those of senders that are no more are given back.
pub(super) fn someone_else_sends(queue: &mut Queue, timing: &dyn Timing) -> Result<bool, QueueError> {
    while let Some(other) = queue.other_sender("", timing.now())? {
        if !Presence::is_gone(queue.path(), &other) {
            return Ok(true);
        }
        queue.release(&other)?;
    }
    Ok(false)
}

impl<'a> Run<'a, '_> {
    /// A claim for as long as `requests` may take one after the other.
    pub(super) fn claim(&self, requests: usize) -> Claim<'a> {
        let patience = self.delivery.patience;
        let work = patience.request * u32::try_from(requests).unwrap_or(u32::MAX);
        let lasting = patience.until.map_or(work, |until| until.remaining()) + LEASE_MARGIN;
        Claim { owner: self.owner, now: self.delivery.timing.now(), lasting }
    }

    pub(super) fn is_out_of_time(&self) -> bool {
        self.delivery.patience.until.is_some_and(|until| until.remaining().is_zero())
    }

    pub(super) fn wait(&self, tries: u32, pause: Option<Pause>) -> Duration {
        wait(self.delivery.timing, tries, pause)
    }

    /// Carries the store's log over where so many rows were removed at once: what is done now, while the server has
    /// something else, need not be done at the end.
    pub(super) fn keep_log_short(&self, removed: usize) {
        if removed >= MANY {
            self.queue.carry_over();
        }
    }

    /// Rows that are done with, whatever became of them.
    pub(super) fn advance(&mut self, rows: usize) {
        self.done += rows;
        (self.delivery.progress)(self.done.min(self.total), self.total);
    }

    /// Rows that were counted and are not to be sent.
    pub(super) fn leave_out(&mut self, rows: usize) {
        self.total = self.total.saturating_sub(rows);
    }

    /// The server has answered, and took what it was given or said what is wrong with it.
    pub(super) fn went_well(&mut self) {
        self.streak = 0;
        self.flushed.met.answer = true;
    }

    /// Learns from a refusal of a request that had so much time. False if the next one would meet the same.
    pub(super) fn learn(&mut self, refusal: &Refusal, time: Duration) -> bool {
        match refusal {
            Refusal::Retry { cause: RetryCause::TimedOut, .. } => {
                self.flushed.met.hang |= time >= FAIR.min(self.delivery.patience.request.mul_f64(0.8));
            }
            Refusal::Retry {
                cause: RetryCause::Unreachable | RetryCause::Unsafe | RetryCause::Broken,
                ..
            }
            | Refusal::Contract(_) => {}
            _ => self.flushed.met.answer = true,
        }
        if matches!(refusal, Refusal::AuthNeeded | Refusal::Forbidden(_)) {
            self.flushed.met.refusal = true;
        }
        match refusal {
            Refusal::Retry { .. } => self.streak += 1,
            Refusal::AuthNeeded | Refusal::Contract(_) => {}
            Refusal::Permanent(_) | Refusal::Forbidden(_) | Refusal::Named(_) => self.streak = 0,
        }
        !refusal.stops_the_run() && self.streak < MAX_STREAK
    }

    /// Why what is left was not tried.
    pub(super) fn leave_events<'e>(&mut self, events: impl IntoIterator<Item = &'e QueuedEvent>) {
        let reason = if self.is_out_of_time() { OUT_OF_TIME } else { NOT_TRIED };
        for event in events {
            self.flushed.event(&event.event_id, "pending", Some((Category::ServerError, reason)));
        }
    }
}
