//! The laws of settlement, said without regard to how it is computed, and tried on small worlds in which everything
//! collides.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Assignment, Claim, Input, Scope, is_held, settle};
use crate::clock::Instant;
use crate::id::MissionId;
use crate::mission::{Meta, MissionDir};

const MISSIONS: usize = 6;

/// Everything that a settlement is asked about.
#[derive(Debug, Clone)]
struct World {
    tree: Vec<Claim>,
    published: Option<Vec<Claim>>,
    parent: Option<Vec<Claim>>,
    scope: Scope,
    repair: bool,
}

impl World {
    fn settle(&self) -> Vec<Assignment> {
        settle(Input {
            tree: &self.tree,
            published: self.published.as_deref(),
            parent: self.parent.as_deref(),
            scope: &self.scope,
            repair: self.repair,
        })
    }

    /// The tree as it is after settlement.
    fn settled(&self) -> Vec<Claim> {
        let mut tree = self.tree.clone();
        for change in self.settle() {
            let mut changed = tree.iter_mut().filter(|claim| claim.dir == change.dir);
            changed.next().expect("in the tree").number = Some(change.to);
        }
        tree
    }

    fn number_in(claims: Option<&Vec<Claim>>, claim: &Claim) -> Option<u64> {
        claims?.iter().find(|other| Self::is_same(other, claim))?.number
    }

    /// Whether `other` of another tree is the mission of `claim` in the tree at hand: by its id, without one by its
    /// place.
    fn is_same(other: &Claim, claim: &Claim) -> bool {
        match other.id {
            Some(id) => claim.id == Some(id),
            None => claim.id.is_some() && other.dir == claim.dir,
        }
    }

    fn published_holders(&self, number: u64) -> Vec<&Claim> {
        holders(self.published.as_deref().unwrap_or_default(), number)
    }

    fn is_published(&self, number: u64) -> bool {
        !self.published_holders(number).is_empty()
    }

    /// Rule 1: the number that a mission has because it is published.
    fn protected(&self, claim: &Claim) -> Option<u64> {
        let number = Self::number_in(self.published.as_ref(), claim)?;
        let oldest = oldest(self.published_holders(number))?;
        let moved = claim.number.is_some_and(|says| says != number && !self.is_published(says));
        (Self::is_same(oldest, claim) || !(self.repair || moved)).then_some(number)
    }

    /// Rule 2: whoever has a number because the parent says so, and the tree does not say otherwise.
    fn inheritors(&self, number: u64) -> Vec<&Claim> {
        let inherits = |claim: &&Claim| {
            claim.id.is_some()
                && Self::number_in(self.parent.as_ref(), claim) == Some(number)
                && claim.number.is_none_or(|says| says == number)
                && self.protected(claim).is_none()
        };
        if self.is_published(number) { Vec::new() } else { self.tree.iter().filter(inherits).collect() }
    }
}

fn holders(claims: &[Claim], number: u64) -> Vec<&Claim> {
    claims.iter().filter(|claim| claim.number == Some(number)).collect()
}

/// The earliest `created_at`, a known one before none; then the smallest id.
fn oldest(claims: Vec<&Claim>) -> Option<&Claim> {
    claims.into_iter().min_by(|a, b| {
        let known = b.created_at.is_some().cmp(&a.created_at.is_some());
        known.then(a.created_at.cmp(&b.created_at)).then(a.id.cmp(&b.id)).then(a.dir.cmp(&b.dir))
    })
}

fn numbers(claims: &[Claim]) -> BTreeMap<u64, Vec<&Claim>> {
    let mut by_number: BTreeMap<u64, Vec<&Claim>> = BTreeMap::new();
    for claim in claims.iter().filter(|claim| claim.id.is_some()) {
        if let Some(number) = claim.number {
            by_number.entry(number).or_default().push(claim);
        }
    }
    by_number
}

fn dir(name: usize) -> MissionDir {
    // Not in the order of the ids.
    MissionDir::from_name(format!("m{}", (name * 5 + 3) % MISSIONS).as_bytes()).expect("a name")
}

fn mission(name: usize) -> MissionId {
    MissionId::parse(&format!("01KQ{name:022}")).expect("an id")
}

/// For each mission: whether it is in the tree, whether its id is, its number.
fn tree(created: Vec<Option<u8>>) -> impl Strategy<Value = Vec<Claim>> {
    let one = (prop::bool::weighted(0.8), prop::bool::weighted(0.9), prop::option::weighted(0.7, 1..5u64));
    prop::collection::vec(one, MISSIONS).prop_map(move |missions| {
        let claim = |(name, (_, has_id, number)): (usize, (bool, bool, Option<u64>))| Claim {
            dir: dir(name),
            id: has_id.then(|| mission(name)),
            number,
            created_at: created[name].and_then(|second| Instant::from_unix_seconds(second.into())),
        };
        missions.into_iter().enumerate().filter(|(_, (there, ..))| *there).map(claim).collect()
    })
}

