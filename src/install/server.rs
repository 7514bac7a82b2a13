//! The hook of a server: a shim in the hooks directory of a bare repository, which judges what is pushed to it.
//!
//! One hook, `pre-receive`, sees every ref of a push in one process. It needs neither drivers nor attributes, so the
//! configuration is not touched. `uninstall` takes it out like any other shim.

use std::path::{Path, PathBuf};

use super::files::{self, Exclusive, Permissions, at};
use super::hooks::{Elsewhere, HooksDirectory, Step, calls_us, line, own_file, step, text_and_hash};
use super::ledger::{self, Ledger};
use super::setup::{checked, kept_name, missing_directories, sweep};
use super::{Change, InstallError, Options, Report};
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
    let plan = Plan::make(repo, program)?;
    if !options.dry_run && !plan.hooks.is_empty() {
        sweep(repo)?;
        plan.carry_out(repo, program)?;
    }
    Ok(Report { changes: plan.changes(repo), dry_run: options.dry_run })
}

/// What has to be done. Nothing, if no hook needs work.
struct Plan {
    before: Option<Ledger>,
    ledger: Ledger,
    directories: Vec<PathBuf>,
    hooks: Vec<(&'static str, PathBuf, Step)>,
}

impl Plan {
    fn make(repo: &Repo, program: &str) -> Result<Self, InstallError> {
        let before = ledger::load(repo)?;
        let mut plan = Self {
            ledger: before.clone().unwrap_or_default(),
            before,
            directories: Vec::new(),
            hooks: Vec::new(),
        };
        let directory = match HooksDirectory::of(repo)? {
            HooksDirectory::Ours(directory) => directory,
            theirs => return plan.beside(&theirs),
        };
        missing_directories(&directory, &mut plan.directories)?;
        for name in SERVER_HOOKS {
            let path = directory.join(name);
            let key = ledger::name_of(repo, &path);
            let written = key.as_ref().and_then(|key| plan.ledger.shims.get(key)).map(String::as_str);
            if let Some(step) = step(&path, name, program, written)? {
                plan.hooks.push((name, path, step));
            }
            plan.ledger.shims.extend(key.map(|key| (key, text_and_hash(name, program).1)));
        }
        plan.ledger
            .directories
            .extend(plan.directories.iter().filter_map(|path| ledger::name_of(repo, path)));
        Ok(plan)
    }

    /// Where somebody else's hooks run: nothing to do if they call us, else their owner has to add a line.
    fn beside(self, theirs: &HooksDirectory) -> Result<Self, InstallError> {
        let mut lines = Vec::new();
        for name in SERVER_HOOKS {
            let file = own_file(theirs.path(), name);
            if !calls_us(&file, name)? {
                lines.push((file, line(name)));
            }
        }
        if lines.is_empty() {
            return Ok(self);
        }
        let in_work_tree = matches!(theirs, HooksDirectory::InWorkTree(_));
        Err(InstallError::HooksElsewhere(Elsewhere {
            directory: theirs.path().to_owned(),
            in_work_tree,
            lines,
        }))
    }

    fn changes(&self, repo: &Repo) -> Vec<Change> {
        if self.hooks.is_empty() {
            return Vec::new();
        }
        let mut changes = vec![Change::Write(ledger::path(repo))];
        changes.extend(self.directories.iter().cloned().map(Change::MakeDirectory));
        for (_, path, step) in &self.hooks {
            changes.extend(kept_name(path, *step).map(|to| Change::Rename { from: path.clone(), to }));
            changes.push(Change::Write(path.clone()));
        }
        changes
    }

    /// The ledger first, so that a killed installation can be taken back; what fails is undone.
    fn carry_out(&self, repo: &Repo, program: &str) -> Result<(), InstallError> {
        ledger::save(repo, &self.ledger)?;
        let done = self.directories.iter().try_for_each(|path| std::fs::create_dir(path).map_err(at(path)));
        let done = done.and_then(|()| {
            self.hooks.iter().try_for_each(|(name, path, step)| write_shim(name, path, *step, program))
        });
        if done.is_err() {
            for path in self.directories.iter().rev() {
                // The first failure is the one to be told.
                let _ = files::remove_empty_directory(path);
            }
            let _ = match &self.before {
                Some(before) => ledger::save(repo, before),
                None => ledger::remove(repo).map(drop),
            };
        }
        done
    }
}

/// Writes one shim; what was there is kept as the step says, or is there as before.
fn write_shim(name: &str, path: &Path, step: Step, program: &str) -> Result<(), InstallError> {
    let kept = kept_name(path, step);
    if let Some(kept) = &kept {
        files::keep_as(path, kept)?;
    }
    let (text, _) = text_and_hash(name, program);
    files::write(path, text.as_bytes(), Permissions::Executable).inspect_err(|_| {
        if let Some(kept) = &kept {
            // The first failure is the one to be told.
            let _ = files::rename(kept, path);
        }
    })
}
