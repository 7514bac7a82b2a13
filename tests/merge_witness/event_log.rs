//! The second opinion on an event log: which rows there must be, and each row field by field.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Members, Must, Names, Said, Seen, Verdict, check_members};

/// The rows of a log by id, or by content where they have none; an id may stand several times.
pub(crate) type Rows = BTreeMap<String, Vec<Members>>;

const RENAMED: [(&str, &str); 2] = [("feature_slug", "mission_slug"), ("work_package_id", "wp_id")];

/// Reads a log. Equal rows are one.
pub(crate) fn read(text: &str) -> Result<Rows, String> {
    let mut rows = Rows::new();
    for line in text.split('\n').filter(|line| !line.trim().is_empty()) {
        let row: Members = serde_json::from_str(line).map_err(|error| format!("{error}:\n{line}"))?;
        let id = row.get("event_id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = id.map_or_else(|| Value::Object(row.clone()).to_string(), str::to_owned);
        let same = rows.entry(id).or_default();
        if !same.contains(&row) {
            same.push(row);
        }
    }
    Ok(rows)
}

/// Checks a merge row by row.
pub(crate) fn check(seen: &Seen<Rows>) -> Verdict {
    let none = Vec::new();
    let empty = Rows::new();
    let base = seen.base.as_ref().unwrap_or(&empty);
    let mut ids: BTreeSet<&String> = [base, &seen.ours, &seen.theirs].iter().flat_map(|r| r.keys()).collect();
    ids.extend(seen.halves.iter().flat_map(BTreeMap::keys));
    for id in ids {
        let of = |rows: &'_ Rows| rows.get(id).unwrap_or(&none).clone();
        let [base, ours, theirs] = [base, &seen.ours, &seen.theirs].map(of);
        let halves = [of(&seen.halves[0]), of(&seen.halves[1])];
        check_row(id, [&base, &ours, &theirs], [&halves[0], &halves[1]], &seen.conflicts)?;
    }
    Ok(())
}

fn check_row(
    id: &str,
    [base, ours, theirs]: [&[Members]; 3],
    halves: [&[Members]; 2],
    conflicts: &BTreeSet<Vec<String>>,
) -> Verdict {
    let about = conflicts.iter().any(|path| path[0] == id);
    let exactly = |wanted: &[Members]| {
        if !about && halves == [wanted; 2] {
            Ok(())
        } else {
            Err(format!("row {id} is {halves:#?}\nand not {wanted:#?}"))
        }
    };
    if [base, ours, theirs].iter().any(|rows| rows.len() > 1) {
        // Nothing tells which content belongs to which: each that a side holds is a row of its own.
        let wanted: Vec<&Members> = ours.iter().chain(theirs).collect();
        let all = halves.iter().all(|half| {
            wanted.iter().all(|row| half.contains(row)) && half.iter().all(|row| wanted.contains(&row))
        });
        return if all && !about {
            Ok(())
        } else {
            Err(format!("row {id}, which stands twice, is {halves:#?}"))
        };
    }
    match (base, ours, theirs) {
        (_, only, []) | (_, [], only) => exactly(only),
        (_, ours, theirs) if ours == theirs => exactly(ours),
        (base, ours, theirs) if base == ours => exactly(theirs),
        (base, ours, theirs) if base == theirs => exactly(ours),
        (_, [ours], [theirs]) => check_fields(id, base.first(), ours, theirs, halves, conflicts),
        _ => Err(format!("row {id}")),
    }
}

fn check_fields(
    id: &str,
    base: Option<&Members>,
    ours: &Members,
    theirs: &Members,
    halves: [&[Members]; 2],
    conflicts: &BTreeSet<Vec<String>>,
) -> Verdict {
    let ([first], [second]) = (halves[0], halves[1]) else {
        return Err(format!("row {id} is there {} and {} times", halves[0].len(), halves[1].len()));
    };
    let mut versions = [base.cloned().unwrap_or_default(), ours.clone(), theirs.clone()];
    let mut halves = [first.clone(), second.clone()];
    for (old, new) in RENAMED {
        if versions.iter().any(|row| row.contains_key(old) && row.contains_key(new)) {
            continue;
        }
        let is_new = versions[1..].iter().any(|row| row.contains_key(new));
        let wrong = if is_new { old } else { new };
        if halves.iter().any(|row| row.contains_key(wrong)) {
            return Err(format!("row {id} spells `{wrong}`"));
        }
        for row in versions.iter_mut().chain(&mut halves) {
            if let Some(value) = row.remove(old) {
                row.insert(new.to_owned(), value);
            }
        }
    }
    check_members(&OfARow, &[id.to_owned()], &versions, &halves, conflicts)?;
    // Every difference of the halves is one that was named, and the other way round.
    let open: BTreeSet<&str> =
        conflicts.iter().filter(|path| path[0] == id).map(|path| path[1].as_str()).collect();
    let differing: BTreeSet<&str> = halves[0]
        .keys()
        .chain(halves[1].keys())
        .filter(|key| halves[0].get(*key) != halves[1].get(*key))
        .map(String::as_str)
        .collect();
    if open == differing { Ok(()) } else { Err(format!("row {id}: {open:?} named, {differing:?} open")) }
}

/// The fields of a row.
struct OfARow;

impl Names for OfARow {
    fn same(&self, _: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
        a.is_none_or(Value::is_null) && b.is_none_or(Value::is_null)
    }

    fn kept(&self, _: Option<&Value>, _: Option<&Value>) -> Option<Value> {
        Some(Value::Null)
    }

    fn decide(&self, key: &str, Said { ours, theirs, .. }: Said<'_>) -> Option<Must> {
        let names = |object: &Value, name: &Value| {
            name.is_string() && ["role", "profile", "tool"].iter().any(|key| object.get(key) == Some(name))
        };
        let (ours, theirs) = (ours?, theirs?);
        let richer = match key {
            "actor" if names(ours, theirs) => ours,
            "actor" if names(theirs, ours) => theirs,
            _ => return None,
        };
        Some(Must::Be(Some(richer.clone())))
    }
}
