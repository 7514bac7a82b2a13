//! The credentials file as text: TOML that other programs share, of which only our keys are changed.
//!
//! ```toml
//! [tokens]
//! access = "…"
//! refresh = "…"
//! access_expires_at = "2026-04-06T05:01:28+00:00"    # or [expiries] access, refresh
//! [user]
//! username = "…"
//! [server]
//! url = "https://…"
//! ```
//!
//! Knows nothing about files, and not which server is asked.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use toml_edit::{DocumentMut, Item, TableLike, Value, value};

use crate::clock::Instant;
use crate::json::{Limits, Value as Json, parse_object};
use crate::secret::{NoSecret, Secret};

const TOKENS: &str = "tokens";
const EXPIRIES: &str = "expiries";
const SERVER: &str = "server";
/// Every key that a login makes and that ends with it.
const OF_A_LOGIN: [(&str, &str); 6] = [
    (TOKENS, "access"),
    (TOKENS, "refresh"),
    (TOKENS, "access_expires_at"),
    (TOKENS, "refresh_expires_at"),
    (EXPIRIES, "access"),
    (EXPIRIES, "refresh"),
];

/// What the file says. Not printable: it holds tokens.
#[derive(Default)]
pub struct Credentials(DocumentMut);

/// Why the text cannot be used. Never holds a piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsFault {
    /// Not UTF-8
    NotText,
    /// Not TOML, from this line and column on (both from 1)
    Syntax {
        /// The line
        line: usize,
        /// The column, in characters
        column: usize,
    },
    /// This is something else than a table
    NotATable(&'static str),
    /// `tokens.access` is something else than a string
    NotAString,
    /// `tokens.access` cannot be a token
    NoSecret(NoSecret),
}

/// How long an access token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing is said
    Unknown,
    /// Until then
    At(Instant),
    /// Something is said that is no point in time
    Unreadable,
}

impl Expiry {
    /// Whether the token must not be used any more.
    pub fn is_over(self, now: Instant) -> bool {
        match self {
            Self::Unknown => false,
            Self::At(end) => now >= end,
            Self::Unreadable => true,
        }
    }
}

impl Credentials {
    /// Reads the text.
    pub fn parse(text: &[u8]) -> Result<Self, CredentialsFault> {
        let text = std::str::from_utf8(text).map_err(|_| CredentialsFault::NotText)?;
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.rsplit('\n').next().unwrap_or_default();
            CredentialsFault::Syntax {
                line: before.matches('\n').count() + 1,
                column: line.chars().count() + 1,
            }
        })?;
        for section in [TOKENS, EXPIRIES, SERVER] {
            if document.get(section).is_some_and(|item| item.as_table_like().is_none()) {
                return Err(CredentialsFault::NotATable(section));
            }
        }
        Ok(Self(document))
    }

    /// The server that the tokens are of.
    pub fn server(&self) -> Option<&str> {
        self.at(SERVER, "url")?.as_str().filter(|url| !url.is_empty())
    }

    /// The access token; an empty one is none.
    pub fn access(&self) -> Result<Option<Secret>, CredentialsFault> {
        match self.at(TOKENS, "access") {
            None => Ok(None),
            Some(item) => match item.as_str().ok_or(CredentialsFault::NotAString)? {
                "" => Ok(None),
                text => Secret::new(text.to_owned()).map(Some).map_err(CredentialsFault::NoSecret),
            },
        }
    }

    /// How long the access token is good.
    pub fn access_expiry(&self) -> Expiry {
        let said = self.at(EXPIRIES, "access").or_else(|| self.at(TOKENS, "access_expires_at"));
        let Some(said) = said.and_then(Item::as_value) else { return Expiry::Unknown };
        let text = match said {
            Value::String(text) => text.value().clone(),
            Value::Datetime(time) => time.value().to_string(),
            _ => return Expiry::Unreadable,
        };
        Instant::parse_utc(&text).map_or(Expiry::Unreadable, Expiry::At)
    }

    /// Puts the token of a server in place of the one that is there. What belongs to the former login (its refresh
    /// token, its expiries) goes with it; everything else stays. A token that says when it expires is kept with that
    /// time: programs that share the file use no other.
    pub fn log_in(&mut self, token: &Secret, server: &str) {
        for (section, key) in OF_A_LOGIN.into_iter().filter(|place| *place != (TOKENS, "access")) {
            self.remove(section, key);
        }
        self.set(TOKENS, "access", token.expose());
        if let Some(expiry) = expiry_of(token.expose()) {
            self.set(TOKENS, "access_expires_at", &expiry.to_iso());
        }
        self.set(SERVER, "url", server);
    }

    /// Removes the tokens and what is said of them; whether there were any.
    pub fn log_out(&mut self) -> bool {
        let mut any = false;
        for (section, key) in OF_A_LOGIN {
            any |= self.remove(section, key);
        }
        any
    }

    /// The text as it is to be written.
    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    fn at(&self, section: &str, key: &str) -> Option<&Item> {
        self.0.get(section)?.as_table_like()?.get(key)
    }

    fn remove(&mut self, section: &str, key: &str) -> bool {
        let Some(table) = self.0.get_mut(section).and_then(Item::as_table_like_mut) else { return false };
        // An emptied table stays: the comments above it may be those of the whole file.
        table.remove(key).is_some()
    }

    fn set(&mut self, section: &str, key: &str, text: &str) {
        let table: &mut dyn TableLike = match self.0.entry(section).or_insert_with(toml_edit::table) {
            item if item.is_table_like() => match item.as_table_like_mut() {
                Some(table) => table,
                None => return,
            },
            _ => return,
        };
        match table.get_mut(key).and_then(Item::as_value_mut) {
            Some(there) => {
                // What stands around the value, a comment at the end of its line, stays.
                let around = there.decor().clone();
                *there = Value::from(text);
                *there.decor_mut() = around;
            }
            None => {
                table.insert(key, value(text));
            }
        }
    }
}

