//! A merge in progress as the index holds it: stages, the tree that git made of it, the bases behind it.
//!
//! Knows nothing about why paths conflict or what becomes of them.

use std::collections::BTreeMap;

use super::{GitError, IndexAt, Mode, Oid, Repo};

/// What the index says about one path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stages {
    /// The merged entry
    pub merged: Option<(Mode, Oid)>,
    /// The unmerged ones: stage 1 (base), 2 (ours), 3 (theirs)
    pub open: [Option<(Mode, Oid)>; 3],
}

impl Stages {
    /// Whether a merge left the path open.
    pub fn is_unmerged(&self) -> bool {
        self.open.iter().any(Option::is_some)
    }

    /// Every entry, with its stage.
    pub fn entries(&self) -> impl Iterator<Item = (usize, &(Mode, Oid))> {
        std::iter::once(&self.merged)
            .chain(&self.open)
            .enumerate()
            .filter_map(|(n, e)| Some((n, e.as_ref()?)))
    }
}

impl Repo {
    /// What the index says about every path below `prefix`.
    pub fn stages(&self, prefix: &str) -> Result<BTreeMap<Vec<u8>, Stages>, GitError> {
        let args = ["ls-files", "--stage", "-z", "--", prefix];
        let stdout = self.git.run(&args, b"")?;
        let mut found: BTreeMap<Vec<u8>, Stages> = BTreeMap::new();
        // `<mode> SP <id> SP <stage> TAB <path>`
        for line in stdout.split(|b| *b == 0).filter(|line| !line.is_empty()) {
            let unknown = || super::process::answer(&args, line);
            let tab = line.iter().position(|b| *b == b'\t').ok_or_else(unknown)?;
            let head = String::from_utf8_lossy(&line[..tab]).into_owned();
            let [mode, oid, stage] = head.split(' ').collect::<Vec<_>>()[..] else { return Err(unknown()) };
            let entry = (Mode::parse(mode).ok_or_else(unknown)?, Oid::parse(oid).ok_or_else(unknown)?);
            let stages = found.entry(line[tab + 1..].to_vec()).or_default();
            match stage {
                "0" => stages.merged = Some(entry),
                "1" => stages.open[0] = Some(entry),
                "2" => stages.open[1] = Some(entry),
                "3" => stages.open[2] = Some(entry),
                _ => return Err(unknown()),
            }
        }
        Ok(found)
    }

    /// Makes the index say this about these paths, all or none; a path without entries is taken out. Waits a little
    /// for another process that is changing the index.
    pub fn set_stages(&self, paths: &BTreeMap<Vec<u8>, Stages>) -> Result<(), GitError> {
        if paths.is_empty() {
            return Ok(());
        }
        let zeros = "0".repeat(self.empty_tree.len());
        let mut stdin = Vec::new();
        let mut line = |head: String, path: &[u8]| {
            stdin.extend_from_slice(head.as_bytes());
            stdin.push(b'\t');
            stdin.extend_from_slice(path);
            stdin.push(0);
        };
        // What goes makes room first: a file can stand where a directory was.
        for path in paths.keys() {
            line(format!("0 {zeros}"), path);
        }
        for (path, stages) in paths {
            for (stage, (mode, oid)) in stages.entries() {
                line(format!("{mode} {oid} {stage}"), path);
            }
        }
        self.git_on(&IndexAt::Current).run_locking(&["update-index", "-z", "--index-info"], &stdin)
    }

    /// The tree that git's merge left in the work tree, conflict markers included; `None` where its strategy keeps
    /// none (`-s resolve`, octopus, `rebase --apply`).
    pub fn auto_merged(&self) -> Result<Option<Oid>, GitError> {
        self.objects.resolve("AUTO_MERGE^{tree}")
    }

    /// All best common ancestors of two commits; none if their histories do not meet.
    pub fn merge_bases(&self, one: &Oid, other: &Oid) -> Result<Vec<Oid>, GitError> {
        self.bases_with_merge(one, std::slice::from_ref(other))
    }

    /// All best common ancestors of a commit and of a merge of others that need not exist.
    pub fn bases_with_merge(&self, one: &Oid, others: &[Oid]) -> Result<Vec<Oid>, GitError> {
        let mut args = vec!["merge-base", "--all", one.as_str()];
        args.extend(others.iter().map(Oid::as_str));
        let output = self.git.output(&args, b"")?;
        match output.status.code() {
            Some(0) => Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(Oid::parse).collect()),
            Some(1) => Ok(Vec::new()),
            _ => Err(super::process::failure(&args, &output)),
        }
    }

    /// The merge commits behind `tip` in whose history this path differs, newest first.
    pub fn merges_touching(&self, tip: &Oid, path: &[u8]) -> Result<Vec<Oid>, GitError> {
        let args: Vec<std::ffi::OsString> = [
            "rev-list".into(),
            "--merges".into(),
            "--full-history".into(),
            "--topo-order".into(),
            tip.as_str().into(),
            "--".into(),
            super::repo::system_path(path).into_os_string(),
        ]
        .into();
        let stdout = self.git.run(&args, b"")?;
        Ok(String::from_utf8_lossy(&stdout).lines().filter_map(Oid::parse).collect())
    }
}
