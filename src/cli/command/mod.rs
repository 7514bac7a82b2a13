//! The commands: arguments in, one operation asked, its answer printed.

use std::path::Path;

use super::error::CliError;
use crate::git::Repo;

pub(super) mod create;
pub(super) mod gate;
pub(super) mod hook;
pub(super) mod install;
pub(super) mod list;
pub(super) mod merge_driver;
pub(super) mod settle;
pub(super) mod status;
pub(super) mod sync;
mod sync_json;

/// The repository of the current directory.
fn open() -> Result<Repo, CliError> {
    Ok(Repo::discover(Path::new("."))?)
}
