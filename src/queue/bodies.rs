//! The body queue: in through the gate, out by acknowledgement. Knows nothing about servers.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::row::{self, BODY_COLUMNS, DUE, FREE, KEY_COLUMNS, TREE_BODY, TREE_COLUMNS};
use super::{
    BackOff, BodyId, BodyRow, Claim, Due, Enqueued, LeasedBody, NewBody, Queue, QueueError, Survey, TreeBody,
};
use crate::clock::Instant;
use crate::dossier::BodyFields;
use crate::gate::{Context, validate};
use crate::json::Value;

const PRESENT: &str = "SELECT 1 FROM body_upload_queue WHERE project_uuid = ?1 AND mission_slug = ?2
    AND target_branch = ?3 AND mission_type = ?4 AND manifest_version = ?5 AND artifact_path = ?6 AND content_hash = ?7";

impl Queue {
    /// Queues bodies in one transaction and says what became of each, in order.
    ///
    /// The gate stops what breaks the contract; the rest of the batch goes on. A full queue refuses what is
    /// new and evicts nothing.
    pub fn enqueue_bodies(
        &mut self,
        bodies: &[NewBody],
        capacity: u64,
        now: Instant,
    ) -> Result<Vec<Enqueued>, QueueError> {
        let judged: Vec<Result<BodyFields<'_>, Enqueued>> = bodies.iter().map(judge).collect();
        self.write(|transaction| {
            let mut total = row::count(transaction.query_row(
                "SELECT count(*) FROM body_upload_queue",
                [],
                |r| r.get(0),
            )?);
            let mut insert = transaction.prepare(&format!(
                "INSERT INTO body_upload_queue({KEY_COLUMNS}, hash_algorithm, content_body, size_bytes, created_at,
                     blob_id, index_event_id, origin)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                 ON CONFLICT DO NOTHING"
            ))?;
            let mut outcomes = Vec::with_capacity(bodies.len());
            for (body, judged) in bodies.iter().zip(judged) {
                let upload = match judged {
                    Ok(upload) => upload,
                    Err(outcome) => {
                        outcomes.push(outcome);
                        continue;
                    }
                };
                let [project, slug, branch, kind, version] = upload.namespace;
                let (path, hash) = (upload.artifact_path, upload.content_hash);
                if total >= capacity {
                    let mut present = transaction.prepare(PRESENT)?;
                    let there = present.exists(params![project, slug, branch, kind, version, path, hash])?;
                    outcomes.push(if there { Enqueued::AlreadyInQueue } else { Enqueued::QueueFull });
                    continue;
                }
                let size = i64::try_from(upload.content_body.len()).unwrap_or(i64::MAX);
                let inserted = insert.execute(params![
                    project,
                    slug,
                    branch,
                    kind,
                    version,
                    path,
                    hash,
                    upload.hash_algorithm,
                    upload.content_body,
                    size,
                    row::seconds(now),
                    body.blob_id,
                    body.index_event_id,
                    body.origin.word(),
                ])?;
                total += inserted as u64;
                outcomes.push(if inserted == 1 { Enqueued::New } else { Enqueued::AlreadyInQueue });
            }
            Ok(outcomes)
        })
    }

    /// Every queued body, oldest first, without its content.
    pub fn bodies(&self) -> Result<Vec<BodyRow>, QueueError> {
        self.read(|connection| {
            let sql = format!("SELECT {BODY_COLUMNS} FROM body_upload_queue ORDER BY row_id");
            connection.prepare(&sql)?.query_map([], row::body_row)?.collect()
        })
    }

    /// The names of the missions of bodies that were read from a blob of a tree, one after the other as they stand there.
    pub fn tree_slugs(&self, mut note: impl FnMut(&str)) -> Result<(), QueueError> {
        self.read(|connection| {
            let sql = format!("SELECT mission_slug FROM body_upload_queue WHERE {TREE_BODY}");
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                note(row.get_ref(0)?.as_str()?);
            }
            Ok(())
        })
    }

    /// The bodies that were read from a blob of a tree and that are wanted, oldest first, without their content. The others
    /// are looked at where they lie.
    pub fn tree_bodies(
        &self,
        mut is_wanted: impl FnMut(&TreeBody<'_>) -> bool,
    ) -> Result<Vec<BodyRow>, QueueError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT row_id, {TREE_COLUMNS} FROM body_upload_queue WHERE {TREE_BODY} ORDER BY row_id"
            );
            let mut statement = connection.prepare(&sql)?;
            let (mut rows, mut wanted) = (statement.query([])?, Vec::<i64>::new());
            while let Some(row) = rows.next()? {
                if is_wanted(&row::tree_body(row)?) {
                    wanted.push(row.get(0)?);
                }
            }
            if wanted.is_empty() {
                return Ok(Vec::new());
            }
            let sql = format!("SELECT {BODY_COLUMNS} FROM body_upload_queue WHERE row_id = ?1");
            let mut select = connection.prepare(&sql)?;
            // What somebody has removed meanwhile is gone.
            let found = wanted.iter().map(|id| select.query_row([id], row::body_row).optional());
            found.filter_map(Result::transpose).collect()
        })
    }

    /// The bodies that are due and that no sender holds, oldest first, without their content.
    pub fn ready_bodies(&self, now: Instant) -> Result<Vec<BodyRow>, QueueError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {BODY_COLUMNS} FROM body_upload_queue WHERE {FREE} AND {DUE} ORDER BY row_id"
            );
            connection.prepare(&sql)?.query_map([row::seconds(now)], row::body_row)?.collect()
        })
    }

    /// Looks over both queues for whoever is about to send as `owner`, in one pass and at one moment.
    pub fn survey(&mut self, owner: &str, now: Instant) -> Result<Survey, QueueError> {
        let (survey, alone_at) = self.read(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let version = data_version(&transaction)?;
            let values = params![row::seconds(now), owner];
            let events = format!(
                "SELECT max(lease_owner) FILTER (WHERE NOT {FREE}), count(*) FROM queue WHERE lease_owner <> ?2"
            );
            let (event_of, of_events): (Option<String>, u64) =
                transaction.query_row(&events, values, |r| Ok((r.get(0)?, row::count(r.get(1)?))))?;
            let bodies = format!(
                "SELECT count(*) FILTER (WHERE {FREE} AND {DUE}), max(row_id) FILTER (WHERE {FREE} AND {DUE}),
                     max(lease_owner) FILTER (WHERE lease_owner <> ?2 AND NOT {FREE}),
                     count(*) FILTER (WHERE lease_owner <> ?2)
                 FROM body_upload_queue"
            );
            let (survey, of_bodies) = transaction.query_row(&bodies, values, |r| {
                let (due, last_due) = (row::count(r.get(0)?), r.get::<_, Option<i64>>(1)?.map(BodyId));
                Ok((Survey { sender: event_of.or(r.get(2)?), due, last_due }, row::count(r.get(3)?)))
            })?;
            // A lease that is over is none, unless the clock was ahead.
            let is_alone = of_events + of_bodies == 0;
            transaction.finish()?;
            Ok((survey, is_alone.then(|| (version, owner.to_owned()))))
        })?;
        self.alone_at = alone_at;
        Ok(survey)
    }

    /// Whether any body waits for the event that indexes its artifact, due or not. Looks at no body.
    pub fn has_waiting_bodies(&self) -> Result<bool, QueueError> {
        self.read(|connection| {
            connection.prepare("SELECT 1 FROM body_upload_queue WHERE index_event_id IS NOT NULL")?.exists([])
        })
    }

    /// The next of those, of one kind and without their content: after one and up to another, at most `limit`, oldest
    /// first. Uses the memory of those in `spare`.
    pub fn next_bodies(
        &self,
        kind: Due,
        (after, last): (Option<BodyId>, BodyId),
        limit: u32,
        now: Instant,
        spare: &mut Vec<BodyRow>,
    ) -> Result<Vec<BodyRow>, QueueError> {
        self.read(|connection| {
            let kind = match kind {
                Due::Waiting => "index_event_id IS NOT NULL",
                Due::Fresh => "index_event_id IS NULL AND last_error IS NULL",
                Due::Tried => "index_event_id IS NULL AND last_error IS NOT NULL",
            };
            let sql = format!(
                "SELECT {BODY_COLUMNS} FROM body_upload_queue
                 WHERE row_id > ?2 AND row_id <= ?3 AND {kind} AND {FREE} AND {DUE} ORDER BY row_id LIMIT ?4"
            );
            let after = after.map_or(i64::MIN, |id| id.0);
            let values = params![row::seconds(now), after, last.0, limit];
            let mut statement = connection.prepare(&sql)?;
            let (mut found, mut rows) = (statement.query(values)?, Vec::new());
            while let Some(r) = found.next()? {
                rows.push(match spare.pop() {
                    Some(spare) => row::body_row_over(r, spare)?,
                    None => row::body_row(r)?,
                });
            }
            Ok(rows)
        })
    }

    /// Takes hold of those of `ids` that are still due and free, and reads them. Nobody else is given them
    /// before the lease ends.
    pub fn lease_bodies(&mut self, ids: &[BodyId], claim: Claim<'_>) -> Result<Vec<LeasedBody>, QueueError> {
        self.write(|transaction| {
            let mut lease = transaction.prepare(&format!(
                "UPDATE body_upload_queue SET lease_owner = ?2, lease_until = ?3
                 WHERE row_id = ?4 AND {FREE} AND {DUE}"
            ))?;
            let mut select = transaction.prepare(&select("row_id = ?1"))?;
            let (now, end) = (row::seconds(claim.now), row::lease_end(claim.now, claim.lasting));
            let mut leased = Vec::new();
            for id in ids {
                if lease.execute(params![now, claim.owner, end, id.0])? == 1 {
                    leased.push(select.query_row([id.0], leased_body)?);
                }
            }
            Ok(leased)
        })
    }

    /// Takes the turn to send bodies, or keeps it: holds the first of `ids` that is there, by which every sender
    /// sees that another is at work. `None`, and nothing is changed, if another sender holds a row of either queue
    /// or none of `ids` is there.
    ///
    /// One row stands for all: whoever begins to send looks for any row that is held. To hold each of them would
    /// rewrite it with its content.
    pub fn take_turn(&mut self, ids: &[BodyId], claim: Claim<'_>) -> Result<Option<BodyId>, QueueError> {
        let alone_at = self.known_alone(claim.owner);
        let (alone_at, held) = self.write(|transaction| {
            let Turn::Free { alone_at } = turn(transaction, claim, alone_at)? else {
                return Ok((None, None));
            };
            let mut hold = transaction.prepare(
                "UPDATE body_upload_queue SET lease_owner = ?1, lease_until = ?2 WHERE row_id = ?3",
            )?;
            let end = row::lease_end(claim.now, claim.lasting);
            for id in ids {
                if hold.execute(params![claim.owner, end, id.0])? == 1 {
                    return Ok((alone_at, Some(*id)));
                }
            }
            Ok((alone_at, None))
        })?;
        self.alone_at = alone_at.map(|at| (at, claim.owner.to_owned()));
        Ok(held)
    }

    /// The version of the data at which nobody else than `owner` held a row, if that is known. Has to be found out again.
    pub(super) fn known_alone(&mut self, owner: &str) -> Option<i64> {
        self.alone_at.take().filter(|(_, of)| of == owner).map(|(at, _)| at)
    }

    /// Reads the content of bodies, in the order of their ids, for the sender whose turn it is, without those that are gone
    /// or that somebody else holds. Uses the memory of the payloads in `spent`.
    pub fn read_bodies(
        &self,
        rows: Vec<BodyRow>,
        claim: Claim<'_>,
        spent: &mut Vec<Value>,
    ) -> Result<Vec<LeasedBody>, QueueError> {
        self.read(|connection| {
            // Each reading alone would ask for the lock anew.
            let transaction = connection.unchecked_transaction()?;
            let mut select = transaction.prepare(&format!(
                "SELECT row_id, hash_algorithm, content_body FROM body_upload_queue
                 WHERE row_id BETWEEN ?2 AND ?4 AND (lease_owner = ?3 OR {FREE}) ORDER BY row_id"
            ))?;
            let now = row::seconds(claim.now);
            let runs = runs(rows.iter().map(|row| row.id));
            let mut bodies = Vec::with_capacity(rows.len());
            let mut rows = rows.into_iter();
            for (first, last) in runs {
                let mut found = select.query(params![now, first, claim.owner, last])?;
                while let Some(r) = found.next()? {
                    let id = BodyId(r.get(0)?);
                    let Some(row) = rows.find(|row| row.id == id) else { break };
                    let mut payload = spent.pop().unwrap_or(Value::Null);
                    row::fill(&mut payload, &row.key, r.get_ref(1)?.as_str()?, r.get_ref(2)?.as_str()?);
                    bodies.push(LeasedBody { row, payload });
                }
            }
            drop(select);
            transaction.finish()?;
            Ok(bodies)
        })
    }

    /// Removes a body that the server acknowledged by name. False if it was gone already. Needs no lease:
    /// what the server has, it has.
    pub fn acknowledge_body(&mut self, id: BodyId) -> Result<bool, QueueError> {
        self.write(|transaction| {
            Ok(transaction.execute("DELETE FROM body_upload_queue WHERE row_id = ?1", [id.0])? == 1)
        })
    }

    /// Removes bodies that the server acknowledged by name, all in one transaction. Returns how many there were.
    pub fn acknowledge_bodies(&mut self, ids: &[BodyId]) -> Result<u64, QueueError> {
        if ids.is_empty() {
            return Ok(0);
        }
        self.write(|transaction| {
            let mut delete =
                transaction.prepare("DELETE FROM body_upload_queue WHERE row_id BETWEEN ?1 AND ?2")?;
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            let mut removed = 0;
            for (first, last) in runs(ids.into_iter()) {
                removed += delete.execute([first, last])? as u64;
            }
            Ok(removed)
        })
    }

    /// Gives a body back after a try that did not deliver. False, and nothing is changed, if somebody else than
    /// `owner` holds it now.
    pub fn back_off_body(
        &mut self,
        id: BodyId,
        owner: &str,
        back_off: BackOff<'_>,
        now: Instant,
    ) -> Result<bool, QueueError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                &format!(
                    "UPDATE body_upload_queue SET retry_count = retry_count + ?3, next_attempt_at = ?4,
                         last_error = ?5, lease_owner = NULL, lease_until = NULL
                     WHERE row_id = ?6 AND (lease_owner = ?2 OR {FREE})"
                ),
                params![
                    row::seconds(now),
                    owner,
                    i64::from(back_off.counts),
                    row::next_attempt(now, back_off.wait),
                    back_off.error,
                    id.0
                ],
            )?;
            Ok(changed == 1)
        })
    }

    /// Moves a body to the failure list for good. False, and nothing is changed, if somebody else than `owner` holds
    /// it now.
    pub fn fail_body(
        &mut self,
        id: BodyId,
        owner: &str,
        reason: &str,
        now: Instant,
    ) -> Result<bool, QueueError> {
        let ours = format!("(lease_owner = ?3 OR {FREE})");
        self.write(|transaction| park(transaction, id, reason, now, &ours, Some(owner)))
    }

    /// Moves bodies to the failure list, for instance because no tip says them any more; none while it is a sender's
    /// turn, who may be sending them. Returns how many.
    pub fn park_bodies(&mut self, ids: &[BodyId], reason: &str, now: Instant) -> Result<u64, QueueError> {
        self.write(|transaction| {
            let mut parked = 0;
            let held = format!("SELECT 1 FROM body_upload_queue WHERE NOT {FREE}");
            if transaction.prepare(&held)?.exists([row::seconds(now)])? {
                return Ok(0);
            }
            for id in ids {
                parked += u64::from(park(transaction, *id, reason, now, FREE, None)?);
            }
            Ok(parked)
        })
    }

    /// Removes every queued body of a mission, or of all missions. Returns how many.
    pub fn purge_bodies(&mut self, mission_slug: Option<&str>) -> Result<u64, QueueError> {
        self.write(|transaction| {
            let removed = transaction.execute(
                "DELETE FROM body_upload_queue WHERE ?1 IS NULL OR mission_slug = ?1",
                [mission_slug],
            )?;
            Ok(removed as u64)
        })
    }

    /// Gives back whatever `owner` still holds, of both queues.
    pub fn release(&mut self, owner: &str) -> Result<(), QueueError> {
        self.write(|transaction| {
            for table in ["body_upload_queue", "queue"] {
                let sql = format!(
                    "UPDATE {table} SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?1"
                );
                transaction.execute(&sql, [owner])?;
            }
            Ok(())
        })
    }

    /// Who else holds rows of either queue now, if anybody does.
    pub fn other_sender(&self, owner: &str, now: Instant) -> Result<Option<String>, QueueError> {
        self.read(|connection| other_sender(connection, owner, now))
    }
}

