//! Which objects a pack has, and where.
//!
//! INVARIANT: no number of the file is believed before it was compared with the file's length. Knows nothing about packs.

use crate::git::oid::SHA1_BYTES as ID;

/// The index of a pack, version 2 of `gitformat-pack`: a table of how many ids begin with at most this byte, the ids in order,
/// checksums, offsets, offsets beyond 2 GiB, and two checksums of the whole.
pub(super) struct Index {
    bytes: Vec<u8>,
    count: usize,
}

impl Index {
    const HEAD: &[u8] = b"\xfftOc\0\0\0\x02";
    const IDS: usize = Self::HEAD.len() + 256 * 4;

    /// Reads it, if all tables have their place in it.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        bytes.strip_prefix(Self::HEAD)?;
        let mut index = Self { bytes, count: 0 };
        index.count = index.up_to(u8::MAX)?;
        let large = index.bytes.len().checked_sub(index.large_offsets()? + 2 * ID)?;
        (large % 8 == 0).then_some(index)
    }

    /// The checksum of the pack that it is about.
    pub(super) fn checksum(&self) -> &[u8] {
        let end = self.bytes.len();
        &self.bytes[end - 2 * ID..end - ID]
    }

    /// Its own length in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many objects the pack has.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Where the object with this id (binary) begins in the pack.
    pub(super) fn offset(&self, id: &[u8; ID]) -> Option<u64> {
        let below = id[0].checked_sub(1).map_or(Some(0), |byte| self.up_to(byte))?;
        let range = Self::IDS + below * ID..Self::IDS + self.up_to(id[0])?.min(self.count) * ID;
        let (ids, _) = self.bytes.get(range)?.as_chunks::<ID>();
        let at = below + ids.binary_search(id).ok()?;
        let offset = self.number(self.large_offsets()? - 4 * (self.count - at))?;
        if offset >> 31 == 0 {
            return Some(u64::from(offset));
        }
        let at = self.large_offsets()? + 8 * (offset & !(1 << 31)) as usize;
        (at + 8 + 2 * ID <= self.bytes.len()).then_some(())?;
        Some(u64::from(self.number(at)?) << 32 | u64::from(self.number(at + 4)?))
    }

    /// How many ids begin with this byte or a smaller one.
    fn up_to(&self, byte: u8) -> Option<usize> {
        usize::try_from(self.number(Self::HEAD.len() + 4 * usize::from(byte))?).ok()
    }

    /// Where the offsets end, and those beyond 2 GiB begin.
    fn large_offsets(&self) -> Option<usize> {
        self.count.checked_mul(ID + 4 + 4)?.checked_add(Self::IDS)
    }

    fn number(&self, at: usize) -> Option<u32> {
        Some(u32::from_be_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }
}
