//! The versions of one row: who holds which content, and what becomes of it. Knows nothing about the rest of the log.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::fields::{RowRules, rename, rename_back};
use super::refusal::Refusal;
use super::row::Row;
use crate::json::{Object, Value};
use crate::merge::doc::{Members, Node, Slot, Split, overlay};
use crate::merge::outcome::{Half, Outcome};
use crate::merge::report::{Conflict, Decision, Rule, Winner};
use crate::merge::sides::Sides;
use crate::merge::three_way::Merger;

/// Six readings have six contents at most, unless one of them holds a row several times: then there can be as many as
/// rows, and looking through all of them for each would take for ever.
const FEW: usize = 6;

/// A set of readings. Each version has two, which are the same unless it came with conflict markers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Readings(u8);

impl Readings {
    pub(super) const BASE: Self = Self(0b11);
    pub(super) const OURS: Self = Self(0b1100);
    pub(super) const THEIRS: Self = Self(0b11_0000);
    pub(super) const ALL: Self = Self(0b11_1111);
    const FIRST: Self = Self(0b01_0101);
    const SECOND: Self = Self(0b10_1010);

    /// Those of the versions that `held` names.
    pub(super) fn of(held: Sides<bool>) -> Self {
        let mut readings = Self::default();
        for (held, version) in [(held.base, Self::BASE), (held.ours, Self::OURS), (held.theirs, Self::THEIRS)]
        {
            if held {
                readings.add(version);
            }
        }
        readings
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn first(self) -> Self {
        self.and(Self::FIRST)
    }

    pub(super) fn second(self) -> Self {
        self.and(Self::SECOND)
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether every reading of `version` is in it, none, or (`None`) one of two.
    fn holds(self, version: Self) -> Option<bool> {
        match self.and(version) {
            Self(0) => Some(false),
            all if all == version => Some(true),
            _ => None,
        }
    }
}

/// What becomes of a row.
#[derive(Debug)]
pub(super) enum Item<'a> {
    Row(Row<'a>),
    /// Two readings, at least one of them a row
    Open {
        ours: Option<Row<'a>>,
        theirs: Option<Row<'a>>,
    },
}

impl<'a> Item<'a> {
    /// What the item is sorted by: the smaller of two readings.
    pub(super) fn place(&self) -> Option<&Row<'a>> {
        match self {
            Self::Row(row) => Some(row),
            Self::Open { ours, theirs } => ours.iter().chain(theirs).min(),
        }
    }
}

/// What the merge of a log says about itself so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) conflicts: Vec<Conflict>,
    pub(super) decisions: Vec<Decision>,
    pub(super) counts: Counts,
}

/// How many rows there were. A row with one id counts once, in however many contents the versions have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows that the base has and that are in the result, whatever the sides made of them
    pub kept: usize,
    /// Rows that only our side added
    pub ours: usize,
    /// Rows that only their side added
    pub theirs: usize,
    /// Rows that both sides added
    pub both: usize,
    /// Rows of the base that are in the result although one side left them out
    pub restored: usize,
}

impl Counts {
    fn add(&mut self, held: Readings) {
        let holds = |version: Readings| held.and(version) != Readings::default();
        match (holds(Readings::BASE), holds(Readings::OURS), holds(Readings::THEIRS)) {
            (_, false, false) => {}
            (true, ours, theirs) => {
                self.kept += 1;
                self.restored += usize::from(ours != theirs);
            }
            (false, true, false) => self.ours += 1,
            (false, false, true) => self.theirs += 1,
            (false, true, true) => self.both += 1,
        }
    }
}

