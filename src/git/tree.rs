//! A tree object: its entries, read where they stand. A tree of thousands of missions is read by every commit of one.
//!
//! Pure. Knows nothing about where objects lie.

use std::cell::{Cell, OnceCell};

use super::{Entry, Mode, Oid};

/// A tree that was read whole.
#[derive(Debug)]
pub struct Tree {
    data: Vec<u8>,
    id_bytes: usize,
    /// How often a name was looked for
    asked: Cell<usize>,
    /// Where entries begin, in the order of their names; made for a tree that is asked often
    by_name: OnceCell<Vec<usize>>,
}

/// So many names are looked for one entry after the other.
const FEW: usize = 4;

/// One entry of a tree, in place.
#[derive(Debug, Clone, Copy)]
pub struct TreeEntry<'t> {
    /// The last component of its path
    pub name: &'t [u8],
    /// Its mode
    pub mode: Mode,
    id: &'t [u8],
}

impl TreeEntry<'_> {
    /// Its object; `None` for an id of zeros.
    pub fn oid(&self) -> Option<Oid> {
        Oid::from_bytes(self.id)
    }

    /// Whether both have the same object.
    pub fn is_same_object(self, other: Self) -> bool {
        self.id == other.id
    }

    /// The binary form of its object's id.
    pub(super) fn id(&self) -> &[u8] {
        self.id
    }
}

impl Tree {
    /// Reads `<octal mode> SP <name> NUL <binary id>` again and again; `None` if that is not what stands there.
    pub(super) fn read(data: Vec<u8>, id_bytes: usize) -> Option<Self> {
        let mut rest = data.as_slice();
        while !rest.is_empty() {
            let (entry, after) = next(rest, id_bytes)?;
            entry.id.iter().any(|b| *b != 0).then_some(())?;
            rest = after;
        }
        Some(Self { data, id_bytes, asked: Cell::new(0), by_name: OnceCell::new() })
    }

    /// The entries, in git's order.
    pub fn entries(&self) -> impl Iterator<Item = TreeEntry<'_>> {
        let mut rest = self.data.as_slice();
        std::iter::from_fn(move || {
            let (entry, after) = next(rest, self.id_bytes)?;
            rest = after;
            Some(entry)
        })
    }

    /// The entry with this name.
    pub fn entry(&self, name: &[u8]) -> Option<Entry> {
        self.asked.set(self.asked.get() + 1);
        if self.asked.get() <= FEW {
            return self.entries().find(|entry| entry.name == name)?.to_owned();
        }
        let places = self.by_name.get_or_init(|| self.places());
        let place = places.binary_search_by(|place| self.name_at(*place).cmp(name)).ok()?;
        next(&self.data[places[place]..], self.id_bytes)?.0.to_owned()
    }

    /// Git orders directories as if their names ended in a slash.
    fn places(&self) -> Vec<usize> {
        let mut rest = self.data.as_slice();
        let mut places = Vec::new();
        while let Some((_, after)) = next(rest, self.id_bytes) {
            places.push(self.data.len() - rest.len());
            rest = after;
        }
        places.sort_by(|a, b| self.name_at(*a).cmp(self.name_at(*b)));
        places
    }

    fn name_at(&self, place: usize) -> &[u8] {
        next(&self.data[place..], self.id_bytes).map_or(&[], |(entry, _)| entry.name)
    }
}

impl TreeEntry<'_> {
    /// The same, on its own.
    pub fn to_owned(&self) -> Option<Entry> {
        Some(Entry { name: self.name.to_vec(), mode: self.mode, oid: self.oid()? })
    }
}

/// What a tree has under this name; `None` if `data` is no tree.
#[expect(clippy::option_option, reason = "a tree may have nothing under it")]
pub(super) fn entry_in(data: &[u8], id_bytes: usize, name: &[u8]) -> Option<Option<(Mode, Oid)>> {
    let (mut rest, mut found) = (data, None);
    while !rest.is_empty() {
        let (entry, after) = next(rest, id_bytes)?;
        let is_first = found.is_none() && entry.name == name;
        // As `Tree::read`: an id of zeros is none, whoever has it.
        entry.id.iter().any(|b| *b != 0).then_some(())?;
        if is_first {
            found = Some((entry.mode, entry.oid()?));
        }
        rest = after;
    }
    Some(found)
}

/// The first entry of `data`, and what stands after it.
fn next(data: &[u8], id_bytes: usize) -> Option<(TreeEntry<'_>, &[u8])> {
    let mut mode = 0_u32;
    let mut at = 0;
    loop {
        match *data.get(at)? {
            digit @ b'0'..=b'7' => mode = mode.checked_mul(8)?.checked_add(u32::from(digit - b'0'))?,
            b' ' if at > 0 => break,
            _ => return None,
        }
        at += 1;
    }
    let rest = &data[at + 1..];
    let length = rest.iter().position(|b| *b == 0)?;
    let (name, rest) = (&rest[..length], &rest[length + 1..]);
    let (id, rest) = rest.split_at_checked(id_bytes)?;
    Some((TreeEntry { name, mode: Mode(mode), id }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_often_they_are_asked_for() {
        // Git has `a-b` before the directory `a`, and `a` before `a-b` where it is a file.
        let id = [7; 20];
        let data = [b"100644 a-b\0".as_slice(), &id, b"40000 a\0", &id, b"100644 b\0", &id].concat();
        let tree = Tree::read(data, 20).expect("a tree");
        for _ in 0..=FEW {
            for name in ["a-b", "a", "b"] {
                assert_eq!(tree.entry(name.as_bytes()).map(|entry| entry.name), Some(name.into()), "{name}");
            }
            assert!(["", "a-", "c"].iter().all(|name| tree.entry(name.as_bytes()).is_none()));
        }
    }

    #[test]
    fn entries_are_read_in_place() {
        let data = [b"100644 a\0".as_slice(), &[1; 20], b"40000 b c\0", &[2; 20]].concat();
        let tree = Tree::read(data.clone(), 20).expect("a tree");
        let names: Vec<_> = tree.entries().map(|entry| (entry.name, entry.mode)).collect();
        assert_eq!(names, [(b"a".as_slice(), Mode::FILE), (b"b c".as_slice(), Mode::TREE)]);
        assert_eq!(tree.entry(b"b c").map(|entry| entry.oid), Oid::from_bytes(&[2; 20]));
        for _ in 0..=2 * FEW {
            assert!(tree.entry(b"b").is_none());
            assert_eq!(tree.entry(b"a").map(|entry| entry.oid), Oid::from_bytes(&[1; 20]));
        }
        for end in (1..data.len()).filter(|end| *end != 29) {
            assert!(Tree::read(data[..end].to_vec(), 20).is_none(), "cut at {end}");
        }
        assert!(Tree::read([b"x a\0".as_slice(), &[1; 20]].concat(), 20).is_none());
        assert!(Tree::read([b"100644 a\0".as_slice(), &[0; 20]].concat(), 20).is_none());
        assert!(Tree::read(Vec::new(), 20).is_some_and(|tree| tree.entries().next().is_none()));
    }
}
