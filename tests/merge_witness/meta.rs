//! The second opinion on a `meta.json`: numbers, times, phases, ids, units and the history of acceptances.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Members, Must, Names, Said, Seen, Verdict, at, check_all_open, check_is, check_key, check_open, must,
};

pub(crate) const ACCEPTANCE: [&str; 5] =
    ["accepted_at", "accepted_by", "acceptance_mode", "accepted_from_commit", "accept_commit"];
pub(crate) const TOPOLOGY: [&str; 3] = ["topology", "flattened", "coordination_branch"];

/// Whether a key belongs to a unit.
pub(crate) fn in_unit(key: &str) -> bool {
    ACCEPTANCE.contains(&key) || TOPOLOGY.contains(&key)
}

/// Reads a file; legacy keys by a table of its own.
pub(crate) fn read(text: &str) -> Result<Members, String> {
    let mut members: Members = serde_json::from_str(text).map_err(|error| format!("{error}:\n{text}"))?;
    for (old, new) in
        [("feature_number", "mission_number"), ("feature_slug", "mission_slug"), ("mission", "mission_type")]
    {
        if let Some(value) = members.remove(old) {
            members.entry(new).or_insert(value);
        }
    }
    Ok(members)
}

/// Checks a merge key by key.
pub(crate) fn check(seen: &Seen<Members>) -> Verdict {
    let names = TopLevel { base_exists: seen.base.is_some() };
    let base = seen.base.clone().unwrap_or_default();
    let sides = [&base, &seen.ours, &seen.theirs];
    let mut keys: Vec<&String> = sides.iter().flat_map(|members| members.keys()).collect();
    keys.extend(seen.halves.iter().flat_map(Members::keys));
    keys.sort();
    keys.dedup();
    for key in keys.into_iter().filter(|key| !in_unit(key)) {
        let said = Said { base: base.get(key), ours: seen.ours.get(key), theirs: seen.theirs.get(key) };
        let found = [seen.halves[0].get(key), seen.halves[1].get(key)];
        check_key(&names, std::slice::from_ref(key), said, found, &seen.conflicts)?;
    }
    check_unit(seen, sides, &names, &ACCEPTANCE, acceptance)?;
    check_unit(seen, sides, &names, &TOPOLOGY, topology)?;
    check_all_open(&seen.conflicts, |path| at(&seen.halves[0], path) != at(&seen.halves[1], path))
}

/// What becomes of a unit that both sides changed.
enum Unit {
    Ours,
    Theirs,
    KeyByKey,
    Open,
}

fn check_unit(
    seen: &Seen<Members>,
    [base, ours, theirs]: [&Members; 3],
    names: &TopLevel,
    keys: &[&str],
    decide: fn(&Members, &Members) -> Unit,
) -> Verdict {
    let get = |members: &'_ Members, key: &str| members.get(key).filter(|value| !value.is_null()).cloned();
    let changed = |side: &Members| {
        keys.iter().any(|key| {
            let (a, b) = (get(base, key), get(side, key));
            a != b && !names.same(key, a.as_ref(), b.as_ref())
        })
    };
    let unit = match (changed(ours), changed(theirs)) {
        (true, false) => Unit::Ours,
        (false, true) => Unit::Theirs,
        (false, false) => Unit::KeyByKey,
        (true, true) => decide(ours, theirs),
    };
    for key in keys {
        let (b, o, t) = (get(base, key), get(ours, key), get(theirs, key));
        let said = Said { base: b.as_ref(), ours: o.as_ref(), theirs: t.as_ref() };
        let found = [get(&seen.halves[0], key), get(&seen.halves[1], key)];
        let found = [found[0].as_ref(), found[1].as_ref()];
        let path = [(*key).to_owned()];
        match &unit {
            Unit::Ours => check_is(key, said.ours, found)?,
            Unit::Theirs => check_is(key, said.theirs, found)?,
            Unit::KeyByKey => check_key(names, &path, said, found, &seen.conflicts)?,
            Unit::Open if o == t || names.same(key, said.ours, said.theirs) => {
                let Must::Be(value) = must(names, key, said) else { return Err(format!("`{key}`")) };
                check_is(key, value.as_ref(), found)?;
            }
            // It is the unit that both sides changed.
            Unit::Open if found == [said.ours, said.theirs] && seen.conflicts.contains(&path[..]) => {}
            Unit::Open => check_open(&path, said, found, &seen.conflicts)?,
        }
    }
    // Where one of the versions is the result as it is, its nulls are, too.
    let as_it_is = seen.base.as_ref().is_some_and(|base| base == ours || base == theirs) || ours == theirs;
    let null = keys.iter().find(|key| seen.halves.iter().any(|half| half.get(**key) == Some(&Value::Null)));
    match null {
        Some(key) if !as_it_is && (changed(ours) || changed(theirs)) => {
            Err(format!("`{key}` is null in a unit that was changed"))
        }
        _ => Ok(()),
    }
}

fn acceptance(ours: &Members, theirs: &Members) -> Unit {
    let at = |side: &Members| side.get("accepted_at").filter(|value| !value.is_null()).cloned();
    let (ours, theirs) = (at(ours), at(theirs));
    match (ours.as_ref().and_then(instant), theirs.as_ref().and_then(instant)) {
        (Some(a), Some(b)) => match a.cmp(&b) {
            Ordering::Greater => Unit::Ours,
            Ordering::Less => Unit::Theirs,
            Ordering::Equal => Unit::KeyByKey,
        },
        _ if ours == theirs => Unit::KeyByKey,
        _ => Unit::Open,
    }
}

