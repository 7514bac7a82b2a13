//! One request, and its whole answer or none: what was not read to the end within its time did not arrive.
//!
//! Knows headers, limits and faults of the network; what stands in a request and what an answer means is for others.

use std::io::{self, Read as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use ureq::http::{HeaderValue, Uri, header};
use ureq::{Agent, Body, Error};

use super::network::{Agents, Network, NetworkError, Patience};
use super::{HttpUrl, Pause, Refusal, RetryCause, Token};

/// Bytes of an answer, at most, also unpacked.
const MAX_ANSWER: u64 = 4 << 20;

/// A token that is shorter stands in every answer by chance.
const SHORTEST_TOKEN: usize = 8;

/// Sends requests to one server.
pub struct Client {
    agents: Agents,
    url: HttpUrl,
    authorization: Option<HeaderValue>,
    patience: Patience,
    /// Addresses by their paths
    addresses: Mutex<Vec<(String, Uri)>>,
}

/// How the content of a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is
    Plain,
    /// Compressed
    Gzip,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, 200 to 299 or 400 to 599
    pub status: u16,
    /// How long the server asks to be left alone
    pub pause: Option<Pause>,
    /// Its content
    pub content: Vec<u8>,
}

impl Client {
    /// A client of one server. A token of another origin is not used.
    pub fn new(
        url: HttpUrl,
        token: Option<&Token>,
        network: &Network,
        patience: Patience,
    ) -> Result<Self, NetworkError> {
        let agents = network.agents(url.origin())?;
        let authorization = token.and_then(|token| token.authorization(url.origin()));
        Ok(Self { agents, url, authorization, patience, addresses: Mutex::default() })
    }

    /// Posts JSON to a path of the server, which begins with `/`, and reads the answer to its end.
    pub fn post(&self, path: &str, json: &str, encoding: Encoding) -> Result<Answer, Refusal> {
        let time = self.patience.next();
        if time.is_zero() {
            return Err(out_of_time(time));
        }
        let agent = self.agents.take();
        let answer = self.post_by(&agent, path, json, encoding, time);
        self.agents.give_back(agent);
        answer
    }

    fn post_by(
        &self,
        agent: &Agent,
        path: &str,
        json: &str,
        encoding: Encoding,
        time: Duration,
    ) -> Result<Answer, Refusal> {
        let request = match self.address(path) {
            Some(address) => agent.post(address),
            None => agent.post(self.url.join(path)),
        };
        let mut request = request
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.clone());
        }
        let request = request.config().timeout_global(Some(time)).build();
        let sent = match encoding {
            Encoding::Plain => request.send(json),
            Encoding::Gzip => {
                let packed =
                    pack(json).map_err(|error| Refusal::retry(RetryCause::Broken, error.to_string()))?;
                request.header(header::CONTENT_ENCODING, "gzip").send(&packed[..])
            }
        };
        let mut response = sent.map_err(|error| fault(&error, time))?;
        let (status, headers) = (response.status().as_u16(), response.headers());
        let is_packed = headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"gzip"));
        let pause = headers.get(header::RETRY_AFTER).and_then(|value| Pause::parse(value.to_str().ok()?));
        let content = read(is_packed, response.body_mut()).map_err(|error| fault(&error, time))?;
        let content = self.without_token(content);
        if status < 200 || (300..400).contains(&status) {
            return Err(Refusal::retry(RetryCause::Redirected, status.to_string()));
        }
        Ok(Answer { status, pause, content })
    }
}

impl Client {
    /// The address of a path, read once; `None` if it is none, which whoever uses it as a text is told.
    fn address(&self, path: &str) -> Option<Uri> {
        let mut known = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, address)) = known.iter().find(|(of, _)| of == path) {
            return Some(address.clone());
        }
        let address: Uri = self.url.join(path).parse().ok()?;
        known.push((path.to_owned(), address.clone()));
        Some(address)
    }

    /// What a server said, with the token taken out: its words end up in files and on terminals.
    fn without_token(&self, content: Vec<u8>) -> Vec<u8> {
        let token = self.authorization.as_ref().and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        let Some(token) = token.filter(|token| token.len() >= SHORTEST_TOKEN) else { return content };
        let (mut kept, mut at) = (Vec::with_capacity(content.len()), 0);
        while let Some(rest) = content.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(length) = spelled(rest, token) {
                kept.extend_from_slice(b"***");
                at += length;
            } else {
                kept.push(rest[0]);
                at += 1;
            }
        }
        kept
    }
}

