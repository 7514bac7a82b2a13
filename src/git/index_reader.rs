//! The parts that an index file is made of, one after the other. Pure; a part that is not there is `None`.

/// Bytes, and how far they were read.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn until_nul(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == 0)?;
        self.at += length + 1;
        Some(&rest[..length])
    }

    /// This many bytes, none of them zero, and the zero after them.
    pub(super) fn terminated(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.take(length)?;
        (!taken.contains(&0) && self.take(1)? == [0]).then_some(taken)
    }

    /// A decimal number, perhaps negative, up to `end`.
    pub(super) fn digits(&mut self, end: u8) -> Option<i64> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == end)?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).ok()?.parse().ok()
    }

    /// The offset encoding of pack files: seven bits a byte, each continuation adds one.
    pub(super) fn varint(&mut self) -> Option<usize> {
        let mut byte = self.take(1)?[0];
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            value = value.checked_add(1)?.checked_mul(0x80)?.checked_add(usize::from(byte & 0x7f))?;
        }
        Some(value)
    }
}
