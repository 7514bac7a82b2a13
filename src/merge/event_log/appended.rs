//! The merge that is made most: each side added a few rows behind all others, and none of them is on both sides. Nothing has
//! to be decided then, and what decides need not be set up.
//!
//! INVARIANT: what is given is what the merge of whole logs gives. Knows nothing about versions of one row.

use super::beginning::Beginning;
use super::scan::{Scanned, scan};
use crate::merge::Sides;

/// Each is compared with every other.
const FEW: usize = 16;

/// Rows behind a beginning, in order.
pub(super) struct Appended<'a> {
    pub(super) rows: Vec<Scanned<'a>>,
    /// How many of them are ours
    pub(super) ours: usize,
}

impl<'a> Appended<'a> {
    /// The rows in `texts`, which follow the beginning. `None` if there is more to it.
    pub(super) fn read(beginning: &Beginning, texts: &Sides<&'a [u8]>) -> Option<Self> {
        let mut rows: Vec<Scanned<'a>> = Vec::new();
        let mut ours = 0;
        for text in [texts.ours, texts.theirs] {
            ours = rows.len();
            let mut rest = text;
            while !rest.is_empty() {
                let row = scan(rest)?;
                if rows.len() == FEW
                    || rows.iter().any(|other| other.raw().identity() == row.raw().identity())
                {
                    return None;
                }
                rest = rest.get(row.line.len() + 1..).unwrap_or_default();
                rows.push(row);
            }
        }
        let marks = rows.iter().map(|row| row.raw().mark()).collect();
        rows.sort_unstable_by_key(Scanned::raw);
        let stands = texts.base.is_empty() && beginning.is_before(rows.first().map(Scanned::raw), marks);
        stands.then_some(Self { rows, ours })
    }
}
