//! Everything that can keep us from installing or uninstalling.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Change;
use super::neighbour::Elsewhere;
use crate::git::GitError;

/// Why nothing was done, or exactly what was.
#[derive(Debug)]
pub enum InstallError {
    /// git could not answer, or holds a lock.
    Git(GitError),
    /// A file could not be read or written.
    File {
        /// Which
        path: PathBuf,
        /// What the system said
        source: io::Error,
    },
    /// The path of the program cannot stand in a hook: it is relative, not UTF-8, or holds control characters.
    Program(PathBuf),
    /// The hooks directory is not ours to write into, and some hooks in it do not call us.
    HooksElsewhere(Elsewhere),
    /// `core.hooksPath` is empty, so git runs no hook of any repository where that holds.
    HooksOff,
    /// Hooks in the configuration were asked for, and this git, of this version, does not know them.
    NoConfigHooks(u32, u32),
    /// A shim was edited by hand, and the name under which the edited file is kept is taken.
    AsideTaken {
        /// The edited shim
        hook: PathBuf,
        /// The name that is taken
        aside: PathBuf,
    },
    /// Hooks of a server are for repositories that are only pushed to.
    WorkTree(PathBuf),
    /// `info/attributes` is a link, or no file: not ours to replace.
    NotAFile(PathBuf),
    /// The ledger was written by a newer version of this program; it is not changed.
    LedgerNewer {
        /// The ledger
        path: PathBuf,
        /// Its version
        version: u64,
    },
    /// The ledger cannot be read.
    LedgerBroken {
        /// The ledger
        path: PathBuf,
        /// Why
        reason: String,
    },
    /// Another process installs or uninstalls at this moment.
    Busy(PathBuf),
    /// A file changed between being read and being written. What was done before is undone.
    Changed(PathBuf),
    /// A step failed and what was done before it could not all be undone, or was meant to stay.
    HalfDone {
        /// The failure
        cause: Box<InstallError>,
        /// What was done and still is
        done: Vec<Change>,
    },
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(f),
            Self::File { path, .. } => write!(f, "cannot use {}", path.display()),
            Self::Program(path) => write!(f, "a hook cannot name the program {}", path.display()),
            Self::HooksElsewhere(elsewhere) => elsewhere.fmt(f),
            Self::HooksOff => write!(f, "core.hooksPath is empty, so git runs no hooks here"),
            Self::NoConfigHooks(major, minor) => {
                write!(f, "git {major}.{minor} does not run hooks of the configuration; git 2.54 does")
            }
            Self::AsideTaken { hook, aside } => {
                write!(f, "{} was edited by hand, and {} is in the way", hook.display(), aside.display())
            }
            Self::WorkTree(path) => {
                write!(
                    f,
                    "{} is a work tree, and hooks of a server are for bare repositories",
                    path.display()
                )
            }
            Self::NotAFile(path) => write!(f, "{} is a link or no file", path.display()),
            Self::LedgerNewer { path, version } => {
                write!(f, "{} is of version {version}, which this program does not know", path.display())
            }
            Self::LedgerBroken { path, reason } => write!(f, "cannot read {}: {reason}", path.display()),
            Self::Busy(path) => write!(f, "another process installs into {}", path.display()),
            Self::Changed(path) => write!(f, "{} changed meanwhile", path.display()),
            Self::HalfDone { cause, done } => {
                write!(f, "{cause}; done before:")?;
                done.iter().try_for_each(|change| write!(f, " {change};"))
            }
        }
    }
}

impl std::error::Error for InstallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Git(error) => error.source(),
            Self::File { source, .. } => Some(source),
            Self::HalfDone { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

impl From<GitError> for InstallError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl InstallError {
    /// What the user can do, where there is something: one or more lines, commands among them.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::HooksElsewhere(elsewhere) => elsewhere.hint(),
            Self::HooksOff => {
                "`git config --show-origin core.hooksPath` says where that is set; unset it, then `git mission install`"
                    .to_owned()
            }
            Self::NoConfigHooks(..) => "git mission install --mode shim".to_owned(),
            Self::AsideTaken { aside, .. } => format!("move {} away", aside.display()),
            Self::LedgerNewer { .. } => "use the newer git-mission".to_owned(),
            Self::LedgerBroken { path, .. } => {
                format!("without {} git-mission still finds what it installed; remove it", path.display())
            }
            Self::WorkTree(_) => "git mission install".to_owned(),
            Self::Git(GitError::Locked { path }) => {
                format!("if no git is running, remove {}", path.display())
            }
            Self::Busy(_) | Self::Changed(_) => "try again".to_owned(),
            Self::HalfDone { .. } => "run the same command again: it finishes what is left".to_owned(),
            Self::Git(_) | Self::File { .. } | Self::Program(_) | Self::NotAFile(_) => return None,
        })
    }
}
