//! What the files say in which git keeps refs: HEAD, and each branch, remote-tracking branch or tag that is not packed.
//!
//! INVARIANT: an answer is the one that git gives. Where refs lie elsewhere (a repository that [`super::discover`] did not
//! find, a packed ref, a pseudo ref) there is none, and git is asked. Writes nothing.

use std::fs;
use std::io::ErrorKind;

use super::repo::system_path;
use super::{Oid, Repo};

/// What stands in the file of a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RefFile {
    /// The name of another ref
    Symbolic(String),
    /// An object
    Id(Oid),
    /// There is no file
    Absent,
}

/// Symbolic refs that lead to each other; git follows as many.
const DEEPEST: usize = 5;

impl Repo {
    /// The file of a ref (its full name, or HEAD); `None` if git has to be asked.
    pub(super) fn ref_file(&self, name: &str) -> Option<RefFile> {
        let directory = match name {
            "HEAD" => self.git_dir(),
            _ if is_shared(name) => self.common_dir(),
            _ => return None,
        };
        let path = directory.join(system_path(name.as_bytes()));
        let text = match self.has_ref_files.then(|| fs::read_to_string(&path))? {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Some(RefFile::Absent),
            Err(_) => return None,
        };
        let text = text.strip_suffix('\n')?;
        match text.strip_prefix("ref: ") {
            Some(target) => Some(RefFile::Symbolic(target.to_owned())),
            // Very old git made links of symbolic refs.
            None if path.is_symlink() => None,
            None => Oid::parse(text).map(RefFile::Id),
        }
    }

    /// What a ref names in the end.
    fn ref_target(&self, name: &str) -> Option<Oid> {
        let mut name = name.to_owned();
        for _ in 0..DEEPEST {
            match self.ref_file(&name)? {
                RefFile::Symbolic(target) => name = target,
                RefFile::Id(oid) => return Some(oid),
                RefFile::Absent => return None,
            }
        }
        None
    }

    /// The commit that an id, a ref by its full name or HEAD names, or the first parent of one (`HEAD^1`); `None` if git
    /// has to be asked, `Some(None)` if there is no such parent.
    pub(super) fn commit_by_reading(&self, revision: &str) -> Option<Option<Oid>> {
        let (name, wants_parent) = match revision.strip_suffix("^1") {
            Some(name) => (name, true),
            None => (revision, false),
        };
        let oid = match Oid::parse(name) {
            Some(oid) => oid,
            None => self.ref_target(name)?,
        };
        let commit = self.objects.commit_header(&oid)?;
        if !wants_parent {
            return Some(Some(oid));
        }
        // Whose history was cut off or grafted has other parents than it says.
        if self.is_shallow() || self.common_dir().join("info/grafts").exists() {
            return None;
        }
        match commit.first_parent {
            Some(parent) => self.objects.commit_header(&parent).map(|_| Some(parent)),
            None => Some(None),
        }
    }
}

/// Whether this is a whole name of a ref that all work trees share, and that can be a path.
fn is_shared(name: &str) -> bool {
    let below =
        ["refs/heads/", "refs/remotes/", "refs/tags/"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let is_plain = |component: &str| {
        !component.is_empty()
            && !component.starts_with('.')
            && !component.bytes().any(|b| b.is_ascii_control() || b"~^:?*[\\".contains(&b) || b == b' ')
    };
    below.is_some_and(|below| below.split('/').all(is_plain))
}
