//! Laws of the drivers of notes, matrices, reviews and derived files, on few lines and rows that come close to each
//! other. `merge_laws_at_scale` checks the same laws on many and on realistic histories.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::merge_histories::tables::{Acceptance, Issues};
use crate::merge_histories::texts::{Derived, ReviewCycle, Traces};
use crate::merge_histories::{Flavour, Kind, Triple, Verdict, at_most, check, check_triples, equal};
use crate::merge_support::{check_every_resolution, mirrored, resolved};

type Law = fn(&Triple) -> Verdict;

/// All laws on three notes.
pub(crate) const TRACES: &[Law] =
    &[swapped::<Traces>, one_sided::<Traces>, again::<Traces>, no_markers, no_line_is_lost, lines_are_known];
/// All laws on three reviews.
pub(crate) const REVIEWS: &[Law] =
    &[swapped::<ReviewCycle>, one_sided::<ReviewCycle>, again::<ReviewCycle>, no_markers, whole];
/// All laws on three derived files.
pub(crate) const DERIVED: &[Law] =
    &[swapped::<Derived>, one_sided::<Derived>, again::<Derived>, no_markers, one_of_them];
/// All laws on three issue matrices.
pub(crate) const ISSUES: &[Law] =
    &[swapped::<Issues>, one_sided::<Issues>, again::<Issues>, no_markers, any_choice, every_field];
/// All laws on three acceptance matrices.
pub(crate) const ACCEPTANCE: &[Law] = &[
    swapped::<Acceptance>,
    one_sided::<Acceptance>,
    again::<Acceptance>,
    no_markers,
    any_choice,
    every_field,
    verdict_is_computed,
];

fn text<K: Kind>(base: &str, ours: &str, theirs: &str) -> Result<String, String> {
    K::merge(base, ours, theirs).map(|merged| merged.text)
}

/// Swapping the sides mirrors the hunks and changes nothing else.
fn swapped<K: Kind>(triple: &Triple) -> Verdict {
    let swapped = K::merge(&triple.base, &triple.theirs, &triple.ours)?;
    equal("swapped", &swapped.text, &mirrored(&triple.merged.text))?;
    let conflicts = |conflicts: &[Vec<String>]| format!("{conflicts:?}");
    equal("conflicts", &conflicts(&swapped.conflicts), &conflicts(&triple.merged.conflicts))
}

/// What one side did not touch is the other side, as the driver writes it.
fn one_sided<K: Kind>(Triple { base, ours, .. }: &Triple) -> Verdict {
    let wanted = text::<K>(ours, ours, ours)?;
    equal("written again", &text::<K>(&wanted, &wanted, &wanted)?, &wanted)?;
    equal("both the same", &text::<K>(base, ours, ours)?, &wanted)?;
    if base.is_empty() {
        return Ok(());
    }
    equal("only ours", &text::<K>(base, ours, base)?, &wanted)?;
    equal("only theirs", &text::<K>(base, base, ours)?, &wanted)
}

/// Merging a side again into a clean result changes nothing.
fn again<K: Kind>(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    if !merged.is_clean() {
        return Ok(());
    }
    equal("theirs again", &text::<K>(base, &merged.text, theirs)?, &merged.text)?;
    equal("ours again", &text::<K>(base, ours, &merged.text)?, &merged.text)
}

/// A clean result holds no marker, and an open one has as many beginnings as ends.
fn no_markers(Triple { merged, .. }: &Triple) -> Verdict {
    let count = |marker: &str| merged.text.lines().filter(|line| line.starts_with(marker)).count();
    let (begun, ended) = (count("<<<<<<<"), count(">>>>>>>"));
    if begun == ended && (begun == 0) == merged.is_clean() {
        return Ok(());
    }
    Err(format!("{begun} hunks begin, {ended} end, conflicts {:?}:\n{}", merged.conflicts, merged.text))
}

fn lines(text: &str) -> BTreeMap<&str, usize> {
    let mut lines = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        *lines.entry(line).or_default() += 1;
    }
    lines
}

