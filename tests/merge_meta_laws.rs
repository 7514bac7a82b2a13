//! Laws of the `meta` driver, on files made up from the keys that have rules and values that come close to each
//! other. Knows the rules only as exceptions to the laws.

use std::collections::BTreeMap;

use git_mission::merge::meta::{Merged, merge};
use git_mission::merge::{ConflictStyle, Sides};
use git_mission::mission::Meta;
use proptest::prelude::*;
use serde_json::Value;

use crate::merge_support::{mirrored, resolved};

/// A file as key and JSON text.
type File = BTreeMap<&'static str, &'static str>;

/// Keys, and the values that they may take.
const KEYS: &[(&str, &[&str])] = &[
    ("alpha", &["1", "2", "\"x\\n\"", "null", "1.10", "[]", "{}"]),
    (
        "mission_id",
        &["null", "\"\"", "\"01KQ47E80QJG8GTVGDCV67RW7M\"", "\"01KQ47E80QJG8GTVGDCV67RW7N\"", "\"x\""],
    ),
    ("mission_number", &["null", "1", "\"001\"", "64", "\"064\"", "\"64\"", "\"pending\"", "1.0"]),
    ("created_at", TIMES),
    ("vcs_locked_at", TIMES),
    ("status_phase", &["\"1\"", "1", "\"2\"", "\"10\"", "\"done\"", "\"plan\"", "null", "1.5"]),
    ("accepted_at", TIMES),
    ("accepted_by", &["\"a\"", "\"b\"", "null"]),
    ("acceptance_mode", &["\"auto\"", "\"manual\"", "null"]),
    ("accept_commit", &["\"abc\"", "\"abd\"", "null"]),
    ("topology", &["\"lanes\"", "\"coord\"", "null"]),
    ("flattened", &["true", "false", "null"]),
    ("coordination_branch", &["\"c/x\"", "\"c/y\"", "null"]),
    ("acceptance_history", &["[]", H1, H2, H12, H13, "[1]", "null"]),
    (
        "dependencies",
        &["[]", "[\"a\"]", "[\"a\",\"b\"]", "[\"a\",\"c\",\"c\"]", "[\"a\",2,true]", "[\"b\"]", "[[]]"],
    ),
    (
        "nested",
        &[
            "{}",
            "{\"a\":1}",
            "{\"a\":2}",
            "{\"a\":1,\"b\":{\"c\":1}}",
            "{\"b\":{\"c\":2,\"d\":[1]}}",
            "{\"a\":null}",
        ],
    ),
    ("zeta", &["true", "\"é\\u0001\"", "12345678901234567890123", "[{\"a\":1}]"]),
];
const TIMES: &[&str] = &[
    "\"2026-01-01T00:00:00+00:00\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"2026-01-01T01:00:00+01:00\"",
    "\"2026-01-02T00:00:00Z\"",
    "\"2026-01-03T00:00:00Z\"",
    "\"2026-01-02\"",
    "null",
];
const H1: &str = r#"[{"accepted_at":"1","accepted_by":"a"}]"#;
const H2: &str = r#"[{"accepted_at":"2","accepted_by":"a"}]"#;
const H12: &str = r#"[{"accepted_at":"1","accepted_by":"a"},{"accepted_at":"2","accepted_by":"a"}]"#;
const H13: &str = r#"[{"accepted_at":"1","accepted_by":"a"},{"accepted_at":"1","accepted_by":"b"}]"#;

/// One edit: which key, and which of its values; `None` deletes it.
type Edit = (prop::sample::Index, Option<prop::sample::Index>);

fn edited(file: &File, edits: &[Edit]) -> File {
    let mut file = file.clone();
    for (key, value) in edits {
        let (key, values) = KEYS[key.index(KEYS.len())];
        match value {
            Some(value) => file.insert(key, values[value.index(values.len())]),
            None => file.remove(key),
        };
    }
    file
}

fn edits(most: usize, deletions: bool) -> impl Strategy<Value = Vec<Edit>> {
    let value = any::<prop::sample::Index>();
    let edit = prop_oneof![
        5 => value.prop_map(Some),
        u32::from(deletions) => Just(None),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), edit), 0..=most)
}

