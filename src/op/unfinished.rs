//! What a run that was killed between two of its steps left undone, for the next one to finish: git changes a ref, the
//! index and a file one after the other, and a program may be killed in between.
//!
//! A note says what is about to become what, and goes when all of it is done. Only what still is exactly as the note
//! says is touched: a file that somebody edited since is theirs. Knows nothing about why files were rewritten.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use super::work_file::{Found, WorkFile};
use crate::env::place;
use crate::git::{GitError, IndexAt, IndexEntry, Mode, Oid, Repo};

/// How a note begins that is about [`First::WorkTree`].
const WORK_TREE: &str = "work-tree";

/// A note that was written.
#[derive(Debug)]
#[must_use = "a note that stays is taken for a run that was killed"]
pub struct Note {
    path: PathBuf,
}

/// One file: what it was, and what it becomes.
struct Step {
    old: Oid,
    new: IndexEntry,
    /// Whether the work-tree file was the old one when the note was written
    follows: bool,
}

fn path(repo: &Repo) -> PathBuf {
    repo.git_dir().join(place::HOME).join(place::UNFINISHED)
}

/// What changes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// The index, then the work tree
    Index,
    /// The work tree, then the index, as `git apply --index` does
    WorkTree,
    /// HEAD becomes this commit, then the index, then the work tree
    Head(Oid),
}

/// Notes that the index is about to get `new` in place of `old`, one for each, and the work tree those of `unmodified`.
pub fn begin<'a>(
    repo: &Repo,
    first: &First,
    old: impl IntoIterator<Item = &'a IndexEntry>,
    new: &[IndexEntry],
    unmodified: &[&[u8]],
) -> Result<Note, GitError> {
    let path = path(repo);
    let word = match first {
        First::Index => "-",
        First::WorkTree => WORK_TREE,
        First::Head(commit) => commit.as_str(),
    };
    let mut text = format!("{word}\n").into_bytes();
    let unmodified: HashSet<&[u8]> = unmodified.iter().copied().collect();
    for (old, entry) in old.into_iter().zip(new) {
        let follows = if unmodified.contains(entry.path.as_slice()) { "follows" } else { "-" };
        let words = format!("{} {} {} {follows}\t", entry.mode, old.oid, entry.oid);
        text.extend_from_slice(words.as_bytes());
        text.extend_from_slice(&entry.path);
        text.push(0);
    }
    let new = path.with_extension("new");
    let written = || {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        place::options().write(true).create(true).truncate(true).open(&new)?.write_all(&text)?;
        fs::rename(&new, &path)
    };
    written().map_err(|source| GitError::File { path: path.clone(), source })?;
    Ok(Note { path })
}

impl Note {
    /// All of it was done.
    pub fn done(self) -> Result<(), GitError> {
        remove(&self.path)
    }
}

fn remove(path: &PathBuf) -> Result<(), GitError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(GitError::File { path: path.clone(), source: error })
        }
        _ => Ok(()),
    }
}

/// Finishes what a killed run left, if one did.
pub fn finish(repo: &Repo) -> Result<(), GitError> {
    let path = path(repo);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(GitError::File { path, source }),
    };
    let (first, steps) = read(&text);
    if let First::Head(commit) = &first
        && repo.commit("HEAD")?.as_ref() != Some(commit)
    {
        // The ref was never moved, or has been moved on: there is nothing left that the note speaks of.
        return remove(&path);
    }
    let paths: Vec<&[u8]> = steps.iter().map(|step| step.new.path.as_slice()).collect();
    let staged = if paths.is_empty() { Vec::new() } else { repo.index_entries(&IndexAt::Current, &paths)? };
    let (mut late, mut follows) = (Vec::new(), Vec::new());
    for step in &steps {
        let Some(entry) = staged.iter().find(|entry| entry.path == step.new.path) else { continue };
        let is_old = entry.oid == step.old && entry.mode == step.new.mode;
        let is_late = is_old
            && match &first {
                First::Index => false,
                First::WorkTree => has_begun(repo, step)?,
                First::Head(_) => true,
            };
        if !is_late && *entry != step.new {
            continue;
        }
        if is_late {
            late.push(step.new.clone());
        }
        if is_untouched(repo, step)? {
            follows.push(step.new.path.as_slice());
        }
    }
    repo.replace_in_index(&IndexAt::Current, &late)?;
    repo.checkout_index(&IndexAt::Current, &follows)?;
    remove(&path)
}

/// Whether the work-tree file is the new one, or on its way there.
fn has_begun(repo: &Repo, step: &Step) -> Result<bool, GitError> {
    let path = &step.new.path;
    Ok(match WorkFile::read(repo, path)? {
        Found::File(file) => {
            let id = repo.staged_id(path, file.bytes())?;
            id == step.new.oid || (id != step.old && is_untouched(repo, step)?)
        }
        Found::Nothing => step.follows,
        Found::Other => false,
    })
}

/// Whether the work-tree file is the old one, or what a killed git leaves where it writes a new one: nothing, or a
/// beginning.
fn is_untouched(repo: &Repo, step: &Step) -> Result<bool, GitError> {
    let path = &step.new.path;
    Ok(match WorkFile::read(repo, path)? {
        Found::File(file) => {
            repo.staged_id(path, file.bytes())? == step.old
                || (step.follows && is_beginning(file.bytes(), &repo.checked_out(path, &step.new.oid)?))
        }
        Found::Nothing => step.follows,
        Found::Other => false,
    })
}

fn is_beginning(bytes: &[u8], of: &[u8]) -> bool {
    bytes.len() < of.len() && of.starts_with(bytes)
}

/// Reads a note; what cannot be read is as good as not written.
fn read(text: &[u8]) -> (First, Vec<Step>) {
    let Some(end) = text.iter().position(|b| *b == b'\n') else { return (First::Index, Vec::new()) };
    let first = match str::from_utf8(&text[..end]) {
        Ok(WORK_TREE) => First::WorkTree,
        Ok(word) => Oid::parse(word).map_or(First::Index, First::Head),
        Err(_) => First::Index,
    };
    let steps = text[end + 1..].split(|b| *b == 0).filter_map(|line| {
        let tab = line.iter().position(|b| *b == b'\t')?;
        let words: Vec<&str> = str::from_utf8(&line[..tab]).ok()?.split(' ').collect();
        let [mode, old, new, follows] = words[..] else { return None };
        let new =
            IndexEntry { path: line[tab + 1..].to_vec(), mode: Mode::parse(mode)?, oid: Oid::parse(new)? };
        Some(Step { old: Oid::parse(old)?, new, follows: follows == "follows" })
    });
    (first, steps.collect())
}
