//! Transport: handing payloads to a server and reading what it acknowledges.
//!
//! [`Server`] is what a sender sees, whatever kind of server is behind it. Every body passes the gate once
//! more before it is handed over. Knows nothing about the queue, about git, or when a try is worth it.

mod answer;
mod client;
mod connect;
mod directory;
mod http;
mod names;
mod network;
mod origin;
mod refusal;
mod resolver;
mod server;
mod token;
mod url;
mod whole;

pub use answer::{acks_of, body_ack_of, body_refusal, events_refusal};
pub use client::{Answer, Client, Encoding};
pub use directory::DirectoryServer;
pub use http::HttpServer;
pub use network::{CONNECTIONS, Network, NetworkError, Patience};
pub use origin::{HttpUrl, Origin, OriginError};
pub use refusal::{Pause, Refusal, RetryCause};
pub use server::{Ack, EventAck, EventVerdict, Server, Stored};
pub use token::Token;
pub use url::{ServerUrl, UrlError};