fn text(file: &File) -> String {
    let members: Vec<String> = file.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    format!("{{{}}}", members.join(", "))
}

/// A base and `sides` versions of it, each with at most `most` edits.
fn versions(sides: usize, most: usize, deletions: bool) -> impl Strategy<Value = (String, Vec<String>)> {
    (edits(20, false), prop::collection::vec(edits(most, deletions), sides)).prop_map(|(base, sides)| {
        let base = edited(&File::new(), &base);
        (text(&base), sides.iter().map(|edits| text(&edited(&base, edits))).collect())
    })
}

/// As [`versions`] with two sides, where the base may also be an empty file.
fn three() -> impl Strategy<Value = Sides<String>> {
    (versions(2, 8, true), prop::bool::weighted(0.2)).prop_map(|((base, sides), added)| {
        let [ours, theirs] = <[String; 2]>::try_from(sides).expect("two");
        Sides { base: if added { String::new() } else { base }, ours, theirs }
    })
}

fn run(base: &str, ours: &str, theirs: &str) -> Merged {
    let sides = Sides { base, ours, theirs }.map(str::as_bytes);
    merge(&sides, &ConflictStyle::default()).expect("merged")
}

fn canonical(text: &str) -> String {
    Meta::read(text.as_bytes()).expect("read").to_canonical()
}

fn json(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { serde_json::from_str(text).expect("JSON") }
}

/// Every scalar with the keys above it; positions in arrays do not count.
fn leaves(value: &Value, path: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                leaves(value, &format!("{path}/{key}"), out);
            }
        }
        Value::Array(items) => {
            for item in items {
                leaves(item, &format!("{path}/*"), out);
            }
        }
        scalar => out.push(format!("{path}={scalar}")),
    }
}

fn leaves_of(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    leaves(&json(text), "", &mut out);
    out
}

const UNIT_KEYS: [&str; 7] = [
    "accepted_at",
    "accepted_by",
    "acceptance_mode",
    "accept_commit",
    "topology",
    "flattened",
    "coordination_branch",
];

