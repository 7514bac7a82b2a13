//! Laws of the `meta` driver, one by one on few keys with values that come close to each other, so that every rule is
//! met all the time. `merge_laws_at_scale` checks the same laws on many and on realistic histories.

use git_mission::mission::Meta;
use serde_json::Value;

use crate::merge_histories::meta::Meta as OfMeta;
use crate::merge_histories::{Flavour, Kind, Triple, Verdict, at_most, check, check_triples, equal};
use crate::merge_support::{check_every_resolution, mirrored, resolved};
use crate::merge_witness::Seen;
use crate::merge_witness::meta::{self as witness, in_unit};

/// All laws on three versions.
pub(crate) const LAWS: &[fn(&Triple) -> Verdict] =
    &[swapped, one_sided, again, any_choice, no_key_is_lost, leaves_are_known, as_the_witness_says];

fn run(base: &str, ours: &str, theirs: &str) -> Result<String, String> {
    OfMeta::merge(base, ours, theirs).map(|merged| merged.text)
}

fn canonical(text: &str) -> Result<String, String> {
    Ok(Meta::read(text.as_bytes()).map_err(|error| error.to_string())?.to_canonical())
}

fn json(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::Object(witness::read(text)?))
}

fn halves(text: &str) -> Result<[Value; 2], String> {
    Ok([json(&resolved(text, |_| true))?, json(&resolved(text, |_| false))?])
}

/// Swapping the sides mirrors the hunks and changes nothing else.
fn swapped(triple: &Triple) -> Verdict {
    let swapped = OfMeta::merge(&triple.base, &triple.theirs, &triple.ours)?;
    equal("swapped", &swapped.text, &mirrored(&triple.merged.text))?;
    let conflicts = |conflicts: &[Vec<String>]| format!("{conflicts:?}");
    equal("conflicts", &conflicts(&swapped.conflicts), &conflicts(&triple.merged.conflicts))
}

/// What one side did not touch is the other side, in canonical form.
fn one_sided(Triple { base, ours, .. }: &Triple) -> Verdict {
    let wanted = canonical(ours)?;
    equal("both the same", &run(base, ours, ours)?, &wanted)?;
    if base.is_empty() {
        return Ok(());
    }
    equal("only ours", &run(base, ours, base)?, &wanted)?;
    equal("only theirs", &run(base, base, ours)?, &wanted)
}

/// Merging a side again into a clean result changes nothing, and the result is in canonical form.
fn again(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    if !merged.is_clean() {
        return Ok(());
    }
    equal("theirs again", &run(base, &merged.text, theirs)?, &merged.text)?;
    equal("ours again", &run(base, ours, &merged.text)?, &merged.text)?;
    equal("canonical", &canonical(&merged.text)?, &merged.text)?;
    // Another printer, where it does not respell numbers.
    if merged.text.contains("1.10") || merged.text.contains("123456789") || merged.text.contains("e3") {
        return Ok(());
    }
    let printed = serde_json::to_string_pretty(&json(&merged.text)?).map_err(|error| error.to_string())?;
    equal("canonical elsewhere", &merged.text, &(printed + "\n"))
}

/// One half of every hunk, any half of each, is JSON.
fn any_choice(triple: &Triple) -> Verdict {
    if triple.merged.is_clean() {
        return json(&triple.merged.text).map(|_| ());
    }
    check_every_resolution(&triple.merged.text, |text| json(text).map(|_| ()))
}

/// A key of a side is in the result, unless the other side deleted it or took its unit.
fn no_key_is_lost(triple: &Triple) -> Verdict {
    let halves = halves(&triple.merged.text)?;
    let (base, ours, theirs) = (json(&triple.base)?, json(&triple.ours)?, json(&triple.theirs)?);
    for (side, other) in [(&ours, &theirs), (&theirs, &ours)] {
        for (key, value) in side.as_object().into_iter().flatten() {
            let held = halves.iter().any(|half| half.get(key).is_some());
            // A number or time that was only respelled counts as unchanged against a deletion.
            let respelled =
                ["mission_number", "created_at", "vcs_locked_at", "status_phase"].contains(&key.as_str());
            let deleted =
                other.get(key).is_none() && base.get(key).is_some_and(|base| base == value || respelled);
            if !held && !deleted && !in_unit(key) {
                return Err(format!("`{key}` is lost"));
            }
        }
    }
    Ok(())
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

/// Every value of the result stands under the same keys in one of the versions.
fn leaves_are_known(triple: &Triple) -> Verdict {
    let mut known = Vec::new();
    for text in [&triple.base, &triple.ours, &triple.theirs] {
        leaves(&json(text)?, "", &mut known);
    }
    let mut found = Vec::new();
    for half in halves(&triple.merged.text)? {
        leaves(&half, "", &mut found);
    }
    match found.iter().find(|leaf| !known.contains(leaf)) {
        Some(leaf) => Err(format!("{leaf} comes from nowhere")),
        None => Ok(()),
    }
}

/// Every key is what the rules say, as the witness reads them.
fn as_the_witness_says(triple: &Triple) -> Verdict {
    let texts = [&*triple.base, &triple.ours, &triple.theirs];
    witness::check(&Seen::read(texts, &triple.merged.text, &triple.merged.conflicts, witness::read)?)
}

const CASES: u64 = 1000;

#[track_caller]
fn holds(law: fn(&Triple) -> Verdict) {
    check_triples::<OfMeta>(at_most(CASES), Flavour::Close, law);
}

#[test]
fn swapping_the_sides_mirrors_the_hunks() {
    holds(swapped);
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
fn any_half_of_any_hunk_leaves_json() {
    holds(any_choice);
}

#[test]
fn a_key_is_lost_only_where_a_side_deleted_it() {
    holds(no_key_is_lost);
}

#[test]
fn every_leaf_comes_from_a_version() {
    holds(leaves_are_known);
}

#[test]
fn every_key_is_what_the_rules_say() {
    holds(as_the_witness_says);
}

#[test]
fn a_conflict_can_be_replayed() {
    check::<OfMeta>("GIT_MISSION_TRIPLES", at_most(CASES), Flavour::Close, 3, |base, versions| {
        let [ours, theirs, resolution] = versions else { return Err("three versions".to_owned()) };
        let conflict = run(base, ours, theirs)?;
        let halves_sorted = mirrored(&conflict);
        let wanted = canonical(resolution)?;
        equal("replayed", &run(&conflict, &conflict, resolution)?, &wanted)?;
        equal("halves sorted", &run(&halves_sorted, &conflict, resolution)?, &wanted)?;
        equal("sides swapped", &run(&conflict, resolution, &conflict)?, &wanted)?;
        equal("unresolved", &run(&conflict, &conflict, &conflict)?, &conflict)
    });
}

#[test]
fn a_base_with_hunks_is_never_trouble() {
    check::<OfMeta>("GIT_MISSION_TRIPLES", at_most(CASES), Flavour::Close, 4, |base, versions| {
        let [ours, theirs, now_ours, now_theirs] = versions else { return Err("four versions".to_owned()) };
        let conflict = run(base, ours, theirs)?;
        let merged = run(&conflict, now_ours, now_theirs)?;
        equal("swapped", &run(&conflict, now_theirs, now_ours)?, &mirrored(&merged))
    });
}