fn other_sender(connection: &Connection, owner: &str, now: Instant) -> rusqlite::Result<Option<String>> {
    let held = |table| format!("SELECT lease_owner FROM {table} WHERE lease_owner <> ?2 AND NOT {FREE}");
    let sql = format!("{} UNION ALL {} LIMIT 1", held("queue"), held("body_upload_queue"));
    connection.query_row(&sql, params![row::seconds(now), owner], |r| r.get(0)).optional()
}

/// Whose turn it is to send.
pub(super) enum Turn {
    /// Another's
    Others,
    /// Nobody else's
    Free {
        /// The version of the data, if nobody else can have the turn before it changes
        alone_at: Option<i64>,
    },
}

/// Asks whose turn it is; `alone_at` is the version at which it was nobody else's. Nobody is looked for again as long as nobody
/// else has written to the store: to begin is to write.
pub(super) fn turn(
    transaction: &Connection,
    claim: Claim<'_>,
    alone_at: Option<i64>,
) -> rusqlite::Result<Turn> {
    let version = data_version(transaction)?;
    let mut is_alone = alone_at == Some(version);
    if !is_alone {
        if other_sender(transaction, claim.owner, claim.now)?.is_some() {
            return Ok(Turn::Others);
        }
        // A lease that is over is none, unless the clock was ahead.
        is_alone = !other_owner(transaction, claim.owner)?;
    }
    Ok(Turn::Free { alone_at: is_alone.then_some(version) })
}

