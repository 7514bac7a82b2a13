//! Bodies, one by one: each only after the event that indexes its artifact was acknowledged.

use super::{MAX_TRIES, OUT_OF_TIME, Sender, wait_after};
use crate::clock::Instant;
use crate::queue::{BackOff, BodyId, BodyRow, EventStatus, LeasedBody};
use crate::sync::SyncError;
use crate::transport::{Refusal, RetryCause, Stored};

/// Rows that are leased at once.
const BATCH: usize = 50;
const NOT_INDEXED: &str = "its artifact is not indexed yet";
const NEVER_INDEXED: &str = "the event that indexes its artifact has failed";

impl Sender<'_> {
    /// Sends what may go. Without `go_on` nothing is sent, because the server was found in the way.
    pub(super) fn send_bodies(&mut self, rows: Vec<BodyRow>, go_on: bool) -> Result<(), SyncError> {
        let mut ids = Vec::new();
        for row in rows {
            match &row.index_event_id {
                None => ids.push(row.id),
                Some(event) if self.queue.event_status(event)? == Some(EventStatus::Failed) => {
                    self.queue.park_bodies(&[row.id], NEVER_INDEXED, Instant::now())?;
                    self.flushed.fail(NEVER_INDEXED);
                }
                Some(_) => self.flushed.keep(NOT_INDEXED),
            }
        }
        if go_on {
            self.send_all(&ids)
        } else {
            self.flushed.kept += ids.len() as u64;
            Ok(())
        }
    }

    fn send_all(&mut self, ids: &[BodyId]) -> Result<(), SyncError> {
        for (at, batch) in ids.chunks(BATCH).enumerate() {
            let claim = self.claim();
            let mut leased = self.queue.lease_bodies(batch, claim)?.into_iter();
            while let Some(body) = leased.next() {
                let stopped = self.is_out_of_time();
                if stopped {
                    self.flushed.keep(OUT_OF_TIME);
                }
                if stopped || !self.send_body(&body)? {
                    let left = leased.len() + ids.len().saturating_sub((at + 1) * BATCH);
                    self.flushed.kept += left as u64;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Sends one body. False if the next one would meet the same obstacle.
    fn send_body(&mut self, body: &LeasedBody) -> Result<bool, SyncError> {
        let id = body.row.id;
        let refusal = match self.server.push_body(&body.payload) {
            Ok(ack) if ack.confirms(&body.payload) => {
                self.queue.acknowledge_body(id)?;
                match ack.stored {
                    Stored::New => self.flushed.uploaded += 1,
                    Stored::AlreadyExists => self.flushed.already_exists += 1,
                }
                return Ok(true);
            }
            Ok(_) => Refusal::Retry { cause: RetryCause::Unconfirmed, detail: String::new(), after: None },
            Err(refusal) => refusal,
        };
        let reason = refusal.to_string();
        let tries = body.row.retry_count + u32::from(refusal.counts_as_try());
        let now = Instant::now();
        match &refusal {
            Refusal::Permanent(_) | Refusal::Contract(_) => {
                self.queue.fail_body(id, self.owner, &reason, now)?;
                self.flushed.fail(&reason);
            }
            Refusal::Retry { .. } if tries >= MAX_TRIES => {
                self.queue.fail_body(id, self.owner, &reason, now)?;
                self.flushed.fail(&reason);
            }
            Refusal::Retry { after, .. } => {
                let wait = after.unwrap_or_else(|| wait_after(tries));
                let back_off = BackOff { wait, counts: refusal.counts_as_try(), error: &reason };
                self.queue.back_off_body(id, self.owner, back_off, now)?;
                self.flushed.keep(&reason);
            }
            Refusal::AuthNeeded => self.flushed.keep(&reason),
        }
        Ok(!refusal.stops_the_run())
    }
}
