//! Carrying a plan out: objects, then the index in one step, then the work tree. What is still to be done in the work
//! tree is noted before the index changes, so that a run that was killed is finished by the next one.
//!
//! Knows nothing about why anything changes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::files::{Store, Target};
use crate::git::{IndexAt, Oid, Repo};
use crate::mission::SPECS;
use crate::op::OpError;
use crate::op::work_file::{Found, WorkFile};

/// A change of one path.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What it becomes; nothing in it: the path goes
    pub(super) target: Target,
    /// What lies in the work tree now, by the id that git would give it
    pub(super) before: Option<Oid>,
}

/// Changes by path.
pub(super) type Changes = BTreeMap<Vec<u8>, Change>;

/// What has to be done to one file of the work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Task {
    /// Written as the index has it
    CheckOut(Oid),
    /// Written with markers, while the index has it unmerged
    Show(Oid),
    Remove,
}

impl Task {
    fn of(target: &Target) -> Self {
        match (&target.shown, &target.stages.merged) {
            (Some(shown), _) => Self::Show(shown.clone()),
            (None, Some((_, oid))) => Self::CheckOut(oid.clone()),
            (None, None) => Self::Remove,
        }
    }

    fn as_words(&self) -> (&'static str, &str) {
        match self {
            Self::CheckOut(oid) => ("write", oid.as_str()),
            Self::Show(oid) => ("show", oid.as_str()),
            Self::Remove => ("remove", "-"),
        }
    }
}

/// One line of the note: what has to be done to which file, and what may be lying there until then.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    path: Vec<u8>,
    task: Task,
    before: Option<Oid>,
}

/// Makes the changes.
pub(super) fn carry_out(repo: &Repo, store: &Store<'_>, changes: &Changes) -> Result<(), OpError> {
    if changes.is_empty() {
        return Ok(());
    }
    store.write()?;
    let items: Vec<Item> = changes
        .iter()
        .map(|(path, change)| Item {
            path: path.clone(),
            task: Task::of(&change.target),
            before: change.before.clone(),
        })
        .collect();
    let note = Note::at(repo);
    note.write(&items)?;
    let stages = changes.iter().map(|(path, change)| (path.clone(), change.target.stages.clone())).collect();
    if let Err(error) = repo.set_stages(&stages) {
        note.remove()?;
        return Err(error.into());
    }
    perform(repo, &items)?;
    note.remove()
}

/// Finishes what a killed run left; returns the paths that were written or removed. What was edited, or staged anew,
/// since then is left alone.
pub(super) fn finish_interrupted(repo: &Repo) -> Result<Vec<Vec<u8>>, OpError> {
    let note = Note::at(repo);
    let Some(items) = note.read()? else { return Ok(Vec::new()) };
    let index = repo.stages(SPECS)?;
    let mut left = Vec::new();
    for item in items {
        let stages = index.get(&item.path).cloned().unwrap_or_default();
        let expected = match &item.task {
            Task::CheckOut(oid) => stages.merged.as_ref().is_some_and(|(_, staged)| staged == oid),
            Task::Show(_) => stages.is_unmerged(),
            Task::Remove => stages.entries().next().is_none(),
        };
        let there = match WorkFile::read(repo, &item.path)? {
            Found::Nothing => None,
            Found::File(file) => Some(repo.staged_id(&item.path, file.bytes())?),
            Found::Other => continue,
        };
        let done = match &item.task {
            Task::CheckOut(oid) | Task::Show(oid) => there.as_ref() == Some(oid),
            Task::Remove => there.is_none(),
        };
        // Nothing there: a file that was being replaced when the run was killed.
        if expected && !done && (there.is_none() || there == item.before) {
            left.push(item);
        }
    }
    perform(repo, &left)?;
    note.remove()?;
    Ok(left.into_iter().map(|item| item.path).collect())
}

fn perform(repo: &Repo, items: &[Item]) -> Result<(), OpError> {
    for item in items.iter().filter(|item| item.task == Task::Remove) {
        remove(repo, &item.path)?;
    }
    let is_written = |item: &&Item| matches!(item.task, Task::CheckOut(_));
    let written: Vec<&[u8]> = items.iter().filter(is_written).map(|item| item.path.as_slice()).collect();
    repo.checkout_index(&IndexAt::Current, &written)?;
    for item in items {
        if let Task::Show(oid) = &item.task {
            show(repo, &item.path, oid)?;
        }
    }
    Ok(())
}

