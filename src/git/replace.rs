//! Staged files replaced by other blobs in one step: index and work tree together, in one git process.
//!
//! `git apply --index` looks itself whether each work-tree file is what the index noted, writes it through filters and
//! line endings, and changes the index only after all files are written; a patch of blobs that are already stored
//! needs no content. What is not that simple (a mark by the user, a file that was touched, removed or edited, a name
//! that would need quoting, an index that only git can read) is left alone for the longer way.
//!
//! INVARIANT: a file that git began to write and could not (a filter that fails, a full disk) is put back.

use std::fs;

use super::index::common_directory;
use super::process::failure;
use super::{GitError, IndexAt, IndexEntry, Repo};

impl Repo {
    /// Replaces staged entries `old` by `new` (the same paths and modes, blobs that are stored) in the current index
    /// and in the work tree. Whether that was done: `false` means that nothing was changed. An error of git's means
    /// that it ended half way; the files are as they were before, and the index too.
    pub fn replace_unmodified(&self, old: &[IndexEntry], new: &[IndexEntry]) -> Result<bool, GitError> {
        let paths: Vec<&[u8]> = old.iter().map(|entry| entry.path.as_slice()).collect();
        let Some(index) = self.read_index(&IndexAt::Current, common_directory(&paths)) else {
            return Ok(false);
        };
        let (mut patch, mut before) = (Vec::new(), Vec::new());
        for (old, new) in old.iter().zip(new) {
            let is_staged = index.entry(&old.path).is_some_and(|entry| {
                entry.mode() == old.mode
                    && entry.oid().as_ref() == Some(&old.oid)
                    && !(entry.is_skipped() || entry.is_assumed_unchanged() || entry.is_intent_to_add())
            });
            let is_plain = !old.path.iter().any(|b| b.is_ascii_control() || matches!(b, b'"' | b'\\'));
            if !is_staged
                || !is_plain
                || old.path != new.path
                || old.mode != new.mode
                || !self.lies_there(&old.path)?
            {
                return Ok(false);
            }
            let name = old.path.as_slice();
            let header = format!("\nindex {}..{} {}\nBinary files a/", old.oid, new.oid, new.mode);
            let parts: [&[u8]; 9] = [
                b"diff --git a/",
                name,
                b" b/",
                name,
                header.as_bytes(),
                name,
                b" and b/",
                name,
                b" differ\n",
            ];
            patch.extend_from_slice(&parts.concat());
            match self.file_before(&old.path)? {
                Some(file) => before.push(file),
                None => return Ok(false),
            }
        }
        let args = ["apply", "--index", "--whitespace=nowarn", "-p1"];
        let output = self.git.output(&args, &patch)?;
        if output.status.success() {
            return Ok(true);
        }
        let mut ended_half_way = false;
        for (before, new) in before.iter().zip(new) {
            ended_half_way |= self.put_back(before, &new.oid)?;
        }
        if ended_half_way { Err(failure(&args, &output)) } else { Ok(false) }
    }

    /// Whether there is a file of its own, below directories and not behind a link: where there is none git would make
    /// one, and it writes through links.
    fn lies_there(&self, path: &[u8]) -> Result<bool, GitError> {
        let is = |path: &[u8], what: fn(&fs::Metadata) -> bool| -> Result<bool, GitError> {
            Ok(fs::symlink_metadata(self.work_tree_path(path)?).is_ok_and(|found| what(&found)))
        };
        for at in (0..path.len()).filter(|at| path[*at] == b'/') {
            if !is(&path[..at], fs::Metadata::is_dir)? {
                return Ok(false);
            }
        }
        is(path, fs::Metadata::is_file)
    }
}
