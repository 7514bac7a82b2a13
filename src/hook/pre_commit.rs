//! pre-commit and pre-merge-commit: closed for a bad staged `meta.json` and for a staged log that lost rows, open for
//! everything that concerns nothing staged.

use std::collections::BTreeSet;

use super::report::in_one_line;
use super::{Report, mixed, shrunk};
use crate::git::{GitError, Repo};
use crate::mission::{MetaError, MissionDir, SPECS};
use crate::op::bypassed;
use crate::op::correct::{Fault, Plan, Refusal};
use crate::op::materialize;
use crate::op::stage::{self, Staged};
use crate::op::unfinished;

/// pre-commit.
pub(super) fn correct(repo: &Repo, report: &mut Report) {
    if let Err(error) = unfinished::finish(repo) {
        let text = format!("what a killed run left could not be finished: {}", in_one_line(&error));
        report.warn(text, Some("git mission status"));
    }
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
    // Asked twice: what fails once may have been short of something for a moment.
    match stage::staged(repo).or_else(|_| stage::staged(repo)) {
        Ok(staged) => Some(staged),
        Err(error) => {
            let text = format!("missions were not checked: {}", in_one_line(&error));
            if may_hold_missions(repo) {
                let text = format!("{text}; nothing was committed");
                report.refuse(text, Some("git commit again; without any check: GIT_MISSION=0 git commit"));
            } else {
                report.warn(text, Some("git mission status"));
            }
            None
        }
    }
}

/// Whether what could not be looked at may concern a mission.
fn may_hold_missions(repo: &Repo) -> bool {
    repo.top().is_ok_and(|top| top.join(SPECS).symlink_metadata().is_ok())
}

type Act = fn(&Repo, Staged) -> Result<Plan, GitError>;

fn judge(repo: &Repo, staged: Staged, report: &mut Report, act: Act) {
    shrunk::refuse(repo, &staged, report);
    let mixed = mixed::found(repo, &staged, report);
    if staged.is_empty() {
        mixed::refuse(&mixed, report);
        return;
    }
    // What is refused anyway is only judged, so that nothing is changed.
    let merges = staged.is_merge();
    let only_judge = report.stop.is_some() || !mixed.is_empty();
    let outcome = if only_judge { stage::check_staged(repo, staged) } else { act(repo, staged) };
    match outcome {
        Ok(plan) => {
            // One refusal for each place: of its file, if there is one, else of what lies around it.
            let told = |dir: &MissionDir| plan.refusals.iter().any(|refusal| refusal.dir == *dir);
            mixed::refuse(mixed.iter().filter(|dir| !told(dir)), report);
            tell(&plan, merges, report);
        }
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
