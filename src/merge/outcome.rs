//! What a merge decided for a value, before it is written. Borrows from the versions; copies nothing it can show.

use super::doc::{Slot, Split, Tree};
use crate::json::{Object, Value};

/// The decided value of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome<'a> {
    Absent,
    Plain(&'a Value),
    /// A value that no version holds as such
    Built(Value),
    /// An object, decided key by key
    Members(Entries<'a>),
    /// An array of rows, decided row by row; their keys are not written
    Rows(Entries<'a>),
    /// Both values have to be shown
    Split(Choice<'a>),
}

/// The members of a decided object, in order of their keys, none [`Outcome::Absent`].
pub(super) type Entries<'a> = Vec<(&'a str, Outcome<'a>)>;

/// Two values that disagree; `None` is absent. INVARIANT: they are not equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice<'a> {
    pub(super) ours: Option<&'a Value>,
    pub(super) theirs: Option<&'a Value>,
}

/// Which half of every hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Ours,
    Theirs,
}

impl<'a> Choice<'a> {
    pub(super) fn half(&self, half: Half) -> Option<&'a Value> {
        match half {
            Half::Ours => self.ours,
            Half::Theirs => self.theirs,
        }
    }
}

impl<'a> Outcome<'a> {
    /// What one version says, its disagreements included.
    pub(super) fn carried(slot: Slot<'a>) -> Self {
        match slot {
            Slot::Absent => Self::Absent,
            Slot::Plain(value) => Self::Plain(value),
            Slot::Open(tree) => Self::Members(carried_tree(tree)),
            Slot::Split(split) => Self::Split(split.into()),
        }
    }

    /// The value that results from taking the same half of every hunk.
    pub(super) fn half(&self, half: Half) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Plain(value) => Some((*value).clone()),
            Self::Built(value) => Some(value.clone()),
            Self::Members(entries) => Some(Value::Object(object_of(entries, half))),
            Self::Rows(entries) => {
                Some(Value::Array(entries.iter().filter_map(|(_, outcome)| outcome.half(half)).collect()))
            }
            Self::Split(choice) => choice.half(half).cloned(),
        }
    }

    /// Whether both halves of every hunk show the key itself.
    pub(super) fn is_agreed(&self) -> bool {
        !matches!(self, Self::Split(_))
    }
}

fn carried_tree(tree: &Tree) -> Entries<'_> {
    tree.iter().map(|(key, node)| (key.as_str(), Outcome::carried(node.into()))).collect()
}

impl<'a> From<&'a Split> for Choice<'a> {
    fn from(split: &'a Split) -> Self {
        Self { ours: split.first.as_ref(), theirs: split.second.as_ref() }
    }
}

/// The object that results from taking the same half of every hunk.
pub(super) fn object_of(entries: &Entries<'_>, half: Half) -> Object {
    entries.iter().filter_map(|(key, outcome)| Some(((*key).to_owned(), outcome.half(half)?))).collect()
}
