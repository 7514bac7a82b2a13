//! A server behind HTTP: which path takes what, and what its answers mean.
//!
//! INVARIANT: only a 2xx whose content was read to the end and names the row acknowledges it. Knows nothing about
//! connections.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::answer::{acks_of, body_ack_of, body_refusal, events_refusal};
use super::client::{Client, Encoding};
use super::{Ack, EventAck, Refusal, Server};
use crate::gate::{Context, Judged, validate};
use crate::json::{Value, canonical_into};

const EVENTS: &str = "/api/v1/events/batch/";
const BODIES: &str = "/api/dossier/push-content/";

/// A server that is reached over HTTP.
pub struct HttpServer {
    client: Client,
    /// Where bodies were written out, to be used again: large ones are new memory each time
    spare: Mutex<Vec<String>>,
}

impl HttpServer {
    /// The server that a client reaches.
    pub fn new(client: Client) -> Self {
        Self { client, spare: Mutex::default() }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<String>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server for HttpServer {
    fn push_body(&self, payload: &Value) -> Result<Ack, Refusal> {
        validate(payload, Context::BodySync).map_err(Refusal::Contract)?;
        let mut text = self.spare().pop().unwrap_or_default();
        text.clear();
        canonical_into(&mut text, payload);
        let answer = self.client.post(BODIES, &text, Encoding::Plain);
        self.spare().push(text);
        let answer = answer?;
        if matches!(answer.status, 200..300) { body_ack_of(&answer) } else { Err(body_refusal(&answer)) }
    }

    fn push_events(&self, events: &[Judged<'_>]) -> Result<Vec<EventAck>, Refusal> {
        let bytes: usize = events.iter().map(|event| event.line().len() + 1).sum();
        let mut batch = String::with_capacity(bytes + 16);
        for event in events {
            batch.push_str(if batch.is_empty() { "{\"events\":[" } else { "," });
            batch.push_str(event.line());
        }
        batch.push_str(if batch.is_empty() { "{\"events\":[]}" } else { "]}" });
        let answer = self.client.post(EVENTS, &batch, Encoding::Gzip)?;
        if matches!(answer.status, 200..300) { acks_of(&answer) } else { Err(events_refusal(&answer)) }
    }
}
