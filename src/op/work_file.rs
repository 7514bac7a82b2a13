//! One file of the work tree: read whole, replaced in one step, never through a link.
//!
//! Knows nothing about what it says or whether git has it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::env::place;
use crate::git::{GitError, Repo};

/// A regular file that lies in real directories below the top of the work tree.
#[derive(Debug)]
pub struct WorkFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// What lies at a path of the work tree.
#[derive(Debug)]
pub enum Found {
    /// A file
    File(WorkFile),
    /// Nothing
    Nothing,
    /// Something else, or a file behind a link
    Other,
}

impl WorkFile {
    /// Reads the file at `path` (of git, from the top).
    pub fn read(repo: &Repo, path: &[u8]) -> Result<Found, GitError> {
        let top = repo.top()?;
        let full = repo.work_tree_path(path)?;
        let failed = |source| GitError::File { path: full.clone(), source };
        let above: Vec<&Path> = full.ancestors().skip(1).take_while(|directory| *directory != top).collect();
        for directory in above.iter().rev() {
            match fs::symlink_metadata(directory) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Ok(Found::Other),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
                Err(error) => return Err(failed(error)),
            }
        }
        match fs::symlink_metadata(&full) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Ok(Found::Other),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(failed(error)),
        }
        let bytes = fs::read(&full).map_err(failed)?;
        Ok(Found::File(Self { path: full, bytes }))
    }

    /// Makes a file where [`Self::read`] found nothing; the directory is there. After a crash there is none, or all of
    /// it.
    ///
    /// INVARIANT: the caller holds a lock that keeps a second writer of the same file away.
    pub fn create(repo: &Repo, path: &[u8], bytes: &[u8]) -> Result<(), GitError> {
        let full = repo.work_tree_path(path)?;
        let failed = |source| GitError::File { path: full.clone(), source };
        let beside = beside(&full).map_err(failed)?;
        remove_left(&beside).map_err(failed)?;
        let written = write_new(&beside, bytes, None).and_then(|()| fs::rename(&beside, &full));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written.and_then(|()| sync_directory(full.parent().ok_or(ErrorKind::NotFound)?)).map_err(failed)
    }

    /// What it says.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Replaces it in one step, its mode kept, unless somebody changed it since it was read ([`ErrorKind::Other`]).
    /// After a crash the file is the old one or the new one.
    ///
    /// INVARIANT: the caller holds a lock that keeps a second replacement of the same file away.
    pub fn replace(&self, bytes: &[u8]) -> Result<(), GitError> {
        self.try_replace(bytes).map_err(|source| GitError::File { path: self.path.clone(), source })
    }

    fn try_replace(&self, bytes: &[u8]) -> io::Result<()> {
        let directory = self.path.parent().ok_or(ErrorKind::NotFound)?;
        let beside = beside(&self.path)?;
        remove_left(&beside)?;
        let written = write_new(&beside, bytes, Some(&self.path)).and_then(|()| {
            if fs::read(&self.path)? != self.bytes {
                return Err(io::Error::other("the file was changed meanwhile"));
            }
            fs::rename(&beside, &self.path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written.and_then(|()| sync_directory(directory))
    }
}

/// Where a file is written before it takes its place.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().ok_or(ErrorKind::NotFound)?);
    name.push(".new");
    Ok(path.with_file_name(name))
}

/// Removes what a killed run left.
fn remove_left(beside: &Path) -> io::Result<()> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_new(beside: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(beside)?;
    file.write_all(bytes)?;
    if let Some(like) = like {
        file.set_permissions(fs::metadata(like)?.permissions())?;
    }
    file.sync_all()
}

/// Makes a rename outlast a power failure, where directories can be synced.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// A lock on the work-tree files that are rewritten; given up when dropped. `None` if another process holds it.
pub fn lock(repo: &Repo) -> Result<Option<File>, GitError> {
    let directory = repo.git_dir().join("mission");
    let path = directory.join("rewrite.lock");
    let failed = |source| GitError::File { path: path.clone(), source };
    fs::create_dir_all(&directory).map_err(failed)?;
    let file = place::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}
