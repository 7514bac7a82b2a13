//! The `event-log` driver on whole files: cases as directories, refusals, and the corpus of real divergences.
//!
//! To add a case, add a directory to `tests/cases/event-log/working`, or to `failing` if it does not work yet.

use std::collections::{BTreeMap, BTreeSet};

use git_mission::merge::event_log::{Merged, Refusal, merge, merge_after};
use git_mission::merge::{ConflictStyle, Rule, Sides, Winner};
use serde_json::Value;

use crate::merge_support::{check_cases, corpus, mirrored, resolved};

fn run<'a>(base: &'a [u8], ours: &'a [u8], theirs: &'a [u8]) -> Result<Merged<'a>, Refusal> {
    merge(&Sides { base, ours, theirs }, &ConflictStyle::default())
}

fn text(merged: &Merged<'_>) -> String {
    String::from_utf8(merged.to_bytes()).expect("ASCII")
}

#[test]
fn cases() {
    let driver = |base: &[u8], ours: &[u8], theirs: &[u8]| match run(base, ours, theirs) {
        Ok(merged) => Ok((text(&merged), merged.conflicts.is_empty())),
        Err(refusal) => Err(refusal.to_string()),
    };
    check_cases("event-log", driver, 35);
}

#[track_caller]
fn check_refused(base: &str, ours: &str, theirs: &str, expected: &str) {
    let refusal = run(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()).expect_err("refused");
    assert_eq!(refusal.to_string(), expected);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    check_refused("", "{}\n[]\n", "{}\n", "ours:2:1: an object is needed, this is an array");
    check_refused(
        "{}\n\n",
        "{}\n\n",
        "{}\n\n{\"a\": 1, \"a\": 2}\n",
        "theirs:3:10: the key \"a\" stands twice in one object",
    );
    check_refused(
        "{\"a\": NaN}\n",
        "{\"a\": NaN}\n{}\n",
        "{\"a\": NaN}\n",
        "ours:1:7: NaN and Infinity are not JSON",
    );
    check_refused("", "{}\n<<<<<<< x\n{}\n", "", "ours:2:1: merge conflict markers");
}

#[test]
fn more_than_two_values_are_refused() {
    let row = |n: u32| format!("{{\"event_id\": \"E\", \"x\": {n}}}\n");
    let open = format!("<<<<<<<\n{}=======\n{}>>>>>>>\n", row(1), row(2));
    check_refused("", &open, &row(3), "more than two values of `E.x`");
}

#[test]
fn rows_that_escapes_make_too_long_are_refused_and_not_dropped() {
    let row = |more: &str| format!("{{\"event_id\": \"E\", \"x\": \"{}\"{more}}}\n", "é".repeat(3 << 20));
    check_refused(
        &row(""),
        &row(", \"a\": 1"),
        &row(", \"b\": 1"),
        "a row of the merged log would not be readable",
    );
    check_refused("", &row(""), "", "a row of the merged log would not be readable");
}

#[test]
fn decisions_name_row_and_field() {
    let row = |more: &str| format!("{{\"event_id\": \"E\"{more}}}\n");
    let (base, ours, theirs) = (row(", \"x\": 1"), row(", \"x\": 2"), row(", \"x\": 1, \"y\": 1"));
    let merged = run(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()).expect("merged");
    let told: Vec<_> = merged.decisions.iter().map(|d| (d.path.join("."), d.rule, d.winner)).collect();
    assert_eq!(
        told,
        [("E.x".into(), Rule::OnlyChange, Winner::Ours), ("E.y".into(), Rule::OnlyChange, Winner::Theirs)]
    );
}

#[test]
fn a_shared_beginning_is_borrowed_and_not_copied() {
    let shared = (100..200)
        .fold(String::new(), |log, n| log + &format!("{{\"at\": \"{n}\", \"event_id\": \"E{n}\"}}\n"));
    let [ours, theirs] =
        ["201", "202"].map(|at| format!("{shared}{{\"at\": \"{at}\", \"event_id\": \"E{at}\"}}\n"));
    let merged = run(shared.as_bytes(), ours.as_bytes(), theirs.as_bytes()).expect("merged");
    let first = merged.pieces().next().expect("a piece");
    assert_eq!((first.as_ptr(), first.len()), (ours.as_ptr(), shared.len()));
}

/// Rows by their id (or content), read by another parser.
fn independent(text: &[u8]) -> BTreeMap<String, Value> {
    let text = std::str::from_utf8(text).expect("UTF-8");
    text.split('\n')
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect("JSON");
            (row.get("event_id").and_then(Value::as_str).map_or_else(|| row.to_string(), str::to_owned), row)
        })
        .collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "the figure is the point")]
fn real_divergences_merge_clean() {
    let Some(cases) = corpus("events") else { return };
    let (mut divergent, mut clean) = (0, 0);
    for case in &cases {
        let merged =
            run(&case.base, &case.ours, &case.theirs).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let swapped = run(&case.base, &case.theirs, &case.ours).expect("as the other way");
        let found = text(&merged);
        assert_eq!(text(&swapped), mirrored(&found), "{}", case.name);
        let sides = Sides { base: &case.base, ours: &case.ours, theirs: &case.theirs }.map(Vec::as_slice);
        let without_beginning =
            merge_after(&[], &sides, &ConflictStyle::default()).expect("as the other way");
        assert!(text(&without_beginning) == found, "{}: the shared beginning makes a difference", case.name);

        let [base, ours, theirs] = [&case.base, &case.ours, &case.theirs].map(|text| independent(text));
        let halves = [true, false].map(|half| independent(resolved(&found, |_| half).as_bytes()));
        for half in &halves {
            for id in ours.keys().chain(theirs.keys()) {
                assert!(half.contains_key(id), "{}: row {id} is lost", case.name);
            }
            // What people committed may have lost rows, but never has one that is not here.
            for id in case.result.as_deref().map(independent).unwrap_or_default().keys() {
                assert!(half.contains_key(id), "{}: row {id} of the recorded merge is lost", case.name);
            }
            for id in half.keys() {
                assert!(ours.contains_key(id) || theirs.contains_key(id), "{}: row {id} is new", case.name);
            }
        }
        let open: BTreeSet<&str> =
            merged.conflicts.iter().map(|conflict| conflict.path[0].as_str()).collect();
        for conflict in &merged.conflicts {
            let at = |rows: &BTreeMap<String, Value>| {
                let row = rows.get(&conflict.path[0]).cloned();
                conflict.path[1..].iter().try_fold(row?, |value, key| value.get(key).cloned())
            };
            let (base, ours, theirs) = (at(&base), at(&ours), at(&theirs));
            assert!(base != ours && base != theirs && ours != theirs, "{}: {:?}", case.name, conflict.path);
        }
        for (id, first) in &halves[0] {
            assert_eq!(*first != halves[1][id], open.contains(id.as_str()), "{}: row {id}", case.name);
        }
        if sides.settled_by_equality().is_none() {
            divergent += 1;
            clean += usize::from(merged.conflicts.is_empty());
        }
    }
    eprintln!("event logs: {clean} of {divergent} real divergences merged clean ({} cases)", cases.len());
    assert!(clean * 100 >= divergent * 93, "only {clean} of {divergent} clean");
}
