//! Reading three texts, deciding every key, writing one text and proving that it can be read.

use std::fmt;

use super::rules::MetaRules;
use super::units::Units;
use crate::json::{ErrorKind, JsonError};
use crate::merge::doc::{Members, Tree, overlay};
use crate::merge::markers::{self, MIN_SIZE};
use crate::merge::outcome::{Entries, Half, object_of};
use crate::merge::print::document;
use crate::merge::report::{Conflict, Decision};
use crate::merge::style::ConflictStyle;
use crate::merge::three_way::{Merger, push, union};
use crate::merge::{Side, Sides};
use crate::mission::{Meta, MetaError};

/// The result of a merge. Clean if there are no conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The text: canonical, with one hunk for each run of conflicts
    pub text: String,
    /// The keys that are left open, in the order of the keys
    pub conflicts: Vec<Conflict>,
    /// The keys on which the versions differed and that a rule settled
    pub decisions: Vec<Decision>,
    /// The keys on which the sides agree
    pub agreed: Vec<Decision>,
}

/// Why three texts were not merged. The caller still has [`Sides::settled_by_equality`] and a merge by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// One text cannot be read without loss
    Unreadable {
        /// Which one
        side: Side,
        /// Why
        error: MetaError,
    },
    /// A text that came with a conflict meets another one about the same key: more than two values, which no hunk
    /// can hold
    Tangled {
        /// The keys from the top of the document down
        path: Vec<String>,
    },
    /// The result would not be readable (it is too large, for instance) or, `None`, would say something else
    Unproven(Option<MetaError>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { side, error } => match error.position() {
                Some((line, column)) => write!(f, "{side}:{line}:{column}: {error}"),
                None => write!(f, "{side}: {error}"),
            },
            Self::Tangled { path } => write!(f, "more than two values of `{}`", path.join(".")),
            Self::Unproven(Some(error)) => write!(f, "the merged file would not be readable: {error}"),
            Self::Unproven(None) => {
                f.write_str("the merged file would say something else than what was decided")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// Merges three `meta.json`. An empty base is a file that both sides added.
///
/// The result is the same for swapped sides (with the halves of each hunk exchanged), and nothing that a side says is
/// missing from it unless a rule took the other side's value, which [`Merged::decisions`] then tells.
pub fn merge(texts: &Sides<&[u8]>, style: &ConflictStyle) -> Result<Merged, Refusal> {
    let versions = texts.try_map(|side, text| match Version::read(text) {
        Err(MetaError::Json(JsonError { kind: ErrorKind::Empty, .. })) if side == Side::Base => {
            Ok(Version::Missing)
        }
        read => read.map_err(|error| Refusal::Unreadable { side, error }),
    })?;
    let sides = versions.as_ref().map(Version::members);
    let mut merger = Merger::that_tells_all();
    let entries = decide(&mut merger, sides);
    if let Some(tangle) = merger.tangle {
        return Err(Refusal::Tangled { path: tangle.path });
    }
    let text = document(&entries, style);
    prove(&text, &entries, style.size(), merger.conflicts.is_empty())?;
    Ok(Merged {
        text,
        conflicts: merger.conflicts,
        decisions: merger.decisions,
        agreed: merger.agreed.unwrap_or_default(),
    })
}

fn decide<'a>(merger: &mut Merger<'a>, sides: Sides<Members<'a>>) -> Entries<'a> {
    let rules = MetaRules { base_exists: sides.base.exists() };
    let units = Units::of(sides, &rules);
    let mut entries = Entries::with_capacity(32);
    for (key, slots) in union(sides) {
        let outcome = match units.key(merger, key, slots, &rules) {
            Some(outcome) => outcome,
            None => merger.key(key, slots, &rules),
        };
        push(&mut entries, key, outcome);
    }
    entries
}

/// Reads the result back. With hunks: each choice alone must be what was decided.
fn prove(text: &str, entries: &Entries<'_>, marker_size: usize, clean: bool) -> Result<(), Refusal> {
    let read = |text: &str| Meta::read(text.as_bytes()).map_err(|error| Refusal::Unproven(Some(error)));
    if clean {
        return read(text).map(|_| ());
    }
    let halves = markers::split(text, marker_size).ok_or(Refusal::Unproven(None))?;
    for (text, half) in [(halves.first, Half::Ours), (halves.second, Half::Theirs)] {
        if *read(&text)?.members() != object_of(entries, half) {
            return Err(Refusal::Unproven(None));
        }
    }
    Ok(())
}

/// One version as it was read.
enum Version {
    /// There is no such file
    Missing,
    Plain(Meta),
    /// It came with conflict markers that stand for a disagreement
    Open(Tree),
}

impl Version {
    /// Reads a file, also one with markers, which is two files. The error is always about the text as it is.
    fn read(text: &[u8]) -> Result<Self, MetaError> {
        let error = match Meta::read(text) {
            Ok(meta) => return Ok(Self::Plain(meta)),
            Err(error) => error,
        };
        if !matches!(&error, MetaError::Json(JsonError { kind: ErrorKind::ConflictMarkers, .. })) {
            return Err(error);
        }
        let Some(halves) = std::str::from_utf8(text).ok().and_then(|text| markers::split(text, MIN_SIZE))
        else {
            return Err(error);
        };
        let (Ok(first), Ok(second)) =
            (Meta::read(halves.first.as_bytes()), Meta::read(halves.second.as_bytes()))
        else {
            return Err(error);
        };
        Ok(match overlay(first.members(), second.members()) {
            Some(tree) => Self::Open(tree),
            None => Self::Plain(first),
        })
    }

    fn members(&self) -> Members<'_> {
        match self {
            Self::Missing => Members::None,
            Self::Plain(meta) => Members::Plain(meta.members()),
            Self::Open(tree) => Members::Open(tree),
        }
    }
}
