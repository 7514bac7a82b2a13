//! The event queue: in through the gate, out by acknowledgement. Knows nothing about what events mean.

use rusqlite::{OptionalExtension as _, Row, params};

use super::bodies::{Turn, turn};
use super::row::{self, DUE, FREE, FROM_TREE};
use super::{BackOff, Claim, Enqueued, Origin, Queue, QueueError};
use crate::clock::Instant;
use crate::gate::{Context, validate};
use crate::json::{JsonError, Limits, Value, line, parse};

/// An event to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// The envelope with its payload
    pub event: Value,
    /// Events with the same key say the same thing at different times
    pub coalesce_key: Option<String>,
    /// Where it came from
    pub origin: Origin,
}

/// Whether an event will be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventStatus {
    /// It will
    Pending,
    /// Not until it is retried by hand
    Failed,
}

/// A queued event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedEvent {
    /// Its id, which is also the key under which a server knows it
    pub event_id: String,
    /// Its type
    pub event_type: String,
    /// Whether it will be sent
    pub status: EventStatus,
    /// How often it was rejected
    pub retry_count: u32,
    /// Where it came from
    pub origin: Origin,
    /// See [`NewEvent`]
    pub coalesce_key: Option<String>,
    /// What the last try ended with
    pub last_error: Option<String>,
    /// The kind of that
    pub error_category: Option<String>,
    /// The envelope as it was stored
    pub data: String,
}

/// An event that the server rejected by name.
#[derive(Debug, Clone, Copy)]
pub struct Rejection<'a> {
    /// How long to wait and what the server said; always counts as a try
    pub back_off: BackOff<'a>,
    /// The kind of rejection
    pub category: &'a str,
    /// After how many rejections the event has failed
    pub max_tries: u32,
}

const COLUMNS: &str =
    "event_id, event_type, status, retry_count, origin, coalesce_key, last_error, error_category, data";

impl QueuedEvent {
    /// The envelope. A row of another program may hold anything.
    pub fn event(&self) -> Result<Value, JsonError> {
        parse(self.data.as_bytes(), Limits::ROW)
    }
}

impl Queue {
    /// Queues events in one transaction and says what became of each, in order. An id that is queued already
    /// keeps its first payload; otherwise as [`Queue::enqueue_bodies`].
    pub fn enqueue_events(
        &mut self,
        events: &[NewEvent],
        capacity: u64,
        now: Instant,
    ) -> Result<Vec<Enqueued>, QueueError> {
        let judged: Vec<_> = events.iter().map(|new| validate(&new.event, Context::Event)).collect();
        self.write(|transaction| {
            let mut total =
                row::count(transaction.query_row("SELECT count(*) FROM queue", [], |r| r.get(0))?);
            let mut insert = transaction.prepare(
                "INSERT INTO queue(event_id, event_type, data, status, created_at, coalesce_key, origin)
                 VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            )?;
            let mut present = transaction.prepare("SELECT 1 FROM queue WHERE event_id = ?1")?;
            let mut outcomes = Vec::with_capacity(events.len());
            let created_at = now.to_iso();
            for (new, judged) in events.iter().zip(judged) {
                if let Err(violation) = judged {
                    outcomes.push(Enqueued::Refused(violation));
                    continue;
                }
                let (id, kind) = (text(&new.event, "event_id"), text(&new.event, "event_type"));
                if present.exists([id])? {
                    outcomes.push(Enqueued::AlreadyInQueue);
                } else if total >= capacity {
                    outcomes.push(Enqueued::QueueFull);
                } else {
                    let values =
                        params![id, kind, line(&new.event), created_at, new.coalesce_key, new.origin.word()];
                    total += insert.execute(values)? as u64;
                    outcomes.push(Enqueued::New);
                }
            }
            Ok(outcomes)
        })
    }

