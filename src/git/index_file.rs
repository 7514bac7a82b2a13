//! The bytes of an index file, read without git: the entries below one directory, and the cached trees.
//!
//! Versions 2, 3 and 4, ids of 20 or 32 bytes, as `gitformat-index` describes them. Pure: bytes in, values out. What
//! stands for other files (a split or sparse index) or is not known is no answer but `None`, and git is asked.
//! Writes nothing, checks no checksum (git does not either), and knows nothing about missions.

use std::collections::HashMap;
use std::ops::Range;

use super::{Mode, Oid};

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// The paths of the entries, one after the other
    names: Vec<u8>,
    /// The entries at or below the directory that was asked for, in the index's order
    entries: Vec<RawEntry>,
    trees: Vec<CachedTree>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct RawEntry {
    name: Range<usize>,
    mode: u32,
    id: [u8; 32],
    id_bytes: usize,
    flags: u32,
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileEntry<'a> {
    /// Its path from the top
    pub path: &'a [u8],
    raw: &'a RawEntry,
}

/// A directory whose tree git knows, as far as it still does.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CachedTree {
    name: Vec<u8>,
    /// The tree and the number of entries below it; `None` where something changed since
    known: Option<(Oid, usize)>,
    /// The place after its last descendant
    end: usize,
}

const ASSUME_VALID: u32 = 0x8000;
const EXTENDED: u32 = 0x4000;
const STAGE: u32 = 0x3000;
const NAME_LENGTH: u32 = 0x0fff;
const SKIP_WORKTREE: u32 = 0x4000_0000;
const INTENT_TO_ADD: u32 = 0x2000_0000;
/// Stat data before the id: two times of 8 bytes, then device, inode, mode, owner, group, size of 4 each.
const STAT: usize = 40;
const MODE_AT: usize = 24;
/// More directories in each other than paths can name.
const DEEPEST: usize = 4096;

impl FileEntry<'_> {
    /// Its mode, as it stands there.
    pub fn mode(self) -> Mode {
        Mode(self.raw.mode)
    }

    /// The object; `None` for an id of zeros.
    pub fn oid(self) -> Option<Oid> {
        Oid::from_bytes(&self.raw.id[..self.raw.id_bytes])
    }

    /// Whether a merge left the path open.
    pub fn is_unmerged(self) -> bool {
        self.raw.flags & STAGE != 0
    }

    /// Whether the path was only announced.
    pub fn is_intent_to_add(self) -> bool {
        self.raw.flags & INTENT_TO_ADD != 0
    }

    /// `update-index --skip-worktree`, or left out by a sparse checkout.
    pub fn is_skipped(self) -> bool {
        self.raw.flags & SKIP_WORKTREE != 0
    }

    /// `update-index --assume-unchanged`.
    pub fn is_assumed_unchanged(self) -> bool {
        self.raw.flags & ASSUME_VALID != 0
    }
}

impl IndexFile {
    /// An index that does not exist yet.
    pub fn empty() -> Self {
        Self { names: Vec::new(), entries: Vec::new(), trees: Vec::new() }
    }

    /// Reads the entries at or below `directory` (empty: all), and all cached trees. Ids have `id_bytes` bytes.
    pub fn parse(bytes: &[u8], id_bytes: usize, directory: &[u8]) -> Option<Self> {
        if !matches!(id_bytes, 20 | 32) {
            return None;
        }
        // The checksum at the end.
        let body = bytes.get(..bytes.len().checked_sub(id_bytes)?)?;
        let mut reader = Reader { bytes: body, at: 0 };
        if reader.take(4)? != b"DIRC" {
            return None;
        }
        let version = reader.number()?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let mut read = Self::empty();
        let mut previous = Vec::new();
        for _ in 0..reader.number()? {
            let begin = reader.at;
            let stat = reader.take(STAT)?;
            let mode = u32::from_be_bytes(stat[MODE_AT..MODE_AT + 4].try_into().ok()?);
            let id = reader.take(id_bytes)?;
            let mut flags = u32::from(reader.short()?);
            let length = flags & NAME_LENGTH;
            if flags & EXTENDED != 0 {
                let further = reader.short()?;
                // Bits that are not known mean something.
                if version < 3 || further & 0x9fff != 0 {
                    return None;
                }
                flags |= u32::from(further) << 16;
            }
            let name = if version == 4 {
                let dropped = reader.varint()?;
                previous.truncate(previous.len().checked_sub(dropped)?);
                previous.extend_from_slice(reader.until_nul()?);
                previous.as_slice()
            } else {
                let name = reader.until_nul()?;
                // Padding to a multiple of eight, of which one zero was taken.
                let length = reader.at - begin;
                let padding = length.next_multiple_of(8) - length;
                if reader.take(padding)?.iter().any(|b| *b != 0) {
                    return None;
                }
                name
            };
            let is_told = u32::try_from(name.len()).is_ok_and(|found| found.min(NAME_LENGTH) == length);
            // A directory as an entry is a sparse index.
            if name.is_empty() || !is_told || mode & 0o170_000 == 0o040_000 {
                return None;
            }
            if is_at_or_below(name, directory) {
                // Entries are searched by their order; git ends where they have another one.
                let stage = flags & STAGE;
                if let Some(last) = read.entries.last() {
                    let above = (&read.names[last.name.clone()], last.flags & STAGE);
                    if above > (name, stage) || above == (name, 0) {
                        return None;
                    }
                }
                let from = read.names.len();
                read.names.extend_from_slice(name);
                let mut stored = [0; 32];
                stored[..id_bytes].copy_from_slice(id);
                let name = from..read.names.len();
                read.entries.push(RawEntry { name, mode, id: stored, id_bytes, flags });
            }
        }
        while reader.at < body.len() {
            let signature = reader.take(4)?;
            let size = usize::try_from(reader.number()?).ok()?;
            let data = reader.take(size)?;
            if signature == b"TREE" {
                read.trees = cached_trees(data, id_bytes)?;
            } else if !signature[0].is_ascii_uppercase() {
                // What is not optional changes what the entries mean: `link`, `sdir`.
                return None;
            }
        }
        Some(read)
    }

