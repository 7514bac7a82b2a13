//! The bodies of one run as they are come across, a page at a time: however many wait, few are in memory.
//!
//! Knows what may be sent and in which order, and nothing of how.

use std::collections::{HashSet, VecDeque};

use super::run::Run;
use crate::clock::Instant;
use crate::queue::{BodyId, BodyRow, Due, QueueError};

/// Rows that are looked up at once.
const LISTED: u32 = 256;
/// Bodies that are read at once, at most,
pub(super) const READ: usize = 128;
/// and their bytes, at most, if they are more than one.
pub(super) const READ_BYTES: u64 = 1 << 20;

/// The bodies of one run: those that were due when it began, as they are come across.
pub(super) struct Listing<'r> {
    may_leave: &'r dyn Fn(&BodyRow) -> bool,
    pub(super) kind: Due,
    after: Option<BodyId>,
    last: BodyId,
    /// When the run began
    now: Instant,
    pub(super) ready: VecDeque<BodyRow>,
    /// Rows that are done with, whose memory is used again
    pub(super) spare: Vec<BodyRow>,
    /// What was given back in this run, and may be due again
    pub(super) refused: HashSet<BodyId>,
}

impl<'r> Listing<'r> {
    /// The bodies up to this one that were due at that time.
    pub(super) fn new(may_leave: &'r dyn Fn(&BodyRow) -> bool, last: BodyId, now: Instant) -> Self {
        let (ready, spare, refused) = (VecDeque::new(), Vec::new(), HashSet::new());
        Self { may_leave, kind: Due::Waiting, after: None, last, now, ready, spare, refused }
    }

    /// The next rows that are read at once; one at least, if any is known.
    pub(super) fn next(&mut self) -> Vec<BodyRow> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while let Some(row) = self.ready.pop_front() {
            bytes += row.size_bytes;
            if rows.len() == READ || (!rows.is_empty() && bytes > READ_BYTES) {
                self.ready.push_front(row);
                break;
            }
            rows.push(row);
        }
        rows
    }

    /// Nothing comes any more.
    pub(super) fn forget(&mut self) {
        self.ready.clear();
        (self.kind, self.after) = (Due::Tried, Some(self.last));
    }
}

impl Run<'_, '_> {
    /// Looks for what comes next, if nothing is known of it. False if nothing comes.
    pub(super) fn look_ahead(&mut self, list: &mut Listing<'_>) -> Result<bool, QueueError> {
        while list.ready.is_empty() {
            let found = self.queue.next_bodies(
                list.kind,
                (list.after, list.last),
                LISTED,
                list.now,
                &mut list.spare,
            )?;
            match found.last() {
                Some(row) => list.after = Some(row.id),
                None => match list.kind.next() {
                    Some(kind) => (list.kind, list.after) = (kind, None),
                    None => return Ok(false),
                },
            }
            let all = found.len();
            list.ready.extend(
                found.into_iter().filter(|row| (list.may_leave)(row) && !list.refused.contains(&row.id)),
            );
            self.leave_out(all - list.ready.len());
        }
        Ok(true)
    }
}
