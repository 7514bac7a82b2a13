//! Transport: handing payloads to a server and reading what it acknowledges.
//!
//! [`Server`] is what a sender sees, whatever kind of server is behind it. Every body passes the gate once
//! more before it is handed over. Knows nothing about the queue, about git, or when a try is worth it.

mod connect;
mod directory;
mod origin;
mod server;
mod token;
mod url;

pub use directory::DirectoryServer;
pub use origin::{HttpUrl, Origin, OriginError};
pub use server::{Ack, EventAck, EventVerdict, Refusal, RetryCause, Server, Stored};
pub use token::Token;
pub use url::{ServerUrl, UrlError};
