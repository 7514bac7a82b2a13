//! Uninstalling: every byte as it was, as far as nobody else changed it since.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::attributes::without_block;
use super::files::{self, Exclusive, Permissions, at, exists};
use super::hooks::{HOOKS, HooksDirectory, LEGACY, OLD, aside_name, chained_name, with_suffix};
use super::ledger::{self, Ledger};
use super::look::{Found, is_shim_file, look, same_file_content};
use super::setup::{attributes_path, config_without_ours, sweep};
use super::{Change, InstallError, Report, SERVER_HOOKS, view};
use crate::env::place;
use crate::git::Repo;

/// Removes hooks, drivers and attributes. `purge` also removes the queue and everything else of ours in the
/// git directory.
///
/// Works without the ledger too, then from what it recognizes. If a step fails, the steps before it stay done
/// and are named by [`InstallError::HalfDone`]; uninstalling again goes on from there.
pub fn uninstall(repo: &Repo, purge: bool) -> Result<Report, InstallError> {
    let _alone = Exclusive::take(repo.common_dir())?;
    sweep(repo)?;
    let ledger = ledger::load(repo)?;
    let mut changes = Vec::new();
    match remove_all(repo, ledger.as_ref(), purge, &mut changes) {
        Ok(()) => Ok(Report { changes, dry_run: false }),
        Err(cause) if changes.is_empty() => Err(cause),
        Err(cause) => Err(InstallError::HalfDone { cause: cause.into(), done: changes }),
    }
}

fn remove_all(
    repo: &Repo,
    ledger: Option<&Ledger>,
    purge: bool,
    changes: &mut Vec<Change>,
) -> Result<(), InstallError> {
    let hooks = hooks(repo, ledger)?;
    for (path, written) in &hooks {
        for change in hook_removal(path, *written)? {
            carry_out(&change)?;
            changes.push(change);
        }
    }
    let directories: BTreeSet<&Path> = hooks.iter().filter_map(|(path, _)| path.parent()).collect();
    for directory in directories {
        view::remove_all(directory, changes)?;
    }
    restore_attributes(repo, ledger, changes)?;
    restore_config(repo, ledger, changes)?;
    for name in ledger.iter().flat_map(|ledger| ledger.directories.iter().rev()) {
        let directory = ledger::path_of(repo, name);
        if files::remove_empty_directory(&directory)? {
            changes.push(Change::RemoveDirectory(directory));
        }
    }
    // What hooks note for each other means nothing without them.
    for home in homes(repo)? {
        for note in [place::SETTINGS, place::PASSED, place::ROOT].map(|name| home.join(name)) {
            if files::remove(&note)? {
                changes.push(Change::Remove(note));
            }
        }
        if files::remove_empty_directory(&home)? {
            changes.push(Change::RemoveDirectory(home));
        }
    }
    // Last, so that what failed before can be tried again.
    changes.extend(ledger::remove(repo)?);
    if purge {
        for directory in homes(repo)? {
            std::fs::remove_dir_all(&directory).map_err(at(&directory))?;
            changes.push(Change::RemoveDirectory(directory));
        }
    }
    Ok(())
}

/// The hooks to look at: those of the ledger, and those where git looks now. With the hash of the shim.
fn hooks<'a>(
    repo: &Repo,
    ledger: Option<&'a Ledger>,
) -> Result<Vec<(PathBuf, Option<&'a str>)>, InstallError> {
    let known = ledger.into_iter().flat_map(|ledger| &ledger.shims);
    let mut hooks: Vec<_> =
        known.map(|(name, hash)| (ledger::path_of(repo, name), Some(hash.as_str()))).collect();
    if let HooksDirectory::Ours(directory) = HooksDirectory::of(repo)? {
        let seen: BTreeSet<PathBuf> = hooks.iter().map(|(path, _)| path.clone()).collect();
        let present = HOOKS.iter().chain(&SERVER_HOOKS).map(|hook| directory.join(hook));
        hooks.extend(present.filter(|path| !seen.contains(path)).map(|path| (path, None)));
    }
    Ok(hooks)
}

