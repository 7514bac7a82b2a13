//! Looking up a host once for all requests of a run. The client's own resolver asks before every request, in a thread
//! of its own, also while a connection is kept open. Knows nothing about what is sent.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::names;

/// How long looking up a host may take where nothing else says so.
const LONGEST: Duration = Duration::from_secs(60);

/// As many addresses of one host are tried.
const ADDRESSES: usize = 16;

/// Remembers the addresses of the last host that was looked up.
#[derive(Debug, Default)]
pub(super) struct Remembering {
    resolver: DefaultResolver,
    last: Mutex<Option<(String, ResolvedSocketAddrs)>>,
}

/// What several clients look up, for all of them.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<Remembering>);

impl Resolver for Shared {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout)
    }
}

impl Resolver for Remembering {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        if let Ok(last) = self.last.lock()
            && let Some((known, addresses)) = &*last
            && *known == host
        {
            return Ok(addresses.clone());
        }
        let addresses = self.addresses(uri, config, timeout)?;
        if let Ok(mut last) = self.last.lock() {
            *last = Some((host, addresses.clone()));
        }
        Ok(addresses)
    }
}

impl Remembering {
    fn addresses(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("http") => Some(80),
            Some("https") => Some(443),
            _ => None,
        });
        let (true, Some(host), Some(port)) = (names::IS_STATIC, uri.host(), port) else {
            return self.resolver.resolve(uri, config, timeout);
        };
        // An address needs no looking up.
        if host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
            return self.resolver.resolve(uri, config, timeout);
        }
        let found = match names::addresses(host, LONGEST.min(*timeout.after)) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::TimedOut => return Err(Error::Timeout(timeout.reason)),
            Err(_) => return self.resolver.resolve(uri, config, timeout),
        };
        let family = config.ip_family();
        let wanted = family.keep_wanted(found.into_iter().map(|ip| SocketAddr::new(ip, port)));
        let mut addresses = self.resolver.empty();
        wanted.take(ADDRESSES).for_each(|address| addresses.push(address));
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}
