//! What pre-commit does: every staged `meta.json` is refused or corrected in the index, before the commit is made.
//!
//! Works on staged blobs, never on work-tree text. Knows nothing about hooks or messages.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::apply;
use super::branch::Standing;
use super::correct::{Forebear, Mint, Numbers, Plan, Request, correct};
use super::materialize::DERIVED;
use super::snapshot::{EVENT_LOG, Reader, Snapshot};
use crate::clock::Instant;
use crate::env::key;
use crate::git::{GitError, IndexAt, Oid, Repo, StagedChange};
use crate::id::MissionId;
use crate::mission::{DirSet, MissionDir, SPECS, is_event_log};

/// The staged changes of `meta.json` files.
#[derive(Debug)]
pub struct Staged {
    pub(super) tip: Option<Oid>,
    /// The other parents, if this is a merge
    pub(super) merged: Vec<Oid>,
    changes: Vec<(MissionDir, StagedChange)>,
    /// The staged changes of event logs
    pub(super) logs: Vec<StagedChange>,
    /// The missions of which something is staged that `status.json` is made of, or that file itself
    derived: BTreeSet<MissionDir>,
}

impl Staged {
    /// Whether there is nothing to judge: no `meta.json` is added or modified, and no other parent could lose one.
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty() && self.changes.iter().all(|(_, change)| change.new.is_none())
    }
}

/// Looks which `meta.json` files are staged. All that a commit costs that touches none.
pub fn staged(repo: &Repo) -> Result<Staged, GitError> {
    let tip = repo.commit("HEAD")?;
    let changes = repo.staged_changes(&IndexAt::Current, tip.as_ref(), SPECS)?;
    let derived = changes.iter().filter_map(|change| has_derived(&change.path)).collect();
    let (logs, changes): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|change| is_event_log(&change.path));
    let of_mission = |change: StagedChange| Some((MissionDir::of_meta_path(&change.path)?, change));
    let changes = changes.into_iter().filter_map(of_mission).collect();
    Ok(Staged { tip, merged: repo.merge_heads()?, changes, logs, derived })
}

/// The mission whose `status.json` may say something else after a change of this file.
fn has_derived(path: &[u8]) -> Option<MissionDir> {
    let (dir, inside) = MissionDir::containing(path)?;
    let parts = [b"meta.json".as_slice(), EVENT_LOG.as_bytes(), DERIVED.as_bytes()];
    parts.contains(&inside).then_some(dir)
}

impl Staged {
    /// The missions whose `status.json` may have to be rebuilt.
    pub fn derived(&self) -> &BTreeSet<MissionDir> {
        &self.derived
    }

    /// Whether the commit will have more than one parent.
    pub fn is_merge(&self) -> bool {
        !self.merged.is_empty()
    }

    /// The commit that will be followed.
    pub fn tip(&self) -> Option<&Oid> {
        self.tip.as_ref()
    }
}

