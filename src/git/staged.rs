//! What the index and a tree differ in, found without git: whole directories whose tree the index still knows are
//! passed over by their ids.
//!
//! INVARIANT: an answer is the one that `git diff-index --cached` gives; where the index is of another kind there is
//! none. Writes nothing and knows nothing about missions.

use std::cell::Cell;

use super::cached_trees::CachedTree;
use super::index_file::{FileEntry, IndexFile};
use super::tree::TreeEntry;
use super::{GitError, IndexAt, Mode, Oid, Repo, StagedChange, Tree};

/// What the index tells of the directories in one directory. A tree that it knows need not be read.
pub struct KnownDirectories {
    index: IndexFile,
    directory: Vec<u8>,
}

/// Those of one directory, by name.
pub struct KnownTrees<'k> {
    known: &'k KnownDirectories,
    trees: Vec<CachedTree<'k>>,
    /// The places among trees and entries where what is asked for next is likely to stand; any will do
    likely: Cell<(usize, usize)>,
}

/// Directories of missions have so many files before and after the one that is asked for.
const NEAR: usize = 12;

impl KnownDirectories {
    /// By their names.
    pub fn trees(&self) -> KnownTrees<'_> {
        let trees = self.index.trees().trees_in(&self.directory);
        KnownTrees { known: self, trees, likely: Cell::new((0, 0)) }
    }
}

impl KnownTrees<'_> {
    /// The file called `file` in the directory that this is an entry of, if the index knows exactly this tree and the
    /// file is an entry of it. Asked for in the order of a tree it looks hardly further than where it found the last one.
    pub fn file(&self, entry: TreeEntry<'_>, file: &[u8]) -> Option<(Mode, Oid)> {
        let (tree, place) = self.likely.get();
        let tree = find(&self.trees, tree, entry)?;
        let index = &self.known.index;
        let parts = [self.known.directory.as_slice(), b"/", entry.name, b"/", file];
        let mut near = (place..place + NEAR).map_while(|place| Some((place, index.at(place)?)));
        let place = match near.find(|(_, staged)| consists_of(staged.path, &parts)) {
            Some((place, _)) => place,
            None => index.place(&parts.concat())?,
        };
        self.likely.set((tree + 1, place + 1));
        let found = index.at(place).filter(|staged| !staged.is_unmerged())?;
        Some((found.mode(), found.oid()?))
    }
}

/// Whether a path is these parts, one after the other.
fn consists_of(path: &[u8], parts: &[&[u8]]) -> bool {
    path.len() == parts.iter().map(|part| part.len()).sum::<usize>()
        // The end of a path is what it differs in.
        && parts.iter().rev().try_fold(path, |path, part| path.strip_suffix(*part)).is_some()
}

/// The place of the directory of that name, if its tree is the same.
fn find(trees: &[CachedTree<'_>], likely: usize, entry: TreeEntry<'_>) -> Option<usize> {
    let at = match trees.get(likely) {
        Some(tree) if tree.name == entry.name => likely,
        _ => trees.binary_search_by(|tree| tree.name.cmp(entry.name)).ok()?,
    };
    (trees[at].id == entry.id()).then_some(at)
}

impl Repo {
    /// The bytes of an index file; `None` where they cannot be read, empty where there is none.
    fn index_bytes(&self, at: &IndexAt) -> Option<Vec<u8>> {
        let path = match at {
            IndexAt::File(path) => path.clone(),
            IndexAt::Current => self.index_from_environment().unwrap_or_else(|| self.git_dir().join("index")),
        };
        match std::fs::read(path) {
            Ok(bytes) => Some(bytes).filter(|bytes| !bytes.is_empty()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(Vec::new()),
            Err(_) => None,
        }
    }

    /// The entries at or below `directory` as the index file has them; `None` where only git can read it.
    pub(super) fn read_index(&self, at: &IndexAt, directory: &[u8]) -> Option<IndexFile> {
        self.parse_index(&self.index_bytes(at)?, directory)
    }

    fn parse_index(&self, bytes: &[u8], directory: &[u8]) -> Option<IndexFile> {
        if bytes.is_empty() {
            Some(IndexFile::empty())
        } else {
            IndexFile::parse(bytes, self.id_bytes, directory)
        }
    }

    /// What the index tells of the directories in `directory`; nothing where only git can read it.
    pub fn known_directories(&self, at: &IndexAt, directory: &str) -> Option<KnownDirectories> {
        let index = self.read_index(at, directory.as_bytes())?;
        Some(KnownDirectories { index, directory: directory.as_bytes().to_vec() })
    }

    /// The paths in `directory` (one component) on which the index differs from `tree`; `None` if git has to be asked.
    pub(super) fn staged_by_reading(
        &self,
        at: &IndexAt,
        tree: Option<&Oid>,
        directory: &str,
    ) -> Result<Option<Vec<StagedChange>>, GitError> {
        let Some(bytes) = self.index_bytes(at) else { return Ok(None) };
        let old = match tree {
            Some(tree) => self.entry_at(tree, directory.as_bytes())?,
            None => None,
        };
        if old.as_ref().is_some_and(|entry| entry.mode != Mode::TREE) {
            return Ok(None);
        }
        let old = old.map(|entry| entry.oid);
        // Git knows the tree of no directory in which something is unmerged or only announced.
        if old.is_some() && IndexFile::tree_of(&bytes, self.id_bytes, directory.as_bytes()) == old {
            return Ok(Some(Vec::new()));
        }
        let Some(index) = self.parse_index(&bytes, directory.as_bytes()) else { return Ok(None) };
        if index.entries().any(|entry| entry.is_unmerged() || entry.path == directory.as_bytes()) {
            return Ok(None);
        }
        let old = old.map(|tree| self.whole_tree(&tree)).transpose()?;
        let mut comparison = Comparison { repo: self, index: &index, at: 0, changes: Vec::new() };
        comparison.compare(directory, old.as_deref())?;
        let mut changes = comparison.changes;
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(changes))
    }
}

/// Both have the same order, by whole paths.
struct Comparison<'a> {
    repo: &'a Repo,
    index: &'a IndexFile,
    /// How many entries of the index were compared
    at: usize,
    changes: Vec<StagedChange>,
}

