//! Deciding every row, computing what is computed, writing one table and proving that it says what was decided.

use std::fmt;

use super::Table;
use super::read::{CRITERIA, INVARIANTS, Keyed, VERDICT, Version};
use super::verdict::verdict;
use crate::json::{JsonError, Limits, Object, Value, parse_object};
use crate::merge::markers;
use crate::merge::outcome::{Choice, Entries, Half, Outcome, object_of};
use crate::merge::print::document;
use crate::merge::report::Conflict;
use crate::merge::style::ConflictStyle;
use crate::merge::three_way::{AnyKeys, Merger};
use crate::merge::{Merged, Side, Sides};

/// Why three tables were not merged. The caller still has [`Sides::settled_by_equality`] and a merge by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// One cannot be read without loss
    Unreadable {
        /// Which one
        side: Side,
        /// Where and why
        error: JsonError,
    },
    /// One is JSON and no such table, or has rows that cannot be told apart
    Shape {
        /// Which one
        side: Side,
        /// In which way
        what: String,
    },
    /// A table that came with a conflict meets another one about the same field: more than two values
    Tangled {
        /// The keys from the top of the document down
        path: Vec<String>,
    },
    /// The result would not be readable (it is too large, for instance), or say something else
    Unproven,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { side, error } => write!(f, "{side}:{error}"),
            Self::Shape { side, what } => write!(f, "{side}: {what}"),
            Self::Tangled { path } => write!(f, "more than two values of `{}`", path.join(".")),
            Self::Unproven => f.write_str("the merged table would not say what was decided"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Merges three tables. An empty base is a table that both sides added.
pub fn merge(table: Table, texts: &Sides<&[u8]>, style: &ConflictStyle) -> Result<Merged, Refusal> {
    let versions = texts.try_map(|side, text| Version::read(table, side, text))?;
    let mut merger = Merger::default();
    let mut entries = merger.members(versions.as_ref().map(Version::members), &AnyKeys);
    if let Some(tangle) = merger.tangle {
        return Err(Refusal::Tangled { path: tangle.path });
    }
    let present = |name: &str| is_present(&versions, name);
    for (section, id) in table.sections() {
        let Some(at) = entries.iter().position(|(key, _)| key == section) else { continue };
        let (_, outcome) = entries.remove(at);
        let Some(rows) = rows(outcome) else { return Err(Refusal::Unproven) };
        if rows.is_empty() && !present(section) {
            continue;
        }
        let outcome = match id {
            Some(_) => Outcome::Rows(as_written(rows)),
            None => Outcome::Members(respelled(rows, &versions)),
        };
        entries.insert(at, (section, outcome));
    }
    let mut conflicts = merger.conflicts;
    if present(VERDICT) {
        let outcome = computed(&entries);
        if !outcome.is_agreed() {
            conflicts.push(Conflict { path: vec![VERDICT.to_owned()] });
        }
        let at = entries.partition_point(|(key, _)| *key < VERDICT);
        entries.insert(at, (VERDICT, outcome));
    }
    let text = document(&entries, style);
    prove(&text, &entries, style.size(), conflicts.is_empty())?;
    Ok(Merged { text: text.into_bytes(), conflicts, decisions: merger.decisions })
}

/// Whether the result has a section, or the verdict: three-way.
fn is_present(versions: &Sides<Version>, name: &str) -> bool {
    let has =
        |version: &Version| version.readings().iter().any(|keyed: &Keyed| keyed.present.contains(&name));
    let Sides { base, ours, theirs } = versions.as_ref().map(has);
    if base == ours { theirs } else { ours }
}

/// The rows of a section, which is an object in every version.
fn rows(outcome: Outcome<'_>) -> Option<Entries<'_>> {
    match outcome {
        Outcome::Plain(Value::Object(rows)) => {
            Some(rows.iter().map(|(key, row)| (key.as_str(), Outcome::Plain(row))).collect())
        }
        Outcome::Members(rows) => Some(rows),
        _ => None,
    }
}

/// Rows in the order in which they are written: an open one is never the last.
fn as_written(mut rows: Entries<'_>) -> Entries<'_> {
    if let Some(last) = rows.iter().rposition(|(_, row)| row.is_agreed()) {
        let row = rows.remove(last);
        rows.push(row);
    }
    rows
}

/// Rows under the references that the sides give them: the one that only one side changed, else the smaller.
fn respelled<'a>(rows: Entries<'a>, versions: &'a Sides<Version>) -> Entries<'a> {
    let mut respelled: Entries<'a> = rows
        .into_iter()
        .map(|(key, row)| {
            let name = |version: &'a Version| -> Option<&'a str> {
                version.readings().iter().filter_map(|keyed| keyed.names.get(key)).map(String::as_str).min()
            };
            let Sides { base, ours, theirs } = versions.as_ref().map(name);
            let spelled = match (ours, theirs) {
                (Some(ours), Some(theirs)) if base == Some(ours) => theirs,
                (Some(ours), Some(theirs)) if base == Some(theirs) => ours,
                (Some(ours), Some(theirs)) => ours.min(theirs),
                (one, other) => one.or(other).unwrap_or(key),
            };
            (spelled, row)
        })
        .collect();
    respelled.sort_by_key(|(name, _)| *name);
    respelled
}

/// The rows of a section as they are written.
fn objects<'t>(table: &'t Object, section: &str) -> impl Iterator<Item = &'t Object> + Clone + use<'t> {
    let rows = table.get(section).and_then(Value::as_array).unwrap_or_default();
    rows.iter().filter_map(Value::as_object)
}

/// The verdict on the rows of both halves.
fn computed<'a>(entries: &Entries<'a>) -> Outcome<'a> {
    let of = |half: Half| {
        let table = object_of(entries, half);
        verdict(objects(&table, CRITERIA), objects(&table, INVARIANTS))
    };
    let (ours, theirs) = (of(Half::Ours), of(Half::Theirs));
    if ours == theirs {
        Outcome::Plain(ours)
    } else {
        Outcome::Split(Choice { ours: Some(ours), theirs: Some(theirs) })
    }
}

/// Reads the result back. With hunks: each choice alone must be what was decided.
fn prove(text: &str, entries: &Entries<'_>, marker_size: usize, clean: bool) -> Result<(), Refusal> {
    let says = |text: &str, half: Half| {
        let read = parse_object(text.as_bytes(), Limits::DOCUMENT);
        if read.is_ok_and(|members| members == object_of(entries, half)) {
            Ok(())
        } else {
            Err(Refusal::Unproven)
        }
    };
    if clean {
        return says(text, Half::Ours);
    }
    let halves = markers::split(text, marker_size).ok_or(Refusal::Unproven)?;
    says(&halves.first, Half::Ours).and(says(&halves.second, Half::Theirs))
}
