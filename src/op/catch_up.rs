//! What pre-commit would have done, done afterwards: one commit on top of main for everything that reached it
//! by a merge, a rebase or a commit that skipped the hook.
//!
//! Deterministic: ids come from recipes, dates from the commit that is followed. Knows nothing about hooks.

use std::fmt::Write as _;

use super::correct::{Forebear, Mint, Note, Numbers, Plan, Request, correct};
use super::snapshot::{Reader, Snapshot};
use super::unfinished::{self, First};
use super::{apply, follow};
use crate::git::{Config, GitError, NewCommit, Oid, Repo, Signing};
use crate::mission::{DirSet, MissionDir};

/// Which missions are caught up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those that the published main (without one: the parent) does not hold byte for byte. For hooks: a backlog
    /// that is published stays as it is.
    Unpublished,
    /// Those, and the numbers and ids of the rest. By hand.
    All,
}

/// What is caught up, and against what.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The commit whose missions are judged
    pub commit: &'a Oid,
    /// The published main, if there is one
    pub published: Option<&'a Oid>,
    /// The commit before, if there is one
    pub parent: Option<&'a Oid>,
    /// Which missions
    pub reach: Reach,
    /// Whether published duplicates are undone
    pub repair: bool,
}

/// Decides what has to be done on main. Files that cannot be read are among the refusals and are left alone.
pub fn plan(reader: &Reader<'_>, wanted: Wanted<'_>) -> Result<Plan, GitError> {
    let tree = reader.tree(wanted.commit)?;
    let read = |commit: Option<&Oid>| commit.map(|commit| reader.tree(commit)).transpose();
    // Often the same commit: what was pushed last is what the new one follows.
    let is_published = wanted.parent.is_some() && wanted.parent == wanted.published;
    let (published, parent) = (read(wanted.published)?, read(wanted.parent.filter(|_| !is_published))?);
    let parent = if is_published { published.as_ref() } else { parent.as_ref() };
    let forebear = match (&published, wanted.published, parent, wanted.parent) {
        (Some(missions), Some(commit), _, _) | (None, _, Some(missions), Some(commit)) => {
            Some(Forebear { commit, missions })
        }
        _ => None,
    };
    let (known, new) = split(&tree, forebear.map(|forebear| forebear.missions));
    let (candidates, inherited) = match wanted.reach {
        Reach::Unpublished => (new, DirSet::default()),
        Reach::All => (tree.files.keys().cloned().collect(), known),
    };
    correct(
        reader,
        &Request {
            tree: &tree,
            candidates: &candidates,
            inherited: &inherited,
            forebears: forebear.as_slice(),
            seed_from: Some(wanted.commit),
            mint: Mint::Recipe,
            numbers: Numbers::Settle { published: published.as_ref(), parent, repair: wanted.repair },
            reformat: true,
        },
    )
}

/// The missions that `forebear` holds byte for byte, and the others.
pub(super) fn split(tree: &Snapshot, forebear: Option<&Snapshot>) -> (DirSet, DirSet) {
    let same = |dir: &MissionDir| {
        forebear.is_some_and(|forebear| match (forebear.files.get(dir), tree.files.get(dir)) {
            (Some(before), Some(now)) => before.oid == now.oid && before.mode == now.mode,
            _ => false,
        })
    };
    tree.files.keys().cloned().partition(same)
}

/// Commits the rewrites on top of `head`, which `branch` (full name, checked out here) must still be at, and lets
/// index and work tree follow where nobody has edited. A signature may take its time only if somebody sits
/// `at_terminal`.
pub fn commit(
    repo: &Repo,
    config: &Config,
    branch: &str,
    head: &Oid,
    plan: &Plan,
    at_terminal: bool,
) -> Result<Option<Oid>, GitError> {
    if plan.rewrites.is_empty() {
        return Ok(None);
    }
    let files = apply::write_blobs(repo, &plan.rewrites)?;
    let signing = match (config.flag("commit.gpgsign"), at_terminal) {
        (Some(true), true) => Signing::Patient,
        (Some(true), false) => Signing::Brief,
        _ => Signing::Off,
    };
    let commit =
        repo.make_commit(&NewCommit { parent: head, files: &files, message: &message(plan), signing })?;
    repo.wait_for_index()?;
    let old = plan.rewrites.iter().map(|rewrite| &rewrite.old);
    let note = unfinished::begin(repo, &First::Head(commit.clone()), old, &files, &[])?;
    repo.move_ref(branch, &commit, head, "git-mission: settle")?;
    follow::follow(repo, Some(&commit), &plan.rewrites, &files)?;
    note.done()?;
    Ok(Some(commit))
}

/// Stages the rewrites, without losing what is staged or edited.
pub fn stage(repo: &Repo, plan: &Plan) -> Result<(), GitError> {
    let files = apply::write_blobs(repo, &plan.rewrites)?;
    follow::follow(repo, None, &plan.rewrites, &files)
}

/// The message: the same for the same changes, on every machine.
fn message(plan: &Plan) -> String {
    let count = |wanted: fn(&Note) -> bool| {
        plan.rewrites.iter().flat_map(|rewrite| &rewrite.notes).filter(|note| wanted(note)).count()
    };
    let given = count(|note| matches!(note, Note::Numbered { to: Some(_), .. }));
    let cleared = count(|note| matches!(note, Note::Numbered { to: None, .. }));
    let (verb, many, what) = match (given, cleared) {
        (0, 0) => ("bring up to date", plan.rewrites.len(), "mission"),
        (0, _) => ("clear", cleared, "number"),
        _ => ("settle", given, "number"),
    };
    let subject = format!("missions: {verb} {many} {what}{}", if many == 1 { "" } else { "s" });
    let mut text = format!("{subject}\n\n");
    for rewrite in &plan.rewrites {
        let notes: Vec<String> = rewrite.notes.iter().map(ToString::to_string).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}: {}", rewrite.dir.name_lossy(), notes.join(", "));
    }
    text
}
