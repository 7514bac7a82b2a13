//! What was changed, or would be.

use std::fmt;
use std::path::PathBuf;

/// One change of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A directory is made
    MakeDirectory(PathBuf),
    /// A file is written
    Write(PathBuf),
    /// A file is renamed
    Rename {
        /// Its name before
        from: PathBuf,
        /// Its name after
        to: PathBuf,
    },
    /// A link is made
    Link {
        /// Its name
        path: PathBuf,
        /// What it says
        target: PathBuf,
    },
    /// A configuration section is removed
    Unset(String),
    /// A configuration key is set
    Set {
        /// The key
        key: String,
        /// The value
        value: String,
    },
    /// A file gets back the bytes that it had before the installation
    Restore(PathBuf),
    /// Our own lines are removed from a file that others changed since
    Clean(PathBuf),
    /// A file is removed
    Remove(PathBuf),
    /// A directory is removed
    RemoveDirectory(PathBuf),
    /// A file is left as it is, and should be looked at
    Leave {
        /// The file
        path: PathBuf,
        /// Why
        reason: &'static str,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MakeDirectory(path) => write!(f, "make directory {}", path.display()),
            Self::Write(path) => write!(f, "write {}", path.display()),
            Self::Rename { from, to } => write!(f, "rename {} to {}", from.display(), to.display()),
            Self::Link { path, target } => write!(f, "link {} to {}", path.display(), target.display()),
            Self::Unset(section) => write!(f, "remove {section} from the configuration"),
            Self::Set { key, value } => write!(f, "set {key} = {value}"),
            Self::Restore(path) => write!(f, "restore {}", path.display()),
            Self::Clean(path) => write!(f, "remove our lines from {}", path.display()),
            Self::Remove(path) => write!(f, "remove {}", path.display()),
            Self::RemoveDirectory(path) => write!(f, "remove directory {}", path.display()),
            Self::Leave { path, reason } => write!(f, "leave {}: {reason}", path.display()),
        }
    }
}

/// What an installation or its removal did, in the order in which it was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The changes; none if everything was as it should be
    pub changes: Vec<Change>,
    /// Whether they were only listed
    pub dry_run: bool,
}

impl Report {
    /// Whether nothing was changed (or would be).
    pub fn is_unchanged(&self) -> bool {
        self.changes.iter().all(|change| matches!(change, Change::Leave { .. }))
    }
}
