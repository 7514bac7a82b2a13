//! What the files say in which git keeps refs: HEAD of each work tree, branches, remote-tracking branches and tags, each
//! in a file of its own or packed with others.
//!
//! INVARIANT: an answer is the one that git gives. Where refs lie elsewhere (a repository that [`super::discover`] did not
//! find, a pseudo ref) or look in any way strange there is none, and git is asked. What has a file of its own is looked
//! for before what is packed: git packs a ref first and then removes its file. Writes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::packed_refs::{PackedRefs, sha1};
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

/// What a ref names.
enum Target {
    Id(Oid),
    /// A symbolic ref: the ref that it leads to
    Symbolic,
    Nothing,
}

/// Symbolic refs that lead to each other; git follows as many.
const DEEPEST: usize = 5;
/// How the name of a file ends under which git writes another.
const LOCK: &str = ".lock";
/// A larger file of packed refs is git's to search.
const MOST_PACKED: u64 = 4 << 20;
/// What git puts around a name that is no ref as it stands.
const OTHER_READINGS: [(&str, &str); 5] = [
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

impl Repo {
    /// The file of a ref (its full name, or HEAD); `None` if git has to be asked.
    pub(super) fn ref_file(&self, name: &str) -> Option<RefFile> {
        let directory = match name {
            "HEAD" => self.git_dir(),
            _ if is_shared(name) => self.common_dir(),
            _ => return None,
        };
        self.has_ref_files.then(|| read(&directory.join(system_path(name.as_bytes()))))?
    }

    /// What a ref names in the end; `None` if git has to be asked.
    fn ref_target(&self, name: &str) -> Option<Target> {
        self.followed(self.ref_file(name)?, name)
    }

    /// What is named in the end by the ref `name`, in whose file `found` stands.
    fn followed(&self, mut found: RefFile, name: &str) -> Option<Target> {
        let mut name = name.to_owned();
        for _ in 0..DEEPEST {
            match found {
                RefFile::Symbolic(target) => {
                    found = self.ref_file(&target)?;
                    name = target;
                }
                RefFile::Id(oid) => return Some(Target::Id(oid)),
                RefFile::Absent => {
                    let packed = self.packed_refs()?;
                    return Some(packed.get(&name).map_or(Target::Nothing, Target::Id));
                }
            }
        }
        None
    }

    /// Whether git would find nothing either, of whom a name is known to be that of no ref: it would take it for the end
    /// of another's name, or for what `git describe` says.
    fn names_nothing(&self, name: &str) -> bool {
        let is_described =
            name.rsplit_once("-g").is_some_and(|(_, id)| id.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(packed) = self.packed_refs().filter(|_| is_shared(name) && !is_described) else {
            return false;
        };
        OTHER_READINGS.iter().all(|(before, after)| {
            let other = format!("{before}{name}{after}");
            let file = self.common_dir().join(&other).symlink_metadata();
            file.is_err_and(|error| error.kind() == ErrorKind::NotFound) && packed.get(&other).is_none()
        })
    }

    /// The packed refs; `None` if git has to be asked.
    fn packed_refs(&self) -> Option<PackedRefs> {
        let path = self.common_dir().join("packed-refs");
        match fs::symlink_metadata(&path) {
            Ok(found) if self.has_ref_files && found.is_file() && found.len() <= MOST_PACKED => {
                PackedRefs::read(fs::read(&path).ok()?)
            }
            Err(error) if self.has_ref_files && error.kind() == ErrorKind::NotFound => {
                PackedRefs::read(Vec::new())
            }
            _ => None,
        }
    }

    /// The refs below `prefix` (one of branches or of remote-tracking branches, with a slash at its end) with what they
    /// name, in the order of their names, symbolic refs left out; `None` if git has to be asked.
    pub(super) fn refs_by_reading(&self, prefix: &str) -> Option<Vec<(String, Oid)>> {
        let directory = prefix.strip_suffix('/')?;
        let is_known = |all: &str| directory == all || (prefix.starts_with(all) && is_shared(directory));
        if !self.has_ref_files || !["refs/heads", "refs/remotes"].into_iter().any(is_known) {
            return None;
        }
        let mut found = BTreeMap::new();
        walk(&self.common_dir().join(directory), prefix, &mut found)?;
        for (name, oid) in self.packed_refs()?.refs().filter(|(name, _)| name.starts_with(prefix)) {
            if !is_shared(name) {
                return None;
            }
            found.entry(name.to_owned()).or_insert(Target::Id(oid));
        }
        let ids = found.into_iter().filter_map(|(name, target)| match target {
            Target::Id(oid) => Some((name, oid)),
            Target::Symbolic | Target::Nothing => None,
        });
        Some(ids.collect())
    }

    /// What the HEADs of this repository's work trees name, linked ones included; `None` if git has to be asked.
    pub(super) fn heads_by_reading(&self) -> Option<Vec<Oid>> {
        let head = |git_dir: &Path| match self.followed(read(&git_dir.join("HEAD"))?, "")? {
            Target::Id(oid) => Some(oid),
            Target::Symbolic | Target::Nothing => None,
        };
        if !self.has_ref_files {
            return None;
        }
        let mut heads = vec![head(self.common_dir())?];
        let linked = match fs::read_dir(self.common_dir().join("worktrees")) {
            Ok(linked) => linked,
            Err(error) if error.kind() == ErrorKind::NotFound => return Some(heads),
            Err(_) => return None,
        };
        for entry in linked {
            let git_dir = entry.ok()?.path();
            // Git leaves out one that does not say where it is.
            if fs::read(git_dir.join("gitdir")).ok()?.trim_ascii().is_empty() {
                return None;
            }
            heads.push(head(&git_dir)?);
        }
        Some(heads)
    }

    /// The commit that an id, a ref by its full name or HEAD names, or the first parent of one (`HEAD^1`); `None` if git
    /// has to be asked, `Some(None)` if there is no such parent.
    #[expect(clippy::option_option, reason = "that there is none is an answer too")]
    pub(super) fn commit_by_reading(&self, revision: &str) -> Option<Option<Oid>> {
        let (name, wants_parent) = match revision.strip_suffix("^1") {
            Some(name) => (name, true),
            None => (revision, false),
        };
        let oid = match Oid::parse(name) {
            Some(oid) => oid,
            None => match self.ref_target(name)? {
                Target::Id(oid) => oid,
                Target::Nothing if self.names_nothing(name) => return Some(None),
                Target::Symbolic | Target::Nothing => return None,
            },
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

/// What stands in the file of a ref; `None` if git has to be asked.
fn read(path: &Path) -> Option<RefFile> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        // A link that leads nowhere is a symbolic ref all the same.
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
            return Some(RefFile::Absent);
        }
        Err(_) => return None,
    };
    let text = text.strip_suffix('\n')?;
    match text.strip_prefix("ref: ") {
        Some(target) => Some(RefFile::Symbolic(target.to_owned())),
        // Very old git made links of symbolic refs.
        None if path.is_symlink() => None,
        None => sha1(text).map(RefFile::Id),
    }
}

/// Finds the refs whose files lie in a directory or below; `None` if git has to be asked.
fn walk(directory: &Path, prefix: &str, found: &mut BTreeMap<String, Target>) -> Option<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Some(()),
        Err(_) => return None,
    };
    for entry in entries {
        let entry = entry.ok()?;
        let name = format!("{prefix}{}", entry.file_name().to_str()?);
        let kind = entry.file_type().ok()?;
        if kind.is_dir() && is_shared(&name) {
            walk(&entry.path(), &format!("{name}/"), found)?;
        } else if kind.is_file() && name.ends_with(LOCK) {
            // Git is about to write a ref.
        } else if kind.is_file() && is_shared(&name) {
            match read(&entry.path())? {
                RefFile::Id(oid) => drop(found.insert(name, Target::Id(oid))),
                RefFile::Symbolic(_) => drop(found.insert(name, Target::Symbolic)),
                // Packed or removed meanwhile.
                RefFile::Absent => {}
            }
        } else {
            return None;
        }
    }
    Some(())
}

/// Whether this is a whole name of a ref that all work trees share, and that can be a path.
fn is_shared(name: &str) -> bool {
    let below =
        ["refs/heads/", "refs/remotes/", "refs/tags/"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let is_plain = |component: &str| {
        !component.is_empty()
            && !component.starts_with('.')
            && !component.ends_with('.')
            && !component.ends_with(LOCK)
            && !["..", "@{"].iter().any(|part| component.contains(part))
            && !component.bytes().any(|b| b.is_ascii_control() || b"~^:?*[\\".contains(&b) || b == b' ')
    };
    below.is_some_and(|below| below.split('/').all(is_plain))
}

#[cfg(test)]
mod tests;
