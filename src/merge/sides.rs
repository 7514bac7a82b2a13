//! The three versions of a merge. Knows nothing about what they are versions of.

use std::fmt;

/// One of the three versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What both started from
    Base,
    /// The version that is merged into
    Ours,
    /// The version that is merged
    Theirs,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "base",
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        })
    }
}

/// One thing for each of the three versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sides<T> {
    /// Of what both started from
    pub base: T,
    /// Of the version that is merged into
    pub ours: T,
    /// Of the version that is merged
    pub theirs: T,
}

impl<T> Sides<T> {
    /// Applies `f` to each.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Sides<U> {
        Sides { base: f(self.base), ours: f(self.ours), theirs: f(self.theirs) }
    }

    /// Applies `f` to each, ours first, until one fails.
    pub fn try_map<U, E>(self, mut f: impl FnMut(Side, T) -> Result<U, E>) -> Result<Sides<U>, E> {
        let ours = f(Side::Ours, self.ours)?;
        let theirs = f(Side::Theirs, self.theirs)?;
        Ok(Sides { base: f(Side::Base, self.base)?, ours, theirs })
    }

    /// Borrows each.
    pub fn as_ref(&self) -> Sides<&T> {
        Sides { base: &self.base, ours: &self.ours, theirs: &self.theirs }
    }

    /// The same merge seen from the other side.
    #[must_use]
    pub fn swapped(self) -> Self {
        Self { base: self.base, ours: self.theirs, theirs: self.ours }
    }
}

impl<'a> Sides<&'a [u8]> {
    /// The result, byte for byte, where two of the three texts are equal. This needs no parser, so it also settles
    /// texts that no merge here can read.
    pub fn settled_by_equality(&self) -> Option<&'a [u8]> {
        if self.base == self.ours {
            Some(self.theirs)
        } else if self.base == self.theirs || self.ours == self.theirs {
            Some(self.ours)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_equal_texts_need_no_parser() {
        let check = |base: &str, ours: &str, theirs: &str, expected: Option<&str>| {
            let sides = Sides { base, ours, theirs }.map(str::as_bytes);
            assert_eq!(sides.settled_by_equality(), expected.map(str::as_bytes));
        };
        check("a", "a", "b", Some("b"));
        check("a", "b", "a", Some("b"));
        check("a", "b", "b", Some("b"));
        check("a", "b", "c", None);
    }
}
