//! The index: what a commit would change, single entries, and which work-tree files are unmodified.
//!
//! Never stages from the work tree and never stashes. Knows nothing about missions.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::index_file::FileEntry;
use super::process::{Git, LOCK_STEP, LOCK_TIME};
use super::repo::system_path;
use super::{GitError, Mode, Oid, Repo};
use crate::env;

/// Which index file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexAt {
    /// The one that the environment names, else the repository's own.
    Current,
    /// Another file.
    File(PathBuf),
}

/// An entry of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Path from the top
    pub path: Vec<u8>,
    /// Mode
    pub mode: Mode,
    /// Object
    pub oid: Oid,
}

/// A path on which the index differs from a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedChange {
    /// Path from the top
    pub path: Vec<u8>,
    /// Mode and object in the tree, if it is there
    pub old: Option<(Mode, Oid)>,
    /// Mode and object in the index, if it is there
    pub new: Option<(Mode, Oid)>,
}

/// A mark on an index entry by which the user tells git not to look at the work-tree file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// `update-index --skip-worktree`, and what a sparse checkout leaves out.
    SkipWorktree,
    /// `update-index --assume-unchanged`.
    AssumeUnchanged,
}

impl Mark {
    const ALL: [Self; 2] = [Self::SkipWorktree, Self::AssumeUnchanged];

    fn option(self) -> &'static str {
        match self {
            Self::SkipWorktree => "--skip-worktree",
            Self::AssumeUnchanged => "--assume-unchanged",
        }
    }

    /// Whether the letter that `ls-files -v` puts before a path tells this mark.
    fn is_told_by(self, tag: u8) -> bool {
        match self {
            Self::SkipWorktree => tag.eq_ignore_ascii_case(&b'S'),
            Self::AssumeUnchanged => tag.is_ascii_lowercase(),
        }
    }
}

impl Repo {
    /// The paths below `prefix` on which the index differs from `tree` (`None`: from the empty tree). Unmerged
    /// and intent-to-add entries are not among them.
    pub fn staged_changes(
        &self,
        at: &IndexAt,
        tree: Option<&Oid>,
        prefix: &str,
    ) -> Result<Vec<StagedChange>, GitError> {
        match self.staged_by_reading(at, tree, prefix)? {
            Some(changes) => Ok(changes),
            None => self.changes(at, tree, &[prefix.into()]),
        }
    }

