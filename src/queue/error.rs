//! Everything that can go wrong with the store. Knows no table.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use rusqlite::ErrorCode;

/// A store that could not be used. Every variant names the file.
#[derive(Debug)]
pub enum QueueError {
    /// The file system refused
    Io {
        /// What was tried, as in "cannot … "
        action: &'static str,
        /// On which file
        path: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// Another process held the database for longer than the busy timeout
    Busy {
        /// The database
        path: PathBuf,
    },
    /// The database is damaged; [`super::set_aside_if_corrupt`] makes room for a new one
    Corrupt {
        /// The database
        path: PathBuf,
        /// What `SQLite` said
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was written by a newer version and may only be read
    Newer {
        /// The database
        path: PathBuf,
        /// Its schema version
        found: i64,
    },
    /// Rows would have been lost on the way to the present schema; nothing was changed
    Migration {
        /// The database
        path: PathBuf,
        /// The table
        table: &'static str,
        /// Rows before
        before: u64,
        /// Rows after
        after: u64,
    },
    /// Anything else that `SQLite` refused: a full disk, a table that is not what the version says
    Sql {
        /// The database
        path: PathBuf,
        /// What `SQLite` said
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl QueueError {
    /// Sorts an error of `SQLite` by what the caller can do about it.
    pub(super) fn sql(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { path, source: source.into() }
            }
            _ => Self::Sql { path, source: source.into() },
        }
    }

    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, .. } => write!(f, "cannot {action} {}", path.display()),
            Self::Busy { path } => write!(f, "{} is held by another process", path.display()),
            Self::Corrupt { path, .. } => write!(f, "{} is damaged", path.display()),
            Self::Newer { path, found } => {
                write!(f, "{} has schema version {found}, which only a newer version writes", path.display())
            }
            Self::Migration { path, table, before, after } => write!(
                f,
                "{}: {before} rows of `{table}` would become {after}; nothing was changed",
                path.display()
            ),
            Self::Sql { path, .. } => write!(f, "cannot use {}", path.display()),
        }
    }
}

impl std::error::Error for QueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Corrupt { source, .. } | Self::Sql { source, .. } => Some(source.as_ref()),
            Self::Busy { .. } | Self::Newer { .. } | Self::Migration { .. } => None,
        }
    }
}
