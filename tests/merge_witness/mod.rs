//! A second opinion on merges: the rules once more, written from their description over the values of another parser,
//! to say for every key what must have become of it. Shares no code with the drivers.
//!
//! What is here is common to all kinds of file: one key, given what the three versions say and which two readings
//! the result has.

pub(crate) mod event_log;
pub(crate) mod meta;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::merge_support::resolved;

pub(crate) type Members = Map<String, Value>;
pub(crate) type Verdict = Result<(), String>;

/// A merge as it is seen from outside.
pub(crate) struct Seen<T> {
    /// `None` where both sides added the file
    pub(crate) base: Option<T>,
    pub(crate) ours: T,
    pub(crate) theirs: T,
    /// The result with the first half of every hunk, and with the second one
    pub(crate) halves: [T; 2],
    /// What the driver says is open
    pub(crate) conflicts: BTreeSet<Vec<String>>,
}

impl<T: Clone> Seen<T> {
    pub(crate) fn read(
        texts: [&str; 3],
        result: &str,
        conflicts: &[Vec<String>],
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Self, String> {
        let [base, ours, theirs] = texts;
        let first = read(&resolved(result, |_| true))?;
        let second = if conflicts.is_empty() { first.clone() } else { read(&resolved(result, |_| false))? };
        Ok(Self {
            base: (!base.is_empty()).then(|| read(base)).transpose()?,
            ours: read(ours)?,
            theirs: read(theirs)?,
            halves: [first, second],
            conflicts: conflicts.iter().cloned().collect(),
        })
    }
}

/// What the three versions say about one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) base: Option<&'a Value>,
    pub(crate) ours: Option<&'a Value>,
    pub(crate) theirs: Option<&'a Value>,
}

/// What must become of a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Must {
    Be(Option<Value>),
    /// Both are objects: key by key
    GoDeeper,
    /// Both sides changed it to different values, and no rule decides
    BeOpen,
}

/// What the name of a key means for it. The default is nothing.
pub(crate) trait Names {
    /// Whether two values say the same; of the two, the one to keep is `kept`.
    fn same(&self, _key: &str, _a: Option<&Value>, _b: Option<&Value>) -> bool {
        false
    }

    /// Of two values that say the same the one to keep.
    fn kept(&self, _ours: Option<&Value>, _theirs: Option<&Value>) -> Option<Value> {
        None
    }

    /// Of two values that both sides changed and that differ.
    fn decide(&self, _key: &str, _said: Said<'_>) -> Option<Must> {
        None
    }
}

/// Keys that mean nothing.
pub(crate) struct NoNames;

impl Names for NoNames {}

pub(crate) fn must(names: &dyn Names, key: &str, said: Said<'_>) -> Must {
    let Said { base, ours, theirs } = said;
    let be = |value: Option<&Value>| Must::Be(value.cloned());
    if ours == theirs || base == theirs {
        return be(ours);
    }
    if base == ours {
        return be(theirs);
    }
    if names.same(key, ours, theirs) {
        return Must::Be(names.kept(ours, theirs));
    }
    if names.same(key, base, theirs) {
        return be(ours);
    }
    if names.same(key, base, ours) {
        return be(theirs);
    }
    names.decide(key, said).unwrap_or_else(|| by_shape(said))
}

fn by_shape(Said { base, ours, theirs }: Said<'_>) -> Must {
    match (ours, theirs) {
        (Some(Value::Object(_)), Some(Value::Object(_))) => Must::GoDeeper,
        (None | Some(Value::Null), None | Some(Value::Null)) => Must::Be(Some(Value::Null)),
        _ => grown(base, ours, theirs).map_or(Must::BeOpen, |items| Must::Be(Some(items))),
    }
}

