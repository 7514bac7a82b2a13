//! Work-tree files as they were before git writes them anew: git removes a file before it writes the next, so a filter
//! that fails or a full disk would cost the old one.
//!
//! Puts back what git left; never writes over what may be somebody's edit. Knows nothing about why files are written.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::{GitError, Oid, Repo};

/// One file.
pub(super) struct FileBefore {
    path: PathBuf,
    bytes: Vec<u8>,
    permissions: fs::Permissions,
}

impl Repo {
    /// The work-tree file at `path`; `None` if there is none that can be read.
    pub(super) fn file_before(&self, path: &[u8]) -> Result<Option<FileBefore>, GitError> {
        let path = self.work_tree_path(path)?;
        let read = || Ok::<_, std::io::Error>((fs::metadata(&path)?.permissions(), fs::read(&path)?));
        Ok(read().ok().map(|(permissions, bytes)| FileBefore { path, bytes, permissions }))
    }

    /// Whether the file is not what it was, after git failed to write `new` there. It is put back where it is gone, or
    /// holds what git has written of `new`; anything else may be somebody's edit and stays.
    pub(super) fn put_back(&self, before: &FileBefore, new: &Oid) -> Result<bool, GitError> {
        let FileBefore { path, bytes, permissions } = before;
        let is_ours = match fs::read(path) {
            Ok(now) if now == *bytes => return Ok(false),
            Ok(now) => {
                let without_cr =
                    |bytes: &[u8]| bytes.iter().copied().filter(|b| *b != b'\r').collect::<Vec<_>>();
                without_cr(&self.blob(new)?).starts_with(&without_cr(&now))
            }
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        if is_ours {
            fs::write(path, bytes)
                .and_then(|()| fs::set_permissions(path, permissions.clone()))
                .map_err(GitError::file(path))?;
        }
        Ok(true)
    }
}
