//! Three-way merges of mission files: bytes in, bytes out.
//!
//! Each kind of file has a module with a `merge` function; they share one core ([`Sides`], the per-key rules, the
//! hunks). Every merge is symmetric, deterministic and idempotent, and never drops what a side says: it takes a
//! side by a rule, holds both, or shows a conflict. Knows nothing about files, git, exit codes or the index; the
//! caller decides what to do with a text that cannot be read.

mod arrays;
mod doc;
pub mod event_log;
mod markers;
pub mod meta;
mod outcome;
mod print;
mod report;
mod sides;
mod style;
mod three_way;

pub use markers::{Halves, halves};
pub use report::{Conflict, Decision, Rule, Winner};
pub use sides::{Side, Sides};
pub use style::ConflictStyle;
