//! What the gate says about a payload that it stops. Knows no rule.

use std::fmt;

/// What a payload claims to be: which section of the contract judges it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// An envelope together with the payload inside it
    Event,
    /// An envelope; of what is inside only the keys that are forbidden everywhere are looked at
    Envelope,
    /// An event's payload without its envelope
    Payload,
    /// The upload of one artifact's body
    BodySync,
    /// The request that binds a project to a tracker
    TrackerBind,
    /// The answer of an orchestrator command
    OrchestratorApi,
}

impl Context {
    /// Every context.
    pub const ALL: [Self; 6] = [
        Self::Event,
        Self::Envelope,
        Self::Payload,
        Self::BodySync,
        Self::TrackerBind,
        Self::OrchestratorApi,
    ];

    /// The name on the command line, in reports, and of the contract's section.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Envelope => "envelope",
            Self::Payload => "payload",
            Self::BodySync => "body_sync",
            Self::TrackerBind => "tracker_bind",
            Self::OrchestratorApi => "orchestrator_api",
        }
    }

    /// The context of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which kind of rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A key that may stand nowhere in any payload
    ForbiddenEverywhere,
    /// A key that may not stand in this object
    ForbiddenField,
    /// A required key is absent
    Missing,
    /// A key that a closed object does not have
    Unexpected,
    /// The value is of the wrong type
    WrongType {
        /// The types that are allowed
        expected: Vec<String>,
        /// The type that was found, as messages name it
        found: &'static str,
    },
    /// The value is null, an empty or blank string, or an empty container
    Empty,
    /// The value is not one of those allowed
    NotAllowed {
        /// The values that are allowed, as JSON
        allowed: Vec<String>,
    },
    /// The value is one of those forbidden
    ForbiddenValue,
    /// The value starts with a forbidden prefix
    ForbiddenPrefix(String),
    /// The value is not written in any of these forms
    WrongFormat(Vec<String>),
    /// The number is too small
    BelowMinimum(i64),
    /// The number is too large
    AboveMaximum(i64),
    /// An identity is made of a value that is only for display; holds the name of that value's key
    DisplayOnly(String),
    /// The contract itself cannot be read, so nothing passes
    ContractUnreadable(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForbiddenEverywhere => f.write_str("this key is forbidden at any depth"),
            Self::ForbiddenField => f.write_str("this key is forbidden here"),
            Self::Missing => f.write_str("required, but absent"),
            Self::Unexpected => f.write_str("the contract has no such key here"),
            Self::WrongType { expected, found } => write!(f, "must be {}, is {found}", expected.join(" or ")),
            Self::Empty => f.write_str("must not be empty"),
            Self::NotAllowed { allowed } => write!(f, "must be one of {}", allowed.join(", ")),
            Self::ForbiddenValue => f.write_str("this value is forbidden"),
            Self::ForbiddenPrefix(prefix) => write!(f, "must not start with {prefix:?}"),
            Self::WrongFormat(formats) => write!(f, "is not a {}", formats.join(" or ")),
            Self::BelowMinimum(minimum) => write!(f, "must be at least {minimum}"),
            Self::AboveMaximum(maximum) => write!(f, "must be at most {maximum}"),
            Self::DisplayOnly(key) => write!(f, "`{key}` is only for display and cannot identify anything"),
            Self::ContractUnreadable(error) => write!(f, "the contract cannot be read: {error}"),
        }
    }
}

/// A payload that may not pass, and the first rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What the payload was judged as
    pub context: Context,
    /// Where: keys joined by `.`, positions in brackets, `$` for the payload itself
    pub field: String,
    /// Why
    pub reason: Reason,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: `{}`: {}", self.context, self.field, self.reason)
    }
}

impl std::error::Error for Violation {}
