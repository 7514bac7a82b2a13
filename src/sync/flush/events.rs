//! Events, in batches: each is judged by the gate once more, and leaves the queue only when the answer names it.
//!
//! While the server has one batch, the one before is settled and the next is got ready. Never are two with the server:
//! events arrive in the order in which they were queued.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use super::Category;
use super::run::{MAX_TRIES, NOT_TRIED, OUT_OF_TIME, Run};
use crate::gate::{Context, validate};
use crate::json::Value;
use crate::queue::{BackOff, EventStatus, QueueError, QueuedEvent, Rejection};
use crate::transport::{EventAck, EventVerdict, Refusal};

/// Events of one batch, at most.
const BATCH: usize = 1_000;
/// Bytes of one batch, at most.
const BATCH_BYTES: usize = 256 << 10;
/// Room for what stands around the events of a batch.
const OVERHEAD: usize = 32;
const UNNAMED: &str = "the server did not acknowledge it";

/// Events that were judged, and the last of which is held.
struct Batch<'e> {
    rows: Vec<&'e QueuedEvent>,
    payloads: Vec<Value>,
}

impl Run<'_, '_> {
    /// Sends the events. False if whatever follows would meet the same obstacle.
    pub(super) fn send_events(&mut self, events: &[QueuedEvent]) -> Result<bool, QueueError> {
        let (server, mut rest) = (self.delivery.server, events);
        let mut ready = self.get_ready(&mut rest)?;
        let mut taken: Option<(Vec<&QueuedEvent>, Vec<EventAck>)> = None;
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
                    let settled = self.settle_taken(taken.take());
                    let next = settled.and_then(|()| self.get_ready(&mut rest));
                    let (batch, answer) = pushed.join().unwrap_or_else(|panic| resume_unwind(panic));
                    ready = match (next, answer.as_ref()) {
                        (Ok(next), _) => next,
                        (Err(error), Ok(acks)) => {
                            // What the server has said is not to be asked again.
                            let _ = self.settle(&batch.rows, acks.clone());
                            return Err(error);
                        }
                        (Err(error), Err(_)) => return Err(error),
                    };
                    (batch, answer)
                };
                match answer {
                    Ok(acks) => {
                        self.went_well();
                        taken = Some((batch.rows, acks));
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
                                self.get_ready(&mut rest)?
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
    fn get_ready<'e>(&mut self, rest: &mut &'e [QueuedEvent]) -> Result<Option<Batch<'e>>, QueueError> {
        while !rest.is_empty() && !self.is_out_of_time() {
            let (events, later) = rest.split_at(batch_length(rest));
            *rest = later;
            let Some(batch) = self.judge_and_hold(events)? else { return Ok(None) };
            self.advance(events.len() - batch.rows.len());
            if !batch.rows.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Judges events, and takes the turn to send those that pass. `None` if it is another's turn.
    fn judge_and_hold<'e>(&mut self, events: &'e [QueuedEvent]) -> Result<Option<Batch<'e>>, QueueError> {
        let mut passed: Vec<(&QueuedEvent, Value)> = Vec::with_capacity(events.len());
        for queued in events {
            // The chokepoint: the row may be older than the contract, or another program's.
            let verdict = queued.event().map_err(|error| error.to_string()).and_then(|event| {
                validate(&event, Context::Event).map(|()| event).map_err(|violation| violation.to_string())
            });
            match verdict {
                Ok(event) => passed.push((queued, event)),
                Err(reason) => self.reject(queued, &reason, Category::SchemaMismatch, 1)?,
            }
        }
        let ids: Vec<&str> = passed.iter().map(|(queued, _)| queued.event_id.as_str()).collect();
        // The batch before may be with the server, and this one waits for it.
        let Some(held) = self.queue.hold_events(&ids, self.claim(2))? else {
            if self.flushed.is_empty() {
                // Another began a moment before.
                self.flushed.elsewhere = true;
            } else {
                self.leave_events(passed.iter().map(|(queued, _)| *queued));
            }
            return Ok(None);
        };
        let mut held = held.into_iter().peekable();
        passed.retain(|(queued, _)| held.next_if_eq(&queued.event_id.as_str()).is_some());
        let (rows, payloads) = passed.into_iter().unzip();
        Ok(Some(Batch { rows, payloads }))
    }

