//! The `event-log` driver on whole files: cases as directories, refusals, and the corpus of real divergences.
//!
//! To add a case, add a directory to `tests/cases/event-log/working`, or to `failing` if it does not work yet.

use std::collections::BTreeSet;

use git_mission::merge::event_log::{
    Beginning, Merged, Part, Refusal, Rest, merge, merge_after, merge_behind, merge_parts, shared_length,
};
use git_mission::merge::{ConflictStyle, Rule, Sides, Winner};

use crate::merge_support::{check_cases, check_every_resolution, corpus, lines_by_holder, mirrored};
use crate::merge_witness::event_log as witness;
use crate::merge_witness::{Seen, at};

fn run<'a>(base: &'a [u8], ours: &'a [u8], theirs: &'a [u8]) -> Result<Merged<'a>, Refusal> {
    merge(&Sides { base, ours, theirs }, &ConflictStyle::default())
}

fn text(merged: &Merged<'_>) -> String {
    String::from_utf8(merged.to_bytes()).expect("ASCII")
}

/// The result by way of [`merge_parts`].
pub(crate) fn merge_by_holder(base: &str, ours: &str, theirs: &str) -> Result<String, Refusal> {
    let texts = lines_by_holder(base, ours, theirs);
    let held = |bits: usize| Sides { base: bits & 1 != 0, ours: bits & 2 != 0, theirs: bits & 4 != 0 };
    let parts: Vec<Part<'_>> = texts
        .iter()
        .enumerate()
        .map(|(bits, text)| Part { text: text.as_bytes(), held: held(bits) })
        .collect();
    merge_parts(&[], &parts, &ConflictStyle::default()).map(|merged| text(&merged))
}

