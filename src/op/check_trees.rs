//! The missions of a base, a head and their merge bases. The base is read whole, because anything in it can be doubled;
//! of the others only what differs from it.
//!
//! Knows nothing about what may enter main.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::snapshot::{MetaFile, Reader};
use crate::git::{self, GitError, Mode, Oid, Repo, TreeEntry};
use crate::id::MissionId;
use crate::mission::breach::{Breach, added, off_main};
use crate::mission::merged::merged;
use crate::mission::settle::Claim;
use crate::mission::{Meta, MissionDir, SPECS};

/// What is read.
pub(super) struct Trees {
    /// In git's order
    base: Vec<Known>,
    /// Places in `base` by id, made when somebody asks
    base_ids: OnceCell<HashMap<MissionId, usize>>,
    /// The same by likely `mission_slug`, in order of its hash
    base_slugs: OnceCell<Vec<(u64, usize)>>,
    head: View,
    /// Where the head parted from the base; the base, if their histories do not meet
    forks: Vec<View>,
    have_met: bool,
}

/// A directory of the base.
struct Known {
    dir: MissionDir,
    tree: Oid,
    /// Its `meta.json`, if there is one
    file: Option<MetaFile>,
}

/// A tree, as far as it differs from the base.
#[derive(Default)]
struct View(BTreeMap<MissionDir, Seen>);

/// A directory that is not as the base has it.
struct Seen {
    /// It, if it is there
    tree: Option<Oid>,
    /// Its `meta.json`, if there is one
    file: Option<MetaFile>,
}

/// One of the trees.
#[derive(Clone, Copy)]
pub(super) struct Tree<'t> {
    trees: &'t Trees,
    view: Option<&'t View>,
}

impl Trees {
    /// Reads all. Without a base everything differs; without forks the base stands for one.
    pub(super) fn read(
        repo: &Repo,
        reader: &Reader<'_>,
        base: Option<&Oid>,
        head: &Oid,
        forks: &[Oid],
    ) -> Result<Self, GitError> {
        let specs = |commit: &Oid| repo.subtree(commit, SPECS);
        let base_specs = base.map_or(Ok(None), specs)?;
        let listing = |specs: &Option<Oid>| specs.as_ref().map(|specs| repo.whole_tree(specs)).transpose();
        let base_listing = listing(&base_specs)?;
        let missions = directories(base_listing.as_deref());
        let missions: Vec<(MissionDir, Oid)> =
            missions.filter_map(|entry| Some((MissionDir::from_name(entry.name)?, entry.oid()?))).collect();
        reader.look_ahead(missions.iter().map(|(_, tree)| tree));
        let mut known = Vec::with_capacity(missions.len());
        for (dir, tree) in missions {
            known.push(Known { dir, file: reader.directory(&tree)?, tree });
        }
        let view = |commit: &Oid| {
            let specs = specs(commit)?;
            if specs == base_specs {
                return Ok(View::default());
            }
            View::of(reader, base_listing.as_deref(), listing(&specs)?.as_deref())
        };
        let head = view(head)?;
        let mut views: Vec<View> = forks.iter().map(view).collect::<Result<_, _>>()?;
        if forks.is_empty() && base.is_some() {
            views.push(View::default());
        }
        let have_met = !forks.is_empty();
        let (base_ids, base_slugs) = (OnceCell::new(), OnceCell::new());
        Ok(Self { base: known, base_ids, base_slugs, head, forks: views, have_met })
    }

