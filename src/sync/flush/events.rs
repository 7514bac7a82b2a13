//! Events, in batches: each is judged by the gate once more, and leaves the queue only when the answer names it.
//!
//! While the server has one batch, the one before is settled and the next is got ready. Never are two with the server:
//! events arrive in the order in which they were queued.

use std::collections::{BTreeMap, HashSet};
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use super::Category;
use super::batch::{Batch, Settled, Taken, batch_length};
use super::run::{MAX_TRIES, NOT_TRIED, OUT_OF_TIME, Run};
use crate::gate::{Judge, Judged};
use crate::queue::{BackOff, EventStatus, QueueError, QueuedEvent, Rejection};
use crate::transport::Refusal;

const UNNAMED: &str = "the server did not acknowledge it";

impl Run<'_, '_> {
    /// Sends the events. False if whatever follows would meet the same obstacle.
    pub(super) fn send_events(&mut self, events: &[QueuedEvent]) -> Result<bool, QueueError> {
        let (server, mut rest, mut judge) = (self.delivery.server, events, Judge::default());
        let mut ready = self.get_ready(&mut rest, &mut judge)?;
        let mut taken: Option<Taken<'_>> = None;
        thread::scope(|scope| {
            while let Some(batch) = ready.take() {
                if self.is_out_of_time() {
                    self.settle_taken(taken.take())?;
                    self.leave(&batch.rows, rest);
                    return Ok(false);
                }
                let time = self.delivery.patience.next();
                let push = move || {
                    let answer = server.push_events(&batch.payloads);
                    (batch, answer)
                };
                let (batch, answer) = if taken.is_none() && rest.is_empty() {
                    // There is nothing to do meanwhile.
                    push()
                } else {
                    let pushed = scope.spawn(push);
                    let next = self.settle_and_get_ready(taken.take(), &mut rest, &mut judge);
                    let (batch, answer) = pushed.join().unwrap_or_else(|panic| resume_unwind(panic));
                    ready = match (next, answer.as_ref()) {
                        (Ok(next), _) => next,
                        (Err(error), Ok(acks)) => {
                            // What the server has said is not to be asked again.
                            let _ = self.settle(Taken { rows: batch.rows, acks: acks.clone() });
                            return Err(error);
                        }
                        (Err(error), Err(_)) => return Err(error),
                    };
                    (batch, answer)
                };
                match answer {
                    Ok(acks) => {
                        self.went_well();
                        taken = Some(Taken { rows: batch.rows, acks });
                    }
                    Err(refusal) => {
                        if !self.refused(&batch.rows, &batch.payloads, &refusal, time)? {
                            self.leave(ready.as_ref().map_or(&[], |batch| &batch.rows), rest);
                            return Ok(false);
                        }
                        self.advance(batch.rows.len());
                        // Halving takes requests, and what waits was held before them.
                        if let Some(mut waiting) = ready.take() {
                            if !self.hold_again(&mut waiting)? {
                                self.leave(&waiting.rows, rest);
                                return Ok(false);
                            }
                            ready = if waiting.rows.is_empty() {
                                self.get_ready(&mut rest, &mut judge)?
                            } else {
                                Some(waiting)
                            };
                        }
                    }
                }
            }
            self.settle_taken(taken)?;
            if !self.flushed.elsewhere {
                self.leave(&[], rest);
            }
            Ok(rest.is_empty())
        })
    }

