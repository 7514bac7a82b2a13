//! What was handled already, one record per worktree and ref, and small values that outlive a run.
//!
//! Knows nothing about what handling means.

use rusqlite::{OptionalExtension as _, params};

use super::{Queue, QueueError, row};

/// The state of a ref up to which everything was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// The absolute git directory of the worktree
    pub worktree: String,
    /// The full name of the ref
    pub reference: String,
    /// The commit, hexadecimal
    pub tip: String,
    /// Its `kitty-specs` tree, hexadecimal; `None` if it has none
    pub specs_tree: Option<String>,
}

impl Queue {
    /// The record of a ref in a worktree.
    pub fn handled(&self, worktree: &str, reference: &str) -> Result<Option<Handled>, QueueError> {
        self.read(|connection| {
            let sql = "SELECT tip, specs_tree FROM handled WHERE worktree = ?1 AND ref = ?2";
            connection
                .query_row(sql, [worktree, reference], |r| {
                    Ok(Handled {
                        worktree: worktree.to_owned(),
                        reference: reference.to_owned(),
                        tip: r.get(0)?,
                        specs_tree: r.get(1)?,
                    })
                })
                .optional()
        })
    }

    /// Writes a record over the one that was there.
    pub fn set_handled(&mut self, record: &Handled) -> Result<(), QueueError> {
        self.write(|transaction| {
            let sql = "INSERT INTO handled(worktree, ref, tip, specs_tree) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET tip = excluded.tip, specs_tree = excluded.specs_tree";
            let values = params![record.worktree, record.reference, record.tip, record.specs_tree];
            transaction.execute(sql, values).map(drop)
        })
    }

    /// Every record, by worktree and ref.
    pub fn all_handled(&self) -> Result<Vec<Handled>, QueueError> {
        self.read(|connection| {
            let sql = "SELECT worktree, ref, tip, specs_tree FROM handled ORDER BY worktree, ref";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |r| {
                Ok(Handled {
                    worktree: r.get(0)?,
                    reference: r.get(1)?,
                    tip: r.get(2)?,
                    specs_tree: r.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Removes the record of a ref that is no more. False if there was none.
    pub fn forget_handled(&mut self, worktree: &str, reference: &str) -> Result<bool, QueueError> {
        self.write(|transaction| {
            let sql = "DELETE FROM handled WHERE worktree = ?1 AND ref = ?2";
            Ok(transaction.execute(sql, [worktree, reference])? == 1)
        })
    }

    /// The value under a key.
    pub fn state(&self, key: &str) -> Result<Option<String>, QueueError> {
        self.read(|connection| {
            connection.query_row("SELECT value FROM state WHERE key = ?1", [key], |r| r.get(0)).optional()
        })
    }

    /// Writes a value, or removes it.
    pub fn set_state(&mut self, key: &str, value: Option<&str>) -> Result<(), QueueError> {
        self.write(|transaction| {
            let sql = match value {
                Some(_) => "INSERT OR REPLACE INTO state(key, value) VALUES (?1, ?2)",
                None => "DELETE FROM state WHERE key = ?1 AND ?2 IS NULL",
            };
            transaction.execute(sql, params![key, value]).map(drop)
        })
    }

    /// Takes `amount` numbers off the counter under a key and returns the first: no two calls, of any process,
    /// are given the same. The first number ever is 1.
    pub fn take_numbers(&mut self, key: &str, amount: u32) -> Result<u64, QueueError> {
        self.write(|transaction| {
            let last: i64 = transaction.query_row(
                "INSERT INTO state(key, value) VALUES (?1, CAST(?2 AS TEXT))
                 ON CONFLICT DO UPDATE SET value = CAST(CAST(value AS INTEGER) + ?2 AS TEXT)
                 RETURNING CAST(value AS INTEGER)",
                params![key, amount],
                |r| r.get(0),
            )?;
            Ok(row::count(last - i64::from(amount) + 1))
        })
    }
}
