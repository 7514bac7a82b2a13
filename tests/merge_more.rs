//! The drivers of notes, matrices, reviews and derived files on whole files: cases as directories, and what is refused.
//!
//! To add a case, add a directory to `tests/cases/<kind>/working`, or to `failing` if it does not work yet.

use git_mission::merge::{ConflictStyle, Kind, Rule, Sides, Winner, run};

use crate::merge_support::check_cases;

type Outcome = Result<(String, bool), String>;

fn merged(kind: Kind, base: &[u8], ours: &[u8], theirs: &[u8]) -> Outcome {
    match run(kind, &Sides { base, ours, theirs }, &ConflictStyle::default()) {
        Ok(merged) => {
            let text = String::from_utf8(merged.text).map_err(|error| error.to_string())?;
            Ok((text, merged.conflicts.is_empty()))
        }
        Err(refusal) => Err(refusal.to_string()),
    }
}

#[test]
fn every_case_works() {
    check_cases("traces", |base, ours, theirs| merged(Kind::Traces, base, ours, theirs), 18);
    check_cases("issue-matrix", |base, ours, theirs| merged(Kind::IssueMatrix, base, ours, theirs), 10);
    check_cases(
        "acceptance-matrix",
        |base, ours, theirs| merged(Kind::AcceptanceMatrix, base, ours, theirs),
        9,
    );
    check_cases("review-cycle", |base, ours, theirs| merged(Kind::ReviewCycle, base, ours, theirs), 6);
    check_cases("derived", |base, ours, theirs| merged(Kind::Derived, base, ours, theirs), 4);
}

#[track_caller]
fn check(kind: Kind, base: &str, ours: &str, theirs: &str, expected: &str) {
    let found = merged(kind, base.as_bytes(), ours.as_bytes(), theirs.as_bytes());
    let (Ok((found, _)) | Err(found)) = found;
    assert_eq!(found, expected);
}

#[test]
fn tables_of_another_shape_are_refused() {
    let issues = |theirs: &str, expected: &str| {
        check(Kind::IssueMatrix, "{\"rows\": {}}", "{\"rows\": {\"#1\": {}}}", theirs, expected);
    };
    issues("{\"rows\": []}", "theirs: `rows` has another shape");
    issues("{\"rows\": {\"#1\": \"fixed\"}}", "theirs: the row \"#1\" is a string");
    issues("{\"rows\": {\"a#1\": {}, \"b#1\": {}}}", "theirs: two rows of `rows` are \"#1\"");
    issues("{\"rows\": {}, \"schema_version\": 2}", "theirs: `schema_version` is not 1");
    issues("{\"rows\": {}", "theirs:1:12: the text ends too early");
    let acceptance = |theirs: &str, expected: &str| {
        let ours = "{\"criteria\": [{\"criterion_id\": \"a\"}]}";
        check(Kind::AcceptanceMatrix, "{\"criteria\": []}", ours, theirs, expected);
    };
    acceptance("{\"criteria\": [{}]}", "theirs: a row of `criteria` has no `criterion_id`");
    acceptance(
        "{\"criteria\": [{\"criterion_id\": 1}]}",
        "theirs: a row of `criteria` has no `criterion_id`",
    );
    acceptance("{\"criteria\": {}}", "theirs: `criteria` has another shape");
    let twice = "{\"negative_invariants\": [{\"invariant_id\": \"x\"}, {\"invariant_id\": \"x\", \"a\": 1}]}";
    acceptance(twice, "theirs: two rows of `negative_invariants` are \"x\"");
}

#[test]
fn a_derived_file_that_counts_nothing_is_refused() {
    let counted = "{\"event_count\": 1}";
    check(Kind::Derived, "", counted, "{}", "theirs has no `event_count`");
    check(Kind::Derived, "", "{\"event_count\": \"1\"}", counted, "ours has no `event_count`");
    check(Kind::Derived, "", counted, "{", "theirs:1:2: the text ends too early");
}

#[test]
fn a_table_that_is_too_large_is_refused() {
    let side =
        |row: &str| format!("{{\"rows\": {{\"{row}\": {{\"note\": \"{}\"}}}}}}", "x".repeat(600 << 10));
    check(
        Kind::IssueMatrix,
        "{\"rows\": {}}",
        &side("#1"),
        &side("#2"),
        "the merged table would not say what was decided",
    );
}

