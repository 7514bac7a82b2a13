//! How git sees one file of the work tree: through filters and line endings.
//!
//! Writes nothing and knows nothing about what a file says.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::repo::system_path;
use super::{GitError, Oid, Repo};

impl Repo {
    /// The paths below `prefix` that a merge has left open.
    pub fn unmerged_paths(&self, prefix: &str) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let stdout = self.git.run(&["ls-files", "--unmerged", "-z", "--", prefix], b"")?;
        let lines = stdout.split(|b| *b == 0).filter(|line| !line.is_empty());
        Ok(lines.filter_map(|line| line.splitn(2, |b| *b == b'\t').nth(1)).map(<[u8]>::to_vec).collect())
    }

    /// The files below `prefix` that lie in the work tree, are not in the index and are not ignored.
    pub fn untracked_paths(&self, prefix: &str) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let args = ["ls-files", "--others", "--exclude-standard", "-z", "--", prefix];
        let stdout = self.git.run(&args, b"")?;
        Ok(stdout.split(|b| *b == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// The files below `prefix` whose work-tree version is not what the index says, removed ones included.
    pub fn modified_paths(&self, prefix: &str) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let args = [
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            "--ignore-submodules=all",
            "--name-only",
            "-z",
            "--",
            prefix,
        ];
        let stdout = self.git.run(&args, b"")?;
        Ok(stdout.split(|b| *b == 0).filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// The id that the blob of these bytes has. Writes no object.
    pub fn blob_id(&self, bytes: &[u8]) -> Result<Oid, GitError> {
        self.hashed(&["hash-object".into(), "--no-filters".into(), "--stdin".into()], bytes)
    }

    /// The id of the blob that git would make of a work-tree file with these bytes at `path`. Writes no object.
    pub fn staged_id(&self, path: &[u8], bytes: &[u8]) -> Result<Oid, GitError> {
        self.hashed(&["hash-object".into(), option("--path=", path), "--stdin".into()], bytes)
    }

    /// The bytes that a checkout of this blob would write to `path`.
    pub fn checked_out(&self, path: &[u8], blob: &Oid) -> Result<Vec<u8>, GitError> {
        let args = ["cat-file".into(), "--filters".into(), option("--path=", path), blob.as_str().into()];
        self.git.run::<OsString>(&args, b"")
    }

    fn hashed(&self, args: &[OsString], bytes: &[u8]) -> Result<Oid, GitError> {
        let line = self.git.line(args, bytes)?;
        Oid::parse(&line).ok_or_else(|| super::process::answer(args, line.as_bytes()))
    }
}

fn option(name: &str, path: &[u8]) -> OsString {
    let mut option = OsString::from(name);
    option.push(system_path(path));
    option
}
