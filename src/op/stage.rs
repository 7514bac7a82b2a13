//! What pre-commit does: every staged `meta.json` is refused or corrected in the index, before the commit is made.
//!
//! Works on staged blobs, never on work-tree text. Knows nothing about hooks or messages.

use std::collections::BTreeSet;

use super::apply;
use super::branch::Standing;
use super::correct::{Forebear, Mint, Numbers, Plan, Request, correct};
use super::snapshot::{MetaFile, Reader, Snapshot};
use crate::clock::Instant;
use crate::env::key;
use crate::git::{GitError, IndexAt, Oid, Repo, StagedChange};
use crate::mission::{MissionDir, SPECS};

/// The staged changes of `meta.json` files.
#[derive(Debug)]
pub struct Staged {
    tip: Option<Oid>,
    changes: Vec<(MissionDir, StagedChange)>,
}

impl Staged {
    /// Whether no `meta.json` is added or modified.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|(_, change)| change.new.is_none())
    }
}

/// Looks which `meta.json` files are staged. All that a commit costs that touches none.
pub fn staged(repo: &Repo) -> Result<Staged, GitError> {
    let tip = repo.commit("HEAD")?;
    let changes = repo.staged_changes(&IndexAt::Current, tip.as_ref(), SPECS)?;
    let of_mission = |change: StagedChange| Some((MissionDir::of_meta_path(&change.path)?, change));
    Ok(Staged { tip, changes: changes.into_iter().filter_map(of_mission).collect() })
}

impl Staged {
    /// The commit that will be followed.
    pub fn tip(&self) -> Option<&Oid> {
        self.tip.as_ref()
    }
}

/// Corrects what is staged. If the plan that is returned holds refusals, nothing was changed.
pub fn correct_staged(repo: &Repo, staged: Staged) -> Result<Plan, GitError> {
    let plan = plan(repo, staged, Mode::Write)?;
    if plan.refusals.is_empty() {
        apply::replace_staged(repo, &plan.rewrites)?;
    }
    Ok(plan)
}

/// Judges what is staged and changes nothing: for pre-merge-commit, whose changes to the index would not enter
/// the commit.
pub fn check_staged(repo: &Repo, staged: Staged) -> Result<Plan, GitError> {
    let plan = plan(repo, staged, Mode::Check)?;
    Ok(Plan { refusals: plan.refusals, rewrites: Vec::new() })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
}

fn plan(repo: &Repo, Staged { tip, changes }: Staged, mode: Mode) -> Result<Plan, GitError> {
    let reader = Reader::new(repo);
    let mut parents: Vec<(Oid, Snapshot)> = Vec::new();
    for commit in tip.iter().cloned().chain(repo.merge_heads()?) {
        let missions = reader.tree(&commit)?;
        parents.push((commit, missions));
    }
    let mut tree =
        parents.first().filter(|_| tip.is_some()).map(|(_, missions)| missions.clone()).unwrap_or_default();
    let (mut candidates, mut inherited) = (BTreeSet::new(), BTreeSet::new());
    for (dir, change) in changes {
        let Some((mode, oid)) = change.new else {
            tree.files.remove(&dir);
            continue;
        };
        let same = |missions: &Snapshot| {
            missions.files.get(&dir).is_some_and(|file| file.oid == oid && file.mode == mode)
        };
        if parents.iter().any(|(_, missions)| same(missions)) {
            inherited.insert(dir.clone());
        }
        let content = reader.content(mode, &oid)?;
        tree.files.insert(dir.clone(), MetaFile { mode, oid, content });
        candidates.insert(dir);
    }

    let config = repo.config()?;
    let standing = Standing::find(repo, &config)?;
    let published = match standing.published_commit() {
        Some(commit) => Some(reader.tree(commit)?),
        None => None,
    };
    let main = match standing.main_ref() {
        Some(name) if !standing.on_main() => match repo.commit(&name)? {
            Some(commit) => Some(reader.tree(&commit)?),
            None => None,
        },
        _ => None,
    };
    let holders: Vec<&Snapshot> =
        parents.iter().map(|(_, missions)| missions).chain(&published).chain(&main).collect();
    let settles = config.get(key::SETTLE).is_none_or(|value| !value.eq_ignore_ascii_case("off"));
    let numbers = if mode == Mode::Check || standing.main.is_none() {
        Numbers::Leave
    } else if !standing.on_main() {
        Numbers::Clear(&holders)
    } else if settles {
        let parent = parents.first().filter(|_| tip.is_some()).map(|(_, missions)| missions);
        Numbers::Settle { published: published.as_ref(), parent, repair: false }
    } else {
        Numbers::Leave
    };
    let forebears: Vec<Forebear<'_>> =
        parents.iter().map(|(commit, missions)| Forebear { commit, missions }).collect();
    correct(
        &reader,
        &Request {
            tree: &tree,
            candidates: &candidates,
            inherited: &inherited,
            forebears: &forebears,
            seed_from: tip.as_ref(),
            mint: Mint::Clock(Instant::now()),
            numbers,
            reformat: true,
        },
    )
}
