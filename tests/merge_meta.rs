//! The `meta` driver on whole files: cases as directories, refusals, and the corpus of real divergences.
//!
//! To add a case, add a directory to `tests/cases/meta/working`, or to `failing` if it does not work yet.

use git_mission::merge::meta::{Merged, Refusal, merge};
use git_mission::merge::{ConflictStyle, Rule, Side, Sides, Winner};

use crate::merge_support::{check_cases, check_every_resolution, corpus, mirrored};
use crate::merge_witness::meta as witness;
use crate::merge_witness::{Seen, at};

fn run(base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<Merged, Refusal> {
    merge(&Sides { base, ours, theirs }, &ConflictStyle::default())
}

#[test]
fn cases() {
    let driver = |base: &[u8], ours: &[u8], theirs: &[u8]| match run(base, ours, theirs) {
        Ok(merged) => Ok((merged.text, merged.conflicts.is_empty())),
        Err(refusal) => Err(refusal.to_string()),
    };
    check_cases("meta", driver, 25);
}

#[track_caller]
fn check(base: &str, ours: &str, theirs: &str, expected: &str) {
    let found = match run(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()) {
        Ok(merged) => merged.text,
        Err(refusal) => refusal.to_string(),
    };
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_side() {
    check("{}", "{\"a\": 1, \"a\": 2}", "{}", "ours:1:10: the key \"a\" stands twice in one object");
    check("{}", "{}", "{\n\"a\": NaN}", "theirs:2:6: NaN and Infinity are not JSON");
    check("[]", "{}", "{}", "base:1:1: an object is needed, this is an array");
    check("{}", "", "{}", "ours:1:1: the file is empty");
    check(
        "{}",
        "{}",
        "{\"mission\": 1, \"mission_type\": 2}",
        "theirs: `mission` and its new name `mission_type` hold different values",
    );
}

#[test]
fn markers_that_are_no_two_files_are_refused() {
    let open = "{\n<<<<<<< a\n\"a\": 1\n";
    check("{}", open, "{}", "ours:2:1: merge conflict markers");
    let no_comma = "{\n<<<<<<< a\n\"a\": 1\n=======\n\"b\": 1\n>>>>>>> b\n\"c\": 1}";
    check("{}", no_comma, "{}", "ours:2:1: merge conflict markers");
}

#[test]
fn more_than_two_values_are_refused() {
    let two = "{\n<<<<<<< a\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> b\n}";
    check("{}", two, "{\"a\": 3}", "more than two values of `a`");
    check("{}", two, "{\"a\": 2}", "{\n<<<<<<< ours\n  \"a\": 1\n=======\n  \"a\": 2\n>>>>>>> theirs\n}\n");
}

#[test]
fn a_result_that_is_too_large_is_refused() {
    let side = |key: &str| format!("{{\"{key}\": \"{}\"}}", "x".repeat(600 << 10));
    let error = run(b"{}", side("a").as_bytes(), side("b").as_bytes()).expect_err("too large");
    assert!(matches!(error, Refusal::Unproven(Some(_))), "{error}");
}

#[test]
fn markers_have_the_size_and_labels_asked_for() {
    let sides = Sides { base: "", ours: "{\"a\": 1}", theirs: "{\"a\": 2}" };
    let style = ConflictStyle::new(9, Some("HEAD"), Some("topic\nsecond line"));
    let merged = merge(&sides.map(str::as_bytes), &style).expect("merged");
    assert_eq!(merged.text, "{\n<<<<<<<<< HEAD\n  \"a\": 1\n=========\n  \"a\": 2\n>>>>>>>>> topic\n}\n");
    assert_eq!(merged.conflicts[0].path, ["a"]);
}

#[test]
fn decisions_name_key_rule_and_winner() {
    let base = br#"{"a": 1, "o": {"x": 1, "y": 1}, "mission_number": 1}"#;
    let ours = br#"{"a": 2, "o": {"x": 2, "y": 1}, "mission_number": 9}"#;
    let theirs = br#"{"a": 1, "o": {"x": 1, "y": 2}, "mission_number": 8}"#;
    let merged = run(base, ours, theirs).expect("merged");
    let told: Vec<(String, Rule, Winner)> =
        merged.decisions.iter().map(|d| (d.path.join("."), d.rule, d.winner)).collect();
    assert_eq!(
        told,
        [
            ("a".into(), Rule::OnlyChange, Winner::Ours),
            ("mission_number".into(), Rule::SmallerNumber, Winner::Theirs),
            ("o.x".into(), Rule::OnlyChange, Winner::Ours),
            ("o.y".into(), Rule::OnlyChange, Winner::Theirs),
        ]
    );
}

#[test]
fn keys_on_which_the_sides_agree_are_told_apart_by_the_base() {
    let merged =
        run(br#"{"a": 1, "b": 1, "c": 1}"#, br#"{"a": 1, "b": 2, "c": 2}"#, br#"{"a": 1, "b": 2, "c": 1}"#);
    let agreed = merged.expect("merged").agreed.into_iter().map(|d| (d.path.join("."), d.rule, d.winner));
    assert_eq!(
        agreed.collect::<Vec<_>>(),
        [("a".to_owned(), Rule::Untouched, Winner::Both), ("b".to_owned(), Rule::SameChange, Winner::Both)]
    );
}

#[test]
fn a_unit_is_told_only_where_the_sides_differ() {
    let side = |at: &str, by: &str| {
        format!(r#"{{"accepted_at": "2026-01-0{at}T00:00:00Z", "accepted_by": "{by}"}}"#)
    };
    let merged = run(side("1", "x").as_bytes(), side("2", "a").as_bytes(), side("3", "a").as_bytes());
    let told = merged.expect("merged").decisions.into_iter().map(|d| (d.path.join("."), d.rule, d.winner));
    assert_eq!(told.collect::<Vec<_>>(), [("accepted_at".to_owned(), Rule::LaterAcceptance, Winner::Theirs)]);
}

#[test]
fn a_unit_with_a_disagreement_in_it_is_not_taken_whole() {
    let side =
        |at: &str, by: &str| format!("{{\n\"accepted_at\": \"2026-01-0{at}T00:00:00Z\",\n{by}\n\"z\": 1}}\n");
    let open = "<<<<<<< a\n\"accepted_by\": \"a\",\n=======\n\"accepted_by\": \"b\",\n>>>>>>> b";
    let (base, ours) = (side("1", "\"accepted_by\": \"x\","), side("3", open));
    let theirs = side("2", "\"accepted_by\": \"c\",");
    check(&base, &ours, &theirs, "more than two values of `accepted_by`");
    check(&base, &theirs, &ours, "more than two values of `accepted_by`");
}

#[test]
fn acceptances_stand_in_the_order_of_their_times_and_names() {
    let entry = |mode: &str, at: u32, by: &str| {
        format!(r#"{{"acceptance_mode": "{mode}", "accepted_at": "{at}", "accepted_by": "{by}"}}"#)
    };
    let history = |entries: &[String]| format!(r#"{{"acceptance_history": [{}]}}"#, entries.join(", "));
    let sorted = [entry("z", 1, "q"), entry("y", 2, "a"), entry("x", 2, "b")];
    let [a, b, c] = sorted.clone();
    let found = run(b"{}", history(&[c, a]).as_bytes(), history(&[b]).as_bytes());
    let expected = run(b"{}", b"{}", history(&sorted).as_bytes());
    assert_eq!(found.expect("merged").text, expected.expect("merged").text);
}

#[test]
fn both_sides_unreadable_names_ours() {
    let error = run(b"", b"x", b"y").expect_err("unreadable");
    assert!(matches!(error, Refusal::Unreadable { side: Side::Ours, .. }));
}

/// Every key of every merge is what the witness says, which shares no code with the driver: one that is open both sides
/// changed to different values, and every other one is merged.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are the point")]
fn real_divergences_merge_clean() {
    let Some(cases) = corpus("meta") else { return };
    let (mut divergent, mut clean, mut open, mut recorded) = (0, 0, 0, 0);
    for case in &cases {
        let texts =
            [&case.base, &case.ours, &case.theirs].map(|text| std::str::from_utf8(text).expect("UTF-8"));
        let merged =
            run(&case.base, &case.ours, &case.theirs).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let swapped = run(&case.base, &case.theirs, &case.ours).expect("as the other way");
        assert_eq!(swapped.text, mirrored(&merged.text), "{}", case.name);
        let conflicts: Vec<Vec<String>> = merged.conflicts.iter().map(|c| c.path.clone()).collect();
        let seen = Seen::read(texts, &merged.text, &conflicts, witness::read).expect("JSON");
        witness::check(&seen).unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
        for path in &conflicts {
            let base = seen.base.as_ref().and_then(|base| at(base, path));
            let (ours, theirs) = (at(&seen.ours, path), at(&seen.theirs, path));
            assert!(base != ours && base != theirs && ours != theirs, "{}: {path:?}", case.name);
        }
        check_every_resolution(&merged.text, |text| witness::read(text).map(|_| ()))
            .unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
        if let Some(result) = &case.result {
            let result = witness::read(std::str::from_utf8(result).expect("UTF-8")).expect("JSON");
            let lost = result.keys().find(|key| seen.halves.iter().any(|half| !half.contains_key(*key)));
            assert_eq!(lost, None, "{}: of the recorded merge", case.name);
            recorded += 1;
        }
        let sides = Sides { base: &case.base, ours: &case.ours, theirs: &case.theirs }.map(Vec::as_slice);
        if sides.settled_by_equality().is_none() {
            divergent += 1;
            clean += usize::from(conflicts.is_empty());
            open += conflicts.len();
        }
    }
    eprintln!(
        "meta: {clean} of {divergent} real divergences merged clean ({} cases), {open} keys open in the others; \
         {recorded} recorded merges have no key that is not here",
        cases.len()
    );
    assert!(clean * 100 >= divergent * 93, "only {clean} of {divergent} clean");
}
