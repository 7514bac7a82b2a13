//! The directory in which a chained hook finds itself as it was: under its own name, beside its neighbours.
//!
//! A foreign hook is kept as `<hook>.mission-chained` and started as `mission-chained/<hook>`, which is a link to it:
//! what asks `basename "$0"` reads the name of the hook, what looks into `dirname "$0"` finds links to everything
//! that lies in the hooks directory, and what follows its own link is in the hooks directory itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{at, exists, found, remove, remove_empty_directory};
use super::hooks::{HOOKS, chained_name, is_of_ours};
use super::look::is_shim_file;
use super::report::Change;
use super::{InstallError, SERVER_HOOKS};

const NAME: &str = "mission-chained";

/// Where it is in a hooks directory.
pub(super) fn place(hooks: &Path) -> PathBuf {
    hooks.join(NAME)
}

/// A link that the directory has to hold: its path, and what it says.
pub(super) type Link = (PathBuf, PathBuf);

/// The links that are missing for the hooks that are chained, or are about to be, to find themselves as they were.
pub(super) fn missing(hooks: &Path, chained: &[&str]) -> Result<Vec<Link>, InstallError> {
    let place = place(hooks);
    let mut wanted = BTreeMap::new();
    for hook in chained {
        let file = chained_name(&hooks.join(hook));
        let file = file.file_name().unwrap_or_default();
        wanted.insert(place.join(hook), Path::new("..").join(file));
    }
    if chained.is_empty() {
        return Ok(Vec::new());
    }
    for entry in found(std::fs::read_dir(hooks)).map_err(at(hooks))?.into_iter().flatten() {
        let name = entry.map_err(at(hooks))?.file_name();
        let text = name.to_string_lossy();
        let is_neighbour =
            !is_of_ours(&text) && text != NAME && !text.starts_with(".mission") && !text.ends_with(".sample");
        // A shim of ours that a manager moved away is no neighbour: it would start us again.
        if is_neighbour && !is_shim_file(&hooks.join(&name))? {
            wanted.insert(place.join(&name), Path::new("..").join(&name));
        }
    }
    let mut links = Vec::new();
    for (path, target) in wanted {
        if !exists(&path)? {
            links.push((path, target));
        }
    }
    Ok(links)
}

/// The hooks of a directory behind which a foreign one is chained.
pub(super) fn chained(hooks: &Path) -> Result<Vec<&'static str>, InstallError> {
    let mut names = Vec::new();
    for hook in HOOKS.into_iter().chain(SERVER_HOOKS) {
        if exists(&chained_name(&hooks.join(hook)))? {
            names.push(hook);
        }
    }
    Ok(names)
}

/// Makes a link.
pub(super) fn link((path, target): &Link) -> Result<(), InstallError> {
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(target, path);
    // Elsewhere a link needs a right that few have; a second name does for what is no directory.
    #[cfg(not(unix))]
    let made = std::fs::hard_link(path.with_file_name("").join(target), path);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(at(path)(error)),
        _ => Ok(()),
    }
}

/// Adds what was put into the hooks directory since; what cannot be added is left out, because a hook that is about to
/// run needs it less than it needs to run.
pub fn refresh(hooks: &Path) {
    let Ok(links) = chained(hooks).and_then(|chained| missing(hooks, &chained)) else { return };
    if !links.is_empty() && place(hooks).is_dir() {
        for each in &links {
            // One that is there by now is as good.
            let _ = link(each);
        }
    }
}

/// The links of ours in it, which lead to what is beside it.
pub(super) fn links(hooks: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let place = place(hooks);
    let mut links = Vec::new();
    for entry in found(std::fs::read_dir(&place)).map_err(at(&place))?.into_iter().flatten() {
        let path = entry.map_err(at(&place))?.path();
        let is_ours = match std::fs::read_link(&path) {
            Ok(target) => target.starts_with(".."),
            Err(_) => cfg!(not(unix)) && path.is_file(),
        };
        if is_ours {
            links.push(path);
        }
    }
    links.sort();
    Ok(links)
}

/// Removes it with the links in it; what somebody else put there stays.
pub(super) fn remove_all(hooks: &Path, changes: &mut Vec<Change>) -> Result<(), InstallError> {
    for path in links(hooks)? {
        remove(&path)?;
        changes.push(Change::Remove(path));
    }
    let place = place(hooks);
    if remove_empty_directory(&place)? {
        changes.push(Change::RemoveDirectory(place));
    }
    Ok(())
}
