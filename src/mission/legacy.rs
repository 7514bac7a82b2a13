//! Old names of keys, and the id of a mission that never had one.
//!
//! One of the few places where legacy names may be written down: they are renamed wherever they come in and
//! never written. Knows nothing about where the text comes from.

use std::fmt;

use super::number_of;
use crate::json::{Object, Value, line_object};

/// Old key, new key.
const RENAMED: [(&str, &str); 3] =
    [("feature_number", "mission_number"), ("feature_slug", "mission_slug"), ("mission", "mission_type")];

/// A file holds a key under its old and its new name with values that differ: neither may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConflict {
    /// The old name
    pub old: &'static str,
    /// The new name
    pub new: &'static str,
}

impl fmt::Display for KeyConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` and its new name `{}` hold different values", self.old, self.new)
    }
}

impl std::error::Error for KeyConflict {}

/// Renames the legacy keys of a `meta.json`, values untouched, and returns what was renamed (old, new).
///
/// Where both names are there with equal values (numbers by meaning), the value under the new name stays.
/// On error `members` is as it was.
pub fn rename_keys(members: &mut Object) -> Result<Vec<(&'static str, &'static str)>, KeyConflict> {
    for (old, new) in RENAMED {
        if let (Some(a), Some(b)) = (members.get(old), members.get(new))
            && !equal_by_meaning(new, a, b)
        {
            return Err(KeyConflict { old, new });
        }
    }
    let mut renamed = Vec::new();
    for (old, new) in RENAMED {
        if let Some(value) = members.remove(old) {
            members.entry(new.to_owned()).or_insert(value);
            renamed.push((old, new));
        }
    }
    Ok(renamed)
}

/// Whether a key is one that is renamed wherever it comes in.
pub(super) fn is_old_key(name: &str) -> bool {
    RENAMED.iter().any(|(old, _)| *old == name)
}

fn equal_by_meaning(key: &str, a: &Value, b: &Value) -> bool {
    let number = |value| number_of(Some(value)).settled();
    a == b || (key == "mission_number" && number(a).is_some() && number(a) == number(b))
}

/// The first row of a mission's event log, as far as the seed of its id needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstEvent {
    /// `event_id` of the first non-blank line
    pub id: Option<Value>,
    /// `at` of the first non-blank line
    pub at: Option<Value>,
    /// The smallest `at` of the whole log
    pub smallest_at: Option<String>,
}

/// The text whose hash is the id of a mission that never had one (`MissionId::from_seed`).
///
/// `members` is the file as it was read, its legacy keys not yet renamed: `slug` goes before the old name of
/// `mission_slug`. `directory` is the name of the mission's directory. Values are filled in for the seed only. The recipe is shared with the tool that made these files, so
/// that both mint the same id; its text form is Python's `json.dumps(…, sort_keys=True)`.
pub fn id_seed(members: &Object, directory: &str, first: &FirstEvent) -> String {
    let filled = |key: &str| members.get(key).filter(|v| !is_empty(v)).cloned();
    let present = |key: &str| members.get(key).cloned();
    let mission_slug = filled("mission_slug")
        .or_else(|| filled("slug"))
        .or_else(|| filled("feature_slug"))
        .unwrap_or_else(|| directory.into());
    let created_at = filled("created_at")
        .or_else(|| first.smallest_at.as_deref().map(Value::from))
        .unwrap_or_else(|| "1970-01-01T00:00:00+00:00".into());
    let mission_type =
        filled("mission_type").or_else(|| filled("mission")).unwrap_or_else(|| "software-dev".into());
    let meta = Object::from([
        ("created_at".to_owned(), created_at),
        ("friendly_name".to_owned(), present("friendly_name").unwrap_or_else(|| mission_slug.clone())),
        ("slug".to_owned(), present("slug").unwrap_or_else(|| mission_slug.clone())),
        ("mission_slug".to_owned(), mission_slug),
        ("mission_type".to_owned(), mission_type),
        ("target_branch".to_owned(), present("target_branch").unwrap_or_else(|| "main".into())),
    ]);
    line_object(&Object::from([
        ("meta".to_owned(), Value::Object(meta)),
        ("first_event_id".to_owned(), first.id.clone().unwrap_or(Value::Null)),
        ("first_event_at".to_owned(), first.at.clone().unwrap_or(Value::Null)),
    ]))
}

/// What Python calls false: such a value counts as absent where the recipe says "absent or empty".
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => {
            let significand = number.token().split(['e', 'E']).next().unwrap_or_default();
            significand.bytes().all(|b| matches!(b, b'0' | b'-' | b'.'))
        }
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse_object};

    fn read(text: &str) -> Object {
        parse_object(text.as_bytes(), Limits::DOCUMENT).expect("an object")
    }

    #[test]
    fn equal_values_collapse_and_different_ones_are_named() {
        let mut members = read(r#"{"feature_number": "062", "mission_number": 62, "mission": "research"}"#);
        let renamed = rename_keys(&mut members).expect("renamed");
        assert_eq!(renamed, [("feature_number", "mission_number"), ("mission", "mission_type")]);
        assert_eq!(members, read(r#"{"mission_number": 62, "mission_type": "research"}"#));

        let mut members = read(r#"{"feature_slug": "a", "mission_slug": "b", "mission": "x"}"#);
        let before = members.clone();
        assert_eq!(rename_keys(&mut members), Err(KeyConflict { old: "feature_slug", new: "mission_slug" }));
        assert_eq!(members, before);
    }

    #[test]
    fn the_seed_is_pythons_text() {
        let members = read(r#"{"slug": "a", "created_at": "2026-01-01T00:00:00Z", "friendly_name": "é"}"#);
        let first = FirstEvent { id: Some("01X".into()), at: None, smallest_at: None };
        assert_eq!(
            id_seed(&members, "001-a", &first),
            concat!(
                r#"{"first_event_at": null, "first_event_id": "01X", "meta": {"created_at": "2026-01-01T00:00:00Z", "#,
                r#""friendly_name": "\u00e9", "mission_slug": "a", "mission_type": "software-dev", "slug": "a", "target_branch": "main"}}"#
            )
        );
    }
}
