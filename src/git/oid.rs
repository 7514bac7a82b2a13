//! Object ids. Knows nothing about objects.

use std::fmt;

/// An object id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits, never all zeros.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<str>);

impl Oid {
    /// Reads an id; all zeros, which git writes where there is no object, is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let valid = matches!(text.len(), 40 | 64) && text.bytes().all(hex) && text.bytes().any(|b| b != b'0');
        valid.then(|| Self(text.into()))
    }

    /// The id whose binary form this is.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        use std::fmt::Write as _;
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            write!(hex, "{byte:02x}").ok()?;
        }
        Self::parse(&hex)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
    }
}
