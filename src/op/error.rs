//! Everything that can go wrong in an operation.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::git::GitError;

/// A failed operation. What was not done is part of the message that `cli` makes of it.
#[derive(Debug)]
pub enum OpError {
    /// git or the repository
    Git(GitError),
    /// A file could not be read or written.
    File {
        /// Which
        path: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// A name without a single Latin letter or digit makes no slug.
    NoSlug(String),
    /// A value that has to say something is empty or holds a line break.
    BadValue {
        /// Which option
        option: &'static str,
    },
    /// The commit that was asked for is not in this repository.
    NoSuchRevision(String),
    /// A commit that was asked for is not in this shallow clone.
    NotFetched(String),
    /// Nothing says what a head is to be compared with.
    NoBase,
    /// Where two histories meet is not in this shallow clone.
    CutOff {
        /// One commit
        base: String,
        /// The other
        head: String,
    },
    /// No branch counts as main.
    NoMain,
    /// HEAD is on no branch, so nothing can be committed on top.
    Detached,
    /// Another process rewrites mission files of this work tree.
    Busy,
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(f),
            Self::File { path, .. } => write!(f, "cannot use {}", path.display()),
            Self::NoSlug(name) => write!(f, "no slug can be made of the name {name:?}"),
            Self::BadValue { option } => write!(f, "{option} must be one line of text"),
            Self::NoSuchRevision(revision) => write!(f, "no commit is called {revision:?}"),
            Self::NotFetched(revision) => {
                write!(f, "no commit is called {revision:?} in this shallow clone, so nothing was judged")
            }
            Self::NoBase => f.write_str("no main is known that the head could be compared with"),
            Self::CutOff { base, head } => write!(
                f,
                "the histories of {base:.10} and {head:.10} do not meet in this shallow clone, so what the latter \
                 adds was not judged"
            ),
            Self::NoMain => f.write_str("no branch counts as main, so no number is settled"),
            Self::Detached => f.write_str("HEAD is on no branch"),
            Self::Busy => f.write_str("another process rewrites mission files of this work tree"),
        }
    }
}

impl std::error::Error for OpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Git(error) => error.source(),
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<GitError> for OpError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl OpError {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
