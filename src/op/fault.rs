//! What is wrong with a `meta.json`, in words. Knows nothing about what is done about it.

use std::fmt;

use super::correct::Fault;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => match error.position() {
                Some((line, column)) => write!(f, "line {line}, column {column}: {error}"),
                None => error.fmt(f),
            },
            Self::NotRegular => f.write_str("a link or a directory, not a file"),
            Self::KeysMissing(keys) => write!(f, "a new mission needs a text under {}", keys.join(", ")),
            Self::IdInvalid(text) => {
                write!(f, "mission_id {text} is not 26 characters of Crockford base 32")
            }
            Self::IdChanged { from, to } => {
                write!(f, "mission_id {from} would become {to}, and an id never changes")
            }
            Self::NumberInvalid(text) => {
                write!(f, "mission_number {text} is neither null nor an integer from 1")
            }
        }
    }
}
