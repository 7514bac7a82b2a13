//! Reading the contract file into shapes. Knows the names of the kinds of rules, and nothing of what they say.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::shape::{Format, Shape, Type, When};
use crate::json::{JsonError, Object, Value};

/// How often sections may refer to each other in a row; more means in a circle.
const MAX_DEPTH: usize = 24;

/// A contract that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractError {
    /// Where: the keys from the root, joined by `.`, or `$`
    pub at: String,
    /// What is wrong there
    pub problem: Problem,
}

/// What is wrong with a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The text is not JSON
    NotJson(JsonError),
    /// A section that must be there is absent
    Missing,
    /// A rule has the wrong type; holds what it should be
    Expected(&'static str),
    /// No kind of rule has this name
    UnknownRule,
    /// No type or format has this name
    UnknownName(String),
    /// A reference leads nowhere
    NoSuchShape(String),
    /// Sections refer to each other in a circle
    Circular,
}

impl fmt::Display for ContractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "contract: `{}`: ", self.at)?;
        match &self.problem {
            Problem::NotJson(error) => write!(f, "{error}"),
            Problem::Missing => f.write_str("absent"),
            Problem::Expected(what) => write!(f, "must be {what}"),
            Problem::UnknownRule => f.write_str("no such kind of rule"),
            Problem::UnknownName(name) => write!(f, "no such type or format: {name:?}"),
            Problem::NoSuchShape(name) => write!(f, "refers to `{name}`, which is not there"),
            Problem::Circular => f.write_str("refers to itself"),
        }
    }
}

impl std::error::Error for ContractError {}

/// A contract's root, and the shapes that were read of it by the places where they are written out: most are referred to
/// from several sections.
pub(super) struct Source<'a> {
    root: &'a Object,
    known: RefCell<BTreeMap<String, Arc<Shape>>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(root: &'a Object) -> Self {
        Self { root, known: RefCell::default() }
    }

    /// The section of that name at the root.
    pub(super) fn section(&self, name: &'a str) -> Result<Reader<'_>, ContractError> {
        match self.root.get(name) {
            Some(value) => {
                Ok(Reader { source: self, at: Rc::new(Place::Path(name.to_owned())), value, depth: 0 })
            }
            None => Err(ContractError { at: name.to_owned(), problem: Problem::Missing }),
        }
    }
}

/// Where something stands, spelled out only in errors.
enum Place<'a> {
    Path(String),
    Member(Rc<Self>, &'a str),
    Item(Rc<Self>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Member(above, key) => write!(f, "{above}.{key}"),
            Self::Item(above, at) => write!(f, "{above}.{at}"),
        }
    }
}

