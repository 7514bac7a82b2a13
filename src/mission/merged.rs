//! What main would say once a head is merged into it: the base's claims, with what the head changed since both parted.
//!
//! A head is older than main's tip more often than not, so its tree alone tells neither what it adds nor whom it meets.
//! Pure. Knows nothing about trees, and nothing about what may enter main.

use std::collections::{BTreeMap, HashMap};

use super::MissionDir;
use super::settle::Claim;
use crate::id::MissionId;

/// The claims of `base` with the changes that `head` made since each of `forks`, the merge bases; where there is none,
/// one empty fork. Ordered by path.
///
/// Place, id and number of a mission are merged one by one: what the head left as every fork has it is the base's to
/// say. A null that the head brings says nothing. Where both sides changed one of them, the head's counts: it is the
/// head that is judged.
pub fn merged(base: &[Claim], head: &[Claim], forks: &[&[Claim]]) -> Vec<Claim> {
    let (base_places, head_places) = (Places::of(base), Places::of(head));
    let forks: Vec<Places<'_>> = forks.iter().map(|claims| Places::of(claims)).collect();
    let mut merged: BTreeMap<&MissionDir, Claim> = BTreeMap::new();
    for claim in base {
        let is_taken_away = !head_places.by_dir.contains_key(&claim.dir)
            && forks.iter().any(|fork| fork.at(&claim.dir).is_some_and(|before| before.id == claim.id));
        if !is_taken_away {
            merged.insert(&claim.dir, claim.clone());
        }
    }
    for claim in head {
        let there = base_places.find(claim);
        if there == Some(claim) {
            continue;
        }
        let before: Vec<Option<&Claim>> = forks.iter().map(|fork| fork.find(claim)).collect();
        let is_in_place = before.iter().all(|before| before.is_some_and(|before| before.dir == claim.dir));
        let is_unchanged = is_in_place
            && before.iter().flatten().all(|before| before.id == claim.id && before.number == claim.number);
        let at_path = base_places.at(&claim.dir);
        if is_unchanged && at_path.is_none() {
            // Main has moved it or taken it away.
            continue;
        }
        let dir = match there {
            Some(there) if is_in_place && at_path.is_none() => &there.dir,
            _ => &claim.dir,
        };
        let id_before = |before: Option<&Claim>| {
            before.filter(|before| before.dir == claim.dir).and_then(|before| before.id) == claim.id
        };
        let id = if before.iter().copied().all(id_before) {
            at_path.map_or(claim.id, |there| there.id)
        } else {
            claim.id
        };
        let number = if before.iter().all(|before| before.and_then(|before| before.number) == claim.number) {
            there.map_or(claim.number, |there| there.number)
        } else {
            claim.number
        };
        merged.insert(dir, Claim { dir: dir.clone(), id, number, created_at: claim.created_at });
    }
    merged.into_values().collect()
}

/// The claims of one tree, found by path and by id.
struct Places<'a> {
    by_dir: HashMap<&'a MissionDir, &'a Claim>,
    by_id: HashMap<MissionId, &'a Claim>,
}

impl<'a> Places<'a> {
    fn of(claims: &'a [Claim]) -> Self {
        Self {
            by_dir: claims.iter().map(|claim| (&claim.dir, claim)).collect(),
            by_id: claims.iter().rev().filter_map(|claim| Some((claim.id?, claim))).collect(),
        }
    }

    fn at(&self, dir: &MissionDir) -> Option<&'a Claim> {
        self.by_dir.get(dir).copied()
    }

    /// The same mission: at the same path with the same id, else with the same id, else at the same path where one of
    /// both has none.
    fn find(&self, claim: &Claim) -> Option<&'a Claim> {
        let here = self.at(&claim.dir);
        if here.is_some_and(|here| here.id == claim.id) {
            return here;
        }
        let by_id = claim.id.and_then(|id| self.by_id.get(&id).copied());
        by_id.or(here.filter(|here| here.id.is_none() || claim.id.is_none()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::breach::tests::claims;

    #[track_caller]
    fn check(base: &str, head: &str, forks: &[&str], expected: &str) {
        let forks: Vec<Vec<Claim>> = forks.iter().map(|text| claims(text)).collect();
        let forks: Vec<&[Claim]> = forks.iter().map(Vec::as_slice).collect();
        let shown: Vec<String> = merged(&claims(base), &claims(head), &forks)
            .iter()
            .map(|claim| {
                let id = claim.id.map_or("-".to_owned(), |id| id.as_str().trim_start_matches('0').to_owned());
                let number = claim.number.map_or("-".to_owned(), |number| number.to_string());
                format!("{}:{id}={number}", claim.dir.name_lossy())
            })
            .collect();
        assert_eq!(shown.join(" "), expected);
    }

    #[test]
    fn what_the_head_left_alone_is_the_bases() {
        check("a:A=1 b:B=2", "a:A=1", &["a:A=1"], "a:A=1 b:B=2");
        check("a:A=2", "a:A=1", &["a:A=1"], "a:A=2");
        check("a:A=5", "a:A=-", &["a:A=-"], "a:A=5");
        check("a:A=1", "a:-=-", &["a:-=-"], "a:A=1");
        check("", "a:A=1", &["a:A=1"], "");
        check("b:A=1", "a:A=1", &["a:A=1"], "b:A=1");
    }

    #[test]
    fn what_the_head_changed_is_the_heads() {
        check("a:A=1", "a:A=1 b:B=-", &["a:A=1"], "a:A=1 b:B=-");
        check("a:A=1 b:B=2", "a:A=1", &["a:A=1 b:B=2"], "a:A=1");
        check("a:A=5", "a:A=7", &["a:A=-"], "a:A=7");
        check("a:A=5", "a:A=-", &["a:A=5"], "a:A=-");
        check("a:A=1", "a:B=1", &["a:A=1"], "a:B=1");
        check("a:A=1", "a:-=1", &["a:A=1"], "a:-=1");
        check("a:Z=1", "a:B=-", &[""], "a:B=-");
        check("a:A=5", "b:A=-", &["a:A=-"], "b:A=5");
        check("b:A=-", "a:A=7", &["a:A=-"], "b:A=7");
        check("", "a:A=7", &["a:A=-"], "a:A=7");
    }

    #[test]
    fn a_null_says_nothing() {
        // A branch that was squashed into main and went on.
        check("a:A=5", "a:A=-", &[""], "a:A=5");
        check("a:A=5", "a:-=-", &[""], "a:A=5");
    }

    #[test]
    fn of_several_forks_all_have_to_agree() {
        check("a:A=5", "a:A=-", &["a:A=-", "a:A=5"], "a:A=-");
        check("a:A=5", "a:A=5", &["a:A=-", "a:A=5"], "a:A=5");
        check("a:A=5 b:B=1", "a:A=5", &["a:A=5", "a:A=5 b:B=1"], "a:A=5");
    }
}
