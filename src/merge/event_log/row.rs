//! One row of a log, by its canonical line. Knows nothing about merging.

use std::borrow::Cow;

use super::scan::{Raw, Scanned, scan};
use crate::json::{JsonError, Limits, Object, Value, line_object, parse_object};

/// A row. Order is the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row<'a> {
    /// `at`, else `timestamp`, else empty; compared as a string
    pub(super) at: Cow<'a, str>,
    /// `event_id`, or empty
    pub(super) id: Cow<'a, str>,
    /// The canonical line without its newline
    pub(super) line: Cow<'a, str>,
}

/// What says that two rows are the same row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Identity<'a> {
    /// They have the same `event_id`
    Id(Cow<'a, str>),
    /// They have none and read the same
    Content(Cow<'a, str>),
}

impl Identity<'_> {
    /// The id or the line, as reports name the row.
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Id(text) | Self::Content(text) => text,
        }
    }
}

impl<'a> Row<'a> {
    /// Reads a line without its newline.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, JsonError> {
        match scan(line) {
            Some(scanned) => Ok(scanned.into()),
            None => parse_object(line, Limits::ROW).map(|members| Row::of(&members)),
        }
    }

    /// A row that is built from its members.
    pub(super) fn of(members: &Object) -> Self {
        let text = |key| members.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        Self {
            at: text("at").or_else(|| text("timestamp")).unwrap_or_default().to_owned().into(),
            id: text("event_id").unwrap_or_default().to_owned().into(),
            line: line_object(members).into(),
        }
    }

    /// The members.
    pub(super) fn members(&self) -> Result<Object, JsonError> {
        parse_object(self.line.as_bytes(), Limits::ROW)
    }

    /// The same as bytes.
    pub(super) fn raw(&self) -> Raw<'_> {
        Raw { at: self.at.as_bytes(), id: self.id.as_bytes(), line: self.line.as_bytes() }
    }

    /// Which row it is.
    pub(super) fn identity(&self) -> Identity<'a> {
        if self.id.is_empty() { Identity::Content(self.line.clone()) } else { Identity::Id(self.id.clone()) }
    }

    pub(super) fn into_owned(self) -> Row<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Row { at: own(self.at), id: own(self.id), line: own(self.line) }
    }
}

impl<'a> From<Scanned<'a>> for Row<'a> {
    fn from(scanned: Scanned<'a>) -> Self {
        Self { at: scanned.at.into(), id: scanned.id.into(), line: scanned.line.into() }
    }
}
