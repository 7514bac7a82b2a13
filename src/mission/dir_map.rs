//! What is known of missions, in order of their directories. Thousands are looked up by whoever goes through another map
//! in the same order, so that a look-up begins where the last one ended.
//!
//! Pure. Knows nothing about what it holds.

use std::cell::Cell;
use std::fmt;

use super::MissionDir;

/// A map by mission directory, in order.
#[derive(Clone)]
pub struct DirMap<T> {
    /// In order, no directory twice
    entries: Vec<(MissionDir, T)>,
    /// Where the next look-up begins; any place will do
    next: Cell<usize>,
}

/// A set of mission directories, in order.
pub type DirSet = DirMap<()>;

impl<T> DirMap<T> {
    /// What is known of a mission.
    pub fn get(&self, dir: &MissionDir) -> Option<&T> {
        Some(&self.entries[self.find(dir).ok()?].1)
    }

    /// What is known of a mission, to be changed.
    pub fn get_mut(&mut self, dir: &MissionDir) -> Option<&mut T> {
        let at = self.find(dir).ok()?;
        Some(&mut self.entries[at].1)
    }

    /// Whether anything is known of a mission.
    pub fn contains_key(&self, dir: &MissionDir) -> bool {
        self.find(dir).is_ok()
    }

    /// Adds a mission, or replaces what was known of it, which is returned. Costs little at the end; many at a time are
    /// better given to [`Self::update`].
    pub fn insert(&mut self, dir: MissionDir, value: T) -> Option<T> {
        match self.find(&dir) {
            Ok(at) => Some(std::mem::replace(&mut self.entries[at].1, value)),
            Err(at) => {
                self.entries.insert(at, (dir, value));
                self.next.set(at + 1);
                None
            }
        }
    }

    /// Takes a mission out; returns what was known of it. Many at a time are better given to [`Self::update`].
    pub fn remove(&mut self, dir: &MissionDir) -> Option<T> {
        let at = self.find(dir).ok()?;
        Some(self.entries.remove(at).1)
    }

    /// Keeps only the missions for which `keep` holds.
    pub fn retain(&mut self, mut keep: impl FnMut(&MissionDir, &mut T) -> bool) {
        self.entries.retain_mut(|(dir, value)| keep(dir, value));
    }

    /// Adds or replaces missions, or takes them out (`None`), many at a time; of those about one mission the last counts.
    pub fn update(&mut self, changes: impl IntoIterator<Item = (MissionDir, Option<T>)>) {
        let mut changes = changes.into_iter().collect::<DirMap<Option<T>>>().into_iter().peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut updated = Vec::with_capacity(self.entries.len() + changes.len());
        for (dir, value) in std::mem::take(&mut self.entries) {
            while let Some((before, change)) = changes.next_if(|(before, _)| *before < dir) {
                updated.extend(change.map(|value| (before, value)));
            }
            match changes.next_if(|(same, _)| *same == dir) {
                Some((_, change)) => updated.extend(change.map(|value| (dir, value))),
                None => updated.push((dir, value)),
            }
        }
        updated.extend(changes.filter_map(|(dir, change)| Some((dir, change?))));
        self.entries = updated;
    }

    /// How many missions there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All, in order.
    pub fn iter(&self) -> Iter<'_, T> {
        self.entries.iter().map(|(dir, value)| (dir, value))
    }

    /// All, in order, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&MissionDir, &mut T)> {
        self.entries.iter_mut().map(|(dir, value)| (&*dir, value))
    }

    /// The directories, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &MissionDir> + DoubleEndedIterator + Clone {
        self.entries.iter().map(|(dir, _)| dir)
    }

    /// What is known, in order of the directories.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> + DoubleEndedIterator + Clone {
        self.entries.iter().map(|(_, value)| value)
    }

    /// Where the mission stands, or would have to.
    fn find(&self, dir: &MissionDir) -> Result<usize, usize> {
        let next = self.next.get();
        // The one after the last one that was found, or that one again.
        for at in [next, next.wrapping_sub(1)] {
            if self.entries.get(at).is_some_and(|(there, _)| there == dir) {
                self.next.set(at + 1);
                return Ok(at);
            }
        }
        // Between those two, or behind all.
        let is_after =
            next.checked_sub(1).is_none_or(|at| self.entries.get(at).is_some_and(|(it, _)| it < dir));
        if is_after && self.entries.get(next).is_none_or(|(there, _)| dir < there) {
            return Err(next);
        }
        let found = self.entries.binary_search_by(|(there, _)| there.cmp(dir));
        self.next.set(found.map_or_else(|at| at, |at| at + 1));
        found
    }
}