/// Changes when another connection has written.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |r| r.get(0))
}

/// Whether a row of either queue has a lease of somebody else, be it over or not.
fn other_owner(connection: &Connection, owner: &str) -> rusqlite::Result<bool> {
    let leased = |table| format!("SELECT 1 FROM {table} WHERE lease_owner <> ?1");
    let sql = format!("{} UNION ALL {} LIMIT 1", leased("queue"), leased("body_upload_queue"));
    connection.prepare(&sql)?.exists([owner])
}

/// The first and the last of those that follow each other without a gap, of ids in their order.
fn runs(ids: impl Iterator<Item = BodyId>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for BodyId(id) in ids {
        match runs.last_mut() {
            Some((_, last)) if id.checked_sub(1) == Some(*last) => *last = id,
            _ => runs.push((id, id)),
        }
    }
    runs
}

/// The chokepoint: nothing that breaks the contract is stored.
fn judge(body: &NewBody) -> Result<BodyFields<'_>, Enqueued> {
    validate(&body.payload, Context::BodySync).map_err(Enqueued::Refused)?;
    BodyFields::of(&body.payload).map_err(Enqueued::Malformed)
}

/// One body with its content, whoever holds it.
pub(super) fn read(connection: &Connection, id: BodyId) -> rusqlite::Result<LeasedBody> {
    connection.prepare(&select("row_id = ?1"))?.query_row([id.0], leased_body)
}

