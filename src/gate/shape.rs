//! The kinds of rules that one object can be held to, and how each is judged.
//!
//! Knows no field name and no allowed value: those come from the contract.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Reason;
use super::fields::{Field, Fields, Name};
use crate::clock::Instant;
use crate::id::{MissionId, is_uuid};
use crate::json::{Object, Value, line};

/// The rules for one object. Rules about an absent key are silent; only `required` speaks of absence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// In the order in which they are asked for
    required: Vec<String>,
    /// In the order in which they are looked for
    forbidden: Vec<String>,
    /// Whether no other key may stand in the object than those that are known
    is_closed: bool,
    /// In order of the keys once the shape is [ready](Shape::ready)
    rules: Vec<Rule>,
    /// In order of the keys
    pub(super) nested: Vec<(Name, Arc<Self>)>,
    pub(super) include: Vec<Arc<Self>>,
    pub(super) when: Vec<When>,
    /// Whether there is any rule at all
    has_rules: bool,
}

/// What a shape asks of one key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rule {
    key: Name,
    required: bool,
    /// Whether the key may stand in an object that is closed
    known: bool,
    /// How far a value has to be looked at, once the shape is [ready](Shape::ready)
    reach: Reach,
    pub(super) types: Option<Vec<Type>>,
    pub(super) non_empty: bool,
    pub(super) allowed: Option<Vec<Value>>,
    pub(super) forbidden_values: Vec<Value>,
    pub(super) prefixes: Vec<String>,
    pub(super) formats: Option<Vec<Format>>,
    pub(super) minimum: Option<i64>,
    pub(super) maximum: Option<i64>,
}

/// How far a value has to be looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Reach {
    /// The key may not be there at all
    Key,
    /// Nothing but its type is asked for
    Type,
    /// More is asked for
    #[default]
    Content,
}

/// A shape that holds only under a condition on the same object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct When {
    /// Every key has one of its values
    pub(super) equals: Vec<(Name, Vec<Value>)>,
    /// Every key is there
    pub(super) has: Vec<Name>,
    pub(super) then: Arc<Shape>,
    pub(super) otherwise: Arc<Shape>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Null,
    Boolean,
    /// A number without fraction and exponent
    Integer,
    String,
    Array,
    Object,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Ulid,
    Uuid,
    Timestamp,
}

/// A broken rule: the path below the object that was judged, and why.
pub(super) type Broken = (String, Reason);

impl Type {
    pub(super) const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Integer, Self::String, Self::Array, Self::Object];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    fn admits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::String, Value::String(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            (Self::Integer, Value::Number(number)) => {
                number.token().bytes().skip_while(|b| *b == b'-').all(|b| b.is_ascii_digit())
            }
            _ => false,
        }
    }
}

impl Format {
    pub(super) const ALL: [Self; 3] = [Self::Ulid, Self::Uuid, Self::Timestamp];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ulid => "ulid",
            Self::Uuid => "uuid",
            Self::Timestamp => "timestamp",
        }
    }

    fn admits(self, text: &str) -> bool {
        match self {
            Self::Ulid => MissionId::parse(text).is_some(),
            // With its hyphens, or without all of them.
            Self::Uuid => is_uuid(text) || (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())),
            Self::Timestamp => Instant::parse(text).is_some(),
        }
    }
}

impl Shape {
    /// Judges an object. The rules are asked in a fixed order, so that one payload always breaks the same one.
    pub(super) fn judge(&self, members: &Object) -> Result<(), Broken> {
        if self.has_rules { self.judge_fields(members, Fields::of(members).all()) } else { Ok(()) }
    }

