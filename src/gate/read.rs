//! Reading the contract file into shapes. Knows the names of the kinds of rules, and nothing of what they say.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::fields::Name;
use super::shape::{Format, Rule, Shape, Type, When};
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
    pub(super) fn section<'s>(&'s self, name: &'s str) -> Result<Reader<'s, 's>, ContractError> {
        match self.root.get(name) {
            Some(value) => Ok(Reader { source: self, at: Place::Path(name), value, depth: 0 }),
            None => Err(ContractError { at: name.to_owned(), problem: Problem::Missing }),
        }
    }
}

/// Where something stands, spelled out only in errors.
#[derive(Clone, Copy)]
enum Place<'p> {
    Path(&'p str),
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
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
#[derive(Clone, Copy)]
pub(super) struct Reader<'a, 'p> {
    source: &'a Source<'a>,
    at: Place<'p>,
    value: &'a Value,
    depth: usize,
}

impl<'a> Reader<'a, '_> {
    /// The value under a key, which must be there.
    pub(super) fn child(&self, key: &str) -> Result<Reader<'a, '_>, ContractError> {
        self.members()?
            .find(|(name, _)| *name == key)
            .map(|(_, child)| child)
            .ok_or_else(|| ContractError { at: format!("{}.{key}", self.at), problem: Problem::Missing })
    }

    pub(super) fn text(&self) -> Result<String, ContractError> {
        self.name().map(str::to_owned)
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, ContractError> {
        self.items()?.map(|item| item.text()).collect()
    }

    /// An object whose values are all read the same way.
    pub(super) fn map<T>(
        &self,
        read: impl Fn(Reader<'a, '_>) -> Result<T, ContractError>,
    ) -> Result<BTreeMap<String, T>, ContractError> {
        self.members()?.map(|(key, child)| Ok((key.to_owned(), read(child)?))).collect()
    }

    /// The same, in order of the keys.
    fn named_members<T>(
        &self,
        read: impl Fn(Reader<'a, '_>) -> Result<T, ContractError>,
    ) -> Result<Vec<(Name, T)>, ContractError> {
        self.members()?.map(|(key, child)| Ok((Name::new(key), read(child)?))).collect()
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
        let (mut required, mut optional, mut closed) = (Vec::new(), Vec::new(), false);
        for (rule, child) in self.members()? {
            let shape = &mut shape;
            match rule {
                "note" | "shapes" => {}
                "required_fields" => required = child.names()?,
                "optional_fields" => optional = child.names()?,
                "closed" => closed = child.flag()?,
                "forbidden_fields" => {
                    for key in child.names()? {
                        shape.forbid(key);
                    }
                }
                "types" => child.rules(shape, |rule, names| {
                    rule.types = Some(names.named(&Type::ALL, Type::name)?);
                    Ok(())
                })?,
                "formats" => child.rules(shape, |rule, names| {
                    rule.formats = Some(names.named(&Format::ALL, Format::name)?);
                    Ok(())
                })?,
                "non_empty" => {
                    for key in child.names()? {
                        shape.rule(key).non_empty = true;
                    }
                }
                "allowed_values" => child.rules(shape, |rule, values| {
                    rule.allowed = Some(values.values()?);
                    Ok(())
                })?,
                "forbidden_values" => child.rules(shape, |rule, values| {
                    rule.forbidden_values = values.values()?;
                    Ok(())
                })?,
                "forbidden_prefixes" => child.rules(shape, |rule, texts| {
                    rule.prefixes = texts.texts()?;
                    Ok(())
                })?,
                "minimum" => child.rules(shape, |rule, limit| {
                    rule.minimum = Some(limit.integer()?);
                    Ok(())
                })?,
                "maximum" => child.rules(shape, |rule, limit| {
                    rule.maximum = Some(limit.integer()?);
                    Ok(())
                })?,
                "nested" => shape.nested = child.named_members(|child| child.shape())?,
                "use" => shape.include = child.items()?.map(|item| item.shape()).collect::<Result<_, _>>()?,
                "when" => shape.when = child.items()?.map(|item| item.when()).collect::<Result<_, _>>()?,
                _ => return Err(child.error(Problem::UnknownRule)),
            }
        }
        for key in &required {
            shape.require(key);
        }
        if closed {
            shape.close(required.iter().chain(&optional).copied());
        }
        Ok(shape.ready())
    }

    /// An object that says something about each of its keys.
    fn rules(
        &self,
        shape: &mut Shape,
        read: impl Fn(&mut Rule, Reader<'a, '_>) -> Result<(), ContractError>,
    ) -> Result<(), ContractError> {
        self.members()?.try_for_each(|(key, child)| read(shape.rule(key), child))
    }

    fn when(&self) -> Result<When, ContractError> {
        let mut when = When::default();
        for (part, child) in self.members()? {
            match part {
                "if" => {
                    for (condition, inner) in child.members()? {
                        match condition {
                            "equals" => when.equals = inner.named_members(|child| child.values())?,
                            "has" => when.has = inner.names()?.into_iter().map(Name::new).collect(),
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

    fn follow(&self, path: &'a str) -> Result<Reader<'a, 'a>, ContractError> {
        let mut parts = path.split('.');
        let mut value = parts.next().and_then(|first| self.source.root.get(first));
        for part in parts {
            value = value.and_then(Value::as_object).and_then(|members| members.get(part));
        }
        match value {
            Some(value) => {
                let (source, depth) = (self.source, self.depth + 1);
                Ok(Reader { source, at: Place::Path(path), value, depth })
            }
            None => Err(self.error(Problem::NoSuchShape(path.to_owned()))),
        }
    }

    fn members(&self) -> Result<impl Iterator<Item = (&'a str, Reader<'a, '_>)>, ContractError> {
        let members = self.value.as_object().ok_or_else(|| self.error(Problem::Expected("an object")))?;
        let child = |key: &'a str, value| self.below(Place::Member(&self.at, key), value);
        Ok(members.iter().map(move |(key, value)| (key.as_str(), child(key, value))))
    }

    fn items(&self) -> Result<impl Iterator<Item = Reader<'a, '_>>, ContractError> {
        let items = self.value.as_array().ok_or_else(|| self.error(Problem::Expected("an array")))?;
        let item = |at, value| self.below(Place::Item(&self.at, at), value);
        Ok(items.iter().enumerate().map(move |(at, value)| item(at, value)))
    }

    fn below<'q>(&self, at: Place<'q>, value: &'a Value) -> Reader<'a, 'q> {
        Reader { source: self.source, at, value, depth: self.depth }
    }

    fn name(&self) -> Result<&'a str, ContractError> {
        self.value.as_str().ok_or_else(|| self.error(Problem::Expected("a string")))
    }

    fn names(&self) -> Result<Vec<&'a str>, ContractError> {
        self.items()?.map(|item| item.name()).collect()
    }

    fn values(&self) -> Result<Vec<Value>, ContractError> {
        Ok(self.items()?.map(|item| item.value.clone()).collect())
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
            .map(|item| {
                let text = item.name()?;
                let known = all.iter().copied().find(|one| name(*one) == text);
                known.ok_or_else(|| item.error(Problem::UnknownName(text.to_owned())))
            })
            .collect()
    }

    fn error(&self, problem: Problem) -> ContractError {
        ContractError { at: self.at.to_string(), problem }
    }
}
