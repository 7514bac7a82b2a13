//! Many objects at once, unpacked where they lie: of each small text libgit2 takes turns at several locks, makes room for it
//! and gets ready to inflate anew, which takes longer than to inflate it.
//!
//! INVARIANT: what is unpacked here is what libgit2 and git would read. What is in any way unusual (an index of another
//! version, a delta whose base is named by its id, a large object, a pack that is being replaced) is no answer, and they are
//! asked. No length and no place that a file names is believed. Writes nothing; knows nothing about what objects say.

use std::fs::{self, File};
use std::io;
use std::mem;
use std::path::Path;

use flate2::{Decompress, FlushDecompress, Status};
use git2::ObjectType;

use self::index::Index;
use super::oid::SHA1_BYTES as ID;

/// More packs than these are left to libgit2: somebody should repack.
const MOST_PACKS: usize = 64;
/// Indexes are read whole, so many bytes of them at most, and for each object that is asked for: more would take longer than
/// libgit2 does, which looks only where it has to.
const LARGEST_INDEXES: u64 = 32 << 20;
const INDEX_OF_EACH: u64 = 2 << 10;
/// Objects and deltas of more bytes are left to libgit2.
const LARGEST: usize = 64 << 10;
/// Git makes no longer chains of deltas.
const DEEPEST: usize = 4096;
/// Bytes before the objects of a pack.
const HEAD: usize = 12;
const FIRST: u64 = HEAD as u64;

/// The packs of one directory of objects.
#[derive(Default)]
pub(super) struct Packs(Vec<Pack>);

/// Where an object lies: the number of its pack, and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pack: usize,
    offset: u64,
}

struct Pack {
    index: Index,
    file: File,
    /// Where its objects end
    end: u64,
}

impl Packs {
    /// Those in `<objects>/pack` that can be read here, for somebody who asks for so many objects.
    pub(super) fn of(objects: &Path, wanted: usize) -> Self {
        let Ok(entries) = fs::read_dir(objects.join("pack")) else { return Self::default() };
        let is_index = |path: &Path| path.extension().is_some_and(|extension| extension == "idx");
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_index(path));
        let paths: Vec<_> = paths.take(MOST_PACKS + 1).collect();
        if paths.len() > MOST_PACKS {
            return Self::default();
        }
        let mut room = INDEX_OF_EACH.saturating_mul(wanted as u64).min(LARGEST_INDEXES);
        Self(paths.iter().filter_map(|path| Pack::open(path, &mut room)).collect())
    }

    /// Where the object with this id (binary) lies.
    pub(super) fn find(&self, id: &[u8; ID]) -> Option<Place> {
        let mut packs = self.0.iter().enumerate();
        packs.find_map(|(pack, known)| Some(Place { pack, offset: known.index.offset(id)? }))
    }

    /// Somebody who unpacks.
    pub(super) fn unpacker(&self) -> Unpacker<'_> {
        Unpacker {
            packs: self,
            pack: 0,
            window: Window::default(),
            inflater: Decompress::new(true),
            chain: Vec::new(),
            delta: Vec::new(),
            made: Vec::new(),
            known: Vec::new(),
        }
    }
}

impl Pack {
    /// `room` is how many bytes of indexes may still be read.
    fn open(index: &Path, room: &mut u64) -> Option<Self> {
        let pack = index.with_extension("pack");
        let (of_index, of_pack) = (fs::metadata(index).ok()?, fs::metadata(&pack).ok()?);
        if !of_index.is_file() || !of_pack.is_file() || of_index.len() > *room {
            return None;
        }
        let index = Index::read(fs::read(index).ok()?)?;
        *room = room.checked_sub(index.bytes() as u64)?;
        let file = File::open(pack).ok()?;
        let end = file.metadata().ok()?.len().checked_sub(ID as u64)?;
        let (mut head, mut checksum) = ([0; HEAD], [0; ID]);
        read_exact_at(&file, &mut head, 0).ok()?;
        read_exact_at(&file, &mut checksum, end).ok()?;
        let count = u32::try_from(index.count()).ok()?.to_be_bytes();
        // A pack may be replaced by one of the same objects in another order.
        (head == *[*b"PACK", [0, 0, 0, 2], count].as_flattened() && checksum == index.checksum())
            .then_some(Self { index, file, end })
    }
}

