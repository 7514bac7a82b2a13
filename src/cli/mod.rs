//! The command line: arguments, printing, exit codes. No rules: every command asks an operation.
//!
//! The only place that prints and the only place that names `clap`.

mod annotation;
mod args;
mod called;
mod command;
mod error;
mod escape;
mod exit;
mod findings;
mod printer;
mod progress;
mod start;

pub use exit::{DriverStatus, ExitStatus};
pub use start::main;