/// Arrays of scalars that only grew: base, and each addition as often as the side that has it most.
fn grown(base: Option<&Value>, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    let items = |value: Option<&Value>| match value {
        None => Some(Vec::new()),
        Some(value) => value.as_array().cloned(),
    };
    let (base, ours, theirs) = (items(base)?, items(ours)?, items(theirs)?);
    if !ours.starts_with(&base) || !theirs.starts_with(&base) {
        return None;
    }
    let (ours, theirs) = (&ours[base.len()..], &theirs[base.len()..]);
    let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    let mut added = ours.to_vec();
    for item in theirs {
        let count = |items: &[Value]| items.iter().filter(|other| *other == item).count();
        if count(&added) < count(theirs) {
            added.push(item.clone());
        }
    }
    added.sort_by_key(text);
    let all: Vec<Value> = base.into_iter().chain(added).collect();
    let scalar = |item: &Value| !item.is_array() && !item.is_object();
    all.iter().all(scalar).then_some(Value::Array(all))
}

/// Checks one key, and what lies below it, against both readings of the result.
pub(crate) fn check_key(
    names: &dyn Names,
    path: &[String],
    said: Said<'_>,
    found: [Option<&Value>; 2],
    conflicts: &BTreeSet<Vec<String>>,
) -> Verdict {
    let name = path.join(".");
    let key = path.last().map_or("", String::as_str);
    match must(names, key, said) {
        Must::Be(value) => check_is(&name, value.as_ref(), found),
        Must::BeOpen => check_open(path, said, found, conflicts),
        Must::GoDeeper => {
            let members = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
            let [Some(first), Some(second)] = found.map(members) else {
                return Err(format!("`{name}` is an object on both sides, and {found:?} in the result"));
            };
            let sides = [said.base, said.ours, said.theirs].map(|v| members(v).unwrap_or_default());
            check_members(&NoNames, path, &sides, &[first, second], conflicts)
        }
    }
}

/// Checks every key that any version or the result holds.
pub(crate) fn check_members(
    names: &dyn Names,
    path: &[String],
    [base, ours, theirs]: &[Members; 3],
    [first, second]: &[Members; 2],
    conflicts: &BTreeSet<Vec<String>>,
) -> Verdict {
    let keys: BTreeSet<&String> =
        [base, ours, theirs, first, second].iter().flat_map(|members| members.keys()).collect();
    for key in keys {
        let path: Vec<String> = path.iter().chain([key]).cloned().collect();
        let said = Said { base: base.get(key), ours: ours.get(key), theirs: theirs.get(key) };
        check_key(names, &path, said, [first.get(key), second.get(key)], conflicts)?;
    }
    Ok(())
}

pub(crate) fn check_is(name: &str, wanted: Option<&Value>, found: [Option<&Value>; 2]) -> Verdict {
    if found == [wanted; 2] { Ok(()) } else { Err(format!("`{name}` is {found:?}, not {wanted:?}")) }
}

/// An open key is named by the driver, both sides changed it, and each half of its hunk shows what its side says.
pub(crate) fn check_open(
    path: &[String],
    Said { base, ours, theirs }: Said<'_>,
    found: [Option<&Value>; 2],
    conflicts: &BTreeSet<Vec<String>>,
) -> Verdict {
    let name = path.join(".");
    if !conflicts.contains(path) {
        return Err(format!("`{name}` is {found:?}, but both changed it ({ours:?}, {theirs:?})"));
    }
    if base == ours || base == theirs || ours == theirs {
        return Err(format!("`{name}` is open, but not both changed it: {base:?}, {ours:?}, {theirs:?}"));
    }
    if found != [ours, theirs] {
        return Err(format!("the halves show {found:?} for `{name}`, not {ours:?} and {theirs:?}"));
    }
    Ok(())
}

/// Every conflict that the driver names was found open.
pub(crate) fn check_all_open(
    conflicts: &BTreeSet<Vec<String>>,
    halves_differ: impl Fn(&[String]) -> bool,
) -> Verdict {
    match conflicts.iter().find(|path| !halves_differ(path)) {
        Some(path) => Err(format!("`{}` is said to be open, and is not", path.join("."))),
        None => Ok(()),
    }
}

/// The value at a path.
pub(crate) fn at<'a>(members: &'a Members, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(members.get(first)?, |value, key| value.get(key))
}
