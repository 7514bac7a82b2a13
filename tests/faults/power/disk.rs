//! A disk that may lose power: what was synced stays; of what was not, anything may be there, in any order, torn at
//! 512 bytes.
//!
//! Names change in order, as journaling file systems have it: whatever is synced makes all earlier changes of names
//! durable, and the last of them may be lost. Knows nothing about what the files are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::log::Step;

/// What is written at once by hardware.
const SECTOR: usize = 512;

/// Random numbers that are the same every time.
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64: good from the first number on, whatever the seed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap_or(0)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// How much of what was not synced is there after the power went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing
    All,
    /// All of it
    None,
    /// Some of it, some of that torn
    Some,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Debug, Clone, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Is(PathBuf, usize),
    Directory(PathBuf),
    Gone(PathBuf),
}

/// Everything below one directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    journal: Vec<NameChange>,
    /// How much of the journal is durable
    committed: usize,
}

impl Disk {
    /// What lies in these directories counts as synced.
    pub(super) fn of(roots: &[PathBuf]) -> Self {
        let mut disk = Self::default();
        for root in roots.iter().filter(|root| root.is_dir()) {
            disk.add(root);
        }
        disk.committed = disk.journal.len();
        disk
    }

    fn add(&mut self, directory: &Path) {
        self.journal.push(NameChange::Directory(directory.to_owned()));
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(directory).expect("a directory").flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                self.add(&path);
            } else if !path.to_string_lossy().ends_with("-shm") {
                let at = self.create(&path);
                self.files[at].durable = std::fs::read(&path).expect("a file");
            }
        }
    }

    fn create(&mut self, path: &Path) -> usize {
        if let Some(at) = self.names.get(path) {
            return *at;
        }
        self.files.push(File::default());
        let at = self.files.len() - 1;
        self.name(path, at);
        at
    }

    fn name(&mut self, path: &Path, at: usize) {
        self.names.insert(path.to_owned(), at);
        self.journal.push(NameChange::Is(path.to_owned(), at));
    }

    fn forget(&mut self, path: &Path) -> Option<usize> {
        self.journal.push(NameChange::Gone(path.to_owned()));
        self.names.remove(path)
    }

    /// Does one step.
    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Create(path) => {
                self.create(path);
            }
            Step::Directory(path) => self.journal.push(NameChange::Directory(path.clone())),
            Step::Write { path, at, data } => {
                let file = self.create(path);
                let at = usize::try_from(*at).expect("an offset");
                self.files[file].pending.push(Change::Write(at, data.clone()));
            }
            Step::Truncate { path, length } => {
                let file = self.create(path);
                let length = usize::try_from(*length).expect("a length");
                self.files[file].pending.push(Change::Truncate(length));
            }
            Step::Sync(path) => {
                self.committed = self.journal.len();
                if let Some(at) = self.names.get(path) {
                    let file = &mut self.files[*at];
                    for change in std::mem::take(&mut file.pending) {
                        apply(&mut file.durable, &change);
                    }
                }
            }
            Step::Rename { from, to } => {
                if let Some(at) = self.forget(from) {
                    self.name(to, at);
                }
            }
            Step::Link { from, to } => {
                if let Some(at) = self.names.get(from).copied() {
                    self.name(to, at);
                }
            }
            Step::Unlink(path) => {
                self.forget(path);
            }
            Step::Said(_) => {}
        }
    }

    /// Writes what is there after the power went below `target` instead of `root`.
    pub(super) fn fail(&self, loss: Loss, random: &mut Random, root: &Path, target: &Path) {
        let uncommitted = self.journal.len() - self.committed;
        let names = match loss {
            Loss::All => self.committed,
            Loss::None => self.journal.len(),
            Loss::Some => self.committed + random.below(uncommitted + 1),
        };
        let mut files: BTreeMap<&Path, Vec<u8>> = BTreeMap::new();
        std::fs::create_dir_all(target).expect("a directory");
        let place = |path: &Path| target.join(path.strip_prefix(root).expect("a path below the root"));
        for change in &self.journal[..names] {
            match change {
                NameChange::Is(path, at) => {
                    files.insert(path, self.files[*at].after(loss, random));
                }
                NameChange::Gone(path) => {
                    files.remove(path.as_path());
                }
                NameChange::Directory(path) => std::fs::create_dir_all(place(path)).expect("a directory"),
            }
        }
        for (path, bytes) in files {
            std::fs::write(place(path), bytes).expect("a file");
        }
    }
}

impl File {
    fn after(&self, loss: Loss, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for change in &self.pending {
            match (loss, change) {
                (Loss::All, _) => {}
                (Loss::None, change) => apply(&mut bytes, change),
                (Loss::Some, Change::Truncate(_)) => {
                    if random.coin() {
                        apply(&mut bytes, change);
                    }
                }
                (Loss::Some, Change::Write(at, data)) => {
                    // A third is there, a third is not, a third is torn.
                    match random.below(3) {
                        0 => {}
                        1 => apply(&mut bytes, change),
                        _ => tear(&mut bytes, *at, data, random),
                    }
                }
            }
        }
        bytes
    }
}

/// Writes some of the sectors that a write touches.
fn tear(bytes: &mut Vec<u8>, at: usize, data: &[u8], random: &mut Random) {
    let mut start = 0;
    while start < data.len() {
        let end = data.len().min((at + start) / SECTOR * SECTOR + SECTOR - at);
        if random.coin() {
            apply(bytes, &Change::Write(at + start, data[start..end].to_vec()));
        }
        start = end;
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, data) => {
            let end = at + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[*at..end].copy_from_slice(data);
        }
        Change::Truncate(length) => bytes.resize(*length, 0),
    }
}

#[test]
fn what_was_synced_stays_and_nothing_else_has_to() {
    let root = Path::new("/t");
    let path = PathBuf::from("/t/a");
    let mut disk = Disk::default();
    disk.take(&Step::Create(path.clone()));
    disk.take(&Step::Write { path: path.clone(), at: 0, data: vec![1; 1024] });
    disk.take(&Step::Sync(path.clone()));
    disk.take(&Step::Write { path: path.clone(), at: 0, data: vec![2; 1024] });
    disk.take(&Step::Create("/t/b".into()));
    let mut seen = std::collections::BTreeSet::new();
    for seed in 1..60 {
        let place = tempfile::TempDir::new().expect("a directory");
        disk.fail(Loss::Some, &mut Random(seed), root, place.path());
        let bytes = std::fs::read(place.path().join("a")).expect("a file");
        seen.insert((bytes[0], bytes[1023], place.path().join("b").exists()));
    }
    assert_eq!(seen.len(), 8, "old, new and both kinds of torn, with the other file and without: {seen:?}");
    let place = tempfile::TempDir::new().expect("a directory");
    disk.fail(Loss::All, &mut Random(1), root, place.path());
    assert_eq!(std::fs::read(place.path().join("a")).expect("a file"), [1; 1024]);
    assert!(!place.path().join("b").exists());
}
