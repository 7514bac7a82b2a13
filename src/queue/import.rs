//! Taking over the rows of another database, of whatever schema. The other one is left as it is.
//!
//! Knows nothing about where other programs keep theirs.

use std::path::Path;

use rusqlite::params;

use super::bodies::read;
use super::files::snapshot_directory;
use super::open::read_only;
use super::row::{self, KEY_COLUMNS};
use super::{BodyId, Enqueued, EventStatus, LeasedBody, NewBody, Origin, Queue, QueueError, QueuedEvent};
use crate::clock::Instant;
use crate::gate::{Context, validate};

/// Bodies that are held in memory at once.
const BATCH: usize = 100;
/// The kind of error of an event that the gate stopped.
const VIOLATION: &str = "schema_mismatch";

/// What became of the rows of one table of the other database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// They are in the queue now
    pub taken: u64,
    /// They were there before
    pub known: u64,
    /// They break the contract and are in the failure list, where they can be seen
    pub refused: u64,
    /// There was no room; importing again goes on with them
    pub no_room: u64,
}

/// What became of the rows of another database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Its events
    pub events: Tally,
    /// Its bodies
    pub bodies: Tally,
}

impl Queue {
    /// Takes over the rows of the database at `source`. Safe to repeat: what is there already stays as it is.
    pub fn import(&mut self, source: &Path, capacity: u64, now: Instant) -> Result<Imported, QueueError> {
        let directory = snapshot_directory(&self.path)?;
        let copy = directory.path().join("queue.db");
        // A consistent copy, with what is still in the other one's log; this one may be migrated.
        let not_text = || std::io::Error::other("SQLite takes no path that is not UTF-8");
        let target = copy.to_str().ok_or_else(|| QueueError::io("write to", &copy)(not_text()))?;
        read_only(source)
            .and_then(|connection| connection.execute("VACUUM INTO ?1", [target]))
            .map_err(|error| QueueError::sql(source, error))?;
        let other = Self::open(&copy, now)?.queue;
        if let super::Access::ReadOnly { found } = other.access() {
            return Err(QueueError::Newer { path: source.to_owned(), found });
        }
        let events = self.import_events(&other.events()?, capacity, now)?;
        let mut bodies = Tally::default();
        let ids: Vec<_> = other.bodies()?.iter().map(|body| body.id).collect();
        for batch in ids.chunks(BATCH) {
            self.import_bodies(&other.contents(batch)?, capacity, now, &mut bodies)?;
        }
        Ok(Imported { events, bodies })
    }

    fn contents(&self, ids: &[BodyId]) -> Result<Vec<LeasedBody>, QueueError> {
        self.read(|connection| ids.iter().map(|id| read(connection, *id)).collect())
    }

    fn import_events(
        &mut self,
        events: &[QueuedEvent],
        capacity: u64,
        now: Instant,
    ) -> Result<Tally, QueueError> {
        let problem = |queued: &QueuedEvent| match queued.event() {
            Ok(event) => validate(&event, Context::Event).err().map(|violation| violation.to_string()),
            Err(error) => Some(error.to_string()),
        };
        let problems: Vec<_> = events.iter().map(problem).collect();
        self.write(|transaction| {
            let mut tally = Tally::default();
            let mut total =
                row::count(transaction.query_row("SELECT count(*) FROM queue", [], |r| r.get(0))?);
            let mut present = transaction.prepare("SELECT 1 FROM queue WHERE event_id = ?1")?;
            let mut insert = transaction.prepare(
                "INSERT INTO queue(event_id, event_type, data, status, retry_count, created_at, last_error,
                     error_category, coalesce_key, origin)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?;
            for (event, problem) in events.iter().zip(problems) {
                if present.exists([&event.event_id])? {
                    tally.known += 1;
                } else if total >= capacity {
                    tally.no_room += 1;
                } else {
                    let stopped = problem.is_some();
                    let status = if stopped { EventStatus::Failed } else { event.status };
                    let category = if stopped { Some(VIOLATION) } else { event.error_category.as_deref() };
                    total += insert.execute(params![
                        event.event_id,
                        event.event_type,
                        event.data,
                        status.word(),
                        event.retry_count,
                        now.to_iso(),
                        problem.as_ref().or(event.last_error.as_ref()),
                        category,
                        event.coalesce_key,
                        Origin::Import.word(),
                    ])? as u64;
                    *if stopped { &mut tally.refused } else { &mut tally.taken } += 1;
                }
            }
            Ok(tally)
        })
    }

    fn import_bodies(
        &mut self,
        bodies: &[LeasedBody],
        capacity: u64,
        now: Instant,
        tally: &mut Tally,
    ) -> Result<(), QueueError> {
        let new: Vec<_> = bodies
            .iter()
            .map(|body| NewBody {
                payload: body.payload.clone(),
                blob_id: body.row.blob_id.clone(),
                index_event_id: body.row.index_event_id.clone(),
                origin: Origin::Import,
            })
            .collect();
        let outcomes = self.enqueue_bodies(&new, capacity, now)?;
        for (body, outcome) in bodies.iter().zip(outcomes) {
            match outcome {
                Enqueued::New => tally.taken += 1,
                Enqueued::AlreadyInQueue => tally.known += 1,
                Enqueued::QueueFull => tally.no_room += 1,
                Enqueued::Refused(violation) => {
                    tally.refused += 1;
                    self.note_failure(body, &violation.to_string(), now)?;
                }
                Enqueued::Malformed(malformed) => {
                    tally.refused += 1;
                    self.note_failure(body, &malformed.to_string(), now)?;
                }
            }
        }
        Ok(())
    }

    /// Puts a body on the failure list that never was in this queue. Once per reason, however often.
    fn note_failure(&mut self, body: &LeasedBody, reason: &str, now: Instant) -> Result<(), QueueError> {
        let (key, fields) = (&body.row.key, &body.row.key.namespace);
        self.write(|transaction| {
            let sql = format!(
                "INSERT INTO body_upload_failure_log({KEY_COLUMNS}, size_bytes, failure_reason, first_failed_at,
                     last_failed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) ON CONFLICT DO NOTHING"
            );
            transaction
                .execute(
                    &sql,
                    params![
                        fields.project_uuid,
                        fields.mission_slug,
                        fields.target_branch,
                        fields.mission_type,
                        fields.manifest_version,
                        key.artifact_path,
                        key.content_hash,
                        i64::try_from(body.row.size_bytes).unwrap_or(i64::MAX),
                        reason,
                        row::seconds(now)
                    ],
                )
                .map(drop)
        })
    }
}
