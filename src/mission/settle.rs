//! Settlement: which mission shows which number. One pure function: same input, same answer, on any machine.
//!
//! A number is provisional until the commit that holds it is pushed, then final. The rules are numbered as in
//! `ARCHITECTURE.md`, section "Numbers". Knows nothing about trees, commits or the moment it is called.

use std::collections::BTreeMap;

use super::{DirSet, Meta, MissionDir};
use crate::clock::Instant;
use crate::id::MissionId;

/// What one tree says about the number of one mission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Where the mission lies
    pub dir: MissionDir,
    /// Its id; a mission without one holds its number but is never given another
    pub id: Option<MissionId>,
    /// Its number, if it has a valid one
    pub number: Option<u64>,
    /// Its `created_at`, if that names a point in time
    pub created_at: Option<Instant>,
}

impl Claim {
    /// The claim that a `meta.json` makes.
    pub fn of(dir: MissionDir, meta: &Meta) -> Self {
        Self { dir, id: meta.valid_id(), number: meta.number().settled(), created_at: meta.created_at() }
    }

    /// Who is older: the earlier `created_at` (none counts as youngest), then the smaller id, then the path.
    fn age(&self) -> (bool, Option<Instant>, Option<MissionId>, &MissionDir) {
        (self.created_at.is_none(), self.created_at, self.id, &self.dir)
    }

    /// A key that sorts older missions first.
    pub fn seniority(self) -> impl Ord {
        (self.created_at.is_none(), self.created_at, self.id, self.dir)
    }
}

/// Which missions may be given a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of the tree.
    All,
    /// Only these; the numbers of the others stand as they are.
    Only(DirSet),
}

impl Scope {
    /// Whether the mission in `dir` may be given a number.
    pub fn holds(&self, dir: &MissionDir) -> bool {
        match self {
            Self::All => true,
            Self::Only(dirs) => dirs.contains(dir),
        }
    }
}

/// What settlement decides on.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The tree at hand
    pub tree: &'a [Claim],
    /// The published main, if there is one
    pub published: Option<&'a [Claim]>,
    /// The commit before the one at hand, if there is one
    pub parent: Option<&'a [Claim]>,
    /// Who may be given a number
    pub scope: &'a Scope,
    /// Whether duplicates that are published or that stand are undone too
    pub repair: bool,
}

/// A number that has to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Where the mission lies
    pub dir: MissionDir,
    /// Its id
    pub id: MissionId,
    /// The number in the tree at hand
    pub from: Option<u64>,
    /// The number that it gets
    pub to: u64,
}

/// Decides the numbers. Returns only those that differ from the tree at hand, in order of the new number,
/// then of the path; settling the result again changes nothing.
pub fn settle(input: Input<'_>) -> Vec<Assignment> {
    let published = input.published.map(|claims| Holders::of(claims, input.tree));
    let parent = input.parent.map(|claims| Holders::of(claims, input.tree));
    let mut decided: Vec<Option<u64>> = vec![None; input.tree.len()];
    let open = |decided: &[Option<u64>], at: usize| {
        decided[at].is_none() && input.scope.holds(&input.tree[at].dir) && input.tree[at].id.is_some()
    };

    // Rule 1: what is published is protected, also where the tree says otherwise.
    if let Some(published) = &published {
        for (at, claim) in input.tree.iter().enumerate() {
            if !open(&decided, at) {
                continue;
            }
            let Some(number) = published.number_of(claim) else { continue };
            if published.is_oldest(claim, number) || !(input.repair || moved_away(claim, number, published)) {
                decided[at] = Some(number);
            }
        }
    }
    let is_protected = |number: u64| published.as_ref().is_some_and(|holders| holders.holds(number));

    // Rule 2: holders in the parent keep theirs where the tree still says so or says null.
    if let Some(parent) = &parent {
        let keeps = |at: usize, number: u64| {
            !is_protected(number) && input.tree[at].number.is_none_or(|says| says == number)
        };
        let keeping = |at: usize| parent.number_of(&input.tree[at]).filter(|number| keeps(at, *number));
        let mut kept: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for at in (0..input.tree.len()).filter(|at| open(&decided, *at)) {
            if let Some(number) = keeping(at) {
                kept.entry(number).or_default();
            }
        }
        // Where nobody may be given a number there is nothing to decide.
        let concerned = if kept.is_empty() { 0 } else { input.tree.len() };
        for at in (0..concerned).filter(|at| decided[*at].is_none()) {
            if let Some(holders) = keeping(at).and_then(|number| kept.get_mut(&number)) {
                holders.push(at);
            }
        }
        for (number, mut holders) in kept {
            if published.is_some() || input.repair {
                holders.sort_by_key(|at| input.tree[*at].age());
                holders.truncate(1);
            }
            for at in holders.into_iter().filter(|at| input.scope.holds(&input.tree[*at].dir)) {
                decided[at] = input.tree[at].id.map(|_| number);
            }
        }
    }

    // Rule 3: of the claims that are left, those to a taken number are unsettled; of the others the oldest wins.
    let mut taken: Vec<u64> = decided.iter().flatten().copied().collect();
    taken.extend(
        (0..input.tree.len())
            .filter(|at| decided[*at].is_none() && !open(&decided, *at))
            .filter_map(|at| input.tree[at].number),
    );
    taken.sort_unstable();
    let mut claims: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (at, claim) in input.tree.iter().enumerate().filter(|(at, _)| open(&decided, *at)) {
        let is_free = |number: &u64| taken.binary_search(number).is_err() && !is_protected(*number);
        if let Some(number) = claim.number.filter(is_free) {
            claims.entry(number).or_default().push(at);
        }
    }
    let all_stand = published.is_none() && parent.is_none() && !input.repair;
    for (number, mut holders) in claims {
        holders.sort_by_key(|at| input.tree[*at].age());
        let winners = if all_stand { holders.len() } else { 1 };
        for at in holders.into_iter().take(winners) {
            decided[at] = Some(number);
        }
    }

    // Rule 4: the unsettled get the next numbers in order of their ids.
    let mut unsettled: Vec<usize> = (0..input.tree.len()).filter(|at| open(&decided, *at)).collect();
    unsettled.sort_by_key(|at| (input.tree[*at].id, &input.tree[*at].dir));
    let known = [Some(input.tree), input.published, input.parent];
    let mut next = known.into_iter().flatten().flatten().filter_map(|claim| claim.number).max().unwrap_or(0);
    for at in unsettled {
        next += 1;
        decided[at] = Some(next);
    }

    let mut changes: Vec<Assignment> = input
        .tree
        .iter()
        .zip(decided)
        .filter_map(|(claim, to)| {
            let (id, to) = (claim.id?, to.filter(|to| claim.number != Some(*to))?);
            Some(Assignment { dir: claim.dir.clone(), id, from: claim.number, to })
        })
        .collect();
    changes.sort_by(|a, b| (a.to, &a.dir).cmp(&(b.to, &b.dir)));
    changes
}