/// How many bytes at the start of `text` spell the token, plain or escaped as JSON allows. `None` if they do not.
fn spelled(text: &[u8], token: &[u8]) -> Option<usize> {
    token.iter().try_fold(0, |at, byte| {
        let length = match text.get(at..)? {
            [b'\\', b'u', b'0', b'0', digits @ ..] if hexadecimal(digits.get(..2)?) == Some(*byte) => 6,
            [b'\\', escaped @ (b'/' | b'"' | b'\\'), ..] if escaped == byte => 2,
            [plain, ..] if plain == byte => 1,
            _ => return None,
        };
        Some(at + length)
    })
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

fn pack(text: &str) -> io::Result<Vec<u8>> {
    // Events are so much alike that trying harder takes several times as long and gains little.
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 8), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// Reads the answer to its end. Compression was not asked for, and is understood where it comes all the same.
fn read(is_packed: bool, body: &mut Body) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let mut wire = body.as_reader().take(MAX_ANSWER + 1);
    if is_packed {
        GzDecoder::new(&mut wire).take(MAX_ANSWER + 1).read_to_end(&mut content)?;
        // To the end, so that the connection can be used again.
        io::copy(&mut wire, &mut io::sink())?;
    } else {
        wire.read_to_end(&mut content)?;
    }
    if wire.limit() == 0 || content.len() as u64 > MAX_ANSWER {
        return Err(Error::BodyExceedsLimit(MAX_ANSWER));
    }
    Ok(content)
}

fn out_of_time(time: Duration) -> Refusal {
    Refusal::retry(RetryCause::TimedOut, format!("after {:.1} s", time.as_secs_f64()))
}

/// What a failed request met.
fn fault(error: &Error, time: Duration) -> Refusal {
    let (cause, detail) = match error {
        Error::Timeout(_) => return out_of_time(time),
        Error::Io(error) => return io_fault(error, time),
        Error::HostNotFound => (RetryCause::Unreachable, "no such host".to_owned()),
        Error::ConnectionFailed | Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => {
            (RetryCause::Unreachable, error.to_string())
        }
        Error::Tls(_)
        | Error::Rustls(_)
        | Error::TlsRequired
        | Error::Pem(_)
        | Error::RequireHttpsOnly(_) => (RetryCause::Unsafe, error.to_string()),
        Error::BodyExceedsLimit(_) => (RetryCause::Broken, "the answer has no end".to_owned()),
        Error::LargeResponseHeader(..) => (RetryCause::Broken, "the answer's head has no end".to_owned()),
        other => (RetryCause::Broken, other.to_string()),
    };
    Refusal::retry(cause, detail)
}

/// Whether an error is what this variant holds.
fn is_of<T: std::error::Error + 'static>(
    _variant: fn(T) -> Error,
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> bool {
    error.is::<T>()
}

fn io_fault(error: &io::Error, time: Duration) -> Refusal {
    // Errors of the client and of TLS come wrapped where they are met while reading.
    if let Some(inner) = error.get_ref() {
        if let Some(inner) = inner.downcast_ref::<Error>() {
            return fault(inner, time);
        }
        if is_of(Error::Rustls, inner) {
            return Refusal::retry(RetryCause::Unsafe, inner.to_string());
        }
        let words = inner.to_string();
        if words.contains("failed to lookup address") {
            return Refusal::retry(RetryCause::Unreachable, words);
        }
    }
    let cause = match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => return out_of_time(time),
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => RetryCause::Unreachable,
        _ => RetryCause::Broken,
    };
    Refusal::retry(cause, error.to_string())
}