/// Selects what [`leased_body`] reads.
fn select(condition: &str) -> String {
    format!("SELECT {BODY_COLUMNS}, hash_algorithm, content_body FROM body_upload_queue WHERE {condition}")
}

fn leased_body(r: &Row<'_>) -> rusqlite::Result<LeasedBody> {
    let body = row::body_row(r)?;
    let mut payload = Value::Null;
    row::fill(&mut payload, &body.key, r.get_ref(14)?.as_str()?, r.get_ref(15)?.as_str()?);
    Ok(LeasedBody { row: body, payload })
}

/// Moves one row to the failure list if `condition` (over `?1` the time, `?3` the owner) holds.
fn park(
    transaction: &Connection,
    id: BodyId,
    reason: &str,
    now: Instant,
    condition: &str,
    owner: Option<&str>,
) -> rusqlite::Result<bool> {
    let logged = transaction.execute(
        &format!(
            "INSERT INTO body_upload_failure_log({KEY_COLUMNS}, hash_algorithm, size_bytes, failure_reason,
                 failure_count, first_failed_at, last_failed_at)
             SELECT {KEY_COLUMNS}, hash_algorithm, size_bytes, ?4, 1, ?1, ?1
             FROM body_upload_queue WHERE row_id = ?2 AND {condition}
             ON CONFLICT DO UPDATE SET failure_count = failure_count + 1, last_failed_at = excluded.last_failed_at"
        ),
        params![row::seconds(now), id.0, owner, reason],
    )?;
    if logged == 1 {
        transaction.execute("DELETE FROM body_upload_queue WHERE row_id = ?1", [id.0])?;
    }
    Ok(logged == 1)
}
