//! Why nothing was explained.

use std::fmt;

use crate::git::{GitError, Oid};
use crate::op::OpError;

/// Why nothing was explained.
#[derive(Debug)]
pub enum ExplainError {
    /// Something could not be read
    Op(OpError),
    /// No merge brought two versions of this together
    NoMerge(Vec<u8>),
    /// The commit that was named is none
    NotAMerge(String),
    /// The commit has more than two parents, and git asks no rules for such a merge
    Octopus(Oid),
    /// No rules of ours apply to this file
    NoRules(Vec<u8>),
    /// No version of the merge has this path
    NoSuchPath(Vec<u8>, Option<Oid>),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        match self {
            Self::Op(error) => error.fmt(f),
            Self::NoMerge(path) => write!(f, "no merge brought two versions of {} together", shown(path)),
            Self::NotAMerge(name) => write!(f, "{name} is no merge"),
            Self::Octopus(commit) => {
                write!(f, "{commit} has more than two parents; git asks no rules for such a merge")
            }
            Self::NoRules(path) => {
                write!(f, "git merges {} by its lines; there is nothing to explain", shown(path))
            }
            Self::NoSuchPath(path, Some(commit)) => {
                write!(f, "nothing in {commit} is called {}", shown(path))
            }
            Self::NoSuchPath(path, None) => write!(f, "nothing in this merge is called {}", shown(path)),
        }
    }
}

impl std::error::Error for ExplainError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Op(error) => error.source(),
            _ => None,
        }
    }
}

impl From<OpError> for ExplainError {
    fn from(error: OpError) -> Self {
        Self::Op(error)
    }
}

impl From<GitError> for ExplainError {
    fn from(error: GitError) -> Self {
        Self::Op(error.into())
    }
}
