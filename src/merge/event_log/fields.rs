//! What the fields of a row mean where two versions of it differ, and the old names of fields.
//!
//! One of the few places where legacy names may be written down: rows are compared under the new names and keep the
//! spelling that they have. Knows nothing about other rows.

use crate::json::{Object, Value};
use crate::merge::doc::Slot;
use crate::merge::outcome::Outcome;
use crate::merge::report::{Rule, Winner};
use crate::merge::sides::Sides;
use crate::merge::three_way::Rules;

/// Old name, new name.
const RENAMED: [(&str, &str); 2] = [("feature_slug", "mission_slug"), ("work_package_id", "wp_id")];

/// Brings all versions of a row under the new names; the first `bases` of them are the base. Where any version holds
/// both names of a pair, they are two fields and stay as they are.
///
/// Returns the pairs that go back to the old name afterwards: those that no side has renamed.
pub(super) fn rename(versions: &mut [&mut Object], bases: usize) -> Vec<(&'static str, &'static str)> {
    let mut back = Vec::new();
    for (old, new) in RENAMED {
        if versions.iter().any(|members| members.contains_key(old) && members.contains_key(new)) {
            continue;
        }
        let renamed = versions[bases..].iter().any(|members| members.contains_key(new));
        let mut met = false;
        for members in versions.iter_mut() {
            if let Some(value) = members.remove(old) {
                members.insert(new.to_owned(), value);
                met = true;
            }
        }
        if met && !renamed {
            back.push((old, new));
        }
    }
    back
}

/// Undoes [`rename`] in a merged row.
pub(super) fn rename_back(members: &mut Object, back: &[(&'static str, &'static str)]) {
    for (old, new) in back {
        if let Some(value) = members.remove(*new) {
            members.insert((*old).to_owned(), value);
        }
    }
}

/// The rules of a row.
pub(super) struct RowRules;

impl Rules for RowRules {
    /// `null` and absent mean the same: one release added `"review_result": null` to rows in place.
    fn same(&self, _: &str, a: Slot<'_>, b: Slot<'_>) -> bool {
        let empty = |slot: Slot<'_>| matches!(slot.without_null(), Slot::Absent);
        empty(a) && empty(b)
    }

    /// Of `null` and absent, `null`.
    fn spelling(&self, _: &str, ours: Slot<'_>, _: Slot<'_>) -> Winner {
        if ours.value().is_some() { Winner::Ours } else { Winner::Theirs }
    }

    /// An actor that one side writes as a name and the other as an object with that name in it is the object.
    fn settle<'a>(&self, key: &str, sides: Sides<Slot<'a>>) -> Option<(Outcome<'a>, Rule, Winner)> {
        if key != "actor" {
            return None;
        }
        let names = |object: &Value, name: &Value| {
            let object = object.as_object();
            name.as_str().is_some()
                && object
                    .is_some_and(|o| ["role", "profile", "tool"].iter().any(|key| o.get(*key) == Some(name)))
        };
        let (ours, theirs) = (sides.ours.value()?, sides.theirs.value()?);
        let (value, winner) = if names(ours, theirs) {
            (ours, Winner::Ours)
        } else if names(theirs, ours) {
            (theirs, Winner::Theirs)
        } else {
            return None;
        };
        Some((Outcome::Plain(value), Rule::RicherActor, winner))
    }
}
