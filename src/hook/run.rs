//! One call of one hook: skipped or not, the hook that was there before, then ours.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

use super::report::in_one_line;
use super::{
    HookName, Report, chain, disturbed, main_branch, manager, post_commit, pre_commit, pre_push, receive,
    trace,
};
use crate::env;
use crate::git::Repo;

/// What git called.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which hook
    pub hook: HookName,
    /// Its arguments, as git gave them
    pub args: Vec<OsString>,
    /// What git wrote to its stdin
    pub stdin: Vec<u8>,
    /// The hook that was there before ours, which runs first
    pub chained: Option<PathBuf>,
    /// The path by which the shim was started that called
    pub shim: Option<PathBuf>,
}

/// Answers a call. Never fails: what went wrong is part of the report.
pub fn run(repo: &Repo, call: &Call) -> Report {
    let mut report = Report::default();
    let shim = call.shim.as_deref();
    if let Some(hook) = call.chained.as_ref().filter(|hook| !chain::is_running(call.hook, hook, shim)) {
        match chain::call(call.hook, hook, &call.args, &call.stdin, shim) {
            Ok(0) => {}
            Ok(status) if call.hook.may_refuse() => {
                report.stop = Some(status);
                return report;
            }
            Ok(_) => {}
            Err(error) => {
                let text = format!("cannot run {}: {error}", hook.display());
                if call.hook.may_refuse() {
                    report.refuse(text, None);
                    return report;
                }
                report.warn(text, None);
            }
        }
    }
    let skipped = is_skipped(call.hook);
    trace::leave(repo, call.hook, skipped);
    if !skipped {
        match manager::told(repo, call.hook).filter(|_| call.args.is_empty() && call.stdin.is_empty()) {
            Some((args, stdin)) => answer(repo, &Call { args, stdin, ..call.clone() }, &mut report),
            None => answer(repo, call, &mut report),
        }
        // A server has its one hook, and pushes to it in quarantine.
        if !matches!(call.hook, HookName::PreReceive | HookName::Update) {
            disturbed::tell(repo, shim, &mut report);
        }
    }
    report
}

fn answer(repo: &Repo, call: &Call, report: &mut Report) {
    let first_arg = call.args.first().map(|arg| arg.to_string_lossy().into_owned()).unwrap_or_default();
    match call.hook {
        HookName::PreCommit => pre_commit::correct(repo, report),
        HookName::PreMergeCommit => pre_commit::check(repo, report),
        HookName::PostCommit if post_commit::is_mid_rebase(repo) => {}
        HookName::PostCommit => {
            afterwards(report, call.hook, |report| post_commit::tell_bypassed(repo, report));
            afterwards(report, call.hook, |report| post_commit::enqueue(repo, report));
        }
        // A squash commits nothing.
        HookName::PostMerge if first_arg == "1" => {}
        HookName::PostMerge => {
            afterwards(report, call.hook, |report| main_branch::after_merge(repo, report));
            afterwards(report, call.hook, |report| post_commit::enqueue(repo, report));
        }
        HookName::PostRewrite => {
            // Amended commits are pre-commit's; a commit of ours on top would be in the way of the next amend.
            if first_arg == "rebase" {
                afterwards(report, call.hook, |report| main_branch::after_rebase(repo, report));
            }
            afterwards(report, call.hook, |report| post_commit::enqueue(repo, report));
        }
        HookName::PrePush => pre_push::pre_push(repo, &call.args, &call.stdin, report),
        HookName::PreReceive => receive::pre_receive(repo, &call.stdin, report),
        HookName::Update => receive::update(repo, &call.args, report),
    }
}

/// What git does not wait for: a failure is told, and the next hook catches up.
fn afterwards<E: Error>(report: &mut Report, hook: HookName, act: impl FnOnce(&mut Report) -> Result<(), E>) {
    if let Err(error) = act(report) {
        report.warn(
            format!("{hook}: {}; it will be caught up", in_one_line(&error)),
            Some("git mission status"),
        );
    }
}

/// `GIT_MISSION=0` skips every hook, `GIT_MISSION_SKIP=pre-push,post-commit` some.
fn is_skipped(hook: HookName) -> bool {
    env::text(env::GIT_MISSION).as_deref() == Some("0")
        || env::text(env::GIT_MISSION_SKIP)
            .is_some_and(|list| list.split(',').any(|name| name.trim() == hook.as_str()))
}