#[test]
fn the_verdict_and_the_sections_are_there_where_either_side_brought_them() {
    let row = "\"criteria\": [{\"criterion_id\": \"a\", \"pass_fail\": \"pass\"}]";
    let plain = format!("{{{row}}}");
    let judged = format!("{{{row}, \"overall_verdict\": \"fail\"}}");
    let other = plain.replace("}]}", "}], \"x\": 1}");
    let both = |verdict: &str| {
        let rows = "  \"criteria\": [\n    {\n      \"criterion_id\": \"a\",\n      \"pass_fail\": \"pass\"\n    }\n  ]";
        format!("{{\n{rows},\n{verdict}  \"x\": 1\n}}\n")
    };
    let written = "  \"overall_verdict\": \"pass\",\n";
    for (ours, theirs) in [(&judged, &other), (&other, &judged)] {
        check(Kind::AcceptanceMatrix, &plain, ours, theirs, &both(written));
    }
    for (ours, theirs) in
        [(&plain, &judged.replace("}]", "}], \"x\": 1")), (&judged.replace("}]", "}], \"x\": 1"), &plain)]
    {
        check(Kind::AcceptanceMatrix, &judged, ours, theirs, &both(""));
    }
}

#[test]
fn what_cannot_be_read_is_settled_where_two_are_equal() {
    for kind in Kind::ALL {
        let of = |base: &[u8], ours: &[u8], theirs: &[u8]| merged(*kind, base, ours, theirs);
        let broken = "{\n>>>>>>> x\n".as_bytes();
        assert_eq!(
            of(b"x", broken, broken).map(|(text, _)| text.into_bytes()).as_deref(),
            Ok(broken),
            "{kind:?}"
        );
        assert_eq!(of(broken, broken, b"{}\n"), Ok(("{}\n".into(), true)), "{kind:?}");
        assert!(of(b"x", broken, b"\xff").is_err(), "{kind:?}");
    }
}

#[test]
fn more_than_two_readings_are_refused() {
    let two = "<<<<<<<\na\n=======\nb\n>>>>>>>\n";
    check(Kind::Traces, "x\n", two, "c\n", "more than two readings of one passage");
    check(Kind::ReviewCycle, "x\n", two, "c\n", "more than two readings of one passage");
    check(Kind::ReviewCycle, "x\n", two, "b\n", "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n");
    let rows = |verdict: &str| format!("\"#1\": {{\"verdict\": \"{verdict}\"}}\n");
    let open = format!("{{\"rows\": {{\n<<<<<<<\n{}=======\n{}>>>>>>>\n}}}}", rows("a"), rows("b"));
    let plain = |verdict: &str| format!("{{\"rows\": {{{}}}}}", rows(verdict));
    check(Kind::IssueMatrix, &plain("x"), &open, &plain("c"), "more than two values of `rows.#1.verdict`");
}

#[test]
fn a_review_that_would_be_read_otherwise_is_not_shown_so() {
    let underlined = "Verdict\n=======\n\nFine.\n";
    check(Kind::ReviewCycle, "", underlined, "Not yet.\n", "the merged text would be read as something else");
    let sides = Sides { base: "", ours: underlined, theirs: "Not yet.\n" }.map(str::as_bytes);
    let merged = run(Kind::ReviewCycle, &sides, &ConflictStyle::new(9, None, None)).expect("larger markers");
    assert_eq!(merged.conflicts.len(), 1);
}

#[test]
fn decisions_name_place_rule_and_winner() {
    let told = |kind, base: &str, ours: &str, theirs: &str| {
        let sides = Sides { base, ours, theirs }.map(str::as_bytes);
        let merged = run(kind, &sides, &ConflictStyle::default()).expect("merged");
        let told = merged.decisions.into_iter().map(|d| (d.path.join("."), d.rule, d.winner));
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        told(Kind::Traces, "a\n\nb\n", "A\n\nb\n\n- x\n", "a\n\nb\n\n- y\n"),
        [
            ("line 1".to_owned(), Rule::OnlyChange, Winner::Ours),
            ("line 4".to_owned(), Rule::SetUnion, Winner::Both),
        ]
    );
    assert_eq!(
        told(Kind::Derived, "{\"event_count\": 1}", "{\"event_count\": 2}", "{\"event_count\": 3}"),
        [("event_count".to_owned(), Rule::MoreEvents, Winner::Theirs)]
    );
    assert_eq!(told(Kind::Traces, "a\n", "b\n", "b\n"), []);
    let open = b"a\n<<<<<<<\nb\n=======\nc\n>>>>>>>\n" as &[u8];
    let sides = Sides { base: open, ours: open, theirs: open };
    let conflicts = run(Kind::Traces, &sides, &ConflictStyle::default()).expect("merged").conflicts;
    assert_eq!(conflicts.into_iter().map(|conflict| conflict.path).collect::<Vec<_>>(), [["line 2"]]);
}
