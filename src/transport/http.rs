//! A server behind HTTP: which path takes what, and what its answers mean.
//!
//! INVARIANT: only a 2xx whose content was read to the end and names the row acknowledges it. Knows nothing about
//! connections.

use super::answer::{acks_of, body_ack_of, body_refusal, events_refusal};
use super::client::{Client, Encoding};
use super::{Ack, EventAck, Refusal, Server};
use crate::gate::{Context, validate};
use crate::json::{Value, canonical, line};

const EVENTS: &str = "/api/v1/events/batch/";
const BODIES: &str = "/api/dossier/push-content/";

/// A server that is reached over HTTP.
pub struct HttpServer {
    client: Client,
}

impl HttpServer {
    /// The server that a client reaches.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Server for HttpServer {
    fn push_body(&self, payload: &Value) -> Result<Ack, Refusal> {
        validate(payload, Context::BodySync).map_err(Refusal::Contract)?;
        let answer = self.client.post(BODIES, &canonical(payload), Encoding::Plain)?;
        if matches!(answer.status, 200..300) { body_ack_of(&answer) } else { Err(body_refusal(&answer)) }
    }

    fn push_events(&self, events: &[Value]) -> Result<Vec<EventAck>, Refusal> {
        for event in events {
            validate(event, Context::Event).map_err(Refusal::Contract)?;
        }
        let rows: Vec<String> = events.iter().map(line).collect();
        let batch = format!("{{\"events\":[{}]}}", rows.join(","));
        let answer = self.client.post(EVENTS, &batch, Encoding::Gzip)?;
        if matches!(answer.status, 200..300) { acks_of(&answer) } else { Err(events_refusal(&answer)) }
    }
}
