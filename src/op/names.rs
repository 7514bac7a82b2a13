//! Names of mission directories that are taken: in any ref, the index, and every work tree of this repository.
//!
//! Knows nothing about what a directory is wanted for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::OpError;
use super::snapshot::Reader;
use crate::git::{IndexAt, Mode, Oid, Repo};
use crate::id::{MID8_LENGTH, MissionId};
use crate::mission::{Meta, MissionDir, SPECS};

/// The names, in lower case, since file systems may fold them, and what holds each.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, BTreeSet<Holder>>);

/// What holds a name. What it is, is asked only where a name is wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    /// A directory of a commit
    Tree(Oid),
    /// A file of the index below it
    Staged(Vec<u8>, Mode, Oid),
    /// Something in a work tree
    Found(PathBuf),
    /// A mission
    Mission(MissionId),
}

impl Names {
    /// The names of all local and remote-tracking branches and tags, linked work trees, the index and the work tree.
    pub(super) fn taken(repo: &Repo) -> Result<Self, OpError> {
        let mut names = Self::default();
        let mut seen = BTreeSet::new();
        for (_, tip) in repo.refs_below("refs/")? {
            if let Ok(Some(specs)) = repo.object(&format!("{tip}:{SPECS}"))
                && seen.insert(specs.clone())
                && let Ok(entries) = repo.tree(&specs)
            {
                for entry in entries {
                    names.add(&entry.name, Holder::Tree(entry.oid));
                }
            }
        }
        for entry in repo.index_entries(&IndexAt::Current, &[SPECS.as_bytes()])? {
            if let Some((dir, inside)) = MissionDir::containing(&entry.path) {
                names.add(dir.name(), Holder::Staged(inside.to_vec(), entry.mode, entry.oid));
            }
        }
        for work_tree in repo.work_trees()? {
            let specs = work_tree.join(SPECS);
            match fs::read_dir(&specs) {
                Ok(entries) => {
                    for entry in entries.flatten() {
                        let name = entry.file_name();
                        names.add(name.to_string_lossy().as_bytes(), Holder::Found(entry.path()));
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(OpError::File { path: specs, source }),
            }
        }
        Ok(names)
    }

    /// Gives a name to a mission.
    pub(super) fn give(&mut self, name: &str, id: MissionId) {
        self.add(name.as_bytes(), Holder::Mission(id));
    }

    fn add(&mut self, name: &[u8], holder: Holder) {
        self.0.entry(String::from_utf8_lossy(name).to_lowercase()).or_default().insert(holder);
    }

    /// `<slug>-<mid8>`, with more of the id while that is taken.
    pub(super) fn free(&self, slug: &str, id: MissionId) -> String {
        first(slug, id, |name| !self.0.contains_key(&name.to_lowercase()))
    }

    /// As [`Names::free`], where a name is also free that only this mission itself holds: so every clone finds the
    /// same name for it.
    pub(super) fn own_or_free(&self, reader: &Reader<'_>, slug: &str, id: MissionId) -> String {
        first(slug, id, |name| match self.0.get(&name.to_lowercase()) {
            None => true,
            Some(holders) => {
                let mut telling = holders.iter().filter(|holder| holder.tells()).peekable();
                telling.peek().is_some() && telling.all(|holder| holder.mission(reader) == Some(id))
            }
        })
    }
}

impl Holder {
    /// Whether it can tell which mission it belongs to.
    fn tells(&self) -> bool {
        !matches!(self, Self::Staged(inside, ..) if inside != b"meta.json")
    }

    /// The mission that it belongs to, if to one.
    fn mission(&self, reader: &Reader<'_>) -> Option<MissionId> {
        match self {
            Self::Tree(tree) => reader.directory(tree).ok()??.id(),
            Self::Staged(_, mode, oid) => reader.file(*mode, oid.clone()).ok()?.id(),
            Self::Found(path) => Meta::read(&fs::read(path.join("meta.json")).ok()?).ok()?.valid_id(),
            Self::Mission(id) => Some(*id),
        }
    }
}

fn first(slug: &str, id: MissionId, is_free: impl Fn(&str) -> bool) -> String {
    let mut names = (MID8_LENGTH..=id.as_str().len()).map(|end| format!("{slug}-{}", &id.as_str()[..end]));
    // Two ids never agree in all 26 characters.
    names.find(|name| is_free(name)).unwrap_or_else(|| format!("{slug}-{id}"))
}
