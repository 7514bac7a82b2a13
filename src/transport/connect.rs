//! From an address to the server behind it. The one place that knows every kind of server.

use super::{DirectoryServer, Server, ServerUrl};

impl ServerUrl {
    /// The server at this address. Nothing is asked of it yet.
    pub fn connect(&self) -> Box<dyn Server> {
        match self {
            Self::Directory(root) => Box::new(DirectoryServer::new(root.clone())),
        }
    }
}
