//! The reducer: what an event log says about its work packages at the end, as `status.json` holds it.
//!
//! A log in, a snapshot out, the same bytes for the same rows in whatever order. Rows are judged by nobody here: a
//! move that no rule allows has happened. Knows nothing about files.

mod annotation;
mod package;

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use self::package::Package;
use super::lane::ORIGIN;
use super::log::rows;
use crate::gate::Contract;
use crate::json::{JsonError, Limits, Object, Value, canonical_object, object, parse_object};
use crate::mission::{Meta, key, number_of};

const EVENT_COUNT: &str = "event_count";
const LAST_EVENT_ID: &str = "last_event_id";
const MATERIALIZED_AT: &str = "materialized_at";
const SUMMARY: &str = "summary";
const WORK_PACKAGES: &str = "work_packages";
/// What another tool keeps in the same file about the retrospective; it says nothing about work packages.
const RETROSPECTIVE: &str = "retrospective";

/// Why there is no snapshot of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReduceError {
    /// A row cannot be read
    Row {
        /// Its line, from 1
        line: usize,
        /// Why
        error: JsonError,
    },
    /// The contract, which has the names of the lanes, cannot be read
    Contract(String),
}

impl fmt::Display for ReduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { line, error } => write!(f, "{line}:{}: {}", error.column, error.kind),
            Self::Contract(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for ReduceError {}

/// Whose log it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    slug: String,
    number: Option<u64>,
    mission_type: Option<String>,
}

impl Identity {
    /// What a `meta.json` says; without one, or where it says nothing, the name of the directory is the slug.
    pub fn of(meta: Option<&Meta>, directory: &str) -> Self {
        let text = |key| meta.and_then(|meta| meta.text(key)).map(str::to_owned);
        Self {
            slug: text(key::MISSION_SLUG).unwrap_or_else(|| directory.to_owned()),
            number: meta.and_then(|meta| meta.number().settled()),
            mission_type: text(key::MISSION_TYPE),
        }
    }
}

/// What a log says at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Object);

impl Snapshot {
    /// The bytes of `status.json`.
    pub fn to_canonical(&self) -> String {
        canonical_object(&self.0)
    }

    /// Whether a `status.json` says the same. Another tool writes the number as a text, nothing as an empty text, and
    /// one key more; where nothing else differs its file is not touched, or two tools would rewrite it for ever.
    pub fn is_said_by(&self, text: &[u8]) -> bool {
        parse_object(text, Limits::ROW).is_ok_and(|members| by_meaning(members) == by_meaning(self.0.clone()))
    }
}

fn by_meaning(mut members: Object) -> Object {
    members.remove(RETROSPECTIVE);
    for key in [key::MISSION_NUMBER, key::MISSION_TYPE, MATERIALIZED_AT] {
        if members.get(key).and_then(Value::as_str) == Some("") {
            members.insert(key.to_owned(), Value::Null);
        }
    }
    if let Some(number) = number_of(members.get(key::MISSION_NUMBER)).settled() {
        members.insert(key::MISSION_NUMBER.to_owned(), number.into());
    }
    members
}

/// Reduces a log. Of rows with the same `event_id` the first counts; lane rows are folded in the order of (`at`,
/// `event_id`), then annotations in the same order. At one `at` a rollback wins over what is no rollback.
pub fn reduce(log: &[u8], identity: &Identity) -> Result<Snapshot, ReduceError> {
    let contract = Contract::embedded().map_err(|error| ReduceError::Contract(error.to_string()))?;
    let (moves, annotations) = sorted(log)?;
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for row in &moves {
        if let Some(name) = text(row, "wp_id") {
            packages.entry(name.to_owned()).or_default().go(contract, row);
        }
    }
    for row in &annotations {
        if let Some(name) = text(row, "wp_id") {
            let package = packages.entry(name.to_owned()).or_default();
            package.annotate(contract, row);
        }
    }
    let last = |key: &str| moves.last().and_then(|row| row.get(key)).cloned().unwrap_or(Value::Null);
    let mut summary: BTreeMap<&str, usize> =
        contract.lanes().iter().filter(|lane| *lane != ORIGIN).map(|lane| (lane.as_str(), 0)).collect();
    for lane in packages.values().filter_map(Package::lane) {
        if let Some(count) = summary.get_mut(lane) {
            *count += 1;
        }
    }
    let summary: Object = summary.into_iter().map(|(lane, count)| (lane.to_owned(), count.into())).collect();
    let packages: Object = packages.into_iter().map(|(name, package)| (name, package.into_value())).collect();
    let snapshot = object([
        (key::MISSION_SLUG, identity.slug.clone().into()),
        (key::MISSION_NUMBER, identity.number.into()),
        (key::MISSION_TYPE, identity.mission_type.clone().into()),
        (MATERIALIZED_AT, last("at")),
        (EVENT_COUNT, moves.len().into()),
        (LAST_EVENT_ID, last("event_id")),
        (WORK_PACKAGES, packages.into()),
        (SUMMARY, summary.into()),
    ]);
    Ok(Snapshot(snapshot.as_object().cloned().unwrap_or_default()))
}

/// The lane rows and the annotations of a log, each id once, in order.
fn sorted(log: &[u8]) -> Result<(Vec<Object>, Vec<Object>), ReduceError> {
    let (mut moves, mut annotations) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (line, row) in rows(log) {
        let row = row.map_err(|error| ReduceError::Row { line, error })?;
        let is_annotation = row.get("kind").and_then(Value::as_str) == Some("annotation");
        if !is_annotation && !super::log::is_lane_row(&row) {
            continue;
        }
        if text(&row, "event_id").is_some_and(|id| !seen.insert(id.to_owned())) {
            continue;
        }
        if is_annotation { annotations.push(row) } else { moves.push(row) }
    }
    for rows in [&mut moves, &mut annotations] {
        rows.sort_by(|a, b| place(a).cmp(&place(b)));
    }
    Ok((moves, annotations))
}

/// Times are compared as they are spelled.
fn place(row: &Object) -> (&str, &str) {
    let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
    (text("at"), text("event_id"))
}

/// A text that is not empty.
fn text<'r>(row: &'r Object, key: &str) -> Option<&'r str> {
    row.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}
