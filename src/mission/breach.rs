//! What a commit would add to main that may not get there: ids that are missing, doubled or changed, numbers that
//! are unsettled, doubled or changed. Only what the commit *adds* counts: what is there already is no news.
//!
//! Pure. Knows nothing about who asks (a push, `check`) and what is done about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::MissionDir;
use super::settle::Claim;
use crate::id::MissionId;

/// One thing that may not enter main.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// A mission without a valid id
    IdMissing {
        /// Whose
        dir: MissionDir,
    },
    /// One id at several paths
    IdDuplicate {
        /// The id
        id: MissionId,
        /// Where it lies
        dirs: Vec<MissionDir>,
    },
    /// A path whose mission got another id, while the old one is gone
    IdChanged {
        /// Whose
        dir: MissionDir,
        /// The id that holds
        from: MissionId,
        /// The id that was found
        to: MissionId,
    },
    /// One number at several missions
    NumberDuplicate {
        /// The number
        number: u64,
        /// Where it lies
        dirs: Vec<MissionDir>,
    },
    /// A number that one mission alone held, and that it does not show any more
    NumberChanged {
        /// Whose
        dir: MissionDir,
        /// The number that holds
        from: u64,
        /// The number that was found
        to: Option<u64>,
    },
    /// A mission without a number
    NumberUnsettled {
        /// Whose
        dir: MissionDir,
    },
    /// A number that a branch gives and main has not given
    NumberOffMain {
        /// Whose
        dir: MissionDir,
        /// The number
        number: u64,
    },
}

impl Breach {
    /// The name of the finding.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::IdMissing { .. } => "MISSION_ID_MISSING",
            Self::IdDuplicate { .. } => "MISSION_ID_DUPLICATE",
            Self::IdChanged { .. } => "MISSION_ID_CHANGED",
            Self::NumberDuplicate { .. } => "NUMBER_DUPLICATE",
            Self::NumberChanged { .. } => "NUMBER_CHANGED",
            Self::NumberUnsettled { .. } => "NUMBER_UNSETTLED",
            Self::NumberOffMain { .. } => "NUMBER_OFF_MAIN",
        }
    }

    /// The missions it is about, in order of their paths.
    pub fn dirs(&self) -> &[MissionDir] {
        match self {
            Self::IdMissing { dir }
            | Self::IdChanged { dir, .. }
            | Self::NumberChanged { dir, .. }
            | Self::NumberUnsettled { dir }
            | Self::NumberOffMain { dir, .. } => std::slice::from_ref(dir),
            Self::IdDuplicate { dirs, .. } | Self::NumberDuplicate { dirs, .. } => dirs,
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdMissing { dir } => write!(f, "{dir} has no mission_id"),
            Self::IdDuplicate { id, dirs } => write!(f, "mission_id {id} is held by {}", listed(dirs)),
            Self::IdChanged { dir, from, to } => {
                write!(f, "mission_id of {dir} would change from {from} to {to}")
            }
            Self::NumberDuplicate { number, dirs } => {
                write!(f, "number {number} is held by {}", listed(dirs))
            }
            Self::NumberChanged { dir, from, to: Some(to) } => {
                write!(f, "number of {dir} would change from {from} to {to}")
            }
            Self::NumberChanged { dir, from, to: None } => write!(f, "{dir} would lose its number {from}"),
            Self::NumberUnsettled { dir } => write!(f, "{dir} has no number"),
            Self::NumberOffMain { dir, number } => {
                write!(f, "{dir} holds number {number}, which main has not given it")
            }
        }
    }
}

fn listed(dirs: &[MissionDir]) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<String> = dirs.iter().take(SHOWN).map(ToString::to_string).collect();
    if dirs.len() > SHOWN {
        names.push(format!("{} more", dirs.len() - SHOWN));
    }
    names.join(", ")
}