/// Whether a younger published holder of `number` already shows another one that nobody has published.
fn moved_away(claim: &Claim, number: u64, published: &Holders) -> bool {
    claim.number.is_some_and(|says| says != number && !published.holds(says))
}

/// Whether a mission may show its number on a branch other than main: one of `trees` (main, the published main, the
/// parents of the commit) says that this mission holds this number. A claim without an id is that of the mission
/// which lies at the same path.
pub fn is_held(claim: &Claim, trees: &[&[Claim]]) -> bool {
    let same = |other: &Claim| match (other.id, claim.id) {
        (Some(other), Some(id)) => other == id,
        _ => other.dir == claim.dir,
    };
    trees.iter().any(|tree| tree.iter().any(|other| other.number == claim.number && same(other)))
}

/// Who holds which number in one tree.
struct Holders {
    /// The number of each mission, by id
    numbers: Vec<(MissionId, u64)>,
    /// The oldest holder of each number, by number
    oldest: Vec<(u64, Option<MissionId>)>,
}

impl Holders {
    /// A claim without an id belongs to the mission that lies at the same path in the tree at hand.
    fn of(claims: &[Claim], tree: &[Claim]) -> Self {
        let with_number = || claims.iter().filter_map(|claim| Some((claim, claim.number?)));
        let ids: BTreeMap<&MissionDir, MissionId> = if with_number().all(|(claim, _)| claim.id.is_some()) {
            BTreeMap::new()
        } else {
            tree.iter().filter_map(|c| Some((&c.dir, c.id?))).collect()
        };
        let mut sorted: Vec<(&Claim, u64)> = with_number().collect();
        sorted.sort_by(|(a, _), (b, _)| a.age().cmp(&b.age()));
        let held = sorted.iter().map(|(c, number)| (c.id.or_else(|| ids.get(&c.dir).copied()), *number));
        // Of several, the oldest stays: the sort keeps the order of equal ones.
        let mut numbers: Vec<_> = held.clone().filter_map(|(id, number)| Some((id?, number))).collect();
        numbers.sort_by_key(|(id, _)| *id);
        numbers.dedup_by_key(|(id, _)| *id);
        let mut oldest: Vec<_> = held.map(|(id, number)| (number, id)).collect();
        oldest.sort_by_key(|(number, _)| *number);
        oldest.dedup_by_key(|(number, _)| *number);
        Self { numbers, oldest }
    }

    fn number_of(&self, claim: &Claim) -> Option<u64> {
        let at = self.numbers.binary_search_by_key(&claim.id?, |(id, _)| *id).ok()?;
        Some(self.numbers[at].1)
    }

    /// The oldest holder of a number, if anybody holds it: a claim without an id may.
    #[expect(clippy::option_option, reason = "a holder may have no id")]
    fn oldest_of(&self, number: u64) -> Option<Option<MissionId>> {
        let at = self.oldest.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(self.oldest[at].1)
    }