    fn changes(
        &self,
        at: &IndexAt,
        tree: Option<&Oid>,
        paths: &[OsString],
    ) -> Result<Vec<StagedChange>, GitError> {
        let mut args: Vec<OsString> = [
            "diff-index",
            "--cached",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            "--ita-invisible-in-index",
            "-z",
            tree.map_or(self.empty_tree, Oid::as_str),
            "--",
        ]
        .map(Into::into)
        .to_vec();
        args.extend_from_slice(paths);
        let stdout = self.git_on(at).run(&args, b"")?;
        let mut fields = stdout.split(|b| *b == 0);
        let mut changes = Vec::new();
        while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
            let head = String::from_utf8_lossy(head);
            // `:<old mode> <new mode> <old id> <new id> <status>`
            let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
            let [old_mode, new_mode, old, new, status] = words[..] else {
                return Err(super::process::answer(&args, head.as_bytes()));
            };
            if status != "U" {
                let side = |mode, oid| Some((Mode::parse(mode)?, Oid::parse(oid)?));
                changes.push(StagedChange {
                    path: path.to_vec(),
                    old: side(old_mode, old),
                    new: side(new_mode, new),
                });
            }
        }
        Ok(changes)
    }

    /// The merged entries at or below the given paths; all, if none is given. Intent-to-add entries are left out.
    pub fn index_entries(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<Vec<IndexEntry>, GitError> {
        let wanted: HashSet<&[u8]> = paths.iter().copied().collect();
        if !paths.is_empty()
            && let Some(index) = self.read_index(at, common_directory(paths))
        {
            let places: BTreeSet<usize> =
                paths.iter().flat_map(|path| index.at_or_below(path)).flatten().collect();
            return Ok(places
                .into_iter()
                .filter_map(|place| index.at(place))
                .filter(|entry| !entry.is_unmerged() && !entry.is_intent_to_add())
                .filter_map(|entry| {
                    Some(IndexEntry { path: entry.path.to_vec(), mode: entry.mode(), oid: entry.oid()? })
                })
                .collect());
        }
        let entry = |change: StagedChange| {
            let (mode, oid) = change.new?;
            let is_wanted = wanted.is_empty() || is_at_or_below(&change.path, &wanted);
            is_wanted.then_some(IndexEntry { path: change.path, mode, oid })
        };
        Ok(self.changes(at, None, &pathspecs(paths))?.into_iter().filter_map(entry).collect())
    }

    /// Puts entries into the index, all or none. Waits a little for another process that is changing it.
    pub fn update_index(&self, at: &IndexAt, entries: &[IndexEntry]) -> Result<(), GitError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut stdin = Vec::new();
        for entry in entries {
            stdin.extend_from_slice(format!("{} {}\t", entry.mode, entry.oid).as_bytes());
            stdin.extend_from_slice(&entry.path);
            stdin.push(0);
        }
        self.git_on(at).run_locking(&["update-index", "-z", "--index-info"], &stdin)
    }

    /// Waits a little for another process that is changing the repository's own index. For a caller that changes
    /// something else first, and would have to leave the index behind.
    pub fn wait_for_index(&self) -> Result<(), GitError> {
        let path = self.git_dir().join("index.lock");
        let mut waited = Duration::ZERO;
        while path.exists() {
            if waited >= LOCK_TIME {
                return Err(GitError::Locked { path });
            }
            thread::sleep(LOCK_STEP);
            waited += LOCK_STEP;
        }
        Ok(())
    }

    /// Replaces entries of the index; those that the user has told git not to look at stay marked so.
    pub fn replace_in_index(&self, at: &IndexAt, entries: &[IndexEntry]) -> Result<(), GitError> {
        let paths: Vec<&[u8]> = entries.iter().map(|entry| entry.path.as_slice()).collect();
        let marked = self.marked(at, &paths)?;
        self.update_index(at, entries)?;
        for mark in Mark::ALL {
            let paths: Vec<&[u8]> =
                marked.iter().filter(|(_, of)| *of == mark).map(|(path, _)| path.as_slice()).collect();
            if !paths.is_empty() {
                let args = ["update-index", mark.option(), "-z", "--stdin"];
                self.git_on(at).run_locking(&args, &paths.join(&0))?;
            }
        }
        Ok(())
    }

    /// Which of the paths are marked, and how.
    fn marked(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<Vec<(Vec<u8>, Mark)>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(index) = self.read_index(at, common_directory(paths)) {
            let entries = paths.iter().filter_map(|path| index.entry(path));
            return Ok(entries.flat_map(marks_of).collect());
        }
        let mut args: Vec<OsString> = ["ls-files", "-v", "-z", "--"].map(Into::into).to_vec();
        args.extend(pathspecs(paths));
        let stdout = self.git_on(at).run(&args, b"")?;
        let wanted: HashSet<&[u8]> = paths.iter().copied().collect();
        let mut marked = Vec::new();
        for line in stdout.split(|b| *b == 0) {
            // `<letter> SP <path>`
            if let [tag, b' ', path @ ..] = line
                && wanted.contains(path)
            {
                let marks = Mark::ALL.into_iter().filter(|mark| mark.is_told_by(*tag));
                marked.extend(marks.map(|mark| (path.to_vec(), mark)));
            }
        }
        Ok(marked)
    }

    /// Puts entries for files that lie in the work tree into the index, with their stat data.
    pub fn add_to_index(&self, at: &IndexAt, entries: &[IndexEntry]) -> Result<(), GitError> {
        self.update_index(at, entries)?;
        let paths: Vec<&[u8]> = entries.iter().map(|entry| entry.path.as_slice()).collect();
        // `--refresh` fails where other files are modified, which is no failure of ours.
        let args = ["update-index", "-q", "--really-refresh", "-z", "--stdin"];
        self.git_on(at).output(&args, &paths.join(&0)).map(drop)
    }

    /// Those of the paths whose work-tree file says what the index says, as git sees it (through filters and
    /// line endings). A file that is absent is modified, and one that git was told not to look at may be.
    pub fn unmodified(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<Vec<Vec<u8>>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let marked = self.marked(at, paths)?;
        if marked.is_empty() && self.are_as_noted(at, paths)? {
            return Ok(paths.iter().map(|path| path.to_vec()).collect());
        }
        let mut args: Vec<OsString> = [
            // Otherwise a file that was only touched counts as modified.
            "-c",
            "diff.autoRefreshIndex=true",
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--no-relative",
            "--ignore-submodules",
            "--name-only",
            "-z",
            "--",
        ]
        .map(Into::into)
        .to_vec();
        args.extend(pathspecs(paths));
        let stdout = self.git_on(at).run(&args, b"")?;
        let mut modified: HashSet<&[u8]> = stdout.split(|b| *b == 0).collect();
        modified.extend(marked.iter().map(|(path, _)| path.as_slice()));
        Ok(paths.iter().filter(|path| !modified.contains(*path)).map(|path| path.to_vec()).collect())
    }

    /// Whether the work-tree files of all of these paths are as the index noted them. Looks at no other file; asking
    /// git to see through what was only touched makes it look at all.
    fn are_as_noted(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<bool, GitError> {
        let mut args: Vec<OsString> =
            ["diff-files", "--name-only", "--ignore-submodules", "-z", "--"].map(Into::into).to_vec();
        args.extend(pathspecs(paths));
        Ok(self.git_on(at).run(&args, b"")?.is_empty())
    }

    /// Writes the files of these index entries into the work tree, through filters and line endings, and notes
    /// in the index that they are what it says. After an error the files are as they were.
    pub fn checkout_index(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let args = ["checkout-index", "-f", "-u", "-q", "-z", "--stdin"];
        let mut before = Vec::new();
        for path in paths {
            before.extend(self.file_before(path)?.map(|file| (*path, file)));
        }
        let written = self.git_on(at).run_locking(&args, &paths.join(&0));
        if written.is_err() {
            let entries = self.index_entries(at, paths)?;
            for (path, file) in before {
                if let Some(new) = entries.iter().find(|entry| entry.path == path) {
                    self.put_back(&file, &new.oid)?;
                }
            }
        }
        written
    }

    /// The index file that the environment names for this process, if it names one.
    pub fn index_from_environment(&self) -> Option<PathBuf> {
        let path = PathBuf::from(env::var(env::GIT_INDEX_FILE)?);
        Some(if path.is_absolute() { path } else { self.top().ok()?.join(path) })
    }

    pub(super) fn git_on(&self, at: &IndexAt) -> Git {
        match at {
            IndexAt::Current => self.git.clone(),
            IndexAt::File(path) => self.git.with(env::GIT_INDEX_FILE, path),
        }
    }

    /// The path of a work-tree file.
    pub fn work_tree_path(&self, path: &[u8]) -> Result<PathBuf, GitError> {
        Ok(self.top()?.join(system_path(path)))
    }

    /// A path of the index that is kept beside the repository's own, in its git directory.
    pub(super) fn scratch_index(&self) -> Result<tempfile::TempDir, GitError> {
        let directory: &Path = self.git_dir();
        tempfile::Builder::new()
            .prefix("mission-index-")
            .tempdir_in(directory)
            .map_err(GitError::file(directory))
    }
}

