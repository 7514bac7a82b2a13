//! Figures about both queues, for people. Knows nothing about how they are shown.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::row::{self, DUE};
use super::{Queue, QueueError};
use crate::clock::Instant;

/// Figures about the event queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventStats {
    /// Events that will be sent
    pub pending: u64,
    /// Events that will not be sent until they are retried by hand
    pub failed: u64,
    /// Age of the oldest pending event
    pub oldest_age_seconds: Option<u64>,
    /// Number of rejections to number of events
    pub retry_distribution: BTreeMap<u32, u64>,
    /// The five most frequent types with their numbers, most frequent first
    pub top_event_types: Vec<(String, u64)>,
}

/// Figures about the body queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyStats {
    /// Queued bodies
    pub total: u64,
    /// Those that are due
    pub ready: u64,
    /// Those that wait before the next try
    pub backoff: u64,
    /// The most rejections of any body
    pub max_retry_count: u32,
    /// Number of rejections to number of bodies
    pub retry_histogram: BTreeMap<u32, u64>,
    /// When the oldest was queued
    pub oldest_created_at: Option<Instant>,
}

impl Queue {
    /// Whether nothing is queued, neither events nor bodies.
    pub fn is_empty(&self) -> Result<bool, QueueError> {
        self.read(|connection| {
            let sql =
                "SELECT NOT EXISTS (SELECT 1 FROM queue) AND NOT EXISTS (SELECT 1 FROM body_upload_queue)";
            connection.query_row(sql, [], |r| r.get(0))
        })
    }

    /// Figures about the event queue at this time.
    pub fn event_stats(&self, now: Instant) -> Result<EventStats, QueueError> {
        self.read(|connection| {
            let (pending, failed) = connection.query_row(
                "SELECT coalesce(sum(status = 'pending'), 0), coalesce(sum(status = 'failed'), 0) FROM queue",
                [],
                |r| Ok((row::count(r.get(0)?), row::count(r.get(1)?))),
            )?;
            let oldest = connection.query_row(
                "SELECT created_at FROM (SELECT min(id), created_at FROM queue WHERE status = 'pending')",
                [],
                |r| r.get(0),
            )?;
            let mut types = connection.prepare(
                "SELECT event_type, count(*) FROM queue GROUP BY event_type ORDER BY 2 DESC, 1 LIMIT 5",
            )?;
            let top = types.query_map([], |r| Ok((r.get(0)?, row::count(r.get(1)?))))?;
            Ok(EventStats {
                pending,
                failed,
                oldest_age_seconds: row::instant(oldest).map(|then| now.seconds_since(then)),
                retry_distribution: histogram(connection, "queue")?,
                top_event_types: top.collect::<Result<_, _>>()?,
            })
        })
    }

    /// Figures about the body queue at this time.
    pub fn body_stats(&self, now: Instant) -> Result<BodyStats, QueueError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT count(*), coalesce(sum({DUE}), 0), coalesce(max(retry_count), 0), {}
                 FROM body_upload_queue",
                row::iso("min(created_at)")
            );
            let mut stats = connection.query_row(&sql, [row::seconds(now)], |r| {
                Ok(BodyStats {
                    total: row::count(r.get(0)?),
                    ready: row::count(r.get(1)?),
                    max_retry_count: row::small_count(r.get(2)?),
                    oldest_created_at: row::instant(r.get(3)?),
                    ..BodyStats::default()
                })
            })?;
            stats.backoff = stats.total - stats.ready;
            stats.retry_histogram = histogram(connection, "body_upload_queue")?;
            Ok(stats)
        })
    }
}

fn histogram(connection: &Connection, table: &str) -> rusqlite::Result<BTreeMap<u32, u64>> {
    let sql = format!("SELECT retry_count, count(*) FROM {table} GROUP BY retry_count");
    let mut statement = connection.prepare(&sql)?;
    statement.query_map([], |r| Ok((row::small_count(r.get(0)?), row::count(r.get(1)?))))?.collect()
}