/// A place in the contract, so that every error can name it.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    source: &'a Source<'a>,
    at: Rc<Place<'a>>,
    value: &'a Value,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// The value under a key, which must be there.
    pub(super) fn child(&self, key: &str) -> Result<Self, ContractError> {
        let members = self.members()?;
        members
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, child)| child.clone())
            .ok_or_else(|| ContractError { at: format!("{}.{key}", self.at), problem: Problem::Missing })
    }

    pub(super) fn text(&self) -> Result<String, ContractError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.error(Problem::Expected("a string")))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, ContractError> {
        self.items()?.iter().map(Self::text).collect()
    }

    /// An object whose values are all read the same way.
    pub(super) fn map<T>(
        &self,
        read: impl Fn(&Self) -> Result<T, ContractError>,
    ) -> Result<BTreeMap<String, T>, ContractError> {
        self.members()?.iter().map(|(key, child)| Ok(((*key).to_owned(), read(child)?))).collect()
    }

    /// A shape written out here, or the dotted path of one written elsewhere.
    pub(super) fn shape(&self) -> Result<Arc<Shape>, ContractError> {
        if self.depth > MAX_DEPTH {
            return Err(self.error(Problem::Circular));
        }
        let Some(path) = self.value.as_str() else { return self.written_out().map(Arc::new) };
        if let Some(known) = self.source.known.borrow().get(path) {
            return Ok(Arc::clone(known));
        }
        let shape = self.follow(path)?.shape()?;
        self.source.known.borrow_mut().insert(path.to_owned(), Arc::clone(&shape));
        Ok(shape)
    }

    fn written_out(&self) -> Result<Shape, ContractError> {
        let mut shape = Shape::default();
        let (mut closed, mut optional) = (false, Vec::new());
        for (rule, child) in self.members()? {
            match rule {
                "note" | "shapes" => {}
                "required_fields" => shape.required = child.texts()?,
                "optional_fields" => optional = child.texts()?,
                "closed" => closed = child.flag()?,
                "forbidden_fields" => shape.forbidden = child.texts()?,
                "types" => shape.types = child.map(|names| names.named(&Type::ALL, Type::name))?,
                "formats" => shape.formats = child.map(|names| names.named(&Format::ALL, Format::name))?,
                "non_empty" => shape.non_empty = child.texts()?,
                "allowed_values" => shape.allowed = child.map(Self::values)?,
                "forbidden_values" => shape.forbidden_values = child.map(Self::values)?,
                "forbidden_prefixes" => shape.prefixes = child.map(Self::texts)?,
                "minimum" => shape.minimum = child.map(Self::integer)?,
                "maximum" => shape.maximum = child.map(Self::integer)?,
                "nested" => shape.nested = child.map(Self::shape)?,
                "use" => shape.include = child.items()?.iter().map(Self::shape).collect::<Result<_, _>>()?,
                "when" => shape.when = child.items()?.iter().map(Self::when).collect::<Result<_, _>>()?,
                _ => return Err(child.error(Problem::UnknownRule)),
            }
        }
        if closed {
            let keys: BTreeSet<String> = shape.required.iter().cloned().chain(optional).collect();
            shape.closed = Some(keys);
        }
        Ok(shape.indexed())
    }

    fn when(&self) -> Result<When, ContractError> {
        let mut when = When::default();
        for (part, child) in self.members()? {
            match part {
                "if" => {
                    for (condition, inner) in child.members()? {
                        match condition {
                            "equals" => when.equals = inner.map(Self::values)?,
                            "has" => when.has = inner.texts()?,
                            _ => return Err(inner.error(Problem::UnknownRule)),
                        }
                    }
                }
                "then" => when.then = child.shape()?,
                "otherwise" => when.otherwise = child.shape()?,
                _ => return Err(child.error(Problem::UnknownRule)),
            }
        }
        Ok(when)
    }

    fn follow(&self, path: &str) -> Result<Self, ContractError> {
        let mut parts = path.split('.');
        let mut value = parts.next().and_then(|first| self.source.root.get(first));
        for part in parts {
            value = value.and_then(Value::as_object).and_then(|members| members.get(part));
        }
        match value {
            Some(value) => Ok(Self {
                at: Rc::new(Place::Path(path.to_owned())),
                value,
                depth: self.depth + 1,
                ..self.clone()
            }),
            None => Err(self.error(Problem::NoSuchShape(path.to_owned()))),
        }
    }

    fn members(&self) -> Result<Vec<(&'a str, Self)>, ContractError> {
        let members = self.value.as_object().ok_or_else(|| self.error(Problem::Expected("an object")))?;
        let child = |key: &'a str, value| self.below(Place::Member(Rc::clone(&self.at), key), value);
        Ok(members.iter().map(|(key, value)| (key.as_str(), child(key, value))).collect())
    }

    fn items(&self) -> Result<Vec<Self>, ContractError> {
        let items = self.value.as_array().ok_or_else(|| self.error(Problem::Expected("an array")))?;
        let item = |at, value| self.below(Place::Item(Rc::clone(&self.at), at), value);
        Ok(items.iter().enumerate().map(|(at, value)| item(at, value)).collect())
    }

    fn below(&self, at: Place<'a>, value: &'a Value) -> Self {
        Self { source: self.source, at: Rc::new(at), value, depth: self.depth }
    }

    fn values(&self) -> Result<Vec<Value>, ContractError> {
        Ok(self.items()?.iter().map(|item| item.value.clone()).collect())
    }

    fn flag(&self) -> Result<bool, ContractError> {
        match self.value {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.error(Problem::Expected("true or false"))),
        }
    }

    fn integer(&self) -> Result<i64, ContractError> {
        let number = match self.value {
            Value::Number(number) => number.token().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| self.error(Problem::Expected("an integer")))
    }

    /// A list of names out of a fixed set.
    fn named<T: Copy>(&self, all: &[T], name: fn(T) -> &'static str) -> Result<Vec<T>, ContractError> {
        self.items()?
            .iter()
            .map(|item| {
                let text = item.text()?;
                let known = all.iter().copied().find(|one| name(*one) == text);
                known.ok_or_else(|| item.error(Problem::UnknownName(text)))
            })
            .collect()
    }

    fn error(&self, problem: Problem) -> ContractError {
        ContractError { at: self.at.to_string(), problem }
    }
}
