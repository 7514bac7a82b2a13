//! What a commit says about missions, read with plain git and an independent JSON parser, and what has to hold
//! between two states of the published main.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Repo;

/// One mission of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mission {
    pub(super) path: String,
    pub(super) id: Option<String>,
    pub(super) number: Option<u64>,
}

/// The missions of a commit.
#[track_caller]
pub(super) fn missions(repo: &Repo<'_>, revision: &str) -> Vec<Mission> {
    let listing = repo.git(&["ls-tree", "-r", revision, "kitty-specs/"]).ok().stdout;
    let files: Vec<(&str, &str)> = listing
        .lines()
        .filter_map(|line| {
            let (head, path) = line.split_once('\t')?;
            path.ends_with("/meta.json").then(|| (head.split(' ').nth(2).unwrap_or_default(), path))
        })
        .collect();
    let asked = files.iter().map(|(oid, _)| *oid).chain([""]).collect::<Vec<_>>().join("\n");
    let answer = repo.stdin(asked).ok(&["cat-file", "--batch"]).bytes;
    let mut rest = answer.as_slice();
    let mut found = Vec::new();
    for (_, path) in files {
        let end = rest.iter().position(|b| *b == b'\n').expect("a header");
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size: usize = header.rsplit(' ').next().and_then(|size| size.parse().ok()).expect("a size");
        let text = &rest[end + 1..end + 1 + size];
        let meta: serde_json::Value = serde_json::from_slice(text).unwrap_or_else(|error| {
            panic!("{path} of {revision}: {error}\n{}", String::from_utf8_lossy(text))
        });
        found.push(Mission {
            path: path.to_owned(),
            id: meta["mission_id"].as_str().map(str::to_owned),
            number: match &meta["mission_number"] {
                serde_json::Value::String(digits) => digits.parse().ok(),
                other => other.as_u64(),
            },
        });
        rest = &rest[end + 2 + size..];
    }
    found
}

/// Number to ids.
fn holders(missions: &[Mission]) -> BTreeMap<u64, BTreeSet<&Option<String>>> {
    let mut holders: BTreeMap<u64, BTreeSet<&Option<String>>> = BTreeMap::new();
    for mission in missions {
        if let Some(number) = mission.number {
            holders.entry(number).or_default().insert(&mission.id);
        }
    }
    holders
}

/// Id to paths.
pub(super) fn places(missions: &[Mission]) -> BTreeMap<&Option<String>, BTreeSet<&str>> {
    let mut places: BTreeMap<&Option<String>, BTreeSet<&str>> = BTreeMap::new();
    for mission in missions {
        places.entry(&mission.id).or_default().insert(&mission.path);
    }
    places
}

/// The numbers that several missions hold.
pub(super) fn doubled(missions: &[Mission]) -> Vec<u64> {
    holders(missions).into_iter().filter(|(_, ids)| ids.len() > 1).map(|(number, _)| number).collect()
}

/// What an accepted push of an equipped clone may not have done.
#[track_caller]
pub(super) fn assert_kept(before: &[Mission], after: &[Mission], what: &str) {
    let (held, holding) = (holders(before), holders(after));
    let (lay, lie) = (places(before), places(after));
    for mission in before {
        let Some(number) = mission.number.filter(|number| held[number].len() == 1) else { continue };
        let now: Vec<_> = after.iter().filter(|now| now.id == mission.id).collect();
        assert!(
            now.is_empty() || now.iter().any(|now| now.number == Some(number)),
            "{what}: published number {number} of {mission:?} changed: {now:?}"
        );
    }
    for (number, ids) in holding.iter().filter(|(_, ids)| ids.len() > 1) {
        let before = held.get(number).cloned().unwrap_or_default();
        assert!(ids.is_subset(&before), "{what}: number {number} newly doubled: {ids:?}, before {before:?}");
    }
    for (id, paths) in &lie {
        let before = lay.get(id).cloned().unwrap_or_default();
        assert!(paths.len() == 1 || paths.is_subset(&before), "{what}: id {id:?} newly at {paths:?}");
        assert!(id.is_some() || paths.is_subset(&before), "{what}: no id newly at {paths:?}");
    }
    for mission in after.iter().filter(|mission| mission.number.is_none()) {
        let was = before.iter().any(|before| before.id == mission.id && before.number.is_none());
        assert!(was, "{what}: no number newly at {mission:?}");
    }
    for mission in before {
        let now = after.iter().find(|now| now.path == mission.path);
        assert!(
            mission.id.is_none()
                || now.is_none_or(|now| now.id == mission.id)
                || lie.contains_key(&mission.id),
            "{what}: id of {mission:?} changed: {now:?}"
        );
    }
}
