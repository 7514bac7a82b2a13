//! Texts that the gate let pass. Whoever sends an event asks for this type, so nothing else can leave.
//!
//! Knows nothing about where texts come from, or where they go.

use std::borrow::Cow;
use std::fmt;

use super::{Context, Violation, validate};
use crate::json::{JsonError, Limits, Value, line, parse_over};

/// Judges events as texts, one after the other, each in the memory of the one before.
#[derive(Debug, Default)]
pub struct Judge {
    event: Option<Value>,
}

/// An event that keeps the contract, envelope and payload, as one line of ASCII. INVARIANT: only a [`Judge`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'t>(Cow<'t, str>);

/// Why a text is no event that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It is not JSON, or not JSON that can be kept
    Unreadable(JsonError),
    /// It breaks the contract
    Breach(Violation),
}

impl Judge {
    /// Judges the text of an event. It goes out as it is if it is one line of ASCII, else as the gate has read it.
    pub fn event<'t>(&mut self, text: &'t str) -> Result<Judged<'t>, Unfit> {
        let event = self.event.get_or_insert(Value::Null);
        parse_over(event, text.as_bytes(), Limits::ROW).map_err(Unfit::Unreadable)?;
        validate(event, Context::Event).map_err(Unfit::Breach)?;
        // To the end, whatever comes: so many bytes are looked at at once.
        let is_line = text.bytes().fold(true, |is_line, byte| is_line & matches!(byte, b' '..=b'~'));
        Ok(Judged(if is_line { Cow::Borrowed(text) } else { Cow::Owned(line(event)) }))
    }
}

impl Judged<'_> {
    /// One line of JSON, without a newline.
    pub fn line(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Breach(violation) => violation.fmt(f),
        }
    }
}

impl std::error::Error for Unfit {}