/// What has to be done for a hook to be what it was without us. Changes nothing.
pub(super) fn hook_removal(path: &Path, written: Option<&str>) -> Result<Vec<Change>, InstallError> {
    let hook = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let chained = chained_name(path);
    let is_chained = exists(&chained)?;
    let found = look(path, &hook, written)?;
    let mut changes = Vec::new();
    if found == Found::EditedShim {
        let aside = aside_name(path);
        if exists(&aside)? {
            return Err(InstallError::AsideTaken { hook: path.to_owned(), aside });
        }
        changes.push(Change::Rename { from: path.to_owned(), to: aside });
    }
    let mut moved = moved_shims(path)?;
    match found {
        Found::Foreign if is_chained && same_file_content(path, &chained)? => {
            changes.push(Change::Remove(chained));
        }
        // What was chained is what the manager would have found in its place.
        Found::Foreign if is_chained && !moved.is_empty() => {
            changes.push(Change::Rename { from: chained, to: moved.swap_remove(0) });
        }
        Found::Foreign if is_chained => {
            let reason = "it was the hook before another tool replaced it";
            changes.push(Change::Leave { path: chained, reason });
        }
        Found::Foreign => {}
        _ if is_chained => changes.push(Change::Rename { from: chained, to: path.to_owned() }),
        Found::Shim(_) | Found::OldShim => changes.push(Change::Remove(path.to_owned())),
        Found::EditedShim | Found::Nothing => {}
    }
    changes.extend(moved.into_iter().map(Change::Remove));
    Ok(changes)
}

/// Shims of ours that hook managers moved out of their way.
pub(super) fn moved_shims(path: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let mut moved = Vec::new();
    for suffix in [LEGACY, OLD] {
        let name = with_suffix(path, suffix);
        if is_shim_file(&name)? {
            moved.push(name);
        }
    }
    Ok(moved)
}

pub(super) fn carry_out(change: &Change) -> Result<(), InstallError> {
    match change {
        Change::Rename { from, to } => files::rename(from, to),
        Change::Remove(path) => files::remove(path).map(drop),
        Change::RemoveDirectory(path) => files::remove_empty_directory(path).map(drop),
        _ => Ok(()),
    }
}

fn restore_attributes(
    repo: &Repo,
    ledger: Option<&Ledger>,
    changes: &mut Vec<Change>,
) -> Result<(), InstallError> {
    let path = attributes_path(repo)?;
    let Some(present) = files::read(&path)? else { return Ok(()) };
    let kept = ledger.and_then(|ledger| ledger.attributes.as_ref());
    let (wanted, change) = match kept {
        Some(kept) if kept.covers(Some(&present)) => (kept.original.clone(), Change::Restore(path.clone())),
        _ => {
            let rest = without_block(&present);
            // A file that was ours alone goes with us.
            let ours = rest.is_empty() && !present.is_empty() && kept.is_none_or(|k| k.original.is_none());
            ((!ours).then_some(rest), Change::Clean(path.clone()))
        }
    };
    match wanted {
        Some(bytes) if bytes == present => return Ok(()),
        Some(bytes) => files::write(&path, &bytes, Permissions::Like(&path))?,
        None => files::remove(&path).map(drop)?,
    }
    changes.push(change);
    Ok(())
}

fn restore_config(
    repo: &Repo,
    ledger: Option<&Ledger>,
    changes: &mut Vec<Change>,
) -> Result<(), InstallError> {
    // Without this, a second uninstall would want the lock for nothing.
    if wanted_config(repo, ledger, repo.config_bytes()?.as_deref())?.is_none() {
        return Ok(());
    }
    let mut change = None;
    repo.rewrite_config(|present| {
        let wanted = wanted_config(repo, ledger, present)?;
        Ok::<_, InstallError>(match wanted {
            None => present.map(<[u8]>::to_vec),
            Some((bytes, done)) => {
                change = Some(done);
                bytes
            }
        })
    })?;
    changes.extend(change);
    Ok(())
}

/// What the configuration file should be, and what to call that; `None` if it is.
#[expect(clippy::type_complexity, reason = "the bytes of a file that may be meant not to exist")]
fn wanted_config(
    repo: &Repo,
    ledger: Option<&Ledger>,
    present: Option<&[u8]>,
) -> Result<Option<(Option<Vec<u8>>, Change)>, InstallError> {
    let Some(bytes) = present else { return Ok(None) };
    let path = repo.config_file();
    let (wanted, change) = match ledger.and_then(|ledger| ledger.config.as_ref()) {
        Some(kept) if kept.covers(present) => (kept.original.clone(), Change::Restore(path)),
        _ => (Some(config_without_ours(repo, ledger, bytes)?), Change::Clean(path)),
    };
    Ok((wanted.as_deref() != present).then_some((wanted, change)))
}

/// Our directories in the common git directory and in those of the linked worktrees.
fn homes(repo: &Repo) -> Result<Vec<PathBuf>, InstallError> {
    let worktrees = repo.common_dir().join("worktrees");
    let mut homes = vec![ledger::home(repo)];
    if let Some(entries) = files::found(std::fs::read_dir(&worktrees)).map_err(at(&worktrees))? {
        for entry in entries {
            homes.push(entry.map_err(at(&worktrees))?.path().join(place::HOME));
        }
    }
    homes.retain(|home| home.is_dir());
    Ok(homes)
}
