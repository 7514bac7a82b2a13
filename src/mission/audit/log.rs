//! Findings about the rows of an event log, and its canonical order.
//!
//! Rows end at LF only: U+2028 and the like are data. Knows nothing about what a row means.

use std::collections::BTreeMap;

use super::missions::code_of;
use super::{Code, Finding};
use crate::json::{JsonError, Limits, Object, Value, parse_object};

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFault {
    /// The code
    pub code: Code,
    /// The line, from 1, and the column, from 1
    pub position: (usize, usize),
    /// In words
    pub message: String,
}

impl LogFault {
    /// The finding, about this file.
    pub fn finding(self, path: &str) -> Finding {
        let finding = Finding::new(self.code, self.message).at(path).position(Some(self.position));
        match self.code {
            Code::EventLogUnsorted => finding.fixed_by("git mission doctor --fix"),
            _ => finding,
        }
    }
}

/// Judges the rows of a log. Every row that cannot be read is a fault of its own; of the others one a code, with
/// the first row that it concerns.
pub fn judge_log(bytes: &[u8]) -> Vec<LogFault> {
    let mut faults = Vec::new();
    let (mut without, mut repeated, mut unsorted) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut last: Option<SortKey> = None;
    for (line, row) in rows(bytes) {
        let row = match parse_object(row, Limits::ROW) {
            Ok(row) => row,
            Err(error) => {
                faults.push(unreadable(line, &error));
                continue;
            }
        };
        match row.get("event_id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
            None => without.push(line),
            Some(id) => {
                if let Some(first) = seen.get(id) {
                    repeated.push((line, id.to_owned(), *first));
                } else {
                    seen.insert(id.to_owned(), line);
                }
            }
        }
        let key = sort_key(&row);
        if last.as_ref().is_some_and(|last| *last > key) {
            unsorted.push(line);
        }
        last = Some(key);
    }
    let more = |count: usize| if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    if let Some(line) = without.first() {
        let message = format!("a row without event_id{}", more(without.len()));
        faults.push(LogFault { code: Code::EventIdMissing, position: (*line, 1), message });
    }
    if let Some((line, id, first)) = repeated.first() {
        let message = format!("event_id {id} is also that of line {first}{}", more(repeated.len()));
        faults.push(LogFault { code: Code::EventIdDuplicate, position: (*line, 1), message });
    }
    if let Some(line) = unsorted.first() {
        let message = format!("an earlier row after a later one{}", more(unsorted.len()));
        faults.push(LogFault { code: Code::EventLogUnsorted, position: (*line, 1), message });
    }
    faults
}

fn unreadable(line: usize, error: &JsonError) -> LogFault {
    // A row is one line, so the error is on its first.
    LogFault {
        code: code_of(&error.kind),
        position: (line + error.line - 1, error.column),
        message: error.kind.to_string(),
    }
}

/// The log with its rows in order of time, then of `event_id`, each row byte for byte; `None` if a row cannot be
/// read. Rows that are equal in both keep their order; blank lines are dropped.
pub fn sorted_log(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut keyed = Vec::new();
    for (_, row) in rows(bytes) {
        keyed.push((sort_key(&parse_object(row, Limits::ROW).ok()?), row));
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut sorted = Vec::with_capacity(bytes.len() + 1);
    for (_, row) in keyed {
        sorted.extend_from_slice(row);
        sorted.push(b'\n');
    }
    Some(sorted)
}

/// The rows that are not blank, with their line numbers from 1.
fn rows(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split(|b| *b == b'\n').enumerate();
    lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(at, line)| (at + 1, line))
}

type SortKey = (String, String);

/// Times are compared as they are spelled.
fn sort_key(row: &Object) -> SortKey {
    let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
    (text("at").or_else(|| text("timestamp")).unwrap_or_default(), text("event_id").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(log: &str) -> Vec<(Code, (usize, usize))> {
        judge_log(log.as_bytes()).into_iter().map(|fault| (fault.code, fault.position)).collect()
    }

    #[test]
    fn rows_are_judged_line_by_line() {
        assert_eq!(
            faults("{\"at\": \"1\", \"event_id\": \"a\"}\r\n\n{\"timestamp\": \"1\", \"event_id\": \"b\"}\n"),
            []
        );
        assert_eq!(faults("{\"at\": \"\u{2028}\", \"event_id\": \"a\"}"), []);
        assert_eq!(
            faults(
                "{\"at\": \"2\", \"event_id\": \"a\"}\n{}\nnot\n{\"a\": 1, \"a\": 2}\n{\"at\": \"1\", \"event_id\": \"a\"}\n{\"kind\":1}\n"
            ),
            [
                (Code::JsonInvalid, (3, 1)),
                (Code::JsonDuplicateKey, (4, 10)),
                (Code::EventIdMissing, (2, 1)),
                (Code::EventIdDuplicate, (5, 1)),
                (Code::EventLogUnsorted, (2, 1)),
            ]
        );
        assert_eq!(faults("<<<<<<< ours\n{}\n").first(), Some(&(Code::ConflictMarkers, (1, 1))));
    }

    #[test]
    fn order_keeps_every_row_byte_for_byte() {
        let log = "{\"event_id\":\"b\",  \"at\":\"2\"}\n\n{\"at\": \"2\", \"event_id\": \"a\"}\n{\"timestamp\": \"1\"}";
        let sorted = "{\"timestamp\": \"1\"}\n{\"at\": \"2\", \"event_id\": \"a\"}\n{\"event_id\":\"b\",  \"at\":\"2\"}\n";
        assert_eq!(sorted_log(log.as_bytes()).as_deref(), Some(sorted.as_bytes()));
        assert_eq!(sorted_log(sorted.as_bytes()).as_deref(), Some(sorted.as_bytes()));
        assert_eq!(sorted_log(b"{}\nx"), None);
    }
}
