//! Called by pre-commit or prek, which keep git's arguments and stdin to themselves and say in the environment what
//! they know of them.

use std::ffi::OsString;

use super::HookName;
use crate::env::{self, pre_commit as variable};
use crate::git::Repo;

/// The arguments and the stdin that git gave the manager, as far as it tells; `None` if no manager called.
pub(super) fn told(repo: &Repo, hook: HookName) -> Option<(Vec<OsString>, Vec<u8>)> {
    env::var(variable::RUNS)?;
    let args = |names: &[&str]| names.iter().filter_map(|name| env::var(name)).collect();
    match hook {
        HookName::PrePush => {
            let (local, remote) = (env::text(variable::LOCAL_REF)?, env::text(variable::REMOTE_REF)?);
            let pushed = env::text(variable::TO).unwrap_or_else(|| local.clone());
            let pushed = repo.object(&pushed).ok().flatten()?;
            let zeros = "0".repeat(pushed.as_str().len());
            let old = env::text(variable::FROM).filter(|old| repo.object(old).ok().flatten().is_some());
            let line = format!("{local} {pushed} {remote} {}\n", old.unwrap_or(zeros));
            Some((args(&[variable::REMOTE_NAME, variable::REMOTE_URL]), line.into_bytes()))
        }
        HookName::PostMerge => Some((args(&[variable::SQUASH]), Vec::new())),
        HookName::PostRewrite => Some((args(&[variable::REWRITE]), Vec::new())),
        HookName::PreCommit
        | HookName::PreMergeCommit
        | HookName::PostCommit
        | HookName::PreReceive
        | HookName::Update => None,
    }
}