/// The marks of an entry.
fn marks_of(entry: FileEntry<'_>) -> impl Iterator<Item = (Vec<u8>, Mark)> {
    let marks =
        [(entry.is_skipped(), Mark::SkipWorktree), (entry.is_assumed_unchanged(), Mark::AssumeUnchanged)];
    marks.into_iter().filter(|(is_set, _)| *is_set).map(move |(_, mark)| (entry.path.to_vec(), mark))
}

/// More paths than this are asked for by the directory that holds them all: command lines are bounded, and git
/// compares every entry with every path that it is given.
const FEW: usize = 64;

/// What to give git so that it answers for all of these paths, and perhaps for others.
fn pathspecs(paths: &[&[u8]]) -> Vec<OsString> {
    if paths.len() <= FEW {
        return paths.iter().map(|path| system_path(path).into_os_string()).collect();
    }
    let common = common_directory(paths);
    vec![if common.is_empty() { ".".into() } else { system_path(common).into_os_string() }]
}

/// The deepest directory that holds all of these paths; empty for the top.
pub(super) fn common_directory<'p>(paths: &[&'p [u8]]) -> &'p [u8] {
    let directory = |path: &'p [u8]| &path[..path.iter().rposition(|b| *b == b'/').unwrap_or(0)];
    let holds = |common: &[u8], path: &[u8]| {
        common.is_empty() || path.strip_prefix(common).is_some_and(|rest| rest.starts_with(b"/"))
    };
    let mut common = paths.first().map_or(b"".as_slice(), |path| directory(path));
    for path in paths {
        while !holds(common, path) {
            common = directory(common);
        }
    }
    common
}

/// Whether `path` is one of these or lies below one.
fn is_at_or_below(path: &[u8], paths: &HashSet<&[u8]>) -> bool {
    let mut above = (0..path.len()).filter(|at| path[*at] == b'/').map(|at| &path[..at]);
    paths.contains(path) || above.any(|directory| paths.contains(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_paths_are_asked_for_by_their_directory() {
        let common = |paths: &[&'static str]| {
            let paths: Vec<&[u8]> = paths.iter().map(|path| path.as_bytes()).collect();
            String::from_utf8_lossy(common_directory(&paths)).into_owned()
        };
        assert_eq!(common(&["k/a/m", "k/b/m", "k/ab/m"]), "k");
        assert_eq!(common(&["k/a/m", "k/a/n"]), "k/a");
        assert_eq!(common(&["k/a/m", "kk/a/m"]), "");
        assert_eq!(common(&["k/a/m", "m"]), "");

        let names: Vec<String> = (0..100).map(|n| format!("k/{n}/m")).collect();
        let paths: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
        assert_eq!(pathspecs(&paths), ["k"]);
        assert_eq!(pathspecs(&paths[..1]), ["k/0/m"]);
        let paths = paths.into_iter().collect();
        assert!(is_at_or_below(b"k/7/m", &paths) && is_at_or_below(b"k/7/m/x", &paths));
        assert!(!is_at_or_below(b"k/7/mm", &paths) && !is_at_or_below(b"k/7", &paths));
    }
}