/// When a JSON Web Token says that it expires (RFC 7519, `exp`). Nothing is verified: that is the server's to do.
fn expiry_of(token: &str) -> Option<Instant> {
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    match parse_object(&claims, Limits::DOCUMENT).ok()?.get("exp")? {
        Json::Number(seconds) => Instant::from_unix_seconds(i64::try_from(seconds.as_u64()?).ok()?),
        _ => None,
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(***)")
    }
}

impl fmt::Display for CredentialsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("not UTF-8"),
            Self::Syntax { line, column } => write!(f, "not TOML at line {line}, column {column}"),
            Self::NotATable(section) => write!(f, "`{section}` is not a table"),
            Self::NotAString => f.write_str("`tokens.access` is not a string"),
            Self::NoSecret(error) => write!(f, "`tokens.access`: {error}"),
        }
    }
}

impl std::error::Error for CredentialsFault {}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the programs that share the file write it.
    const SHARED: &str = "[tokens]\naccess = \"old\"\nrefresh = \"again\"\naccess_expires_at = \"2026-04-06T05:01:28.874035+00:00\"\nrefresh_expires_at = \"2026-04-13T05:01:28.874035+00:00\"\n\n[user]\nusername = \"ada\"\n\n[server]\nurl = \"https://good.example\"\n";

    fn read(text: &str) -> Credentials {
        Credentials::parse(text.as_bytes()).expect("TOML")
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned()).expect("a secret")
    }

    fn access(credentials: &Credentials) -> Option<String> {
        credentials.access().expect("readable").map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn both_places_of_the_expiry_are_read() {
        let at = |text: &str| Expiry::At(Instant::parse(text).expect("a time"));
        for (text, expiry) in [
            (SHARED, at("2026-04-06T05:01:28.874035Z")),
            ("[expiries]\naccess = \"2026-04-06T05:01:28Z\"\n", at("2026-04-06T05:01:28Z")),
            ("expiries.access = 2026-04-06T07:01:28+02:00\n", at("2026-04-06T05:01:28Z")),
            ("expiries = {access = \"2026-04-06T05:01:28\"}\n", at("2026-04-06T05:01:28Z")),
            ("[expiries]\naccess = \"soon\"\n", Expiry::Unreadable),
            ("[expiries]\naccess = 12\n", Expiry::Unreadable),
            ("", Expiry::Unknown),
        ] {
            assert_eq!(read(text).access_expiry(), expiry, "{text}");
        }
        let end = Instant::parse("2026-04-06T05:01:28Z").expect("a time");
        assert!(Expiry::At(end).is_over(end) && Expiry::Unreadable.is_over(end));
        assert!(!Expiry::Unknown.is_over(end));
    }

    #[test]
    fn a_login_replaces_the_former_one_and_nothing_else() {
        let before = format!("# mine\ntop = 1\n{SHARED}\n[tracker.providers.jira] # theirs\nkey = 'k'\n");
        let before = before.replace("access = \"old\"", "access = \"old\" # kept");
        let mut credentials = read(&before);
        credentials.log_in(&secret("new\"\\"), "https://other.example");
        let after = credentials.text();
        assert_eq!(
            after,
            "# mine\ntop = 1\n[tokens]\naccess = \"new\\\"\\\\\" # kept\n\n[user]\nusername = \"ada\"\n\n[server]\nurl = \"https://other.example\"\n\n[tracker.providers.jira] # theirs\nkey = 'k'\n"
                .replace("\"new\\\"\\\\\"", "'new\"\\'")
        );
        let again = read(&after);
        assert_eq!(access(&again).as_deref(), Some("new\"\\"));
        assert_eq!((again.server(), again.access_expiry()), (Some("https://other.example"), Expiry::Unknown));
        let mut empty = Credentials::default();
        empty.log_in(&secret("t"), "https://good.example");
        assert_eq!(empty.text(), "[tokens]\naccess = \"t\"\n\n[server]\nurl = \"https://good.example\"\n");
    }

    #[test]
    fn a_token_that_says_when_it_expires_is_kept_with_that_time() {
        // {"alg":"HS256","typ":"JWT"} . {"sub":"ada","exp":1775451688} . a signature
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJleHAiOjE3NzU0NTE2ODh9.c2ln";
        let mut credentials = Credentials::default();
        credentials.log_in(&secret(token), "https://good.example");
        assert!(credentials.text().contains("access_expires_at = \"2026-04-06T05:01:28.000000+00:00\"\n"));
        assert_eq!(
            credentials.access_expiry(),
            Expiry::At(Instant::from_unix_seconds(1_775_451_688).expect("a time"))
        );
        for opaque in ["ghp_x", "a.b.c", "a.b", "a.eyJleHAiOiJzb29uIn0.c", "a.eyJleHAiOjE3NzU0NTE2ODh9.c.d"] {
            assert_eq!(expiry_of(opaque), None, "{opaque}");
        }
    }

    #[test]
    fn a_logout_leaves_what_is_not_of_the_login() {
        let mut credentials = read(&format!("# mine\n{SHARED}# the end\n"));
        assert!(credentials.log_out());
        assert_eq!(access(&credentials), None);
        let rest = "[user]\nusername = \"ada\"\n\n[server]\nurl = \"https://good.example\"\n";
        assert_eq!(credentials.text(), format!("# mine\n[tokens]\n\n{rest}# the end\n"));
        assert!(!credentials.log_out());
        let mut flat = read("tokens = {access = 'a', other = 1}\n[expiries]\naccess = 1\nother = 2\n");
        assert!(flat.log_out());
        assert_eq!(flat.text(), "tokens = { other = 1}\n[expiries]\nother = 2\n");
    }

    #[test]
    fn what_cannot_be_used_is_named_and_never_shown() {
        use CredentialsFault as F;
        for (text, fault) in [
            ("[tokens]\naccess = canary", F::Syntax { line: 2, column: 10 }),
            ("tokens = 'canary'", F::NotATable("tokens")),
            ("server = 'canary'", F::NotATable("server")),
            ("[[tokens]]\naccess = 'canary'", F::NotATable("tokens")),
        ] {
            let error = Credentials::parse(text.as_bytes()).expect_err(text);
            assert_eq!(error, fault, "{text}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
        assert_eq!(Credentials::parse(b"\xff").expect_err("bytes"), F::NotText);
        assert_eq!(read("[tokens]\naccess = 1").access().expect_err("a number"), F::NotAString);
        let broken = read("[tokens]\naccess = \"a\\r\\nHost: evil\"").access().expect_err("a line end");
        assert_eq!(broken, F::NoSecret(NoSecret::BadCharacter));
        assert_eq!(access(&read("[tokens]\naccess = \"\"")), None);
        assert!(!format!("{:?}", read(SHARED)).contains("old"));
    }
}
