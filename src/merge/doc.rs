//! A document as a merge sees it: plain, or with disagreements where it came with conflict markers.
//!
//! A disagreement is a value of its own: equal only to the same pair. Knows nothing about missions.

use std::collections::{BTreeMap, btree_map};

use crate::json::{Object, Value};

/// The members of an object in which something below is a [`Split`].
pub(super) type Tree = BTreeMap<String, Node>;

/// A value that may hold disagreements.
#[derive(Debug)]
pub(super) enum Node {
    /// Nothing below is open
    Plain(Value),
    /// INVARIANT: at least one [`Split`] lies below.
    Members(Tree),
    /// Two readings
    Split(Split),
}

/// A key that the two readings of a text with markers give different values; `None` is absent.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) first: Option<Value>,
    pub(super) second: Option<Value>,
}

/// What the two readings of one text say together. `None` if they do not differ, so that nothing is open.
pub(super) fn overlay(first: &Object, second: &Object) -> Option<Tree> {
    if first == second {
        return None;
    }
    let mut tree = Tree::new();
    for key in first.keys().chain(second.keys().filter(|key| !first.contains_key(*key))) {
        let node = match (first.get(key), second.get(key)) {
            (Some(a), Some(b)) if a == b => Node::Plain(a.clone()),
            (Some(Value::Object(a)), Some(Value::Object(b))) => match overlay(a, b) {
                Some(tree) => Node::Members(tree),
                None => Node::Plain(Value::Object(a.clone())),
            },
            (a, b) => Node::Split(Split { first: a.cloned(), second: b.cloned() }),
        };
        tree.insert(key.clone(), node);
    }
    Some(tree)
}

/// What one version says about one key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot<'a> {
    Absent,
    Plain(&'a Value),
    /// An object with a disagreement somewhere below
    Open(&'a Tree),
    Split(&'a Split),
}

impl<'a> Slot<'a> {
    /// Whether this is or holds a disagreement.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Open(_) | Self::Split(_))
    }

    /// The value, if there is one and nothing in it is open.
    pub(super) fn value(self) -> Option<&'a Value> {
        if let Self::Plain(value) = self { Some(value) } else { None }
    }

    /// The members of an object.
    pub(super) fn members(self) -> Option<Members<'a>> {
        match self {
            Self::Plain(Value::Object(members)) => Some(Members::Plain(members)),
            Self::Open(tree) => Some(Members::Open(tree)),
            _ => None,
        }
    }

    /// `null` as absent, for values where the two mean the same.
    pub(super) fn without_null(self) -> Self {
        if let Self::Plain(Value::Null) = self { Self::Absent } else { self }
    }
}

/// Equality of content. A disagreement equals the same pair, in either order: rerere sorts the halves of a hunk.
impl PartialEq for Slot<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (Self::Plain(a), Self::Plain(b)) => a == b,
            (Self::Open(a), Self::Open(b)) => Members::Open(a) == Members::Open(b),
            (Self::Split(a), Self::Split(b)) => {
                (a.first == b.first && a.second == b.second) || (a.first == b.second && a.second == b.first)
            }
            _ => false,
        }
    }
}

impl<'a> From<Option<&'a Value>> for Slot<'a> {
    fn from(value: Option<&'a Value>) -> Self {
        value.map_or(Self::Absent, Self::Plain)
    }
}

impl<'a> From<&'a Node> for Slot<'a> {
    fn from(node: &'a Node) -> Self {
        match node {
            Node::Plain(value) => Self::Plain(value),
            Node::Members(tree) => Self::Open(tree),
            Node::Split(split) => Self::Split(split),
        }
    }
}

/// The members of one object in one version.
#[derive(Debug, Clone, Copy)]
pub(super) enum Members<'a> {
    /// There is no such object
    None,
    Plain(&'a Object),
    Open(&'a Tree),
}

impl<'a> Members<'a> {
    pub(super) fn get(self, key: &str) -> Slot<'a> {
        match self {
            Self::None => Slot::Absent,
            Self::Plain(members) => members.get(key).into(),
            Self::Open(tree) => tree.get(key).map_or(Slot::Absent, Slot::from),
        }
    }

    pub(super) fn iter(self) -> Iter<'a> {
        match self {
            Self::None => Iter::None,
            Self::Plain(members) => Iter::Plain(members.iter()),
            Self::Open(tree) => Iter::Open(tree.iter()),
        }
    }

    pub(super) fn exists(self) -> bool {
        !matches!(self, Self::None)
    }
}

impl PartialEq for Members<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => a == b,
            (a, b) => a.exists() == b.exists() && a.iter().eq(b.iter()),
        }
    }
}

/// The members in order of their keys.
pub(super) enum Iter<'a> {
    None,
    Plain(btree_map::Iter<'a, String, Value>),
    Open(btree_map::Iter<'a, String, Node>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, Slot<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::None => None,
            Self::Plain(members) => members.next().map(|(key, value)| (key.as_str(), Slot::Plain(value))),
            Self::Open(members) => members.next().map(|(key, node)| (key.as_str(), node.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse_object};

    fn object(text: &str) -> Object {
        parse_object(text.as_bytes(), Limits::DOCUMENT).expect("an object")
    }

    fn open(first: &str, second: &str) -> Tree {
        overlay(&object(first), &object(second)).expect("two readings")
    }

    #[test]
    fn a_disagreement_equals_the_same_pair_in_either_order_and_nothing_else() {
        let tree = open(r#"{"x": 1}"#, r#"{"x": 2}"#);
        let is_same = |first: &str, second: &str| Members::Open(&tree) == Members::Open(&open(first, second));
        assert!(is_same(r#"{"x": 1}"#, r#"{"x": 2}"#) && is_same(r#"{"x": 2}"#, r#"{"x": 1}"#));
        for (first, second) in [("1", "3"), ("3", "2"), ("2", "3"), ("3", "1"), ("3", "4")] {
            let of = |value: &str| format!(r#"{{"x": {value}}}"#);
            assert!(!is_same(&of(first), &of(second)), "{first} {second}");
        }
        assert!(!is_same(r#"{"x": 1}"#, "{}"));
        assert!(Members::Open(&tree) != Members::Plain(&object(r#"{"x": 1}"#)));
    }

    #[test]
    fn no_object_is_another_thing_than_an_empty_one() {
        let empty = object("{}");
        assert!(Members::None != Members::Plain(&empty) && Members::Plain(&empty) != Members::None);
        assert!(Members::None == Members::None && Members::Plain(&empty) == Members::Plain(&empty));
    }
}
