//! Databases of older schemas: every row arrives, or nothing is changed.

use super::*;

/// The columns that the first releases used.
const LEGACY: &str = "
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
               content_hash));";

const FILL: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO queue(event_id, event_type, data, timestamp, retry_count)
        SELECT 'e' || i, 'WPStatusChanged', '{\"n\": ' || i || '}', 1775451688 + i, i % 3 FROM n;
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO body_upload_queue(project_uuid, feature_slug, target_branch, mission_key, manifest_version,
        artifact_path, content_hash, content_body, size_bytes, retry_count, next_attempt_at, created_at)
        SELECT 'p', 'slug-' || (i % 7), 'main', 'software-dev', '1', 'research/' || i || '.md', 'h' || i,
               'body ' || i, 5 + length(i), i % 4, 0.5, 1775451688.25 + i FROM n;";

#[test]
fn lose_none_of_ten_thousand_rows() {
    let place = Place::new();
    place.prepare(LEGACY);
    place.prepare(FILL);
    let mut queue = place.open();
    let rows = queue.bodies().expect("reads");
    assert_eq!(rows.len(), 10_000);
    for (n, row) in (1..).zip(&rows) {
        assert_eq!(row.key.namespace.mission_slug, format!("slug-{}", n % 7));
        assert_eq!(row.key.namespace.mission_type, "software-dev");
        assert_eq!(row.key.artifact_path, format!("research/{n}.md"));
        assert_eq!((row.retry_count, row.origin), (n % 4, Origin::Import));
    }
    let leased = queue.lease_bodies(&[rows[41].id], claim("a", at(100_000))).expect("leases");
    assert_eq!(leased[0].payload.as_object().and_then(|o| o["content_body"].as_str()), Some("body 42"));
    assert_eq!(validate(&leased[0].payload, Context::BodySync), Ok(()));
    assert_eq!(
        queue.body_stats(at(0)).expect("reads").oldest_created_at,
        Instant::parse("2026-04-06T05:01:29.25Z")
    );
    let events = queue.events().expect("reads");
    assert_eq!(events.len(), 10_000);
    for (n, event) in (1_u32..).zip(&events) {
        assert_eq!((event.event_id.clone(), event.retry_count), (format!("e{n}"), n % 3));
        assert_eq!(event.data, format!("{{\"n\": {n}}}"));
        assert_eq!(event.status, EventStatus::Pending);
    }
    assert_eq!(queue.event_stats(at(11)).expect("reads").oldest_age_seconds, Some(10));
    assert_eq!(queue.failures().expect("reads"), []);
    drop(queue);
    for column in ["feature_slug", "mission_key", "timestamp", "id"] {
        let sql =
            format!("SELECT count(*) FROM pragma_table_info('body_upload_queue') WHERE name = '{column}'");
        assert_eq!(place.ask(&sql), "0", "{column}");
    }
    assert_eq!(place.ask("SELECT count(*) FROM sqlite_schema WHERE name LIKE '%legacy'"), "0");
    // Ids go on after the old ones, and a second opener finds nothing to do.
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(1), ROOMY, at(0)).expect("enqueues");
    assert_eq!(place.ask("SELECT max(row_id) FROM body_upload_queue"), "10001");
}

#[test]
fn keep_their_words_for_failed_and_delivered() {
    let place = Place::new();
    place.prepare(
        "CREATE TABLE queue(id INTEGER PRIMARY KEY, event_id TEXT UNIQUE NOT NULL, event_type TEXT, data TEXT,
             status TEXT, retry_count INTEGER, created_at TEXT, last_attempt_at TEXT);
         INSERT INTO queue VALUES (1, 'a', 't', '{}', 'pending', 0, '2026-04-06T05:01:28+00:00', NULL),
             (2, 'b', 't', '{}', 'synced', 0, '2026-04-06T05:01:28+00:00', NULL),
             (3, 'c', 't', '{}', 'dead_letter', 9, '2026-04-06T05:01:28+00:00', '2026-04-06T06:00:00+00:00'),
             (4, 'd', 't', '{}', 'failed', 2, NULL, NULL), (5, 'e', 't', '{}', NULL, NULL, NULL, NULL);",
    );
    let queue = place.open();
    let shown: Vec<_> =
        queue.events().expect("reads").into_iter().map(|e| (e.event_id, e.status, e.retry_count)).collect();
    assert_eq!(
        shown,
        [
            ("a".to_owned(), EventStatus::Pending, 0),
            ("c".to_owned(), EventStatus::Failed, 9),
            ("d".to_owned(), EventStatus::Failed, 2),
            ("e".to_owned(), EventStatus::Pending, 0),
        ]
    );
}

#[test]
fn keep_what_has_no_place_here() {
    let place = Place::new();
    place.prepare(LEGACY);
    place.prepare(
        "ALTER TABLE queue ADD COLUMN mood TEXT; INSERT INTO queue VALUES (1, 'a', 't', '{}', 5, 0, 'x')",
    );
    assert_eq!(place.open().events().expect("reads").len(), 1);
    assert_eq!(place.ask("SELECT mood FROM queue_legacy"), "x");
}

#[test]
fn carry_their_failure_log_over() {
    let place = Place::new();
    place.prepare(
        "CREATE TABLE body_upload_failure_log(id INTEGER PRIMARY KEY, project_uuid TEXT, feature_slug TEXT,
             target_branch TEXT, mission_key TEXT, manifest_version TEXT, artifact_path TEXT, content_hash TEXT,
             failure_reason TEXT, failure_count INTEGER, first_failed_at REAL, last_failed_at REAL);
         INSERT INTO body_upload_failure_log VALUES
             (9, 'p', 's', 'main', 't', '1', 'spec.md', 'h', 'no', 3, 1775451688, 1775451690);",
    );
    let failures = place.open().failures().expect("reads");
    assert_eq!(failures.len(), 1);
    assert_eq!((failures[0].reason.as_str(), failures[0].count), ("no", 3));
    assert_eq!(failures[0].key.namespace.mission_slug, "s");
    assert_eq!(failures[0].last_failed_at, Some(at(2)));
}

#[test]
fn are_left_as_they_were_when_something_goes_wrong() {
    let place = Place::new();
    place.prepare(LEGACY);
    place.prepare(FILL);
    // The name that the second table would be set by under is taken.
    place.prepare("CREATE TABLE body_upload_queue_legacy(a TEXT);");
    let error = Queue::open(&place.database(), at(0)).expect_err("refused");
    assert!(error.to_string().contains("queue.db"), "{error}");
    assert_eq!(place.ask("SELECT count(timestamp) FROM queue"), "10000");
    assert_eq!(place.ask("SELECT count(feature_slug) FROM body_upload_queue"), "10000");
    assert_eq!(place.ask("PRAGMA user_version"), "0");
}