    /// Keeps the turn to send a batch that has waited, without what is gone meanwhile. `false` if it is another's turn.
    fn hold_again(&mut self, batch: &mut Batch<'_>) -> Result<bool, QueueError> {
        let ids: Vec<&str> = batch.rows.iter().map(|queued| queued.event_id.as_str()).collect();
        let Some(held) = self.queue.hold_events(&ids, self.claim(2))? else { return Ok(false) };
        if held.len() < batch.rows.len() {
            let held: HashSet<&str> = held.into_iter().collect();
            let (rows, payloads) = (std::mem::take(&mut batch.rows), std::mem::take(&mut batch.payloads));
            let both = rows.into_iter().zip(payloads);
            (batch.rows, batch.payloads) =
                both.filter(|(queued, _)| held.contains(queued.event_id.as_str())).unzip();
        }
        Ok(true)
    }

    fn settle_taken(&mut self, taken: Option<(Vec<&QueuedEvent>, Vec<EventAck>)>) -> Result<(), QueueError> {
        if let Some((rows, acks)) = taken {
            self.settle(&rows, acks)?;
            self.advance(rows.len());
        }
        Ok(())
    }

    /// Says of a batch, and of what would have followed, that they were not tried.
    fn leave(&mut self, batch: &[&QueuedEvent], rest: &[QueuedEvent]) {
        self.leave_events(batch.iter().copied().chain(rest));
    }

    /// Hands over a batch. One that is refused as a whole for what it holds is halved until the culprit is alone; one
    /// that is refused for events that the answer names is sent again without them.
    fn hand_over(&mut self, rows: &[&QueuedEvent], payloads: &[Value]) -> Result<bool, QueueError> {
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
                self.settle(rows, acks)?;
                Ok(true)
            }
            Err(refusal) => self.refused(rows, payloads, &refusal, time),
        }
    }

    /// What becomes of a batch that was refused, after so much time. False if whatever follows would meet the same.
    fn refused(
        &mut self,
        rows: &[&QueuedEvent],
        payloads: &[Value],
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
    fn hand_over_again(&mut self, rows: &[&QueuedEvent], payloads: &[Value]) -> Result<bool, QueueError> {
        let ids: Vec<&str> = rows.iter().map(|queued| queued.event_id.as_str()).collect();
        let Some(held) = self.queue.hold_events(&ids, self.claim(1))? else {
            self.stay(rows, Category::ServerError, NOT_TRIED);
            return Ok(false);
        };
        if held.len() == rows.len() {
            return self.hand_over(rows, payloads);
        }
        let held: HashSet<&str> = held.into_iter().collect();
        let ours = rows.iter().zip(payloads).filter(|(queued, _)| held.contains(queued.event_id.as_str()));
        let (rows, payloads): (Vec<&QueuedEvent>, Vec<Value>) =
            ours.map(|(queued, payload)| (*queued, payload.clone())).unzip();
        self.hand_over(&rows, &payloads)
    }

    /// Parks a row that was refused alone, else tries both halves.
    fn halve(
        &mut self,
        rows: &[&QueuedEvent],
        payloads: &[Value],
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

    fn settle(&mut self, rows: &[&QueuedEvent], acks: Vec<EventAck>) -> Result<(), QueueError> {
        let mut verdicts: HashMap<String, EventVerdict> =
            acks.into_iter().map(|ack| (ack.event_id, ack.verdict)).collect();
        let (mut done, mut waiting, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
        for queued in rows {
            let id = queued.event_id.as_str();
            match verdicts.remove(id) {
                Some(EventVerdict::Success) => done.push((id, "success")),
                Some(EventVerdict::Duplicate) => done.push((id, "duplicate")),
                Some(EventVerdict::Rejected(words)) => rejected.push((*queued, words)),
                Some(EventVerdict::Pending) | None => waiting.push(*queued),
            }
        }
        let ids: Vec<&str> = done.iter().map(|(id, _)| *id).collect();
        self.queue.acknowledge_events(&ids)?;
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

/// How many of these make a batch; at least one.
fn batch_length(events: &[QueuedEvent]) -> usize {
    let mut bytes = OVERHEAD;
    let fits = events.iter().take(BATCH).take_while(|event| {
        bytes += event.data.len() + 1;
        bytes <= BATCH_BYTES
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Origin;

    #[test]
    fn batches_keep_both_limits() {
        let event = |size: usize| QueuedEvent {
            event_id: String::new(),
            event_type: String::new(),
            status: EventStatus::Pending,
            retry_count: 0,
            origin: Origin::Tree,
            coalesce_key: None,
            last_error: None,
            error_category: None,
            data: "x".repeat(size),
        };
        assert_eq!(batch_length(&vec![event(10); 1_500]), 1_000);
        assert_eq!(batch_length(&vec![event(100_000); 5]), 2);
        assert_eq!(batch_length(&[event(1 << 20), event(1)]), 1);
    }
}
