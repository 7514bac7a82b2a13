//! The log of what was committed: how long it may grow before it is carried over into the database. Knows no table.

use super::Queue;

/// A shorter log is read by whoever opens the store next in less time than it takes to carry it over.
const SHORT: u64 = 128 << 10;

impl Queue {
    /// Carries a long log over into the database, as far as nobody reads it, so that it is written anew from its beginning:
    /// a long one takes its time to be read again, and to be removed. Best effort: what is committed is in the log.
    pub fn carry_over(&self) {
        let mut log = self.path().as_os_str().to_owned();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|log| log.len() > SHORT) {
            let _ = self
                .read(|connection| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        }
    }
}
