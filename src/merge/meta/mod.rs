//! The `meta` driver: three `meta.json` files become one.
//!
//! A key that only one side changed takes that side. For keys that both sides changed to different values:
//!
//! | key | rule |
//! |---|---|
//! | `mission_id` | open, unless base is a file without one: the smaller id |
//! | `mission_number` | the smaller |
//! | `created_at` | the earlier |
//! | `vcs_locked_at` | the later |
//! | `status_phase` | the larger |
//! | acceptance and topology | as units, see `units` |
//! | `acceptance_history` | as a set |
//! | any other | objects key by key, growing arrays of scalars with the additions of both, else open |
//!
//! Numbers and times are compared by meaning. Legacy keys are renamed in all three first. Knows nothing about where
//! the files lie.

mod merge;
mod rules;
mod units;

pub use merge::{Merged, Refusal, merge};
