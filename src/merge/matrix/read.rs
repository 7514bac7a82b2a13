//! Reading one version of a table: rows by their key, so that the core can merge them as members of objects.

use std::collections::BTreeMap;

use super::Table;
use super::merge::Refusal;
use crate::json::{ErrorKind, JsonError, Limits, Object, Value, parse_object};
use crate::merge::Side;
use crate::merge::doc::{Members, Tree, overlay};
use crate::merge::markers::{self, MIN_SIZE};

pub(super) const VERDICT: &str = "overall_verdict";
pub(super) const CRITERIA: &str = "criteria";
pub(super) const INVARIANTS: &str = "negative_invariants";
pub(super) const ROWS: &str = "rows";
const SCHEMA_VERSION: &str = "schema_version";

impl Table {
    /// The sections of rows, each with the key that names a row of it, if that stands in the row.
    pub(super) const fn sections(self) -> &'static [(&'static str, Option<&'static str>)] {
        match self {
            Self::Issues => &[(ROWS, None)],
            Self::Acceptance => &[(CRITERIA, Some("criterion_id")), (INVARIANTS, Some("invariant_id"))],
        }
    }
}

/// One version of a table.
pub(super) enum Version {
    /// There is no such file
    Missing,
    Plain(Keyed),
    /// It came with conflict markers
    Open(Tree, [Keyed; 2]),
}

/// A table whose rows are members of objects, by their key.
pub(super) struct Keyed {
    /// Every section is there, if need be empty; the verdict is not
    pub(super) members: Object,
    /// The sections that the file really has, and [`VERDICT`] if it has that
    pub(super) present: Vec<&'static str>,
    /// How the references of rows are spelled, by key
    pub(super) names: BTreeMap<String, String>,
}

impl Version {
    pub(super) fn read(table: Table, side: Side, text: &[u8]) -> Result<Self, Refusal> {
        let error = match parse_object(text, Limits::DOCUMENT) {
            Ok(members) => return Keyed::new(table, side, members).map(Self::Plain),
            Err(error) => error,
        };
        if error.kind == ErrorKind::Empty && side == Side::Base {
            return Ok(Self::Missing);
        }
        let halves = std::str::from_utf8(text)
            .ok()
            .filter(|_| error.kind == ErrorKind::ConflictMarkers)
            .and_then(|text| markers::split(text, MIN_SIZE));
        let Some(halves) = halves else { return Err(Refusal::Unreadable { side, error }) };
        let half = |text: &str| -> Result<Keyed, Refusal> {
            let members = parse_object(text.as_bytes(), Limits::DOCUMENT)
                .map_err(|_: JsonError| Refusal::Unreadable { side, error: error.clone() })?;
            Keyed::new(table, side, members)
        };
        let (first, second) = (half(&halves.first)?, half(&halves.second)?);
        Ok(match overlay(&first.members, &second.members) {
            Some(tree) => Self::Open(tree, [first, second]),
            None => Self::Plain(first),
        })
    }

    pub(super) fn members(&self) -> Members<'_> {
        match self {
            Self::Missing => Members::None,
            Self::Plain(keyed) => Members::Plain(&keyed.members),
            Self::Open(tree, _) => Members::Open(tree),
        }
    }

    /// Its readings: none, one or two.
    pub(super) fn readings(&self) -> &[Keyed] {
        match self {
            Self::Missing => &[],
            Self::Plain(keyed) => std::slice::from_ref(keyed),
            Self::Open(_, readings) => readings,
        }
    }
}

impl Keyed {
    fn new(table: Table, side: Side, mut members: Object) -> Result<Self, Refusal> {
        let shape = |what: String| Refusal::Shape { side, what };
        if table == Table::Issues
            && let Some(version) = members.get(SCHEMA_VERSION)
            && !matches!(version, Value::Number(number) if number.as_u64() == Some(1))
        {
            return Err(shape(format!("`{SCHEMA_VERSION}` is not 1")));
        }
        let mut keyed = Self { members: Object::new(), present: Vec::new(), names: BTreeMap::new() };
        if table == Table::Acceptance && members.remove(VERDICT).is_some() {
            keyed.present.push(VERDICT);
        }
        for (section, id) in table.sections() {
            let mut rows = Object::new();
            let named: Vec<(String, Value)> = match (members.remove(*section), id) {
                (None, _) => Vec::new(),
                (Some(Value::Object(named)), None) => {
                    keyed.present.push(section);
                    named.into_iter().collect()
                }
                (Some(Value::Array(items)), Some(id)) => {
                    keyed.present.push(section);
                    let name = |row: &Value| row.as_object()?.get(*id)?.as_str().map(str::to_owned);
                    let named = |row: Value| Some((name(&row).filter(|name| !name.is_empty())?, row));
                    let items: Option<Vec<_>> = items.into_iter().map(named).collect();
                    items.ok_or_else(|| shape(format!("a row of `{section}` has no `{id}`")))?
                }
                _ => return Err(shape(format!("`{section}` has another shape"))),
            };
            for (name, row) in named {
                if row.as_object().is_none() {
                    return Err(shape(format!("the row {name:?} is {}", row.kind())));
                }
                let key = if id.is_some() { name.clone() } else { key_of(&name) };
                if rows.insert(key.clone(), row).is_some() {
                    return Err(shape(format!("two rows of `{section}` are {key:?}")));
                }
                if id.is_none() {
                    keyed.names.insert(key, name);
                }
            }
            members.insert((*section).to_owned(), Value::Object(rows));
        }
        keyed.members = members;
        Ok(keyed)
    }
}

/// `#12` for `#12`, `GH-12`, `12` and whatever else ends so; a reference that ends in no digit is its own key.
fn key_of(reference: &str) -> String {
    let text = reference.trim();
    let digits = &text[text.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
    if digits.is_empty() { text.to_owned() } else { format!("#{digits}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_known_by_their_last_digits() {
        for (reference, key) in [
            ("#12", "#12"),
            ("GH-12", "#12"),
            (" 12 ", "#12"),
            ("a/b#0012", "#0012"),
            ("none", "none"),
            ("12a", "12a"),
        ] {
            assert_eq!(key_of(reference), key);
        }
    }
}
