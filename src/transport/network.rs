//! The way to a server over a network: proxy, certificates, and how long it may take.
//!
//! INVARIANT: all of it comes from the user. Nothing here reads a repository, or the environment.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::config::Config;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy, ProxyProtocol};

use super::Origin;
use super::resolver::{Remembering, Shared};
use super::whole::Connecting;
use crate::clock::Deadline;

/// The user's settings of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// The proxy's URL
    pub proxy: Option<String>,
    /// Hosts that are reached without it, separated by commas
    pub no_proxy: Option<String>,
    /// A PEM file with the certificates that are trusted, instead of the system's
    pub ca_file: Option<PathBuf>,
}

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one request, from looking up the host to the last byte of the answer
    pub request: Duration,
    /// For all of them
    pub until: Option<Deadline>,
}

/// Clients of one server, each with one connection that is kept. One with several would ask whether they are still open
/// while everybody else waits for it.
#[derive(Debug)]
pub(super) struct Agents {
    config: Config,
    connecting: Connecting,
    resolver: Arc<Remembering>,
    idle: Mutex<Vec<Agent>>,
}

impl Agents {
    /// A client that nobody uses now.
    pub(super) fn take(&self) -> Agent {
        let idle = self.idle().pop();
        idle.unwrap_or_else(|| {
            Agent::with_parts(self.config.clone(), self.connecting.clone(), Shared(self.resolver.clone()))
        })
    }

    /// Keeps a client for the next request.
    pub(super) fn give_back(&self, agent: Agent) {
        let mut idle = self.idle();
        if idle.len() < CONNECTIONS {
            idle.push(agent);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Agent>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings of the network that cannot be used. Nothing was sent.
#[derive(Debug)]
pub enum NetworkError {
    /// The proxy's URL. Not repeated: it may hold a password
    Proxy,
    /// The file of certificates
    CaFile {
        /// Which
        path: PathBuf,
        /// What is wrong with it
        reason: String,
    },
}

/// Requests of one run that are sent at the same time, at most.
pub const CONNECTIONS: usize = 4;
/// Bytes of the head of an answer, at most.
const MAX_HEAD: usize = 64 << 10;

impl Patience {
    /// What the next request may take.
    pub fn next(&self) -> Duration {
        self.until.map_or(self.request, |until| self.request.min(until.remaining()))
    }
}

impl Network {
    /// Clients for one server, which follow nothing and downgrade nothing.
    pub(super) fn agents(&self, origin: &Origin) -> Result<Agents, NetworkError> {
        let mut tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        if let Some(path) = &self.ca_file {
            let wrong = |reason: String| NetworkError::CaFile { path: path.clone(), reason };
            let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
            let mut certificates = Vec::new();
            for item in parse_pem(&pem) {
                if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
                    certificates.push(certificate);
                }
            }
            if certificates.is_empty() {
                return Err(wrong("no certificate in it".to_owned()));
            }
            tls = tls.root_certs(RootCerts::from(certificates));
        }
        // What is on this machine is never reached through another.
        let proxy = if origin.is_loopback() { None } else { self.proxy()? };
        let is_direct = proxy.is_none();
        let config = Agent::config_builder()
            .https_only(origin.scheme() == "https")
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_response_header_size(MAX_HEAD)
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .user_agent(concat!("git-mission/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .proxy(proxy)
            .tls_config(tls.build())
            .build();
        let (connecting, resolver) = (Connecting::new(is_direct), Arc::default());
        Ok(Agents { config, connecting, resolver, idle: Mutex::default() })
    }

    fn proxy(&self) -> Result<Option<Proxy>, NetworkError> {
        let Some(text) = &self.proxy else { return Ok(None) };
        let read = Proxy::new(text).map_err(|_| NetworkError::Proxy)?;
        // The client is built without any other kind, and would end with a panic.
        if !matches!(read.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
            return Err(NetworkError::Proxy);
        }
        let mut builder = Proxy::builder(read.protocol()).host(read.host()).port(read.port());
        if let Some(name) = read.username() {
            builder = builder.username(name);
        }
        if let Some(password) = read.password() {
            builder = builder.password(password);
        }
        for host in self.no_proxy.iter().flat_map(|list| list.split(',')).map(str::trim) {
            if !host.is_empty() {
                builder = builder.no_proxy(host);
            }
        }
        builder.build().map(Some).map_err(|_| NetworkError::Proxy)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proxy => {
                f.write_str("the proxy's URL cannot be used: only those of http:// and https:// proxies can")
            }
            Self::CaFile { path, reason } => {
                write!(f, "the certificates in {} cannot be used: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).expect(text)
    }

    #[test]
    fn nothing_is_followed_and_nothing_is_sent_in_the_clear() {
        let network =
            Network { proxy: Some("http://user:pw@proxy.example:3128".into()), ..Network::default() };
        let agent = network.agents(&origin("https://good.example")).expect("a client");
        let config = &agent.config;
        assert!(config.https_only() && config.max_redirects() == 0 && !config.http_status_as_error());
        assert_eq!(config.proxy().map(|proxy| (proxy.host(), proxy.port())), Some(("proxy.example", 3128)));
        let agent = network.agents(&origin("http://127.0.0.1:8000")).expect("a client");
        assert!(!agent.config.https_only() && agent.config.proxy().is_none());
    }

    #[test]
    fn hosts_of_the_list_are_reached_directly() {
        let network = Network {
            proxy: Some("http://proxy.example:3128".into()),
            no_proxy: Some("other.example, .inside.example".into()),
            ca_file: None,
        };
        let agent = network.agents(&origin("https://a.inside.example")).expect("a client");
        let proxy = agent.config.proxy().expect("a proxy");
        assert!(proxy.is_no_proxy(&"https://a.inside.example/".parse().expect("a URI")));
        assert!(!proxy.is_no_proxy(&"https://outside.example/".parse().expect("a URI")));
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_password() {
        let kinds = ["nonsense", "socks4", "socks4a", "socks5"];
        for proxy in kinds.map(|kind| format!("{kind}://user:secret@proxy.example:1080")) {
            let network = Network { proxy: Some(proxy.clone()), ..Network::default() };
            let error = network.agents(&origin("https://good.example")).expect_err(&proxy);
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
        let network = Network { ca_file: Some("/nowhere/ca.pem".into()), ..Network::default() };
        let error = network.agents(&origin("https://good.example")).expect_err("refused");
        assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
    }
}
