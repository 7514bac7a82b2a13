//! The core: what becomes of one key, given what the three versions say. Knows no key by name; a kind of file brings
//! its own [`Rules`].

use std::iter::Peekable;

use super::arrays;
use super::doc::{Iter, Members, Slot};
use super::outcome::{Choice, Entries, Outcome};
use super::report::{Conflict, Decision, Rule, Winner};
use super::sides::Sides;
use crate::json::Value;

/// What a kind of file knows about its keys. The default is to know nothing.
pub(super) trait Rules {
    /// Whether two different values of `key` mean the same.
    fn same(&self, _key: &str, _a: Slot<'_>, _b: Slot<'_>) -> bool {
        false
    }

    /// Of two spellings of one meaning the one to keep.
    fn spelling(&self, _key: &str, _ours: Slot<'_>, _theirs: Slot<'_>) -> Winner {
        Winner::Ours
    }

    /// Settles values that both sides changed and that differ by meaning. Of these slots none is a disagreement,
    /// except perhaps the base.
    fn settle<'a>(&self, _key: &str, _sides: Sides<Slot<'a>>) -> Option<(Outcome<'a>, Rule, Winner)> {
        None
    }
}

/// The rules of an object of which nothing is known.
pub(super) struct AnyKeys;

impl Rules for AnyKeys {}

/// The three versions disagree in more than two ways about one key, so no hunk can show all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tangle {
    pub(super) path: Vec<String>,
}

/// One merge under way: where it is, and what it has to say so far.
#[derive(Debug, Default)]
pub(super) struct Merger<'a> {
    path: Vec<&'a str>,
    pub(super) decisions: Vec<Decision>,
    /// Keys on which the sides agree, if the kind of file has few enough of them to be told
    pub(super) agreed: Option<Vec<Decision>>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) tangle: Option<Tangle>,
}

impl<'a> Merger<'a> {
    /// A merge that also tells on which keys the sides agree.
    pub(super) fn that_tells_all() -> Self {
        Self { agreed: Some(Vec::with_capacity(32)), ..Self::default() }
    }

    /// Merges an object key by key.
    pub(super) fn members(&mut self, sides: Sides<Members<'a>>, rules: &dyn Rules) -> Entries<'a> {
        let mut entries = Entries::new();
        for (key, slots) in union(sides) {
            let outcome = self.key(key, slots, rules);
            push(&mut entries, key, outcome);
        }
        entries
    }

    /// Merges an object that is the value of `key`.
    pub(super) fn object(
        &mut self,
        key: &'a str,
        sides: Sides<Members<'a>>,
        rules: &dyn Rules,
    ) -> Outcome<'a> {
        self.path.push(key);
        let entries = self.members(sides, rules);
        self.path.pop();
        Outcome::Members(entries)
    }

