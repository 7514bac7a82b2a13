//! Three-way merges of mission files: bytes in, bytes out.
//!
//! Each kind of file has a module with a `merge` function, and [`run`] asks the one for a [`Kind`]; they share one core ([`Sides`], the per-key rules, the
//! hunks). Every merge is symmetric, deterministic and idempotent, and never drops what a side says: it takes a
//! side by a rule, holds both, or shows a conflict. Knows nothing about files, git, exit codes or the index; the
//! caller decides what to do with a text that cannot be read.

mod arrays;
pub mod derived;
mod doc;
pub mod event_log;
mod kind;
mod markers;
pub mod matrix;
pub mod meta;
mod outcome;
mod print;
mod report;
pub mod review_cycle;
mod run;
mod sides;
mod style;
mod text;
mod three_way;
pub mod traces;

pub use kind::Kind;
pub use markers::{Halves, halves};
pub use report::{Conflict, Decision, Rule, Winner};
pub use run::{Merged, Refusal, run};
pub use sides::{Side, Sides};
pub use style::ConflictStyle;
pub use text::Refusal as TextRefusal;
