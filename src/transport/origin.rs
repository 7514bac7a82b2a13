//! The web address of a server: read once, kept in parts, compared by its origin.
//!
//! Two readers of one address are how a token ends up elsewhere, and readers differ: the one of browsers takes
//! `https:evil`, `\` and line ends inside a host as if nothing were wrong, the one of the HTTP client takes port
//! 65536 for none and `[::1].evil` for `[::1]`. So only what every reader must read alike is taken, the rest is
//! refused by name, and requests are made from the parts, never from the text. Knows nothing about what is sent.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest host name, in bytes (RFC 1035).
const MAX_HOST: usize = 253;
/// The longest part of one between dots.
const MAX_LABEL: usize = 63;

/// How a server is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Scheme, host and port, each in its one spelling: two are equal only if they are the same server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// Lower case, without the final dot
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

/// An origin, and the path below which its interface lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpUrl {
    origin: Origin,
    /// Empty, or `/` and segments; never a `/` at the end
    path: String,
}

/// Why an address names no server that may be asked. Never repeats what might be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginError {
    /// It does not begin with `https://` or `http://`
    Scheme,
    /// `http:` to another machine than this one
    NotEncrypted,
    /// A control character or a blank, plain or percent-encoded
    ControlCharacter,
    /// A `\`, which some take for `/`
    Backslash,
    /// A name or password in front of the host
    UserInfo,
    /// No host
    NoHost,
    /// A host with characters beyond ASCII
    NotAscii,
    /// A host that is neither a name nor an address in its usual spelling
    Host,
    /// A port that is no number from 1 to 65535
    Port,
    /// `?` or `#`
    QueryOrFragment,
    /// A path with `.`, `..`, an empty segment, or a character that has to be encoded
    Path,
}

impl Origin {
    /// The origin of an address.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        HttpUrl::parse(text).map(|url| url.origin)
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost",
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }

    /// `https` or `http`
    pub fn scheme(&self) -> &'static str {
        match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The host as in a URL and with the port unless it is the usual one: `host`, `host:8000`, `[::1]:8000`.
    pub fn authority(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name.clone(),
            Host::V4(address) => address.to_string(),
            Host::V6(address) => format!("[{address}]"),
        };
        if self.port == self.scheme.usual_port() { host } else { format!("{host}:{}", self.port) }
    }
}

impl HttpUrl {
    /// Reads an address: `https://host[:port][/path]`, or `http://` to this machine.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(OriginError::ControlCharacter);
        }
        if text.contains('\\') {
            return Err(OriginError::Backslash);
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(OriginError::Scheme),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(OriginError::UserInfo);
        }
        if path.contains(['?', '#']) {
            return Err(OriginError::QueryOrFragment);
        }
        let (host, port) = split_port(authority)?;
        let origin = Origin { scheme, host: read_host(host)?, port: read_port(port, scheme)? };
        if scheme == Scheme::Http && !origin.is_loopback() {
            return Err(OriginError::NotEncrypted);
        }
        Ok(Self { origin, path: read_path(path)? })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The address of something below it; `path` begins with `/`.
    pub fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl Scheme {
    fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Host, and what follows `:`.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), OriginError> {
    let end = match authority.strip_prefix('[') {
        Some(inside) => inside.find(']').ok_or(OriginError::Host)? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(end);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(OriginError::Host),
    }
}

fn read_port(text: Option<&str>, scheme: Scheme) -> Result<u16, OriginError> {
    let Some(text) = text else { return Ok(scheme.usual_port()) };
    // `parse` alone would take `+443` and `0443`.
    if !text.starts_with(|c: char| matches!(c, '1'..='9')) {
        return Err(OriginError::Port);
    }
    text.parse().map_err(|_| OriginError::Port)
}

fn read_host(text: &str) -> Result<Host, OriginError> {
    if text.is_empty() {
        return Err(OriginError::NoHost);
    }
    if !text.is_ascii() {
        return Err(OriginError::NotAscii);
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inside.parse().map(Host::V6).map_err(|_| OriginError::Host);
    }
    let name = text.to_ascii_lowercase();
    let labels_are_plain = name.len() <= MAX_HOST
        && name.split('.').all(|label| {
            (1..=MAX_LABEL).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
    if !labels_are_plain {
        return Err(OriginError::Host);
    }
    // `127.1`, `2130706433` and `0x7f000001` are addresses to some readers and names to others.
    let last = name.rsplit('.').next().unwrap_or(&name);
    if last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit()) {
        return name.parse().map(Host::V4).map_err(|_| OriginError::Host);
    }
    Ok(Host::Name(name))
}

/// The path without its last `/`. Encoded `/`, `\` and `.` are for nobody's good.
fn read_path(text: &str) -> Result<String, OriginError> {
    let path = text.strip_suffix('/').unwrap_or(text);
    for segment in path.split('/').skip(1) {
        let mut rest = segment;
        while let Some(at) = rest.find('%') {
            let digits = rest.get(at + 1..at + 3).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
            let byte =
                digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(OriginError::Path)?;
            if byte.is_ascii_control() {
                return Err(OriginError::ControlCharacter);
            }
            if matches!(byte, b'/' | b'\\' | b'.' | b'%') {
                return Err(OriginError::Path);
            }
            rest = &rest[at + 3..];
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&b);
        if matches!(segment, "" | "." | "..") || !segment.bytes().all(plain) {
            return Err(OriginError::Path);
        }
    }
    Ok(path.to_owned())
}

/// `scheme://host[:port]`
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority())
    }
}

