//! Looking up a host once for all requests of a run. The client's own resolver asks before every request, in a thread
//! of its own, also while a connection is kept open. Knows nothing about what is sent.

use std::sync::Mutex;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Remembers the addresses of the last host that was looked up.
#[derive(Debug, Default)]
pub(super) struct Remembering {
    resolver: DefaultResolver,
    last: Mutex<Option<(String, ResolvedSocketAddrs)>>,
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
        let addresses = self.resolver.resolve(uri, config, timeout)?;
        if let Ok(mut last) = self.last.lock() {
            *last = Some((host, addresses.clone()));
        }
        Ok(addresses)
    }
}