fn world(scoped: bool) -> impl Strategy<Value = World> {
    prop::collection::vec(prop::option::weighted(0.8, 0..3u8), MISSIONS).prop_flat_map(move |created| {
        let scope = prop::collection::btree_set((0..MISSIONS).prop_map(dir), 0..=MISSIONS);
        (
            tree(created.clone()),
            prop::option::weighted(0.7, tree(created.clone())),
            prop::option::weighted(0.7, tree(created)),
            scope,
            any::<bool>(),
        )
            .prop_map(move |(tree, published, parent, only, repair)| {
                let scope = if scoped { Scope::Only(only.into_iter().collect()) } else { Scope::All };
                World { tree, published, parent, scope, repair }
            })
    })
}

/// Only missions that changed are named, truly, each once, in order of the new number.
fn says_what_changes(world: &World) {
    let changes = world.settle();
    let places: BTreeSet<&MissionDir> = changes.iter().map(|change| &change.dir).collect();
    assert_eq!(places.len(), changes.len());
    assert!(changes.is_sorted_by_key(|change| (change.to, change.dir.clone())));
    for change in &changes {
        let claim = world.tree.iter().find(|claim| claim.dir == change.dir).expect("in the tree");
        assert_eq!((claim.id, claim.number), (Some(change.id), change.from));
        assert_ne!(change.from, Some(change.to));
        assert!(world.scope.holds(&change.dir), "{change:?} is none of ours");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_published_stays(world in world(false)) {
        for claim in world.settled().iter().filter(|claim| claim.id.is_some()) {
            if let Some(number) = World::number_in(world.published.as_ref(), claim)
                && let Some(oldest) = oldest(world.published_holders(number))
                && World::is_same(oldest, claim)
            {
                prop_assert_eq!(claim.number, Some(number), "the oldest published holder");
            }
        }
    }

    #[test]
    fn a_younger_published_holder_keeps_too_unless_it_moved(world in world(false)) {
        for (before, after) in world.tree.iter().zip(world.settled()) {
            let Some(number) = World::number_in(world.published.as_ref(), before) else { continue };
            let moved_to = before.number.filter(|says| *says != number && !world.is_published(*says));
            if before.id.is_some() && moved_to.is_none() && !world.repair {
                prop_assert_eq!(after.number, Some(number));
            }
        }
    }

    #[test]
    fn the_parents_holders_keep(world in world(false)) {
        let settled = world.settled();
        for number in 1..5 {
            let inheritors = world.inheritors(number);
            let all = world.published.is_none() && !world.repair;
            let keepers = if all { inheritors } else { oldest(inheritors).into_iter().collect() };
            for keeper in keepers {
                let now = settled.iter().find(|claim| claim.dir == keeper.dir).and_then(|claim| claim.number);
                prop_assert_eq!(now, Some(number));
            }
        }
    }

    #[test]
    fn of_other_claims_the_oldest_wins_unless_the_number_is_taken(world in world(false)) {
        let settled = world.settled();
        for number in 1..5u64 {
            let is_kept = |claim: &Claim| {
                world.protected(claim).is_some() || (1..5).any(|number| {
                    let keepers = world.inheritors(number);
                    let all = world.published.is_none() && !world.repair;
                    let keepers = if all { keepers } else { oldest(keepers).into_iter().collect() };
                    keepers.iter().any(|keeper| keeper.dir == claim.dir)
                })
            };
            let claims: Vec<&Claim> = holders(&world.tree, number).into_iter()
                .filter(|claim| claim.id.is_some() && !is_kept(claim)).collect();
            let without_id = holders(&world.tree, number).iter().any(|claim| claim.id.is_none());
            let is_taken = world.is_published(number) || without_id
                || !world.inheritors(number).is_empty();
            let now = |claim: &Claim| settled.iter().find(|other| other.dir == claim.dir).and_then(|c| c.number);
            let all_stand = world.published.is_none() && world.parent.is_none() && !world.repair;
            let winner = oldest(claims.clone()).map(|claim| claim.dir.clone());
            for claim in claims {
                let wins = !is_taken && (all_stand || Some(&claim.dir) == winner.as_ref());
                prop_assert_eq!(now(claim) == Some(number), wins, "{:?}", claim);
            }
        }
    }

    #[test]
    fn no_duplicate_is_made(world in world(false)) {
        for (number, holders) in numbers(&world.settled()) {
            if holders.len() < 2 {
                continue;
            }
            prop_assert!(!world.repair, "{number} is doubled after a repair");
            let held_in = |claims: Option<&Vec<Claim>>| {
                holders.iter().all(|claim| World::number_in(claims, claim) == Some(number))
            };
            let stood = world.published.is_none() && world.parent.is_none()
                && holders.iter().all(|claim| world.tree.iter().any(|c| c.dir == claim.dir && c.number == Some(number)));
            prop_assert!(
                held_in(world.published.as_ref())
                    || (world.published.is_none() && held_in(world.parent.as_ref())) || stood,
                "{number} is doubled"
            );
        }
    }

    #[test]
    fn everybody_has_a_number_and_new_ones_count_on_in_order_of_the_ids(world in world(false)) {
        let known = [Some(&world.tree), world.published.as_ref(), world.parent.as_ref()];
        let highest = known.into_iter().flatten().flatten().filter_map(|claim| claim.number).max().unwrap_or(0);
        let settled = world.settled();
        let mut new: Vec<(u64, MissionId)> = Vec::new();
        for (before, after) in world.tree.iter().zip(&settled) {
            let Some(id) = after.id else {
                prop_assert_eq!(before.number, after.number, "a mission without an id is left alone");
                continue;
            };
            let number = after.number.expect("a number");
            if number > highest {
                new.push((number, id));
            } else {
                let said = [before.number, World::number_in(world.published.as_ref(), before),
                    World::number_in(world.parent.as_ref(), before)];
                prop_assert!(said.contains(&Some(number)), "{} was nobody's to give", number);
            }
        }
        new.sort_unstable();
        prop_assert!(new.iter().map(|(number, _)| *number).eq(highest + 1..=highest + new.len() as u64));
        prop_assert!(new.is_sorted_by_key(|(_, id)| *id), "in order of the ids");
    }

    #[test]
    fn settling_again_changes_nothing(world in world(true), all in any::<bool>()) {
        let world = if all { World { scope: Scope::All, ..world } } else { world };
        let settled = world.settled();
        let again = World { tree: settled.clone(), ..world.clone() };
        prop_assert_eq!(again.settle(), Vec::<Assignment>::new());
        if all {
            // Nor when it has been committed, and then published.
            let committed = World { tree: settled.clone(), parent: Some(settled.clone()), ..world.clone() };
            prop_assert_eq!(committed.settle(), Vec::<Assignment>::new());
            let published = World { published: Some(settled), ..committed };
            // A mission without an id is nobody who could keep what it shows.
            if published.tree.iter().all(|claim| claim.id.is_some()) {
                prop_assert_eq!(published.settle(), Vec::<Assignment>::new());
            }
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(world in world(true), turn in 0..MISSIONS) {
        let turned = |claims: &Vec<Claim>| {
            let mut claims: Vec<Claim> = claims.iter().rev().cloned().collect();
            let length = claims.len().max(1);
            claims.rotate_left(turn % length);
            claims
        };
        let other = World {
            tree: turned(&world.tree),
            published: world.published.as_ref().map(turned),
            parent: world.parent.as_ref().map(turned),
            ..world.clone()
        };
        prop_assert_eq!(other.settle(), world.settle());
    }

    #[test]
    fn only_what_is_in_scope_changes_and_is_named(world in world(true)) {
        says_what_changes(&world);
        says_what_changes(&World { scope: Scope::All, ..world });
    }

    #[test]
    fn off_main_a_number_stays_where_a_tree_says_it_is_the_missions(world in world(false)) {
        let trees = [world.published.clone().unwrap_or_default(), world.parent.clone().unwrap_or_default()];
        let views: Vec<&[Claim]> = trees.iter().map(Vec::as_slice).collect();
        for claim in world.tree.iter().filter(|claim| claim.number.is_some()) {
            let says = |other: &Claim| {
                let by_id = other.id.is_some() && other.id == claim.id;
                let by_place = (other.id.is_none() || claim.id.is_none()) && other.dir == claim.dir;
                other.number == claim.number && (by_id || by_place)
            };
            prop_assert_eq!(is_held(claim, &views), trees.iter().flatten().any(says));
        }
    }

    #[test]
    fn a_number_is_the_same_however_it_is_spelled(number in 1..2000u64, zeros in 0..4usize) {
        let read = |value: String| {
            let text = format!("{{\"mission_id\": \"{}\", \"mission_number\": {value}}}", mission(1));
            Claim::of(dir(1), &Meta::read(text.as_bytes()).expect("read"))
        };
        let spelled = format!("\"{}{number}\"", "0".repeat(zeros));
        prop_assert_eq!(read(spelled), read(number.to_string()));
    }
}