/// The contents of rows that are the same row.
#[derive(Debug)]
pub(super) struct Group<'a> {
    first: (Row<'a>, Readings),
    others: Vec<(Row<'a>, Readings)>,
}

impl<'a> Group<'a> {
    pub(super) fn new(row: Row<'a>, readings: Readings) -> Self {
        Self { first: (row, readings), others: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row<'a>, readings: Readings) {
        if self.first.0.line == row.line {
            self.first.1.add(readings);
        } else if let Some((_, held)) =
            self.others.iter_mut().take(FEW).find(|(known, _)| known.line == row.line)
        {
            held.add(readings);
        } else {
            // One more is the rule, and there can be as many groups as rows.
            if self.others.len() < FEW {
                self.others.reserve_exact(1);
            }
            self.others.push((row, readings));
        }
    }

    /// Brings together what [`Self::add`] did not look for.
    fn gather(&mut self) {
        if self.others.len() <= FEW {
            return;
        }
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::with_capacity(self.others.len());
        let mut each: Vec<(Row<'a>, Readings)> = Vec::with_capacity(self.others.len());
        for (row, readings) in std::mem::take(&mut self.others) {
            match places.entry(row.line.clone()) {
                Entry::Occupied(place) => each[*place.get()].1.add(readings),
                Entry::Vacant(place) => {
                    place.insert(each.len());
                    each.push((row, readings));
                }
            }
        }
        self.others = each;
    }

    fn contents(&self) -> impl Iterator<Item = &(Row<'a>, Readings)> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Decides the row.
    pub(super) fn settle(mut self, report: &mut Report, items: &mut Vec<Item<'a>>) -> Result<(), Refusal> {
        self.gather();
        let mut held = Readings::default();
        self.contents().for_each(|(_, readings)| held.add(*readings));
        report.counts.add(held);
        if self.others.is_empty() || self.is_ambiguous() {
            for (row, held) in std::iter::once(self.first).chain(self.others) {
                items.extend(content(row, held, report));
            }
            return Ok(());
        }
        let holder =
            |version: Readings| self.contents().position(|(_, held)| held.holds(version) == Some(true));
        let (base, ours, theirs) = (holder(Readings::BASE), holder(Readings::OURS), holder(Readings::THEIRS));
        let is_open = self.contents().any(|(_, held)| {
            [Readings::BASE, Readings::OURS, Readings::THEIRS]
                .iter()
                .any(|version| held.holds(*version).is_none())
        });
        let (taken, told) = match (ours, theirs) {
            _ if is_open => return self.fields(report, items),
            (Some(ours), Some(theirs)) if ours == theirs => (ours, None),
            (Some(ours), theirs) if base == theirs => (ours, Some(Winner::Ours)),
            (ours, Some(theirs)) if base == ours => (theirs, Some(Winner::Theirs)),
            _ => return self.fields(report, items),
        };
        if let Some(winner) = told {
            let path = vec![self.first.0.identity().as_str().to_owned()];
            report.decisions.push(Decision { path, rule: Rule::OnlyChange, winner });
        }
        items
            .extend(std::iter::once(self.first).chain(self.others).nth(taken).map(|(row, _)| Item::Row(row)));
        Ok(())
    }

    /// Whether one reading holds the row twice with different contents: then nothing tells which belongs to which,
    /// and each content is a row of its own.
    fn is_ambiguous(&self) -> bool {
        let mut seen = Readings::default();
        for (_, held) in self.contents() {
            if seen.and(*held) != Readings::default() {
                return true;
            }
            seen.add(*held);
        }
        false
    }

    /// Merges field by field.
    fn fields(&self, report: &mut Report, items: &mut Vec<Item<'a>>) -> Result<(), Refusal> {
        let identity = self.first.0.identity();
        let mut objects = Vec::with_capacity(6);
        for reading in
            [Readings::BASE, Readings::OURS, Readings::THEIRS].iter().flat_map(|v| [v.first(), v.second()])
        {
            let row = self.contents().find(|(_, held)| held.and(reading) == reading);
            // What was read can be too large to be read again: escapes make it longer.
            let members = row.map(|(row, _)| row.members()).transpose();
            objects.push(members.map_err(|_| Refusal::Unproven)?);
        }
        let back = {
            let base = objects[..2].iter().flatten().count();
            let mut versions: Vec<&mut Object> = objects.iter_mut().flatten().collect();
            rename(&mut versions, base)
        };
        let mut pairs = objects.into_iter();
        let mut node = || node(pairs.next().flatten(), pairs.next().flatten());
        let nodes = Sides { base: node(), ours: node(), theirs: node() };
        let slots = nodes.as_ref().map(|node| node.as_ref().map_or(Slot::Absent, Slot::from));

        let mut merger = Merger::default();
        let outcome = decide(&mut merger, identity.as_str(), slots);
        if let Some(tangle) = merger.tangle {
            return Err(Refusal::Tangled { path: tangle.path });
        }
        let clean = merger.conflicts.is_empty();
        report.conflicts.extend(merger.conflicts);
        report.decisions.extend(merger.decisions);
        let half = |half| match outcome.half(half)? {
            Value::Object(mut members) => {
                rename_back(&mut members, &back);
                Some(Row::of(&members))
            }
            _ => None,
        };
        if clean {
            items.extend(half(Half::Ours).map(Item::Row));
        } else {
            items.push(Item::Open { ours: half(Half::Ours), theirs: half(Half::Theirs) });
        }
        Ok(())
    }
}

/// What one version says: its two readings laid over each other.
fn node(first: Option<Object>, second: Option<Object>) -> Option<Node> {
    match (first, second) {
        (None, None) => None,
        (Some(first), Some(second)) => Some(match overlay(&first, &second) {
            Some(tree) => Node::Members(tree),
            None => Node::Plain(Value::Object(first)),
        }),
        (first, second) => {
            Some(Node::Split(Split { first: first.map(Value::Object), second: second.map(Value::Object) }))
        }
    }
}

fn decide<'a>(merger: &mut Merger<'a>, identity: &'a str, sides: Sides<Slot<'a>>) -> Outcome<'a> {
    let Sides { base, ours, theirs } = sides;
    let taken = if ours == theirs {
        Some(ours)
    } else if base.is_open() && (base == ours || base == theirs) {
        // The conflict that one side still has is resolved by the other, also by leaving the row out.
        Some(if base == ours { theirs } else { ours })
    } else if ours == Slot::Absent || theirs == Slot::Absent {
        Some(if ours == Slot::Absent { theirs } else { ours })
    } else if base == ours || base == theirs {
        Some(if base == ours { theirs } else { ours })
    } else {
        None
    };
    if let Some(slot) = taken {
        return merger.carry(identity, slot);
    }
    match (ours.members(), theirs.members()) {
        (Some(ours), Some(theirs)) => {
            let base = base.members().unwrap_or(Members::None);
            merger.object(identity, Sides { base, ours, theirs }, &RowRules)
        }
        _ => merger.open(identity, ours, theirs),
    }
}

/// A content that stands for itself: kept if either side holds it.
fn content<'a>(row: Row<'a>, held: Readings, report: &mut Report) -> Option<Item<'a>> {
    let versions = Sides { base: Readings::BASE, ours: Readings::OURS, theirs: Readings::THEIRS };
    let Sides { base, ours, theirs } = versions.map(|version| held.holds(version));
    let kept = match (ours, theirs) {
        (ours, theirs) if ours == theirs => ours,
        (ours, theirs) if base.is_none() && (base == ours || base == theirs) => {
            if base == ours {
                theirs
            } else {
                ours
            }
        }
        (Some(true), _) | (_, Some(true)) => Some(true),
        _ => None,
    };
    match kept {
        Some(true) => Some(Item::Row(row)),
        Some(false) => None,
        None => {
            report.conflicts.push(Conflict { path: vec![row.identity().as_str().to_owned()] });
            let open = if ours.is_none() { Readings::OURS } else { Readings::THEIRS };
            Some(match held.and(open.first()) {
                Readings(0) => Item::Open { ours: None, theirs: Some(row) },
                _ => Item::Open { ours: Some(row), theirs: None },
            })
        }
    }
}