/// The address in its one spelling, without a `/` at the end.
impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the server's URL must start with https://",
            Self::NotEncrypted => "plain http: is for this machine only; use https:",
            Self::ControlCharacter => "a control character or a blank in the server's URL",
            Self::Backslash => "a backslash in the server's URL",
            Self::UserInfo => "the server's URL must not hold a name or password",
            Self::NoHost => "the server's URL names no host",
            Self::NotAscii => "the host in the server's URL must be written in ASCII (xn--…)",
            Self::Host => "the host in the server's URL is neither a plain name nor an address",
            Self::Port => "the port in the server's URL must be a number from 1 to 65535",
            Self::QueryOrFragment => "`?` and `#` cannot stand in the server's URL",
            Self::Path => "the path in the server's URL has an empty, `.` or `..` segment or a bad character",
        })
    }
}

impl std::error::Error for OriginError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ureq::http::Uri;

    use super::*;

    #[test]
    fn one_server_has_one_origin() {
        for (text, origin) in [
            ("https://good.example", "https://good.example"),
            ("HTTPS://GOOD.Example:443/", "https://good.example"),
            ("https://good.example/api/missions/", "https://good.example"),
            ("https://good.example:8443", "https://good.example:8443"),
            ("https://good.example:80", "https://good.example:80"),
            ("https://xn--gd-fmca.example", "https://xn--gd-fmca.example"),
            ("https://build_host-1", "https://build_host-1"),
            ("https://192.0.2.1:444", "https://192.0.2.1:444"),
            ("https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"),
            ("http://localhost", "http://localhost"),
            ("http://LOCALHOST:80/x", "http://localhost"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://127.8.9.1", "http://127.8.9.1"),
            ("http://[0:0:0:0:0:0:0:1]:8000", "http://[::1]:8000"),
        ] {
            let read = Origin::parse(text).expect(text);
            assert_eq!(read.to_string(), origin, "{text}");
            assert_eq!(Origin::parse(origin), Ok(read));
        }
    }

    #[test]
    fn servers_that_look_alike_are_others() {
        let good = Origin::parse("https://good.example").expect("an origin");
        for text in [
            "http://localhost",
            "https://good.example:80",
            "https://good.example:4430",
            "https://good.example.evil.example",
            "https://evil.example/good.example",
            "https://evil.example/@good.example",
            "https://good-example",
            "https://www.good.example",
            "https://xn--gd-fmca.example",
        ] {
            assert_ne!(Origin::parse(text).expect(text), good, "{text}");
        }
        let [name, four, six] = ["localhost", "127.0.0.1", "[::1]"]
            .map(|host| Origin::parse(&format!("https://{host}")).expect(host));
        assert!(name != four && four != six && name != six);
    }

    #[test]
    fn what_two_readers_read_differently_is_refused_by_name() {
        use OriginError as E;
        for (text, error) in [
            ("", E::Scheme),
            ("good.example", E::Scheme),
            ("https:evil", E::Scheme),
            ("https:/evil", E::Scheme),
            ("https:good@evil", E::Scheme),
            ("ftp://good.example", E::Scheme),
            ("javascript://good.example", E::Scheme),
            ("https", E::Scheme),
            ("://good.example", E::Scheme),
            ("https://", E::NoHost),
            ("https:///evil", E::NoHost),
            ("https://:443", E::NoHost),
            ("https://good@evil", E::UserInfo),
            ("https://good:secret@evil", E::UserInfo),
            ("https://@evil", E::UserInfo),
            ("https://good.example:443@evil", E::UserInfo),
            ("https://good%40evil", E::Host),
            ("https://good.example\\@evil", E::Backslash),
            ("https://good.example/\\evil", E::Backslash),
            ("https:\\\\evil", E::Backslash),
            ("https://good.example\n", E::ControlCharacter),
            ("https://good.example\r\nHost: evil", E::ControlCharacter),
            ("https://good\t.example", E::ControlCharacter),
            (" https://good.example", E::ControlCharacter),
            ("https://good.example\0.evil", E::ControlCharacter),
            ("https://good.example/%0d%0aHost:evil", E::ControlCharacter),
            ("https://good.example/%00", E::ControlCharacter),
            ("https://good.example\u{a0}", E::ControlCharacter),
            ("https://good.example%2Fevil.example", E::Host),
            ("https://good%2eexample", E::Host),
            ("https://%67ood.example", E::Host),
            ("https://gооd.example", E::NotAscii),
            ("https://ＧＯＯＤ.example", E::NotAscii),
            ("https://good。example", E::NotAscii),
            ("https://straße.example", E::NotAscii),
            ("https://good\u{ad}.example", E::NotAscii),
            ("https://good.example.", E::Host),
            ("https://good..example", E::Host),
            ("https://.good.example", E::Host),
            ("https://-good.example", E::Host),
            ("https://good.example,evil", E::Host),
            ("https://good.example;evil", E::Host),
            ("https://good.example:443:444", E::Port),
            ("https://good.example:", E::Port),
            ("https://good.example:0", E::Port),
            ("https://good.example:0443", E::Port),
            ("https://good.example:+443", E::Port),
            ("https://good.example:65536", E::Port),
            ("https://good.example:65979", E::Port),
            ("https://good.example:https", E::Port),
            ("https://good.example?@evil", E::QueryOrFragment),
            ("https://good.example#@evil", E::QueryOrFragment),
            ("https://good.example/x?y", E::QueryOrFragment),
            ("https://127.1", E::Host),
            ("https://2130706433", E::Host),
            ("https://0x7f000001", E::Host),
            ("https://127.0.0.01", E::Host),
            ("https://1.2.3.4.5", E::Host),
            ("https://[::1", E::Host),
            ("https://[::1].evil", E::Host),
            ("https://[::1]evil", E::Host),
            ("https://[fe80::1%25eth0]", E::Host),
            ("https://[127.0.0.1]", E::Host),
            ("https://::1", E::NoHost),
            ("https://good.example/../x", E::Path),
            ("https://good.example/./x", E::Path),
            ("https://good.example/%2e%2e/x", E::Path),
            ("https://good.example//evil", E::Path),
            ("https://good.example/a//", E::Path),
            ("https://good.example/%2Fevil", E::Path),
            ("https://good.example/%5Cevil", E::Path),
            ("https://good.example/%252e", E::Path),
            ("https://good.example/%2", E::Path),
            ("https://good.example/%+1", E::Path),
            ("https://good.example/é", E::Path),
            ("https://good.example/<a>", E::Path),
            ("http://good.example", E::NotEncrypted),
            ("http://localhost.evil.example", E::NotEncrypted),
            ("http://127.0.0.1.evil.example", E::NotEncrypted),
            ("http://0.0.0.0", E::NotEncrypted),
            ("http://[::ffff:127.0.0.1]", E::NotEncrypted),
            ("http://10.0.0.1", E::NotEncrypted),
        ] {
            assert_eq!(HttpUrl::parse(text), Err(error), "{text:?}");
        }
        let long = format!("https://{}.example", "a".repeat(64));
        assert_eq!(Origin::parse(&long), Err(E::Host));
    }

    #[test]
    fn paths_are_kept_and_joined() {
        for (text, joined) in [
            ("https://good.example", "https://good.example/api/x/"),
            ("https://good.example/", "https://good.example/api/x/"),
            ("https://good.example:444/a/B%20c/", "https://good.example:444/a/B%20c/api/x/"),
        ] {
            assert_eq!(HttpUrl::parse(text).expect(text).join("/api/x/"), joined);
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_what_might_be_a_password() {
        let error = HttpUrl::parse("https://user:secret@host/").expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    proptest! {
        /// Whatever is taken, the HTTP client reads the same server in it.
        #[test]
        fn the_client_reads_the_same_server(
            text in "(https?|HTTPS)://[a-zA-Z0-9@:.%\\[\\]\\\\_-]{0,24}(:[0-9+]{0,6})?[/a-z.%?#@\\\\]{0,12}"
        ) {
            if let Ok(url) = HttpUrl::parse(&text) {
                for spelled in [text, url.join("/api/v1/events/batch/")] {
                    let read: Uri = spelled.parse().expect("what is taken is a URI");
                    let origin = url.origin();
                    prop_assert_eq!(read.scheme_str(), Some(origin.scheme()));
                    let usual = origin.scheme.usual_port();
                    prop_assert_eq!(read.port_u16().unwrap_or(usual), origin.port);
                    let host = read.host().expect("a host").to_ascii_lowercase();
                    prop_assert_eq!(read_host(&host), Ok(origin.host.clone()));
                    prop_assert!(!read.authority().expect("an authority").as_str().contains('@'));
                }
            }
        }
    }
}
