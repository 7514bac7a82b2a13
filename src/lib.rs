//! `git-mission`: git hooks and merge drivers that keep mission identity and merging safe.
//!
//! The modules are the layers of `ARCHITECTURE.md`; `tests/layers.rs` holds them to it. The binary is a
//! shell around [`cli::main`]. Nothing in here is a stable library interface: the contract is the command
//! line, its JSON and its exit codes.

pub mod cli;
pub mod clock;
pub mod doctor;
pub mod dossier;
pub mod env;
pub mod event;
pub mod gate;
pub mod git;
pub mod hook;
pub mod id;
pub mod identity;
pub mod install;
pub mod json;
pub mod merge;
pub mod mission;
pub mod op;
pub mod queue;
pub mod secret;
pub mod sync;
pub mod transport;
