//! The identity of the project that a repository holds, agreed on by all clones without talking.

use std::fmt;
use std::fs;
use std::path::Path;

use super::branch::Standing;
use crate::git::{GitError, Repo};
use crate::id::uuid_from_url_name;
use crate::identity::{IdentityError, ProjectFile};

/// Why there is no project identity yet.
#[derive(Debug)]
pub enum NoProject {
    /// git or the repository
    Git(GitError),
    /// `.kittify/config.yaml` cannot be used
    File(IdentityError),
    /// A shallow clone does not know its root commit.
    Shallow,
    /// There is no main branch, or no commit on it.
    NoMain,
}

impl fmt::Display for NoProject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(f),
            Self::File(error) => write!(f, "{}: {error}", ProjectFile::PATH),
            Self::Shallow => {
                f.write_str("a shallow clone does not know its root commit, which the project is named after")
            }
            Self::NoMain => {
                f.write_str("there is no commit on a main branch, which the project is named after")
            }
        }
    }
}

impl std::error::Error for NoProject {}

impl NoProject {
    /// The command that helps, where there is one.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Git(_) => None,
            Self::File(_) => Some("mend .kittify/config.yaml"),
            Self::Shallow => Some("git fetch --unshallow"),
            Self::NoMain => Some("git config mission.mainBranch BRANCH"),
        }
    }
}

impl From<GitError> for NoProject {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

/// The project's UUID: `project.uuid` of `.kittify/config.yaml` (the committed one, else the one in the work tree),
/// else the version 5 UUID of `git-mission:<smallest root commit of main>` in the URL namespace.
pub fn project_uuid(repo: &Repo, standing: &Standing) -> Result<String, NoProject> {
    if let Some(text) = config_text(repo, standing)?
        && let Some(uuid) = ProjectFile::parse(&text).map_err(NoProject::File)?.uuid
    {
        return Ok(uuid);
    }
    let main = match standing.main_ref() {
        Some(name) => repo.commit(&name)?,
        None => None,
    };
    let commit = main.as_ref().or_else(|| standing.published_commit()).ok_or(NoProject::NoMain)?;
    let root = repo.smallest_root(commit)?.ok_or(NoProject::Shallow)?;
    Ok(uuid_from_url_name(&format!("git-mission:{root}")))
}

/// The text of `.kittify/config.yaml`: the committed one, else the one in the work tree.
pub(super) fn config_text(repo: &Repo, standing: &Standing) -> Result<Option<Vec<u8>>, GitError> {
    if let Some(tip) = standing.head.tip()
        && let Some(entry) = repo.entry_at(tip, ProjectFile::PATH.as_bytes())?
    {
        let readable = entry.mode.is_regular_file() && repo.blob_size(&entry.oid)? <= ProjectFile::MAX_BYTES;
        return if readable { repo.blob(&entry.oid).map(Some) } else { Ok(None) };
    }
    let Ok(top) = repo.top() else { return Ok(None) };
    let path = top.join(ProjectFile::PATH);
    let is_behind_a_link = path.parent().is_some_and(Path::is_symlink);
    match fs::symlink_metadata(&path) {
        Ok(found) if !is_behind_a_link && found.is_file() && found.len() <= ProjectFile::MAX_BYTES => {
            fs::read(&path).map(Some).map_err(|source| GitError::File { path, source })
        }
        _ => Ok(None),
    }
}
