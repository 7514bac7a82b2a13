//! The contract as a whole, and the one question that is asked of it.
//!
//! Knows the names of the contract's sections; which fields they speak of, only the file knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use super::read::{Reader, Source};
use super::shape::{Shape, not_an_object};
use super::{Context, ContractError, Problem, Reason, Violation};
use crate::json::{Limits, Value, parse_object};

/// The contract that is compiled in.
pub(super) const EMBEDDED: &str = include_str!("../../contracts/upstream-3.0.0-shape.json");

static CONTRACT: LazyLock<Result<Contract, ContractError>> = LazyLock::new(|| Contract::parse(EMBEDDED));

/// From the lanes of a work package to those that are synced.
pub type LaneMapping = BTreeMap<String, String>;

/// Judges a payload by the embedded contract. The violation names the first rule that is broken.
pub fn validate(payload: &Value, context: Context) -> Result<(), Violation> {
    match Contract::embedded() {
        Ok(contract) => contract.validate(payload, context),
        Err(error) => Err(Violation {
            context,
            field: "$".to_owned(),
            reason: Reason::ContractUnreadable(error.to_string()),
        }),
    }
}

/// A contract that was read without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    version: String,
    forbidden: BTreeSet<String>,
    display_only: BTreeSet<String>,
    identities: BTreeSet<String>,
    /// All keys of these three
    special: Vec<String>,
    /// What they look like, a bit for each [look](look_of)
    special_looks: u64,
    sections: [Arc<Shape>; Context::ALL.len()],
    lanes: Vec<String>,
    aliases: LaneMapping,
    moves: BTreeMap<String, Vec<String>>,
    event_lanes: String,
    mappings: BTreeMap<String, LaneMapping>,
}

impl Contract {
    /// The contract that is compiled in, read at the first call.
    pub fn embedded() -> Result<&'static Self, &'static ContractError> {
        CONTRACT.as_ref()
    }

