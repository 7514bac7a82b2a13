//! Bodies, a few at a time: each only after the event that indexes its artifact was acknowledged.
//!
//! This thread alone holds the queue: it reads ahead, hands bodies to a few senders, and removes what was acknowledged
//! many at once, while the senders go on. At no time more is in memory than [`WINDOW_BYTES`] and one body.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::Category;
use super::run::{MAX_TRIES, NOT_TRIED, OUT_OF_TIME, Run};
use crate::clock::Deadline;
use crate::queue::{BackOff, BodyId, BodyRow, EventStatus, LeasedBody, QueueError};
use crate::transport::{CONNECTIONS, Patience, Refusal, RetryCause, Server, Stored};

/// Rows that are leased at once, at most.
const CHUNK: usize = 64;
/// Bytes of content that are held at once.
const WINDOW_BYTES: u64 = 4 << 20;
/// More is read when fewer than this wait for a sender.
const LOW: usize = 8 * CONNECTIONS;
const NOT_INDEXED: &str = "its artifact is not indexed yet";
const NEVER_INDEXED: &str = "the event that indexes its artifact has failed";

/// A body on its way to a sender.
struct Job {
    body: LeasedBody,
    /// When the lease ends
    lease: Deadline,
}

/// What a sender has to say of a body.
struct Done {
    row: BodyRow,
    outcome: Outcome,
    /// How long the request might have taken
    time: Duration,
}

enum Outcome {
    Stored(Stored),
    Refused(Refusal),
    NotTried,
}

impl Run<'_, '_> {
    /// Sends what may go. Without `go_on` nothing is sent, because the server was found in the way.
    pub(super) fn send_bodies(&mut self, mut rows: Vec<BodyRow>, go_on: bool) -> Result<(), QueueError> {
        // What failed the last time is in nobody's way.
        rows.sort_by_key(|row| row.last_error.is_some());
        let (mut ready, mut waiting) = (VecDeque::new(), 0);
        for row in rows {
            match &row.index_event_id {
                None => ready.push_back((row.id, row.size_bytes)),
                Some(event) if self.queue.event_status(event)? == Some(EventStatus::Failed) => {
                    self.queue.park_bodies(&[row.id], NEVER_INDEXED, self.delivery.timing.now())?;
                    self.flushed.fail(Category::Unknown, NEVER_INDEXED);
                }
                Some(_) => waiting += 1,
            }
        }
        self.flushed.keep_waiting(waiting, NOT_INDEXED);
        if go_on && !ready.is_empty() {
            self.send_all(&mut ready)?;
        }
        let reason = if self.is_out_of_time() { OUT_OF_TIME } else { NOT_TRIED };
        for _ in ready {
            self.flushed.keep(Category::ServerError, reason);
        }
        Ok(())
    }

