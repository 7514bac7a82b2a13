//! The hooks directory of a repository: whether it is ours to write into, and the names of what we put there.
//!
//! Changes nothing.

use std::path::{Path, PathBuf};

use super::files::{exists, is_executable, read, real};
use super::shim::is_shim;
use super::{InstallError, SERVER_HOOKS};
use crate::git::Repo;

/// The hooks that get a shim.
pub const HOOKS: [&str; 6] =
    ["pre-commit", "pre-merge-commit", "post-commit", "post-merge", "post-rewrite", "pre-push"];

/// Where git looks for the hooks of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HooksDirectory {
    /// In the common git directory: ours to write into.
    Ours(PathBuf),
    /// In the work tree, where it is tracked or made by another hook manager.
    InWorkTree(PathBuf),
    /// Outside the repository, where other repositories use it too.
    Outside(PathBuf),
    /// Nowhere: `core.hooksPath` is empty, which makes git look into the root of the file system.
    Nowhere,
}

impl HooksDirectory {
    /// Asks git, and judges the answer.
    pub(super) fn of(repo: &Repo) -> Result<Self, InstallError> {
        let directory = match repo.git_path("hooks") {
            Ok(directory) => directory,
            // git cannot make an empty path absolute.
            Err(_) if repo.config()?.get("core.hookspath") == Some("") => return Ok(Self::Nowhere),
            Err(error) => return Err(error.into()),
        };
        let resolved = real(&directory);
        let inside = |other: &Path| resolved.starts_with(real(other));
        Ok(if inside(repo.common_dir()) {
            Self::Ours(resolved)
        } else if repo.top().is_ok_and(inside) {
            Self::InWorkTree(directory)
        } else {
            Self::Outside(directory)
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        match self {
            Self::Ours(path) | Self::InWorkTree(path) | Self::Outside(path) => path,
            Self::Nowhere => Path::new("/"),
        }
    }
}

/// The executable hook that was there before ours and has to run first, with the same stdin, arguments,
/// directory and environment as ours. `None` where there is none, or git would not have run it either.
pub fn chained(repo: &Repo, hook: &str) -> Result<Option<PathBuf>, InstallError> {
    // A program in the work tree is never started by us.
    let HooksDirectory::Ours(directory) = HooksDirectory::of(repo)? else { return Ok(None) };
    let path = chained_name(&directory.join(hook));
    // A shim that was chained would call us again, and again.
    if !is_executable(&path) || is_shim(&read(&path)?.unwrap_or_default()) {
        return Ok(None);
    }
    Ok(Some(path))
}

const CHAINED: &str = ".mission-chained";
const ASIDE: &str = ".mission-edited";
const REPLACED: &str = ".mission-replaced";

/// The name of a foreign hook that is chained behind ours.
pub(super) fn chained_name(hook: &Path) -> PathBuf {
    with_suffix(hook, CHAINED)
}

/// The name under which a shim is kept that was edited by hand.
pub(super) fn aside_name(hook: &Path) -> PathBuf {
    with_suffix(hook, ASIDE)
}

/// A free name under which a foreign hook is kept that was chained until its owner, or another, wrote a new one.
pub(super) fn replaced_name(hook: &Path) -> Result<PathBuf, InstallError> {
    let mut name = with_suffix(hook, REPLACED);
    let mut number = 1;
    while exists(&name)? {
        number += 1;
        name = with_suffix(hook, &format!("{REPLACED}-{number}"));
    }
    Ok(name)
}

/// The names that other hook managers give what they find in their place: pre-commit and prek run it, lefthook
/// does not.
pub(super) const LEGACY: &str = ".legacy";
/// See [`LEGACY`].
pub(super) const OLD: &str = ".old";

/// A name with something at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.to_owned();
    path.as_mut_os_string().push(suffix);
    path
}

/// Whether a file of the hooks directory is one of the hooks that we answer, or was put there by us.
pub(super) fn is_of_ours(name: &str) -> bool {
    HOOKS.iter().chain(&SERVER_HOOKS).any(|hook| *hook == name)
        || [CHAINED, ASIDE, REPLACED].iter().any(|suffix| name.contains(suffix))
}
