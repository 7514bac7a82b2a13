//! The schemas that other programs and earlier versions wrote, filled, and what each of their rows must say afterwards.
//!
//! Knows nothing about how they are brought up to date.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

/// A schema that is met in the wild.
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    create: &'static str,
    /// Fills it with rows numbered from 1; `{rows}` is how many
    fill: &'static str,
    /// What the rows of each table must say in the present schema, in its order of columns
    says: [Option<&'static str>; 3],
}

/// The same of the present schema: events, bodies, failures.
const PRESENT: [&str; 3] = [
    "SELECT event_id, event_type, status, retry_count, unixepoch(created_at), coalesce_key, data FROM queue",
    "SELECT project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, content_hash,
         hash_algorithm, size_bytes, retry_count, next_attempt_at, created_at, last_error, content_body
         FROM body_upload_queue",
    "SELECT project_uuid, mission_slug, mission_type, artifact_path, content_hash, failure_reason, failure_count,
         first_failed_at, last_failed_at FROM body_upload_failure_log",
];

const NUMBERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 WHERE {rows} > 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})";

pub(crate) const SCHEMAS: [Schema; 4] = [
    Schema {
        name: "the first",
        create: "
    CREATE TABLE queue(id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE NOT NULL,
        event_type TEXT NOT NULL, data TEXT NOT NULL, timestamp INTEGER NOT NULL,
        retry_count INTEGER DEFAULT 0);
    CREATE INDEX idx_timestamp ON queue(timestamp);
    CREATE TABLE body_upload_queue(id INTEGER PRIMARY KEY AUTOINCREMENT, project_uuid TEXT NOT NULL,
        feature_slug TEXT NOT NULL, target_branch TEXT NOT NULL, mission_key TEXT NOT NULL,
        manifest_version TEXT NOT NULL, artifact_path TEXT NOT NULL, content_hash TEXT NOT NULL,
        hash_algorithm TEXT NOT NULL DEFAULT 'sha256', content_body TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        retry_count INTEGER NOT NULL DEFAULT 0, next_attempt_at REAL NOT NULL DEFAULT 0.0,
        created_at REAL NOT NULL, last_error TEXT,
        UNIQUE(project_uuid, feature_slug, target_branch, mission_key, manifest_version, artifact_path,
               content_hash));",
        fill: "
    INSERT INTO queue(event_id, event_type, data, timestamp, retry_count)
        {numbers} SELECT 'e' || i, 'WPStatusChanged', '{\"n\": ' || i || '}', 1775451688 + i, i % 3 FROM n;
    INSERT INTO body_upload_queue(project_uuid, feature_slug, target_branch, mission_key, manifest_version,
        artifact_path, content_hash, content_body, size_bytes, retry_count, next_attempt_at, created_at)
        {numbers} SELECT 'p', 'slug-' || (i % 7), 'main', 'software-dev', '1', 'research/' || i || '.md', 'h' || i,
               'body ' || i, 5 + length(i), i % 4, 0.5, 1775451688.25 + i FROM n;",
        says: [
            Some("SELECT event_id, event_type, 'pending', retry_count, timestamp, NULL, data FROM queue"),
            Some(
                "SELECT project_uuid, feature_slug, target_branch, mission_key, manifest_version, artifact_path,
         content_hash, hash_algorithm, size_bytes, retry_count, next_attempt_at, created_at, last_error, content_body
         FROM body_upload_queue",
            ),
            None,
        ],
    },
    Schema {
        name: "with a failure log",
        create: "
    CREATE TABLE queue(id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE NOT NULL,
        event_type TEXT NOT NULL, data TEXT NOT NULL, timestamp INTEGER NOT NULL,
        retry_count INTEGER DEFAULT 0, coalesce_key TEXT);
    CREATE INDEX idx_coalesce_key ON queue(coalesce_key);
    CREATE TABLE body_upload_queue(row_id INTEGER PRIMARY KEY AUTOINCREMENT, project_uuid TEXT NOT NULL,
        mission_slug TEXT NOT NULL, target_branch TEXT NOT NULL, mission_type TEXT NOT NULL,
        manifest_version TEXT NOT NULL, artifact_path TEXT NOT NULL, content_hash TEXT NOT NULL,
        hash_algorithm TEXT NOT NULL DEFAULT 'sha256', content_body TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        retry_count INTEGER NOT NULL DEFAULT 0, next_attempt_at REAL NOT NULL DEFAULT 0.0,
        created_at REAL NOT NULL, last_error TEXT,
        UNIQUE(project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path,
               content_hash));
    CREATE TABLE body_upload_failure_log(row_id INTEGER PRIMARY KEY AUTOINCREMENT, project_uuid TEXT NOT NULL,
        mission_slug TEXT NOT NULL, target_branch TEXT NOT NULL, mission_type TEXT NOT NULL,
        manifest_version TEXT NOT NULL, artifact_path TEXT NOT NULL, content_hash TEXT NOT NULL,
        hash_algorithm TEXT NOT NULL DEFAULT 'sha256', size_bytes INTEGER NOT NULL DEFAULT 0,
        failure_reason TEXT NOT NULL, failure_count INTEGER NOT NULL DEFAULT 1, first_failed_at REAL NOT NULL,
        last_failed_at REAL NOT NULL);",
        fill: "
    INSERT INTO queue(event_id, event_type, data, timestamp, retry_count, coalesce_key)
        {numbers} SELECT 'e' || i, 'WPCreated', '{\"n\": ' || i || '}', 1775451688 + i, i % 5, 'k' || i FROM n;
    INSERT INTO body_upload_queue(project_uuid, mission_slug, target_branch, mission_type, manifest_version,
        artifact_path, content_hash, content_body, size_bytes, retry_count, created_at, last_error)
        {numbers} SELECT 'p', 'slug', 'main', 'research', '2', 'research/' || i || '.md', 'h' || i,
               'ä' || i, 2 + length(i), i % 4, 1775451688.5 + i, 'busy ' || i FROM n;
    INSERT INTO body_upload_failure_log(project_uuid, mission_slug, target_branch, mission_type, manifest_version,
        artifact_path, content_hash, failure_reason, failure_count, first_failed_at, last_failed_at)
        {numbers} SELECT 'p', 'slug', 'main', 'research', '2', 'a.md', 'f' || i, 'no ' || i, i % 9, 5.5, 6.5 + i
               FROM n;",
        says: [
            Some("SELECT event_id, event_type, 'pending', retry_count, timestamp, coalesce_key, data FROM queue"),
            Some(PRESENT[1]),
            Some(PRESENT[2]),
        ],
    },
    Schema {
        name: "with words for the state",
        create: "
    CREATE TABLE queue(id INTEGER PRIMARY KEY, event_id TEXT UNIQUE NOT NULL, event_type TEXT, data TEXT, status TEXT,
        retry_count INTEGER, created_at TEXT, last_attempt_at TEXT);
    CREATE TABLE body_upload_queue(row_id INTEGER PRIMARY KEY, project_uuid TEXT, feature_slug TEXT,
        target_branch TEXT, mission_key TEXT, manifest_version TEXT, artifact_path TEXT, content_hash TEXT,
        hash_algorithm TEXT, content_body TEXT, size_bytes INTEGER, retry_count INTEGER, next_attempt_at REAL,
        created_at REAL, last_error TEXT);
    CREATE TABLE body_upload_failure_log(id INTEGER PRIMARY KEY, project_uuid TEXT, feature_slug TEXT,
        target_branch TEXT, mission_key TEXT, manifest_version TEXT, artifact_path TEXT, content_hash TEXT,
        failure_reason TEXT, failure_count INTEGER, first_failed_at REAL, last_failed_at REAL);",
        fill: "
    INSERT INTO queue(event_id, event_type, data, status, retry_count, created_at)
        {numbers} SELECT 'e' || i, 'MissionCreated', '{\"n\": ' || i || '}',
               CASE i % 4 WHEN 0 THEN 'failed' WHEN 1 THEN 'dead_letter' WHEN 2 THEN 'synced' ELSE 'pending' END,
               i % 3, datetime(1775451688 + i, 'unixepoch') FROM n;
    INSERT INTO body_upload_queue(project_uuid, feature_slug, target_branch, mission_key, manifest_version,
        artifact_path, content_hash, hash_algorithm, content_body, size_bytes, retry_count, next_attempt_at, created_at)
        {numbers} SELECT 'p', 'slug', 'main', 'software-dev', '1', i || '.md', 'h' || i, 'sha256', 'b' || i,
               1 + length(i), 0, 0.0, 7.5 FROM n;
    INSERT INTO body_upload_failure_log(project_uuid, feature_slug, target_branch, mission_key, manifest_version,
        artifact_path, content_hash, failure_reason, failure_count, first_failed_at, last_failed_at)
        {numbers} SELECT 'p', 'slug', 'main', 'software-dev', '1', 'a.md', 'f' || i, 'no', 3, 5.5, 6.5 FROM n;",
        says: [
            Some(
                "SELECT event_id, event_type, CASE status WHEN 'pending' THEN status ELSE 'failed' END, retry_count,
         unixepoch(created_at), NULL, data FROM queue WHERE status <> 'synced'",
            ),
            Some(
                "SELECT project_uuid, feature_slug, target_branch, mission_key, manifest_version, artifact_path,
         content_hash, hash_algorithm, size_bytes, retry_count, next_attempt_at, created_at, last_error, content_body
         FROM body_upload_queue",
            ),
            Some(
                "SELECT project_uuid, feature_slug, mission_key, artifact_path, content_hash, failure_reason,
         failure_count, first_failed_at, last_failed_at FROM body_upload_failure_log",
            ),
        ],
    },
    Schema {
        name: "with a column of its own",
        create: "
    CREATE TABLE queue(id INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT UNIQUE NOT NULL,
        event_type TEXT NOT NULL, data TEXT NOT NULL, timestamp INTEGER NOT NULL, retry_count INTEGER DEFAULT 0,
        mood TEXT);",
        fill: "
    INSERT INTO queue(event_id, event_type, data, timestamp, retry_count, mood)
        {numbers} SELECT 'e' || i, 'WPAssigned', '{\"n\": ' || i || '}', 1775451688 + i, 0, 'mood ' || i FROM n;",
        says: [
            Some("SELECT event_id, event_type, 'pending', retry_count, timestamp, NULL, data FROM queue"),
            None,
            None,
        ],
    },
];