    /// Merges one key.
    pub(super) fn key(&mut self, key: &'a str, sides: Sides<Slot<'a>>, rules: &dyn Rules) -> Outcome<'a> {
        let Sides { base, ours, theirs } = sides;
        if ours == theirs {
            let rule = if base == ours { Rule::Untouched } else { Rule::SameChange };
            self.agree(key, rule);
            return self.carry(key, ours);
        }
        if base == theirs {
            return self.take(key, ours, Rule::OnlyChange, Winner::Ours);
        }
        if base == ours {
            return self.take(key, theirs, Rule::OnlyChange, Winner::Theirs);
        }
        if rules.same(key, ours, theirs) {
            let winner = rules.spelling(key, ours, theirs);
            return self.take_side(key, sides, Rule::SameMeaning, winner);
        }
        if rules.same(key, base, theirs) {
            return self.take(key, ours, Rule::OnlyChange, Winner::Ours);
        }
        if rules.same(key, base, ours) {
            return self.take(key, theirs, Rule::OnlyChange, Winner::Theirs);
        }
        if !ours.is_open()
            && !theirs.is_open()
            && let Some((outcome, rule, winner)) = rules.settle(key, sides)
        {
            self.decided(key, rule, winner);
            return outcome;
        }
        self.both_changed(key, sides)
    }

    /// Both changed it, and its name says nothing: by shape, else it is open.
    fn both_changed(&mut self, key: &'a str, sides: Sides<Slot<'a>>) -> Outcome<'a> {
        let Sides { base, ours, theirs } = sides;
        if let (Some(ours), Some(theirs)) = (ours.members(), theirs.members()) {
            let base = base.members().unwrap_or(Members::None);
            return self.object(key, Sides { base, ours, theirs }, &AnyKeys);
        }
        let emptied = |side: Slot<'_>| matches!(side.without_null(), Slot::Absent);
        if emptied(ours) && emptied(theirs) {
            let winner = if let Slot::Plain(_) = ours { Winner::Ours } else { Winner::Theirs };
            return self.take_side(key, sides, Rule::Emptied, winner);
        }
        if let (Some(base), Some(ours), Some(theirs)) = (array(base), array(ours), array(theirs))
            && let Some(items) = arrays::grown(base, ours, theirs)
        {
            self.decided(key, Rule::Growth, Winner::Both);
            return Outcome::Built(Value::Array(items));
        }
        self.open(key, ours, theirs)
    }

    /// Shows both values of a key.
    pub(super) fn open(&mut self, key: &'a str, ours: Slot<'a>, theirs: Slot<'a>) -> Outcome<'a> {
        let mut readings = Vec::with_capacity(4);
        for slot in [ours, theirs] {
            match slot {
                Slot::Absent => readings.push(None),
                Slot::Plain(value) => readings.push(Some(value)),
                Slot::Split(split) => readings.extend([split.first.as_ref(), split.second.as_ref()]),
                Slot::Open(_) => return self.tangled(key),
            }
        }
        let first = readings[0];
        readings.retain(|reading| *reading != first);
        let second = readings.first().copied();
        let (Some(second), true) = (second, readings.iter().all(|reading| Some(*reading) == second)) else {
            return self.tangled(key);
        };
        self.conflicts.push(Conflict { path: self.path_to(key) });
        Outcome::Split(Choice { ours: first, theirs: second })
    }

    fn tangled(&mut self, key: &str) -> Outcome<'a> {
        self.tangle = Some(Tangle { path: self.path_to(key) });
        Outcome::Absent
    }

    /// Takes a side as a whole.
    pub(super) fn take_side(
        &mut self,
        key: &'a str,
        sides: Sides<Slot<'a>>,
        rule: Rule,
        winner: Winner,
    ) -> Outcome<'a> {
        let slot = if winner == Winner::Theirs { sides.theirs } else { sides.ours };
        self.take(key, slot, rule, winner)
    }

    fn take(&mut self, key: &'a str, slot: Slot<'a>, rule: Rule, winner: Winner) -> Outcome<'a> {
        self.decided(key, rule, winner);
        self.carry(key, slot)
    }

    /// Keeps what a version says; a disagreement in it stays one.
    pub(super) fn carry(&mut self, key: &'a str, slot: Slot<'a>) -> Outcome<'a> {
        let outcome = Outcome::carried(slot);
        self.count_open(key, &outcome);
        outcome
    }

    fn count_open(&mut self, key: &'a str, outcome: &Outcome<'a>) {
        match outcome {
            Outcome::Split(_) => self.conflicts.push(Conflict { path: self.path_to(key) }),
            Outcome::Members(entries) | Outcome::Rows(entries) => {
                self.path.push(key);
                for (key, outcome) in entries {
                    self.count_open(key, outcome);
                }
                self.path.pop();
            }
            Outcome::Absent | Outcome::Plain(_) | Outcome::Built(_) => {}
        }
    }

    fn decided(&mut self, key: &str, rule: Rule, winner: Winner) {
        self.decisions.push(Decision { path: self.path_to(key), rule, winner });
    }

    fn agree(&mut self, key: &str, rule: Rule) {
        if self.agreed.is_some() {
            let path = self.path_to(key);
            self.agreed.get_or_insert_default().push(Decision { path, rule, winner: Winner::Both });
        }
    }

    fn path_to(&self, key: &str) -> Vec<String> {
        self.path.iter().copied().chain([key]).map(str::to_owned).collect()
    }
}

/// Adds a decided key to its object.
pub(super) fn push<'a>(entries: &mut Entries<'a>, key: &'a str, outcome: Outcome<'a>) {
    if outcome != Outcome::Absent {
        entries.push((key, outcome));
    }
}

/// The items of an array; none where the key is absent.
fn array(slot: Slot<'_>) -> Option<&[Value]> {
    match slot {
        Slot::Absent => Some(&[]),
        Slot::Plain(value) => value.as_array(),
        Slot::Open(_) | Slot::Split(_) => None,
    }
}

/// Every key that any of three objects holds, in order, with what each says about it.
pub(super) fn union(sides: Sides<Members<'_>>) -> Union<'_> {
    Union(sides.map(|members| members.iter().peekable()))
}

/// See [`union`].
pub(super) struct Union<'a>(Sides<Peekable<Iter<'a>>>);

impl<'a> Iterator for Union<'a> {
    type Item = (&'a str, Sides<Slot<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        let Sides { base, ours, theirs } = &mut self.0;
        let next =
            [base.peek(), ours.peek(), theirs.peek()].into_iter().flatten().map(|(key, _)| *key).min()?;
        let slot = |members: &mut Peekable<Iter<'a>>| {
            members.next_if(|(key, _)| *key == next).map_or(Slot::Absent, |(_, slot)| slot)
        };
        Some((next, Sides { base: slot(base), ours: slot(ours), theirs: slot(theirs) }))
    }
}
