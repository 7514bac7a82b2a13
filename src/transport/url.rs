//! The address of a server, read once and never as text again. Knows nothing about what is behind it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{HttpUrl, OriginError};

/// The address of a server that this version can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerUrl {
    /// `file:///absolute/path`: a directory on this machine
    Directory(PathBuf),
    /// `https://host/path`, or `http://` to this machine
    Http(HttpUrl),
}

/// An address that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    /// No address at all
    Empty,
    /// A control character, plain or percent-encoded
    ControlCharacter,
    /// No `scheme:` in front
    NoScheme,
    /// A scheme that no server has; holds it
    UnknownScheme(String),
    /// A name or password in front of the host, which would end up in files and logs
    UserInfo,
    /// An `http:` or `https:` address that names no server that may be asked
    Http(OriginError),
    /// A `file:` address that names a host
    ForeignHost(String),
    /// A `file:` address without an absolute path
    RelativePath,
    /// `?` or `#` in a `file:` address; encoded they may stand in a path
    QueryOrFragment,
    /// `%` without two hexadecimal digits
    BadEscape,
    /// A path that this system cannot name
    NotAPath,
}

impl ServerUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        if text.is_empty() {
            return Err(UrlError::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(UrlError::ControlCharacter);
        }
        let (scheme, rest) = text.split_once(':').ok_or(UrlError::NoScheme)?;
        let scheme = scheme.to_ascii_lowercase();
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            || !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        {
            return Err(UrlError::NoScheme);
        }
        if matches!(scheme.as_str(), "http" | "https") {
            return HttpUrl::parse(text).map(Self::Http).map_err(|error| match error {
                OriginError::ControlCharacter => UrlError::ControlCharacter,
                OriginError::UserInfo => UrlError::UserInfo,
                other => UrlError::Http(other),
            });
        }
        if scheme != "file" {
            return Err(UrlError::UnknownScheme(scheme));
        }
        let Some(rest) = rest.strip_prefix("//") else { return Err(UrlError::RelativePath) };
        let (host, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
        if host.contains('@') {
            return Err(UrlError::UserInfo);
        }
        if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
            return Err(UrlError::ForeignHost(host.to_owned()));
        }
        if path.contains(['?', '#']) {
            return Err(UrlError::QueryOrFragment);
        }
        directory(path).map(Self::Directory)
    }
}

fn directory(path: &str) -> Result<PathBuf, UrlError> {
    let bytes = decode(path)?;
    let text = String::from_utf8_lossy(&bytes);
    if text.chars().any(char::is_control) {
        return Err(UrlError::ControlCharacter);
    }
    let path = to_path(bytes)?;
    if path.is_absolute() { Ok(path) } else { Err(UrlError::RelativePath) }
}

fn decode(text: &str) -> Result<Vec<u8>, UrlError> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).ok_or(UrlError::BadEscape);
        let (high, low) = (digit()?, digit()?);
        decoded.push(u8::try_from(high * 16 + low).map_err(|_| UrlError::BadEscape)?);
    }
    Ok(decoded)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems cannot name every path")]
fn to_path(bytes: Vec<u8>) -> Result<PathBuf, UrlError> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(std::ffi::OsString::from_vec(bytes).into())
}

/// `/C:/dir` names a drive.
#[cfg(not(unix))]
fn to_path(bytes: Vec<u8>) -> Result<PathBuf, UrlError> {
    let text = String::from_utf8(bytes).map_err(|_| UrlError::NotAPath)?;
    let drive = text.strip_prefix('/').filter(|rest| rest.as_bytes().get(1) == Some(&b':'));
    Ok(drive.unwrap_or(&text).into())
}

/// The address as it may be written into settings again.
impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self {
            Self::Directory(path) => path,
            Self::Http(url) => return url.fmt(f),
        };
        f.write_str("file://")?;
        for byte in url_path(path) {
            match byte {
                b'/' | b'-' | b'_' | b'.' | b'~' | b':' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                    write!(f, "{}", char::from(byte))?;
                }
                other => write!(f, "%{other:02X}")?,
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn url_path(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(not(unix))]
fn url_path(path: &Path) -> Vec<u8> {
    format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes()
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the server's URL is empty"),
            Self::ControlCharacter => f.write_str("a control character in the server's URL"),
            Self::NoScheme => {
                f.write_str("the server's URL must start with a scheme, as in https://host or file:///path")
            }
            Self::UnknownScheme(scheme) => write!(f, "no server is reached by `{scheme}:`"),
            Self::UserInfo => f.write_str("the server's URL must not hold a name or password"),
            Self::Http(error) => error.fmt(f),
            Self::ForeignHost(host) => write!(f, "a `file:` URL cannot name the host {host:?}"),
            Self::RelativePath => {
                f.write_str("a `file:` URL needs an absolute path, as in file:///absolute/path")
            }
            Self::QueryOrFragment => f.write_str("`?` and `#` in a `file:` URL must be written %3F and %23"),
            Self::BadEscape => {
                f.write_str("`%` in the server's URL must be followed by two hexadecimal digits")
            }
            Self::NotAPath => f.write_str("the server's URL names no path of this system"),
        }
    }
}

impl std::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn directories_are_read_and_written_back() {
        for (text, path, written) in [
            ("file:///srv/missions", "/srv/missions", "file:///srv/missions"),
            ("FILE://localhost/srv/a%20b", "/srv/a b", "file:///srv/a%20b"),
            ("file:///%C3%A9/%25%3f", "/é/%?", "file:///%C3%A9/%25%3F"),
            ("file:///a@b:c", "/a@b:c", "file:///a%40b:c"),
        ] {
            let url = ServerUrl::parse(text).expect(text);
            assert_eq!(url, ServerUrl::Directory(path.into()), "{text}");
            assert_eq!(url.to_string(), written);
            assert_eq!(ServerUrl::parse(written), Ok(url));
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (text, error) in [
            ("", UrlError::Empty),
            ("file:///a\nb", UrlError::ControlCharacter),
            ("file:///a%0ab", UrlError::ControlCharacter),
            ("file:///a%00b", UrlError::ControlCharacter),
            ("/srv/missions", UrlError::NoScheme),
            ("://x", UrlError::NoScheme),
            ("ftp://host/x", UrlError::UnknownScheme("ftp".into())),
            ("ext::sh -c x", UrlError::UnknownScheme("ext".into())),
            ("https://good@evil/", UrlError::UserInfo),
            ("https://user:secret@host/", UrlError::UserInfo),
            ("file://user@/x", UrlError::UserInfo),
            ("https:/host", UrlError::Http(OriginError::Scheme)),
            ("http://host", UrlError::Http(OriginError::NotEncrypted)),
            ("https://host/\r\nx", UrlError::ControlCharacter),
            ("file://host/x", UrlError::ForeignHost("host".into())),
            ("file:/x", UrlError::RelativePath),
            ("file://", UrlError::RelativePath),
            ("file:x", UrlError::RelativePath),
            ("file:///x?y", UrlError::QueryOrFragment),
            ("file:///x#y", UrlError::QueryOrFragment),
            ("file:///x%2", UrlError::BadEscape),
            ("file:///x%+1", UrlError::BadEscape),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn servers_of_the_network_have_one_spelling() {
        for (text, written) in [
            ("HTTPS://Host:443/", "https://host"),
            ("https://host/a/", "https://host/a"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ] {
            assert_eq!(ServerUrl::parse(text).expect(text).to_string(), written);
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_what_might_be_a_password() {
        let error = ServerUrl::parse("https://user:secret@host/").expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
