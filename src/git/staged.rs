//! What the index and a tree differ in, found without git: whole directories whose tree the index still knows are
//! passed over by their ids.
//!
//! INVARIANT: an answer is the one that `git diff-index --cached` gives; where the index is of another kind there is
//! none. Writes nothing and knows nothing about missions.

use super::index_file::{FileEntry, IndexFile};
use super::{Entry, GitError, IndexAt, Mode, Oid, Repo, StagedChange};

impl Repo {
    /// The entries at or below `directory` as the index file has them; `None` where only git can read it.
    pub(super) fn read_index(&self, at: &IndexAt, directory: &[u8]) -> Option<IndexFile> {
        let path = match at {
            IndexAt::File(path) => path.clone(),
            IndexAt::Current => self.index_from_environment().unwrap_or_else(|| self.git_dir().join("index")),
        };
        match std::fs::read(path) {
            Ok(bytes) => IndexFile::parse(&bytes, self.id_bytes, directory),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(IndexFile::empty()),
            Err(_) => None,
        }
    }

    /// The trees of the directories directly in `directory` that the index knows, each with its entry `name`. What a
    /// commit leaves alone need not be read from its trees; nothing where only git can read the index.
    pub fn known_trees(&self, at: &IndexAt, directory: &str, name: &str) -> Vec<(Oid, Option<(Mode, Oid)>)> {
        let Some(index) = self.read_index(at, directory.as_bytes()) else { return Vec::new() };
        let mut known = Vec::new();
        for (component, (tree, _)) in index.trees_in(directory.as_bytes()) {
            let path = [directory.as_bytes(), b"/", component, b"/", name.as_bytes()].concat();
            let entry = index.entry(&path).and_then(|entry| Some((entry.mode(), entry.oid()?)));
            // A directory of that name is in the tree, but no entry of the index.
            if entry.is_some() {
                known.push((tree.clone(), entry));
            }
        }
        known
    }

    /// The paths in `directory` (one component) on which the index differs from `tree`; `None` if git has to be asked.
    pub(super) fn staged_by_reading(
        &self,
        at: &IndexAt,
        tree: Option<&Oid>,
        directory: &str,
    ) -> Result<Option<Vec<StagedChange>>, GitError> {
        let Some(index) = self.read_index(at, directory.as_bytes()) else { return Ok(None) };
        let old = match tree {
            Some(tree) => self.entry_at(tree, directory.as_bytes())?,
            None => None,
        };
        let is_tree = old.as_ref().is_none_or(|entry| entry.mode == Mode::TREE);
        if !is_tree || index.entries().any(|entry| entry.is_unmerged() || entry.path == directory.as_bytes())
        {
            return Ok(None);
        }
        let old = old.map(|entry| entry.oid);
        if old.is_some() && index.tree(directory.as_bytes()) == old.as_ref() {
            return Ok(Some(Vec::new()));
        }
        let mut comparison = Comparison { repo: self, index: &index, changes: Vec::new() };
        comparison.compare(directory, old.as_ref())?;
        let mut changes = comparison.changes;
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(changes))
    }
}

struct Comparison<'a> {
    repo: &'a Repo,
    index: &'a IndexFile,
    changes: Vec<StagedChange>,
}

impl Comparison<'_> {
    /// Compares the index with the tree of `directory`: both have the same order, by whole paths.
    fn compare(&mut self, directory: &str, tree: Option<&Oid>) -> Result<(), GitError> {
        let prefix = [directory.as_bytes(), b"/"].concat();
        let known = self.index.trees_in(directory.as_bytes());
        let index = self.index;
        let mut staged = index.entries().filter(|entry| !entry.is_intent_to_add()).peekable();
        for Entry { name, mode, oid } in tree.map_or(Ok(Vec::new()), |tree| self.repo.tree(tree))? {
            let mut path = [prefix.as_slice(), &name].concat();
            if mode != Mode::TREE {
                while let Some(entry) = staged.next_if(|entry| entry.path < path.as_slice()) {
                    self.added(entry);
                }
                let entry = staged.next_if(|entry| entry.path == path);
                self.differ(path, Some((mode, oid)), entry);
                continue;
            }
            path.push(b'/');
            while let Some(entry) = staged.next_if(|entry| entry.path < path.as_slice()) {
                self.added(entry);
            }
            let is_inside = |entry: &FileEntry<'_>| entry.path.starts_with(&path);
            if known.get(name.as_slice()).is_some_and(|(known, _)| **known == oid) {
                while staged.next_if(is_inside).is_some() {}
                continue;
            }
            let mut inside = self.repo.files_below(&oid)?.into_iter().peekable();
            while let Some(entry) = staged.next_if(is_inside) {
                let below = &entry.path[path.len()..];
                while let Some(gone) = inside.next_if(|old| old.name.as_slice() < below) {
                    self.differ([&path, gone.name.as_slice()].concat(), Some((gone.mode, gone.oid)), None);
                }
                match inside.next_if(|old| old.name == below) {
                    Some(old) => self.differ(entry.path.to_vec(), Some((old.mode, old.oid)), Some(entry)),
                    None => self.added(entry),
                }
            }
            for gone in inside {
                self.differ([&path, gone.name.as_slice()].concat(), Some((gone.mode, gone.oid)), None);
            }
        }
        for entry in staged {
            self.added(entry);
        }
        Ok(())
    }

    fn added(&mut self, entry: FileEntry<'_>) {
        self.differ(entry.path.to_vec(), None, Some(entry));
    }

    fn differ(&mut self, path: Vec<u8>, old: Option<(Mode, Oid)>, entry: Option<FileEntry<'_>>) {
        let new = entry.and_then(|entry| Some((entry.mode(), entry.oid()?)));
        if old != new {
            self.changes.push(StagedChange { path, old, new });
        }
    }
}
