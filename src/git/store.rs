//! The objects of a repository with SHA-1 ids, read through libgit2's object database alone, and many of them where they lie
//! in packs. It is opened when the first object is asked for, and needs neither the configuration nor the refs, which cost a
//! hook more than what it reads.
//!
//! INVARIANT: what cannot be read here is no answer, and git is asked. Writes nothing.

use std::cell::OnceCell;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use git2::{ObjectType, Odb};

use super::Oid;
use super::oid::SHA1_BYTES;
use super::packs::{Packs, Place};
use crate::env;

/// What is done with the objects afterwards is done by one.
const MOST_THREADS: usize = 4;
/// Fewer objects than these are read sooner than a thread is started.
const FEWEST: usize = 128;
/// Fewer are read sooner than the indexes of the packs.
const FEW: usize = 24;

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
        let object = self.open()?.read(git2::Oid::from_bytes(&oid.sha1()?).ok()?).ok()?;
        look(object.kind(), object.data())
    }

    /// What `look` makes of the bytes of each of these objects, if they are of this kind, read by as many threads as there are
    /// cores; those that cannot be read here are left out. Each thread has a place of its own, which `keep` makes for a number
    /// of objects, and in which `look` keeps what it wants kept: there are as many runs as there were threads, each with what
    /// was kept of it, and with the places among `objects` of those that it read.
    pub(super) fn read_many<K: Send, T: Send>(
        &self,
        kind: ObjectType,
        objects: &[Oid],
        keep: impl Fn(usize) -> K + Sync,
        look: impl Fn(&mut K, &[u8]) -> T + Sync,
    ) -> Vec<(K, Vec<(usize, T)>)> {
        let (Some(odb), Some(directory)) = (self.open(), &self.directory) else { return Vec::new() };
        let mut wanted: Vec<Wanted> = objects.iter().enumerate().filter_map(Wanted::new).collect();
        let mut share = FEWEST;
        let mut packs = Packs::default();
        if wanted.len() > FEWEST {
            let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
            share = share.max(wanted.len().div_ceil(threads));
        }
        if wanted.len() > FEW {
            packs = Packs::of(directory, wanted.len());
            for one in &mut wanted {
                one.packed = packs.find(&one.id);
            }
            // Neighbours are made of each other.
            wanted.sort_by_key(|one| one.packed);
        }
        let read = |share: &[Wanted]| {
            let mut kept = keep(share.len());
            let mut read = Vec::with_capacity(share.len());
            let mut reader = None;
            for Wanted { place, id, packed } in share {
                let there = packed
                    .and_then(|packed| reader.get_or_insert_with(|| packs.unpacker()).object(packed, kind));
                if let Some(data) = there {
                    read.push((*place, look(&mut kept, data)));
                } else if let Ok(object) = git2::Oid::from_bytes(id).and_then(|id| odb.read(id))
                    && object.kind() == kind
                {
                    read.push((*place, look(&mut kept, object.data())));
                }
            }
            (kept, read)
        };
        let mut shares = wanted.chunks(share);
        let first = shares.next().unwrap_or_default();
        thread::scope(|scope| {
            let others: Vec<_> = shares.map(|share| scope.spawn(move || read(share))).collect();
            let mut runs = vec![read(first)];
            // What a thread could not do is asked for one by one.
            runs.extend(others.into_iter().filter_map(|other| other.join().ok()));
            runs
        })
    }

    /// The kind of an object and its size in bytes.
    pub(super) fn header(&self, oid: &Oid) -> Option<(ObjectType, u64)> {
        let (size, kind) = self.open()?.read_header(git2::Oid::from_bytes(&oid.sha1()?).ok()?).ok()?;
        Some((kind, size as u64))
    }
}

/// One of many objects that are to be read.
struct Wanted {
    /// Which one
    place: usize,
    id: [u8; SHA1_BYTES],
    packed: Option<Place>,
}

impl Wanted {
    fn new((place, oid): (usize, &Oid)) -> Option<Self> {
        Some(Self { place, id: oid.sha1()?, packed: None })
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
