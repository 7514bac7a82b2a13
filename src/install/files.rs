//! Files: read, written in one step, renamed; every error carries its path.
//!
//! Knows nothing about what is in them.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::InstallError;

/// How the names of files begin that are being written.
const TEMPORARY: &str = ".mission-tmp-";

/// An input or output error of a file.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> InstallError {
    let path = path.to_owned();
    move |source| InstallError::File { path, source }
}

/// The bytes of a file; `None` if it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, InstallError> {
    found(std::fs::read(path)).map_err(at(path))
}

/// Whether there is anything of this name, be it a broken link.
pub(super) fn exists(path: &Path) -> Result<bool, InstallError> {
    Ok(found(path.symlink_metadata()).map_err(at(path))?.is_some())
}

/// `None` instead of the error that there is no such file.
pub(super) fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The permissions of a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permissions<'a> {
    /// Everybody may run it
    Executable,
    /// Those that this file has; if there is none, what the user gives new files
    Like(&'a Path),
}

/// Writes a file beside `path` and renames it over `path`, so that it is there as a whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8], permissions: Permissions<'_>) -> Result<(), InstallError> {
    let write = || {
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY);
        #[cfg(unix)]
        let new = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
        #[cfg(unix)]
        builder.permissions(new);
        let mut file = builder.tempfile_in(directory)?;
        file.write_all(bytes)?;
        match permissions {
            Permissions::Executable => make_executable(file.as_file())?,
            Permissions::Like(other) => {
                if let Some(metadata) = found(std::fs::metadata(other))? {
                    file.as_file().set_permissions(metadata.permissions())?;
                }
            }
        }
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(at(path))
}

/// Whether git would run this file: it follows links, and where there is an executable bit it wants it set.
pub(super) fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    let may_run = |metadata: &std::fs::Metadata| {
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
    };
    #[cfg(not(unix))]
    let may_run = |_: &std::fs::Metadata| true;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && may_run(&metadata))
}

#[cfg(unix)]
fn make_executable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove(path: &Path) -> Result<bool, InstallError> {
    Ok(found(std::fs::remove_file(path)).map_err(at(path))?.is_some())
}

/// Removes what processes that were killed while writing left in a directory.
pub(super) fn sweep(directory: &Path) -> Result<(), InstallError> {
    for entry in found(std::fs::read_dir(directory)).map_err(at(directory))?.into_iter().flatten() {
        let entry = entry.map_err(at(directory))?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a directory if it is empty; returns whether it did.
pub(super) fn remove_empty_directory(path: &Path) -> Result<bool, InstallError> {
    match std::fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
        // Some systems answer so for a directory that is not empty.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        other => Ok(found(other).map_err(at(path))?.is_some()),
    }
}

/// Gives a file a second name beside its first. Where that cannot be, it loses the first.
pub(super) fn keep_as(path: &Path, second: &Path) -> Result<(), InstallError> {
    std::fs::hard_link(path, second).or_else(|_| std::fs::rename(path, second)).map_err(at(path))
}

/// Renames a file over another, also where both are names of one file (for which `rename` does nothing).
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), InstallError> {
    std::fs::rename(from, to).map_err(at(from))?;
    if exists(from)? { remove(from).map(drop) } else { Ok(()) }
}

/// A path without links, also if its end does not exist yet.
pub(super) fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut known = path;
    loop {
        if let Ok(real) = known.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        match (known.parent(), known.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name);
                known = parent;
            }
            _ => return path.to_owned(),
        }
    }
}

/// Keeps other installations out of a repository until it is dropped (or the process dies). Leaves no file.
pub(super) struct Exclusive(#[expect(dead_code, reason = "holds the lock")] Option<File>);

impl Exclusive {
    /// INVARIANT: only a lock that another process holds is an error; a system that cannot lock is not.
    pub(super) fn take(directory: &Path) -> Result<Self, InstallError> {
        let Ok(file) = File::open(directory) else { return Ok(Self(None)) };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(InstallError::Busy(directory.to_owned())),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self(Some(file))),
        }
    }
}
