//! Between SQL and the domain: columns, words and times. Knows nothing about transactions.

use std::time::Duration;

use rusqlite::Row;

use super::{BodyId, BodyKey, BodyRow, Origin, TreeBody};
use crate::clock::Instant;
use crate::dossier::NamespaceFields;
use crate::json::{Object, Value};

/// The longest lease and the longest wait that are believed, in seconds.
const LONGEST_LEASE: f64 = 3_600.0;
const LONGEST_WAIT: f64 = 86_400.0;

/// Bytes that need not be given back.
const SMALL: usize = 4 << 10;

/// No sender holds the row at `?1`. A lease that ends impossibly late was made before the clock was set back.
pub(super) const FREE: &str = "(lease_until IS NULL OR lease_until <= ?1 OR lease_until > ?1 + 3600)";

/// The row may be tried at `?1`; a wait that ends impossibly late was made before the clock was set back.
pub(super) const DUE: &str = "(next_attempt_at <= ?1 OR next_attempt_at > ?1 + 86400)";

/// The row came from a tree; what [`Origin::from_word`] does not know counts as that.
pub(super) const FROM_TREE: &str = "origin NOT IN ('import', 'worktree')";

/// The body was read from a blob of a tree; see [`FROM_TREE`].
pub(super) const TREE_BODY: &str = "origin NOT IN ('import', 'worktree') AND blob_id IS NOT NULL";

/// The columns that [`tree_body`] reads, after another one.
pub(super) const TREE_COLUMNS: &str =
    "project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, blob_id";

/// The columns that [`body_row`] reads, in its order.
pub(super) const BODY_COLUMNS: &str = "row_id, project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, \
     content_hash, size_bytes, retry_count, blob_id, index_event_id, origin, last_error";

/// The seven columns of the unique key.
pub(super) const KEY_COLUMNS: &str =
    "project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, content_hash";

pub(super) fn seconds(instant: Instant) -> f64 {
    instant.unix_seconds_f64()
}

/// When a lease taken now ends.
pub(super) fn lease_end(now: Instant, lasting: Duration) -> f64 {
    seconds(now) + lasting.as_secs_f64().min(LONGEST_LEASE)
}

/// When a row that waits from now on is tried again.
pub(super) fn next_attempt(now: Instant, wait: Duration) -> f64 {
    seconds(now) + wait.as_secs_f64().min(LONGEST_WAIT)
}

/// An SQL expression that turns a column of seconds into a text that [`instant`] reads.
pub(super) fn iso(column: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', {column}, 'unixepoch')")
}

/// The time in a text column; `None` for what is no time.
pub(super) fn instant(text: Option<String>) -> Option<Instant> {
    Instant::parse(&text?)
}

pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn small_count(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

impl Origin {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Import => "import",
            Self::Worktree => "worktree",
        }
    }

    /// A word that a newer version may have written counts as a tree: such rows are the most restrained.
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "import" => Self::Import,
            "worktree" => Self::Worktree,
            _ => Self::Tree,
        }
    }
}

/// Reads the seven key columns that start at column `at`.
pub(super) fn body_key(row: &Row<'_>, at: usize) -> rusqlite::Result<BodyKey> {
    Ok(BodyKey {
        namespace: NamespaceFields {
            project_uuid: row.get(at)?,
            mission_slug: row.get(at + 1)?,
            target_branch: row.get(at + 2)?,
            mission_type: row.get(at + 3)?,
            manifest_version: row.get(at + 4)?,
        },
        artifact_path: row.get(at + 5)?,
        content_hash: row.get(at + 6)?,
    })
}

/// Reads [`BODY_COLUMNS`].
pub(super) fn body_row(row: &Row<'_>) -> rusqlite::Result<BodyRow> {
    Ok(BodyRow {
        id: BodyId(row.get(0)?),
        key: body_key(row, 1)?,
        size_bytes: count(row.get(8)?),
        retry_count: small_count(row.get(9)?),
        blob_id: row.get(10)?,
        index_event_id: row.get(11)?,
        origin: Origin::from_word(row.get_ref(12)?.as_str()?),
        last_error: row.get(13)?,
    })
}

/// As [`body_row`], in the memory of another one.
pub(super) fn body_row_over(row: &Row<'_>, mut old: BodyRow) -> rusqlite::Result<BodyRow> {
    let NamespaceFields { project_uuid, mission_slug, target_branch, mission_type, manifest_version } =
        &mut old.key.namespace;
    let names = [project_uuid, mission_slug, target_branch, mission_type, manifest_version];
    let key = names.into_iter().chain([&mut old.key.artifact_path, &mut old.key.content_hash]);
    for (column, text) in (1..).zip(key) {
        set_column(row, column, text)?;
    }
    set_option(row, 10, &mut old.blob_id)?;
    set_option(row, 11, &mut old.index_event_id)?;
    set_option(row, 13, &mut old.last_error)?;
    Ok(BodyRow {
        id: BodyId(row.get(0)?),
        size_bytes: count(row.get(8)?),
        retry_count: small_count(row.get(9)?),
        origin: Origin::from_word(row.get_ref(12)?.as_str()?),
        ..old
    })
}

/// Reads [`TREE_COLUMNS`].
pub(super) fn tree_body<'r>(row: &'r Row<'_>) -> rusqlite::Result<TreeBody<'r>> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let namespace = [text(1)?, text(2)?, text(3)?, text(4)?, text(5)?];
    Ok(TreeBody { namespace, artifact_path: text(6)?, blob_id: text(7)? })
}

/// The nine fields as they stand in the row, whatever they hold: the gate judges them again before they leave. `payload` is
/// null, or one that was sent and whose memory is used again.
pub(super) fn fill(payload: &mut Value, key: &BodyKey, hash_algorithm: &str, content_body: &str) {
    if !matches!(payload, Value::Object(_)) {
        *payload = Value::Object(Object::new());
    }
    let Value::Object(members) = payload else { return };
    let NamespaceFields { project_uuid, mission_slug, target_branch, mission_type, manifest_version } =
        &key.namespace;
    // In the order of their names, in which they stand in what was sent.
    let fields = [
        ("artifact_path", key.artifact_path.as_str()),
        ("content_body", content_body),
        ("content_hash", &key.content_hash),
        ("hash_algorithm", hash_algorithm),
        ("manifest_version", manifest_version),
        ("mission_slug", mission_slug),
        ("mission_type", mission_type),
        ("project_uuid", project_uuid),
        ("target_branch", target_branch),
    ];
    if !members.keys().eq(fields.iter().map(|(name, _)| name)) {
        members.clear();
        members.extend(fields.map(|(name, _)| (name.to_owned(), Value::Null)));
    }
    for (member, (_, text)) in members.values_mut().zip(fields) {
        match member {
            Value::String(old) => set(old, text),
            other => *other = text.into(),
        }
    }
}

/// Writes a text over another one, in its memory; not in what was made for something much larger: a few of those would be all
/// memory that there may be.
fn set(old: &mut String, text: &str) {
    if old.capacity() <= 2 * text.len() + SMALL {
        old.clear();
        old.push_str(text);
    } else {
        *old = text.into();
    }
}

/// The same for a column.
fn set_column(row: &Row<'_>, column: usize, old: &mut String) -> rusqlite::Result<()> {
    set(old, row.get_ref(column)?.as_str()?);
    Ok(())
}

/// The same for a column that may be null.
fn set_option(row: &Row<'_>, column: usize, old: &mut Option<String>) -> rusqlite::Result<()> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(text) => set(old.get_or_insert_default(), text),
        None => *old = None,
    }
    Ok(())
}
