//! What the keys of a `meta.json` mean when both sides changed them. Knows nothing about units, which are decided
//! before.

use std::cmp::Ordering;

use super::units::ACCEPTED_AT;
use crate::clock::Instant;
use crate::id::MissionId;
use crate::json::{Value, line};
use crate::merge::arrays::union_by;
use crate::merge::doc::Slot;
use crate::merge::outcome::Outcome;
use crate::merge::report::{Rule, Winner};
use crate::merge::sides::Sides;
use crate::merge::three_way::Rules;
use crate::mission::{key, number_of};

const VCS_LOCKED_AT: &str = "vcs_locked_at";
const STATUS_PHASE: &str = "status_phase";
const ACCEPTANCE_HISTORY: &str = "acceptance_history";
const ACCEPTED_BY: &str = "accepted_by";

/// The rules of the top level.
pub(super) struct MetaRules {
    /// Whether both sides started from a file.
    pub(super) base_exists: bool,
}

impl Rules for MetaRules {
    fn same(&self, name: &str, a: Slot<'_>, b: Slot<'_>) -> bool {
        let (Some(a), Some(b)) = (a.value(), b.value()) else { return false };
        match name {
            key::MISSION_NUMBER => number(a).is_some_and(|a| number(b) == Some(a)),
            STATUS_PHASE => digits(a).is_some_and(|a| digits(b) == Some(a)),
            key::CREATED_AT | VCS_LOCKED_AT | ACCEPTED_AT => {
                instant(a).is_some_and(|a| instant(b) == Some(a))
            }
            _ => false,
        }
    }

    /// The JSON integer, else the smaller string.
    fn spelling(&self, _: &str, ours: Slot<'_>, theirs: Slot<'_>) -> Winner {
        let rank = |slot: Slot<'_>| slot.value().map(|value| (value.as_str().is_some(), value.clone()));
        if rank(ours) <= rank(theirs) { Winner::Ours } else { Winner::Theirs }
    }

    fn settle<'a>(&self, name: &str, sides: Sides<Slot<'a>>) -> Option<(Outcome<'a>, Rule, Winner)> {
        let (winner, rule) = match name {
            key::MISSION_ID if !self.started_without_id(sides.base) => return None,
            key::MISSION_ID => backfilled(sides)?,
            key::MISSION_NUMBER => pick(sides, number, Rule::SmallerNumber, smaller)?,
            key::CREATED_AT => pick(sides, instant, Rule::EarlierTime, smaller)?,
            VCS_LOCKED_AT => pick(sides, instant, Rule::LaterTime, larger)?,
            STATUS_PHASE => pick(sides, phase, Rule::LargerPhase, larger_phase)?,
            ACCEPTANCE_HISTORY => {
                return Some((Outcome::Built(history(sides)?), Rule::SetUnion, Winner::Both));
            }
            _ => return None,
        };
        let slot = if winner == Winner::Theirs { sides.theirs } else { sides.ours };
        Some((Outcome::carried(slot), rule, winner))
    }
}

impl MetaRules {
    /// Whether both sides started from a file, and it had no id. Anything else about ids is open.
    fn started_without_id(&self, base: Slot<'_>) -> bool {
        self.base_exists && !base.is_open() && has_no_id(base)
    }
}

/// Two backfills of a file that had no id. Of two ways to say that there is still none, `null`, else the empty text:
/// always what one of the sides says, because the base would look as if nobody had changed it.
fn backfilled(sides: Sides<Slot<'_>>) -> Option<(Winner, Rule)> {
    if has_no_id(sides.ours) && has_no_id(sides.theirs) {
        let rank = |slot: Slot<'_>| slot.value().map(Value::is_null);
        let winner = if rank(sides.ours) >= rank(sides.theirs) { Winner::Ours } else { Winner::Theirs };
        return Some((winner, Rule::Emptied));
    }
    let id = |value: &Value| value.as_str().and_then(MissionId::parse);
    pick_where(sides, has_no_id, id, Rule::SmallerId, smaller)
}

fn has_no_id(slot: Slot<'_>) -> bool {
    slot.value().is_none_or(|value| value.is_null() || value.as_str() == Some(""))
}

/// What one side says where values are compared.
enum Reading<T> {
    Empty,
    Value(T),
}