    fn holds(&self, number: u64) -> bool {
        self.oldest_of(number).is_some()
    }

    fn is_oldest(&self, claim: &Claim, number: u64) -> bool {
        self.oldest_of(number) == Some(claim.id)
    }
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests {
    use super::*;

    /// `name` gives directory, id and (by its order) age.
    fn claim(name: &str, number: Option<u64>) -> Claim {
        let mut id = "0".repeat(26 - name.len());
        id.push_str(name);
        Claim {
            dir: MissionDir::from_name(name.as_bytes()).expect("a name"),
            id: MissionId::parse(&id),
            number,
            created_at: Some(Instant::parse("2026-01-01T00:00:00Z").expect("a time")),
        }
    }

    fn claims(text: &str) -> Vec<Claim> {
        text.split_whitespace()
            .map(|word| {
                let (name, number) = word.split_once('=').expect("name=number");
                claim(name, number.parse().ok())
            })
            .collect()
    }

    /// Trees are written `A=1 B=-`; the answer likewise, only what changes.
    #[track_caller]
    fn check(tree: &str, published: Option<&str>, parent: Option<&str>, repair: bool, expected: &str) {
        let (tree, published, parent) = (claims(tree), published.map(claims), parent.map(claims));
        let mut now = tree.clone();
        let input = |tree| Input {
            tree,
            published: published.as_deref(),
            parent: parent.as_deref(),
            scope: &Scope::All,
            repair,
        };
        let changes = settle(input(&tree));
        let shown: Vec<String> = changes.iter().map(|c| format!("{}={}", c.dir.name_lossy(), c.to)).collect();
        assert_eq!(shown.join(" "), expected);
        for change in changes {
            now.iter_mut().find(|c| c.dir == change.dir).expect("in the tree").number = Some(change.to);
        }
        assert_eq!(settle(input(&now)), [], "settled twice");
    }

    #[test]
    fn two_clones_that_numbered_offline() {
        check("A=1 B=2 C=1 D=2", Some("A=1 B=2"), Some("C=1 D=2"), false, "C=3 D=4");
        check("A=1 B=1", Some("B=1"), Some("A=1"), false, "A=2");
    }

    #[test]
    fn published_numbers_are_restored() {
        check("A=7 B=-", Some("A=1 B=2"), None, false, "A=1 B=2");
        check("A=- B=1", Some("A=1"), Some("A=1"), false, "A=1 B=2");
    }

    #[test]
    fn published_duplicates_stay_until_repaired() {
        check("A=1 B=1 C=-", Some("A=1 B=1 C=-"), None, false, "C=2");
        check("A=1 B=1 C=-", Some("A=1 B=1 C=-"), None, true, "B=2 C=3");
        check("A=1 B=5", Some("A=1 B=1"), None, false, "");
        check("A=1 B=5", Some("A=1 B=1"), None, true, "");
    }

    #[test]
    fn without_any_history_all_claims_stand() {
        check("A=5 B=5 C=-", None, None, false, "C=6");
        check("A=5 B=5 C=-", None, None, true, "B=6 C=7");
    }

    #[test]
    fn parents_keep_theirs() {
        check("A=3 B=3", None, Some("B=3"), false, "A=4");
        check("A=-", None, Some("A=3"), false, "A=3");
        check("A=3 B=3", None, Some("A=3 B=3"), false, "");
        check("A=3 B=3", Some(""), Some("A=3 B=3"), false, "B=4");
    }

    #[test]
    fn numbers_count_on_from_every_tree() {
        check("A=-", Some("B=4"), Some("C=9"), false, "A=10");
    }

    #[test]
    fn a_number_is_the_missions_wherever_it_lies() {
        let at = |dir: &str, id: Option<&str>| Claim {
            dir: MissionDir::from_name(dir.as_bytes()).expect("a name"),
            id: id.map(|id| MissionId::parse(&format!("{id:0>26}")).expect("an id")),
            number: Some(1),
            created_at: None,
        };
        let main = [at("a", Some("A")), at("b", None)];
        for (claim, expected) in [
            (at("a", Some("A")), true),
            (at("z", Some("A")), true),
            (at("a", Some("Z")), false),
            (at("a", None), true),
            (at("b", Some("Z")), true),
            (at("z", None), false),
        ] {
            assert_eq!(is_held(&claim, &[&[], &main]), expected, "{claim:?}");
            assert!(!is_held(&Claim { number: Some(2), ..claim }, &[&main]));
        }
    }

    #[test]
    fn out_of_scope_missions_stand() {
        let tree = claims("A=- B=- C=2");
        let scope = Scope::Only(DirSet::from_iter([tree[1].dir.clone()]));
        let changes =
            settle(Input { tree: &tree, published: None, parent: Some(&tree), scope: &scope, repair: false });
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].dir.name_lossy().as_str(), changes[0].to), ("B", 3));
    }
}