/// Corrects what is staged. If the plan that is returned holds refusals, nothing was changed.
pub fn correct_staged(repo: &Repo, staged: Staged) -> Result<Plan, GitError> {
    let plan = plan(repo, staged, Mode::Write)?;
    if plan.refusals.is_empty() {
        let replacements: Vec<_> = plan.rewrites.iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        apply::replace_staged(repo, &replacements)?;
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

fn plan(repo: &Repo, Staged { tip, merged, changes, .. }: Staged, mode: Mode) -> Result<Plan, GitError> {
    let reader = Reader::beside_index(repo);
    let mut parents: Vec<(Oid, Snapshot)> = Vec::new();
    for commit in tip.iter().cloned().chain(merged) {
        let missions = reader.tree(&commit)?;
        parents.push((commit, missions));
    }
    let mut tree =
        parents.first().filter(|_| tip.is_some()).map(|(_, missions)| missions.clone()).unwrap_or_default();
    let (mut candidates, mut inherited) = (DirSet::default(), DirSet::default());
    let mut updates = Vec::with_capacity(changes.len());
    for (dir, change) in changes {
        let Some((mode, oid)) = change.new else {
            updates.push((dir, None));
            continue;
        };
        let same = |missions: &Snapshot| {
            missions.files.get(&dir).is_some_and(|file| file.oid == oid && file.mode == mode)
        };
        if parents.iter().any(|(_, missions)| same(missions)) {
            inherited.insert(dir.clone(), ());
        }
        updates.push((dir.clone(), Some(reader.file(mode, oid)?)));
        candidates.insert(dir, ());
    }
    tree.files.update(updates);
    let held = ids_that_hold(repo, &reader, &parents)?;
    for dir in lost(&tree, &held) {
        // Taken whole from the first parent, so no change as git sees it.
        if candidates.insert(dir.clone(), ()).is_none() {
            inherited.insert(dir, ());
        }
    }

    let config = repo.settings()?;
    let standing = Standing::find(repo, &config)?;
    let published = match standing.published_commit() {
        // What is committed first after a push follows what is published.
        Some(commit) => Some(match parents.iter().find(|(parent, _)| parent == commit) {
            Some((_, missions)) => Cow::Borrowed(missions),
            None => Cow::Owned(reader.tree_as_fetched(commit)?),
        }),
        None => None,
    };
    let main = match standing.main_ref() {
        Some(name) if !standing.on_main() => match repo.commit(&name)? {
            Some(commit) => Some(reader.tree_as_fetched(&commit)?),
            None => None,
        },
        _ => None,
    };
    let holders: Vec<&Snapshot> =
        parents.iter().map(|(_, missions)| missions).chain(published.as_deref()).chain(&main).collect();
    let settles = config.get(key::SETTLE).is_none_or(|value| !value.eq_ignore_ascii_case("off"));
    let numbers = if mode == Mode::Check || standing.main.is_none() {
        Numbers::Leave
    } else if !standing.on_main() {
        Numbers::Clear(&holders)
    } else if settles {
        let parent = parents.first().filter(|_| tip.is_some()).map(|(_, missions)| missions);
        Numbers::Settle { published: published.as_deref(), parent, repair: false }
    } else {
        Numbers::Leave
    };
    let forebears: Vec<Forebear<'_>> =
        parents.iter().zip(&held).map(|((commit, _), missions)| Forebear { commit, missions }).collect();
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

/// The missions of each parent whose ids the commit has to keep: all of the first parent; of another one those that
/// the first parent has not replaced since their histories parted, for that was decided when it was committed.
fn ids_that_hold<'p>(
    repo: &Repo,
    reader: &Reader<'_>,
    parents: &'p [(Oid, Snapshot)],
) -> Result<Vec<Cow<'p, Snapshot>>, GitError> {
    let Some(((tip, first), others)) = parents.split_first() else { return Ok(Vec::new()) };
    let mut held = vec![Cow::Borrowed(first)];
    for (commit, other) in others {
        let mut kept = Cow::Borrowed(other);
        let differing = differing_ids(first, other);
        if !differing.is_empty()
            && let Some(base) = repo.merge_base(tip, commit)?
        {
            let base = reader.tree(&base)?;
            let replaced = differing.into_iter().filter(|dir| id_in(&base, dir) == id_in(other, dir));
            let replaced: Vec<_> = replaced.map(|dir| (dir.clone(), None)).collect();
            if !replaced.is_empty() {
                kept.to_mut().files.update(replaced);
            }
        }
        held.push(kept);
    }
    Ok(held)
}

/// The paths at which both trees have an id, and not the same.
fn differing_ids<'a>(one: &Snapshot, other: &'a Snapshot) -> Vec<&'a MissionDir> {
    let differ = |dir: &&MissionDir| match (id_in(one, dir), id_in(other, dir)) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    other.files.keys().filter(differ).collect()
}

/// The paths that are still there, but hold another id than one of these trees, whose id is at no other path.
fn lost(tree: &Snapshot, held: &[Cow<'_, Snapshot>]) -> BTreeSet<MissionDir> {
    if held.len() < 2 {
        return BTreeSet::new();
    }
    let present: BTreeSet<MissionId> = tree.files.keys().filter_map(|dir| id_in(tree, dir)).collect();
    let is_lost = |missions: &Snapshot, dir: &MissionDir| {
        tree.files.contains_key(dir) && id_in(missions, dir).is_some_and(|id| !present.contains(&id))
    };
    held.iter()
        .skip(1)
        .flat_map(|missions| missions.files.keys().filter(|dir| is_lost(missions, dir)))
        .cloned()
        .collect()
}

fn id_in(missions: &Snapshot, dir: &MissionDir) -> Option<MissionId> {
    missions.files.get(dir)?.id()
}
