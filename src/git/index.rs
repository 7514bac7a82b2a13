//! The index: what a commit would change, single entries, and which work-tree files are unmodified.
//!
//! Never stages from the work tree and never stashes. Knows nothing about missions.

use std::path::{Path, PathBuf};

use super::process::Git;
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

impl Repo {
    /// The paths below `prefix` on which the index differs from `tree` (`None`: from the empty tree). Unmerged
    /// and intent-to-add entries are not among them.
    pub fn staged_changes(
        &self,
        at: &IndexAt,
        tree: Option<&Oid>,
        prefix: &str,
    ) -> Result<Vec<StagedChange>, GitError> {
        let Some(tree) = tree else {
            let entries = self.index_entries(at, &[prefix.as_bytes()])?;
            let new = |entry: IndexEntry| StagedChange {
                path: entry.path,
                old: None,
                new: Some((entry.mode, entry.oid)),
            };
            return Ok(entries.into_iter().map(new).collect());
        };
        let args = [
            "diff-index",
            "--cached",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            "-z",
            tree.as_str(),
            "--",
            prefix,
        ];
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
        let mut args = vec!["ls-files".into(), "--stage".into(), "-z".into(), "--".into()];
        args.extend(paths.iter().map(|path| system_path(path).into_os_string()));
        let stdout = self.git_on(at).run(&args, b"")?;
        let mut entries = Vec::new();
        for line in stdout.split(|b| *b == 0).filter(|line| !line.is_empty()) {
            // `<mode> <id> <stage> TAB <path>`
            let tab = line.iter().position(|b| *b == b'\t').unwrap_or(line.len());
            let head = String::from_utf8_lossy(&line[..tab]);
            let words: Vec<&str> = head.split(' ').collect();
            let [mode, oid, stage] = words[..] else { return Err(super::process::answer(&args, line)) };
            if let (Some(mode), Some(oid), "0") = (Mode::parse(mode), Oid::parse(oid), stage) {
                entries.push(IndexEntry {
                    path: line.get(tab + 1..).unwrap_or_default().to_vec(),
                    mode,
                    oid,
                });
            }
        }
        Ok(entries)
    }

    /// Puts entries into the index, all or none.
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
        let done = self.git_on(at).run(&["update-index", "-z", "--index-info"], &stdin);
        match done {
            Err(GitError::Failed { stderr, .. }) if stderr.contains(".lock") && stderr.contains("exists") => {
                Err(GitError::Locked { path: self.lock_of(at) })
            }
            other => other.map(drop),
        }
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
    /// line endings). A file that is absent is modified.
    pub fn unmodified(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<Vec<Vec<u8>>, GitError> {
        let mut unmodified = Vec::new();
        for some in paths.chunks(500) {
            let mut args = [
                "diff",
                "--no-ext-diff",
                "--no-textconv",
                "--no-renames",
                "--ignore-submodules",
                "--name-only",
                "-z",
                "--",
            ]
            .map(Into::into)
            .to_vec();
            args.extend(some.iter().map(|path| system_path(path).into_os_string()));
            let stdout = self.git_on(at).run(&args, b"")?;
            let modified: Vec<&[u8]> = stdout.split(|b| *b == 0).collect();
            unmodified.extend(some.iter().filter(|path| !modified.contains(path)).map(|path| path.to_vec()));
        }
        Ok(unmodified)
    }

    /// Writes the files of these index entries into the work tree, through filters and line endings.
    pub fn checkout_index(&self, at: &IndexAt, paths: &[&[u8]]) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let stdin = paths.join(&0);
        self.git_on(at).run(&["checkout-index", "-f", "-u", "-q", "-z", "--stdin"], &stdin).map(drop)
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

    fn lock_of(&self, at: &IndexAt) -> PathBuf {
        let mut path = match at {
            IndexAt::Current => self.index_from_environment().unwrap_or_else(|| self.git_dir().join("index")),
            IndexAt::File(path) => path.clone(),
        };
        path.as_mut_os_string().push(".lock");
        path
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