    /// The base.
    pub(super) fn base(&self) -> Tree<'_> {
        Tree { trees: self, view: None }
    }

    /// The head.
    pub(super) fn head(&self) -> Tree<'_> {
        Tree { trees: self, view: Some(&self.head) }
    }

    /// The merge bases; the base, if there is none.
    pub(super) fn forks(&self) -> impl Iterator<Item = Tree<'_>> {
        self.forks.iter().map(|view| Tree { trees: self, view: Some(view) })
    }

    /// How many missions the head has.
    pub(super) fn missions(&self) -> usize {
        let of_base = self.of_base().filter(|(dir, _)| !self.head.0.contains_key(dir)).count();
        of_base + self.head.0.values().filter(|seen| seen.file.is_some()).count()
    }

    /// The directories of the head that neither the base nor all forks have as they are.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&MissionDir, &Oid)> {
        let is_news = |dir: &MissionDir, tree: &Oid| {
            self.forks.is_empty()
                || !self
                    .forks
                    .iter()
                    .all(|fork| fork.0.get(dir).is_some_and(|seen| seen.tree.as_ref() == Some(tree)))
        };
        let there = self.head.0.iter().filter_map(|(dir, seen)| Some((dir, seen.tree.as_ref()?)));
        there.filter(move |(dir, tree)| is_news(dir, tree))
    }

    /// The missions of the base.
    fn of_base(&self) -> impl Iterator<Item = (&MissionDir, &MetaFile)> {
        self.base.iter().filter_map(Known::mission)
    }

    fn find(&self, dir: &MissionDir) -> Option<&Known> {
        let found = self.base.binary_search_by(|known| in_order(known.dir.name(), dir.name())).ok()?;
        self.base.get(found)
    }

    /// What the head would add, if it said this of some missions. Only missions are compared that are different
    /// somewhere, and those that share an id or a number with one: of all others the base has the last word.
    pub(super) fn breaches(&self, instead: &BTreeMap<MissionDir, Claim>, is_main: bool) -> Vec<Breach> {
        let views = || self.forks.iter().chain([&self.head]);
        let mut dirs: BTreeSet<&MissionDir> = views().flat_map(|view| view.0.keys()).collect();
        dirs.extend(instead.keys());
        let of = |tree: Tree<'_>| -> Vec<Claim> {
            dirs.iter().filter_map(|dir| tree.at(dir)?.claim(dir)).collect()
        };
        let mut base = of(self.base());
        let mut forks: Vec<Vec<Claim>> = self.forks().map(of).collect();
        let mut head: Vec<Claim> = dirs
            .iter()
            .filter_map(|dir| match instead.get(*dir) {
                Some(claim) => Some(claim.clone()),
                None => self.head().at(dir)?.claim(dir),
            })
            .collect();

        let all = || base.iter().chain(&head).chain(forks.iter().flatten());
        let ids: HashSet<MissionId> = all().filter_map(|claim| claim.id).collect();
        let mut numbers: HashSet<u64> = all().filter_map(|claim| claim.number).collect();
        let elsewhere = || self.of_base().filter(|(dir, _)| !dirs.contains(dir));
        let has_id = |file: &MetaFile| file.id().is_some_and(|id| ids.contains(&id));
        numbers.extend(elsewhere().filter(|(_, file)| has_id(file)).filter_map(|(_, file)| file.number()));
        let meets =
            |file: &MetaFile| has_id(file) || file.number().is_some_and(|number| numbers.contains(&number));
        let others: Vec<Claim> =
            elsewhere().filter(|(_, file)| meets(file)).filter_map(|(dir, file)| file.claim(dir)).collect();
        for claims in [&mut base, &mut head].into_iter().chain(&mut forks) {
            claims.extend(others.iter().cloned());
        }

        let nothing: &[Claim] = &[];
        let forks: Vec<&[Claim]> = forks.iter().map(Vec::as_slice).collect();
        let parted_at = if self.have_met { forks.as_slice() } else { &[nothing] };
        let outcome = merged(&base, &head, parted_at);
        let present: &[&[Claim]] = &[&base];
        let before: Vec<&[Claim]> = forks.iter().chain(present).copied().collect();
        let mut breaches = added(&outcome, &before, present);
        if !is_main {
            breaches.extend(off_main(&outcome, &base));
        }
        breaches
    }
}

