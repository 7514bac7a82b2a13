//! The `event-log` driver: three logs, one row a line, become one.
//!
//! A row that either side holds is kept. Rows are the same row if they have the same `event_id`; without one, if they
//! have the same content. Inside a row that both changed, field by field; `null` and absent mean the same there. The
//! result is in order of (`at` or `timestamp`, `event_id`, line), every row in canonical form.
//!
//! Logs are long and what is new in them is short: rows that all three texts begin with are not parsed but only
//! checked, and rows that read the same on both sides are never taken apart. Knows nothing about what rows mean,
//! except for the fields in `fields`.

mod alike;
mod appended;
mod beginning;
mod fields;
mod filter;
mod group;
mod lost;
mod merge;
mod read;
mod refusal;
mod row;
mod scan;

pub use alike::common;
pub use beginning::Beginning;
pub use group::Counts;
pub use lost::{Lost, lost};
pub use merge::{Merged, Part, Rest, merge, merge_after, merge_behind, merge_parts, shared_length};
pub use refusal::Refusal;
