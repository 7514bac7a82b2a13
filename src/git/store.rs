//! The objects of a repository with SHA-1 ids, read through libgit2's object database alone. It is opened when the first
//! object is asked for, and needs neither the configuration nor the refs, which cost a hook more than what it reads.
//!
//! INVARIANT: what cannot be read here is no answer, and git is asked. Writes nothing.

use std::cell::OnceCell;
use std::path::PathBuf;

use git2::{ObjectType, Odb};

use super::Oid;
use crate::env;

/// Where objects lie.
pub(super) struct Store {
    /// `<common-dir>/objects`; `None` where ids are not SHA-1
    directory: Option<PathBuf>,
    open: OnceCell<Option<Odb<'static>>>,
}

impl Store {
    pub(super) fn at(directory: Option<PathBuf>) -> Self {
        Self { directory, open: OnceCell::new() }
    }

    fn open(&self) -> Option<&Odb<'static>> {
        self.open
            .get_or_init(|| {
                // Hashing every object again that is read costs more than reading it, and git itself does not.
                git2::opts::strict_hash_verification(false);
                let odb = Odb::new().ok()?;
                odb.add_disk_alternate(self.directory.as_ref()?.to_str()?).ok()?;
                for directory in elsewhere()? {
                    odb.add_disk_alternate(directory.to_str()?).ok()?;
                }
                Some(odb)
            })
            .as_ref()
    }

    /// What `look` makes of the kind and the bytes of an object.
    pub(super) fn read<T>(&self, oid: &Oid, look: impl FnOnce(ObjectType, &[u8]) -> Option<T>) -> Option<T> {
        let object = self.open()?.read(git2::Oid::from_str(oid.as_str()).ok()?).ok()?;
        look(object.kind(), object.data())
    }

    /// The kind of an object and its size in bytes.
    pub(super) fn header(&self, oid: &Oid) -> Option<(ObjectType, u64)> {
        let (size, kind) = self.open()?.read_header(git2::Oid::from_str(oid.as_str()).ok()?).ok()?;
        Some((kind, size as u64))
    }
}

/// Where the environment says that objects lie too (a server hook's quarantine); `None` if libgit2 cannot be told.
pub(super) fn elsewhere() -> Option<Vec<PathBuf>> {
    let own = env::var(env::GIT_OBJECT_DIRECTORY);
    let others = env::var(env::GIT_ALTERNATE_OBJECT_DIRECTORIES);
    // git quotes names that hold the separator.
    if others.as_ref().is_some_and(|others| others.as_encoded_bytes().contains(&b'"')) {
        return None;
    }
    let named = own.iter().map(PathBuf::from).chain(others.iter().flat_map(std::env::split_paths));
    let directories: Vec<PathBuf> = named.filter(|directory| !directory.as_os_str().is_empty()).collect();
    directories.iter().all(|directory| directory.is_absolute() && directory.is_dir()).then_some(directories)
}
