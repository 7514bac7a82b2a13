//! The `derived` driver: `status.json` says what the event log says, so it is not merged but taken from the side that
//! has seen more of the log, until it is built anew.
//!
//! Knows nothing about how it is built.

use std::fmt;

use super::report::{Decision, Rule, Winner};
use super::{Merged, Side, Sides};
use crate::json::{JsonError, Limits, Value, parse_object};

const EVENT_COUNT: &str = "event_count";

/// Why neither side was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A side cannot be read
    Unreadable {
        /// Which one
        side: Side,
        /// Why
        error: JsonError,
    },
    /// A side does not say how many events it has seen
    NoCount {
        /// Which one
        side: Side,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { side, error } => write!(f, "{side}:{error}"),
            Self::NoCount { side } => write!(f, "{side} has no `{EVENT_COUNT}`"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Takes what only one side changed, else the side with more events, else the smaller text.
pub fn merge(texts: &Sides<&[u8]>) -> Result<Merged, Refusal> {
    let Sides { base, ours, theirs } = *texts;
    let (of_ours, of_theirs) = (count(Side::Ours, ours)?, count(Side::Theirs, theirs)?);
    let (winner, rule) = if ours == theirs {
        return Ok(Merged { text: ours.to_vec(), conflicts: Vec::new(), decisions: Vec::new() });
    } else if base == theirs {
        (Winner::Ours, Rule::OnlyChange)
    } else if base == ours {
        (Winner::Theirs, Rule::OnlyChange)
    } else if of_ours == of_theirs {
        (if ours < theirs { Winner::Ours } else { Winner::Theirs }, Rule::SmallerText)
    } else {
        (if of_ours > of_theirs { Winner::Ours } else { Winner::Theirs }, Rule::MoreEvents)
    };
    let text = if winner == Winner::Ours { ours } else { theirs };
    let decisions = vec![Decision { path: vec![EVENT_COUNT.to_owned()], rule, winner }];
    Ok(Merged { text: text.to_vec(), conflicts: Vec::new(), decisions })
}

fn count(side: Side, text: &[u8]) -> Result<u64, Refusal> {
    let members = parse_object(text, Limits::ROW).map_err(|error| Refusal::Unreadable { side, error })?;
    match members.get(EVENT_COUNT) {
        Some(Value::Number(number)) => number.as_u64(),
        _ => None,
    }
    .ok_or(Refusal::NoCount { side })
}
