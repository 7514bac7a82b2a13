//! Laws of the `event-log` driver, on logs made up from few rows and fields whose values come close to each other.
//! Knows the rules only as exceptions to the laws.

use std::collections::BTreeMap;

use git_mission::merge::event_log::{merge, merge_after};
use git_mission::merge::{Conflict, ConflictStyle, Sides};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::merge_support::{mirrored, resolved};

/// A row as field and JSON text.
type Row = BTreeMap<&'static str, &'static str>;
/// A log: rows by what tells them apart.
type Log = BTreeMap<usize, Row>;

/// Fields, and the values that they may take.
const FIELDS: &[(&str, &[&str])] = &[
    ("at", &["\"2026-01-01\"", "\"2026-01-02\"", "\"2026-01-03\"", "null", "7"]),
    ("timestamp", &["\"2026-01-02\"", "\"2026-01-04\""]),
    (
        "actor",
        &[
            "\"claude\"",
            "\"codex\"",
            "{\"tool\":\"claude\"}",
            "{\"role\":\"codex\",\"tool\":\"claude\"}",
            "null",
        ],
    ),
    ("reason", &["null", "\"x\"", "\"é\\n\\u2028\\u007f\"", "\"\\ud83d\\ude00\""]),
    ("to_lane", &["\"done\"", "\"planned\"", "1.10"]),
    ("evidence", &["{}", "{\"a\":1}", "{\"a\":2,\"b\":null}", "{\"b\":[1,2]}", "null"]),
    ("repos", &["[]", "[1]", "[1,3]", "[1,2]"]),
    ("feature_slug", &["\"s\"", "\"t\""]),
    ("mission_slug", &["\"s\"", "\"t\""]),
];
/// Rows from this on have no id.
const NO_ID: usize = 6;
const ROWS: usize = 8;

#[derive(Debug, Clone)]
enum Edit {
    Set(Index, Index, Index),
    Unset(Index, Index),
    Delete(Index),
}

fn edited(log: &Log, edits: &[Edit]) -> Log {
    let mut log = log.clone();
    for edit in edits {
        match edit {
            Edit::Set(row, field, value) => {
                let (field, values) = FIELDS[field.index(FIELDS.len())];
                let row = log.entry(row.index(ROWS)).or_default();
                // No row has both names of a field.
                match field {
                    "feature_slug" => row.remove("mission_slug"),
                    "mission_slug" => row.remove("feature_slug"),
                    _ => None,
                };
                row.insert(field, values[value.index(values.len())]);
            }
            Edit::Unset(row, field) => {
                if let Some(row) = log.get_mut(&row.index(ROWS)) {
                    row.remove(FIELDS[field.index(FIELDS.len())].0);
                }
            }
            Edit::Delete(row) => {
                log.remove(&row.index(ROWS));
            }
        }
    }
    log
}

fn edits(most: usize, deletions: bool) -> impl Strategy<Value = Vec<Edit>> {
    let index = any::<Index>;
    let deletions = u32::from(deletions);
    let edit = prop_oneof![
        8 => (index(), index(), index()).prop_map(|(row, field, value)| Edit::Set(row, field, value)),
        deletions => (index(), index()).prop_map(|(row, field)| Edit::Unset(row, field)),
        deletions => index().prop_map(Edit::Delete),
    ];
    prop::collection::vec(edit, 0..=most)
}

/// Written as it comes, with or without spaces after separators: canonical only by chance.
fn text(log: &Log, spaced: bool) -> String {
    let space = if spaced { " " } else { "" };
    let line = |(number, row): (&usize, &Row)| {
        let id = format!("\"E{number}\"");
        let mut members = row.clone();
        if *number < NO_ID {
            members.insert("event_id", &id);
        }
        let members: Vec<String> =
            members.iter().map(|(key, value)| format!("\"{key}\":{space}{value}")).collect();
        format!("{{{}}}\n", members.join(&format!(",{space}")))
    };
    log.iter().map(line).collect()
}

fn versions(sides: usize, most: usize, deletions: bool) -> impl Strategy<Value = (String, Vec<String>)> {
    let side = (edits(most, deletions), any::<bool>());
    (edits(12, false), any::<bool>(), prop::collection::vec(side, sides)).prop_map(|(base, spaced, sides)| {
        let base = edited(&Log::new(), &base);
        (
            text(&base, spaced),
            sides.iter().map(|(edits, spaced)| text(&edited(&base, edits), *spaced)).collect(),
        )
    })
}

fn three() -> impl Strategy<Value = Sides<String>> {
    (versions(2, 8, true), prop::bool::weighted(0.2)).prop_map(|((base, sides), added)| {
        let [ours, theirs] = <[String; 2]>::try_from(sides).expect("two");
        Sides { base: if added { String::new() } else { base }, ours, theirs }
    })
}

fn run(base: &str, ours: &str, theirs: &str) -> (String, Vec<Conflict>) {
    let sides = Sides { base, ours, theirs }.map(str::as_bytes);
    let merged = merge(&sides, &ConflictStyle::default()).expect("merged");
    (String::from_utf8(merged.to_bytes()).expect("ASCII"), merged.conflicts)
}

