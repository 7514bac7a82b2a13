//! What makes a batch of events, and what the server's words about it come to. Knows neither queue nor server.

use std::collections::HashSet;

use crate::gate::Judged;
use crate::queue::QueuedEvent;
use crate::transport::{EventAck, EventVerdict};

/// Events of one batch, at most.
const BATCH: usize = 1_000;
/// Bytes of one batch, at most.
const BATCH_BYTES: usize = 256 << 10;
/// Room for what stands around the events of a batch.
const OVERHEAD: usize = 32;

/// Events that were judged, and the last of which is held.
pub(super) struct Batch<'e> {
    pub(super) rows: Vec<&'e QueuedEvent>,
    pub(super) payloads: Vec<Judged<'e>>,
}

/// What the server has said of a batch.
pub(super) struct Taken<'e> {
    pub(super) rows: Vec<&'e QueuedEvent>,
    pub(super) acks: Vec<EventAck>,
}

/// What is left to do of a batch when what the server has was removed.
pub(super) struct Settled<'e> {
    pub(super) done: Vec<(&'e str, &'static str)>,
    pub(super) waiting: Vec<&'e QueuedEvent>,
    pub(super) rejected: Vec<(&'e QueuedEvent, String)>,
}

impl<'e> Batch<'e> {
    pub(super) fn ids(&self) -> Vec<&'e str> {
        self.rows.iter().map(|queued| queued.event_id.as_str()).collect()
    }

    /// Leaves out what is not among these.
    pub(super) fn keep(&mut self, held: &[&str]) {
        if held.len() < self.rows.len() {
            let held: HashSet<&str> = held.iter().copied().collect();
            let (rows, payloads) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.payloads));
            let both = rows.into_iter().zip(payloads);
            (self.rows, self.payloads) =
                both.filter(|(queued, _)| held.contains(queued.event_id.as_str())).unzip();
        }
    }
}

impl<'e> Settled<'e> {
    pub(super) fn of(taken: Taken<'e>) -> Self {
        let Taken { rows, mut acks } = taken;
        // Of two words about one event the later counts.
        acks.sort_by(|one, two| one.event_id.cmp(&two.event_id));
        let mut settled =
            Self { done: Vec::with_capacity(rows.len()), waiting: Vec::new(), rejected: Vec::new() };
        for queued in rows {
            let id = queued.event_id.as_str();
            let after = acks.partition_point(|ack| ack.event_id.as_str() <= id);
            let ack = after.checked_sub(1).and_then(|at| acks.get_mut(at)).filter(|ack| ack.event_id == id);
            match ack.map(|ack| std::mem::replace(&mut ack.verdict, EventVerdict::Pending)) {
                Some(EventVerdict::Success) => settled.done.push((id, "success")),
                Some(EventVerdict::Duplicate) => settled.done.push((id, "duplicate")),
                Some(EventVerdict::Rejected(words)) => settled.rejected.push((queued, words)),
                Some(EventVerdict::Pending) | None => settled.waiting.push(queued),
            }
        }
        settled
    }

    /// The events that the server has.
    pub(super) fn ids(&self) -> Vec<&'e str> {
        self.done.iter().map(|(id, _)| *id).collect()
    }
}

/// How many of these make a batch; at least one.
pub(super) fn batch_length(events: &[QueuedEvent]) -> usize {
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
    use crate::queue::{EventStatus, Origin};

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
