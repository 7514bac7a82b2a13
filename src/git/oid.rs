//! Object ids. Knows nothing about objects.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Bytes of a SHA-1.
pub(super) const SHA1_BYTES: usize = 20;

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

    /// The binary form; `None` for a SHA-256.
    pub(super) fn sha1(&self) -> Option<[u8; SHA1_BYTES]> {
        // INVARIANT: only hexadecimal digits are ever put there.
        let value = |digit: u8| (digit & 15) + 9 * (digit >> 6);
        let mut bytes = [0; SHA1_BYTES];
        for (byte, [high, low]) in bytes.iter_mut().zip(self.digits.as_chunks().0) {
            *byte = value(*high) << 4 | value(*low);
        }
        (self.length == 40).then_some(bytes)
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

/// A map by ids, or by what is hashed as they are.
pub type OidMap<K, V> = HashMap<K, V, OidHashing>;
/// A set of ids, or of what is hashed as they are.
pub type OidSet<K> = HashSet<K, OidHashing>;

/// Hashes ids of thousands of objects quickly; nobody who makes objects knows which of them meet.
#[derive(Debug, Clone)]
pub struct OidHashing(u64);

impl Default for OidHashing {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for OidHashing {
    type Hasher = OidHasher;

    fn build_hasher(&self) -> OidHasher {
        OidHasher(self.0)
    }
}

/// What [`OidHashing`] hashes with.
#[derive(Debug)]
pub struct OidHasher(u64);

impl Hasher for OidHasher {
    /// Eight bytes at a time, the two halves of a product folded.
    fn write(&mut self, bytes: &[u8]) {
        let half = |product: u128| u64::try_from(product & u128::from(u64::MAX)).unwrap_or_default();
        let mut add = |word: u64| {
            let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
            self.0 = half(product) ^ half(product >> 64);
        };
        let (words, rest) = bytes.as_chunks();
        for word in words {
            add(u64::from_le_bytes(*word));
        }
        for byte in rest {
            add(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
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
            let sha1 = Oid::parse(&hex).and_then(|oid| oid.sha1());
            assert_eq!(
                sha1.as_ref().map(<[u8; 20]>::as_slice),
                Some(bytes.as_slice()).filter(|_| length == 20)
            );
            assert_eq!(Oid::from_bytes(&bytes).map(|oid| oid.to_string()), Some(hex));
        }
    }
}
