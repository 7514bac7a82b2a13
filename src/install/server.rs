//! The hook of a server: a shim in the hooks directory of a bare repository, which judges what is pushed to it.
//!
//! One hook, `pre-receive`, sees every ref of a push in one process. It needs neither drivers nor attributes, so the
//! configuration is not touched. `uninstall` takes it out like any other shim.

use super::files::Exclusive;
use super::setup::{Plan, checked, perform};
use super::{InstallError, Options, Report};
use crate::git::Repo;

/// The hooks that get a shim on a server.
pub const SERVER_HOOKS: [&str; 1] = ["pre-receive"];

/// Installs the hooks of a server. A hook that is there keeps running, before ours.
pub fn install_server(repo: &Repo, options: &Options) -> Result<Report, InstallError> {
    let program = checked(&options.program)?;
    if let Ok(top) = repo.top() {
        return Err(InstallError::WorkTree(top.to_owned()));
    }
    let _alone = Exclusive::take(repo.common_dir())?;
    perform(repo, &Plan::of_server(repo, program)?, options.dry_run)
}
