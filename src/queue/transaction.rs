//! Reading and writing an open store: everything in transactions. Knows no table.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{Access, Queue, QueueError};

impl Queue {
    /// Does several things in one transaction that holds the write lock from its start: all of them or, after an error,
    /// none.
    pub fn together<T, E: From<QueueError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.writable()?;
        let run = |queue: &Self, sql: &str| {
            queue.connection.execute_batch(sql).map_err(|error| QueueError::sql(&queue.path, error))
        };
        run(self, "BEGIN IMMEDIATE")?;
        let result = work(self).and_then(|done| Ok(run(self, "COMMIT").map(|()| done)?));
        if result.is_err() && !self.connection.is_autocommit() {
            // What cannot be undone now is undone by whoever opens it next.
            let _ = run(self, "ROLLBACK");
        }
        result
    }

    /// Runs `work` in one transaction that holds the write lock from its start, or as a part of one that is open
    /// ([`together`](Self::together)); an error undoes all of it.
    pub(super) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        self.writable()?;
        let sql = |error| QueueError::sql(&self.path, error);
        if self.connection.is_autocommit() {
            let transaction =
                Transaction::new(&mut self.connection, TransactionBehavior::Immediate).map_err(sql)?;
            let result = work(&transaction)?;
            transaction.commit().map_err(sql)?;
            Ok(result)
        } else {
            let part = self.connection.savepoint().map_err(sql)?;
            let result = work(&part)?;
            part.commit().map_err(sql)?;
            Ok(result)
        }
    }

    fn writable(&self) -> Result<(), QueueError> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly { found } => Err(QueueError::Newer { path: self.path.clone(), found }),
        }
    }

    /// As [`transaction`](Self::transaction), for work that only `SQLite` can refuse.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, QueueError> {
        let path = self.path.clone();
        self.transaction(|transaction| work(transaction).map_err(|error| QueueError::sql(&path, error)))
    }

    /// Runs a query.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, QueueError> {
        work(&self.connection).map_err(|error| QueueError::sql(&self.path, error))
    }
}