    /// Reads a contract. A rule of an unknown kind is an error: it would otherwise not be kept.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        let root = parse_object(text.as_bytes(), Limits::DOCUMENT)
            .map_err(|error| ContractError { at: "$".to_owned(), problem: Problem::NotJson(error) })?;
        let source = Source::new(&root);
        let section = |name| source.section(name);
        let display = section("display_only")?;
        let names = |reader: Reader<'_, '_>| Ok(reader.texts()?.into_iter().collect::<BTreeSet<String>>());
        let mut sections = [const { None }; Context::ALL.len()];
        for context in Context::ALL {
            sections[context as usize] = Some(section(context.name())?.shape()?);
        }
        let mut contract = Self {
            version: section("version")?.text()?,
            forbidden: names(section("forbidden_at_any_depth")?)?,
            display_only: names(display.child("fields")?)?,
            identities: names(display.child("identities")?)?,
            special: Vec::new(),
            special_looks: 0,
            sections: sections.map(Option::unwrap_or_default),
            lanes: section("lanes")?.texts()?,
            aliases: section("lane_aliases")?.map(|child| child.text())?,
            moves: section("lane_moves")?.map(|child| child.texts())?,
            event_lanes: section("event_lanes")?.text()?,
            mappings: section("lane_mapping")?.map(|mapping| mapping.map(|child| child.text()))?,
        };
        let special = contract.forbidden.iter().chain(&contract.display_only).chain(&contract.identities);
        contract.special = special.cloned().collect();
        contract.special_looks = contract.special.iter().fold(0, |bits, key| bits | look_of(key));
        contract.check_lanes()?;
        Ok(contract)
    }

    /// Judges a payload. The violation names the first rule that is broken.
    pub fn validate(&self, payload: &Value, context: Context) -> Result<(), Violation> {
        self.judge(payload, context).map_err(|(field, reason)| Violation { context, field, reason })
    }

    /// The version of the shapes, which envelopes carry.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The keys that may stand nowhere in any payload.
    pub fn forbidden_keys(&self) -> &BTreeSet<String> {
        &self.forbidden
    }

    /// Every lane a work package can be in.
    pub fn lanes(&self) -> &[String] {
        &self.lanes
    }

    /// A lane as the contract spells it: itself, or what it is another name of. `None` if it is no lane.
    pub fn lane<'c>(&'c self, name: &str) -> Option<&'c str> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        self.lanes.iter().find(|lane| *lane == name).map(String::as_str)
    }

    /// The lanes that a work package may move to without force.
    pub fn moves_from(&self, lane: &str) -> &[String] {
        self.moves.get(lane).map_or(&[], Vec::as_slice)
    }

    /// The mapping of that name.
    pub fn lane_mapping(&self, name: &str) -> Option<&LaneMapping> {
        self.mappings.get(name)
    }

    /// How lanes are written in events: `None` as they are, else through this mapping.
    pub fn event_lanes(&self) -> Option<&LaneMapping> {
        self.mappings.get(&self.event_lanes)
    }

    fn judge(&self, payload: &Value, context: Context) -> Result<(), (String, Reason)> {
        let mut found = Found::default();
        // Nearly every payload is plain, and that is told without writing down where anything stands.
        let (mut display, mut identity) = (false, false);
        if !self.is_plain(payload, &mut display, &mut identity) || (display && identity) {
            self.walk(payload, &mut String::new(), &mut found)?;
        }
        let members = payload.as_object().ok_or_else(|| ("$".to_owned(), not_an_object(payload)))?;
        self.sections[context as usize].judge(members)?;
        for (path, identity) in &found.identities {
            let shown = |part: &str| found.display.iter().find(|(_, digits)| digits == digits_of(part));
            if let Some((key, _)) = identity.split('/').filter(|part| is_digits(part)).find_map(shown) {
                return Err((path.clone(), Reason::DisplayOnly(key.clone())));
            }
        }
        Ok(())
    }

    /// Looks at every key at every depth. `path` is as it was when this returns without an error.
    fn walk(&self, value: &Value, path: &mut String, found: &mut Found) -> Result<(), (String, Reason)> {
        let length = path.len();
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    // Writing to a String cannot fail.
                    let _ = write!(path, "[{at}]");
                    self.walk(item, path, found)?;
                    path.truncate(length);
                }
            }
            Value::Object(members) => {
                for (key, member) in members {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(key);
                    if self.forbidden.contains(key) {
                        return Err((path.clone(), Reason::ForbiddenEverywhere));
                    }
                    self.note(key, member, path, found);
                    self.walk(member, path, found)?;
                    path.truncate(length);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether no key is forbidden. Notes whether there is a number that is only for display, and an identity with a part
    /// that could be one.
    fn is_plain(&self, value: &Value, display: &mut bool, identity: &mut bool) -> bool {
        match value {
            Value::Array(items) => items.iter().all(|item| self.is_plain(item, display, identity)),
            Value::Object(members) => members.iter().all(|(key, member)| {
                let may_be_special = self.special_looks & look_of(key) != 0;
                if may_be_special && self.special.iter().any(|name| name == key) {
                    if self.forbidden.contains(key) {
                        return false;
                    }
                    let text = match member {
                        Value::Number(number) => number.token(),
                        Value::String(text) => text,
                        _ => "",
                    };
                    *display |= self.display_only.contains(key) && is_digits(text);
                    *identity |= self.identities.contains(key) && text.split('/').any(is_digits);
                }
                member.is_scalar() || self.is_plain(member, display, identity)
            }),
            _ => true,
        }
    }

    fn note(&self, key: &str, member: &Value, path: &str, found: &mut Found) {
        let text = match member {
            Value::Number(number) => number.token(),
            Value::String(text) => text,
            _ => return,
        };
        if self.display_only.contains(key) && is_digits(text) {
            found.display.push((key.to_owned(), digits_of(text).to_owned()));
        }
        if self.identities.contains(key) {
            found.identities.push((path.to_owned(), text.to_owned()));
        }
    }

    /// A mapping that leaves a lane out, or a name for a mapping that is not there, would be found too late.
    fn check_lanes(&self) -> Result<(), ContractError> {
        let missing = |at: String| Err(ContractError { at, problem: Problem::Missing });
        for (name, mapping) in &self.mappings {
            if let Some(lane) = self.lanes.iter().find(|lane| !mapping.contains_key(*lane)) {
                return missing(format!("lane_mapping.{name}.{lane}"));
            }
        }
        if let Some(lane) = self.lanes.iter().find(|lane| !self.moves.contains_key(*lane)) {
            return missing(format!("lane_moves.{lane}"));
        }
        if let Some((alias, _)) = self.aliases.iter().find(|(_, lane)| !self.lanes.contains(lane)) {
            return missing(format!("lane_aliases.{alias}"));
        }
        match self.event_lanes.as_str() {
            "canonical" => Ok(()),
            name if self.mappings.contains_key(name) => Ok(()),
            name => missing(format!("lane_mapping.{name}")),
        }
    }
}

/// What was met on the way through a payload.
#[derive(Default)]
struct Found {
    /// Key and digits of values that are only for display
    display: Vec<(String, String)>,
    /// Path and text of identities
    identities: Vec<(String, String)>,
}

/// One bit for a key's length and its ends: nearly all keys are told from the few that are special.
fn look_of(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
    1 << ((bytes.len() + 5 * end(bytes.first()) + 11 * end(bytes.last())) % 64)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn digits_of(text: &str) -> &str {
    text.trim_start_matches('0')
}