/// A log that nothing is merged with.
fn canonical(text: &str) -> String {
    run(text, text, text).0
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn id(row: &Value) -> String {
    row.get("event_id").map_or_else(|| row.to_string(), Value::to_string)
}

fn leaves(value: &Value, path: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let key = if key == "feature_slug" { "mission_slug" } else { key };
                leaves(value, &format!("{path}/{key}"), out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, &format!("{path}/*"), out)),
        scalar => out.push(format!("{path}={scalar}")),
    }
}

fn leaves_of(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    rows(text)
        .iter()
        .filter(|row| row.get("event_id").is_some())
        .for_each(|row| leaves(row, &id(row), &mut out));
    out
}

/// All ways to merge several branches of one base; only what came out clean.
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
                let (text, conflicts) = run(base, &ours, &theirs);
                if conflicts.is_empty() {
                    results.push(text);
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
        let (text, conflicts) = run(&sides.base, &sides.ours, &sides.theirs);
        let swapped = run(&sides.base, &sides.theirs, &sides.ours);
        prop_assert_eq!((mirrored(&text), conflicts), swapped);
    }

    #[test]
    fn the_shared_beginning_makes_no_difference(sides in three()) {
        let (text, _) = run(&sides.base, &sides.ours, &sides.theirs);
        let [base, ours, theirs] = [&sides.base, &sides.ours, &sides.theirs].map(|text| canonical(text));
        let sides = Sides { base: &*base, ours: &*ours, theirs: &*theirs };
        let slow = merge_after(&[], &sides.map(str::as_bytes), &ConflictStyle::default()).expect("merged");
        prop_assert_eq!(&String::from_utf8(slow.to_bytes()).expect("ASCII"), &text);
        prop_assert_eq!(&run(&base, &ours, &theirs).0, &text);
    }

    #[test]
    fn what_one_side_did_not_touch_is_the_other_side((base, sides) in versions(1, 8, false)) {
        let side = &sides[0];
        let canonical = canonical(side);
        prop_assert_eq!(&run(&base, side, side).0, &canonical);
        // A row without an id that was changed is another row, and the old one is kept.
        let ids = |text: &str| rows(text).iter().filter(|row| row.get("event_id").is_some()).cloned().collect::<Vec<_>>();
        prop_assert_eq!(ids(&run(&base, side, &base).0), ids(&canonical));
        prop_assert_eq!(ids(&run(&base, &base, side).0), ids(&canonical));
    }

    #[test]
    fn merging_a_side_again_changes_nothing(sides in three()) {
        let (text, conflicts) = run(&sides.base, &sides.ours, &sides.theirs);
        prop_assume!(conflicts.is_empty());
        prop_assert_eq!(&run(&sides.base, &text, &sides.theirs).0, &text);
        prop_assert_eq!(&run(&sides.base, &sides.ours, &text).0, &text);
        prop_assert_eq!(&canonical(&text), &text);
    }

    #[test]
    fn any_half_of_any_hunk_holds_every_row(sides in three(), choice in any::<u64>()) {
        let (text, _) = run(&sides.base, &sides.ours, &sides.theirs);
        let found: Vec<String> = rows(&resolved(&text, |hunk| choice & (1 << (hunk % 64)) != 0)).iter().map(id).collect();
        let mut wanted: Vec<String> = rows(&sides.ours).iter().chain(&rows(&sides.theirs)).map(id).collect();
        wanted.sort();
        wanted.dedup();
        let mut sorted = found.clone();
        sorted.sort();
        prop_assert_eq!(sorted, wanted);
    }

    #[test]
    fn every_leaf_comes_from_a_version(sides in three()) {
        let (text, _) = run(&sides.base, &sides.ours, &sides.theirs);
        let mut known = leaves_of(&sides.base);
        known.extend(leaves_of(&sides.ours));
        known.extend(leaves_of(&sides.theirs));
        for half in [true, false] {
            for leaf in leaves_of(&resolved(&text, |_| half)) {
                prop_assert!(known.contains(&leaf), "{} comes from nowhere", leaf);
            }
        }
    }

    #[test]
    fn a_conflict_can_be_replayed(sides in three(), resolution in versions(1, 8, true)) {
        let (conflict, _) = run(&sides.base, &sides.ours, &sides.theirs);
        prop_assert_eq!(&canonical(&conflict), &conflict);
        // Rows are only left out where they were in conflict, so a resolution is made of the conflict's rows.
        let mut resolution_of: BTreeMap<String, &str> = BTreeMap::new();
        let chosen = resolved(&conflict, |_| true);
        for line in chosen.lines().chain(resolution.1[0].lines()) {
            resolution_of.entry(id(&serde_json::from_str(line).expect("JSON"))).or_insert(line);
        }
        let resolution = resolution_of.into_values().collect::<Vec<_>>().join("\n");
        let expected = canonical(&resolution);
        prop_assert_eq!(&run(&conflict, &conflict, &resolution).0, &expected);
        prop_assert_eq!(&run(&mirrored(&conflict), &conflict, &resolution).0, &expected);
        prop_assert_eq!(&run(&conflict, &resolution, &conflict).0, &expected);
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
