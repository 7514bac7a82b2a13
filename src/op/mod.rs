//! Operations: what one command or hook does to one repository, built from the layers below.
//!
//! One file an operation, and the pieces they share: [`branch`] (which branch is main, what is published),
//! [`snapshot`] (the missions of one tree), [`correct`] (what a `meta.json` must become), [`apply`] (putting
//! that into index and work tree). Nothing here prints or decides when it runs.

pub mod apply;
pub mod branch;
pub mod catch_up;
pub mod correct;
pub mod create;
pub mod enqueue;
mod error;
pub mod list;
pub mod merge_driver;
pub mod project;
pub mod said;
pub mod settle;
pub mod snapshot;
pub mod speaker;
pub mod stage;
pub mod supersede;
pub mod telling;
pub mod work_tree_scan;

pub use error::OpError;
