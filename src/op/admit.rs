//! What a push may not bring to main, and the command that gets out of it.
//!
//! The rules are [`crate::mission::breach`]'s; this finds the trees to judge against, and tries in memory what
//! settling would make of the pushed commit. Knows nothing about hooks and messages.

use super::branch::Standing;
use super::catch_up::{self, Reach, Wanted};
use super::snapshot::{Content, Reader, Snapshot};
use crate::git::{GitError, Oid, Repo};
use crate::mission::breach::{Breach, added};
use crate::mission::settle::Claim;
use crate::mission::{IdField, MissionDir, NumberField};

/// One push to main.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// The commit that is pushed
    pub head: &'a Oid,
    /// What main is on the other side, if it exists there; it need not be known here
    pub old: Option<&'a Oid>,
    /// Whether the other side is where main is published: a backup has no say in what holds
    pub to_authority: bool,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What the push would add
    pub breaches: Vec<Breach>,
    /// What gets out of it
    pub way_out: WayOut,
    /// Whether main on the other side holds commits that are not known here, so that they have to be pulled
    pub behind: bool,
}

/// What gets out of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayOut {
    /// Settling, with `repair` where a plain one would not help
    Settle {
        /// Whether `--repair` is needed
        repair: bool,
    },
    /// Files that only their author can mend
    Mend(Vec<MissionDir>),
}

/// Judges a push against what the other side has and against the published main.
pub fn judge(repo: &Repo, standing: &Standing, push: Push<'_>) -> Result<Verdict, GitError> {
    let reader = Reader::new(repo);
    let old = match push.old {
        Some(old) => repo.commit(old.as_str())?,
        None => None,
    };
    let behind = match (push.old, &old) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(_), Some(old)) => !repo.is_ancestor(old, push.head)?,
    };
    let references = References::of(push, old.as_ref(), standing.published_commit());
    let holding = references.held.map(|commit| reader.tree(commit)).transpose()?;
    let holding: Option<Vec<Claim>> = holding.as_ref().map(Snapshot::claims);
    let copy = references.copy.map(|commit| reader.tree(commit)).transpose()?;
    let copy: Option<Vec<Claim>> = copy.as_ref().map(Snapshot::claims);
    let before: Vec<&[Claim]> = holding.iter().map(Vec::as_slice).collect();
    let present: Vec<&[Claim]> = holding.iter().chain(&copy).map(Vec::as_slice).collect();
    let judge = |claims: &[Claim]| added(claims, &before, &present);
    let head = reader.tree(push.head)?;
    let breaches = judge(&head.claims());
    let way_out = if breaches.is_empty() {
        WayOut::Settle { repair: false }
    } else {
        way_out(repo, &reader, push, references.held.filter(|_| standing.published.is_some()), judge)?
    };
    Ok(Verdict { breaches, way_out, behind })
}

/// The commits to judge against.
struct References<'a> {
    /// Whose ids and numbers hold: what the authority has, as far as it is known here
    held: Option<&'a Oid>,
    /// What else shows what is no news
    copy: Option<&'a Oid>,
}

impl<'a> References<'a> {
    fn of(push: Push<'_>, old: Option<&'a Oid>, published: Option<&'a Oid>) -> Self {
        match (old, published) {
            // The tracking ref may be behind what the authority says now.
            (Some(old), Some(_)) if push.to_authority => Self { held: Some(old), copy: None },
            (old, Some(published)) => Self { held: Some(published), copy: old },
            (old, None) => Self { held: old, copy: None },
        }
    }
}

/// Tries what settling would do, first without, then with `--repair`.
///
/// `published` is what counts as published after the fetch that the hint begins with.
fn way_out(
    repo: &Repo,
    reader: &Reader<'_>,
    push: Push<'_>,
    published: Option<&Oid>,
    judge: impl Fn(&[Claim]) -> Vec<Breach>,
) -> Result<WayOut, GitError> {
    let head = reader.tree(push.head)?;
    let parent = repo.commit(&format!("{}^1", push.head))?;
    for repair in [false, true] {
        let (commit, parent) = (push.head, parent.as_ref());
        let plan = catch_up::plan(reader, Wanted { commit, published, parent, reach: Reach::All, repair })?;
        let claims: Vec<Claim> = head
            .files
            .iter()
            .filter_map(|(dir, file)| match plan.rewrites.binary_search_by(|rewrite| rewrite.dir.cmp(dir)) {
                Ok(at) => Some(plan.rewrites[at].draft.claim(dir)),
                Err(_) => file.claim(dir),
            })
            .collect();
        if judge(&claims).is_empty() {
            return Ok(WayOut::Settle { repair });
        }
    }
    let broken: Vec<MissionDir> =
        head.files.iter().filter(|(_, file)| is_broken(file.content())).map(|(dir, _)| dir.clone()).collect();
    Ok(if broken.is_empty() { WayOut::Settle { repair: true } } else { WayOut::Mend(broken) })
}

/// Whether settling leaves a file alone because of what stands in it.
fn is_broken(content: &Content) -> bool {
    match content.meta() {
        Some(meta) => {
            matches!(meta.id(), IdField::Invalid(_)) || matches!(meta.number(), NumberField::Invalid(_))
        }
        None => true,
    }
}