/// Goes through a [`DirMap`] in order.
type Iter<'m, T> =
    std::iter::Map<std::slice::Iter<'m, (MissionDir, T)>, fn(&'m (MissionDir, T)) -> (&'m MissionDir, &'m T)>;

impl DirSet {
    /// Whether the mission is in the set.
    pub fn contains(&self, dir: &MissionDir) -> bool {
        self.contains_key(dir)
    }
}

impl<T> Default for DirMap<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), next: Cell::new(0) }
    }
}

impl<T: PartialEq> PartialEq for DirMap<T> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<T: Eq> Eq for DirMap<T> {}

impl<T: fmt::Debug> fmt::Debug for DirMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<T> FromIterator<(MissionDir, T)> for DirMap<T> {
    /// Of a directory that comes more than once, the last is kept.
    fn from_iter<I: IntoIterator<Item = (MissionDir, T)>>(entries: I) -> Self {
        let mut entries: Vec<(MissionDir, T)> = entries.into_iter().collect();
        if !entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            // The sort keeps the order of equal ones.
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            entries.dedup_by(|later, kept| {
                let is_same = later.0 == kept.0;
                if is_same {
                    std::mem::swap(later, kept);
                }
                is_same
            });
        }
        Self { entries, next: Cell::new(0) }
    }
}

impl FromIterator<MissionDir> for DirSet {
    fn from_iter<I: IntoIterator<Item = MissionDir>>(dirs: I) -> Self {
        dirs.into_iter().map(|dir| (dir, ())).collect()
    }
}

impl<T> Extend<(MissionDir, T)> for DirMap<T> {
    fn extend<I: IntoIterator<Item = (MissionDir, T)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(dir, value)| drop(self.insert(dir, value)));
    }
}

impl Extend<MissionDir> for DirSet {
    fn extend<I: IntoIterator<Item = MissionDir>>(&mut self, dirs: I) {
        self.extend(dirs.into_iter().map(|dir| (dir, ())));
    }
}

impl<T> IntoIterator for DirMap<T> {
    type Item = (MissionDir, T);
    type IntoIter = std::vec::IntoIter<(MissionDir, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'m, T> IntoIterator for &'m DirMap<T> {
    type Item = (&'m MissionDir, &'m T);
    type IntoIter = Iter<'m, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn dir(name: u8) -> MissionDir {
        MissionDir::from_name(&[b'a' + name]).expect("a name")
    }

    #[derive(Debug, Clone)]
    enum Step {
        Get(u8),
        Change(u8),
        Insert(u8),
        Remove(u8),
        Keep(u8),
        Update(Vec<(u8, bool)>),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..12_u8).prop_map(Step::Get),
            1 => (0..12_u8).prop_map(Step::Change),
            3 => (0..12_u8).prop_map(Step::Insert),
            2 => (0..12_u8).prop_map(Step::Remove),
            1 => (0..4_u8).prop_map(Step::Keep),
            1 => prop::collection::vec((0..12_u8, any::<bool>()), 0..6).prop_map(Step::Update),
        ]
    }

    proptest! {
        #[test]
        fn it_is_a_map_wherever_a_look_up_begins(
            start in prop::collection::vec((0..12_u8, 0..100_u32), 0..12),
            steps in prop::collection::vec(step(), 0..40),
        ) {
            let mut map: DirMap<u32> = start.iter().map(|(name, value)| (dir(*name), *value)).collect();
            let mut model: BTreeMap<MissionDir, u32> = start.iter().map(|(name, value)| (dir(*name), *value)).collect();
            for (at, step) in (100..).zip(steps) {
                match step {
                    Step::Get(name) => prop_assert_eq!(map.get(&dir(name)), model.get(&dir(name))),
                    Step::Change(name) => prop_assert_eq!(map.get_mut(&dir(name)), model.get_mut(&dir(name))),
                    Step::Insert(name) => prop_assert_eq!(map.insert(dir(name), at), model.insert(dir(name), at)),
                    Step::Remove(name) => prop_assert_eq!(map.remove(&dir(name)), model.remove(&dir(name))),
                    Step::Keep(part) => {
                        map.retain(|_, value| *value % 4 != u32::from(part));
                        model.retain(|_, value| *value % 4 != u32::from(part));
                    }
                    Step::Update(changes) => {
                        for (name, is_there) in &changes {
                            if *is_there {
                                model.insert(dir(*name), at);
                            } else {
                                model.remove(&dir(*name));
                            }
                        }
                        map.update(changes.into_iter().map(|(name, is_there)| (dir(name), is_there.then_some(at))));
                    }
                }
                prop_assert!(map.iter().eq(model.iter()), "{:?}, {:?}", map, model);
            }
        }
    }
}
