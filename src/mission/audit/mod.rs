//! What is wrong with the missions of one tree: findings with stable codes.
//!
//! Pure: says what it sees in values and rows that it is given. Knows nothing about trees, hooks or who asks.

mod code;
mod log;
mod missions;

pub use code::{Code, Finding, Severity};
pub use log::{LogFault, judge_log, sorted_log};
pub use missions::{Scene, Seen, Subject, judge_alone, judge_missions, path_of};
