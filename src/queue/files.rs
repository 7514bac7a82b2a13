//! The files of a store: what lies beside a database, for whom it is, and how it is moved aside.
//!
//! Knows nothing of what is in them.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use super::QueueError;
use crate::clock::Instant;
use crate::env::place;

/// What is added to the name of a database for its log.
const LOG: &str = "-wal";
/// What is added to the name of a database for the files that belong to it; last, itself.
const BESIDE: [&str; 4] = [LOG, "-journal", "-shm", ""];

/// How the names of databases begin that were set aside, beside the store; the time follows.
pub const SET_ASIDE_PREFIX: &str = "queue.corrupt-";

/// What lies at the path of a database, as a file.
pub(super) enum Place {
    Nothing,
    File,
}

pub(super) fn place_of(path: &Path) -> Result<Place, QueueError> {
    // SQLite follows links, and what lies behind one may be anybody's.
    for path in BESIDE.map(|suffix| with_suffix(path, suffix)) {
        if path.is_symlink() {
            return Err(QueueError::io("open", &path)(std::io::Error::other("it is a link")));
        }
    }
    match path.metadata() {
        Ok(_) => Ok(Place::File),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Place::Nothing),
        Err(error) => Err(QueueError::io("look at", path)(error)),
    }
}

/// The length of the log of a database, in bytes; `None` if there is none.
pub(super) fn log_length(path: &Path) -> Option<u64> {
    with_suffix(path, LOG).metadata().ok().map(|log| log.len())
}

/// A time as a part of names.
pub(super) fn stamp(now: Instant) -> String {
    now.to_iso().chars().take(26).filter(char::is_ascii_alphanumeric).collect()
}

/// Renames the database and what belongs to it to `queue.corrupt-<time>`. To be called under the lock.
pub(super) fn move_aside(path: &Path, now: Instant) -> Result<PathBuf, QueueError> {
    let stamp = stamp(now);
    let mut target = path.with_extension(format!("corrupt-{stamp}"));
    let mut attempt = 1;
    while target.symlink_metadata().is_ok() {
        attempt += 1;
        target = path.with_extension(format!("corrupt-{stamp}-{attempt}"));
    }
    // The log first: without its database it would be taken for the log of the next one.
    for suffix in BESIDE {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&target, suffix));
        match std::fs::rename(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !suffix.is_empty() => {}
            Err(error) => return Err(QueueError::io("set aside", &from)(error)),
        }
    }
    Ok(target)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates an empty file that only its owner may read, so that `SQLite` gives its helpers the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), QueueError> {
    let mut options = place::options();
    options.create(true).truncate(false).write(true);
    private(&mut options);
    options.open(path).map(drop).map_err(QueueError::io("create", path))
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
pub(super) fn private(_: &mut OpenOptions) {}

/// Creates the directory of the store, if it is not there, for its owner alone.
pub(super) fn create_directory(directory: &Path) -> Result<(), QueueError> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(directory) {
        Ok(()) => Ok(()),
        Err(_) if directory.is_dir() => Ok(()),
        Err(error) => Err(QueueError::io("create", directory)(error)),
    }
}

/// A directory beside the database, for its owner alone, that goes away when dropped.
pub(super) fn snapshot_directory(path: &Path) -> Result<tempfile::TempDir, QueueError> {
    let directory = path.parent().unwrap_or(path);
    tempfile::TempDir::with_prefix_in("import-", directory).map_err(QueueError::io("write to", directory))
}

/// Gives a file of ours to its owner, and to those who share the directory; takes away what others may do with it. With it
/// what lies beside it, which may be from before the directory was shared, or was not any more.
#[cfg(unix)]
pub(super) fn restrict(path: &Path) -> Result<(), QueueError> {
    use std::os::unix::fs::PermissionsExt as _;
    let wanted = place::file_mode(path.parent().unwrap_or(path));
    for path in BESIDE.map(|suffix| with_suffix(path, suffix)) {
        let mode = match path.metadata() {
            Ok(metadata) => metadata.permissions().mode(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(QueueError::io("look at", &path)(error)),
        };
        if mode & 0o777 == wanted {
            continue;
        }
        match std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wanted)) {
            // Another user's, who shares it: as it is has to do. Or gone meanwhile, as logs go.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied && wanted != 0o600 => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(QueueError::io("restrict", &path))?,
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn restrict(_: &Path) -> Result<(), QueueError> {
    Ok(())
}