    /// Every queued event, pending or failed, in the order of queueing.
    pub fn events(&self) -> Result<Vec<QueuedEvent>, QueueError> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM queue ORDER BY id");
            connection.prepare(&sql)?.query_map([], queued)?.collect()
        })
    }

    /// The events that were read from a tree and that are wanted, which is asked with their id and envelope, in the order of
    /// queueing. The others are looked at where they lie.
    pub fn tree_events(
        &self,
        mut is_wanted: impl FnMut(&str, &str) -> bool,
    ) -> Result<Vec<QueuedEvent>, QueueError> {
        self.read(|connection| {
            let sql = format!("SELECT id, event_id, data FROM queue WHERE {FROM_TREE} ORDER BY id");
            let mut statement = connection.prepare(&sql)?;
            let (mut rows, mut wanted) = (statement.query([])?, Vec::<i64>::new());
            while let Some(row) = rows.next()? {
                if is_wanted(row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?) {
                    wanted.push(row.get(0)?);
                }
            }
            if wanted.is_empty() {
                return Ok(Vec::new());
            }
            let mut select = connection.prepare(&format!("SELECT {COLUMNS} FROM queue WHERE id = ?1"))?;
            // What somebody has removed meanwhile is gone.
            let found = wanted.iter().map(|id| select.query_row([id], queued).optional());
            found.filter_map(Result::transpose).collect()
        })
    }

    /// At most `limit` pending events that are due and that no sender holds, in the order of queueing.
    pub fn ready_events(&self, now: Instant, limit: u32) -> Result<Vec<QueuedEvent>, QueueError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM queue WHERE status = 'pending' AND {FREE} AND {DUE} ORDER BY id LIMIT ?2"
            );
            connection.prepare(&sql)?.query_map(params![row::seconds(now), limit], queued)?.collect()
        })
    }

    /// Takes the turn to send these events, or keeps it: says which of them are still pending and due and held by nobody
    /// else, and holds the last of those. `None`, and nothing is changed, if another sender holds a row of either queue.
    ///
    /// One row stands for all: whoever begins to send looks for any row that is held. It has to be settled last.
    pub fn hold_events<'a>(
        &mut self,
        event_ids: &[&'a str],
        claim: Claim<'_>,
    ) -> Result<Option<Vec<&'a str>>, QueueError> {
        let alone_at = self.known_alone(claim.owner);
        let (alone_at, held) = self.write(|transaction| {
            let Turn::Free { alone_at } = turn(transaction, claim, alone_at)? else {
                return Ok((None, None));
            };
            let mut is_ready = transaction.prepare(&format!(
                "SELECT 1 FROM queue
                 WHERE event_id = ?3 AND status = 'pending' AND (lease_owner = ?2 OR {FREE}) AND {DUE}"
            ))?;
            let now = row::seconds(claim.now);
            let mut ready = Vec::with_capacity(event_ids.len());
            for id in event_ids {
                if is_ready.exists(params![now, claim.owner, id])? {
                    ready.push(*id);
                }
            }
            if let Some(last) = ready.last() {
                transaction.execute(
                    "UPDATE queue SET lease_owner = ?1, lease_until = ?2 WHERE event_id = ?3",
                    params![claim.owner, row::lease_end(claim.now, claim.lasting), last],
                )?;
            }
            Ok((alone_at, Some(ready)))
        })?;
        self.alone_at = alone_at.map(|at| (at, claim.owner.to_owned()));
        Ok(held)
    }

    /// Removes events that the server acknowledged by name, and lets the bodies go that waited for them.
    /// Returns how many there were.
    pub fn acknowledge_events(&mut self, event_ids: &[&str]) -> Result<u64, QueueError> {
        self.write(|transaction| {
            let mut delete = transaction.prepare("DELETE FROM queue WHERE event_id = ?1")?;
            let mut unlock = transaction
                .prepare("UPDATE body_upload_queue SET index_event_id = NULL WHERE index_event_id = ?1")?;
            let waiting = "SELECT 1 FROM body_upload_queue WHERE index_event_id IS NOT NULL";
            let is_awaited = transaction.prepare(waiting)?.exists([])?;
            let mut removed = 0;
            for id in event_ids {
                removed += delete.execute([id])? as u64;
                if is_awaited {
                    unlock.execute([id])?;
                }
            }
            Ok(removed)
        })
    }

    /// Removes events that nothing says any more; bodies that wait for them go on waiting.
    pub fn remove_events(&mut self, event_ids: &[&str]) -> Result<u64, QueueError> {
        self.write(|transaction| {
            let mut delete = transaction.prepare("DELETE FROM queue WHERE event_id = ?1")?;
            event_ids.iter().try_fold(0, |removed, id| Ok(removed + delete.execute([id])? as u64))
        })
    }

    /// Gives events back after a try that did not deliver, none of them named by the server. Those that somebody else
    /// than `owner` holds now are left alone.
    pub fn back_off_events(
        &mut self,
        event_ids: &[&str],
        owner: &str,
        back_off: BackOff<'_>,
        now: Instant,
    ) -> Result<(), QueueError> {
        self.write(|transaction| {
            let mut give_back = transaction.prepare(&format!(
                "UPDATE queue SET retry_count = retry_count + ?3, next_attempt_at = ?4, last_attempt_at = ?5,
                     last_error = ?6, lease_owner = NULL, lease_until = NULL
                 WHERE event_id = ?7 AND (lease_owner = ?2 OR {FREE})"
            ))?;
            let next = row::next_attempt(now, back_off.wait);
            let (counts, at, now) = (i64::from(back_off.counts), now.to_iso(), row::seconds(now));
            for id in event_ids {
                give_back.execute(params![now, owner, counts, next, at, back_off.error, id])?;
            }
            Ok(())
        })
    }

    /// Counts a rejection; after the last one the event has failed. `None` if the event is not there.
    pub fn reject_event(
        &mut self,
        event_id: &str,
        rejection: Rejection<'_>,
        now: Instant,
    ) -> Result<Option<EventStatus>, QueueError> {
        self.write(|transaction| {
            let sql = "UPDATE queue SET retry_count = retry_count + 1, next_attempt_at = ?2,
                    last_attempt_at = ?3, last_error = ?4, error_category = ?5,
                    status = CASE WHEN retry_count + 1 >= ?6 THEN 'failed' ELSE status END,
                    lease_owner = NULL, lease_until = NULL
                WHERE event_id = ?1 RETURNING status";
            let values = params![
                event_id,
                row::next_attempt(now, rejection.back_off.wait),
                now.to_iso(),
                rejection.back_off.error,
                rejection.category,
                rejection.max_tries
            ];
            let word = transaction.query_row(sql, values, |r| r.get::<_, String>(0)).optional()?;
            Ok(word.map(|word| EventStatus::from_word(&word)))
        })
    }

    /// Puts failed events back, or the one of that id, with all their tries. Returns how many.
    pub fn retry_events(&mut self, event_id: Option<&str>) -> Result<u64, QueueError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE queue SET status = 'pending', retry_count = 0, next_attempt_at = 0
                 WHERE status = 'failed' AND (?1 IS NULL OR event_id = ?1)",
                [event_id],
            )?;
            Ok(changed as u64)
        })
    }

    /// Removes every queued event. Returns how many there were.
    pub fn purge_events(&mut self) -> Result<u64, QueueError> {
        self.write(|transaction| Ok(transaction.execute("DELETE FROM queue", [])? as u64))
    }

    /// Which of these events are queued, in their order.
    pub fn are_queued(&self, event_ids: &[&str]) -> Result<Vec<bool>, QueueError> {
        self.read(|connection| {
            let mut present = connection.prepare("SELECT 1 FROM queue WHERE event_id = ?1")?;
            event_ids.iter().map(|id| present.exists([id])).collect()
        })
    }

    /// Whether an event is queued, and whether it has failed.
    pub fn event_status(&self, event_id: &str) -> Result<Option<EventStatus>, QueueError> {
        self.read(|connection| {
            let sql = "SELECT status FROM queue WHERE event_id = ?1";
            let word = connection.query_row(sql, [event_id], |r| r.get::<_, String>(0)).optional()?;
            Ok(word.map(|word| EventStatus::from_word(&word)))
        })
    }
}

impl EventStatus {
    /// The word in the table, also in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }

    fn from_word(word: &str) -> Self {
        if word == "pending" { Self::Pending } else { Self::Failed }
    }
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event.as_object().and_then(|members| members.get(key)).and_then(Value::as_str).unwrap_or_default()
}

fn queued(r: &Row<'_>) -> rusqlite::Result<QueuedEvent> {
    Ok(QueuedEvent {
        event_id: r.get(0)?,
        event_type: r.get(1)?,
        status: EventStatus::from_word(r.get_ref(2)?.as_str()?),
        retry_count: row::small_count(r.get(3)?),
        origin: Origin::from_word(r.get_ref(4)?.as_str()?),
        coalesce_key: r.get(5)?,
        last_error: r.get(6)?,
        error_category: r.get(7)?,
        data: r.get(8)?,
    })
}
