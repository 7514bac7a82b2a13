//! Who speaks: the project, this checkout of it, this machine.
//!
//! The project's identity is agreed on by all clones ([`super::project`]); that of the checkout is its own and never
//! leaves it by a tracked file.

use std::io;
use std::path::PathBuf;

use super::branch::Standing;
use super::project::config_text;
use super::work_file::{Found, WorkFile};
use crate::git::{Config, GitError, IndexAt, Repo};
use crate::id::random_uuid;
use crate::identity::{BuildRecord, ProjectFile, node_id, project_slug, repo_slug, with_build_id};

/// What this checkout calls itself, apart from the project's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The project's name
    pub project_slug: String,
    /// `owner/name` of `origin`
    pub repo_slug: Option<String>,
    /// The machine and its user
    pub node_id: String,
    /// This checkout, if it was named before
    pub build_id: Option<String>,
    /// The kind of tracker that the project says it uses
    pub tracker: Option<String>,
}

/// Reads it. Writes nothing.
pub fn identity(repo: &Repo, config: &Config, standing: &Standing) -> Result<Identity, GitError> {
    let file =
        config_text(repo, standing)?.and_then(|text| ProjectFile::parse(&text).ok()).unwrap_or_default();
    let origin = config.get("remote.origin.url");
    let directory = repo.top().unwrap_or_else(|_| repo.git_dir());
    let directory = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Identity {
        project_slug: file.slug.unwrap_or_else(|| project_slug(origin, &directory)),
        repo_slug: origin.and_then(repo_slug),
        node_id: node_id(),
        build_id: match own_record(repo)? {
            Stored::Own(record) => Some(record.id),
            Stored::Nothing | Stored::Copied => None,
        },
        tracker: file.tracker,
    })
}

/// The id of this checkout: the one that its git directory keeps, unless the checkout was copied with it; else that
/// of an untracked `.kittify/config.yaml`; else a new one, which such a file then gets.
pub fn build_id(repo: &Repo) -> Result<String, GitError> {
    let stored = own_record(repo)?;
    if let Stored::Own(record) = stored {
        return Ok(record.id);
    }
    let file = untracked_file(repo)?;
    // A copy brings the file along too, with the id of the checkout that was copied.
    let known = match (&stored, &file) {
        (Stored::Nothing, Some(file)) => ProjectFile::parse(file.bytes()).ok().and_then(|said| said.build_id),
        _ => None,
    };
    let known = known.filter(|id| is_plain(id) && !is_taken(repo, id));
    let id = known.clone().unwrap_or_else(random_uuid);
    let record = BuildRecord::new(id.clone(), repo.git_dir()).map_err(failure(repo.git_dir()))?;
    let place = BuildRecord::place(repo.git_dir());
    repo.make_directory(place.parent().unwrap_or(&place))?;
    record.write(repo.git_dir()).map_err(failure(BuildRecord::place(repo.git_dir())))?;
    if let (None, Some(file)) = (known, file)
        && let Ok(text) = with_build_id(file.bytes(), &id)
    {
        file.replace(&text)?;
    }
    Ok(id)
}

/// Whether this checkout was copied with its id and has not got one of its own yet.
pub fn is_copied(repo: &Repo) -> Result<bool, GitError> {
    Ok(matches!(own_record(repo)?, Stored::Copied))
}

/// The build id that the tracked `.kittify/config.yaml` gives to every clone, if it does.
pub fn shared_build_id(repo: &Repo) -> Result<Option<String>, GitError> {
    let Some(entry) = repo.index_entries(&IndexAt::Current, &[ProjectFile::PATH.as_bytes()])?.pop() else {
        return Ok(None);
    };
    if !entry.mode.is_regular_file() || repo.blob_size(&entry.oid)? > ProjectFile::MAX_BYTES {
        return Ok(None);
    }
    Ok(ProjectFile::parse(&repo.blob(&entry.oid)?).ok().and_then(|said| said.build_id))
}

/// The record of this checkout.
enum Stored {
    Nothing,
    Own(BuildRecord),
    Copied,
}

fn failure(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> GitError {
    let path = path.into();
    move |source| GitError::File { path, source }
}

fn own_record(repo: &Repo) -> Result<Stored, GitError> {
    let git_dir = repo.git_dir();
    let failed = || failure(BuildRecord::place(git_dir));
    Ok(match BuildRecord::read(git_dir).map_err(failed())? {
        None => Stored::Nothing,
        Some(record) if record.is_of(git_dir).map_err(failed())? => Stored::Own(record),
        Some(_) => Stored::Copied,
    })
}

/// `.kittify/config.yaml`, if it lies in the work tree and neither the index nor HEAD knows it.
fn untracked_file(repo: &Repo) -> Result<Option<WorkFile>, GitError> {
    let path = ProjectFile::PATH.as_bytes();
    if repo.top().is_err() || !repo.index_entries(&IndexAt::Current, &[path])?.is_empty() {
        return Ok(None);
    }
    if let Some(head) = repo.commit("HEAD")?
        && repo.entry_at(&head, path)?.is_some()
    {
        return Ok(None);
    }
    match WorkFile::read(repo, path)? {
        Found::File(file) if file.bytes().len() as u64 <= ProjectFile::MAX_BYTES => Ok(Some(file)),
        _ => Ok(None),
    }
}

fn is_plain(id: &str) -> bool {
    id.len() <= 128 && !id.contains(char::is_control)
}

/// Whether another work tree of this repository goes by this id: its file was copied from there.
fn is_taken(repo: &Repo, id: &str) -> bool {
    let linked = std::fs::read_dir(repo.common_dir().join("worktrees")).into_iter().flatten().flatten();
    let all = linked.map(|entry| entry.path()).chain([repo.common_dir().to_owned()]);
    all.filter(|git_dir| git_dir != repo.git_dir())
        .any(|git_dir| BuildRecord::read(&git_dir).ok().flatten().is_some_and(|record| record.id == id))
}
