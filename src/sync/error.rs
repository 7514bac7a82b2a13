//! Everything that can go wrong between the queue, the trees and the server.

use std::fmt;
use std::path::PathBuf;

use super::bind::BindError;
use super::login::NoLogin;
use crate::env;
use crate::git::GitError;
use crate::identity::CredentialsError;
use crate::mission::handle::HandleError;
use crate::op::enqueue::EnqueueError;
use crate::op::project::NoProject;
use crate::queue::QueueError;
use crate::secret::NoSecret;
use crate::transport::{NetworkError, UrlError};

/// Why nothing was queued or delivered. What is queued stays queued.
#[derive(Debug)]
pub enum SyncError {
    /// git or the repository
    Git(GitError),
    /// The queue
    Queue(QueueError),
    /// Nothing could be queued
    Enqueue(EnqueueError),
    /// The server's address cannot be used
    Server(UrlError),
    /// The user's settings of the network cannot be used
    Network(NetworkError),
    /// Sync is off
    Off,
    /// There is no such file to read from
    NoSuchFile(PathBuf),
    /// A handle that means no mission, or more than one
    Handle(HandleError),
    /// The credentials file cannot be used
    Credentials(CredentialsError),
    /// `GIT_MISSION_TOKEN` cannot be a token
    EnvironmentToken(NoSecret),
    /// The user has no directory
    NoHome,
    /// `SPEC_KITTY_HOME` is no absolute path
    RelativeHome(PathBuf),
    /// The server is a directory, which nobody logs in to and which knows no tracker
    DirectoryServer(PathBuf),
    /// Nothing was bound
    Bind(BindError),
    /// There is no token for the server
    NotLoggedIn {
        /// The server's origin
        server: String,
        /// Why
        why: NoLogin,
    },
}

impl SyncError {
    /// The command that helps with a login, if that is what is wrong.
    pub fn login_hint(&self) -> Option<String> {
        match self {
            Self::Credentials(error) => error.hint(),
            Self::EnvironmentToken(_) => Some("unset GIT_MISSION_TOKEN, or set it to a token".to_owned()),
            Self::NoHome | Self::RelativeHome(_) => Some("export SPEC_KITTY_HOME=/absolute/path".to_owned()),
            Self::NotLoggedIn { .. } => Some("git mission sync login".to_owned()),
            _ => None,
        }
    }

    /// Whether the queue's database is damaged.
    pub(super) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Queue(QueueError::Corrupt { .. })
                | Self::Enqueue(EnqueueError::Queue(QueueError::Corrupt { .. }))
        )
    }
}

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(f),
            Self::Queue(error) => error.fmt(f),
            Self::Enqueue(error) => error.fmt(f),
            Self::Server(error) => write!(f, "the server's address cannot be used: {error}"),
            Self::Network(error) => error.fmt(f),
            Self::Off => f.write_str("sync is off in this repository"),
            Self::NoSuchFile(path) => write!(f, "{} is no file", path.display()),
            Self::Handle(error) => error.fmt(f),
            Self::Credentials(error) => error.fmt(f),
            Self::EnvironmentToken(error) => write!(f, "{}: {error}", env::GIT_MISSION_TOKEN),
            Self::NoHome => write!(f, "neither {} nor {} is set", env::SPEC_KITTY_HOME, env::HOME),
            Self::RelativeHome(path) => {
                write!(f, "{} is {}, which is no absolute path", env::SPEC_KITTY_HOME, path.display())
            }
            Self::DirectoryServer(path) => {
                write!(
                    f,
                    "the server is the directory {}: no login is needed, and no tracker is known",
                    path.display()
                )
            }
            Self::Bind(error) => write!(f, "nothing was bound: {error}"),
            Self::NotLoggedIn { server, why } => write!(f, "not logged in to {server}: {why}"),
        }
    }
}

impl std::error::Error for SyncError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Git(error) => error.source(),
            Self::Queue(error) => error.source(),
            Self::Enqueue(error) => error.source(),
            Self::Credentials(error) => error.source(),
            Self::Server(_)
            | Self::Network(_)
            | Self::Off
            | Self::NoSuchFile(_)
            | Self::Handle(_)
            | Self::EnvironmentToken(_)
            | Self::NoHome
            | Self::RelativeHome(_)
            | Self::DirectoryServer(_)
            | Self::Bind(_)
            | Self::NotLoggedIn { .. } => None,
        }
    }
}

impl From<GitError> for SyncError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl From<QueueError> for SyncError {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}

impl From<EnqueueError> for SyncError {
    fn from(error: EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl From<NoProject> for SyncError {
    fn from(error: NoProject) -> Self {
        Self::Enqueue(EnqueueError::Project(error))
    }
}

impl From<NetworkError> for SyncError {
    fn from(error: NetworkError) -> Self {
        Self::Network(error)
    }
}

impl From<UrlError> for SyncError {
    fn from(error: UrlError) -> Self {
        Self::Server(error)
    }
}

impl From<CredentialsError> for SyncError {
    fn from(error: CredentialsError) -> Self {
        Self::Credentials(error)
    }
}
