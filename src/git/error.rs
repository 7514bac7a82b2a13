//! Everything that can go wrong between us and git.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A failure of git or of reaching it.
#[derive(Debug)]
pub enum GitError {
    /// No `git` in any absolute directory of `PATH` outside the work tree.
    NoGit,
    /// The current directory lies in no repository, or in one that git refuses to open; holds git's words.
    NoRepository(String),
    /// A bare repository that lies in the work tree of another. A clone may have brought it along, and its
    /// configuration with it.
    Embedded {
        /// It
        bare: PathBuf,
        /// The top of the work tree that it lies in
        around: PathBuf,
    },
    /// The operation needs a work tree and the repository has none.
    Bare,
    /// git could not be started or talked to.
    Process {
        /// The command, as it would be typed
        command: String,
        /// What the system said
        source: io::Error,
    },
    /// git ended with a failure.
    Failed {
        /// The command, as it would be typed
        command: String,
        /// Exit status, `None` if a signal ended it
        status: Option<i32>,
        /// The end of what it printed on stderr
        stderr: String,
    },
    /// git's answer was not of the documented form.
    Answer {
        /// The command, as it would be typed
        command: String,
        /// What was read
        answer: String,
    },
    /// An object that has to be there is not (in shallow and partial clones it may be missing).
    Missing(String),
    /// libgit2 could not read an object that it should be able to read.
    Library(git2::Error),
    /// A file of the repository could not be read or written.
    File {
        /// Which
        path: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// A ref moved while a commit for it was being made; nothing was changed.
    Moved {
        /// Full name of the ref
        name: String,
    },
    /// The index is locked by another process; nothing was changed.
    Locked {
        /// The lock file
        path: PathBuf,
    },
    /// A commit has to be signed, and signing failed or asked for something; nothing was committed.
    Signing(String),
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGit => f.write_str("no git in an absolute directory of PATH outside the work tree"),
            Self::NoRepository(words) => f.write_str(words),
            Self::Embedded { bare, around } => write!(
                f,
                "{} is a bare repository in the work tree of {}, which may have brought it along: it is not used",
                bare.display(),
                around.display()
            ),
            Self::Bare => f.write_str("this needs a work tree, and the repository is bare"),
            Self::Process { command, .. } => write!(f, "cannot run `{command}`"),
            Self::Failed { command, status: Some(status), stderr } => {
                write!(f, "`{command}` failed with status {status}: {stderr}")
            }
            Self::Failed { command, status: None, stderr } => {
                write!(f, "`{command}` was killed: {stderr}")
            }
            Self::Answer { command, answer } => write!(f, "`{command}` answered {answer:?}"),
            Self::Missing(what) => write!(f, "{what} is not in this repository"),
            Self::Library(error) => write!(f, "cannot read an object: {}", error.message()),
            Self::File { path, .. } => write!(f, "cannot use {}", path.display()),
            Self::Moved { name } => write!(f, "{name} moved meanwhile"),
            Self::Locked { path } => write!(f, "another process holds {}", path.display()),
            Self::Signing(why) => write!(f, "the commit could not be signed: {why}"),
        }
    }
}

impl std::error::Error for GitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Process { source, .. } | Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl GitError {
    /// An input or output error of a file.
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