    /// Sends until all are sent or the run has to stop; `ready` keeps what was not leased.
    fn send_all(&mut self, ready: &mut VecDeque<(BodyId, u64)>) -> Result<(), QueueError> {
        let (jobs, inbox) = channel::<Job>();
        let (outbox, done) = channel::<Done>();
        let (inbox, stop) = (Mutex::new(inbox), AtomicBool::new(false));
        let (server, patience) = (self.delivery.server, self.delivery.patience);
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS.min(ready.len()) {
                let outbox = outbox.clone();
                let (inbox, stop) = (&inbox, &stop);
                scope.spawn(move || send(server, patience, inbox, &outbox, stop));
            }
            drop(outbox);
            let outcome = self.feed(ready, &jobs, &done, &stop);
            // Whatever happened here, nobody goes on sending.
            stop.store(outcome.is_err(), Ordering::Relaxed);
            drop(jobs);
            outcome
        })
    }

    fn feed(
        &mut self,
        ready: &mut VecDeque<(BodyId, u64)>,
        jobs: &Sender<Job>,
        done: &Receiver<Done>,
        stop: &AtomicBool,
    ) -> Result<(), QueueError> {
        let (mut out, mut out_bytes, mut stored) = (0_usize, 0_u64, Vec::new());
        loop {
            if out < LOW && out_bytes < WINDOW_BYTES / 2 {
                self.acknowledge(&mut stored)?;
                while !stop.load(Ordering::Relaxed)
                    && out < LOW
                    && out_bytes < WINDOW_BYTES / 2
                    && !ready.is_empty()
                    && !self.is_out_of_time()
                {
                    let room = WINDOW_BYTES.saturating_sub(out_bytes);
                    let ids = next_chunk(ready, room, out == 0);
                    if ids.is_empty() {
                        break;
                    }
                    let claim = self.claim_side_by_side(ids.len());
                    let lease = Deadline::after(claim.lasting);
                    for body in self.queue.lease_bodies(&ids, claim)? {
                        out += 1;
                        out_bytes += body.row.size_bytes;
                        // Senders end only after this.
                        let _ = jobs.send(Job { body, lease });
                    }
                }
            }
            if out == 0 {
                return self.acknowledge(&mut stored);
            }
            let Ok(first) = done.recv() else { return self.acknowledge(&mut stored) };
            for one in std::iter::once(first).chain(done.try_iter()) {
                out -= 1;
                out_bytes = out_bytes.saturating_sub(one.row.size_bytes);
                self.advance(1);
                let go_on = match one.outcome {
                    Outcome::Stored(what) => {
                        self.went_well();
                        stored.push((one.row.id, what));
                        true
                    }
                    Outcome::NotTried => {
                        let reason = if self.is_out_of_time() { OUT_OF_TIME } else { NOT_TRIED };
                        self.flushed.keep(Category::ServerError, reason);
                        true
                    }
                    Outcome::Refused(refusal) => self.settle_refusal(&one.row, &refusal, one.time)?,
                };
                if !go_on {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    /// Removes what the server has, all at once.
    fn acknowledge(&mut self, stored: &mut Vec<(BodyId, Stored)>) -> Result<(), QueueError> {
        let ids: Vec<BodyId> = stored.iter().map(|(id, _)| *id).collect();
        self.queue.acknowledge_bodies(&ids)?;
        for (_, what) in stored.drain(..) {
            match what {
                Stored::New => self.flushed.uploaded += 1,
                Stored::AlreadyExists => self.flushed.already_exists += 1,
            }
        }
        Ok(())
    }

    /// Gives a body back or parks it. False if the next one would meet the same obstacle.
    fn settle_refusal(
        &mut self,
        row: &BodyRow,
        refusal: &Refusal,
        time: Duration,
    ) -> Result<bool, QueueError> {
        let (reason, category) = (refusal.to_string(), Category::of(refusal));
        let tries = row.retry_count + u32::from(refusal.counts_as_try());
        let now = self.delivery.timing.now();
        let go_on = self.learn(refusal, time);
        match refusal {
            Refusal::Retry { after, .. } if tries < MAX_TRIES => {
                let wait = self.wait(tries, *after);
                let back_off = BackOff { wait, counts: refusal.counts_as_try(), error: &reason };
                self.queue.back_off_body(row.id, self.owner, back_off, now)?;
                self.flushed.keep(category, &reason);
            }
            Refusal::AuthNeeded => self.flushed.keep(category, &reason),
            Refusal::Retry { .. }
            | Refusal::Permanent(_)
            | Refusal::Forbidden(_)
            | Refusal::Named(_)
            | Refusal::Contract(_) => {
                self.queue.fail_body(row.id, self.owner, &reason, now)?;
                self.flushed.fail(category, &reason);
            }
        }
        Ok(go_on)
    }
}

/// The next rows that have room together; one at least if `any`.
fn next_chunk(ready: &mut VecDeque<(BodyId, u64)>, room: u64, any: bool) -> Vec<BodyId> {
    let (mut ids, mut bytes) = (Vec::new(), 0);
    while let Some((id, size)) = ready.front().copied() {
        bytes += size;
        if ids.len() == CHUNK || (bytes > room && !(any && ids.is_empty())) {
            break;
        }
        ids.push(id);
        ready.pop_front();
    }
    ids
}

fn broken() -> Refusal {
    Refusal::Retry { cause: RetryCause::Broken, detail: "internal error".to_owned(), after: None }
}

/// Sends one body after the other until there are no more.
fn send(
    server: &dyn Server,
    patience: Patience,
    inbox: &Mutex<Receiver<Job>>,
    outbox: &Sender<Done>,
    stop: &AtomicBool,
) {
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { body, lease }) = job else { return };
        let time = patience.next();
        let outcome = if stop.load(Ordering::Relaxed) || time.is_zero() || lease.remaining() < time {
            Outcome::NotTried
        } else {
            // A sender that panics would be waited for for ever.
            let answer = catch_unwind(AssertUnwindSafe(|| server.push_body(&body.payload)));
            match answer.unwrap_or_else(|_| Err(broken())) {
                Ok(ack) if ack.confirms(&body.payload) => Outcome::Stored(ack.stored),
                Ok(_) => Outcome::Refused(Refusal::Retry {
                    cause: RetryCause::Unconfirmed,
                    detail: "it names another body".to_owned(),
                    after: None,
                }),
                Err(refusal) => Outcome::Refused(refusal),
            }
        };
        if matches!(&outcome, Outcome::Refused(refusal) if refusal.stops_the_run()) {
            stop.store(true, Ordering::Relaxed);
        }
        if outbox.send(Done { row: body.row, outcome, time }).is_err() {
            return;
        }
    }
}
