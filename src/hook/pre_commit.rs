//! pre-commit and pre-merge-commit: closed for a bad staged `meta.json` and for a staged log that lost rows, open for
//! everything that concerns nothing staged.

use std::collections::BTreeSet;

use super::report::in_one_line;
use super::{Report, mixed, shrunk};
use crate::git::{GitError, Repo};
use crate::mission::{MetaError, MissionDir};
use crate::op::bypassed;
use crate::op::correct::{Fault, Plan, Refusal};
use crate::op::materialize;
use crate::op::stage::{self, Staged};

/// pre-commit.
pub(super) fn correct(repo: &Repo, report: &mut Report) {
    let Some(staged) = look(repo, report) else { return };
    let tip = staged.tip().cloned();
    let derived = staged.derived().clone();
    judge(repo, staged, report, stage::correct_staged);
    if report.stop.is_none() {
        rebuild(repo, &derived, report);
        bypassed::passed(repo, tip.as_ref());
    }
}

/// Brings staged `status.json` files up to date with what is staged beside them. They are derived: none of them keeps a
/// commit back.
fn rebuild(repo: &Repo, missions: &BTreeSet<MissionDir>, report: &mut Report) {
    if missions.is_empty() {
        return;
    }
    match materialize::rebuild_staged(repo, missions) {
        Ok(paths) => {
            for path in paths {
                report.info(format!("{path}: rebuilt from the event log"));
            }
        }
        Err(error) => {
            let text = format!("derived files were not rebuilt: {}", in_one_line(&error));
            report.warn(text, Some("git mission materialize --add"));
        }
    }
}

/// pre-merge-commit.
pub(super) fn check(repo: &Repo, report: &mut Report) {
    if let Some(staged) = look(repo, report) {
        judge(repo, staged, report, stage::check_staged);
    }
}

fn look(repo: &Repo, report: &mut Report) -> Option<Staged> {
    match stage::staged(repo) {
        Ok(staged) => Some(staged),
        Err(error) => {
            let text = format!("missions were not checked: {}", in_one_line(&error));
            report.warn(text, Some("git mission status"));
            None
        }
    }
}

type Act = fn(&Repo, Staged) -> Result<Plan, GitError>;

fn judge(repo: &Repo, staged: Staged, report: &mut Report, act: Act) {
    shrunk::refuse(repo, &staged, report);
    mixed::refuse(repo, &staged, report);
    if staged.is_empty() {
        return;
    }
    // What is refused anyway is only judged, so that nothing is changed.
    let merges = staged.is_merge();
    let outcome = if report.stop.is_some() { stage::check_staged(repo, staged) } else { act(repo, staged) };
    match outcome {
        Ok(plan) => tell(&plan, merges, report),
        Err(error) => {
            let text = format!(
                "the staged missions could not be checked: {}; nothing was committed",
                in_one_line(&error)
            );
            report.refuse(text, hint_for(&error));
        }
    }
}

fn hint_for(error: &GitError) -> Option<&'static str> {
    match error {
        GitError::Locked { .. } => {
            Some("wait for the other git process, or remove the lock file if there is none")
        }
        // Reading them lets a partial clone fetch them.
        GitError::Missing(_) => Some("git archive -o /dev/null HEAD kitty-specs"),
        _ => None,
    }
}

fn tell(plan: &Plan, merges: bool, report: &mut Report) {
    for Refusal { dir, fault } in &plan.refusals {
        let path = format!("{dir}/meta.json");
        let (text, hint) = words(&path, fault, merges);
        report.refuse(text, Some(&hint));
    }
    if !plan.refusals.is_empty() {
        return;
    }
    for rewrite in &plan.rewrites {
        let notes: Vec<String> = rewrite.notes.iter().map(ToString::to_string).collect();
        report.info(format!("{}/meta.json: {}", rewrite.dir, notes.join(", ")));
    }
}

/// What to say about a fault, and what helps.
fn words(path: &str, fault: &Fault, merges: bool) -> (String, String) {
    let quoted = path.replace('\'', r"'\''");
    let add = format!("git add -- '{quoted}'");
    match fault {
        Fault::Unreadable(error) => {
            let position =
                error.position().map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            let hint = match error {
                MetaError::Keys(keys) => format!("remove `{}` or `{}`, then {add}", keys.old, keys.new),
                MetaError::Json(_) => format!("mend the file, then {add}"),
            };
            (format!("{path}{position}: {error}; nothing was committed"), hint)
        }
        Fault::NotRegular => (
            format!("{path}: a link or a directory, not a file; nothing was committed"),
            format!("put a regular file there, then {add}"),
        ),
        Fault::KeysMissing(keys) => (
            format!("{path}: a new mission needs a text under {}; nothing was committed", keys.join(", ")),
            format!("add what is missing, then {add}"),
        ),
        Fault::IdInvalid(text) => (
            format!(
                "{path}: mission_id {text} is not 26 characters of Crockford base 32; nothing was committed"
            ),
            format!("remove the key `mission_id`, then {add}: the id is put back or minted"),
        ),
        Fault::IdChanged { from, to } => (
            format!(
                "{path}: mission_id {from} would become {to}, and an id never changes; nothing was committed"
            ),
            if merges {
                "git mission resolve".to_owned()
            } else {
                format!("remove the key `mission_id`, then {add}: the id is put back")
            },
        ),
        Fault::NumberInvalid(text) => (
            format!(
                "{path}: mission_number {text} is neither null nor an integer from 1; nothing was committed"
            ),
            format!("set it to null, then {add}: main gives numbers"),
        ),
    }
}
