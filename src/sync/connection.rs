//! The way to the server: what the user has set about the network, and whose token goes along.
//!
//! INVARIANT: no setting that comes with a repository is used. git's own are taken from the user's and the system's files
//! and from the command line only.

use super::login::{Login, NoLogin};
use super::{Settings, SyncError};
use crate::env;
use crate::git::Repo;
use crate::transport::{Client, HttpUrl, Network, Patience, Server, ServerUrl, Token};

/// The server at an address.
pub(super) fn connect(
    repo: &Repo,
    url: &ServerUrl,
    patience: Patience,
) -> Result<Box<dyn Server>, SyncError> {
    let (network, token) = match url {
        ServerUrl::Directory(_) => (Network::default(), None),
        ServerUrl::Http(url) => way(repo, url, patience)?,
    };
    Ok(url.connect(token.as_ref(), &network, patience)?)
}

/// A client of the server at an address.
pub(super) fn client(repo: &Repo, url: &HttpUrl, patience: Patience) -> Result<Client, SyncError> {
    let (network, token) = way(repo, url, patience)?;
    Ok(Client::new(url.clone(), token.as_ref(), &network, patience)?)
}

/// The server that is configured, if it is one of the web.
pub fn configured_server(repo: &Repo) -> Result<Option<HttpUrl>, SyncError> {
    Settings::of(&repo.config()?).server.map(|text| web_server(&text)).transpose()
}

/// The server at an address that somebody can log in to.
pub fn web_server(text: &str) -> Result<HttpUrl, SyncError> {
    match ServerUrl::parse(text)? {
        ServerUrl::Http(url) => Ok(url),
        ServerUrl::Directory(path) => Err(SyncError::DirectoryServer(path)),
    }
}

/// The network, and the token that goes along.
fn way(repo: &Repo, url: &HttpUrl, patience: Patience) -> Result<(Network, Option<Token>), SyncError> {
    let token = token(repo, url, patience)?;
    // What is not encrypted stays on this machine: no proxy, no certificates.
    let network = if url.origin().scheme() == "http" { Network::default() } else { network(repo)? };
    Ok((network, token))
}

/// What the user has set: git's settings win over the environment, as they do for git.
fn network(repo: &Repo) -> Result<Network, SyncError> {
    let settings = repo.user_settings("http")?;
    let set =
        |key: &str| settings.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let first =
        |names: &[&str]| names.iter().find_map(|name| env::text(name)).filter(|text| !text.is_empty());
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

/// The token of this server. One on this machine may be asked without; to every other, nothing goes out before somebody
/// is logged in.
fn token(repo: &Repo, url: &HttpUrl, patience: Patience) -> Result<Option<Token>, SyncError> {
    let origin = url.origin();
    match Login::find(repo, &repo.config()?, origin, patience.next())? {
        Login::Out(NoLogin::Never) if origin.is_loopback() => Ok(None),
        login => login.token(origin).map(Some),
    }
}
