//! Which commits are being brought together: a merge, a rebase, a cherry-pick or a revert that has stopped.
//!
//! Knows nothing about the index or about what is in the commits.

use std::fmt;

use crate::git::{GitError, Oid, Repo};

/// What git was asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// `git merge`
    Merge,
    /// `git rebase`, with either backend
    Rebase,
    /// `git cherry-pick`
    CherryPick,
    /// `git revert`
    Revert,
}

impl Doing {
    /// The word, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Rebase => "rebase",
            Self::CherryPick => "cherry-pick",
            Self::Revert => "revert",
        }
    }
}

/// The commits that come together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// By which command
    pub doing: Doing,
    /// What is merged into: HEAD, or in a rebase what was built up on the new base so far
    pub ours: Oid,
    /// What is merged
    pub theirs: Oid,
    /// What the two are compared with: none if they share no history, several after criss-cross merges
    pub bases: Vec<Oid>,
    /// Further commits that an octopus merge brings in
    pub more: usize,
}

impl fmt::Display for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let theirs = &self.theirs.as_str()[..10];
        match self.doing {
            Doing::Merge => write!(f, "merging {theirs}"),
            Doing::Rebase => write!(f, "rebasing {theirs}"),
            Doing::CherryPick => write!(f, "picking {theirs}"),
            Doing::Revert => write!(f, "reverting to {theirs}"),
        }
    }
}

impl Joining {
    /// What is in progress; `None` if nothing is, or if git did not note the commits (`stash pop`, `checkout -m`,
    /// `am -3`).
    pub fn find(repo: &Repo) -> Result<Option<Self>, GitError> {
        let Some(ours) = repo.commit("HEAD")? else { return Ok(None) };
        if let Some((theirs, more)) = repo.merge_heads()?.split_first() {
            let bases = repo.merge_bases(&ours, theirs)?;
            return Ok(Some(Self {
                doing: Doing::Merge,
                ours,
                theirs: theirs.clone(),
                bases,
                more: more.len(),
            }));
        }
        let rebasing = ["rebase-merge", "rebase-apply"].iter().any(|name| repo.git_dir().join(name).is_dir());
        let picking = repo.commit("CHERRY_PICK_HEAD")?;
        let reverted = repo.commit("REVERT_HEAD")?;
        let stopped_at = if rebasing { repo.commit("REBASE_HEAD")? } else { None };
        // A rebase that stopped for an edit lets one pick and revert others; REBASE_HEAD is then in HEAD already.
        let picked = match (picking, stopped_at) {
            (Some(commit), stopped_at) if stopped_at.as_ref() != Some(&commit) => {
                Some((Doing::CherryPick, commit))
            }
            (_, Some(commit)) if reverted.is_none() => Some((Doing::Rebase, commit)),
            _ => None,
        };
        if let Some((doing, theirs)) = picked {
            // Of a merge commit that is picked, its first parent: the side that `-m 1` names.
            let bases = repo.parents(&theirs)?.into_iter().take(1).collect();
            return Ok(Some(Self { doing, ours, theirs, bases, more: 0 }));
        }
        let Some(reverted) = reverted else { return Ok(None) };
        let Some(theirs) = repo.parents(&reverted)?.into_iter().next() else { return Ok(None) };
        Ok(Some(Self { doing: Doing::Revert, ours, theirs, bases: vec![reverted], more: 0 }))
    }
}