impl<'t> Tree<'t> {
    /// The `meta.json` of a mission.
    pub(super) fn at(self, dir: &MissionDir) -> Option<&'t MetaFile> {
        match self.seen(dir) {
            Some(seen) => seen.file.as_ref(),
            None => self.trees.find(dir)?.file.as_ref(),
        }
    }

    /// What a mission says, if it can be read.
    pub(super) fn meta(self, dir: &MissionDir) -> Option<&'t Meta> {
        self.at(dir)?.meta()
    }

    /// The directory of a mission.
    pub(super) fn directory(self, dir: &MissionDir) -> Option<&'t Oid> {
        match self.seen(dir) {
            Some(seen) => seen.tree.as_ref(),
            None => self.trees.find(dir).map(|known| &known.tree),
        }
    }

    /// A mission with this id.
    pub(super) fn with_id(self, id: MissionId) -> Option<(&'t MissionDir, &'t MetaFile)> {
        let here = self.changed().find(|(_, file)| file.id() == Some(id));
        here.or_else(|| {
            let base = &self.trees.base;
            let ids =
                || base.iter().enumerate().filter_map(|(at, known)| Some((known.file.as_ref()?.id()?, at)));
            let at = self.trees.base_ids.get_or_init(|| ids().collect()).get(&id)?;
            base[*at].mission().filter(|(dir, _)| self.seen(dir).is_none())
        })
    }

    /// The missions with this `mission_slug`.
    pub(super) fn with_slug(self, slug: &str) -> Vec<(&'t MissionDir, &'t MetaFile)> {
        let base = &self.trees.base;
        let by_slug = self.trees.base_slugs.get_or_init(|| {
            let likely = |known: &Known| Some(hash(&known.file.as_ref()?.likely_slug()?));
            let slugs = base.iter().enumerate();
            let mut slugs: Vec<(u64, usize)> =
                slugs.filter_map(|(at, known)| Some((likely(known)?, at))).collect();
            slugs.sort_unstable();
            slugs
        });
        let wanted = hash(slug);
        let first = by_slug.partition_point(|(hash, _)| *hash < wanted);
        let of_base = by_slug[first..].iter().take_while(|(hash, _)| *hash == wanted);
        let of_base = of_base.filter_map(|(_, at)| base[*at].mission());
        let all = self.changed().chain(of_base.filter(|(dir, _)| self.seen(dir).is_none()));
        all.filter(|(_, file)| file.slug() == Some(slug)).collect()
    }

    /// The missions that are not as the base has them.
    fn changed(self) -> impl Iterator<Item = (&'t MissionDir, &'t MetaFile)> {
        let seen = self.view.into_iter().flat_map(|view| &view.0);
        seen.filter_map(|(dir, seen)| Some((dir, seen.file.as_ref()?)))
    }

    fn seen(self, dir: &MissionDir) -> Option<&'t Seen> {
        self.view?.0.get(dir)
    }
}

impl Known {
    fn mission(&self) -> Option<(&MissionDir, &MetaFile)> {
        Some((&self.dir, self.file.as_ref()?))
    }
}

impl View {
    /// What differs between two listings in git's order.
    fn of(
        reader: &Reader<'_>,
        base: Option<&git::Tree>,
        other: Option<&git::Tree>,
    ) -> Result<Self, GitError> {
        let mut differing = Vec::new();
        let (mut base, mut other) = (directories(base).peekable(), directories(other).peekable());
        loop {
            let order = match (base.peek(), other.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(two)) => in_order(one.name, two.name),
            };
            let gone = if order == Ordering::Greater { None } else { base.next() };
            let there = if order == Ordering::Less { None } else { other.next() };
            if let (Some(gone), Some(there)) = (gone, there)
                && gone.is_same_object(there)
            {
                continue;
            }
            let name = there.or(gone).map(|entry| entry.name);
            let Some(dir) = name.and_then(MissionDir::from_name) else { continue };
            differing.push((dir, there.and_then(|entry| entry.oid())));
        }
        reader.look_ahead(differing.iter().filter_map(|(_, tree)| tree.as_ref()));
        let mut changed = BTreeMap::new();
        for (dir, tree) in differing {
            let file = tree.as_ref().map_or(Ok(None), |tree| reader.directory(tree))?;
            changed.insert(dir, Seen { tree, file });
        }
        Ok(Self(changed))
    }
}

/// The mission directories of a `kitty-specs` tree, in git's order.
fn directories(specs: Option<&git::Tree>) -> impl Iterator<Item = TreeEntry<'_>> {
    specs.into_iter().flat_map(git::Tree::entries).filter(|entry| entry.mode == Mode::TREE)
}

fn hash(slug: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    slug.hash(&mut hasher);
    hasher.finish()
}

/// git's order of two directories: as if their names ended with a slash.
fn in_order(one: &[u8], other: &[u8]) -> Ordering {
    let ended = |name: &'_ [u8]| name.iter().copied().chain([b'/']).collect::<Vec<u8>>();
    let shared = one.len().min(other.len());
    match one[..shared].cmp(&other[..shared]) {
        Ordering::Equal if one.len() == other.len() => Ordering::Equal,
        Ordering::Equal => ended(one).cmp(&ended(other)),
        order => order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_ordered_as_git_orders_them() {
        for (one, other, order) in [
            ("a", "a", Ordering::Equal),
            ("a", "b", Ordering::Less),
            ("a", "a-b", Ordering::Greater),
            ("a", "a0", Ordering::Less),
            ("a-b", "a", Ordering::Less),
        ] {
            assert_eq!(in_order(one.as_bytes(), other.as_bytes()), order, "{one} {other}");
        }
    }
}
