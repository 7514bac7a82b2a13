//! A small trace of every hook: when it last ran, and whether it was skipped, for `git mission status`.
//!
//! One file a hook in `<common-dir>/mission/traces/`. A trace that cannot be written is no failure.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::HookName;
use crate::clock::Instant;
use crate::env::place;
use crate::git::Repo;

/// The last call of one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Which
    pub hook: HookName,
    /// When it was called
    pub at: Option<Instant>,
    /// Whether it was skipped because the environment said so
    pub skipped: bool,
}

// Of one length, so that a trace takes the place of the last one.
const RAN: &str = "ran    ";
const SKIPPED: &str = "skipped";

pub(super) fn leave(repo: &Repo, hook: HookName, skipped: bool) {
    let (directory, word) = (directory(repo), if skipped { SKIPPED } else { RAN });
    let text = format!("{} {word}\n", Instant::now().to_iso());
    // Only where something of ours is installed: a hook that is called by hand leaves nothing behind.
    if directory.parent().is_some_and(Path::is_dir) {
        if !directory.is_dir() {
            let _ = repo.make_directory(&directory);
        }
        let path = directory.join(hook.as_str());
        if overwrite(&path, text.as_bytes()).is_none() {
            place::replace(&path, text.as_bytes());
        }
    }
}

/// Writes over a file of the same length. A rename over the last trace would make many file systems write this one to
/// the disk at once, which costs every commit more than all else that a hook does.
fn overwrite(path: &Path, text: &[u8]) -> Option<()> {
    let mut file = place::options().write(true).open(path).ok()?;
    (file.metadata().ok()?.len() == text.len() as u64).then(|| file.write_all(text).ok())?
}

/// The last calls of all hooks that were ever called.
pub fn traces(repo: &Repo) -> Vec<Trace> {
    let directory = directory(repo);
    let read = |hook: HookName| {
        let text = fs::read_to_string(directory.join(hook.as_str())).ok()?;
        let (at, word) = text.trim_end().split_once(' ')?;
        Some(Trace { hook, at: Instant::parse(at), skipped: word.trim_end() == SKIPPED })
    };
    HookName::ALL.into_iter().filter_map(read).collect()
}

fn directory(repo: &Repo) -> PathBuf {
    repo.common_dir().join(place::HOME).join(place::TRACES)
}
