//! Object ids. Knows nothing about objects.

use std::fmt;
use std::hash::{Hash, Hasher};

/// An object id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits, never all zeros.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Oid {
    /// The digits, zero bytes after them. In place: a tree of thousands of entries has thousands of ids.
    digits: [u8; Self::MAX],
    length: u8,
}

impl Oid {
    const MAX: usize = 64;

    /// Reads an id; all zeros, which git writes where there is no object, is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let length = match text.len() {
            40 => 40,
            64 => 64,
            _ => return None,
        };
        if !text.bytes().all(hex) || text.bytes().all(|b| b == b'0') {
            return None;
        }
        let mut digits = [0; Self::MAX];
        digits[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { digits, length })
    }

    /// The id whose binary form this is.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let length = match bytes.len() {
            20 => 40,
            32 => 64,
            _ => return None,
        };
        if bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let mut digits = [0; Self::MAX];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Some(Self { digits, length })
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        // INVARIANT: only hexadecimal digits are ever put there.
        std::str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Hash for Oid {
    /// The digits are a hash already: a few of them are enough.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.digits[..16]);
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_no_id() {
        assert_eq!(Oid::parse(&"0".repeat(40)), None);
        assert_eq!(Oid::parse(&"0".repeat(64)), None);
        assert!(Oid::parse(&"a".repeat(64)).is_some());
        assert_eq!(Oid::parse(&"A".repeat(40)), None);
        assert_eq!(Oid::from_bytes(&[0; 20]), None);
        assert_eq!(Oid::from_bytes(&[0xab; 19]), None);
    }

    #[test]
    fn both_forms_name_the_same_object() {
        for length in [20, 32] {
            let bytes: Vec<u8> = (0..length).map(|at| at * 7 + 1).collect();
            let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            assert_eq!(Oid::from_bytes(&bytes), Oid::parse(&hex));
            assert_eq!(Oid::from_bytes(&bytes).map(|oid| oid.to_string()), Some(hex));
        }
    }
}