/// A line of a side is in the result as often as there, unless the other side took lines of the base away: then what
/// the side added is.
fn no_line_is_lost(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    let halves = [resolved(&merged.text, |_| true), resolved(&merged.text, |_| false)];
    let in_halves = halves.each_ref().map(|half| lines(half));
    for (side, other) in [(ours, theirs), (theirs, ours)] {
        let mut left = other.lines();
        let is_kept = base.lines().all(|line| line.is_empty() || left.any(|other| other == line));
        let of_base = lines(base);
        for (line, times) in lines(side) {
            let held = in_halves.iter().filter_map(|half| half.get(line)).max().copied().unwrap_or(0);
            let wanted =
                if is_kept { times } else { times.saturating_sub(of_base.get(line).copied().unwrap_or(0)) };
            if held < wanted {
                return Err(format!("{line:?} stands {times} times and {held} times in\n{}", merged.text));
            }
        }
    }
    Ok(())
}

/// Every line of the result stands in one of the versions, and no more often than in both sides together.
fn lines_are_known(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    for half in [resolved(&merged.text, |_| true), resolved(&merged.text, |_| false)] {
        for (line, times) in lines(&half) {
            let of = |lines: &BTreeMap<&str, usize>| lines.get(line).copied().unwrap_or(0);
            if times > of(&ours) + of(&theirs) || (of(&base) + of(&ours) + of(&theirs) == 0) {
                return Err(format!("{line:?} stands {times} times in\n{half}"));
            }
        }
    }
    Ok(())
}

/// Each half is one of the sides.
fn whole(Triple { ours, theirs, merged, .. }: &Triple) -> Verdict {
    let ended = |text: &str| format!("{}\n", text.strip_suffix('\n').unwrap_or(text));
    if merged.is_clean() {
        return if merged.text == *ours || merged.text == *theirs {
            Ok(())
        } else {
            Err(merged.text.clone())
        };
    }
    equal("ours", &resolved(&merged.text, |_| true), &ended(ours))?;
    equal("theirs", &resolved(&merged.text, |_| false), &ended(theirs))
}

/// The result is clean, one of the sides, and none of them has seen more.
fn one_of_them(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    let count = |text: &str| json(text).map(|members| members["event_count"].as_u64());
    if !merged.is_clean() || (merged.text != *ours && merged.text != *theirs) {
        return Err(merged.text.clone());
    }
    if base == ours || base == theirs || ours == theirs {
        return Ok(());
    }
    let (found, ours_count, theirs_count) = (count(&merged.text)?, count(ours)?, count(theirs)?);
    let wanted = if ours_count == theirs_count { ours.min(theirs) } else { &merged.text };
    if found == ours_count.max(theirs_count) {
        equal("tie", &merged.text, wanted)
    } else {
        Err(merged.text.clone())
    }
}

fn json(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}\n{text}"))
}

fn any_choice(triple: &Triple) -> Verdict {
    check_every_resolution(&triple.merged.text, |text| json(text).map(|_| ()))
}

/// A table as rows under `section/key`, other keys under their own name; the verdict is left out.
fn rows(text: &str) -> Result<BTreeMap<Vec<String>, Value>, String> {
    let mut rows = BTreeMap::new();
    if text.is_empty() {
        return Ok(rows);
    }
    for (section, value) in json(text)? {
        let key_of = |name: &str| {
            let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 { name.to_owned() } else { format!("#{}", &name[name.len() - digits..]) }
        };
        match value {
            _ if section == "overall_verdict" => {}
            Value::Object(members) if section == "rows" => {
                let key = |name: &str| vec![section.clone(), key_of(name)];
                rows.extend(members.into_iter().map(|(name, row)| (key(&name), row)));
            }
            Value::Array(items) if section == "criteria" || section == "negative_invariants" => {
                let id = if section == "criteria" { "criterion_id" } else { "invariant_id" };
                for row in items {
                    let name = row[id].as_str().ok_or("a row without an id")?.to_owned();
                    if rows.insert(vec![section.clone(), name], row).is_some() {
                        return Err(format!("a row stands twice\n{text}"));
                    }
                }
            }
            value => drop(rows.insert(vec![section], value)),
        }
    }
    Ok(rows)
}

