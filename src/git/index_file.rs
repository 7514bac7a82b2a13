//! The bytes of an index file, read without git: the entries below one directory, and the cached trees.
//!
//! Versions 2, 3 and 4, ids of 20 or 32 bytes, as `gitformat-index` describes them. Pure: bytes in, values out. What
//! stands for other files (a split or sparse index) or is not known is no answer but `None`, and git is asked.
//! Writes nothing, checks no checksum (git does not either), and knows nothing about missions.

use std::ops::Range;

use super::cached_trees::CachedTrees;
use super::index_reader::Reader;
use super::{Mode, Oid};

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// The paths of the entries, one after the other
    names: Vec<u8>,
    /// The entries at or below the directory that was asked for, in the index's order
    entries: Vec<RawEntry>,
    trees: CachedTrees,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct RawEntry {
    name: Range<usize>,
    mode: u32,
    flags: u32,
    id: [u8; 32],
    id_bytes: u8,
}

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileEntry<'a> {
    /// Its path from the top
    pub path: &'a [u8],
    raw: &'a RawEntry,
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

impl<'e> FileEntry<'e> {
    /// Its mode, as it stands there.
    pub fn mode(self) -> Mode {
        Mode(self.raw.mode)
    }

    /// The object; `None` for an id of zeros.
    pub fn oid(self) -> Option<Oid> {
        Oid::from_bytes(self.id())
    }

    /// The binary form of the object's id.
    pub(super) fn id(self) -> &'e [u8] {
        &self.raw.id[..usize::from(self.raw.id_bytes)]
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
        Self { names: Vec::new(), entries: Vec::new(), trees: CachedTrees::default() }
    }

    /// Reads the entries at or below `directory` (empty: all), and all cached trees. Ids have `id_bytes` bytes.
    pub fn parse(bytes: &[u8], id_bytes: usize, directory: &[u8]) -> Option<Self> {
        let mut read = Self::empty();
        let short_id_bytes = u8::try_from(id_bytes).ok()?;
        let mut in_order = true;
        read.trees = walk(bytes, id_bytes, |found| {
            if is_at_or_below(found.name, directory) {
                if read.entries.is_empty() {
                    // At once: memory that is never written to costs nothing.
                    read.entries.reserve(found.to_come);
                    read.names.reserve(found.bytes_to_come);
                }
                // Entries are searched by their order; git ends where they have another one.
                if let Some(last) = read.entries.last() {
                    let stage = found.flags & STAGE;
                    let above = (&read.names[last.name.clone()], last.flags & STAGE);
                    in_order &= above <= (found.name, stage) && above != (found.name, 0);
                }
                let from = read.names.len();
                read.names.extend_from_slice(found.name);
                let mut id = [0; 32];
                id[..id_bytes].copy_from_slice(found.id);
                let name = from..read.names.len();
                let (mode, flags) = (found.mode, found.flags);
                read.entries.push(RawEntry { name, mode, flags, id, id_bytes: short_id_bytes });
            }
        })?;
        in_order.then_some(read)
    }

    /// The tree of a directory (empty: the top), where git still knows it, of an index of which nothing else is asked.
    pub(super) fn tree_of(bytes: &[u8], id_bytes: usize, directory: &[u8]) -> Option<Oid> {
        walk(bytes, id_bytes, |_| {})?.tree(directory)
    }

    /// The entries at or below the directory that was asked for, in the index's order.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = FileEntry<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|raw| FileEntry { path: &self.names[raw.name.clone()], raw })
    }

    /// The entry at a place in the index's order.
    pub(super) fn at(&self, place: usize) -> Option<FileEntry<'_>> {
        self.entries.get(place).map(|raw| FileEntry { path: &self.names[raw.name.clone()], raw })
    }

    /// The entry of stage 0 with exactly this path.
    pub fn entry(&self, path: &[u8]) -> Option<FileEntry<'_>> {
        self.at(self.place(path)?).filter(|entry| !entry.is_unmerged())
    }

    /// The place of the first entry with exactly this path.
    pub(super) fn place(&self, path: &[u8]) -> Option<usize> {
        let at = self.entries.partition_point(|raw| &self.names[raw.name.clone()] < path);
        (self.at(at)?.path == path).then_some(at)
    }

    /// The places of the entries at `path` and of those below it. Both are in order, and neither holds anything else.
    pub(super) fn at_or_below(&self, path: &[u8]) -> [Range<usize>; 2] {
        let from = |path: &[u8]| self.entries.partition_point(|raw| &self.names[raw.name.clone()] < path);
        let (below, after) = ([path, b"/"].concat(), [path, b"0"].concat());
        let at = from(path);
        let here = self.entries[at..].iter().take_while(|raw| self.names[raw.name.clone()] == *path).count();
        // `0` is what comes after `/`.
        [at..at + here, from(&below)..from(&after)]
    }

    /// The cached trees.
    pub fn trees(&self) -> &CachedTrees {
        &self.trees
    }
}

/// An entry as it is met, in place.
struct Met<'a> {
    name: &'a [u8],
    id: &'a [u8],
    mode: u32,
    flags: u32,
    /// How many entries there are from here on at most, and how long their names are together
    to_come: usize,
    bytes_to_come: usize,
}

/// Meets every entry of an index in its order; returns the cached trees.
fn walk(bytes: &[u8], id_bytes: usize, mut meet: impl FnMut(Met<'_>)) -> Option<CachedTrees> {
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
            let name = match usize::try_from(length).ok()? {
                length if length < NAME_LENGTH as usize => reader.terminated(length)?,
                _ => reader.until_nul()?,
            };
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
        let bytes_to_come = body.len() - begin;
        meet(Met {
            name,
            id,
            mode,
            flags,
            to_come: bytes_to_come / (STAT + id_bytes + 2) + 1,
            bytes_to_come,
        });
    }
    let mut trees = CachedTrees::default();
    while reader.at < body.len() {
        let signature = reader.take(4)?;
        let size = usize::try_from(reader.number()?).ok()?;
        let data = reader.take(size)?;
        if signature == b"TREE" {
            trees = CachedTrees::read(data, id_bytes)?;
        } else if !signature[0].is_ascii_uppercase() {
            // What is not optional changes what the entries mean: `link`, `sdir`.
            return None;
        }
    }
    Some(trees)
}

fn is_at_or_below(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty()
        || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests;