    /// The entries at or below the directory that was asked for, in the index's order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = FileEntry<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|raw| FileEntry { path: &self.names[raw.name.clone()], raw })
    }

    /// The entry of stage 0 with exactly this path.
    pub fn entry(&self, path: &[u8]) -> Option<FileEntry<'_>> {
        let at = self.entries.partition_point(|raw| &self.names[raw.name.clone()] < path);
        let raw = self.entries.get(at)?;
        let entry = FileEntry { path: &self.names[raw.name.clone()], raw };
        (entry.path == path && !entry.is_unmerged()).then_some(entry)
    }

    /// The tree of a directory (empty: the top), where git still knows it.
    pub fn tree(&self, directory: &[u8]) -> Option<&Oid> {
        let mut at = 0;
        for component in directory.split(|b| *b == b'/').filter(|component| !component.is_empty()) {
            at = self.children(at).find(|child| self.trees[*child].name == component)?;
        }
        self.trees.get(at)?.known.as_ref().map(|(tree, _)| tree)
    }

    /// The trees of the directories directly in `directory`, where git still knows them, with the number of entries
    /// below each.
    pub fn trees_in(&self, directory: &[u8]) -> HashMap<&[u8], (&Oid, usize)> {
        let mut at = 0;
        for component in directory.split(|b| *b == b'/').filter(|component| !component.is_empty()) {
            match self.children(at).find(|child| self.trees[*child].name == component) {
                Some(child) => at = child,
                None => return HashMap::new(),
            }
        }
        self.children(at)
            .filter_map(|child| {
                let tree = &self.trees[child];
                let (oid, entries) = tree.known.as_ref()?;
                Some((tree.name.as_slice(), (oid, *entries)))
            })
            .collect()
    }

    fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        let end = self.trees.get(parent).map_or(0, |tree| tree.end);
        let mut next = parent + 1;
        std::iter::from_fn(move || {
            let child = next;
            next = self.trees.get(child).filter(|_| child < end)?.end;
            Some(child)
        })
    }
}

fn is_at_or_below(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty()
        || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// `<name> NUL <number of entries, negative where unknown> SP <number of subtrees> LF [<id>]`, each directory before
/// those in it.
fn cached_trees(data: &[u8], id_bytes: usize) -> Option<Vec<CachedTree>> {
    let mut reader = Reader { bytes: data, at: 0 };
    let mut trees: Vec<CachedTree> = Vec::new();
    // Directories that are not complete: where they stand, and how many subtrees are to come.
    let mut open: Vec<(usize, usize)> = Vec::new();
    while reader.at < data.len() {
        let name = reader.until_nul()?.to_vec();
        let entries: i64 = reader.digits(b' ')?;
        let subtrees = usize::try_from(reader.digits(b'\n')?).ok()?;
        let known = match usize::try_from(entries) {
            Ok(entries) => Some((Oid::from_bytes(reader.take(id_bytes)?)?, entries)),
            Err(_) => None,
        };
        if trees.is_empty() != name.is_empty()
            || name.contains(&b'/')
            || (open.is_empty() && !trees.is_empty())
            || open.len() > DEEPEST
        {
            return None;
        }
        let at = trees.len();
        trees.push(CachedTree { name, known, end: at + 1 });
        open.push((at, subtrees));
        while let Some((complete, 0)) = open.last().copied() {
            open.pop();
            trees[complete].end = trees.len();
            if let Some((_, left)) = open.last_mut() {
                *left -= 1;
            }
        }
    }
    open.is_empty().then_some(trees)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn until_nul(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == 0)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// A decimal number, perhaps negative, up to `end`.
    fn digits(&mut self, end: u8) -> Option<i64> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == end)?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).ok()?.parse().ok()
    }

    /// The offset encoding of pack files: seven bits a byte, each continuation adds one.
    fn varint(&mut self) -> Option<usize> {
        let mut byte = self.take(1)?[0];
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            value = value.checked_add(1)?.checked_mul(0x80)?.checked_add(usize::from(byte & 0x7f))?;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests;
