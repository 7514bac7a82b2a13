//! Mending what the findings name, as far as no decision is needed: installation, numbers, old files, order of logs,
//! derived files.
//!
//! Changes the index and work-tree files that nobody has edited; makes no commit.

use std::path::PathBuf;

use super::DoctorError;
use crate::git::{Config, IndexAt, Repo};
use crate::install::{self, Mode, Options};
use crate::mission::audit::{Code, Finding};
use crate::mission::{MissionDir, SPECS};
use crate::op::branch::Standing;
use crate::op::materialize::{Wanted, materialize};
use crate::op::migrate::{Effect, Source, migrate};
use crate::op::order_log::order_logs;
use crate::op::settle::{self, settle};

/// What was mended, in words, and what could not be.
#[derive(Debug, Default)]
pub struct Mended {
    /// What was done
    pub done: Vec<String>,
    /// What was left as it is, and why
    pub left: Vec<String>,
}

/// Mends. `program` is what hooks and drivers are to start.
pub fn fix(
    repo: &Repo,
    findings: &[Finding],
    program: PathBuf,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Mended, DoctorError> {
    let found = |codes: &[Code]| findings.iter().any(|finding| codes.contains(&finding.code));
    let mut mended = Mended::default();
    if found(&[
        Code::HookMissing,
        Code::HookForeign,
        Code::HookOutdated,
        Code::DriverMissing,
        Code::DriverBroken,
        Code::AttributeMissing,
    ]) {
        match install::install(repo, &Options { program, mode: Mode::Auto, dry_run: false }) {
            Ok(report) => mended.done.extend(report.changes.iter().map(ToString::to_string)),
            // Somebody else's hooks are not ours to replace; what else is wrong can still be mended.
            Err(error) => mended.left.push(error.to_string()),
        }
    }
    if found(&[Code::NumberUnsettled]) {
        settle_numbers(repo, &mut mended)?;
    }
    if found(&[Code::NotCanonical, Code::LegacyKey, Code::MissionIdMissing]) {
        let migrated = migrate(repo, Source::Checkout(Effect::Stage), progress)?;
        mended.done.extend(migrated.changed.iter().map(|change| format!("migrate {}", change.dir)));
        mended.left.extend(migrated.failed.iter().map(ToString::to_string));
    }
    let unsorted = findings.iter().filter(|finding| finding.code == Code::EventLogUnsorted);
    let ordered = order_logs(repo, unsorted.filter_map(|finding| finding.path.as_deref()))?;
    mended.done.extend(ordered.done.iter().map(|path| format!("put the rows of {path} in order")));
    mended.left.extend(ordered.left);
    rebuild(repo, findings, &mut mended)?;
    Ok(mended)
}

/// Derived files are rebuilt last: what they are made of may just have been mended.
fn rebuild(repo: &Repo, findings: &[Finding], mended: &mut Mended) -> Result<(), DoctorError> {
    let stale = findings.iter().filter(|finding| finding.code == Code::DerivedStale);
    let paths = stale.filter_map(|finding| finding.path.as_deref());
    let dirs: Vec<MissionDir> =
        paths.filter_map(|path| Some(MissionDir::containing(path.as_bytes())?.0)).collect();
    if !dirs.is_empty() {
        let rebuilt = materialize(repo, Wanted::These(dirs), true, &mut |_, _| {})?;
        mended.done.extend(rebuilt.rebuilt.iter().map(|path| format!("rebuild {path}")));
        mended.left.extend(rebuilt.failed.iter().map(ToString::to_string));
    }
    Ok(())
}

/// Numbers are given to what HEAD holds and are staged, unless mission files are staged already: those would be
/// overwritten, and their commit gives them numbers anyway.
fn settle_numbers(repo: &Repo, mended: &mut Mended) -> Result<(), DoctorError> {
    let config: Config = repo.config()?;
    let standing = Standing::find(repo, &config)?;
    let Some(tip) = standing.head.tip().filter(|_| standing.on_main()) else { return Ok(()) };
    if !repo.staged_changes(&IndexAt::Current, Some(tip), SPECS)?.is_empty() {
        mended.left.push("numbers: commit the staged mission files, then `git mission settle`".to_owned());
        return Ok(());
    }
    let wanted = settle::Wanted { effect: settle::Effect::Stage, ..settle::Wanted::default() };
    let settled = settle(repo, &config, &standing, &wanted)?;
    mended.done.extend(settled.plan.rewrites.iter().map(|rewrite| {
        let notes: Vec<String> = rewrite.notes.iter().map(ToString::to_string).collect();
        format!("{}: {}", rewrite.dir, notes.join(", "))
    }));
    Ok(())
}
