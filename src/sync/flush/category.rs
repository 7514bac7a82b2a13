//! The kinds of trouble a row can meet, and what a person can do about each. Pure.

use crate::transport::Refusal;

/// The kind of trouble. The words are promised in reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// The row is not what the contract or the server wants
    SchemaMismatch,
    /// Nobody is logged in, or no longer
    AuthExpired,
    /// The server, or the way to it
    ServerError,
    /// Anything else
    Unknown,
}

impl Category {
    /// The kind, by the words of a server.
    pub(super) fn of_words(words: &str) -> Self {
        const KINDS: [(Category, &[&str]); 3] = [
            (Category::SchemaMismatch, &["invalid", "schema", "field", "missing", "type"]),
            (Category::AuthExpired, &["token", "expired", "unauthorized", "401"]),
            (Category::ServerError, &["internal", "500", "timeout", "unavailable"]),
        ];
        let words = words.to_lowercase();
        let kind = KINDS.iter().find(|(_, keywords)| keywords.iter().any(|keyword| words.contains(keyword)));
        kind.map_or(Self::Unknown, |(category, _)| *category)
    }

    /// The kind of a refusal.
    pub(super) fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Contract(_) => Self::SchemaMismatch,
            Refusal::AuthNeeded => Self::AuthExpired,
            Refusal::Retry { .. } if !refusal.counts_as_try() => Self::ServerError,
            other => Self::of_words(&other.to_string()),
        }
    }

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::SchemaMismatch => "schema_mismatch",
            Self::AuthExpired => "auth_expired",
            Self::ServerError => "server_error",
            Self::Unknown => "unknown",
        }
    }

    /// The command that helps.
    pub fn action(self) -> &'static str {
        match self {
            Self::SchemaMismatch => "git mission sync diagnose",
            Self::AuthExpired => "git mission sync login",
            Self::ServerError => "git mission sync flush",
            Self::Unknown => "git mission sync failures",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::RetryCause;

    #[test]
    fn rejections_are_told_apart_by_their_words() {
        for (words, kind) in [
            ("Missing field build_id", "schema_mismatch"),
            ("Token has EXPIRED", "auth_expired"),
            ("internal error", "server_error"),
            ("503 Service Unavailable", "server_error"),
            ("no", "unknown"),
        ] {
            assert_eq!(Category::of_words(words).word(), kind, "{words}");
        }
    }

    #[test]
    fn what_is_in_the_way_is_not_judged_by_its_words() {
        let cut = Refusal::Retry { cause: RetryCause::Broken, detail: "invalid gzip".into(), after: None };
        assert_eq!(Category::of(&cut), Category::ServerError);
        assert_eq!(Category::of(&Refusal::AuthNeeded), Category::AuthExpired);
    }
}
