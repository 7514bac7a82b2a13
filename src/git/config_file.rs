//! The repository's own configuration file as bytes: edited by git, replaced in one step under git's own lock.
//!
//! `git config` cannot give back what a file was before (a missing last newline, blank lines), and two calls
//! of it are two states of the file. Knows nothing about what the keys mean.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::process::failure;
use super::{GitError, Repo};

/// How often, and how long in between, a lock that another process holds is tried: 2 seconds in all.
const LOCK_TRIES: (u32, Duration) = (40, Duration::from_millis(50));

/// One change of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigEdit {
    /// The key has this value and no other
    Set {
        /// The key, with its section
        key: String,
        /// The value
        value: String,
    },
    /// The key is not there
    Unset(String),
    /// The section (`merge.name`) is not there
    RemoveSection(String),
}

impl Repo {
    /// The repository's own configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.common_dir().join("config")
    }

    /// The bytes of the repository's own configuration file; `None` if there is no such file.
    pub fn config_bytes(&self) -> Result<Option<Vec<u8>>, GitError> {
        read(&self.config_file())
    }

    /// What a configuration file of these bytes becomes by these edits. Writes nothing but a scratch file.
    pub fn edited_config(&self, bytes: &[u8], edits: &[ConfigEdit]) -> Result<Vec<u8>, GitError> {
        let scratch = Scratch::new(bytes)?;
        for edit in edits {
            let (args, absent): (&[&str], _) = match edit {
                ConfigEdit::Set { key, value } => (&["--replace-all", key, value], None),
                ConfigEdit::Unset(key) => (&["--unset-all", key], Some((5, ""))),
                ConfigEdit::RemoveSection(section) => {
                    (&["--remove-section", section], Some((128, "no such section")))
                }
            };
            let args = scratch.args(args);
            let output = self.git.output(&args, b"")?;
            let said_absent = absent.is_some_and(|(status, words)| {
                output.status.code() == Some(status)
                    && String::from_utf8_lossy(&output.stderr).contains(words)
            });
            if !output.status.success() && !said_absent {
                return Err(failure(&args, &output));
            }
        }
        Ok(read(&scratch.file)?.unwrap_or_default())
    }

    /// Whether a configuration file of these bytes holds the key.
    pub fn config_holds(&self, bytes: &[u8], key: &str) -> Result<bool, GitError> {
        let scratch = Scratch::new(bytes)?;
        let args = scratch.args(&["--get-all", key]);
        let output = self.git.output(&args, b"")?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failure(&args, &output)),
        }
    }

    /// Replaces the repository's own configuration file in one step by what `change` makes of it (`None`: no
    /// file), holding git's lock on it meanwhile. Permissions stay. An error of `change` changes nothing.
    ///
    /// Waits up to 2 seconds for another process, then answers [`GitError::Locked`].
    pub fn rewrite_config<E: From<GitError>>(
        &self,
        change: impl FnOnce(Option<&[u8]>) -> Result<Option<Vec<u8>>, E>,
    ) -> Result<(), E> {
        // As git does: a link stays, the file that it names is replaced.
        let named = self.config_file();
        let path = named.canonicalize().unwrap_or(named);
        let mut lock = Lock::take(&path)?;
        let before = read(&path)?;
        let after = change(before.as_deref())?;
        if after == before {
            return Ok(());
        }
        match after {
            Some(bytes) => lock.commit(&path, &bytes)?,
            None => std::fs::remove_file(&path).map_err(GitError::file(&path))?,
        }
        Ok(())
    }
}

/// A file that edits are tried on. Its directory is readable by its owner only and gone in the end.
struct Scratch {
    _directory: tempfile::TempDir,
    file: PathBuf,
}

impl Scratch {
    fn new(bytes: &[u8]) -> Result<Self, GitError> {
        let directory = tempfile::Builder::new()
            .prefix("mission-config-")
            .tempdir()
            .map_err(GitError::file("a temporary directory"))?;
        let file = directory.path().join("config");
        std::fs::write(&file, bytes).map_err(GitError::file(&file))?;
        Ok(Self { _directory: directory, file })
    }

    fn args(&self, args: &[&str]) -> Vec<std::ffi::OsString> {
        let mut all = vec!["config".into(), "--file".into(), self.file.clone().into_os_string()];
        all.extend(args.iter().map(Into::into));
        all
    }
}

/// git's lock on a file: `<file>.lock`, made only if it is not there. Dropped, it is given up.
struct Lock {
    path: PathBuf,
    file: File,
    held: bool,
}

impl Lock {
    fn take(file: &Path) -> Result<Self, GitError> {
        let mut path = file.to_owned();
        path.as_mut_os_string().push(".lock");
        let (tries, pause) = LOCK_TRIES;
        for _ in 0..tries {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file, held: true }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => std::thread::sleep(pause),
                Err(source) => return Err(GitError::File { path, source }),
            }
        }
        Err(GitError::Locked { path })
    }

    fn commit(&mut self, target: &Path, bytes: &[u8]) -> Result<(), GitError> {
        self.file
            .write_all(bytes)
            .and_then(|()| match std::fs::metadata(target) {
                Ok(metadata) => std::fs::set_permissions(&self.path, metadata.permissions()),
                Err(_) => Ok(()),
            })
            .and_then(|()| self.file.sync_all())
            .map_err(GitError::file(&self.path))?;
        std::fs::rename(&self.path, target).map_err(GitError::file(target))?;
        self.held = false;
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.held {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, GitError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(GitError::file(path)(source)),
    }
}
