//! Why logs were not merged. Knows nothing about what is done then.

use std::fmt;

use crate::json::JsonError;
use crate::merge::Side;

/// Why three logs were not merged. The caller still has [`Sides::settled_by_equality`] and a merge by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A line cannot be read without loss
    Unreadable {
        /// In which version
        side: Side,
        /// Where and why
        error: JsonError,
    },
    /// A log that came with a conflict meets another one about the same row: more than two values, which no hunk can
    /// hold
    Tangled {
        /// The row, and the field in it
        path: Vec<String>,
    },
    /// A row of the result would not be readable (it is too large, for instance)
    Unproven,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { side, error } => write!(f, "{side}:{error}"),
            Self::Tangled { path } => write!(f, "more than two values of `{}`", path.join(".")),
            Self::Unproven => f.write_str("a row of the merged log would not be readable"),
        }
    }
}

impl std::error::Error for Refusal {}
