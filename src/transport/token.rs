//! A token, and the one server that may have it.

use ureq::http::HeaderValue;

use super::Origin;
use crate::secret::Secret;

/// A token and the origin that it was obtained for. It cannot be printed, and only the header of a request to that
/// origin can be made of it.
#[derive(Debug)]
pub struct Token {
    secret: Secret,
    origin: Origin,
}

impl Token {
    /// The token of one origin.
    pub fn new(secret: Secret, origin: Origin) -> Self {
        Self { secret, origin }
    }

    /// Whose token it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The value of `Authorization` for a request to `to`; `None` for every other origin than the token's own. Marked
    /// as sensitive, so that the client does not print it either.
    pub(super) fn authorization(&self, to: &Origin) -> Option<HeaderValue> {
        if *to != self.origin {
            return None;
        }
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.secret.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        Origin::parse(text).expect(text)
    }

    fn token(of: &str) -> Token {
        Token::new(Secret::new("canary".to_owned()).expect("a secret"), origin(of))
    }

    #[test]
    fn only_its_origin_gets_it() {
        let token = token("https://good.example");
        let header = token.authorization(&origin("https://GOOD.example:443/path")).expect("its own");
        assert_eq!(header.as_bytes(), b"Bearer canary");
        for other in [
            "https://good.example:444",
            "https://evil.example",
            "https://good.example.evil.example",
            "https://api.good.example",
            "https://xn--gd-fmca.example",
            "http://localhost",
        ] {
            assert!(token.authorization(&origin(other)).is_none(), "{other}");
        }
    }

    #[test]
    fn nothing_prints_it() {
        let token = token("https://good.example");
        let header = token.authorization(&origin("https://good.example")).expect("its own");
        let printed = format!("{token:?} {token:#?} {header:?}");
        assert!(!printed.contains("canary") && printed.contains("good.example"), "{printed}");
    }
}
