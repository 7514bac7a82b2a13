//! Laws of the `event-log` driver, one by one on few rows and fields whose values come close to each other, so that
//! every rule is met all the time. `merge_laws_at_scale` checks the same laws on many and on realistic histories.

use std::collections::{BTreeMap, BTreeSet};

use git_mission::merge::event_log::merge_after;
use git_mission::merge::{ConflictStyle, Sides};
use serde_json::Value;

use crate::merge_event_log::{merge_behind_its_beginning, merge_by_holder};
use crate::merge_histories::event_log::EventLog;
use crate::merge_histories::{Flavour, Kind, Triple, Verdict, at_most, check, check_triples, equal};
use crate::merge_support::{check_every_resolution, mirrored, resolved};
use crate::merge_witness::Seen;
use crate::merge_witness::event_log::{self as witness, Rows};

/// All laws on three versions.
pub(crate) const LAWS: &[fn(&Triple) -> Verdict] = &[
    swapped,
    beginning_is_no_matter,
    one_sided,
    again,
    every_choice_holds_every_row,
    leaves_are_known,
    as_the_witness_says,
];

fn run(base: &str, ours: &str, theirs: &str) -> Result<String, String> {
    EventLog::merge(base, ours, theirs).map(|merged| merged.text)
}

/// A log that nothing is merged with.
fn canonical(text: &str) -> Result<String, String> {
    run(text, text, text)
}

/// Swapping the sides mirrors the hunks and changes nothing else.
fn swapped(triple: &Triple) -> Verdict {
    let swapped = EventLog::merge(&triple.base, &triple.theirs, &triple.ours)?;
    equal("swapped", &swapped.text, &mirrored(&triple.merged.text))?;
    let conflicts = |conflicts: &[Vec<String>]| format!("{conflicts:?}");
    equal("conflicts", &conflicts(&swapped.conflicts), &conflicts(&triple.merged.conflicts))
}

/// The beginning that all share, which is not parsed, makes no difference; nor does the spelling of the inputs.
fn beginning_is_no_matter(triple: &Triple) -> Verdict {
    let (base, ours, theirs) =
        (canonical(&triple.base)?, canonical(&triple.ours)?, canonical(&triple.theirs)?);
    let sides = Sides { base: &*base, ours: &*ours, theirs: &*theirs };
    let slow = merge_after(&[], &sides.map(str::as_bytes), &ConflictStyle::default())
        .map_err(|refusal| refusal.to_string())?;
    let slow = String::from_utf8(slow.to_bytes()).map_err(|error| error.to_string())?;
    equal("all rows parsed", &slow, &triple.merged.text)?;
    let apart =
        merge_by_holder(&triple.base, &triple.ours, &triple.theirs).map_err(|refusal| refusal.to_string())?;
    equal("texts taken apart", &apart, &triple.merged.text)?;
    for sides in [&sides, &Sides { base: &triple.base, ours: &triple.ours, theirs: &triple.theirs }] {
        if let Some(behind) = merge_behind_its_beginning(sides, 1 + apart.len() % 97) {
            equal("the beginning given up", &behind.0, &triple.merged.text)?;
        }
    }
    equal("canonical inputs", &run(&base, &ours, &theirs)?, &triple.merged.text)
}

/// Where only one side changed something, the result is that side, and the rows of the base that it left out.
fn one_sided(Triple { base, ours, .. }: &Triple) -> Verdict {
    equal("both the same", &run(base, ours, ours)?, &canonical(ours)?)?;
    let (held, kept) = (witness::read(ours)?, witness::read(base)?);
    let twice: BTreeSet<&String> =
        held.iter().chain(&kept).filter(|(_, rows)| rows.len() > 1).map(|(id, _)| id).collect();
    let mut union = ours.clone();
    for (id, rows) in &kept {
        if !held.contains_key(id) || twice.contains(id) {
            for row in rows {
                let text = base.lines().find(|line| serde_json::from_str(line).ok().as_ref() == Some(row));
                union.push_str(text.ok_or("a row of the base")?);
                union.push('\n');
            }
        }
    }
    let wanted = canonical(&union)?;
    equal("only ours", &run(base, ours, base)?, &wanted)?;
    equal("only theirs", &run(base, base, ours)?, &wanted)
}

