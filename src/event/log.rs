//! The rows of `status.events.jsonl`, and which of them move a work package.

use crate::json::{JsonError, Limits, Object, Value, parse};

/// Keys that rows of other kinds have.
const OTHER_KINDS: [&str; 3] = ["kind", "event_type", "type"];

/// The lane rows with their lines (from 1), and the rows that cannot be read.
pub(super) fn lane_rows(log: &[u8]) -> impl Iterator<Item = (usize, Result<Object, JsonError>)> {
    rows(log).filter(|(_, row)| row.as_ref().map_or(true, is_lane_row))
}

/// All rows that are objects, with their lines (from 1), and the rows that cannot be read. Lines end at LF only.
pub(super) fn rows(log: &[u8]) -> impl Iterator<Item = (usize, Result<Object, JsonError>)> {
    let lines = log.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    lines.filter_map(|(at, line)| match parse(line, Limits::ROW) {
        Ok(Value::Object(row)) => Some((at + 1, Ok(row))),
        Ok(_) => None,
        Err(error) => Some((at + 1, Err(error))),
    })
}

/// Whether a row moves a work package.
pub(super) fn is_lane_row(row: &Object) -> bool {
    row.contains_key("to_lane") && !OTHER_KINDS.iter().any(|key| row.contains_key(*key))
}
