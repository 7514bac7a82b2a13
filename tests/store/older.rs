//! Databases of older schemas: every row arrives, or nothing is changed.

use super::older_schemas::{SCHEMAS, Schema};
use super::*;

const FIRST_SCHEMA: &Schema = &SCHEMAS[0];

#[test]
fn of_every_schema_lose_none_of_ten_thousand_rows() {
    for schema in &SCHEMAS {
        let place = Place::new();
        place.prepare("");
        schema.make(&place.database(), 10_000);
        let promised = schema.promises(&place.database());
        assert!(promised.len() >= 7_500, "{}", schema.name);
        drop(place.open());
        assert!(Schema::present(&place.database()) == promised, "{}: values differ", schema.name);
        for table in ["queue", "body_upload_queue", "body_upload_failure_log"] {
            for column in ["feature_slug", "mission_key", "timestamp"] {
                let sql =
                    format!("SELECT count(*) FROM pragma_table_info('{table}') WHERE name = '{column}'");
                assert_eq!(place.ask(&sql), "0", "{}: {table}.{column}", schema.name);
            }
        }
        assert_eq!(place.ask("PRAGMA integrity_check"), "ok");
    }
}

#[test]
fn go_on_with_the_numbers_of_their_rows() {
    let place = Place::new();
    place.prepare("");
    FIRST_SCHEMA.make(&place.database(), 10_000);
    let mut queue = place.open();
    let rows = queue.bodies().expect("reads");
    assert!(rows.iter().all(|row| row.origin == Origin::Import));
    let leased = queue.lease_bodies(&[rows[41].id], claim("a", at(100_000))).expect("leases");
    assert_eq!(leased[0].payload.as_object().and_then(|o| o["content_body"].as_str()), Some("body 42"));
    assert_eq!(validate(&leased[0].payload, Context::BodySync), Ok(()));
    assert_eq!(
        queue.body_stats(at(0)).expect("reads").oldest_created_at,
        Instant::parse("2026-04-06T05:01:29.25Z")
    );
    assert_eq!(queue.event_stats(at(11)).expect("reads").oldest_age_seconds, Some(10));
    assert_eq!(queue.failures().expect("reads"), []);
    drop(queue);
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
    place.prepare("");
    SCHEMAS[3].make(&place.database(), 3);
    assert_eq!(place.open().events().expect("reads").len(), 3);
    assert_eq!(place.ask("SELECT group_concat(mood) FROM queue_legacy"), "mood 1,mood 2,mood 3");
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
    place.prepare("");
    FIRST_SCHEMA.make(&place.database(), 10_000);
    // The name that the second table would be set by under is taken.
    place.prepare("CREATE TABLE body_upload_queue_legacy(a TEXT);");
    let error = Queue::open(&place.database(), at(0)).expect_err("refused");
    assert!(error.to_string().contains("queue.db"), "{error}");
    assert_eq!(place.ask("SELECT count(timestamp) FROM queue"), "10000");
    assert_eq!(place.ask("SELECT count(feature_slug) FROM body_upload_queue"), "10000");
    assert_eq!(place.ask("PRAGMA user_version"), "0");
}

#[test]
fn are_taken_over_from_elsewhere_and_left_as_they_are() {
    let (place, other) = (Place::new(), Place::new());
    other.prepare("");
    FIRST_SCHEMA.make(&other.database(), 0);
    let good = git_mission::json::line(&event(FIRST));
    let connection = rusqlite::Connection::open(other.database()).expect("opens");
    let insert =
        "INSERT INTO queue(event_id, event_type, data, timestamp) VALUES (?1, 'MissionCreated', ?2, 5)";
    connection.execute(insert, [FIRST, &good]).expect("writes");
    connection.execute(insert, [SECOND, "{\"feature_slug\": 1}"]).expect("writes");
    connection
        .execute_batch(
            "INSERT INTO body_upload_queue(project_uuid, feature_slug, target_branch, mission_key,
                 manifest_version, artifact_path, content_hash, content_body, size_bytes, created_at)
             VALUES ('p', 's', 'main', 't', '1', 'spec.md', 'h1', 'one', 3, 1775451688),
                    ('p', 's', 'main', 't', '1', 'plan.md', 'h2', 'two', 3, 1775451688),
                    ('p', '', 'main', 't', '1', 'plan.md', 'h3', 'three', 5, 1775451688);",
        )
        .expect("writes");
    drop(connection);
    let before = fs::read(other.database()).expect("reads");

    let mut queue = place.open();
    let first = queue.import(&other.database(), 2, at(0)).expect("imports");
    assert_eq!(first.events, Tally { taken: 1, refused: 1, ..Tally::default() });
    assert_eq!(first.bodies, Tally { taken: 2, refused: 1, ..Tally::default() });
    let again = queue.import(&other.database(), 2, at(9)).expect("imports");
    assert_eq!(again.events, Tally { known: 2, ..Tally::default() });
    assert_eq!(again.bodies, Tally { known: 2, refused: 1, ..Tally::default() });

    assert!(fs::read(other.database()).expect("reads") == before, "written");
    let rows = queue.bodies().expect("reads");
    assert!(rows.iter().all(|row| row.origin == Origin::Import && row.key.namespace.mission_slug == "s"));
    assert_eq!(queue.event_status(FIRST).expect("reads"), Some(EventStatus::Pending));
    assert_eq!(queue.event_status(SECOND).expect("reads"), Some(EventStatus::Failed));
    let failures = queue.failures().expect("reads");
    assert_eq!((failures.len(), failures[0].key.content_hash.as_str()), (1, "h3"));
    let left: Vec<_> = fs::read_dir(place.database().parent().expect("a parent"))
        .expect("reads")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("import-"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn are_not_taken_over_when_they_are_newer_damaged_or_not_there() {
    let (place, other) = (Place::new(), Place::new());
    let mut queue = place.open();
    assert!(queue.import(&other.database(), ROOMY, at(0)).is_err());
    other.prepare("CREATE TABLE queue(a); PRAGMA user_version = 2;");
    let error = queue.import(&other.database(), ROOMY, at(0)).expect_err("newer");
    assert!(matches!(&error, QueueError::Newer { found: 2, path } if *path == other.database()), "{error}");
    fs::write(other.database(), "no database at all ".repeat(100)).expect("writes");
    let error = queue.import(&other.database(), ROOMY, at(0)).expect_err("damaged");
    assert!(matches!(error, QueueError::Corrupt { .. }), "{error}");
    assert!(other.database().exists());
}