/// Every row and field is what the rule says: what only one side changed takes that side, and what both changed to
/// different values is open, unless both made one list longer.
fn every_field(Triple { base, ours, theirs, merged }: &Triple) -> Verdict {
    let halves = [rows(&resolved(&merged.text, |_| true))?, rows(&resolved(&merged.text, |_| false))?];
    let (base, ours, theirs) = (rows(base)?, rows(ours)?, rows(theirs)?);
    let mut open = Vec::new();
    let paths: Vec<&Vec<String>> = base.keys().chain(ours.keys()).chain(theirs.keys()).collect();
    for path in paths {
        let said = [&base, &ours, &theirs].map(|table| table.get(path));
        let found = halves.each_ref().map(|table| table.get(path));
        one(&mut open, path, said, found)?;
    }
    if halves
        .iter()
        .flat_map(|half| half.keys())
        .any(|path| !ours.contains_key(path) && !theirs.contains_key(path))
    {
        return Err(format!("a row from nowhere\n{}", merged.text));
    }
    let mut told = merged.conflicts.clone();
    told.retain(|path| path[0] != "overall_verdict");
    for paths in [&mut open, &mut told] {
        paths.sort();
        paths.dedup();
    }
    equal("conflicts", &format!("{told:?}"), &format!("{open:?}"))
}

type Three<'v> = [Option<&'v Value>; 3];

fn one(
    open: &mut Vec<Vec<String>>,
    path: &[String],
    [base, ours, theirs]: Three<'_>,
    found: [Option<&Value>; 2],
) -> Verdict {
    let fault = |wanted: &str| {
        Err(format!("{path:?}: {base:?}, {ours:?}, {theirs:?}: found {found:?}, wanted {wanted}"))
    };
    let wanted = if ours == theirs || base == theirs {
        ours
    } else if base == ours {
        theirs
    } else if let (Some(Value::Object(a)), Some(Value::Object(b))) = (ours, theirs) {
        let empty = Map::new();
        let of_base = base.and_then(Value::as_object).unwrap_or(&empty);
        for key in of_base.keys().chain(a.keys()).chain(b.keys()) {
            let path = [path, std::slice::from_ref(key)].concat();
            let found = found.map(|value| value.and_then(|value| value.get(key)));
            one(open, &path, [of_base.get(key), a.get(key), b.get(key)], found)?;
        }
        return Ok(());
    } else if let Some(both) = grown(base, ours, theirs) {
        return if found == [Some(&both); 2] { Ok(()) } else { fault(&both.to_string()) };
    } else if [ours, theirs].iter().all(|value| value.is_none_or(Value::is_null)) {
        return if found == [Some(&Value::Null); 2] { Ok(()) } else { fault("null") };
    } else {
        open.push(path.to_vec());
        return if found == [ours, theirs] { Ok(()) } else { fault("both") };
    };
    if found == [wanted; 2] { Ok(()) } else { fault(&format!("{wanted:?}")) }
}

/// The additions of both to a list of texts.
fn grown(base: Option<&Value>, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    let items = |value: Option<&Value>| value.map_or(Some(Vec::new()), |value| value.as_array().cloned());
    let (base, ours, theirs) = (items(base)?, items(ours)?, items(theirs)?);
    let mut added: Vec<Value> = ours.strip_prefix(&base[..])?.to_vec();
    for item in theirs.strip_prefix(&base[..])? {
        if !added.contains(item) {
            added.push(item.clone());
        }
    }
    added.sort_by_key(ToString::to_string);
    Some(Value::Array(base.into_iter().chain(added).collect()))
}

