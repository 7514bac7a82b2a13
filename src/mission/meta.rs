//! What a `meta.json` says. Knows nothing about where it lies or which commit it is in.

use std::fmt;

use super::legacy::{self, KeyConflict};
use super::{NumberField, number_of};
use crate::clock::Instant;
use crate::id::MissionId;
use crate::json::{JsonError, Limits, Object, Value, canonical_object, parse_object};

/// Keys that rules are made of.
pub mod key {
    /// The machine identity
    pub const MISSION_ID: &str = "mission_id";
    /// The display number
    pub const MISSION_NUMBER: &str = "mission_number";
    /// The name of the directory, as a rule
    pub const MISSION_SLUG: &str = "mission_slug";
    /// The short name
    pub const SLUG: &str = "slug";
    /// The name for people
    pub const FRIENDLY_NAME: &str = "friendly_name";
    /// The kind of mission
    pub const MISSION_TYPE: &str = "mission_type";
    /// The branch that the mission's work goes to
    pub const TARGET_BRANCH: &str = "target_branch";
    /// When the mission was created
    pub const CREATED_AT: &str = "created_at";
}

/// Keys that every new mission has with a non-empty text.
pub const REQUIRED_TEXT: [&str; 6] = [
    key::SLUG,
    key::MISSION_SLUG,
    key::FRIENDLY_NAME,
    key::MISSION_TYPE,
    key::TARGET_BRANCH,
    key::CREATED_AT,
];

/// What the key `mission_id` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdField {
    /// No such key, `null` or an empty text.
    Missing,
    /// An id.
    Valid(MissionId),
    /// Anything else, as it is spelled.
    Invalid(String),
}

/// Why a `meta.json` cannot be read without loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetaError {
    /// The text is refused.
    Json(JsonError),
    /// An old and a new name of one key disagree.
    Keys(KeyConflict),
}

impl MetaError {
    /// Line and column, where the fault has a place.
    pub fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Json(error) => Some((error.line, error.column)),
            Self::Keys(_) => None,
        }
    }
}

impl fmt::Display for MetaError {
    /// The reason without the position.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.kind.fmt(f),
            Self::Keys(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MetaError {}

/// A `meta.json` under its new key names; everything in it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    members: Object,
    renamed: Vec<(&'static str, &'static str)>,
}

impl Meta {
    /// Reads a file of at most 1 MiB and renames its legacy keys.
    pub fn read(bytes: &[u8]) -> Result<Self, MetaError> {
        parse_object(bytes, Limits::DOCUMENT).map_err(MetaError::Json).and_then(Self::from_members)
    }

    /// Takes an object and renames its legacy keys.
    pub fn from_members(mut members: Object) -> Result<Self, MetaError> {
        let renamed = legacy::rename_keys(&mut members).map_err(MetaError::Keys)?;
        Ok(Self { members, renamed })
    }

    /// The canonical bytes.
    pub fn to_canonical(&self) -> String {
        canonical_object(&self.members)
    }

    /// All keys and values.
    pub fn members(&self) -> &Object {
        &self.members
    }

    /// Which legacy keys were renamed on the way in (old, new).
    pub fn renamed(&self) -> &[(&'static str, &'static str)] {
        &self.renamed
    }

    /// The machine identity.
    pub fn id(&self) -> IdField {
        match self.members.get(key::MISSION_ID) {
            None | Some(Value::Null) => IdField::Missing,
            Some(Value::String(text)) if text.is_empty() => IdField::Missing,
            Some(value) => match value.as_str().and_then(MissionId::parse) {
                Some(id) => IdField::Valid(id),
                None => IdField::Invalid(crate::json::line(value)),
            },
        }
    }

    /// The machine identity, if there is a valid one.
    pub fn valid_id(&self) -> Option<MissionId> {
        match self.id() {
            IdField::Valid(id) => Some(id),
            _ => None,
        }
    }

    /// Sets the machine identity.
    pub fn set_id(&mut self, id: MissionId) {
        self.members.insert(key::MISSION_ID.to_owned(), id.as_str().into());
    }

    /// The display number.
    pub fn number(&self) -> NumberField {
        number_of(self.members.get(key::MISSION_NUMBER))
    }

    /// Sets the display number, as a JSON integer or `null`. A number that is already there in another
    /// spelling stays as it is spelled.
    pub fn set_number(&mut self, number: Option<u64>) {
        let same = match number {
            Some(number) => self.number() == NumberField::Settled(number),
            None => self.members.get(key::MISSION_NUMBER).is_some_and(Value::is_null),
        };
        if !same {
            self.members.insert(key::MISSION_NUMBER.to_owned(), number.into());
        }
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// The required keys that are absent, empty or not a text.
    pub fn missing_keys(&self) -> Vec<&'static str> {
        REQUIRED_TEXT.into_iter().filter(|key| self.text(key).is_none()).collect()
    }

    /// When the mission was created, if that names a point in time.
    pub fn created_at(&self) -> Option<Instant> {
        self.text(key::CREATED_AT).and_then(Instant::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_spelling_unless_they_change() {
        let mut meta = Meta::read(br#"{"feature_number": "064"}"#).expect("read");
        meta.set_number(Some(64));
        assert_eq!(meta.to_canonical(), "{\n  \"mission_number\": \"064\"\n}\n");
        meta.set_number(Some(65));
        assert_eq!(meta.to_canonical(), "{\n  \"mission_number\": 65\n}\n");
        meta.set_number(None);
        assert_eq!(meta.to_canonical(), "{\n  \"mission_number\": null\n}\n");
    }

    #[test]
    fn a_file_gets_its_id_and_says_what_it_lacks() {
        let mut meta = Meta::read(br#"{"slug": "s", "mission_slug": "", "friendly_name": 1}"#).expect("read");
        let lacks = ["mission_slug", "friendly_name", "mission_type", "target_branch", "created_at"];
        assert_eq!(meta.missing_keys(), lacks);
        let id = MissionId::parse("01KQ47E80QJG8GTVGDCV67RW7M").expect("an id");
        meta.set_id(id);
        assert_eq!(meta.valid_id(), Some(id));
    }

    #[test]
    fn a_reason_is_told_without_its_place() {
        let told =
            |text: &str| Meta::read(text.as_bytes()).map_err(|error| (error.to_string(), error.position()));
        assert_eq!(told("[]"), Err(("an object is needed, this is an array".into(), Some((1, 1)))));
        let keys = r#"{"mission": 1, "mission_type": 2}"#;
        let reason = "`mission` and its new name `mission_type` hold different values";
        assert_eq!(told(keys), Err((reason.into(), None)));
    }

    #[test]
    fn ids_are_judged_by_their_pattern_only() {
        let id = |text: &str| Meta::read(text.as_bytes()).expect("read").id();
        assert_eq!(id("{}"), IdField::Missing);
        assert_eq!(id(r#"{"mission_id": null}"#), IdField::Missing);
        assert_eq!(id(r#"{"mission_id": "x"}"#), IdField::Invalid("\"x\"".into()));
        assert!(matches!(id(r#"{"mission_id": "ZZZZZZZZZZZZZZZZZZZZZZZZZZ"}"#), IdField::Valid(_)));
    }
}
