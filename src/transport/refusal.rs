//! Why something was not delivered, by what to do about it. Knows no kind of server.

use std::fmt;
use std::time::Duration;

use crate::clock::Instant;
use crate::gate::Violation;

/// Why something was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Try again later
    Retry {
        /// What is in the way
        cause: RetryCause,
        /// What the server or the system said
        detail: String,
        /// How long the server asks to be left alone
        after: Option<Pause>,
    },
    /// Refused for what it holds: never send this again; holds the reason
    Permanent(String),
    /// Not allowed to this user: never send this again by itself; holds the reason
    Forbidden(String),
    /// The batch was refused for these events, each with the reason; nothing of it was taken
    Named(Vec<(String, String)>),
    /// Nothing can be sent before somebody logs in
    AuthNeeded,
    /// The gate stopped it on its way out: nothing was sent
    Contract(Violation),
}

/// How long a server asks to be left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// For so long
    For(Duration),
    /// Until this time of the server's clock
    Until(Instant),
}

/// What stands in the way of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryCause {
    /// There is nobody at that address: no such host, or nobody listens
    Unreachable,
    /// No whole answer in the time there was
    TimedOut,
    /// No connection that is safe: a certificate that is not trusted, or no TLS at all. Never sent without
    Unsafe,
    /// The connection broke, or what came was no HTTP
    Broken,
    /// The server asks for fewer requests
    Busy,
    /// The server has a fault of its own
    Fault,
    /// The server points elsewhere, which is not followed
    Redirected,
    /// Nothing takes this at that address
    NotThere,
    /// The server does not know the artifact yet
    NotIndexed,
    /// The answer was no acknowledgement of what was sent
    Unconfirmed,
    /// The server said no, in a way that the interface does not know
    Rejected,
}

impl Pause {
    /// Reads a `Retry-After`: seconds or a date. Anything else is junk and says nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            // More digits than fit are still a very long time; whoever waits has a limit of its own.
            return Some(Self::For(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX)))));
        }
        Instant::parse_http_date(text).map(Self::Until)
    }

    /// How long that is, seen from `now`.
    pub fn from(self, now: Instant) -> Duration {
        match self {
            Self::For(span) => span,
            Self::Until(then) => then.since(now),
        }
    }
}

impl Refusal {
    pub(super) fn retry(cause: RetryCause, detail: impl Into<String>) -> Self {
        Self::Retry { cause, detail: detail.into(), after: None }
    }

    /// Whether this counts as a try: only what the server said about the payload itself does.
    pub fn counts_as_try(&self) -> bool {
        match self {
            Self::Retry { cause, .. } => matches!(cause, RetryCause::NotIndexed | RetryCause::Rejected),
            Self::Permanent(_) | Self::Forbidden(_) | Self::Named(_) | Self::Contract(_) => true,
            Self::AuthNeeded => false,
        }
    }

    /// Whether the rest of the run would meet the same: no further payload should be tried now.
    pub fn stops_the_run(&self) -> bool {
        match self {
            Self::Retry { cause, after, .. } => {
                after.is_some()
                    || matches!(
                        cause,
                        RetryCause::Unreachable
                            | RetryCause::TimedOut
                            | RetryCause::Unsafe
                            | RetryCause::Busy
                    )
            }
            Self::AuthNeeded => true,
            Self::Permanent(_) | Self::Forbidden(_) | Self::Named(_) | Self::Contract(_) => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { cause, detail, .. } => {
                let words = match cause {
                    RetryCause::Unreachable => "the server cannot be reached",
                    RetryCause::TimedOut => "the server did not answer in time",
                    RetryCause::Unsafe => "no safe connection to the server",
                    RetryCause::Broken => "the connection broke",
                    RetryCause::Busy => "the server is busy",
                    RetryCause::Fault => "the server has a fault",
                    RetryCause::Redirected => "the server points elsewhere, which is not followed",
                    RetryCause::NotThere => "nothing at the server's address takes it",
                    RetryCause::NotIndexed => "the server does not know the artifact yet",
                    RetryCause::Unconfirmed => "the server did not acknowledge what was sent",
                    RetryCause::Rejected => "the server refused it",
                };
                if detail.is_empty() { f.write_str(words) } else { write!(f, "{words}: {detail}") }
            }
            Self::Permanent(reason) | Self::Forbidden(reason) => f.write_str(reason),
            Self::Named(events) => match events.first() {
                Some((id, reason)) => write!(f, "the server refused {id}: {reason}"),
                None => f.write_str("the server refused the events"),
            },
            Self::AuthNeeded => f.write_str("not logged in"),
            Self::Contract(violation) => write!(f, "contract violation: {violation}"),
        }
    }
}

impl std::error::Error for Refusal {}
