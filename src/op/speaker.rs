//! Who says it: the checkout, the machine, the project, the branch and the commit that go around every event.

use super::branch::Standing;
use super::identity::{build_id, identity};
use crate::event::Envelope;
use crate::git::{Config, GitError, Oid, Repo};

const HEADS: &str = "refs/heads/";

/// The envelope of everything that this checkout says at `commit`.
pub fn envelope(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    project_uuid: &str,
    commit: &Oid,
) -> Result<Envelope, GitError> {
    let who = identity(repo, config, standing)?;
    let branch = standing.head.branch().unwrap_or_default();
    Ok(Envelope {
        build_id: build_id(repo)?,
        node_id: who.node_id,
        project_uuid: project_uuid.to_owned(),
        project_slug: Some(who.project_slug),
        repo_slug: who.repo_slug,
        git_branch: branch.strip_prefix(HEADS).unwrap_or(branch).to_owned(),
        head_commit_sha: commit.to_string(),
        commit_time: repo.commit_time(commit)?.to_iso(),
    })
}