    /// Judges an object that has these fields.
    fn judge_fields(&self, members: &Object, fields: &[Field<'_>]) -> Result<(), Broken> {
        if !self.has_rules {
            return Ok(());
        }
        for shape in &self.include {
            shape.judge_fields(members, fields)?;
        }
        // Nearly every payload keeps every rule, and that is told at once. What does not is asked rule by rule, in order.
        let admitted = self.admits(fields);
        debug_assert_eq!(admitted, self.judge_keys(members).is_ok(), "both ways say the same of {members:?}");
        if !admitted {
            self.judge_keys(members)?;
        }
        for (key, shape) in &self.nested {
            if let Some(value) = key.find(fields) {
                let inner = value.as_object().ok_or_else(|| (key.text().to_owned(), not_an_object(value)))?;
                shape.judge(inner).map_err(|(path, reason)| (format!("{}.{path}", key.text()), reason))?;
            }
        }
        for when in &self.when {
            let branch = if when.holds(fields) { &when.then } else { &when.otherwise };
            branch.judge_fields(members, fields)?;
        }
        Ok(())
    }

    /// What is asked of a key, to be added to.
    pub(super) fn rule(&mut self, key: &str) -> &mut Rule {
        let at = self.rules.iter().position(|rule| rule.key.text() == key).unwrap_or_else(|| {
            self.rules.push(Rule { key: Name::new(key), ..Rule::default() });
            self.rules.len() - 1
        });
        &mut self.rules[at]
    }

    /// The key must be there.
    pub(super) fn require(&mut self, key: &str) {
        self.required.push(key.to_owned());
        self.rule(key).required = true;
    }

    /// The key must not be there.
    pub(super) fn forbid(&mut self, key: &str) {
        self.forbidden.push(key.to_owned());
        // So that there is one to meet.
        self.rule(key);
    }

    /// No other keys than these may be there.
    pub(super) fn close<'k>(&mut self, known: impl Iterator<Item = &'k str>) {
        self.is_closed = true;
        known.for_each(|key| self.rule(key).known = true);
    }

    /// The shape, ready to be asked. No rule is to be added any more.
    pub(super) fn ready(mut self) -> Self {
        self.rules.sort_by(|one, other| one.key.text().cmp(other.key.text()));
        for rule in &mut self.rules {
            let is_forbidden = self.forbidden.iter().any(|key| key == rule.key.text());
            // Another rule of `closed` than its own does not make a key known.
            let may_not_be = is_forbidden || (self.is_closed && !rule.known);
            rule.reach = if may_not_be { Reach::Key } else { rule.reach_of_value() };
        }
        self.has_rules = !(self.rules.is_empty()
            && !self.is_closed
            && self.nested.is_empty()
            && self.include.is_empty()
            && self.when.is_empty());
        self
    }

    fn rule_of(&self, key: &str) -> Option<&Rule> {
        let at = self.rules.binary_search_by(|rule| rule.key.text().cmp(key)).ok()?;
        Some(&self.rules[at])
    }

    /// Whether every rule about single keys is kept. Fields and rules are both in order of their keys, so one pass
    /// tells. `closed` has a rule for every key that it knows, if only that it may be there.
    fn admits(&self, fields: &[Field<'_>]) -> bool {
        let mut rules = self.rules.iter();
        for field in fields {
            loop {
                // Of what comes after the last rule, nothing is asked; there is no other that is required.
                let Some(rule) = rules.as_slice().first() else { return !self.is_closed };
                match rule.key.compare(field) {
                    Ordering::Less if rule.required => return false,
                    Ordering::Less => drop(rules.next()),
                    Ordering::Equal => {
                        if !rule.admits(field.value) {
                            return false;
                        }
                        rules.next();
                        break;
                    }
                    Ordering::Greater if self.is_closed => return false,
                    Ordering::Greater => break,
                }
            }
        }
        !rules.any(|rule| rule.required)
    }

    /// The rules about single keys, one after another.
    fn judge_keys(&self, members: &Object) -> Result<(), Broken> {
        self.judge_presence(members)?;
        members.iter().try_for_each(|(key, value)| match self.rule_of(key) {
            Some(rule) => rule.judge(value).map_err(|reason| (key.clone(), reason)),
            None => Ok(()),
        })
    }

    fn judge_presence(&self, members: &Object) -> Result<(), Broken> {
        if let Some(key) = self.forbidden.iter().find(|key| members.contains_key(*key)) {
            return Err((key.clone(), Reason::ForbiddenField));
        }
        if let Some(key) = self.required.iter().find(|key| !members.contains_key(*key)) {
            return Err((key.clone(), Reason::Missing));
        }
        let known = |key: &&String| !self.is_closed || self.rule_of(key).is_some_and(|rule| rule.known);
        match members.keys().find(|key| !known(key)) {
            Some(key) => Err((key.clone(), Reason::Unexpected)),
            None => Ok(()),
        }
    }
}

impl Rule {
    /// Judges a value, one rule after another.
    fn judge(&self, value: &Value) -> Result<(), Reason> {
        if let Some(types) = &self.types
            && !types.iter().any(|t| t.admits(value))
        {
            let expected = types.iter().map(|t| t.name().to_owned()).collect();
            return Err(Reason::WrongType { expected, found: value.kind() });
        }
        if self.non_empty && is_empty(value) {
            return Err(Reason::Empty);
        }
        if self.forbidden_values.contains(value) {
            return Err(Reason::ForbiddenValue);
        }
        if let Some(values) = &self.allowed
            && !values.contains(value)
        {
            return Err(Reason::NotAllowed { allowed: values.iter().map(line).collect() });
        }
        if let Some(text) = value.as_str() {
            self.judge_text(text)?;
        }
        match self.minimum {
            Some(minimum) if compare(value, minimum).is_some_and(Ordering::is_lt) => {
                return Err(Reason::BelowMinimum(minimum));
            }
            _ => {}
        }
        match self.maximum {
            Some(maximum) if compare(value, maximum).is_some_and(Ordering::is_gt) => {
                Err(Reason::AboveMaximum(maximum))
            }
            _ => Ok(()),
        }
    }

