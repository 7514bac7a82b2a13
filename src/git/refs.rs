//! Refs: what HEAD is, where branches are, which parents a merge has.
//!
//! Knows nothing about which branch is main.

use std::path::{Path, PathBuf};

use super::ref_files::RefFile;
use super::repo::system_path;
use super::{Config, GitError, Oid, Repo};
use crate::clock::Instant;
use crate::env;

/// What HEAD is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// On a branch (full name, `refs/heads/…`), with its tip unless it is unborn.
    Branch(String, Option<Oid>),
    /// On a commit.
    Detached(Oid),
}

impl Head {
    /// The commit that HEAD names, unless the branch is unborn.
    pub fn tip(&self) -> Option<&Oid> {
        match self {
            Self::Branch(_, tip) => tip.as_ref(),
            Self::Detached(tip) => Some(tip),
        }
    }

    /// The full name of the branch.
    pub fn branch(&self) -> Option<&str> {
        match self {
            Self::Branch(name, _) => Some(name),
            Self::Detached(_) => None,
        }
    }
}

impl Repo {
    /// What HEAD is.
    pub fn head(&self) -> Result<Head, GitError> {
        let tip = self.commit("HEAD")?;
        match (self.symbolic_ref("HEAD")?, tip) {
            (Some(name), tip) => Ok(Head::Branch(name, tip)),
            (None, Some(tip)) => Ok(Head::Detached(tip)),
            (None, None) => Err(GitError::Missing("HEAD".into())),
        }
    }

    /// Where a symbolic ref points, if there is one of that name.
    pub fn symbolic_ref(&self, name: &str) -> Result<Option<String>, GitError> {
        match self.ref_file(name) {
            Some(RefFile::Symbolic(target)) => return Ok(Some(target)),
            // Only files can be symbolic.
            Some(RefFile::Id(_) | RefFile::Absent) => return Ok(None),
            None => {}
        }
        // It does not see a link that leads nowhere as a file.
        if let Ok(Some(target)) = self.objects.symbolic_ref(name) {
            return Ok(Some(target));
        }
        let output = self.git.output(&["symbolic-ref", "-q", name], b"")?;
        let target = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        Ok((output.status.success() && !target.is_empty()).then_some(target))
    }

    /// The refs below a prefix (`refs/remotes/origin/`) that name commits, with their tips; symbolic refs left out.
    pub fn refs_below(&self, prefix: &str) -> Result<Vec<(String, Oid)>, GitError> {
        if let Some(known) = self.refs_by_reading(prefix) {
            return Ok(known);
        }
        let args = ["for-each-ref", "--format=%(objectname) %(symref) %(refname)", prefix];
        let stdout = self.git.run(&args, b"")?;
        Ok(String::from_utf8_lossy(&stdout)
            .lines()
            .filter_map(|line| {
                let mut words = line.splitn(3, ' ');
                let (oid, symbolic, name) = (words.next()?, words.next()?, words.next()?);
                if symbolic.is_empty() { Some((name.to_owned(), Oid::parse(oid)?)) } else { None }
            })
            .collect())
    }

    /// The remote-tracking ref that a branch (short name) follows, if one is configured.
    pub fn upstream_of(&self, branch: &str, config: &Config) -> Result<Option<String>, GitError> {
        if let Some(known) = tracked(branch, config) {
            return Ok(Some(known));
        }
        let name = format!("refs/heads/{branch}");
        if let Some(known) = self.objects.upstream(&name) {
            return Ok(Some(known));
        }
        let line = self.git.line(&["for-each-ref", "--format=%(upstream)", &name], b"")?;
        Ok((!line.is_empty()).then_some(line))
    }

    /// The commits besides HEAD that a merge in progress brings together, as git's files and its
    /// environment for hooks tell.
    pub fn merge_heads(&self) -> Result<Vec<Oid>, GitError> {
        let file = self.git_dir().join("MERGE_HEAD");
        let from_file = read_lines(&file)?;
        if !from_file.is_empty() {
            return Ok(from_file.iter().filter_map(|line| Oid::parse(line)).collect());
        }
        Ok(env::names_with_prefix(env::GITHEAD_PREFIX)
            .iter()
            .filter_map(|name| Oid::parse(&name[env::GITHEAD_PREFIX.len()..]))
            .collect())
    }

    /// The parents of a commit.
    pub fn parents(&self, commit: &Oid) -> Result<Vec<Oid>, GitError> {
        let line = self.git.line(&["rev-list", "--parents", "-n", "1", commit.as_str(), "--"], b"")?;
        Ok(line.split(' ').skip(1).filter_map(Oid::parse).collect())
    }

