//! Carrying a plan out, step by step; what a failing step leaves is undone.

use std::path::PathBuf;

use super::files::{self, Permissions, at};
use super::ledger::{self, Ledger};
use super::look::text_and_hash;
use super::setup::{Hook, Plan, Rewrite};
use super::{Change, InstallError, removal, view};
use crate::git::Repo;

impl Plan {
    /// What is done, in order.
    pub(super) fn changes(&self, repo: &Repo) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.before.as_ref() != Some(&self.ledger) {
            changes.push(Change::Write(ledger::path(repo)));
        }
        changes.extend(self.directories.iter().cloned().map(Change::MakeDirectory));
        if let Some((_, settings)) = &self.config {
            changes.extend(settings.iter().cloned());
        }
        if self.attributes.is_some() {
            changes.push(Change::Write(self.attributes_path.clone()));
        }
        for Hook { path, kept, .. } in &self.hooks {
            let renames = kept.iter().cloned().map(|(from, to)| Change::Rename { from, to });
            changes.extend(renames);
            changes.push(Change::Write(path.clone()));
        }
        changes.extend(
            self.links
                .iter()
                .map(|(path, target)| Change::Link { path: path.clone(), target: target.clone() }),
        );
        changes.extend(self.removals.iter().cloned());
        changes
    }
}

/// Carries a plan out.
pub(super) fn carry_out(repo: &Repo, plan: &Plan) -> Result<(), InstallError> {
    if plan.changes(repo).iter().all(|change| matches!(change, Change::Leave { .. })) {
        return Ok(());
    }
    let mut done = Vec::new();
    let Err(cause) = steps(repo, plan, &mut done) else { return Ok(()) };
    let left: Vec<Change> =
        done.into_iter().rev().filter(|done| done.undo(repo).is_err()).map(|d| d.change(repo)).collect();
    Err(if left.is_empty() { cause } else { InstallError::HalfDone { cause: cause.into(), done: left } })
}

/// Does everything. `done` grows before each step, so that also a step that fails halfway is undone.
fn steps(repo: &Repo, plan: &Plan, done: &mut Vec<Done>) -> Result<(), InstallError> {
    done.push(Done::Ledger(plan.before.clone()));
    ledger::save(repo, &plan.ledger)?;

    for path in &plan.directories {
        std::fs::create_dir(path).map_err(at(path))?;
        done.push(Done::Directory(path.clone()));
    }

    // Drivers before the attributes that name them.
    if let Some((Rewrite { before, after }, _)) = &plan.config {
        let (before, after) = (before.clone(), Some(after.clone()));
        replace_config(repo, before.as_deref(), after.as_deref())?;
        done.push(Done::Config { before, after });
    }

    if let Some(Rewrite { before, after }) = &plan.attributes {
        let path = &plan.attributes_path;
        if files::read(path)? != *before {
            return Err(InstallError::Changed(path.clone()));
        }
        files::write(path, after, Permissions::Like(path))?;
        done.push(Done::File { path: path.clone(), before: before.clone() });
    }

    for Hook { name, path, kept } in &plan.hooks {
        let (text, _) = text_and_hash(name, &plan.program);
        if kept.is_empty() {
            done.push(Done::File { path: path.clone(), before: files::read(path)? });
        }
        for (at, (from, to)) in kept.iter().enumerate() {
            // The last is the hook that git runs: it keeps its name until the shim takes it.
            if at + 1 < kept.len() {
                files::rename(from, to)?;
            } else {
                files::keep_as(from, to)?;
            }
            done.push(Done::Rename { from: from.clone(), to: to.clone() });
        }
        files::write(path, text.as_bytes(), Permissions::Executable)?;
    }

    for link in &plan.links {
        view::link(link)?;
        done.push(Done::Link(link.0.clone()));
    }

    for change in &plan.removals {
        done.extend(match change {
            Change::Rename { from, to } => Some(Done::Rename { from: from.clone(), to: to.clone() }),
            Change::Remove(path) => match std::fs::read_link(path) {
                Ok(target) => Some(Done::Unlinked(path.clone(), target)),
                Err(_) => files::read(path)?.map(|bytes| Done::Removed(path.clone(), bytes)),
            },
            Change::RemoveDirectory(path) => Some(Done::RemovedDirectory(path.clone())),
            _ => None,
        });
        removal::carry_out(change)?;
    }
    Ok(())
}

/// Replaces the configuration, if it is still what it was.
fn replace_config(repo: &Repo, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<(), InstallError> {
    repo.rewrite_config(|present| {
        if present == from {
            Ok(to.map(<[u8]>::to_vec))
        } else {
            Err(InstallError::Changed(repo.config_file()))
        }
    })
}

/// A step that was taken, and how to take it back.
enum Done {
    Ledger(Option<Ledger>),
    Directory(PathBuf),
    Config { before: Option<Vec<u8>>, after: Option<Vec<u8>> },
    File { path: PathBuf, before: Option<Vec<u8>> },
    Rename { from: PathBuf, to: PathBuf },
    Link(PathBuf),
    Unlinked(PathBuf, PathBuf),
    Removed(PathBuf, Vec<u8>),
    RemovedDirectory(PathBuf),
}

impl Done {
    fn undo(&self, repo: &Repo) -> Result<(), InstallError> {
        match self {
            Self::Ledger(Some(before)) => ledger::save(repo, before),
            Self::Ledger(None) => ledger::remove(repo).map(drop),
            Self::Directory(path) => files::remove_empty_directory(path).map(drop),
            Self::Config { before, after } => replace_config(repo, after.as_deref(), before.as_deref()),
            Self::File { path, before: Some(bytes) } => files::write(path, bytes, Permissions::Like(path)),
            Self::File { path, before: None } | Self::Link(path) => files::remove(path).map(drop),
            Self::Rename { from, to } => files::rename(to, from),
            Self::Unlinked(path, target) => view::link(&(path.clone(), target.clone())),
            Self::RemovedDirectory(path) => std::fs::create_dir(path).map_err(at(path)),
            Self::Removed(path, bytes) => files::write(path, bytes, Permissions::Executable),
        }
    }

    fn change(&self, repo: &Repo) -> Change {
        match self {
            Self::Ledger(_) => Change::Write(ledger::path(repo)),
            Self::Directory(path) => Change::MakeDirectory(path.clone()),
            Self::Config { .. } => Change::Write(repo.config_file()),
            Self::File { path, .. } | Self::Link(path) => Change::Write(path.clone()),
            Self::Rename { from, to } => Change::Rename { from: from.clone(), to: to.clone() },
            Self::RemovedDirectory(path) => Change::RemoveDirectory(path.clone()),
            Self::Unlinked(path, _) | Self::Removed(path, _) => Change::Remove(path.clone()),
        }
    }
}