/// The result where what all begin with is looked at `step` bytes at a time and then given up, and how many bytes were;
/// `None` if something new belongs into it.
pub(crate) fn merge_behind_its_beginning(texts: &Sides<&str>, step: usize) -> Option<(String, usize)> {
    let whole = run(texts.base.as_bytes(), texts.ours.as_bytes(), texts.theirs.as_bytes());
    let shared = shared_length(&texts.map(str::as_bytes));
    let (mut beginning, mut left) = (Beginning::default(), Vec::new());
    for more in texts.ours.as_bytes()[..shared].chunks(step) {
        left.extend_from_slice(more);
        beginning.look(&left);
        left.drain(..beginning.give_up());
    }
    let rest = Rest::Texts(texts.map(|text| &text.as_bytes()[shared..]));
    let merged = merge_behind(&beginning, &left[beginning.end()..], &rest, &ConflictStyle::default())?;
    let whole = whole.expect("not refused either");
    assert_eq!(
        (merged.counts, &merged.conflicts, &merged.decisions),
        (whole.counts, &whole.conflicts, &whole.decisions)
    );
    Some((texts.ours[..beginning.bytes()].to_owned() + &text(&merged), beginning.bytes()))
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
    check_refused("", &("{}\n".to_owned() + &open("{}\n", "[]\n")), "", "ours:2:1: merge conflict markers");
    check_refused("", &("x\n".to_owned() + &open("{}\n", "[]\n")), "", "ours:1:1: expected a value");
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

/// One id in as many contents as there are rows, in whatever order: each stands once, and it ends soon.
#[test]
fn one_id_in_a_hundred_thousand_contents() {
    const ROWS: usize = 100_000;
    let row = |n: usize| format!("{{\"at\": \"1\", \"event_id\": \"E\", \"n\": {n}}}\n");
    let base: String = (0..ROWS).map(row).collect();
    let ours: String = (0..=ROWS).rev().map(row).collect();
    let theirs: String = (0..ROWS).map(row).chain([row(ROWS + 1)]).collect();
    let merged = run(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()).expect("merges");
    let mut lines: Vec<String> = (0..ROWS + 2).map(row).collect();
    lines.sort();
    assert!(merged.conflicts.is_empty());
    assert!(text(&merged) == lines.concat(), "every content once, in order");
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

#[track_caller]
fn check(base: &str, ours: &str, theirs: &str, expected: &str) {
    let merged = |ours: &str, theirs: &str| {
        text(&run(base.as_bytes(), ours.as_bytes(), theirs.as_bytes()).expect("merged"))
    };
    assert_eq!(merged(ours, theirs), expected);
    // A disagreement that came in keeps its own order of halves.
    let came_in = [base, ours, theirs].iter().any(|text| text.contains("<<<<<<<"));
    let swapped = if came_in { expected.to_owned() } else { mirrored(expected) };
    assert_eq!(merged(theirs, ours), swapped, "with the sides swapped");
}

/// A log in which one hunk is open.
fn open(first: &str, second: &str) -> String {
    format!("<<<<<<< ours\n{first}=======\n{second}>>>>>>> theirs\n")
}

#[test]
fn a_row_that_one_half_shows_alone_stays_in_its_half() {
    let row = "{\"event_id\": \"E\", \"x\": 1}\n";
    for open in [open(row, ""), open("", row)] {
        check("", &open, "", &open);
        check("", &open, &open, &open);
    }
}

#[test]
fn a_conflict_that_one_side_still_has_is_resolved_by_the_other() {
    let row = |x: u32| format!("{{\"event_id\": \"E\", \"x\": {x}}}\n");
    for still in [open(&row(1), &row(2)), open(&row(1), ""), open("", &row(1))] {
        for resolved in ["", &row(1), &row(3)] {
            check(&still, &still, resolved, resolved);
        }
    }
}

#[test]
fn a_conflict_that_only_one_side_brings_stays_as_it_is() {
    let row = |x: u32| format!("{{\"event_id\": \"E\", \"x\": {x}}}\n");
    for brought in [open(&row(2), &row(3)), open(&row(2), ""), open("", &row(2))] {
        check(&row(1), &row(1), &brought, &brought);
    }
}

#[test]
fn a_row_that_one_side_changed_and_the_other_left_out_is_kept_as_changed() {
    let row = |more: &str| format!("{{\"event_id\": \"E\"{more}}}\n");
    check(&row(""), &row(", \"x\": 1"), "", &row(", \"x\": 1"));
    check(
        &row(", \"feature_slug\": \"f\""),
        &row(", \"mission_slug\": \"f\""),
        "",
        &row(", \"mission_slug\": \"f\""),
    );
}

#[test]
fn a_shared_beginning_may_end_inside_a_hunk() {
    let row = |x: u32| format!("{{\"event_id\": \"E\", \"x\": {x}}}\n");
    let [before, after] = [open(&row(1), &row(2)), open(&row(1), &row(3))];
    check(&before, &after, &before, &after);
}

#[test]
fn rows_are_counted_by_who_brought_them() {
    let rows = |ids: &str| {
        ids.chars()
            .fold(String::new(), |log, id| log + &format!("{{\"at\": \"{id}\", \"event_id\": \"{id}\"}}\n"))
    };
    let count = |base: &str, ours: &str, theirs: &str| {
        let texts = [base, ours, theirs].map(rows);
        let [base, ours, theirs] = texts.each_ref().map(String::as_bytes);
        let counts = run(base, ours, theirs).expect("merged").counts;
        let swapped = run(base, theirs, ours).expect("merged").counts;
        assert_eq!((swapped.ours, swapped.theirs), (counts.theirs, counts.ours));
        let slow = merge_after(&[], &Sides { base, ours, theirs }, &ConflictStyle::default());
        assert_eq!(slow.expect("merged").counts, counts);
        [counts.kept, counts.ours, counts.theirs, counts.both, counts.restored]
    };
    assert_eq!(count("", "", ""), [0; 5]);
    assert_eq!(count("abc", "abc", "abc"), [3, 0, 0, 0, 0]);
    assert_eq!(count("abcd", "abcdexyz", "abcefgyz"), [4, 1, 2, 3, 1]);
    assert_eq!(count("abc", "b", "c"), [2, 0, 0, 0, 2]);
    assert_eq!(count("abc", "", ""), [0; 5]);
    assert_eq!(count("pq", "abpq", "pqrst"), [2, 2, 3, 0, 0]);
}

/// Ids that stand twice reach back into the shared beginning, one from another, until all of it is looked at.
#[test]
fn ids_that_stand_twice_take_the_shared_beginning_apart() {
    let row = |at: usize, id: usize| format!("{{\"at\": \"{at:03}\", \"event_id\": \"E{id:02}\"}}\n");
    for ids in 1..12 {
        let mut places: Vec<(usize, usize)> =
            (0..ids).flat_map(|id| [(2 * id, id), (2 * id + 3, id)]).collect();
        places.sort_unstable();
        let shared: String = places.into_iter().map(|(at, id)| row(at, id)).collect();
        let (ours, theirs) = (shared.clone() + &row(900, ids - 1), shared.clone() + &row(901, 99));
        let [base, ours, theirs] = [&shared, &ours, &theirs].map(String::as_bytes);
        let fast = run(base, ours, theirs).expect("merged");
        let slow =
            merge_after(&[], &Sides { base, ours, theirs }, &ConflictStyle::default()).expect("merged");
        assert_eq!((text(&fast), fast.counts), (text(&slow), slow.counts), "{ids}");
    }
}

/// What stands as it is need not be held, unless something new belongs into it.
#[test]
fn a_beginning_that_was_given_up_is_given_back_only_for_what_belongs_into_it() {
    let row = |at: &str, id: &str| format!("{{\"at\": \"{at}\", \"event_id\": \"{id}\"}}\n");
    let begun = row("1", "A") + &row("3", "C") + &row("5", "E");
    let merged = |base: &str, ours: &str, theirs: &str| {
        let texts = Sides {
            base: &*(begun.clone() + base),
            ours: &(begun.clone() + ours),
            theirs: &(begun.clone() + theirs),
        }
        .map(str::to_owned);
        let texts = texts.as_ref().map(String::as_str);
        let whole =
            run(texts.base.as_bytes(), texts.ours.as_bytes(), texts.theirs.as_bytes()).expect("merged");
        let behind = merge_behind_its_beginning(&texts, 5);
        behind.map(|(merged, bytes)| {
            assert_eq!(merged, text(&whole));
            bytes
        })
    };
    let all = Some(begun.len());
    assert_eq!(merged("", &row("6", "F"), &row("7", "G")), all);
    assert_eq!(merged("", &row("5", "F"), ""), all);
    assert_eq!(merged("", "", ""), all);
    // The same on both sides, twice on one, and without an end.
    assert_eq!(merged("", &row("6", "F"), &row("6", "F")), all);
    assert_eq!(merged("", &(row("6", "F") + &row("7", "F")), &row("8", "G")), all);
    assert_eq!(merged("", &(row("6", "F") + &row("7", "G")), &(row("9", "F") + &row("6", "H"))), all);
    assert_eq!(merged("", row("6", "F").trim_end(), &row("6", "E")), None);
    assert_eq!(merged("", row("7", "G").trim_end(), &(row("6", "F") + "\n" + &row("8", "H"))), all);
    assert_eq!(merged("", row("7", "G").trim_end(), &row("6", "F")), all);
    // More than a few.
    let many = |ids: std::ops::Range<usize>| {
        ids.map(|id| row(&format!("7{id:03}"), &format!("G{id}"))).collect::<String>()
    };
    assert_eq!(merged("", &many(0..40), &many(40..50)), all);
    assert_eq!(merged("", &many(0..16), ""), all);
    assert_eq!(merged("", &many(3..12), &many(12..20)), all);
    // Not in order, or with an id that was there.
    assert_eq!(merged("", &row("4", "F"), &row("7", "G")), None);
    assert_eq!(merged("", &row("6", "F"), &row("5", "D")), None);
    assert_eq!(merged("", &row("6", "F"), &row("7", "A")), None);
    // A row in which sides differ, behind all others.
    let (x, y) = (
        "{\"at\": \"6\", \"event_id\": \"F\", \"x\": 1}\n",
        "{\"at\": \"6\", \"event_id\": \"F\", \"x\": 2}\n",
    );
    assert_eq!(merged(&row("6", "F"), x, y), all);
    // Of two spellings, or of rows out of order, the beginning ends before them.
    let odd = row("4", "D") + &row("8", "H");
    assert_eq!(merged(&odd, &(odd.clone() + &row("9", "I")), &odd), None);
    let odd = row("6", "F").replace(": ", ":") + &row("8", "H");
    assert_eq!(merged(&odd, &(odd.clone() + &row("9", "I")), &odd), all);
    // What cannot be read is for those who have the whole.
    let texts = Sides { base: &*begun, ours: &*(begun.clone() + "{"), theirs: &*begun }.map(str::to_owned);
    assert_eq!(merge_behind_its_beginning(&texts.as_ref().map(String::as_str), 9), None);
}

#[test]
fn positions_count_the_lines_of_the_shared_beginning() {
    let row = "{\"event_id\": \"E\"}\n";
    let after = |shared: &str, ours: &str| {
        let sides = Sides { base: "", ours, theirs: "" }.map(str::as_bytes);
        merge_after(shared.as_bytes(), &sides, &ConflictStyle::default()).expect_err("refused").to_string()
    };
    assert_eq!(after(&row.repeat(2), "{}\nx\n"), "ours:4:1: expected a value");
    assert_eq!(after(&format!("{row}{{}}\n[]\n"), ""), "ours:3:1: an object is needed, this is an array");
}

#[test]
fn a_part_that_cannot_be_read_is_named_after_one_that_holds_it() {
    for (base, ours, theirs, expected) in [
        (true, true, true, "ours:1:1: expected a value"),
        (false, true, false, "ours:1:1: expected a value"),
        (true, false, true, "theirs:1:1: expected a value"),
        (true, false, false, "base:1:1: expected a value"),
    ] {
        let part = Part { text: b"x\n", held: Sides { base, ours, theirs } };
        let refusal = merge_parts(&[], &[part], &ConflictStyle::default()).expect_err("refused");
        assert_eq!(refusal.to_string(), expected);
    }
}

/// Every row and field of every merge is what the witness says, which shares no code with the driver: a field that is
/// open both sides changed to different values, and everything else is merged.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are the point")]
fn real_divergences_merge_clean() {
    let Some(cases) = corpus("events") else { return };
    let (mut divergent, mut clean, mut open, mut recorded, mut rows) = (0, 0, 0, 0, 0);
    for case in &cases {
        let texts =
            [&case.base, &case.ours, &case.theirs].map(|text| std::str::from_utf8(text).expect("UTF-8"));
        let merged =
            run(&case.base, &case.ours, &case.theirs).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let swapped = run(&case.base, &case.theirs, &case.ours).expect("as the other way");
        let found = text(&merged);
        assert_eq!(text(&swapped), mirrored(&found), "{}", case.name);
        let sides = Sides { base: &case.base, ours: &case.ours, theirs: &case.theirs }.map(Vec::as_slice);
        let without_beginning =
            merge_after(&[], &sides, &ConflictStyle::default()).expect("as the other way");
        assert!(text(&without_beginning) == found, "{}: the shared beginning makes a difference", case.name);
        let [base, ours, theirs] =
            [&case.base, &case.ours, &case.theirs].map(|text| std::str::from_utf8(text).expect("UTF-8"));
        let in_parts = merge_by_holder(base, ours, theirs).expect("as the other way");
        assert!(in_parts == found, "{}: taking the texts apart makes a difference", case.name);

        let conflicts: Vec<Vec<String>> = merged.conflicts.iter().map(|c| c.path.clone()).collect();
        let seen = Seen::read(texts, &found, &conflicts, witness::read).expect("JSON");
        witness::check(&seen).unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
        for path in &conflicts {
            let at = |rows: &'_ witness::Rows| {
                let [row] = rows.get(&path[0])?.as_slice() else { panic!("{}: {path:?}", case.name) };
                at(row, &path[1..]).cloned()
            };
            let base = seen.base.as_ref().and_then(at);
            let (ours, theirs) = (at(&seen.ours), at(&seen.theirs));
            assert!(base != ours && base != theirs && ours != theirs, "{}: {path:?}", case.name);
        }
        let wanted: BTreeSet<&String> = seen.ours.keys().chain(seen.theirs.keys()).collect();
        let whole = |text: &str| {
            let rows = witness::read(text)?;
            if rows.keys().eq(wanted.iter().copied()) { Ok(()) } else { Err("other rows".to_owned()) }
        };
        check_every_resolution(&found, whole).unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
        if let Some(result) = &case.result {
            // What people committed may have lost rows, but never has one that is not here.
            let result = witness::read(std::str::from_utf8(result).expect("UTF-8")).expect("JSON");
            let lost = result.keys().find(|id| seen.halves.iter().any(|half| !half.contains_key(*id)));
            assert_eq!(lost, None, "{}: of the recorded merge", case.name);
            recorded += 1;
            rows += result.len();
        }
        if sides.settled_by_equality().is_none() {
            divergent += 1;
            clean += usize::from(conflicts.is_empty());
            open += conflicts.len();
        }
    }
    eprintln!(
        "event logs: {clean} of {divergent} real divergences merged clean ({} cases), {open} fields open in the \
         others; all {rows} rows of {recorded} recorded merges are here",
        cases.len()
    );
    assert!(clean * 100 >= divergent * 93, "only {clean} of {divergent} clean");
}
