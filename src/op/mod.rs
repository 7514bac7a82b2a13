//! Operations: what one command or hook does to one repository, built from the layers below.
//!
//! One file an operation, and the pieces they share: [`branch`] (which branch is main, what is published),
//! [`snapshot`] (the missions of one tree), [`correct`] (what a `meta.json` must become), [`apply`] and
//! [`follow`] (putting that into index and work tree, before and after a commit), [`work_file`] (one file of the
//! work tree, replaced in one step), [`unfinished`] (what a killed run left). Nothing here prints or decides when it runs.

pub mod admit;
pub mod apply;
pub mod audit;
pub mod branch;
pub mod bypassed;
pub mod catch_up;
pub mod check;
mod check_files;
mod check_trees;
mod clear;
pub mod correct;
pub mod create;
pub mod draft;
pub mod enqueue;
mod error;
pub mod explain;
mod fault;
pub mod find;
pub mod follow;
pub mod identity;
pub mod joining;
pub mod list;
mod log_files;
mod log_parts;
pub mod materialize;
pub mod merge_driver;
pub mod merged;
pub mod migrate;
mod names;
mod news;
pub mod order_log;
pub mod project;
pub mod recall;
pub mod resolve;
pub mod said;
pub mod settle;
pub mod shell;
pub mod shrink;
pub mod snapshot;
pub mod speaker;
pub mod stage;
pub mod supersede;
pub mod telling;
pub mod unfinished;
pub mod work_file;
pub mod work_tree_scan;

pub use error::OpError;