/// What `head` adds. Ids and numbers hold as the trees of `before` have them; what a tree of `present` already shows
/// is not added.
pub fn added(head: &[Claim], before: &[&[Claim]], present: &[&[Claim]]) -> Vec<Breach> {
    let here = Index::of(head);
    let before: Vec<Index<'_>> = before.iter().map(|claims| Index::of(claims)).collect();
    let present: Vec<Index<'_>> = present.iter().map(|claims| Index::of(claims)).collect();
    let is_new = |shown: &dyn Fn(&Index<'_>) -> bool| !present.iter().any(shown);
    let mut found = Vec::new();

    for claim in head.iter().filter(|claim| claim.id.is_none()) {
        if is_new(&|tree| tree.at(&claim.dir).is_some_and(|there| there.id.is_none())) {
            found.push(Breach::IdMissing { dir: claim.dir.clone() });
        }
    }
    for (id, holders) in here.ids.iter().filter(|(_, holders)| holders.len() > 1) {
        let dirs: BTreeSet<&MissionDir> = holders.iter().map(|claim| &claim.dir).collect();
        if is_new(&|tree| dirs.iter().all(|dir| tree.at(dir).is_some_and(|there| there.id == Some(*id)))) {
            found.push(Breach::IdDuplicate { id: *id, dirs: dirs.into_iter().cloned().collect() });
        }
    }
    for claim in head {
        let Some(to) = claim.id else { continue };
        let from = before.iter().filter_map(|tree| tree.at(&claim.dir)?.id);
        let lost = from.clone().find(|from| *from != to && !here.ids.contains_key(from));
        if let Some(from) = lost
            && is_new(&|tree| tree.at(&claim.dir).is_some_and(|there| there.id == Some(to)))
        {
            found.push(Breach::IdChanged { dir: claim.dir.clone(), from, to });
        }
    }

    for (number, holders) in here.numbers.iter().filter(|(_, holders)| holders.len() > 1) {
        let all_there = |tree: &Index<'_>| {
            tree.numbers.get(number).is_some_and(|there| there.len() >= holders.len())
                && holders.iter().all(|claim| tree.same(claim).any(|there| there.number == Some(*number)))
        };
        if is_new(&all_there) {
            let mut dirs: Vec<MissionDir> = holders.iter().map(|claim| claim.dir.clone()).collect();
            dirs.sort();
            found.push(Breach::NumberDuplicate { number: *number, dirs });
        }
    }
    for claim in head {
        let still = |number: u64| {
            claim.number == Some(number) || here.same(claim).any(|other| other.number == Some(number))
        };
        let alone = |tree: &Index<'_>| {
            tree.same(claim).filter_map(|there| there.number).find(|number| tree.numbers[number].len() == 1)
        };
        let unchanged = |tree: &Index<'_>| tree.same(claim).any(|there| there.number == claim.number);
        if !is_new(&unchanged) {
            continue;
        }
        match before.iter().filter_map(alone).find(|number| !still(*number)) {
            Some(from) => {
                found.push(Breach::NumberChanged { dir: claim.dir.clone(), from, to: claim.number });
            }
            None if claim.number.is_none() => {
                found.push(Breach::NumberUnsettled { dir: claim.dir.clone() });
            }
            None => {}
        }
    }
    found.sort();
    found
}

/// The numbers that `head` shows and `base`, the tip of main, does not show for the same mission: numbers are given on
/// main only.
pub fn off_main(head: &[Claim], base: &[Claim]) -> Vec<Breach> {
    let base = Index::of(base);
    let stray = head.iter().filter_map(|claim| {
        let number = claim.number?;
        let is_given = base.same(claim).any(|there| there.number == Some(number));
        (!is_given).then(|| Breach::NumberOffMain { dir: claim.dir.clone(), number })
    });
    stray.collect()
}

/// One tree, by path, id and number.
struct Index<'a> {
    dirs: BTreeMap<&'a MissionDir, &'a Claim>,
    ids: BTreeMap<MissionId, Vec<&'a Claim>>,
    numbers: BTreeMap<u64, Vec<&'a Claim>>,
}

impl<'a> Index<'a> {
    fn of(claims: &'a [Claim]) -> Self {
        let mut index = Self { dirs: BTreeMap::new(), ids: BTreeMap::new(), numbers: BTreeMap::new() };
        for claim in claims {
            index.dirs.insert(&claim.dir, claim);
            if let Some(id) = claim.id {
                index.ids.entry(id).or_default().push(claim);
            }
            if let Some(number) = claim.number {
                index.numbers.entry(number).or_default().push(claim);
            }
        }
        index
    }

    fn at(&self, dir: &MissionDir) -> Option<&'a Claim> {
        self.dirs.get(dir).copied()
    }

    /// The same mission here: by its id; by its path, where one of both has no id yet.
    fn same(&self, claim: &Claim) -> impl Iterator<Item = &'a Claim> {
        let with_id = claim.id.and_then(|id| self.ids.get(&id)).map_or(&[][..], Vec::as_slice);
        let at_path = self.at(&claim.dir).filter(|there| there.id.is_none() || claim.id.is_none());
        with_id.iter().copied().chain(at_path)
    }
}

#[cfg(test)]
pub(in crate::mission) mod tests {
    use super::*;

