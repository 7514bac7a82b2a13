//! What a server can be asked, and everything it can answer. Knows no kind of server.

use std::fmt;
use std::time::Duration;

use crate::gate::Violation;
use crate::json::Value;

/// A server that takes bodies and events. Delivery is at least once: the same payload may be handed over again.
pub trait Server {
    /// Hands over one body, the nine fields. Only [`Ack::confirms`] makes it delivered.
    fn push_body(&self, payload: &Value) -> Result<Ack, Refusal>;

    /// Hands over a batch of events, each an envelope with its payload. An event that the answer does not name
    /// is not delivered. A refusal is one of the whole batch.
    fn push_events(&self, events: &[Value]) -> Result<Vec<EventAck>, Refusal>;
}

/// Whether the server had a body before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It was stored now
    New,
    /// It was there
    AlreadyExists,
}

/// A server's whole answer to a body that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// Whether it was there before
    pub stored: Stored,
    /// The path that the server names
    pub artifact_path: String,
    /// The hash that the server names
    pub content_hash: String,
}

impl Ack {
    /// Whether the answer names this very body. One that does not says nothing about it.
    pub fn confirms(&self, payload: &Value) -> bool {
        let names = |key: &str, text: &str| {
            payload.as_object().and_then(|members| members.get(key)).and_then(Value::as_str) == Some(text)
        };
        names("artifact_path", &self.artifact_path) && names("content_hash", &self.content_hash)
    }
}

/// A server's answer to one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventAck {
    /// The event
    pub event_id: String,
    /// What became of it
    pub verdict: EventVerdict,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventVerdict {
    /// The server has it now
    Success,
    /// The server had it
    Duplicate,
    /// The server will not have it as it is; holds what it said
    Rejected(String),
    /// The server cannot tell yet
    Pending,
}

/// Why something was not delivered, by what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Try again later
    Retry {
        /// What is in the way
        cause: RetryCause,
        /// What the server or the system said
        detail: String,
        /// How long the server asks to be left alone
        after: Option<Duration>,
    },
    /// Never send this again; holds the reason
    Permanent(String),
    /// Nothing can be sent before somebody logs in
    AuthNeeded,
    /// The gate stopped it on its way out: nothing was sent
    Contract(Violation),
}

/// What stands in the way of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryCause {
    /// The server could not be reached, or the connection broke
    Unreachable,
    /// The server asks for fewer requests, or has a fault of its own
    Busy,
    /// The server does not know the artifact yet
    NotIndexed,
    /// The answer was no acknowledgement of what was sent
    Unconfirmed,
}

impl Refusal {
    /// Whether this counts as a try: only what the server said about the payload itself does.
    pub fn counts_as_try(&self) -> bool {
        match self {
            Self::Retry { cause, .. } => *cause == RetryCause::NotIndexed,
            Self::Permanent(_) | Self::Contract(_) => true,
            Self::AuthNeeded => false,
        }
    }

    /// Whether the rest of the run would meet the same: no further payload should be tried now.
    pub fn stops_the_run(&self) -> bool {
        match self {
            Self::Retry { cause, .. } => matches!(cause, RetryCause::Unreachable | RetryCause::Busy),
            Self::AuthNeeded => true,
            Self::Permanent(_) | Self::Contract(_) => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { cause, detail, .. } => {
                let words = match cause {
                    RetryCause::Unreachable => "the server cannot be reached",
                    RetryCause::Busy => "the server is busy",
                    RetryCause::NotIndexed => "the server does not know the artifact yet",
                    RetryCause::Unconfirmed => "the server did not acknowledge what was sent",
                };
                if detail.is_empty() { f.write_str(words) } else { write!(f, "{words}: {detail}") }
            }
            Self::Permanent(reason) => f.write_str(reason),
            Self::AuthNeeded => f.write_str("not logged in"),
            Self::Contract(violation) => write!(f, "contract violation: {violation}"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::object;

    #[test]
    fn an_acknowledgement_must_name_the_body() {
        let payload = object([("artifact_path", "spec.md".into()), ("content_hash", "h".into())]);
        let ack = |path: &str, hash: &str| Ack {
            stored: Stored::New,
            artifact_path: path.into(),
            content_hash: hash.into(),
        };
        assert!(ack("spec.md", "h").confirms(&payload));
        assert!(!ack("plan.md", "h").confirms(&payload));
        assert!(!ack("spec.md", "").confirms(&payload));
        assert!(!ack("spec.md", "h").confirms(&Value::Null));
    }
}
