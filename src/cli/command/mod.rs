//! The commands: arguments in, one operation asked, its answer printed.

use std::path::{Path, PathBuf};

use super::error::CliError;
use super::exit::ExitStatus;
use crate::git::Repo;
use crate::mission::SPECS;

pub(super) mod check;
pub(super) mod create;
pub(super) mod doctor;
pub(super) mod explain;
pub(super) mod gate;
pub(super) mod hook;
pub(super) mod install;
pub(super) mod list;
pub(super) mod manual;
pub(super) mod materialize;
pub(super) mod merge_driver;
pub(super) mod migrate;
pub(super) mod resolve;
pub(super) mod settle;
pub(super) mod show;
pub(super) mod status;
pub(super) mod sync;
mod sync_bind;
mod sync_json;
mod sync_login;

/// The repository of the current directory.
fn open() -> Result<Repo, CliError> {
    Ok(Repo::discover(Path::new("."))?)
}

/// A path that was typed here, as git's from the top. One that lies nowhere from here, and is spelled as messages
/// spell paths, is from the top.
fn typed_path(repo: &Repo, typed: &Path) -> Result<Vec<u8>, CliError> {
    let from_top = typed.is_relative() && typed.starts_with(SPECS);
    match repo.typed_path(typed)? {
        Some(path) if path.starts_with(SPECS.as_bytes()) || path.is_empty() || !from_top => Ok(path),
        _ if from_top => Ok(typed.as_os_str().as_encoded_bytes().to_vec()),
        _ => Err(CliError::new(
            ExitStatus::Usage,
            "outside",
            format!("{} is outside of this repository", typed.display()),
        )),
    }
}

/// This program, which hooks and drivers are to start.
fn this_program() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|error| {
        CliError::new(ExitStatus::Environment, "file", format!("cannot tell where this program is: {error}"))
    })
}