fn topology(ours: &Members, theirs: &Members) -> Unit {
    let flattened = |side: &Members| side.get("flattened") == Some(&Value::Bool(true));
    match (flattened(ours), flattened(theirs)) {
        (true, false) => Unit::Ours,
        (false, true) => Unit::Theirs,
        _ => Unit::KeyByKey,
    }
}

struct TopLevel {
    base_exists: bool,
}

impl Names for TopLevel {
    fn same(&self, key: &str, a: Option<&Value>, b: Option<&Value>) -> bool {
        let (Some(a), Some(b)) = (a, b) else { return false };
        match key {
            "mission_number" => number(a).is_some() && number(a) == number(b),
            "status_phase" => digits(a).is_some() && digits(a) == digits(b),
            "created_at" | "vcs_locked_at" | "accepted_at" => {
                instant(a).is_some() && instant(a) == instant(b)
            }
            _ => false,
        }
    }

    /// The JSON number, else the smaller string.
    fn kept(&self, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
        let rank = |value: &&Value| (value.is_string(), value.to_string());
        ours.into_iter().chain(theirs).min_by_key(rank).cloned()
    }

    fn decide(&self, key: &str, said: Said<'_>) -> Option<Must> {
        let Said { base, ours, theirs } = said;
        let missing = |value: Option<&Value>| value.is_none_or(Value::is_null);
        match key {
            "mission_id" => {
                let missing =
                    |value: Option<&Value>| missing(value) || value.and_then(Value::as_str) == Some("");
                if !self.base_exists || !missing(base) {
                    return None;
                }
                if missing(ours) && missing(theirs) {
                    let null = ours == Some(&Value::Null) || theirs == Some(&Value::Null);
                    return Some(Must::Be(Some(if null { Value::Null } else { "".into() })));
                }
                best(ours, theirs, missing, |id| is_id(id).then(|| id.to_string()), Ordering::Less)
            }
            "mission_number" => best(ours, theirs, missing, number, Ordering::Less),
            "created_at" => best(ours, theirs, missing, instant, Ordering::Less),
            "vcs_locked_at" => best(ours, theirs, missing, instant, Ordering::Greater),
            "status_phase" => {
                let (a, b) = (ours.and_then(digits), theirs.and_then(digits));
                if missing(ours) || missing(theirs) || (a.is_some() && b.is_some()) {
                    let read = |value: &Value| {
                        digits(value).map(Ok).or_else(|| value.as_str().map(|name| Err(name.to_owned())))
                    };
                    return best(ours, theirs, missing, read, Ordering::Greater);
                }
                let name =
                    |value: &Value| value.as_str().filter(|_| digits(value).is_none()).map(str::to_owned);
                best(ours, theirs, missing, name, Ordering::Greater)
            }
            "acceptance_history" => history(said).map(|entries| Must::Be(Some(entries))),
            _ => None,
        }
    }
}

/// The better of two values; a value is better than none; what cannot be read decides nothing.
fn best<T: Ord>(
    ours: Option<&Value>,
    theirs: Option<&Value>,
    missing: impl Fn(Option<&Value>) -> bool,
    read: impl Fn(&Value) -> Option<T>,
    better: Ordering,
) -> Option<Must> {
    let readable = |value: Option<&Value>| value.and_then(&read);
    let winner = match (missing(ours), missing(theirs)) {
        (true, true) => return None,
        (true, false) => readable(theirs).map(|_| theirs)?,
        (false, true) => readable(ours).map(|_| ours)?,
        (false, false) if readable(ours)?.cmp(&readable(theirs)?) == better => ours,
        (false, false) => theirs,
    };
    Some(Must::Be(winner.cloned()))
}

/// What both hold or one added, each once.
fn history(Said { base, ours, theirs }: Said<'_>) -> Option<Value> {
    let entries = |value: Option<&Value>| match value {
        None => Some(Vec::new()),
        Some(value) => value.as_array().cloned(),
    };
    let base = entries(base).unwrap_or_default();
    let (ours, theirs) = (entries(ours)?, entries(theirs)?);
    let mut all: Vec<Value> = Vec::new();
    for entry in ours.iter().chain(&theirs) {
        let by_both = ours.contains(entry) && theirs.contains(entry);
        if (by_both || !base.contains(entry)) && !all.contains(entry) {
            all.push(entry.clone());
        }
    }
    all.sort_by_cached_key(|entry| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("accepted_at"), text("accepted_by"), entry.to_string())
    });
    Some(Value::Array(all))
}

fn number(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_u64().filter(|number| *number > 0),
        Value::String(text) => digits(value).and_then(|_| text.parse().ok()),
        _ => None,
    };
    number.filter(|number| *number <= 1 << 53)
}

fn digits(value: &Value) -> Option<u64> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn is_id(value: &Value) -> bool {
    let allowed = |b: u8| b.is_ascii_digit() || (b.is_ascii_uppercase() && !b"ILOU".contains(&b));
    value.as_str().is_some_and(|id| id.len() == 26 && id.bytes().all(allowed))
}
