//! From older schemas to the present one, in the transaction of the caller, without losing a row.
//!
//! One of the few places where legacy names may be written down: they are read here and never written.
//! Every table is built anew and filled from the old one, because older tables differ in names, types and
//! constraints. An old table with columns that have no place here is kept under another name.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::schema::{BODIES, CREATE, FAILURES, QUEUE};
use super::{QueueError, row};
use crate::clock::Instant;

/// Where a column's values come from.
struct Source {
    /// The column of the present schema
    column: &'static str,
    /// Names that it has or had; the first one that is there counts
    names: &'static [&'static str],
    /// What it is where there is none, or where it is null
    otherwise: &'static str,
    form: Form,
}

/// What has to be done to an old value.
#[derive(Clone, Copy)]
enum Form {
    /// Nothing
    Same,
    /// Seconds become text
    Text,
    /// Text becomes seconds
    Seconds,
    /// Words of the old life cycle
    Status,
}

/// How a table is carried over.
struct Plan {
    table: &'static str,
    columns: &'static [Source],
    /// The columns that tell rows apart
    key: &'static [&'static str],
    /// Names of columns that are not carried over on purpose
    dropped: &'static [&'static str],
}

const fn same(column: &'static str, names: &'static [&'static str], otherwise: &'static str) -> Source {
    Source { column, names, otherwise, form: Form::Same }
}

const SLUG: &[&str] = &["mission_slug", "feature_slug"];
const TYPE: &[&str] = &["mission_type", "mission_key"];

const PLANS: [Plan; 3] = [
    Plan {
        table: QUEUE,
        columns: &[
            same("id", &["id", "row_id"], "NULL"),
            same("event_id", &["event_id"], "''"),
            same("event_type", &["event_type"], "''"),
            Source { column: "status", names: &["status"], otherwise: "'pending'", form: Form::Status },
            same("retry_count", &["retry_count"], "0"),
            Source {
                column: "created_at",
                names: &["created_at", "timestamp"],
                otherwise: ":now",
                form: Form::Text,
            },
            Source {
                column: "last_attempt_at",
                names: &["last_attempt_at"],
                otherwise: "NULL",
                form: Form::Text,
            },
            Source {
                column: "next_attempt_at",
                names: &["next_attempt_at"],
                otherwise: "0",
                form: Form::Seconds,
            },
            same("last_error", &["last_error"], "NULL"),
            same("error_category", &["error_category"], "NULL"),
            same("coalesce_key", &["coalesce_key"], "NULL"),
            same("data", &["data"], "''"),
        ],
        key: &["event_id"],
        dropped: &["timestamp", "origin", "lease_owner", "lease_until"],
    },
    Plan {
        table: BODIES,
        columns: &[
            same("row_id", &["row_id", "id"], "NULL"),
            same("project_uuid", &["project_uuid"], "''"),
            same("mission_slug", SLUG, "''"),
            same("target_branch", &["target_branch"], "''"),
            same("mission_type", TYPE, "''"),
            same("manifest_version", &["manifest_version"], "''"),
            same("artifact_path", &["artifact_path"], "''"),
            same("content_hash", &["content_hash"], "''"),
            same("hash_algorithm", &["hash_algorithm"], "'sha256'"),
            same("size_bytes", &["size_bytes"], "length(CAST(content_body AS BLOB))"),
            same("retry_count", &["retry_count"], "0"),
            Source {
                column: "next_attempt_at",
                names: &["next_attempt_at"],
                otherwise: "0",
                form: Form::Seconds,
            },
            Source { column: "created_at", names: &["created_at"], otherwise: ":now", form: Form::Seconds },
            same("last_error", &["last_error"], "NULL"),
            same("blob_id", &["blob_id"], "NULL"),
            same("index_event_id", &["index_event_id"], "NULL"),
            same("content_body", &["content_body"], "''"),
        ],
        key: &BODY_KEY,
        dropped: &["origin", "lease_owner", "lease_until"],
    },
    Plan {
        table: FAILURES,
        columns: &[
            same("project_uuid", &["project_uuid"], "''"),
            same("mission_slug", SLUG, "''"),
            same("target_branch", &["target_branch"], "''"),
            same("mission_type", TYPE, "''"),
            same("manifest_version", &["manifest_version"], "''"),
            same("artifact_path", &["artifact_path"], "''"),
            same("content_hash", &["content_hash"], "''"),
            same("hash_algorithm", &["hash_algorithm"], "'sha256'"),
            same("size_bytes", &["size_bytes"], "0"),
            same("failure_reason", &["failure_reason"], "''"),
            same("failure_count", &["failure_count"], "1"),
            Source {
                column: "first_failed_at",
                names: &["first_failed_at"],
                otherwise: ":now",
                form: Form::Seconds,
            },
            Source {
                column: "last_failed_at",
                names: &["last_failed_at"],
                otherwise: ":now",
                form: Form::Seconds,
            },
        ],
        key: &[
            "project_uuid",
            "mission_slug",
            "target_branch",
            "mission_type",
            "manifest_version",
            "artifact_path",
            "content_hash",
            "failure_reason",
        ],
        dropped: &["id", "row_id"],
    },
];

const BODY_KEY: [&str; 7] = [
    "project_uuid",
    "mission_slug",
    "target_branch",
    "mission_type",
    "manifest_version",
    "artifact_path",
    "content_hash",
];

/// Makes the present schema out of whatever tables are there: none, or those of an older one.
pub(super) fn migrate(transaction: &Connection, path: &Path, now: Instant) -> Result<(), QueueError> {
    let sql = |error| QueueError::sql(path, error);
    let mut old = Vec::new();
    for plan in &PLANS {
        if let Some(columns) = columns_of(transaction, plan.table).map_err(sql)? {
            let set_by = format!("{}_legacy", plan.table);
            transaction
                .execute_batch(&format!("ALTER TABLE {} RENAME TO {set_by}", plan.table))
                .map_err(sql)?;
            old.push((plan, columns, set_by));
        }
    }
    transaction.execute_batch(CREATE).map_err(sql)?;
    for (plan, columns, from) in old {
        let (before, after) = plan.carry_over(transaction, &columns, &from, now).map_err(sql)?;
        if before != after {
            return Err(QueueError::Migration { path: path.to_owned(), table: plan.table, before, after });
        }
        if plan.knows(&columns) {
            transaction.execute_batch(&format!("DROP TABLE {from}")).map_err(sql)?;
        }
    }
    Ok(())
}

/// The columns of a table, in lower case; `None` if there is no such table.
fn columns_of(transaction: &Connection, table: &str) -> rusqlite::Result<Option<BTreeSet<String>>> {
    let there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    if transaction.query_row(there, [table], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let mut names = transaction.prepare("SELECT lower(name) FROM pragma_table_info(?1)")?;
    names.query_map([table], |r| r.get(0))?.collect::<Result<_, _>>().map(Some)
}

impl Plan {
    /// Copies the rows. Returns how many different ones there were before, and how many there are now.
    fn carry_over(
        &self,
        transaction: &Connection,
        present: &BTreeSet<String>,
        from: &str,
        now: Instant,
    ) -> rusqlite::Result<(u64, u64)> {
        let names: Vec<_> = self.columns.iter().map(|source| source.column).collect();
        let values: Vec<_> = self.columns.iter().map(|source| source.expression(present)).collect();
        // Delivered rows were kept for a while under this word.
        let undelivered = if present.contains("status") { "WHERE status IS NOT 'synced'" } else { "" };
        let (origin, import) = if self.table == FAILURES { ("", "") } else { (", origin", ", 'import'") };
        let insert = format!(
            "INSERT INTO {}({}{origin}) SELECT {}{import} FROM {from} {} ORDER BY rowid ON CONFLICT DO NOTHING",
            self.table,
            names.join(", "),
            values.join(", "),
            // Without a WHERE, SQLite would read ON CONFLICT as part of a join.
            if undelivered.is_empty() { "WHERE true" } else { undelivered },
        );
        let bind = [(":now", &row::seconds(now))];
        if insert.contains(":now") {
            transaction.execute(&insert, &bind)?;
        } else {
            transaction.execute(&insert, [])?;
        }
        let key: Vec<_> = self
            .columns
            .iter()
            .filter(|source| self.key.contains(&source.column))
            .map(|source| source.expression(present))
            .collect();
        let distinct =
            format!("SELECT count(*) FROM (SELECT DISTINCT {} FROM {from} {undelivered})", key.join(", "));
        let count = |sql: &str| transaction.query_row(sql, [], |r| r.get(0)).map(row::count);
        Ok((count(&distinct)?, count(&format!("SELECT count(*) FROM {}", self.table))?))
    }

    /// Whether every old column has a place in the present schema.
    fn knows(&self, present: &BTreeSet<String>) -> bool {
        present.iter().all(|column| {
            self.dropped.contains(&column.as_str())
                || self.columns.iter().any(|source| source.names.contains(&column.as_str()))
        })
    }
}

impl Source {
    /// The SQL expression that gives this column's value out of the old table.
    fn expression(&self, present: &BTreeSet<String>) -> String {
        let mut names = self.names.iter().filter(|name| present.contains(**name));
        let Some(name) = names.next() else { return self.default() };
        let value = match self.form {
            Form::Same => (*name).to_owned(),
            Form::Status => {
                return format!(
                    "CASE WHEN {name} IN ('failed', 'dead_letter') THEN 'failed' ELSE 'pending' END"
                );
            }
            Form::Text => format!("CASE typeof({name}) WHEN 'text' THEN {name} ELSE {} END", row::iso(name)),
            Form::Seconds => format!(
                "CASE typeof({name}) WHEN 'text' THEN (julianday({name}) - 2440587.5) * 86400.0 ELSE {name} END"
            ),
        };
        format!("coalesce({value}, {})", self.default())
    }

    fn default(&self) -> String {
        match self.form {
            Form::Text if self.otherwise == ":now" => row::iso(":now"),
            _ => self.otherwise.to_owned(),
        }
    }
}
