//! Everything that can keep a repository from being examined or mended.

use std::fmt;

use crate::git::GitError;
use crate::install::InstallError;
use crate::op::OpError;
use crate::queue::QueueError;

/// Why nothing was found out.
#[derive(Debug)]
pub enum DoctorError {
    /// git, the repository, or an operation on it
    Op(OpError),
    /// The installation
    Install(InstallError),
    /// The queue
    Queue(QueueError),
}

impl fmt::Display for DoctorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op(error) => error.fmt(f),
            Self::Install(error) => error.fmt(f),
            Self::Queue(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DoctorError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Op(error) => error.source(),
            Self::Install(error) => error.source(),
            Self::Queue(error) => error.source(),
        }
    }
}

impl From<GitError> for DoctorError {
    fn from(error: GitError) -> Self {
        Self::Op(error.into())
    }
}

impl From<OpError> for DoctorError {
    fn from(error: OpError) -> Self {
        Self::Op(error)
    }
}

impl From<InstallError> for DoctorError {
    fn from(error: InstallError) -> Self {
        Self::Install(error)
    }
}

impl From<QueueError> for DoctorError {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}
