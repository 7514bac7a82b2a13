//! The rows of `status.events.jsonl` that move a work package. Rows of other kinds are none of its business.

use crate::json::{JsonError, Limits, Object, Value, parse};

/// Keys that rows of other kinds have.
const OTHER_KINDS: [&str; 3] = ["kind", "event_type", "type"];

/// The lane rows with their lines (from 1), and the rows that cannot be read. Lines end at LF only.
pub(super) fn lane_rows(log: &[u8]) -> impl Iterator<Item = (usize, Result<Object, JsonError>)> {
    let lines = log.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    lines.filter_map(|(at, line)| match parse(line, Limits::ROW) {
        Ok(Value::Object(row)) if is_lane_row(&row) => Some((at + 1, Ok(row))),
        Ok(_) => None,
        Err(error) => Some((at + 1, Err(error))),
    })
}

fn is_lane_row(row: &Object) -> bool {
    row.contains_key("to_lane") && !OTHER_KINDS.iter().any(|key| row.contains_key(*key))
}
