//! Numbers of missions on branches other than main, which may not give any: cleared, or as main has them.
//!
//! Knows nothing about commits and hooks.

use super::correct::{Note, Work};
use super::draft::Draft;
use super::snapshot::Snapshot;
use crate::mission::MissionDir;
use crate::mission::settle::{Claim, is_held};

/// Clears what none of these trees holds.
pub(super) fn cleared(work: &Work, trees: &[&Snapshot]) -> Vec<(MissionDir, Option<u64>)> {
    let claims: Vec<Vec<Claim>> = trees.iter().map(|tree| tree.claims()).collect();
    let claims: Vec<&[Claim]> = claims.iter().map(Vec::as_slice).collect();
    let stray = |dir: &MissionDir, draft: &Draft| {
        let claim = draft.claim(dir);
        claim.number.is_some() && !is_held(&claim, &claims)
    };
    work.iter().filter(|(dir, (draft, _))| stray(dir, draft)).map(|(dir, _)| (dir.clone(), None)).collect()
}

/// Puts numbers back that main had given when the branch left it at `fork`, and clears what main does not hold.
pub(super) fn given_back(work: &Work, main: &Snapshot, fork: &Snapshot) -> Vec<(MissionDir, Option<u64>)> {
    let (main, fork) = (main.claims(), fork.claims());
    let was_given = |claim: &Claim| same_mission(&fork, claim).any(|before| before.number.is_some());
    let changed = |(dir, (draft, _)): (&MissionDir, &(Draft, Vec<Note>))| {
        let claim = draft.claim(dir);
        if claim.number.is_some() && is_held(&claim, &[&main]) {
            return None;
        }
        let of_main = same_mission(&main, &claim).find_map(|there| there.number);
        let to = of_main.filter(|_| was_given(&claim));
        (claim.number != to).then(|| (dir.clone(), to))
    };
    work.iter().filter_map(changed).collect()
}

/// What a tree says about the same mission: by its id; by its path, where one of both has none.
fn same_mission<'a>(tree: &'a [Claim], claim: &Claim) -> impl Iterator<Item = &'a Claim> {
    tree.iter().filter(move |other| match (other.id, claim.id) {
        (Some(other), Some(id)) => other == id,
        _ => other.dir == claim.dir,
    })
}