/// The verdict of either half follows from its rows, whatever the versions say.
fn verdict_is_computed(Triple { merged, .. }: &Triple) -> Verdict {
    for first in [true, false] {
        let table = json(&resolved(&merged.text, |_| first))?;
        let results = |section: &str, key: &str| -> Vec<(Value, bool)> {
            let rows = table[section].as_array().cloned().unwrap_or_default();
            let result = |row: &Value| row.get(key).cloned().unwrap_or_else(|| "pending".into());
            let todo = |row: &Value| row["description"] == "TODO: replace with a real acceptance criterion";
            rows.iter().map(|row| (result(row), todo(row))).collect()
        };
        let criteria = results("criteria", "pass_fail");
        let invariants = results("negative_invariants", "result");
        let written = criteria.iter().any(|(_, todo)| !todo);
        let failed = criteria.iter().any(|(value, _)| *value != "pass" && *value != "pending")
            || invariants.iter().any(|(value, _)| *value == "still_present");
        let pending = criteria.iter().any(|(value, todo)| *value == "pending" && !(written && *todo))
            || invariants.iter().any(|(value, _)| *value == "pending")
            || (criteria.is_empty() && invariants.is_empty());
        let deferred = invariants.iter().any(|(value, _)| *value == "deferred_to_consolidation");
        let wanted = match (failed, pending, deferred) {
            (true, ..) => "fail",
            (_, true, _) => "pending",
            (.., true) => "pass_pending_consolidation",
            _ => "pass",
        };
        if table["overall_verdict"] != wanted {
            return Err(format!("{wanted} wanted of\n{}", merged.text));
        }
    }
    Ok(())
}

const CASES: u64 = 1000;

fn hold<K: Kind>(laws: &[Law]) {
    for flavour in [Flavour::Close, Flavour::Real] {
        check_triples::<K>(at_most(CASES), flavour, |triple| laws.iter().try_for_each(|law| law(triple)));
    }
}

#[test]
fn laws_of_traces() {
    hold::<Traces>(TRACES);
}

#[test]
fn laws_of_review_cycles() {
    hold::<ReviewCycle>(REVIEWS);
}

#[test]
fn laws_of_derived_files() {
    hold::<Derived>(DERIVED);
}

#[test]
fn laws_of_issue_matrices() {
    hold::<Issues>(ISSUES);
}

#[test]
fn laws_of_acceptance_matrices() {
    hold::<Acceptance>(ACCEPTANCE);
}

/// As rerere does it: the conflict is base and one side, its resolution the other.
fn replayed<K: Kind>() {
    check::<K>("GIT_MISSION_TRIPLES", at_most(CASES), Flavour::Close, 3, |base, versions| {
        let [ours, theirs, resolution] = versions else { return Err("three versions".to_owned()) };
        let conflict = text::<K>(base, ours, theirs)?;
        let halves_sorted = mirrored(&conflict);
        let wanted = text::<K>(resolution, resolution, resolution)?;
        equal("replayed", &text::<K>(&conflict, &conflict, resolution)?, &wanted)?;
        equal("halves sorted", &text::<K>(&halves_sorted, &conflict, resolution)?, &wanted)?;
        equal("sides swapped", &text::<K>(&conflict, resolution, &conflict)?, &wanted)?;
        equal("unresolved", &text::<K>(&conflict, &conflict, &conflict)?, &conflict)?;
        // Beside a change elsewhere it stays what it was: open.
        let open = K::merge(&conflict, &conflict, &(conflict.clone() + "\n"));
        match open {
            Ok(merged) if merged.text.contains("<<<<<<<") == merged.is_clean() => Err(merged.text),
            _ => Ok(()),
        }
    });
}

/// As a criss-cross merge does it: the base is a conflict that both sides have resolved.
fn base_with_hunks<K: Kind>() {
    check::<K>("GIT_MISSION_TRIPLES", at_most(CASES), Flavour::Close, 4, |base, versions| {
        let [ours, theirs, now_ours, now_theirs] = versions else { return Err("four versions".to_owned()) };
        let conflict = text::<K>(base, ours, theirs)?;
        let merged = text::<K>(&conflict, now_ours, now_theirs)?;
        equal("swapped", &text::<K>(&conflict, now_theirs, now_ours)?, &mirrored(&merged))
    });
}

#[test]
fn conflicts_can_be_replayed() {
    replayed::<Traces>();
    replayed::<ReviewCycle>();
    replayed::<Issues>();
    replayed::<Acceptance>();
}

#[test]
fn bases_with_hunks_are_never_trouble() {
    base_with_hunks::<Traces>();
    base_with_hunks::<ReviewCycle>();
    base_with_hunks::<Issues>();
    base_with_hunks::<Acceptance>();
}
