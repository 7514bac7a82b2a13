//! The list of bodies that will not be sent, and why. Knows nothing about how a body gets there.

use rusqlite::params;

use super::row::{self, KEY_COLUMNS};
use super::{BodyKey, Queue, QueueError};
use crate::clock::Instant;

/// A body that will not be sent unless it is queued again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Names the entry
    pub id: i64,
    /// Which body
    pub key: BodyKey,
    /// Bytes of its content
    pub size_bytes: u64,
    /// Why
    pub reason: String,
    /// How often for this reason
    pub count: u64,
    /// The first time
    pub first_failed_at: Option<Instant>,
    /// The last time
    pub last_failed_at: Option<Instant>,
}

impl Queue {
    /// The failure list, oldest first.
    pub fn failures(&self) -> Result<Vec<Failure>, QueueError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT row_id, {KEY_COLUMNS}, size_bytes, failure_reason, failure_count, {}, {}
                 FROM body_upload_failure_log ORDER BY row_id",
                row::iso("first_failed_at"),
                row::iso("last_failed_at")
            );
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map([], |r| {
                Ok(Failure {
                    id: r.get(0)?,
                    key: row::body_key(r, 1)?,
                    size_bytes: row::count(r.get(8)?),
                    reason: r.get(9)?,
                    count: row::count(r.get(10)?),
                    first_failed_at: row::instant(r.get(11)?),
                    last_failed_at: row::instant(r.get(12)?),
                })
            })?;
            rows.collect()
        })
    }

    /// How many entries the failure list has.
    pub fn failure_count(&self) -> Result<u64, QueueError> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM body_upload_failure_log";
            Ok(row::count(connection.query_row(sql, [], |r| r.get(0))?))
        })
    }

    /// Takes an entry off the failure list, for a body that was queued again. False if it was not there.
    pub fn forget_failure(&mut self, id: i64) -> Result<bool, QueueError> {
        self.write(|transaction| {
            let sql = "DELETE FROM body_upload_failure_log WHERE row_id = ?1";
            Ok(transaction.execute(sql, params![id])? == 1)
        })
    }
}
