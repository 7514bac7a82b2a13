//! Bodies, a few at a time: each only after the event that indexes its artifact was acknowledged.
//!
//! This thread alone holds the queue: it reads ahead, hands bodies to a few senders, and removes what was acknowledged
//! many at once, while the senders go on. At no time more is in memory than [`WINDOW_BYTES`] and one body.
//!
//! INVARIANT: bodies are sent only by the sender whose turn it is. The turn is a lease on the row that is settled last, so
//! it is held as long as any body is under way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Category;
use super::listing::{Listing, READ, READ_BYTES};
use super::run::{LEASE_MARGIN, MAX_TRIES, NOT_TRIED, OUT_OF_TIME, Run};
use crate::clock::{Deadline, Stopwatch};
use crate::json::Value;
use crate::queue::{BackOff, BodyId, BodyRow, Due, EventStatus, LeasedBody, QueueError};
use crate::transport::{CONNECTIONS, Patience, Refusal, RetryCause, Server, Stored};

/// Bytes of content that are held at once.
const WINDOW_BYTES: u64 = 8 << 20;
/// Bodies that are held at once.
const WINDOW: usize = 1_024;
/// Bodies that a sender is given at once, at most, where many wait.
const PARCEL: usize = 32;
/// Bytes of those, at most, if they are more than one.
const PARCEL_BYTES: u64 = 128 << 10;
/// What was acknowledged is removed when it is so many rows,
const REMOVED_AT_ONCE: usize = 512;
/// so many bytes: each time is a wait for the disk,
const REMOVED_BYTES: u64 = 16 << 20;
/// or so old: a run that is killed sends again what was not removed.
const REMOVED_WITHIN: Duration = Duration::from_millis(100);
/// While senders have so many bodies that they need no more for a while, what they say is heard so often: to wake for each word
/// takes longer than to hear it.
const PLENTY: usize = WINDOW / 2;
/// See [`PLENTY`].
const HEARD_EACH: Duration = Duration::from_millis(1);
/// A sender with several bodies says what became of them after so long.
const TOLD_WITHIN: Duration = Duration::from_millis(20);
const NOT_INDEXED: &str = "its artifact is not indexed yet";
const NEVER_INDEXED: &str = "the event that indexes its artifact has failed";

/// What a sender has to say of a body.
struct Done {
    body: LeasedBody,
    outcome: Outcome,
    /// How long the request might have taken
    time: Duration,
}

enum Outcome {
    Stored(Stored),
    Refused(Refusal),
    NotTried,
}

/// What senders ask before they send.
struct Limits {
    patience: Patience,
    /// When the turn ends, unless it is taken again
    turn: Mutex<Deadline>,
    stop: AtomicBool,
}

impl Limits {
    fn turn(&self) -> MutexGuard<'_, Deadline> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What is under way.
struct Way {
    /// The row that is held for all
    seat: BodyId,
    /// Bodies that are with senders, and their bytes
    out: usize,
    out_bytes: u64,
    /// What the server has and the queue still holds
    stored: Vec<(BodyId, Stored)>,
    stored_bytes: u64,
    since: Stopwatch,
    /// Payloads that were sent, whose memory is used again
    spent: Vec<Value>,
}

impl Way {
    /// Whether so much can be held in addition that it is worth a look into the queue.
    fn has_room(&self) -> bool {
        self.out == 0 || (self.out + READ <= WINDOW && self.out_bytes + READ_BYTES <= WINDOW_BYTES)
    }

    /// Whether it is time to remove what the server has.
    fn is_heavy(&self) -> bool {
        self.stored.len() >= REMOVED_AT_ONCE
            || self.stored_bytes >= REMOVED_BYTES
            || (!self.stored.is_empty() && self.since.elapsed() > REMOVED_WITHIN)
    }
}

impl Run<'_, '_> {
    /// Sends what may go. Without `go_on` nothing is sent, because the server was found in the way.
    pub(super) fn send_bodies(&mut self, mut list: Listing<'_>, go_on: bool) -> Result<(), QueueError> {
        let mut waiting = 0;
        if !self.queue.has_waiting_bodies()? {
            list.kind = Due::Fresh;
        }
        while list.kind == Due::Waiting && self.look_ahead(&mut list)? {
            for row in std::mem::take(&mut list.ready) {
                match &row.index_event_id {
                    Some(event) if self.queue.event_status(event)? == Some(EventStatus::Failed) => {
                        self.queue.park_bodies(&[row.id], NEVER_INDEXED, self.delivery.timing.now())?;
                        self.flushed.fail(Category::Unknown, NEVER_INDEXED);
                    }
                    Some(_) => waiting += 1,
                    None => list.ready.push_back(row),
                }
            }
        }
        self.flushed.keep_waiting(waiting, NOT_INDEXED);
        if go_on && self.look_ahead(&mut list)? {
            self.send_all(&mut list)?;
        }
        let reason = if self.is_out_of_time() { OUT_OF_TIME } else { NOT_TRIED };
        while self.look_ahead(&mut list)? {
            for _ in list.ready.drain(..) {
                self.flushed.keep(Category::ServerError, reason);
            }
        }
        Ok(())
    }

