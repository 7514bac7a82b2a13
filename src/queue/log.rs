//! The log of what was committed: how long it may grow before it is carried over into the database. Knows no table.

use super::Queue;
use super::files::log_length;
use super::open::SHORT_LOG;

/// A shorter log is read by whoever opens the store next in less time than it takes to carry it over.
const SHORT: u64 = 128 << 10;

impl Queue {
    /// Carries a long log over into the database, as far as nobody reads it, so that it is written anew from its beginning:
    /// a long one takes its time to be read again, and to be removed. One that is too long to be left is cut then. Best
    /// effort: what is committed is in the log.
    pub fn carry_over(&self) {
        let Some(length) = log_length(self.path()).filter(|length| *length > SHORT) else { return };
        let _ =
            self.read(|connection| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        if length > SHORT_LOG {
            let limit = format!("PRAGMA journal_size_limit = {SHORT_LOG}");
            let _ = self.read(|connection| connection.execute_batch(&limit));
        }
    }
}
