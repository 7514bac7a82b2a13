//! From an address to the server behind it. The one place that knows every kind of server.

use super::client::Client;
use super::http::HttpServer;
use super::network::{Network, NetworkError, Patience};
use super::{DirectoryServer, Server, ServerUrl, Token};

impl ServerUrl {
    /// The server at this address. Nothing is asked of it yet.
    pub fn connect(
        &self,
        token: Option<&Token>,
        network: &Network,
        patience: Patience,
    ) -> Result<Box<dyn Server>, NetworkError> {
        Ok(match self {
            Self::Directory(root) => Box::new(DirectoryServer::new(root.clone())),
            Self::Http(url) => Box::new(HttpServer::new(Client::new(url.clone(), token, network, patience)?)),
        })
    }
}
