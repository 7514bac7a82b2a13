//! Who says it: the checkout, the machine, the project, the branch and the commit that go around every event.

use std::io;
use std::path::PathBuf;

use super::branch::Standing;
use super::project;
use crate::env::place;
use crate::event::Envelope;
use crate::git::{Config, GitError, Oid, Repo};
use crate::identity::{build_id, node_id};

const HEADS: &str = "refs/heads/";

/// The envelope of everything that this checkout says at `commit`.
pub fn envelope(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    project_uuid: &str,
    commit: &Oid,
) -> Result<Envelope, GitError> {
    let failed = |source: io::Error| {
        let path = repo.git_dir().join(place::HOME).join(place::BUILD_ID);
        GitError::File { path, source }
    };
    let origin = config.get("remote.origin.url");
    let directory: Option<PathBuf> = repo.top().ok().map(std::path::Path::to_owned);
    let directory = directory.as_deref().and_then(|top| top.file_name()).map(|name| name.to_string_lossy());
    let branch = standing.head.branch().unwrap_or_default();
    Ok(Envelope {
        build_id: build_id(repo.git_dir()).map_err(failed)?,
        node_id: node_id(),
        project_uuid: project_uuid.to_owned(),
        project_slug: project::configured_slug(repo, standing)
            .or_else(|| origin.and_then(last_part).map(|name| slug(&name)))
            .or_else(|| directory.map(|name| slug(&name))),
        repo_slug: origin.and_then(owner_and_name),
        git_branch: branch.strip_prefix(HEADS).unwrap_or(branch).to_owned(),
        head_commit_sha: commit.to_string(),
        commit_time: repo.commit_time(commit)?.to_iso(),
    })
}

/// The parts of a URL's path, or of the path in `host:path`, without `.git`.
fn path_parts(url: &str) -> Vec<&str> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url.split_once(':').map_or(url, |(_, path)| path),
    };
    let path = path.trim_end_matches('/');
    path.strip_suffix(".git").unwrap_or(path).split('/').filter(|part| !part.is_empty()).collect()
}

fn last_part(url: &str) -> Option<String> {
    path_parts(url).last().map(|part| (*part).to_owned())
}

/// `owner/name` of a URL that names a host; a path on this machine has no owner.
fn owner_and_name(url: &str) -> Option<String> {
    let names_a_host = match url.split_once("://") {
        Some((scheme, _)) => scheme != "file",
        None => url.split_once(':').is_some_and(|(host, _)| host.len() > 1 && !host.contains('/')),
    };
    match path_parts(url)[..] {
        [.., owner, name] if names_a_host => Some(format!("{owner}/{name}")),
        _ => None,
    }
}

fn slug(name: &str) -> String {
    name.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_come_from_the_origin() {
        for (url, owner, last) in [
            ("https://host.example/Acme/My_App.git", Some("Acme/My_App"), "My_App"),
            ("https://user:secret@host.example:8443/group/sub/app/", Some("sub/app"), "app"),
            ("git@host.example:acme/app.git", Some("acme/app"), "app"),
            ("ssh://git@host.example:22/acme/app", Some("acme/app"), "app"),
            ("/srv/git/acme/app.git", None, "app"),
            ("file:///srv/git/acme/app.git", None, "app"),
            ("../app", None, "app"),
        ] {
            assert_eq!(owner_and_name(url).as_deref(), owner, "{url}");
            assert_eq!(last_part(url).as_deref(), Some(last), "{url}");
        }
        assert_eq!(slug("My_Great App"), "my-great-app");
    }
}
