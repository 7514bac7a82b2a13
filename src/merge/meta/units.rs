//! Keys that belong together and are taken whole: who accepted a mission, and where its work lies. Half of one
//! acceptance beside half of another would say what nobody said. Knows nothing about other keys.

use super::rules::{MetaRules, instant};
use crate::json::Value;
use crate::merge::doc::{Members, Slot};
use crate::merge::outcome::Outcome;
use crate::merge::report::{Rule, Winner};
use crate::merge::sides::Sides;
use crate::merge::three_way::{Merger, Rules};

/// When a mission was accepted; decides between two acceptances.
pub(super) const ACCEPTED_AT: &str = "accepted_at";
const FLATTENED: &str = "flattened";

const ACCEPTANCE: [&str; 5] =
    [ACCEPTED_AT, "accepted_by", "acceptance_mode", "accepted_from_commit", "accept_commit"];
const TOPOLOGY: [&str; 3] = ["topology", FLATTENED, "coordination_branch"];

/// How a unit is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Neither side changed it: its spelling and its nulls go key by key
    Unchanged,
    /// One side is taken whole
    Whole(Winner, Rule),
    /// Both changed it and the deciding key ties: key by key
    Tie,
    /// Both changed it and the deciding key says nothing: both are shown
    Open,
}

/// The verdicts on both units of one merge.
pub(super) struct Units {
    acceptance: Verdict,
    topology: Verdict,
    /// Whether the sides differ from each other and from the base. Where they do not, the result is one of them as
    /// it is, and no null is left out.
    genuine: bool,
}

impl Units {
    pub(super) fn of(sides: Sides<Members<'_>>, rules: &MetaRules) -> Self {
        let Sides { base, ours, theirs } = sides;
        let verdict = |keys: &[&str], both_changed: fn(Sides<Members<'_>>) -> Verdict| {
            let changed = |side: Members<'_>| {
                keys.iter().any(|key| {
                    let (a, b) = (base.get(key).without_null(), side.get(key).without_null());
                    a != b && !rules.same(key, a, b)
                })
            };
            match (changed(ours), changed(theirs)) {
                (false, false) => Verdict::Unchanged,
                (true, false) => Verdict::Whole(Winner::Ours, Rule::OnlyChange),
                (false, true) => Verdict::Whole(Winner::Theirs, Rule::OnlyChange),
                // With a disagreement in it, a unit is not one thing that could be taken.
                _ if keys.iter().any(|key| ours.get(key).is_open() || theirs.get(key).is_open()) => {
                    Verdict::Tie
                }
                _ => both_changed(sides),
            }
        };
        Self {
            acceptance: verdict(&ACCEPTANCE, later_acceptance),
            topology: verdict(&TOPOLOGY, flattened),
            genuine: ours != base && theirs != base && ours != theirs,
        }
    }

    /// Merges a key that belongs to a unit; `None` if it belongs to none.
    pub(super) fn key<'a>(
        &self,
        merger: &mut Merger<'a>,
        key: &'a str,
        sides: Sides<Slot<'a>>,
        rules: &MetaRules,
    ) -> Option<Outcome<'a>> {
        let verdict = match key {
            _ if ACCEPTANCE.contains(&key) => self.acceptance,
            _ if TOPOLOGY.contains(&key) => self.topology,
            _ => return None,
        };
        let without_null = sides.map(Slot::without_null);
        let changed = if self.genuine { without_null } else { sides };
        Some(match verdict {
            Verdict::Unchanged => merger.key(key, sides, rules),
            Verdict::Whole(winner, rule) if changed.ours != changed.theirs => {
                merger.take_side(key, changed, rule, winner)
            }
            Verdict::Whole(..) | Verdict::Tie => merger.key(key, changed, rules),
            Verdict::Open if same(key, without_null, rules) => merger.key(key, changed, rules),
            Verdict::Open => merger.open(key, without_null.ours, without_null.theirs),
        })
    }
}

fn same(key: &str, sides: Sides<Slot<'_>>, rules: &MetaRules) -> bool {
    sides.ours == sides.theirs || rules.same(key, sides.ours, sides.theirs)
}

/// The later acceptance. Without a readable time on both sides (one side took its acceptance back, say) nothing tells
/// which of the two is meant, unless both say the same there.
fn later_acceptance(sides: Sides<Members<'_>>) -> Verdict {
    let Sides { ours, theirs, .. } = sides.map(|side| side.get(ACCEPTED_AT).without_null());
    match (ours.value().and_then(instant), theirs.value().and_then(instant)) {
        (Some(a), Some(b)) if a > b => Verdict::Whole(Winner::Ours, Rule::LaterAcceptance),
        (Some(a), Some(b)) if a < b => Verdict::Whole(Winner::Theirs, Rule::LaterAcceptance),
        (Some(_), Some(_)) => Verdict::Tie,
        _ if ours == theirs => Verdict::Tie,
        _ => Verdict::Open,
    }
}

/// The side that is flattened, where the other is not.
fn flattened(sides: Sides<Members<'_>>) -> Verdict {
    let is = |side: Members<'_>| side.get(FLATTENED).value() == Some(&Value::Bool(true));
    match (is(sides.ours), is(sides.theirs)) {
        (true, false) => Verdict::Whole(Winner::Ours, Rule::Flattened),
        (false, true) => Verdict::Whole(Winner::Theirs, Rule::Flattened),
        _ => Verdict::Tie,
    }
}
