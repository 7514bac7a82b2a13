//! The `issue-matrix` and `acceptance-matrix` drivers: tables in JSON, merged row by row.
//!
//! | file | rows | their key |
//! |---|---|---|
//! | `issue-matrix.json` | the members of `rows` | the digits that end the reference: `#12`, `GH-12` and `12` are one row |
//! | `acceptance-matrix.json` | the items of `criteria` | `criterion_id` |
//! | | the items of `negative_invariants` | `invariant_id` |
//!
//! A row that one side added, changed or deleted takes that side; one that both changed is merged field by field. The
//! rows of the result stand in the order of their keys. `overall_verdict` is never merged but computed from the rows.
//! A table of another shape is refused: what cannot be told apart is not brought together.

mod merge;
mod read;
mod verdict;

pub use merge::{Refusal, merge};

/// Which of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `issue-matrix.json`
    Issues,
    /// `acceptance-matrix.json`
    Acceptance,
}
