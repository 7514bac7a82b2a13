//! Reading one version of a log: its rows, or the rows of its two readings where it came with conflict markers.
//! Knows nothing about the other versions.

use super::row::Row;
use crate::json::JsonError;
use crate::merge::markers::{self, MIN_SIZE};

/// The rows of one version.
#[derive(Debug)]
pub(super) struct Version<'a> {
    /// Of the first reading, in the order of the text
    pub(super) first: Vec<Row<'a>>,
    /// Of the second reading, where there are two
    pub(super) second: Option<Vec<Row<'a>>>,
}

impl<'a> Version<'a> {
    /// Reads a log. The error is always about the text as it is.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, JsonError> {
        let error = match rows(text).collect() {
            Ok(first) => return Ok(Self { first, second: None }),
            Err(error) => error,
        };
        let Some(halves) = std::str::from_utf8(text).ok().and_then(|text| markers::split(text, MIN_SIZE))
        else {
            return Err(error);
        };
        let owned = |text: String| -> Result<Vec<Row<'static>>, JsonError> {
            rows(text.as_bytes()).map(|row| row.map(Row::into_owned)).collect()
        };
        match (owned(halves.first), owned(halves.second)) {
            (Ok(first), Ok(second)) => Ok(Self { first, second: Some(second) }),
            _ => Err(error),
        }
    }
}

/// The rows of a text, up to the first line that is none; lines end at LF only, lines of white space are skipped.
pub(super) fn rows(text: &[u8]) -> impl Iterator<Item = Result<Row<'_>, JsonError>> {
    let mut rest = text;
    let mut number = 0;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            number += 1;
            let scanned = super::scan::scan(rest).map(Row::from);
            let length = match &scanned {
                Some(row) => row.line.len(),
                None => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            };
            let line = &rest[..length];
            rest = rest.get(length + 1..).unwrap_or_default();
            match scanned {
                Some(row) => return Some(Ok(row)),
                None if line.trim_ascii().is_empty() => {}
                None => return Some(Row::read(line).map_err(|error| JsonError { line: number, ..error })),
            }
        }
        None
    })
}
