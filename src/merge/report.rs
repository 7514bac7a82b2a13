//! What a merge says about itself: who won by which rule, and what it left open. Knows nothing about texts.

/// Which side a decision took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Winner {
    /// The version that is merged into
    Ours,
    /// The version that is merged
    Theirs,
    /// Both are in the result
    Both,
}

impl Winner {
    /// The side as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
            Self::Both => "both",
        }
    }
}

/// By which rule a value was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Only one side changed it
    OnlyChange,
    /// Both say the same in different spellings
    SameMeaning,
    /// Two backfills of one mission: the smaller id
    SmallerId,
    /// The smaller display number
    SmallerNumber,
    /// The earlier point in time
    EarlierTime,
    /// The later point in time
    LaterTime,
    /// The larger phase
    LargerPhase,
    /// A value beats `null`
    ValueOverNull,
    /// The acceptance unit of the side that accepted later
    LaterAcceptance,
    /// The topology unit of the side that is flattened
    Flattened,
    /// A set of entries: what either added, without what either removed
    SetUnion,
    /// An array that both sides made longer
    Growth,
    /// Both emptied it, each in its own way
    Emptied,
    /// An actor as an object instead of one of the names in it
    RicherActor,
    /// The derived file of the side that has seen more events
    MoreEvents,
    /// Of two derived files that have seen as many events, the smaller text
    SmallerText,
    /// Neither side changed it
    Untouched,
    /// Both sides made the same change
    SameChange,
}

impl Rule {
    /// The rule in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnlyChange => "only one side changed it",
            Self::SameMeaning => "equal by meaning",
            Self::SmallerId => "the smaller id",
            Self::SmallerNumber => "the smaller number",
            Self::EarlierTime => "the earlier time",
            Self::LaterTime => "the later time",
            Self::LargerPhase => "the larger phase",
            Self::ValueOverNull => "a value beats null",
            Self::LaterAcceptance => "the later acceptance, as a whole",
            Self::Flattened => "the flattened topology, as a whole",
            Self::SetUnion => "the entries of both",
            Self::Growth => "the additions of both",
            Self::Emptied => "emptied by both",
            Self::RicherActor => "the actor that says more",
            Self::MoreEvents => "more events",
            Self::SmallerText => "as many events, and the smaller text",
            Self::Untouched => "neither side changed it",
            Self::SameChange => "both sides say the same",
        }
    }

    /// The rule as it stands in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::OnlyChange => "only_change",
            Self::SameMeaning => "same_meaning",
            Self::SmallerId => "smaller_id",
            Self::SmallerNumber => "smaller_number",
            Self::EarlierTime => "earlier_time",
            Self::LaterTime => "later_time",
            Self::LargerPhase => "larger_phase",
            Self::ValueOverNull => "value_over_null",
            Self::LaterAcceptance => "later_acceptance",
            Self::Flattened => "flattened",
            Self::SetUnion => "set_union",
            Self::Growth => "growth",
            Self::Emptied => "emptied",
            Self::RicherActor => "richer_actor",
            Self::MoreEvents => "more_events",
            Self::SmallerText => "smaller_text",
            Self::Untouched => "untouched",
            Self::SameChange => "same_change",
        }
    }
}

/// A key on which the versions differed and how that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The keys from the top of the document down
    pub path: Vec<String>,
    /// The rule that settled it
    pub rule: Rule,
    /// Whose value is in the result
    pub winner: Winner,
}

/// A key on which the sides disagree and no rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The keys from the top of the document down
    pub path: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_read_stays_as_it_is() {
        assert_eq!(
            [Winner::Ours, Winner::Theirs, Winner::Both].map(Winner::as_str),
            ["ours", "theirs", "both"]
        );
        let told = |rule: Rule| (rule.code(), rule.as_str());
        assert_eq!(told(Rule::OnlyChange), ("only_change", "only one side changed it"));
        assert_eq!(told(Rule::SmallerNumber), ("smaller_number", "the smaller number"));
        assert_eq!(told(Rule::SetUnion), ("set_union", "the entries of both"));
        assert_eq!(told(Rule::SameChange), ("same_change", "both sides say the same"));
    }
}