    /// Trees are written `dir:ID=number`, id and number `-` where there is none.
    pub(in crate::mission) fn claims(text: &str) -> Vec<Claim> {
        text.split_whitespace()
            .map(|word| {
                let (mission, number) = word.split_once('=').expect("a number");
                let (dir, id) = mission.split_once(':').expect("an id");
                Claim {
                    dir: MissionDir::from_name(dir.as_bytes()).expect("a name"),
                    id: MissionId::parse(&format!("{id:0>26}")).filter(|_| id != "-"),
                    number: number.parse().ok(),
                    created_at: None,
                }
            })
            .collect()
    }

    #[track_caller]
    fn check(head: &str, known: &[&str], expected: &[&str]) {
        let known: Vec<Vec<Claim>> = known.iter().map(|text| claims(text)).collect();
        let known: Vec<&[Claim]> = known.iter().map(Vec::as_slice).collect();
        let found: Vec<String> = added(&claims(head), &known, &known)
            .iter()
            .map(|breach| {
                let dirs: Vec<String> = breach.dirs().iter().map(MissionDir::name_lossy).collect();
                format!("{} {}", breach.code(), dirs.join(" "))
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn nothing_new_is_nothing() {
        check("a:A=1 b:B=1 c:-=- d:D=-", &["a:A=1 b:B=1 c:-=- d:D=-"], &[]);
        check("a:A=1 b:A=2", &["a:A=1 b:A=2"], &[]);
        check("a:A=1 b:B=2", &["a:A=1"], &[]);
        check("", &["a:A=1"], &[]);
        check("a:A=1", &[], &[]);
    }

    #[test]
    fn ids() {
        check("a:-=1", &[""], &["MISSION_ID_MISSING a"]);
        check("a:A=1 b:A=2", &["a:A=1"], &["MISSION_ID_DUPLICATE a b"]);
        check(
            "a:A=1 b:A=1 c:A=1",
            &["a:A=1 b:A=1"],
            &["MISSION_ID_DUPLICATE a b c", "NUMBER_DUPLICATE a b c"],
        );
        check("a:B=1", &["a:A=1"], &["MISSION_ID_CHANGED a"]);
        check("a:B=2 b:A=1", &["a:A=1"], &[]);
        check("a:A=1", &["a:-=1"], &[]);
    }

    #[test]
    fn numbers() {
        check("a:A=1 b:B=1", &["a:A=1"], &["NUMBER_DUPLICATE a b"]);
        check("a:A=1 b:B=1 c:C=1", &["a:A=1 b:B=1"], &["NUMBER_DUPLICATE a b c"]);
        check("a:A=2", &["a:A=1"], &["NUMBER_CHANGED a"]);
        check("a:A=-", &["a:A=1"], &["NUMBER_CHANGED a"]);
        check("a:A=-", &[""], &["NUMBER_UNSETTLED a"]);
        check("a:A=-", &[], &["NUMBER_UNSETTLED a"]);
        check("a:A=1 b:B=-", &["a:A=1 b:B=1"], &["NUMBER_UNSETTLED b"]);
        check("a:A=1 b:B=2", &["a:A=1 b:B=1"], &[]);
        check("b:A=1", &["a:A=1"], &[]);
        check("a:A=2", &["a:-=1"], &["NUMBER_CHANGED a"]);
    }

    #[test]
    fn four_places_are_named_and_the_others_counted() {
        let told = |dirs: &str| {
            let words: Vec<String> =
                dirs.chars().map(|dir| format!("{dir}:{}=7", dir.to_ascii_uppercase())).collect();
            let head = words.join(" ");
            added(&claims(&head), &[], &[]).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let four = "number 7 is held by kitty-specs/a, kitty-specs/b, kitty-specs/c, kitty-specs/d";
        assert_eq!(told("ab"), ["number 7 is held by kitty-specs/a, kitty-specs/b"]);
        assert_eq!(told("abcd"), [four]);
        assert_eq!(told("abcdefg"), [format!("{four}, 3 more")]);
    }

    #[test]
    fn numbers_are_given_on_main() {
        let check = |head: &str, base: &str, expected: &[&str]| {
            let found: Vec<String> =
                off_main(&claims(head), &claims(base)).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected);
        };
        check("a:A=1 b:B=-", "a:A=1", &[]);
        check("c:A=1", "a:A=1", &[]);
        check("a:A=1", "a:-=1", &[]);
        check("a:A=1 b:B=1", "a:A=1", &["kitty-specs/b holds number 1, which main has not given it"]);
        check("a:A=2", "a:A=1", &["kitty-specs/a holds number 2, which main has not given it"]);
    }

    #[test]
    fn what_one_known_tree_shows_is_not_added() {
        check("a:A=1 b:B=1", &["a:A=1", "a:A=1 b:B=1"], &[]);
        check("a:A=2", &["a:A=1", "a:A=2"], &[]);
        check("a:B=1", &["a:A=1", "a:B=1"], &[]);
    }
}
