//! The queue on a real file and the directory server on real directories: what goes in through the gate comes
//! out as it was, nothing is lost, and nothing is written that may not be.

mod bodies;
#[cfg(unix)]
mod brief;
mod database;
mod delivery;
mod events;
mod older;
pub(crate) mod older_schemas;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git_mission::clock::Instant;
use git_mission::dossier::{BodyUpload, NamespaceFields};
use git_mission::gate::{Context, Reason, validate};
use git_mission::json::{Value, object};
use git_mission::queue::{
    Access, BackOff, BodyRow, Claim, Due, Enqueued, EventStatus, Handled, LeasedBody, NewBody, NewEvent,
    Opened, Origin, Queue, QueueError, Rejection, Survey, Tally, library_version, set_aside_if_corrupt,
};
use tempfile::TempDir;

const ROOMY: u64 = 100_000;
const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_unix_seconds(1_775_451_688 + seconds).expect("a time")
}

/// A directory with room for a database.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: TempDir::new().expect("a directory") }
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("mission").join("queue.db")
    }

    #[track_caller]
    pub(crate) fn open(&self) -> Queue {
        let Opened { queue, set_aside } = Queue::open(&self.database(), at(0)).expect("opens");
        assert_eq!(set_aside, None);
        assert_eq!(queue.access(), Access::ReadWrite);
        queue
    }

    /// A database as another program would have left it.
    fn prepare(&self, sql: &str) {
        fs::create_dir_all(self.database().parent().expect("a parent")).expect("a directory");
        let connection = rusqlite::Connection::open(self.database()).expect("a database");
        connection.execute_batch(sql).expect("a schema");
    }

    fn ask(&self, sql: &str) -> String {
        let connection = rusqlite::Connection::open(self.database()).expect("a database");
        connection
            .query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
            .expect("a row")
    }
}

fn upload(path: &str, content: &str) -> BodyUpload {
    let fields = NamespaceFields {
        project_uuid: "a1b2c3d4-e5f6-7890-abcd-ef1234567890".into(),
        mission_slug: "one-01KQ47E8".into(),
        target_branch: "main".into(),
        mission_type: "software-dev".into(),
        manifest_version: "1".into(),
    };
    BodyUpload::new(fields.try_into().expect("a namespace"), path.into(), content.into())
}

fn body(path: &str, content: &str) -> NewBody {
    let payload = upload(path, content).payload();
    NewBody { payload, blob_id: Some("b10b".into()), index_event_id: None, origin: Origin::Tree }
}

fn bodies(count: usize) -> Vec<NewBody> {
    (0..count).map(|n| body("spec.md", &format!("text {n}\n"))).collect()
}

/// The payload with one member more, at the top or one level down.
fn with(payload: &Value, key: &str, value: Value) -> Value {
    let mut members = payload.as_object().expect("an object").clone();
    members.insert(key.to_owned(), value);
    members.into()
}

fn event(id: &str) -> Value {
    object([
        ("event_id", id.into()),
        ("event_type", "MissionCreated".into()),
        ("aggregate_id", "mission/01KQ47E80QJG8GTVGDCV67RW7M".into()),
        ("aggregate_type", "Mission".into()),
        ("schema_version", "3.0.0".into()),
        ("build_id", "b".into()),
        ("node_id", "0123456789ab".into()),
        ("lamport_clock", 1_u64.into()),
        ("causation_id", Value::Null),
        ("correlation_id", id.into()),
        ("timestamp", "2026-04-06T05:01:28.874035+00:00".into()),
        ("team_slug", Value::Null),
        ("project_uuid", "a1b2c3d4-e5f6-7890-abcd-ef1234567890".into()),
        ("project_slug", Value::Null),
        ("git_branch", "main".into()),
        ("head_commit_sha", "0123456789012345678901234567890123456789".into()),
        ("repo_slug", Value::Null),
        ("data_tier", 0_u64.into()),
        (
            "payload",
            object([
                ("mission_id", "01KQ47E80QJG8GTVGDCV67RW7M".into()),
                ("mission_slug", "one-01KQ47E8".into()),
                ("mission_number", Value::Null),
                ("mission_type", "software-dev".into()),
            ]),
        ),
    ])
}

pub(crate) fn new_event(id: &str) -> NewEvent {
    NewEvent { event: event(id), coalesce_key: None, origin: Origin::Tree }
}

const FIRST: &str = "01KQ47E80QJG8GTVGDCV67RW71";
const SECOND: &str = "01KQ47E80QJG8GTVGDCV67RW72";

fn claim(owner: &str, now: Instant) -> Claim<'_> {
    Claim { owner, now, lasting: MINUTE }
}

fn back_off(counts: bool) -> BackOff<'static> {
    BackOff { wait: Duration::from_secs(8), counts, error: "busy" }
}

#[track_caller]
fn lease_all(queue: &mut Queue, owner: &str, now: Instant) -> Vec<LeasedBody> {
    let ids: Vec<_> = queue.ready_bodies(now).expect("reads").iter().map(|row| row.id).collect();
    queue.lease_bodies(&ids, claim(owner, now)).expect("leases")
}
