//! Taking over what another program queued: from a file, or from where such programs keep theirs.

use std::fs;
use std::path::{Path, PathBuf};

use super::{SyncError, login, settings};
use crate::clock::Instant;
use crate::env::key;
use crate::git::Repo;
use crate::op::enqueue::CAPACITY;
use crate::queue::{Imported, Queue};

/// What came from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFrom {
    /// The file
    pub path: PathBuf,
    /// Its rows
    pub imported: Imported,
}

/// Takes over the rows of `file`, else of every database that the user's other programs left.
pub fn import(repo: &Repo, file: Option<&Path>) -> Result<Vec<ImportedFrom>, SyncError> {
    let sources = match file {
        Some(file) if file.is_file() => vec![file.to_owned()],
        Some(file) => return Err(SyncError::NoSuchFile(file.to_owned())),
        None => databases(),
    };
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let capacity = repo.config()?.number(key::QUEUE_CAPACITY).unwrap_or(CAPACITY);
    let mut queue = Queue::open(&settings::queue_path(repo), Instant::now())?.queue;
    let mut taken = Vec::new();
    for path in sources {
        let imported = queue.import(&path, capacity, Instant::now())?;
        taken.push(ImportedFrom { path, imported });
    }
    Ok(taken)
}

/// `queue.db` and `queues/*.db` of the user's directory.
fn databases() -> Vec<PathBuf> {
    let Some(directory) = login::user_directory() else { return Vec::new() };
    let mut found = vec![directory.join("queue.db")];
    let mut scoped: Vec<PathBuf> = fs::read_dir(directory.join("queues"))
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    scoped.retain(|path| path.extension().is_some_and(|extension| extension == "db"));
    scoped.sort();
    found.extend(scoped);
    found.retain(|path| path.is_file());
    found
}