/// Unpacks one object after the other; most cheaply in the order of their places.
pub(super) struct Unpacker<'p> {
    packs: &'p Packs,
    /// The pack that all of the following is about
    pack: usize,
    window: Window,
    inflater: Decompress,
    /// The deltas from an object down to its base
    chain: Vec<Delta>,
    delta: Vec<u8>,
    made: Vec<u8>,
    /// Objects that were made, by their offsets: each may be the base of the next
    known: Vec<Known>,
}

struct Known {
    /// 0 for none
    offset: u64,
    kind: ObjectType,
    data: Vec<u8>,
}

/// A delta, and where the object that it makes lies.
struct Delta {
    offset: u64,
    /// Where it is, deflated, and its size inflated
    data: u64,
    size: usize,
}

impl Unpacker<'_> {
    /// So many are remembered: as many as git compares with each other when it makes deltas, a few times.
    const KNOWN: u32 = 6;
    /// What inflates fills so much more room in great leaps.
    const SLACK: usize = 300;

    /// The object at a place, if it is of this kind.
    pub(super) fn object(&mut self, place: Place, kind: ObjectType) -> Option<&[u8]> {
        let packs = self.packs;
        let pack = packs.0.get(place.pack)?;
        if mem::replace(&mut self.pack, place.pack) != place.pack {
            self.window.clear();
            self.known.clear();
        }
        if self.known.is_empty() {
            let none = || Known { offset: 0, kind: ObjectType::Any, data: Vec::new() };
            self.known.resize_with(1 << Self::KNOWN, none);
        }
        let known = self.unpack(pack, place.offset)?;
        let known = &self.known[known];
        (known.kind == kind).then_some(&known.data)
    }

    /// Where the object at an offset is known.
    fn unpack(&mut self, pack: &Pack, offset: u64) -> Option<usize> {
        self.chain.clear();
        let mut at = offset;
        let mut known = loop {
            if let Some(known) = self.is_known(at) {
                break known;
            }
            let head = Head::read(self.window.from(pack, at, Head::LONGEST)?, at)?;
            let data = at + head.length;
            match head.what {
                What::Whole(kind) => {
                    inflate(&mut self.inflater, &mut self.window, pack, data, head.size, &mut self.made)?;
                    break self.keep(at, kind);
                }
                What::Delta { base } => {
                    self.chain.push(Delta { offset: at, data, size: head.size });
                    (self.chain.len() <= DEEPEST).then_some(())?;
                    at = base;
                }
            }
        };
        while let Some(Delta { offset, data, size }) = self.chain.pop() {
            inflate(&mut self.inflater, &mut self.window, pack, data, size, &mut self.delta)?;
            apply(&self.known[known].data, &self.delta, &mut self.made)?;
            known = self.keep(offset, self.known[known].kind);
        }
        Some(known)
    }

    fn is_known(&self, offset: u64) -> Option<usize> {
        let at = Self::slot(offset);
        (self.known[at].offset == offset).then_some(at)
    }

    /// Remembers what was made, in place of another.
    fn keep(&mut self, offset: u64, kind: ObjectType) -> usize {
        let at = Self::slot(offset);
        let known = &mut self.known[at];
        (known.offset, known.kind) = (offset, kind);
        mem::swap(&mut known.data, &mut self.made);
        at
    }

    fn slot(offset: u64) -> usize {
        // Fibonacci hashing.
        (offset.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Self::KNOWN)) as usize
    }
}

/// Inflates so many bytes from this place on.
fn inflate(
    inflater: &mut Decompress,
    window: &mut Window,
    pack: &Pack,
    mut at: u64,
    size: usize,
    out: &mut Vec<u8>,
) -> Option<()> {
    out.clear();
    out.reserve(size + Unpacker::SLACK);
    inflater.reset(true);
    loop {
        let before = inflater.total_in();
        let status = inflater.decompress_vec(window.from(pack, at, 1)?, out, FlushDecompress::Finish).ok()?;
        let taken = inflater.total_in() - before;
        at += taken;
        match status {
            Status::StreamEnd => return (out.len() == size).then_some(()),
            Status::Ok | Status::BufError if taken > 0 && out.len() <= size => {}
            Status::Ok | Status::BufError => return None,
        }
    }
}

/// What stands before the bytes of an object.
struct Head {
    /// How long this is
    length: u64,
    /// The size of the object or the delta
    size: usize,
    what: What,
}

enum What {
    Whole(ObjectType),
    Delta {
        /// Where the object lies that it changes
        base: u64,
    },
}

