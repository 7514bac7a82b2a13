//! The way to the server: what the user has set about the network, and whose token goes along.
//!
//! INVARIANT: no setting that comes with a repository is used. git's own are taken from the user's and the system's files
//! and from the command line only.

use super::SyncError;
use crate::env;
use crate::git::Repo;
use crate::transport::{Network, Patience, Server, ServerUrl, Token};

/// The server at an address.
pub(super) fn connect(
    repo: &Repo,
    url: &ServerUrl,
    patience: Patience,
) -> Result<Box<dyn Server>, SyncError> {
    let (network, token) = match url {
        ServerUrl::Directory(_) => (Network::default(), None),
        ServerUrl::Http(url) if url.origin().is_loopback() => (Network::default(), token(repo, url)?),
        ServerUrl::Http(url) => (network(repo)?, token(repo, url)?),
    };
    Ok(url.connect(token.as_ref(), &network, patience)?)
}

/// What the user has set: git's settings win over the environment, as they do for git.
fn network(repo: &Repo) -> Result<Network, SyncError> {
    let settings = repo.user_settings("http")?;
    let set = |key: &str| settings.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let first = |names: &[&str]| names.iter().find_map(|name| env::text(name)).filter(|text| !text.is_empty());
    Ok(Network {
        proxy: match set("http.proxy") {
            // Empty: no proxy, whatever the environment says.
            Some(proxy) => Some(proxy).filter(|proxy| !proxy.is_empty()),
            None => first(&env::PROXIES),
        },
        no_proxy: first(&env::NO_PROXY),
        ca_file: first(&[env::GIT_SSL_CAINFO])
            .or_else(|| set("http.sslcainfo"))
            .or_else(|| first(&[env::SSL_CERT_FILE]))
            .map(Into::into),
    })
}

/// The token of this server.
#[expect(clippy::unnecessary_wraps, reason = "a store of credentials that cannot be read is an error")]
fn token(_: &Repo, _: &crate::transport::HttpUrl) -> Result<Option<Token>, SyncError> {
    Ok(None)
}
