//! Events, in batches: each is judged by the gate once more, and leaves the queue only when the answer names it.

use std::collections::{BTreeMap, HashMap, HashSet};
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

impl Run<'_, '_> {
    /// Sends the events. False if whatever follows would meet the same obstacle.
    pub(super) fn send_events(&mut self, events: &[QueuedEvent]) -> Result<bool, QueueError> {
        let mut rest = events;
        while !rest.is_empty() {
            if self.is_out_of_time() {
                self.leave_events(rest);
                return Ok(false);
            }
            let (batch, later) = rest.split_at(batch_length(rest));
            if !self.send_leased(batch)? {
                self.leave_events(later);
                return Ok(false);
            }
            self.advance(batch.len());
            rest = later;
        }
        Ok(true)
    }

    fn send_leased(&mut self, batch: &[QueuedEvent]) -> Result<bool, QueueError> {
        let ids: Vec<&str> = batch.iter().map(|event| event.event_id.as_str()).collect();
        let held = self.queue.lease_events(&ids, self.claim(1))?;
        let held: HashSet<&str> = held.into_iter().collect();
        let (mut rows, mut payloads) = (Vec::with_capacity(held.len()), Vec::with_capacity(held.len()));
        for queued in batch.iter().filter(|event| held.contains(event.event_id.as_str())) {
            // The chokepoint: the row may be older than the contract, or another program's.
            let judged = queued.event().map_err(|error| error.to_string()).and_then(|event| {
                validate(&event, Context::Event).map(|()| event).map_err(|violation| violation.to_string())
            });
            match judged {
                Ok(event) => {
                    rows.push(queued);
                    payloads.push(event);
                }
                Err(reason) => self.reject(queued, &reason, Category::SchemaMismatch, 1)?,
            }
        }
        self.hand_over(&rows, &payloads)
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
        let refusal = match self.delivery.server.push_events(payloads) {
            Ok(acks) => {
                self.went_well();
                self.settle(rows, acks)?;
                return Ok(true);
            }
            Err(refusal) => refusal,
        };
        let go_on = self.learn(&refusal, time);
        match &refusal {
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
                self.halve(rows, payloads, &refusal)
            }
            Refusal::Permanent(_) | Refusal::Forbidden(_) | Refusal::Contract(_) => {
                self.halve(rows, payloads, &refusal)
            }
            Refusal::Retry { after, .. } => {
                let reason = refusal.to_string();
                self.back_off(rows, self.wait(0, *after), &reason)?;
                self.stay(rows, Category::of(&refusal), &reason);
                Ok(go_on)
            }
            Refusal::AuthNeeded => {
                self.stay(rows, Category::of(&refusal), &refusal.to_string());
                Ok(go_on)
            }
        }
    }

    /// As [`hand_over`](Self::hand_over), for rows that were leased some requests ago: the lease starts anew, and what
    /// another sender has taken meanwhile is left to it.
    fn hand_over_again(&mut self, rows: &[&QueuedEvent], payloads: &[Value]) -> Result<bool, QueueError> {
        let ids: Vec<&str> = rows.iter().map(|queued| queued.event_id.as_str()).collect();
        let held: HashSet<&str> = self.queue.extend_events(&ids, self.claim(1))?.into_iter().collect();
        if held.len() == rows.len() {
            return self.hand_over(rows, payloads);
        }
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
        let (mut done, mut waiting) = (Vec::new(), Vec::new());
        for queued in rows {
            let id = queued.event_id.as_str();
            match verdicts.remove(id) {
                Some(EventVerdict::Success) => done.push((id, "success")),
                Some(EventVerdict::Duplicate) => done.push((id, "duplicate")),
                Some(EventVerdict::Rejected(words)) => {
                    self.reject(queued, &words, Category::of_words(&words), MAX_TRIES)?;
                }
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
