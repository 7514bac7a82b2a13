//! Which branch is main, whether HEAD is on it, and what counts as published.
//!
//! Knows nothing about missions.

use crate::env::key;
use crate::git::{Config, GitError, Head, Oid, Repo};

const HEADS: &str = "refs/heads/";

/// Where the repository stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// HEAD
    pub head: Head,
    /// The short name of main, if there is one; without it no number is settled or cleared
    pub main: Option<String>,
    /// The ref that counts as published main, with its commit, if there is one
    pub published: Option<(String, Oid)>,
}

impl Standing {
    /// Asks git.
    pub fn find(repo: &Repo, config: &Config) -> Result<Self, GitError> {
        let head = repo.head()?;
        let main = main_branch(repo, config, &head)?;
        let published = match &main {
            Some(main) => published(repo, config, main)?,
            None => None,
        };
        Ok(Self { head, main, published })
    }

    /// Whether HEAD is on main.
    pub fn on_main(&self) -> bool {
        match (&self.main, self.head.branch().and_then(|name| name.strip_prefix(HEADS))) {
            (Some(main), Some(branch)) => main == branch,
            _ => false,
        }
    }

    /// The full name of main.
    pub fn main_ref(&self) -> Option<String> {
        self.main.as_ref().map(|main| format!("{HEADS}{main}"))
    }

    /// What main holds: the published main, without one main itself.
    pub fn tip_of_main(&self, repo: &Repo) -> Result<Option<Oid>, GitError> {
        match (self.published_commit(), self.main_ref()) {
            (Some(published), _) => Ok(Some(published.clone())),
            (None, Some(main)) => repo.commit(&main),
            (None, None) => Ok(None),
        }
    }

    /// The commit that counts as published main.
    pub fn published_commit(&self) -> Option<&Oid> {
        self.published.as_ref().map(|(_, commit)| commit)
    }
}

/// `mission.mainBranch`, else the branch of `origin`'s HEAD (in a bare repository: of its own, which its clones take for
/// main), else `main`, else `master`, else none. The last two count if they exist or are HEAD's unborn branch.
fn main_branch(repo: &Repo, config: &Config, head: &Head) -> Result<Option<String>, GitError> {
    const ORIGIN: &str = "refs/remotes/origin/";
    if let Some(name) = config.get(key::MAIN_BRANCH).filter(|name| !name.is_empty()) {
        return Ok(Some(name.trim_start_matches(HEADS).to_owned()));
    }
    if config.get("remote.origin.url").is_some()
        && let Some(target) = repo.symbolic_ref(&format!("{ORIGIN}HEAD"))?
        && let Some(name) = target.strip_prefix(ORIGIN)
    {
        return Ok(Some(name.to_owned()));
    }
    if let (Err(GitError::Bare), Head::Branch(name, Some(_))) = (repo.top(), head) {
        return Ok(name.strip_prefix(HEADS).map(str::to_owned));
    }
    for name in ["main", "master"] {
        let full = format!("{HEADS}{name}");
        if head.branch() == Some(&full) || repo.commit(&full)?.is_some() {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// `mission.authority`, else main's upstream, else main of the push remote.
fn published(repo: &Repo, config: &Config, main: &str) -> Result<Option<(String, Oid)>, GitError> {
    let mut candidates = Vec::new();
    if let Some(authority) = config.get(key::AUTHORITY).filter(|name| !name.is_empty()) {
        candidates.push(authority.to_owned());
    } else {
        if config.get(&format!("branch.{main}.merge")).is_some() {
            candidates.extend(repo.upstream_of(main, config)?);
        }
        if let Some(remote) = push_remote(config) {
            candidates.push(format!("refs/remotes/{remote}/{main}"));
        }
    }
    for name in candidates {
        if let Some(commit) = repo.commit(&name)? {
            return Ok(Some((name, commit)));
        }
    }
    Ok(None)
}

/// The remote that pushes go to: `remote.pushDefault`, else `origin`, else the only one.
pub fn push_remote(config: &Config) -> Option<String> {
    if let Some(name) = config.get("remote.pushdefault") {
        return Some(name.to_owned());
    }
    let mut remotes: Vec<&str> = config
        .with_prefix("remote.")
        .filter_map(|(key, _)| key.strip_prefix("remote.")?.strip_suffix(".url"))
        .collect();
    remotes.sort_unstable();
    remotes.dedup();
    match remotes[..] {
        [only] => Some(only.to_owned()),
        _ => remotes.contains(&"origin").then(|| "origin".to_owned()),
    }
}