impl Head {
    /// Nothing that is read is longer.
    const LONGEST: usize = 32;

    /// Reads it from the bytes at an offset.
    fn read(bytes: &[u8], offset: u64) -> Option<Self> {
        let mut rest = bytes.iter();
        let mut next = || rest.next().copied();
        let mut byte = next()?;
        let kind = byte >> 4 & 7;
        let (mut size, mut shift) = (usize::from(byte & 15), 4);
        while byte & 0x80 != 0 {
            byte = next()?;
            (shift < 32).then_some(())?;
            size |= usize::from(byte & 0x7f) << shift;
            shift += 7;
        }
        (size <= LARGEST).then_some(())?;
        let what = match kind {
            1 => What::Whole(ObjectType::Commit),
            2 => What::Whole(ObjectType::Tree),
            3 => What::Whole(ObjectType::Blob),
            4 => What::Whole(ObjectType::Tag),
            6 => {
                byte = next()?;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = next()?;
                    back = back.checked_add(1)?.checked_mul(1 << 7)? | u64::from(byte & 0x7f);
                }
                let base = offset.checked_sub(back).filter(|base| *base >= FIRST && *base < offset)?;
                What::Delta { base }
            }
            _ => return None,
        };
        Some(Self { length: (bytes.len() - rest.len()) as u64, size, what })
    }
}

/// Makes an object of its base and what is different, a list of pieces: bytes of the base, or new ones.
fn apply(base: &[u8], delta: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = delta;
    let from = length(&mut rest)?;
    let to = length(&mut rest)?;
    (from == base.len() && to <= LARGEST).then_some(())?;
    out.clear();
    out.reserve(to);
    while let Some((piece, after)) = rest.split_first() {
        rest = after;
        let bytes = if piece & 0x80 == 0 {
            let (new, after) = rest.split_at_checked(usize::from(*piece)).filter(|_| *piece > 0)?;
            rest = after;
            new
        } else {
            // Bytes of an offset and a length, where they are not zero.
            let mut number = |bits: std::ops::Range<u32>| {
                let mut number = 0;
                for (place, bit) in bits.enumerate() {
                    if piece & 1 << bit != 0 {
                        let (byte, after) = rest.split_first()?;
                        rest = after;
                        number |= usize::from(*byte) << (8 * place);
                    }
                }
                Some(number)
            };
            let (offset, length) = (number(0..4)?, number(4..7)?);
            let length = if length == 0 { 0x1_0000 } else { length };
            base.get(offset..offset.checked_add(length)?)?
        };
        (out.len() + bytes.len() <= to).then_some(())?;
        out.extend_from_slice(bytes);
    }
    (out.len() == to).then_some(())
}

/// Seven bits a byte, the lowest first, as long as the highest bit is set.
fn length(rest: &mut &[u8]) -> Option<usize> {
    let (mut length, mut shift) = (0, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        (shift < 32).then_some(())?;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(length);
        }
    }
}

/// A part of a pack. The next one is larger if it begins where this one ends.
#[derive(Default)]
struct Window {
    at: u64,
    bytes: Vec<u8>,
}

impl Window {
    const SMALLEST: usize = 4 << 10;
    const LARGEST: usize = 64 << 10;

    fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The bytes from a place on: at least `wanted`, or all that there are of objects. `None` where there are none.
    fn from(&mut self, pack: &Pack, at: u64, wanted: usize) -> Option<&[u8]> {
        let left = pack.end.checked_sub(at).filter(|left| *left > 0)?;
        let has = |window: &Self| {
            let from = usize::try_from(at.checked_sub(window.at)?).ok()?;
            let have = window.bytes.len().checked_sub(from)?;
            (have >= wanted || (have > 0 && have as u64 >= left)).then_some(from)
        };
        if has(self).is_none() {
            let end = self.at + self.bytes.len() as u64;
            let goes_on = at >= self.at && at <= end + Self::SMALLEST as u64;
            let size = if goes_on { (2 * self.bytes.len()).min(Self::LARGEST) } else { 0 };
            let size = (size.max(Self::SMALLEST) as u64).min(left);
            self.bytes.resize(usize::try_from(size).ok()?, 0);
            self.at = at;
            if read_exact_at(&pack.file, &mut self.bytes, at).is_err() {
                self.bytes.clear();
            }
        }
        let from = has(self)?;
        Some(&self.bytes[from..])
    }
}

fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, bytes, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, offset);
        match read {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

mod index;
#[cfg(test)]
mod tests;
