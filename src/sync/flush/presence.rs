//! Whether a sender that holds rows is still alive. A lease alone keeps the rows of a killed sender until it ends.
//!
//! A running sender keeps a lock on a file of its name, which the system takes away when it dies. Where that cannot be
//! had, the lease decides.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::env::place;
use crate::id::is_uuid;

/// The sign that a sender is at work; gone when dropped.
pub(super) struct Presence {
    path: PathBuf,
    _lock: File,
}

impl Presence {
    /// Shows that `owner` is at work. That this cannot be shown is no reason not to work.
    pub(super) fn show(store: &Path, owner: &str) -> Option<Self> {
        let path = sign(store, owner)?;
        fs::create_dir_all(path.parent()?).ok()?;
        let file = place::options().create(true).truncate(false).write(true).open(&path).ok()?;
        file.try_lock().ok()?;
        Some(Self { path, _lock: file })
    }

    /// Whether `owner` was at work here and is no more. What cannot be told counts as no.
    pub(super) fn is_gone(store: &Path, owner: &str) -> bool {
        let Some(path) = sign(store, owner) else { return false };
        let Ok(file) = place::options().write(true).open(&path) else { return false };
        match file.try_lock() {
            Ok(()) => fs::remove_file(&path).is_ok(),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // Whoever finds it finds nobody behind it.
        let _ = fs::remove_file(&self.path);
    }
}

/// The file of a sender. The name comes from a database that others write too.
fn sign(store: &Path, owner: &str) -> Option<PathBuf> {
    is_uuid(owner).then(|| store.parent().map(|home| home.join(place::SENDERS).join(owner)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_at_work_is_not_gone() {
        let home = tempfile::TempDir::new().expect("a directory");
        let store = home.path().join("queue.db");
        let owner = crate::id::random_uuid();
        assert!(!Presence::is_gone(&store, &owner), "nobody knows");
        let presence = Presence::show(&store, &owner).expect("shown");
        assert!(!Presence::is_gone(&store, &owner), "at work");
        // A killed sender leaves its file without a lock.
        fs::copy(&presence.path, home.path().join("left")).expect("a copy");
        let path = presence.path.clone();
        drop(presence);
        fs::rename(home.path().join("left"), &path).expect("put back");
        assert!(Presence::is_gone(&store, &owner), "killed");
        assert!(!path.exists() && !Presence::is_gone(&store, &owner), "told once");
        assert!(Presence::show(&store, "../queue.db").is_none() && !Presence::is_gone(&store, "../queue.db"));
    }
}
