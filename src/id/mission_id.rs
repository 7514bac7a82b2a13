//! The machine identity of a mission. Knows nothing about files.

use std::fmt;

use ulid::Ulid;

use super::Sha256;
use crate::clock::Instant;

/// Characters of a [`MissionId::mid8`].
pub const MID8_LENGTH: usize = 8;

/// A mission id: 26 characters of Crockford base 32, `^[0-9A-HJKMNP-TV-Z]{26}$`.
///
/// The time part may hold any value (deterministic ids carry hash bits there), so nothing here reads it.
/// Order is the order of the text, which decides between missions of equal age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MissionId([u8; 26]);

impl MissionId {
    /// Accepts exactly the pattern above: upper case, no `I`, `L`, `O`, `U`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 26] = text.as_bytes().try_into().ok()?;
        let allowed = |b: &u8| matches!(b, b'0'..=b'9' | b'A'..=b'H' | b'J' | b'K' | b'M' | b'N' | b'P'..=b'T' | b'V'..=b'Z');
        bytes.iter().all(allowed).then_some(Self(bytes))
    }

    /// A new id: the time in milliseconds, then 80 random bits.
    pub fn mint(now: Instant) -> Self {
        Self::from_bits(Ulid::from_parts(now.unix_millis(), Ulid::generate().random()).0)
    }

    /// The id of a mission that had none, from its seed text (`mission::legacy::id_seed`).
    pub fn from_seed(seed: &str) -> Self {
        Self::from_digest(Sha256::default().with(seed))
    }

    /// The id of a copy that is found after the fact, from the id that was copied and the new directory
    /// (`kitty-specs/<dir>`), so that every clone gives it the same one.
    pub fn of_copy(original: Self, new_directory: &[u8]) -> Self {
        Self::from_digest(Sha256::default().with(original.as_str()).with([0]).with(new_directory))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The readable handle: the first 8 characters, about one second of time. Not a key.
    pub fn mid8(&self) -> &str {
        &self.as_str()[..MID8_LENGTH]
    }

    fn from_digest(hash: Sha256) -> Self {
        let digest = hash.finish();
        Self::from_bits(digest[..16].iter().fold(0, |bits, byte| (bits << 8) | u128::from(*byte)))
    }

    fn from_bits(bits: u128) -> Self {
        let mut bytes = [b'0'; 26];
        let text = Ulid(bits).to_string();
        bytes.copy_from_slice(text.as_bytes());
        Self(bytes)
    }
}

impl fmt::Display for MissionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for MissionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pattern_is_an_id() {
        assert!(MissionId::parse("01KQ47E80QJG8GTVGDCV67RW7M").is_some());
        assert!(MissionId::parse("ZZZZZZZZZZZZZZZZZZZZZZZZZZ").is_some());
        for wrong in
            ["", "01KQ47E80QJG8GTVGDCV67RW7", "01kq47e80qjg8gtvgdcv67rw7m", "01KQ47E80QJG8GTVGDCV67RW7U"]
        {
            assert_eq!(MissionId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn minted_ids_carry_the_time_and_differ() {
        let now = Instant::parse("2026-04-06T05:01:28.874Z").expect("a time");
        let (a, b) = (MissionId::mint(now), MissionId::mint(now));
        assert_eq!(a.mid8(), b.mid8());
        assert_ne!(a, b);
        assert_eq!(MissionId::parse(a.as_str()), Some(a));
    }

    #[test]
    fn copies_are_deterministic() {
        let id = MissionId::parse("01KQ47E80QJG8GTVGDCV67RW7M").expect("an id");
        assert_eq!(MissionId::of_copy(id, b"kitty-specs/b"), MissionId::of_copy(id, b"kitty-specs/b"));
        assert_ne!(MissionId::of_copy(id, b"kitty-specs/b"), MissionId::of_copy(id, b"kitty-specs/c"));
    }
}