    fn judge_text(&self, text: &str) -> Result<(), Reason> {
        if let Some(prefix) = self.prefixes.iter().find(|prefix| text.starts_with(*prefix)) {
            return Err(Reason::ForbiddenPrefix(prefix.clone()));
        }
        match &self.formats {
            Some(formats) if !formats.iter().any(|format| format.admits(text)) => {
                Err(Reason::WrongFormat(formats.iter().map(|f| f.name().to_owned()).collect()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the key may be there, and its value keeps what is asked of values.
    fn admits(&self, value: &Value) -> bool {
        let is_of_type =
            || self.types.as_ref().is_none_or(|types| types.iter().any(|kind| kind.admits(value)));
        match self.reach {
            Reach::Key => false,
            Reach::Type => is_of_type(),
            Reach::Content => is_of_type() && self.admits_content(value),
        }
    }

    /// The same of what is asked beside the type.
    fn admits_content(&self, value: &Value) -> bool {
        if (self.non_empty && is_empty(value)) || has(&self.forbidden_values, value) {
            return false;
        }
        if self.allowed.as_ref().is_some_and(|values| !has(values, value)) {
            return false;
        }
        if let Some(text) = value.as_str() {
            let admitted = |formats: &Vec<Format>| formats.iter().any(|format| format.admits(text));
            return !self.prefixes.iter().any(|prefix| text.starts_with(prefix))
                && self.formats.as_ref().is_none_or(admitted);
        }
        !self.minimum.is_some_and(|minimum| compare(value, minimum).is_some_and(Ordering::is_lt))
            && !self.maximum.is_some_and(|maximum| compare(value, maximum).is_some_and(Ordering::is_gt))
    }

    fn reach_of_value(&self) -> Reach {
        let Self { forbidden_values, prefixes, allowed, formats, minimum, maximum, .. } = self;
        let asks_for_no_more = !self.non_empty
            && forbidden_values.is_empty()
            && prefixes.is_empty()
            && allowed.is_none()
            && formats.is_none()
            && minimum.is_none()
            && maximum.is_none();
        if asks_for_no_more { Reach::Type } else { Reach::Content }
    }
}

impl When {
    fn holds(&self, fields: &[Field<'_>]) -> bool {
        self.has.iter().all(|key| key.find(fields).is_some())
            && self
                .equals
                .iter()
                .all(|(key, values)| key.find(fields).is_some_and(|value| has(values, value)))
    }
}

/// Whether a value is among these; most are texts.
fn has(values: &[Value], value: &Value) -> bool {
    match value {
        Value::String(text) => values.iter().any(|one| matches!(one, Value::String(other) if other == text)),
        _ => values.contains(value),
    }
}

/// The reason for a value that should have been an object.
pub(super) fn not_an_object(value: &Value) -> Reason {
    Reason::WrongType { expected: vec![Type::Object.name().to_owned()], found: value.kind() }
}

/// Null, an empty container, or a string without anything but white space.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        // Mostly its first character says it.
        Value::String(text) => {
            !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
        }
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// How an integer token compares to a limit, however many digits it has. `None` for anything else.
fn compare(value: &Value, limit: i64) -> Option<Ordering> {
    let Value::Number(number) = value else { return None };
    if !Type::Integer.admits(value) {
        return None;
    }
    let token = number.token();
    Some(match token.parse::<i64>() {
        Ok(number) => number.cmp(&limit),
        Err(_) if token.starts_with('-') => Ordering::Less,
        Err(_) => Ordering::Greater,
    })
}
