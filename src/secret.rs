//! Text that is never printed: a password or a token. Knows nothing about what it opens.
//!
//! There is one way to the text, [`Secret::expose`], and `tests/layers.rs` names the files that may take it. No `Clone`,
//! no comparison, no conversion: a secret is moved from where it was read to where it is used.

use std::fmt;

/// The longest secret, in bytes. Servers refuse longer header lines.
pub const MAX_BYTES: usize = 8 * 1024;

/// Visible ASCII that is never printed.
pub struct Secret(Box<str>);

/// Why a text is no secret. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSecret {
    /// Nothing at all
    Empty,
    /// A control character, a blank, or a character beyond ASCII: it could not stand in a header
    BadCharacter,
    /// More than [`MAX_BYTES`]
    TooLong,
}

impl Secret {
    /// Takes a text over. Only visible ASCII can be one: no blank, no line end, nothing that ends a header.
    pub fn new(text: String) -> Result<Self, NoSecret> {
        if text.is_empty() {
            Err(NoSecret::Empty)
        } else if !text.bytes().all(|b| b.is_ascii_graphic()) {
            Err(NoSecret::BadCharacter)
        } else if text.len() > MAX_BYTES {
            Err(NoSecret::TooLong)
        } else {
            Ok(Self(text.into_boxed_str()))
        }
    }

    /// The text itself. For the header, and for the file that keeps it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for NoSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the token is empty"),
            Self::BadCharacter => {
                f.write_str("the token holds a blank, a control character or one beyond ASCII")
            }
            Self::TooLong => write!(f, "the token is longer than {MAX_BYTES} bytes"),
        }
    }
}

impl std::error::Error for NoSecret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_printed() {
        let secret = Secret::new("canary".to_owned()).expect("a secret");
        let printed = format!("{secret} {secret:?} {secret:#?} {:?}", Some(&secret));
        assert!(!printed.contains("canary") && printed.contains("***"), "{printed}");
        assert_eq!(secret.expose(), "canary");
    }

    #[test]
    fn what_could_end_a_header_is_none() {
        for text in
            ["a\r\nb", "a\nb", "a\rb", "a\0b", "a b", " a", "a\t", "a\u{7f}", "é", "\u{85}", "a\u{200b}"]
        {
            assert_eq!(Secret::new(text.to_owned()).err(), Some(NoSecret::BadCharacter), "{text:?}");
        }
        assert_eq!(Secret::new(String::new()).err(), Some(NoSecret::Empty));
        assert_eq!(Secret::new("a".repeat(MAX_BYTES + 1)).err(), Some(NoSecret::TooLong));
        assert!(Secret::new("AZaz09-._~+/=!\"|".to_owned()).is_ok());
    }
}