    /// Sends until all are sent or the run has to stop; `list` keeps what was not read.
    fn send_all(&mut self, list: &mut Listing<'_>) -> Result<(), QueueError> {
        let ids: Vec<BodyId> = list.ready.iter().map(|row| row.id).collect();
        let Some((seat, turn)) = self.take_turn(&ids)? else {
            let other = self.queue.other_sender(self.owner, self.delivery.timing.now())?;
            if other.is_some() && self.flushed.is_empty() {
                self.flushed.elsewhere = true;
                list.forget();
            }
            return Ok(());
        };
        let mut way = Way {
            seat,
            out: 0,
            out_bytes: 0,
            stored: Vec::new(),
            stored_bytes: 0,
            since: Stopwatch::start(),
            spent: Vec::new(),
        };
        let (parcels, inbox) = channel::<Vec<LeasedBody>>();
        let (outbox, done) = channel::<Vec<Done>>();
        let (inbox, limits) = (
            Mutex::new(inbox),
            Limits { patience: self.delivery.patience, turn: Mutex::new(turn), stop: AtomicBool::new(false) },
        );
        let server = self.delivery.server;
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS.min(list.ready.len()) {
                let outbox = outbox.clone();
                let (inbox, limits) = (&inbox, &limits);
                scope.spawn(move || send(server, limits, inbox, &outbox));
            }
            drop(outbox);
            let outcome = self.feed(list, &mut way, &parcels, &done, &limits);
            // Whatever happened here, nobody goes on sending.
            limits.stop.store(outcome.is_err(), Ordering::Relaxed);
            drop(parcels);
            outcome
        })
    }

    /// The turn, until when, and by which row; `None` if it is another's.
    fn take_turn(&mut self, ids: &[BodyId]) -> Result<Option<(BodyId, Deadline)>, QueueError> {
        let claim = self.claim(2);
        let turn = Deadline::after(claim.lasting);
        Ok(self.queue.take_turn(ids, claim)?.map(|seat| (seat, turn)))
    }

    fn feed(
        &mut self,
        list: &mut Listing<'_>,
        way: &mut Way,
        parcels: &Sender<Vec<LeasedBody>>,
        done: &Receiver<Vec<Done>>,
        limits: &Limits,
    ) -> Result<(), QueueError> {
        let (mut of_seat, mut is_lost) = (None, false);
        loop {
            if limits.turn().remaining() < limits.patience.next() + LEASE_MARGIN / 2 {
                if let Some((_, turn)) = self.take_turn(&[way.seat])? {
                    *limits.turn() = turn;
                } else {
                    is_lost = true;
                    limits.stop();
                }
            }
            if !limits.is_stopped() && !self.is_out_of_time() {
                self.hand_out(list, way, parcels)?;
            }
            if way.out == 0 {
                break;
            }
            if way.out >= PLENTY {
                thread::sleep(HEARD_EACH);
            }
            let told = match done.recv_timeout(REMOVED_WITHIN) {
                Ok(told) => told,
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            for one in told.into_iter().chain(done.try_iter().flatten()) {
                way.out -= 1;
                way.out_bytes = way.out_bytes.saturating_sub(one.body.row.size_bytes);
                self.advance(1);
                if one.body.row.id == way.seat {
                    of_seat = Some(one);
                } else {
                    self.settle_body(list, way, one, limits)?;
                }
            }
            if way.is_heavy() {
                // First the senders get their work.
                if !limits.is_stopped() && !self.is_out_of_time() {
                    self.hand_out(list, way, parcels)?;
                }
                self.acknowledge(way)?;
            }
        }
        if is_lost && of_seat.is_some() {
            // The row stands for another sender now, who sends it again.
            self.flushed.keep(Category::ServerError, NOT_TRIED);
        } else if let Some(done) = of_seat {
            self.settle_body(list, way, done, limits)?;
        }
        self.acknowledge(way)
    }

    /// Reads bodies and gives them to the senders, as many as may be held.
    fn hand_out(
        &mut self,
        list: &mut Listing<'_>,
        way: &mut Way,
        parcels: &Sender<Vec<LeasedBody>>,
    ) -> Result<(), QueueError> {
        while way.has_room() && self.look_ahead(list)? {
            // Where few wait, every sender gets its share.
            let most = (list.ready.len() / (2 * CONNECTIONS)).clamp(1, PARCEL);
            let rows = list.next();
            let asked = rows.len();
            let bodies = self.queue.read_bodies(rows, self.claim(1), &mut way.spent)?;
            // The rest was purged, or somebody has taken hold of it.
            self.advance(asked - bodies.len());
            way.out += bodies.len();
            way.out_bytes += bodies.iter().map(|body| body.row.size_bytes).sum::<u64>();
            for parcel in parcels_of(bodies, most) {
                // Senders end only after this.
                let _ = parcels.send(parcel);
            }
        }
        Ok(())
    }

    /// Notes what became of a body.
    fn settle_body(
        &mut self,
        list: &mut Listing<'_>,
        way: &mut Way,
        done: Done,
        limits: &Limits,
    ) -> Result<(), QueueError> {
        let row = &done.body.row;
        let go_on = match done.outcome {
            Outcome::Stored(what) => {
                self.went_well();
                if way.stored.is_empty() {
                    way.since = Stopwatch::start();
                }
                way.stored.push((done.body.row.id, what));
                way.stored_bytes += done.body.row.size_bytes;
                true
            }
            Outcome::NotTried => {
                let reason = if self.is_out_of_time() { OUT_OF_TIME } else { NOT_TRIED };
                self.flushed.keep(Category::ServerError, reason);
                true
            }
            Outcome::Refused(refusal) => {
                list.refused.insert(done.body.row.id);
                self.settle_refusal(row, &refusal, done.time)?
            }
        };
        if !go_on {
            limits.stop();
        }
        list.spare.push(done.body.row);
        way.spent.push(done.body.payload);
        Ok(())
    }

    /// Removes what the server has, all at once.
    fn acknowledge(&mut self, way: &mut Way) -> Result<(), QueueError> {
        let ids: Vec<BodyId> = way.stored.iter().map(|(id, _)| *id).collect();
        self.queue.acknowledge_bodies(&ids)?;
        self.keep_log_short(ids.len());
        way.stored_bytes = 0;
        for (_, what) in way.stored.drain(..) {
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

/// What each sender is given at once, in order.
fn parcels_of(bodies: Vec<LeasedBody>, most: usize) -> Vec<Vec<LeasedBody>> {
    let (mut parcels, mut bytes): (Vec<Vec<LeasedBody>>, u64) = (Vec::new(), 0);
    for body in bodies {
        bytes += body.row.size_bytes;
        match parcels.last_mut() {
            Some(parcel) if parcel.len() < most && bytes <= PARCEL_BYTES => parcel.push(body),
            _ => {
                bytes = body.row.size_bytes;
                parcels.push(vec![body]);
            }
        }
    }
    parcels
}

fn broken() -> Refusal {
    Refusal::Retry { cause: RetryCause::Broken, detail: "internal error".to_owned(), after: None }
}

/// Sends one body after the other until there are no more.
fn send(
    server: &dyn Server,
    limits: &Limits,
    inbox: &Mutex<Receiver<Vec<LeasedBody>>>,
    outbox: &Sender<Vec<Done>>,
) {
    loop {
        let parcel = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(bodies) = parcel else { return };
        let (mut done, mut since) = (Vec::with_capacity(bodies.len()), Stopwatch::start());
        for body in bodies {
            done.push(send_one(server, limits, body));
            if since.elapsed() > TOLD_WITHIN {
                if outbox.send(std::mem::take(&mut done)).is_err() {
                    return;
                }
                since = Stopwatch::start();
            }
        }
        if !done.is_empty() && outbox.send(done).is_err() {
            return;
        }
    }
}

fn send_one(server: &dyn Server, limits: &Limits, body: LeasedBody) -> Done {
    let time = limits.patience.next();
    let outcome = if limits.is_stopped() || time.is_zero() || limits.turn().remaining() < time {
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
        limits.stop();
    }
    Done { body, outcome, time }
}