    /// Whether `ancestor` is `commit` or is reachable from it.
    pub fn is_ancestor(&self, ancestor: &Oid, commit: &Oid) -> Result<bool, GitError> {
        let args = ["merge-base", "--is-ancestor", ancestor.as_str(), commit.as_str()];
        let output = self.git.output(&args, b"")?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(super::process::failure(&args, &output)),
        }
    }

    /// The merge base of two commits, if their histories meet.
    pub fn merge_base(&self, one: &Oid, other: &Oid) -> Result<Option<Oid>, GitError> {
        let args = ["merge-base", one.as_str(), other.as_str()];
        let output = self.git.output(&args, b"")?;
        match output.status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&output.stdout).lines().next().and_then(Oid::parse)),
            Some(1) => Ok(None),
            _ => Err(super::process::failure(&args, &output)),
        }
    }

    /// Whether history is cut off here.
    pub fn is_shallow(&self) -> bool {
        self.common_dir().join("shallow").exists()
    }

    /// The full name of the ref that a revision names (`refs/heads/main` for `main`); `None` if it names none.
    pub fn full_name(&self, revision: &str) -> Result<Option<String>, GitError> {
        if revision.starts_with('-') {
            return Ok(None);
        }
        let args = ["rev-parse", "-q", "--verify", "--symbolic-full-name", revision];
        let output = self.git.output(&args, b"")?;
        let name = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        Ok((output.status.success() && name.starts_with("refs/")).then_some(name))
    }

    /// The smallest id among the commits without parents that are reachable from `commit`; `None` in a shallow
    /// clone, where the true roots are not known.
    pub fn smallest_root(&self, commit: &Oid) -> Result<Option<Oid>, GitError> {
        if self.is_shallow() {
            return Ok(None);
        }
        if let Some(noted) = self.noted_root(commit) {
            return Ok(Some(noted));
        }
        let stdout = self.git.run(&["rev-list", "--max-parents=0", commit.as_str(), "--"], b"")?;
        let root = String::from_utf8_lossy(&stdout).lines().filter_map(Oid::parse).min();
        if let Some(root) = &root {
            self.note_root(commit, root);
        }
        Ok(root)
    }

    /// The commits that the HEADs of this repository's work trees name, linked ones included.
    pub fn work_tree_heads(&self) -> Result<Vec<Oid>, GitError> {
        if let Some(known) = self.heads_by_reading() {
            return Ok(known);
        }
        let stdout = self.git.run(&["worktree", "list", "--porcelain", "-z"], b"")?;
        let lines = stdout.split(|b| *b == 0).filter_map(|line| line.strip_prefix(b"HEAD "));
        Ok(lines.filter_map(|line| Oid::parse(std::str::from_utf8(line).ok()?)).collect())
    }

    /// When a commit was committed.
    pub fn commit_time(&self, commit: &Oid) -> Result<Instant, GitError> {
        if let Some(known) = self.objects.commit_seconds(commit).and_then(Instant::from_unix_seconds) {
            return Ok(known);
        }
        let args = ["log", "-1", "--no-show-signature", "--format=%ct", commit.as_str(), "--"];
        let line = self.git.line(&args, b"")?;
        let time = line.trim().parse().ok().and_then(Instant::from_unix_seconds);
        time.ok_or_else(|| super::process::answer(&args, line.as_bytes()))
    }

    /// The tops of this repository's work trees, linked ones included.
    pub fn work_trees(&self) -> Result<Vec<PathBuf>, GitError> {
        let stdout = self.git.run(&["worktree", "list", "--porcelain", "-z"], b"")?;
        let lines = stdout.split(|b| *b == 0).filter_map(|line| line.strip_prefix(b"worktree "));
        Ok(lines.map(system_path).collect())
    }
}

/// The remote-tracking ref of a branch, where the settings are as `git clone` makes them: one merge, one refspec that
/// maps all branches or one.
fn tracked(branch: &str, config: &Config) -> Option<String> {
    let only = |key: &str| {
        let mut values = config.with_prefix(key).filter(|(name, _)| *name == key).map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    };
    let (remote, merge) =
        (only(&format!("branch.{branch}.remote"))?, only(&format!("branch.{branch}.merge"))?);
    let refspec = only(&format!("remote.{remote}.fetch"))?;
    let (from, to) = refspec.strip_prefix('+').unwrap_or(refspec).split_once(':')?;
    let tracked = match (from.strip_suffix('*'), to.strip_suffix('*')) {
        (Some(from), Some(to)) => format!("{to}{}", merge.strip_prefix(from)?),
        (None, None) if from == merge => to.to_owned(),
        _ => return None,
    };
    (merge.starts_with("refs/") && tracked.starts_with("refs/") && !tracked.contains('*')).then_some(tracked)
}

fn read_lines(path: &Path) -> Result<Vec<String>, GitError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(GitError::file(path)(source)),
    }
}