/// Every row of the three tables as texts: the present schema's, or what `says` promises of an older one.
fn rows(connection: &Connection, says: [Option<&str>; 3]) -> Vec<String> {
    let mut rows = Vec::new();
    for sql in says.into_iter().flatten() {
        let mut statement = connection.prepare(sql).expect("a query");
        let count = statement.column_count();
        let mut found = statement.query([]).expect("rows");
        while let Some(row) = found.next().expect("a row") {
            let values: Vec<Value> = (0..count).map(|at| row.get(at).expect("a value")).collect();
            rows.push(format!("{values:?}"));
        }
    }
    rows.sort();
    rows
}

impl Schema {
    /// Makes a database of this schema with so many rows in each table.
    pub(crate) fn make(&self, path: &Path, count: usize) {
        let connection = Connection::open(path).expect("a database");
        let numbers = NUMBERS.replace("{rows}", &count.to_string());
        let fill = self.fill.replace("{numbers}", &numbers);
        connection
            .execute_batch(&format!("{} BEGIN; {fill} COMMIT;", self.create))
            .expect("a schema with rows");
    }

    /// What the rows of a database of this schema must say when it is brought up to date.
    pub(crate) fn promises(&self, path: &Path) -> Vec<String> {
        rows(&Connection::open(path).expect("a database"), self.says)
    }

    /// What the rows of a database of the present schema say.
    pub(crate) fn present(path: &Path) -> Vec<String> {
        rows(&Connection::open(path).expect("a database"), PRESENT.map(Some))
    }
}
