//! The commands: arguments in, one operation asked, its answer printed.

use std::path::{Path, PathBuf};

use super::error::CliError;
use super::exit::ExitStatus;
use crate::git::Repo;

pub(super) mod create;
pub(super) mod doctor;
pub(super) mod gate;
pub(super) mod hook;
pub(super) mod install;
pub(super) mod list;
pub(super) mod manual;
pub(super) mod merge_driver;
pub(super) mod migrate;
pub(super) mod settle;
pub(super) mod show;
pub(super) mod status;
pub(super) mod sync;
mod sync_json;

/// The repository of the current directory.
fn open() -> Result<Repo, CliError> {
    Ok(Repo::discover(Path::new("."))?)
}

/// This program, which hooks and drivers are to start.
fn this_program() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|error| {
        CliError::new(ExitStatus::Environment, "file", format!("cannot tell where this program is: {error}"))
    })
}