    /// Takes the next events that make a batch, without those that others hold or that may not leave.
    fn get_ready<'e>(
        &mut self,
        rest: &mut &'e [QueuedEvent],
        judge: &mut Judge,
    ) -> Result<Option<Batch<'e>>, QueueError> {
        while let Some(mut batch) = self.judge_next(rest, judge)? {
            let held = self.hold(&batch.ids(), 2, &[])?;
            if !self.keep_held(&mut batch, held) {
                return Ok(None);
            }
            if !batch.rows.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Settles what the server has said, and takes what comes next: both at once, so that the disk is waited for once.
    fn settle_and_get_ready<'e>(
        &mut self,
        taken: Option<Taken<'e>>,
        rest: &mut &'e [QueuedEvent],
        judge: &mut Judge,
    ) -> Result<Option<Batch<'e>>, QueueError> {
        let Some(taken) = taken else { return self.get_ready(rest, judge) };
        let mut next = match self.judge_next(rest, judge) {
            Ok(Some(next)) => next,
            other => {
                self.settle_taken(Some(taken))?;
                return other;
            }
        };
        let rows = taken.rows.len();
        let settled = Settled::of(taken);
        let held = match self.hold(&next.ids(), 2, &settled.ids()) {
            Ok(held) => held,
            Err(error) => {
                // What the server has said is not to be asked again.
                if self.queue.acknowledge_events(&settled.ids()).is_ok() {
                    let _ = self.say(settled);
                }
                return Err(error);
            }
        };
        self.say(settled)?;
        self.advance(rows);
        if !self.keep_held(&mut next, held) {
            return Ok(None);
        }
        if next.rows.is_empty() { self.get_ready(rest, judge) } else { Ok(Some(next)) }
    }

    /// Judges the next events that make a batch, until some pass.
    fn judge_next<'e>(
        &mut self,
        rest: &mut &'e [QueuedEvent],
        judge: &mut Judge,
    ) -> Result<Option<Batch<'e>>, QueueError> {
        while !rest.is_empty() && !self.is_out_of_time() {
            let (events, later) = rest.split_at(batch_length(rest));
            *rest = later;
            let (rows, payloads) = (Vec::with_capacity(events.len()), Vec::with_capacity(events.len()));
            let mut batch = Batch { rows, payloads };
            for queued in events {
                // The chokepoint: the row may be older than the contract, or another program's.
                match judge.event(&queued.data) {
                    Ok(payload) => {
                        batch.rows.push(queued);
                        batch.payloads.push(payload);
                    }
                    Err(unfit) => self.reject(queued, &unfit.to_string(), Category::SchemaMismatch, 1)?,
                }
            }
            self.advance(events.len() - batch.rows.len());
            if !batch.rows.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Takes the turn to send these events, or keeps it, and says which of them are still there; `None` if it is another's
    /// turn. Removes what is done in the same transaction.
    fn hold<'i>(
        &mut self,
        ids: &[&'i str],
        requests: usize,
        done: &[&str],
    ) -> Result<Option<Vec<&'i str>>, QueueError> {
        let claim = self.claim(requests);
        let held = if done.is_empty() {
            self.queue.hold_events(ids, claim)?
        } else {
            self.queue.together(|queue| {
                queue.acknowledge_events(done)?;
                queue.hold_events(ids, claim)
            })?
        };
        self.keep_log_short(done.len());
        Ok(held)
    }

    /// Leaves out of a batch what is not held. `false` if it is another's turn.
    fn keep_held(&mut self, batch: &mut Batch<'_>, held: Option<Vec<&str>>) -> bool {
        let Some(held) = held else {
            if self.flushed.is_empty() {
                // Another began a moment before.
                self.flushed.elsewhere = true;
            } else {
                self.leave_events(batch.rows.iter().copied());
            }
            return false;
        };
        self.advance(batch.rows.len() - held.len());
        batch.keep(&held);
        true
    }

    /// Keeps the turn to send a batch that has waited, without what is gone meanwhile. `false` if it is another's turn.
    fn hold_again(&mut self, batch: &mut Batch<'_>) -> Result<bool, QueueError> {
        let Some(held) = self.hold(&batch.ids(), 2, &[])? else { return Ok(false) };
        batch.keep(&held);
        Ok(true)
    }

    fn settle_taken(&mut self, taken: Option<Taken<'_>>) -> Result<(), QueueError> {
        if let Some(taken) = taken {
            let rows = taken.rows.len();
            self.settle(taken)?;
            self.advance(rows);
        }
        Ok(())
    }

    /// Says of a batch, and of what would have followed, that they were not tried.
    fn leave(&mut self, batch: &[&QueuedEvent], rest: &[QueuedEvent]) {
        self.leave_events(batch.iter().copied().chain(rest));
    }

    /// Hands over a batch. One that is refused as a whole for what it holds is halved until the culprit is alone; one
    /// that is refused for events that the answer names is sent again without them.
    fn hand_over(&mut self, rows: &[&QueuedEvent], payloads: &[Judged<'_>]) -> Result<bool, QueueError> {
        if rows.is_empty() {
            return Ok(true);
        }
        if self.is_out_of_time() {
            self.stay(rows, Category::ServerError, OUT_OF_TIME);
            return Ok(false);
        }
        let time = self.delivery.patience.next();
        match self.delivery.server.push_events(payloads) {
            Ok(acks) => {
                self.went_well();
                self.settle(Taken { rows: rows.to_vec(), acks })?;
                Ok(true)
            }
            Err(refusal) => self.refused(rows, payloads, &refusal, time),
        }
    }

    /// What becomes of a batch that was refused, after so much time. False if whatever follows would meet the same.
    fn refused(
        &mut self,
        rows: &[&QueuedEvent],
        payloads: &[Judged<'_>],
        refusal: &Refusal,
        time: Duration,
    ) -> Result<bool, QueueError> {
        let go_on = self.learn(refusal, time);
        match refusal {
            Refusal::Named(named) => {
                let named: BTreeMap<&str, &str> =
                    named.iter().map(|(id, reason)| (id.as_str(), reason.as_str())).collect();
                let (mut others, mut payloads_of_others) = (Vec::new(), Vec::new());
                for (queued, payload) in rows.iter().zip(payloads) {
                    if let Some(words) = named.get(queued.event_id.as_str()) {
                        self.reject(queued, words, Category::of_words(words), MAX_TRIES)?;
                    } else {
                        others.push(*queued);
                        payloads_of_others.push(payload.clone());
                    }
                }
                if others.len() < rows.len() {
                    return self.hand_over_again(&others, &payloads_of_others);
                }
                // It names events that were not sent, so none.
                self.halve(rows, payloads, refusal)
            }
            Refusal::Permanent(_) | Refusal::Forbidden(_) | Refusal::Contract(_) => {
                self.halve(rows, payloads, refusal)
            }
            Refusal::Retry { after, .. } => {
                let reason = refusal.to_string();
                self.back_off(rows, self.wait(0, *after), &reason)?;
                self.stay(rows, Category::of(refusal), &reason);
                Ok(go_on)
            }
            Refusal::AuthNeeded => {
                self.stay(rows, Category::of(refusal), &refusal.to_string());
                Ok(go_on)
            }
        }
    }

    /// As [`hand_over`](Self::hand_over), for rows that were held some requests ago: the turn is taken anew. What is gone
    /// meanwhile is left out; if it is another's turn now, all of it stays.
    fn hand_over_again(
        &mut self,
        rows: &[&QueuedEvent],
        payloads: &[Judged<'_>],
    ) -> Result<bool, QueueError> {
        let ids: Vec<&str> = rows.iter().map(|queued| queued.event_id.as_str()).collect();
        let Some(held) = self.hold(&ids, 1, &[])? else {
            self.stay(rows, Category::ServerError, NOT_TRIED);
            return Ok(false);
        };
        if held.len() == rows.len() {
            return self.hand_over(rows, payloads);
        }
        let held: HashSet<&str> = held.into_iter().collect();
        let ours = rows.iter().zip(payloads).filter(|(queued, _)| held.contains(queued.event_id.as_str()));
        let (rows, payloads): (Vec<&QueuedEvent>, Vec<Judged<'_>>) =
            ours.map(|(queued, payload)| (*queued, payload.clone())).unzip();
        self.hand_over(&rows, &payloads)
    }

    /// Parks a row that was refused alone, else tries both halves.
    fn halve(
        &mut self,
        rows: &[&QueuedEvent],
        payloads: &[Judged<'_>],
        refusal: &Refusal,
    ) -> Result<bool, QueueError> {
        if let [queued] = rows {
            self.reject(queued, &refusal.to_string(), Category::of(refusal), 1)?;
            return Ok(true);
        }
        let half = rows.len() / 2;
        let go_on = self.hand_over_again(&rows[..half], &payloads[..half])?;
        if go_on {
            return self.hand_over_again(&rows[half..], &payloads[half..]);
        }
        self.stay(&rows[half..], Category::ServerError, NOT_TRIED);
        Ok(false)
    }

    fn settle(&mut self, taken: Taken<'_>) -> Result<(), QueueError> {
        let settled = Settled::of(taken);
        let ids = settled.ids();
        self.queue.acknowledge_events(&ids)?;
        self.keep_log_short(ids.len());
        self.say(settled)
    }

    /// Says what became of a batch whose acknowledged events are removed, and gives back the others.
    fn say(&mut self, settled: Settled<'_>) -> Result<(), QueueError> {
        let Settled { done, waiting, rejected } = settled;
        for (id, status) in done {
            self.flushed.event(id, status, None);
        }
        self.back_off(&waiting, self.wait(0, None), UNNAMED)?;
        self.stay(&waiting, Category::ServerError, UNNAMED);
        // After what was taken: one of these may hold the turn, and gives it up.
        for (queued, words) in rejected {
            self.reject(queued, &words, Category::of_words(&words), MAX_TRIES)?;
        }
        Ok(())
    }

    fn reject(
        &mut self,
        queued: &QueuedEvent,
        words: &str,
        category: Category,
        max_tries: u32,
    ) -> Result<(), QueueError> {
        let back_off = BackOff { wait: self.wait(queued.retry_count, None), counts: true, error: words };
        let rejection = Rejection { back_off, category: category.word(), max_tries };
        let status = self.queue.reject_event(&queued.event_id, rejection, self.delivery.timing.now())?;
        self.flushed.failed_events += u64::from(status == Some(EventStatus::Failed));
        self.flushed.event(&queued.event_id, "rejected", Some((category, words)));
        Ok(())
    }

    fn back_off(&mut self, rows: &[&QueuedEvent], wait: Duration, reason: &str) -> Result<(), QueueError> {
        if rows.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = rows.iter().map(|queued| queued.event_id.as_str()).collect();
        let back_off = BackOff { wait, counts: false, error: reason };
        self.queue.back_off_events(&ids, self.owner, back_off, self.delivery.timing.now())
    }

    /// Says of events that they stay.
    fn stay(&mut self, rows: &[&QueuedEvent], category: Category, reason: &str) {
        for queued in rows {
            self.flushed.event(&queued.event_id, "pending", Some((category, reason)));
        }
    }
}
