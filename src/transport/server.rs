//! What a server can be asked, and everything it can answer. Knows no kind of server.

use super::Refusal;
use crate::gate::Judged;
use crate::json::Value;

/// A server that takes bodies and events. Delivery is at least once: the same payload may be handed over again.
/// Several threads may ask it at once.
pub trait Server: Sync {
    /// Hands over one body, the nine fields. Only [`Ack::confirms`] makes it delivered.
    fn push_body(&self, payload: &Value) -> Result<Ack, Refusal>;

    /// Hands over a batch of events, each an envelope with its payload. An event that the answer does not name
    /// is not delivered. A refusal is one of the whole batch.
    fn push_events(&self, events: &[Judged<'_>]) -> Result<Vec<EventAck>, Refusal>;
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