type Better<T> = fn(&T, &T) -> Option<Winner>;

/// The side whose value is better; a value beats `null` and absence; what cannot be read decides nothing.
fn pick<'a, T>(
    sides: Sides<Slot<'a>>,
    read: impl Fn(&'a Value) -> Option<T>,
    rule: Rule,
    better: Better<T>,
) -> Option<(Winner, Rule)> {
    pick_where(sides, |slot| slot.value().is_none_or(Value::is_null), read, rule, better)
}

fn pick_where<'a, T>(
    sides: Sides<Slot<'a>>,
    is_empty: impl Fn(Slot<'a>) -> bool,
    read: impl Fn(&'a Value) -> Option<T>,
    rule: Rule,
    better: Better<T>,
) -> Option<(Winner, Rule)> {
    let reading = |slot: Slot<'a>| match slot.value() {
        Some(value) if !is_empty(slot) => read(value).map(Reading::Value),
        _ => Some(Reading::Empty),
    };
    match (reading(sides.ours)?, reading(sides.theirs)?) {
        (Reading::Value(ours), Reading::Value(theirs)) => better(&ours, &theirs).map(|winner| (winner, rule)),
        (Reading::Value(_), Reading::Empty) => Some((Winner::Ours, Rule::ValueOverNull)),
        (Reading::Empty, Reading::Value(_)) => Some((Winner::Theirs, Rule::ValueOverNull)),
        (Reading::Empty, Reading::Empty) => None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the ways to compare, and another one can fail")]
fn smaller<T: Ord>(ours: &T, theirs: &T) -> Option<Winner> {
    Some(if ours <= theirs { Winner::Ours } else { Winner::Theirs })
}

#[expect(clippy::unnecessary_wraps, reason = "one of the ways to compare, and another one can fail")]
fn larger<T: Ord>(ours: &T, theirs: &T) -> Option<Winner> {
    Some(if ours >= theirs { Winner::Ours } else { Winner::Theirs })
}

/// A phase: a number, or a name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Phase<'a> {
    Number((usize, &'a str)),
    Name(&'a str),
}

/// Numbers by value, names by text. A number against a name decides nothing: as texts they would not be ordered
/// consistently with the numbers, and the result would depend on the order of merging.
fn larger_phase(ours: &Phase<'_>, theirs: &Phase<'_>) -> Option<Winner> {
    match (ours, theirs) {
        (Phase::Number(_), Phase::Number(_)) | (Phase::Name(_), Phase::Name(_)) => larger(ours, theirs),
        _ => None,
    }
}

fn phase(value: &Value) -> Option<Phase<'_>> {
    digits(value).map(Phase::Number).or_else(|| value.as_str().map(Phase::Name))
}

/// A whole number as a JSON number or a string of digits, as a pair that orders by value.
fn digits(value: &Value) -> Option<(usize, &str)> {
    let text = match value {
        Value::Number(number) => number.token(),
        Value::String(text) => text,
        _ => return None,
    };
    let significant = text.trim_start_matches('0');
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some((significant.len(), significant))
}

fn number(value: &Value) -> Option<u64> {
    number_of(Some(value)).settled()
}

/// A point in time.
pub(super) fn instant(value: &Value) -> Option<Instant> {
    value.as_str().and_then(Instant::parse)
}

/// The history of acceptances as a set, in the order (`accepted_at`, `accepted_by`, content).
fn history(sides: Sides<Slot<'_>>) -> Option<Value> {
    let Sides { base, ours, theirs } = sides.map(|slot| match slot {
        Slot::Absent => Some(&[] as &[Value]),
        slot => slot.value().and_then(Value::as_array),
    });
    // A base of another shape holds no entries that could have been removed.
    Some(Value::Array(union_by(base.unwrap_or(&[]), ours?, theirs?, by_acceptance)))
}

fn by_acceptance(a: &Value, b: &Value) -> Ordering {
    fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
        entry.as_object().and_then(|entry| entry.get(name)).and_then(Value::as_str).unwrap_or_default()
    }
    text(a, ACCEPTED_AT)
        .cmp(text(b, ACCEPTED_AT))
        .then_with(|| text(a, ACCEPTED_BY).cmp(text(b, ACCEPTED_BY)))
        .then_with(|| line(a).cmp(&line(b)))
}