/// Removes a file, and the directories that it leaves empty.
fn remove(repo: &Repo, path: &[u8]) -> Result<(), OpError> {
    let file = repo.work_tree_path(path)?;
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(OpError::File { path: file, source: error });
        }
        _ => {}
    }
    let specs = repo.work_tree_path(SPECS.as_bytes())?;
    let above = file.ancestors().skip(1).take_while(|directory| **directory != specs);
    // One that is not empty stays, and with it those above.
    above.map(fs::remove_dir).find(Result::is_err);
    Ok(())
}

/// Writes a file as a checkout of this blob would, beside the place, and renames it there.
fn show(repo: &Repo, path: &[u8], blob: &Oid) -> Result<(), OpError> {
    let bytes = repo.checked_out(path, blob)?;
    let file = repo.work_tree_path(path)?;
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(OpError::file(directory))?;
    let mut beside = tempfile::Builder::new()
        .prefix(".mission-")
        .permissions_of(&file)
        .tempfile_in(directory)
        .map_err(OpError::file(directory))?;
    let written = beside.write_all(&bytes).and_then(|()| beside.as_file().sync_all());
    written.map_err(OpError::file(beside.path()))?;
    beside.persist(&file).map(drop).map_err(|error| OpError::File { path: file, source: error.error })
}

/// A file that is written anew has the permissions of the one that it replaces, else those of any new file.
trait PermissionsOf {
    fn permissions_of(&mut self, path: &Path) -> &mut Self;
}

impl PermissionsOf for tempfile::Builder<'_, '_> {
    fn permissions_of(&mut self, path: &Path) -> &mut Self {
        match fs::metadata(path) {
            Ok(found) => self.permissions(found.permissions()),
            #[cfg(unix)]
            Err(_) => {
                use std::os::unix::fs::PermissionsExt as _;
                // What the process's mask leaves of it.
                self.permissions(fs::Permissions::from_mode(0o666))
            }
            #[cfg(not(unix))]
            Err(_) => self,
        }
    }
}

/// The note of what is still to be done: `<git-dir>/mission/resolve`.
struct Note {
    path: PathBuf,
}

/// The first line, with the version of the format. A note of another version is not ours to finish.
const HEAD: &str = "git-mission resolve 1";

impl Note {
    fn at(repo: &Repo) -> Self {
        Self { path: repo.git_dir().join("mission").join("resolve") }
    }

    fn write(&self, items: &[Item]) -> Result<(), OpError> {
        let mut text = format!("{HEAD}\n").into_bytes();
        for Item { path, task, before } in items {
            let (verb, oid) = task.as_words();
            let before = before.as_ref().map_or("-", Oid::as_str);
            text.extend_from_slice(format!("{verb} {oid} {before}\t").as_bytes());
            text.extend_from_slice(path);
            text.push(0);
        }
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory).map_err(OpError::file(directory))?;
        let mut beside = tempfile::NamedTempFile::new_in(directory).map_err(OpError::file(directory))?;
        let written = beside.write_all(&text).and_then(|()| beside.as_file().sync_all());
        written.map_err(OpError::file(beside.path()))?;
        let renamed = beside.persist(&self.path).map(drop);
        renamed.map_err(|error| OpError::File { path: self.path.clone(), source: error.error })
    }

    /// What it says; `None` if there is none, or none that can be read.
    fn read(&self) -> Result<Option<Vec<Item>>, OpError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(OpError::File { path: self.path.clone(), source }),
        };
        Ok(text.strip_prefix(format!("{HEAD}\n").as_bytes()).and_then(read_items))
    }

    fn remove(&self) -> Result<(), OpError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(OpError::File { path: self.path.clone(), source: error })
            }
            _ => Ok(()),
        }
    }
}

fn read_items(text: &[u8]) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    for line in text.split(|b| *b == 0).filter(|line| !line.is_empty()) {
        let tab = line.iter().position(|b| *b == b'\t')?;
        let (head, path) = (std::str::from_utf8(&line[..tab]).ok()?, line[tab + 1..].to_vec());
        let [verb, oid, before] = head.split(' ').collect::<Vec<_>>()[..] else { return None };
        let task = match verb {
            "write" => Task::CheckOut(Oid::parse(oid)?),
            "show" => Task::Show(Oid::parse(oid)?),
            "remove" => Task::Remove,
            _ => return None,
        };
        items.push(Item { path, task, before: Oid::parse(before) });
    }
    Some(items)
}