impl<'a> Comparison<'a> {
    /// Compares the index with the tree of `directory`.
    fn compare(&mut self, directory: &str, tree: Option<&Tree>) -> Result<(), GitError> {
        let mut path = [directory.as_bytes(), b"/"].concat();
        let prefix = path.len();
        let known = self.index.trees().trees_in(directory.as_bytes());
        let mut tree_at = 0;
        for entry in tree.iter().flat_map(|tree| tree.entries()) {
            path.truncate(prefix);
            path.extend_from_slice(entry.name);
            if entry.mode != Mode::TREE {
                self.add_before(&path);
                let staged = self.next_if(|staged| staged.path == path);
                self.differ(&path, side(entry), staged);
                continue;
            }
            path.push(b'/');
            self.add_before(&path);
            if let Some(tree) = find(&known, tree_at, entry) {
                tree_at = tree + 1;
                let known = known[tree];
                let is_inside =
                    |place| self.index.at(place).is_some_and(|staged| staged.path.starts_with(&path));
                let end = self.at + known.entries;
                if end > self.at && is_inside(self.at) && is_inside(end - 1) && !is_inside(end) {
                    self.at = end;
                    continue;
                }
            }
            let Some((_, oid)) = side(entry) else { continue };
            let mut inside = self.repo.files_below(&oid)?.into_iter().peekable();
            while let Some(staged) = self.next_if(|staged| staged.path.starts_with(&path)) {
                let below = &staged.path[path.len()..];
                while let Some(gone) = inside.next_if(|old| old.name.as_slice() < below) {
                    self.differ(&[&path, gone.name.as_slice()].concat(), Some((gone.mode, gone.oid)), None);
                }
                let old = inside.next_if(|old| old.name == below).map(|old| (old.mode, old.oid));
                self.differ(staged.path, old, Some(staged));
            }
            for gone in inside {
                self.differ(&[&path, gone.name.as_slice()].concat(), Some((gone.mode, gone.oid)), None);
            }
        }
        while let Some(staged) = self.next_if(|_| true) {
            self.differ(staged.path, None, Some(staged));
        }
        Ok(())
    }

    /// What the index has before `path`, and the tree has not.
    fn add_before(&mut self, path: &[u8]) {
        while let Some(staged) = self.next_if(|staged| staged.path < path) {
            self.differ(staged.path, None, Some(staged));
        }
    }

    /// The next entry of the index, if it is so. What was only announced is passed over.
    fn next_if(&mut self, is_so: impl Fn(FileEntry<'a>) -> bool) -> Option<FileEntry<'a>> {
        loop {
            let entry = self.index.at(self.at)?;
            if !entry.is_intent_to_add() && !is_so(entry) {
                return None;
            }
            self.at += 1;
            if !entry.is_intent_to_add() {
                return Some(entry);
            }
        }
    }

    fn differ(&mut self, path: &[u8], old: Option<(Mode, Oid)>, entry: Option<FileEntry<'_>>) {
        let new = entry.and_then(|entry| Some((entry.mode(), entry.oid()?)));
        if old != new {
            self.changes.push(StagedChange { path: path.to_vec(), old, new });
        }
    }
}

fn side(entry: TreeEntry<'_>) -> Option<(Mode, Oid)> {
    Some((entry.mode, entry.oid()?))
}