/// All ways to merge several branches of one base, one after the other or in pairs; only what came out clean.
fn clean_results(base: &str, branches: &[String]) -> Vec<String> {
    if let [only] = branches {
        return vec![only.clone()];
    }
    let mut results = Vec::new();
    for left in 1..(1_u32 << branches.len()) - 1 {
        let half = |wanted: bool| -> Vec<String> {
            let chosen = branches.iter().enumerate().filter(|(n, _)| (left & (1 << n) != 0) == wanted);
            chosen.map(|(_, branch)| branch.clone()).collect()
        };
        for ours in clean_results(base, &half(true)) {
            for theirs in clean_results(base, &half(false)) {
                let merged = run(base, &ours, &theirs);
                if merged.conflicts.is_empty() {
                    results.push(merged.text);
                }
            }
        }
        results.sort();
        results.dedup();
    }
    results
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn swapping_the_sides_mirrors_the_hunks(sides in three()) {
        let merged = run(&sides.base, &sides.ours, &sides.theirs);
        let swapped = run(&sides.base, &sides.theirs, &sides.ours);
        prop_assert_eq!(mirrored(&merged.text), swapped.text);
        prop_assert_eq!(merged.conflicts, swapped.conflicts);
    }

    #[test]
    fn what_one_side_did_not_touch_is_the_other_side(sides in three()) {
        let Sides { base, ours, .. } = &sides;
        prop_assert_eq!(run(base, ours, ours).text, canonical(ours));
        if !base.is_empty() {
            prop_assert_eq!(run(base, ours, base).text, canonical(ours));
            prop_assert_eq!(run(base, base, ours).text, canonical(ours));
            prop_assert_eq!(run(base, base, base).text, canonical(base));
        }
    }

    #[test]
    fn merging_a_side_again_changes_nothing(sides in three()) {
        let merged = run(&sides.base, &sides.ours, &sides.theirs);
        prop_assume!(merged.conflicts.is_empty());
        prop_assert_eq!(&run(&sides.base, &merged.text, &sides.theirs).text, &merged.text);
        prop_assert_eq!(&run(&sides.base, &sides.ours, &merged.text).text, &merged.text);
    }

    #[test]
    fn any_half_of_any_hunk_leaves_json(sides in three(), choice in any::<u64>()) {
        let merged = run(&sides.base, &sides.ours, &sides.theirs);
        let mixed = resolved(&merged.text, |hunk| choice & (1 << (hunk % 64)) != 0);
        prop_assert!(serde_json::from_str::<Value>(&mixed).is_ok(), "{}", mixed);
    }

    #[test]
    fn no_key_is_lost(sides in three()) {
        let merged = run(&sides.base, &sides.ours, &sides.theirs);
        let halves = [true, false].map(|half| json(&resolved(&merged.text, |_| half)));
        let Sides { base, ours, theirs } = sides.map(|text| json(&text));
        for (side, other) in [(&ours, &theirs), (&theirs, &ours)] {
            for (key, value) in side.as_object().expect("an object") {
                let deleted = other.get(key).is_none() && base.get(key) == Some(value);
                // A number or time that was only respelled counts as unchanged against a deletion; units are whole.
                let by_meaning = other.get(key).is_none() && merged.decisions.iter().any(|d| d.path == [key.clone()]);
                let held = halves.iter().any(|half| half.get(key).is_some());
                prop_assert!(held || deleted || by_meaning || UNIT_KEYS.contains(&key.as_str()), "{} is lost", key);
            }
        }
    }

    #[test]
    fn every_leaf_comes_from_a_version(sides in three()) {
        let merged = run(&sides.base, &sides.ours, &sides.theirs);
        let mut known = leaves_of(&sides.base);
        known.extend(leaves_of(&sides.ours));
        known.extend(leaves_of(&sides.theirs));
        for half in [true, false] {
            for leaf in leaves_of(&resolved(&merged.text, |_| half)) {
                prop_assert!(known.contains(&leaf), "{} comes from nowhere", leaf);
            }
        }
    }

    #[test]
    fn a_hunk_holds_what_the_sides_say(sides in three()) {
        let merged = run(&sides.base, &sides.ours, &sides.theirs);
        let [first, second] = [true, false].map(|half| json(&resolved(&merged.text, |_| half)));
        let (ours, theirs) = (json(&sides.ours), json(&sides.theirs));
        for conflict in &merged.conflicts {
            let at = |value: &Value| conflict.path.iter().try_fold(value.clone(), |v, key| v.get(key).cloned());
            let unit = UNIT_KEYS.contains(&conflict.path[0].as_str());
            let plain = |value: Option<Value>| value.filter(|value| !(unit && value.is_null()));
            prop_assert_eq!(at(&first), plain(at(&ours)));
            prop_assert_eq!(at(&second), plain(at(&theirs)));
        }
    }

    #[test]
    fn a_conflict_can_be_replayed(sides in three(), resolution in versions(1, 8, true)) {
        let conflict = run(&sides.base, &sides.ours, &sides.theirs).text;
        let (_, resolution) = resolution;
        let resolution = &resolution[0];
        let halves_sorted = mirrored(&conflict);
        let expected = canonical(resolution);
        prop_assert_eq!(&run(&conflict, &conflict, resolution).text, &expected);
        prop_assert_eq!(&run(&halves_sorted, &conflict, resolution).text, &expected);
        prop_assert_eq!(&run(&conflict, resolution, &conflict).text, &expected);
        prop_assert_eq!(&run(&conflict, &conflict, &conflict).text, &conflict);
    }

    #[test]
    fn a_base_with_hunks_is_never_trouble(sides in three(), now in versions(2, 8, true)) {
        let conflict = run(&sides.base, &sides.ours, &sides.theirs).text;
        let merged = run(&conflict, &now.1[0], &now.1[1]);
        let swapped = run(&conflict, &now.1[1], &now.1[0]);
        prop_assert_eq!(mirrored(&merged.text), swapped.text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn three_branches_merge_alike_in_every_order((base, branches) in versions(3, 4, false)) {
        let results = clean_results(&base, &branches);
        prop_assert!(results.len() <= 1, "{:#?}", results);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn four_branches_merge_alike_in_every_order((base, branches) in versions(4, 3, false)) {
        let results = clean_results(&base, &branches);
        prop_assert!(results.len() <= 1, "{:#?}", results);
    }
}
