//! Events, in batches: each is judged by the gate once more, and leaves the queue only when the answer names it.

use std::collections::HashMap;

use super::{MAX_TRIES, OUT_OF_TIME, Sender, wait_after};
use crate::clock::Instant;
use crate::gate::{Context, validate};
use crate::json::Value;
use crate::queue::{BackOff, QueuedEvent, Rejection};
use crate::sync::SyncError;
use crate::transport::{EventAck, EventVerdict, Refusal};

/// Events of one batch, at most.
const BATCH: usize = 1_000;
/// Bytes of one batch, at most.
const BATCH_BYTES: usize = 256 << 10;
/// Room for what stands around and between the events of a batch.
const OVERHEAD: usize = 32;
const SCHEMA_MISMATCH: &str = "schema_mismatch";

impl Sender<'_> {
    /// Sends the events. False if whatever follows would meet the same obstacle.
    pub(super) fn send_events(&mut self, events: &[QueuedEvent]) -> Result<bool, SyncError> {
        let mut rest = events;
        while !rest.is_empty() {
            if self.is_out_of_time() {
                self.keep_events(rest, OUT_OF_TIME);
                return Ok(false);
            }
            let (batch, later) = rest.split_at(batch_length(rest));
            if !self.send_leased(batch)? {
                self.keep_events(later, "not tried");
                return Ok(false);
            }
            rest = later;
        }
        Ok(true)
    }

    fn send_leased(&mut self, batch: &[QueuedEvent]) -> Result<bool, SyncError> {
        let ids: Vec<&str> = batch.iter().map(|event| event.event_id.as_str()).collect();
        let claim = self.claim();
        let held = self.queue.lease_events(&ids, claim)?;
        let mut ready = Vec::with_capacity(held.len());
        for queued in batch.iter().filter(|event| held.contains(&event.event_id.as_str())) {
            // The chokepoint: the row may be older than the contract, or another program's.
            let judged = queued.event().map_err(|error| error.to_string()).and_then(|event| {
                validate(&event, Context::Event).map(|()| event).map_err(|violation| violation.to_string())
            });
            match judged {
                Ok(event) => ready.push((queued, event)),
                Err(reason) => self.reject(queued, &reason, SCHEMA_MISMATCH, 1)?,
            }
        }
        self.deliver(&ready)
    }

    /// Hands over a batch; one that is refused as a whole for what it holds is halved until the culprit is alone.
    fn deliver(&mut self, batch: &[(&QueuedEvent, Value)]) -> Result<bool, SyncError> {
        if batch.is_empty() {
            return Ok(true);
        }
        let payloads: Vec<Value> = batch.iter().map(|(_, event)| event.clone()).collect();
        match self.server.push_events(&payloads) {
            Ok(acks) => self.settle(batch, acks),
            Err(refusal @ (Refusal::Permanent(_) | Refusal::Contract(_))) => {
                if let [(queued, _)] = batch {
                    self.reject(queued, &refusal.to_string(), category(&refusal.to_string()), 1)?;
                    return Ok(true);
                }
                let (one, other) = batch.split_at(batch.len() / 2);
                Ok(self.deliver(one)? && self.deliver(other)?)
            }
            Err(refusal) => {
                let reason = refusal.to_string();
                if let Refusal::Retry { after, .. } = &refusal {
                    let wait = after.unwrap_or_else(|| wait_after(0));
                    self.back_off(batch, wait, &reason)?;
                }
                for (queued, _) in batch {
                    self.flushed.event(&queued.event_id, "pending", Some((&reason, category(&reason))));
                }
                Ok(!refusal.stops_the_run())
            }
        }
    }

    fn settle(&mut self, batch: &[(&QueuedEvent, Value)], acks: Vec<EventAck>) -> Result<bool, SyncError> {
        let mut verdicts: HashMap<String, EventVerdict> =
            acks.into_iter().map(|ack| (ack.event_id, ack.verdict)).collect();
        let (mut done, mut waiting) = (Vec::new(), Vec::new());
        for (queued, event) in batch {
            let id = queued.event_id.as_str();
            match verdicts.remove(id) {
                Some(EventVerdict::Success) => {
                    done.push(id);
                    self.flushed.event(id, "success", None);
                }
                Some(EventVerdict::Duplicate) => {
                    done.push(id);
                    self.flushed.event(id, "duplicate", None);
                }
                Some(EventVerdict::Rejected(words)) => {
                    self.reject(queued, &words, category(&words), MAX_TRIES)?;
                }
                Some(EventVerdict::Pending) | None => {
                    waiting.push((*queued, event.clone()));
                    let words = "the server did not acknowledge it";
                    self.flushed.event(id, "pending", Some((words, "unknown")));
                }
            }
        }
        self.queue.acknowledge_events(&done)?;
        self.back_off(&waiting, wait_after(0), "the server did not acknowledge it")?;
        Ok(true)
    }

    fn reject(
        &mut self,
        queued: &QueuedEvent,
        words: &str,
        category: &'static str,
        max_tries: u32,
    ) -> Result<(), SyncError> {
        let back_off = BackOff { wait: wait_after(queued.retry_count), counts: true, error: words };
        let rejection = Rejection { back_off, category, max_tries };
        self.queue.reject_event(&queued.event_id, rejection, Instant::now())?;
        self.flushed.event(&queued.event_id, "rejected", Some((words, category)));
        Ok(())
    }

    fn back_off(
        &mut self,
        batch: &[(&QueuedEvent, Value)],
        wait: std::time::Duration,
        reason: &str,
    ) -> Result<(), SyncError> {
        let ids: Vec<&str> = batch.iter().map(|(queued, _)| queued.event_id.as_str()).collect();
        let back_off = BackOff { wait, counts: false, error: reason };
        Ok(self.queue.back_off_events(&ids, self.owner, back_off, Instant::now())?)
    }

    fn keep_events(&mut self, events: &[QueuedEvent], reason: &str) {
        for event in events {
            self.flushed.event(&event.event_id, "pending", Some((reason, "unknown")));
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

/// The kind of a rejection, by the words of it.
fn category(words: &str) -> &'static str {
    const KINDS: [(&str, &[&str]); 3] = [
        (SCHEMA_MISMATCH, &["invalid", "schema", "field", "missing", "type"]),
        ("auth_expired", &["token", "expired", "unauthorized", "401"]),
        ("server_error", &["internal", "500", "timeout", "unavailable"]),
    ];
    let words = words.to_lowercase();
    let kind = KINDS.iter().find(|(_, keywords)| keywords.iter().any(|keyword| words.contains(keyword)));
    kind.map_or("unknown", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{EventStatus, Origin};

    #[test]
    fn rejections_are_told_apart_by_their_words() {
        for (words, kind) in [
            ("Missing field build_id", "schema_mismatch"),
            ("Token has EXPIRED", "auth_expired"),
            ("internal error", "server_error"),
            ("503 Service Unavailable", "server_error"),
            ("no", "unknown"),
        ] {
            assert_eq!(category(words), kind, "{words}");
        }
    }

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
