//! The objects of a repository with SHA-1 ids, read through libgit2's object database alone. It is opened when the first
//! object is asked for, and needs neither the configuration nor the refs, which cost a hook more than what it reads.
//!
//! INVARIANT: what cannot be read here is no answer, and git is asked. Writes nothing.

use std::cell::OnceCell;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use git2::{ObjectType, Odb};

use super::Oid;
use crate::env;

/// libgit2 takes turns at the windows on a pack: more threads than these only wait.
const MOST_THREADS: usize = 4;
/// Fewer blobs than these are read sooner than a thread is started.
const FEWEST: usize = 128;

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

    /// What `look` makes of the bytes of each of these blobs, in their order, read by as many threads as there are cores;
    /// `None` where a blob cannot be read here. Each thread has a store of its own, which `keep` makes for a number of blobs,
    /// and in which `look` keeps what it wants kept: the blobs come in as many runs as there were threads, each with what was
    /// kept of it.
    pub(super) fn read_many<K: Send, T: Send>(
        &self,
        blobs: &[Oid],
        keep: impl Fn(usize) -> K + Sync,
        look: impl Fn(&mut K, &[u8]) -> T + Sync,
    ) -> Vec<(K, Vec<Option<T>>)> {
        let unread = |blobs: &[Oid]| (keep(0), blobs.iter().map(|_| None).collect());
        let Some(odb) = self.open() else { return vec![unread(blobs)] };
        let read = |blobs: &[Oid]| {
            let mut kept = keep(blobs.len());
            let read = blobs.iter().map(|oid| {
                let object = odb.read(git2::Oid::from_str(oid.as_str()).ok()?).ok()?;
                (object.kind() == ObjectType::Blob).then(|| look(&mut kept, object.data()))
            });
            let read = read.collect();
            (kept, read)
        };
        let mut share = FEWEST;
        if blobs.len() > FEWEST {
            let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
            share = share.max(blobs.len().div_ceil(threads));
        }
        let mut shares = blobs.chunks(share);
        let first = shares.next().unwrap_or_default();
        thread::scope(|scope| {
            let others: Vec<_> = shares.map(|share| (share, scope.spawn(move || read(share)))).collect();
            let mut runs = vec![read(first)];
            for (share, other) in others {
                // What a thread could not do is asked for one by one.
                runs.push(other.join().unwrap_or_else(|_| unread(share)));
            }
            runs
        })
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