/// Merging a side again into a clean result changes nothing, and the result is in canonical form and in order.
fn again(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    if !merged.is_clean() {
        return Ok(());
    }
    let text = &merged.text;
    equal("theirs again", &run(base, text, theirs)?, text)?;
    equal("ours again", &run(base, ours, text)?, text)?;
    equal("canonical", &canonical(text)?, text)?;
    let mut previous = None;
    for line in text.split_terminator('\n') {
        let row: BTreeMap<String, Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let field = |key: &str| row.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let at = field("at").or_else(|| field("timestamp")).unwrap_or_default().to_owned();
        let place = Some((at, field("event_id").unwrap_or_default().to_owned(), line));
        if !line.is_ascii() || previous >= place {
            return Err(format!("not in order, or not canonical: {line}"));
        }
        previous = place;
    }
    Ok(())
}

/// One half of every hunk, any half of each, is a log that holds every row.
fn every_choice_holds_every_row(triple: &Triple) -> Verdict {
    let (ours, theirs) = (witness::read(&triple.ours)?, witness::read(&triple.theirs)?);
    let wanted: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let valid = |text: &str| {
        let found: Rows = witness::read(text)?;
        let found: BTreeSet<&String> = found.keys().collect();
        if found == wanted { Ok(()) } else { Err(format!("holds {found:?}\nand not {wanted:?}")) }
    };
    check_every_resolution(&triple.merged.text, valid)
}

fn leaves(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let key = if key == "feature_slug" { "mission_slug" } else { key };
                leaves(value, &format!("{path}/{key}"), out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, &format!("{path}/*"), out)),
        scalar => drop(out.insert(format!("{path}={scalar}"))),
    }
}

fn leaves_of(text: &str) -> Result<BTreeSet<String>, String> {
    let mut out = BTreeSet::new();
    for (id, rows) in witness::read(text)? {
        for row in rows {
            leaves(&Value::Object(row), &id, &mut out);
        }
    }
    Ok(out)
}

/// Every value of a row stands in the same field of that row in one of the versions.
fn leaves_are_known(triple: &Triple) -> Verdict {
    let mut known = leaves_of(&triple.base)?;
    known.append(&mut leaves_of(&triple.ours)?);
    known.append(&mut leaves_of(&triple.theirs)?);
    for half in [true, false] {
        let found = leaves_of(&resolved(&triple.merged.text, |_| half))?;
        if let Some(leaf) = found.difference(&known).next() {
            return Err(format!("{leaf} comes from nowhere"));
        }
        if triple.merged.is_clean() {
            break;
        }
    }
    Ok(())
}

/// Every row and field is what the rules say, as the witness reads them.
fn as_the_witness_says(triple: &Triple) -> Verdict {
    let texts = [&*triple.base, &triple.ours, &triple.theirs];
    witness::check(&Seen::read(texts, &triple.merged.text, &triple.merged.conflicts, witness::read)?)
}

const CASES: u64 = 1000;

#[track_caller]
fn holds(law: fn(&Triple) -> Verdict) {
    check_triples::<EventLog>(at_most(CASES), Flavour::Close, law);
}

#[test]
fn swapping_the_sides_mirrors_the_hunks() {
    holds(swapped);
}

#[test]
fn the_shared_beginning_makes_no_difference() {
    holds(beginning_is_no_matter);
}

#[test]
fn what_one_side_did_not_touch_is_the_other_side() {
    holds(one_sided);
}

#[test]
fn merging_a_side_again_changes_nothing() {
    holds(again);
}

#[test]
fn any_half_of_any_hunk_holds_every_row() {
    holds(every_choice_holds_every_row);
}

#[test]
fn every_leaf_comes_from_a_version() {
    holds(leaves_are_known);
}

#[test]
fn every_field_is_what_the_rules_say() {
    holds(as_the_witness_says);
}

#[test]
fn a_conflict_can_be_replayed() {
    check::<EventLog>("GIT_MISSION_TRIPLES", at_most(CASES), Flavour::CloseKept, 3, |base, versions| {
        let [ours, theirs, more] = versions else { return Err("three versions".to_owned()) };
        let conflict = run(base, ours, theirs)?;
        equal("unresolved", &canonical(&conflict)?, &conflict)?;
        // Rows are only left out where they were in conflict, so a resolution is made of the conflict's rows.
        let mut resolution: BTreeMap<String, &str> = BTreeMap::new();
        let chosen = resolved(&conflict, |_| true);
        for line in chosen.lines().chain(more.lines()) {
            let id = witness::read(line)?.into_keys().next().ok_or("a row")?;
            resolution.entry(id).or_insert(line);
        }
        let resolution = resolution.into_values().collect::<Vec<_>>().join("\n");
        let wanted = canonical(&resolution)?;
        equal("replayed", &run(&conflict, &conflict, &resolution)?, &wanted)?;
        equal("halves sorted", &run(&mirrored(&conflict), &conflict, &resolution)?, &wanted)?;
        equal("sides swapped", &run(&conflict, &resolution, &conflict)?, &wanted)
    });
}
