//! Looking for secrets in a text that is about to be sent. A find names the rule and the line, never the secret.
//!
//! Patterns, not entropy: few false alarms, and every one can be explained. Knows nothing about files.

/// Something that looks like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// Which pattern it matches
    pub rule: &'static str,
    /// Line, from 1
    pub line: usize,
}

/// A token that starts with a fixed text and goes on with enough characters of one set.
struct Token {
    rule: &'static str,
    prefixes: &'static [&'static str],
    /// Characters after the prefix, at least
    length: usize,
    of: fn(u8) -> bool,
}

const TOKENS: [Token; 10] = [
    Token { rule: "aws_access_key", prefixes: &["AKIA", "ASIA"], length: 16, of: upper_or_digit },
    Token {
        rule: "github_token",
        prefixes: &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        length: 36,
        of: alphanumeric,
    },
    Token { rule: "github_token", prefixes: &["github_pat_"], length: 22, of: word },
    Token { rule: "gitlab_token", prefixes: &["glpat-"], length: 20, of: word_or_dash },
    Token {
        rule: "slack_token",
        prefixes: &["xoxa-", "xoxb-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"],
        length: 10,
        of: word_or_dash,
    },
    Token { rule: "google_api_key", prefixes: &["AIza"], length: 35, of: word_or_dash },
    Token { rule: "stripe_key", prefixes: &["sk_live_", "rk_live_"], length: 16, of: alphanumeric },
    Token { rule: "npm_token", prefixes: &["npm_"], length: 36, of: alphanumeric },
    Token { rule: "pypi_token", prefixes: &["pypi-AgE"], length: 32, of: word_or_dash },
    Token {
        rule: "api_key",
        prefixes: &["sk-ant-", "sk-proj-", "sk-svcacct-"],
        length: 20,
        of: word_or_dash,
    },
];

/// The first thing in the text that looks like a secret.
pub fn find_secret(text: &str) -> Option<Secret> {
    let mut lines = text.split('\n').enumerate();
    lines.find_map(|(at, line)| rule_of(line).map(|rule| Secret { rule, line: at + 1 }))
}

fn rule_of(line: &str) -> Option<&'static str> {
    if private_key(line) {
        return Some("private_key");
    }
    if let Some(token) = TOKENS.iter().find(|token| token.stands_in(line)) {
        return Some(token.rule);
    }
    if json_web_token(line) {
        return Some("jwt");
    }
    if aws_secret(line) {
        return Some("aws_secret_key");
    }
    None
}

impl Token {
    fn stands_in(&self, line: &str) -> bool {
        self.prefixes.iter().any(|prefix| {
            starts(line, prefix).any(|rest| rest.bytes().take_while(|b| (self.of)(*b)).count() >= self.length)
        })
    }
}

/// The heading of a PEM or PGP private key of any kind.
fn private_key(line: &str) -> bool {
    line.split("-----BEGIN ").skip(1).any(|rest| {
        let label = rest.split("-----").next().unwrap_or_default();
        rest.len() > label.len() && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
    })
}

/// Three parts of base 64, of which the first two are JSON objects.
fn json_web_token(line: &str) -> bool {
    starts(line, "eyJ").any(|rest| {
        let mut parts = rest.split('.').map(|part| part.bytes().take_while(|b| word_or_dash(*b)).count());
        let mut text = rest.split('.');
        let whole = |part: Option<&str>, count: Option<usize>| part.map(str::len) == count && count > Some(4);
        whole(text.next(), parts.next())
            && text.clone().next().is_some_and(|claims| claims.starts_with("eyJ"))
            && whole(text.next(), parts.next())
            && parts.next().is_some_and(|signature| signature >= 16)
    })
}

/// `aws_secret_access_key = <40 characters>`, in any of its spellings.
fn aws_secret(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let names = ["aws_secret_access_key", "aws_secret_key", "secretaccesskey"];
    names.iter().filter_map(|name| lower.find(name).map(|at| at + name.len())).any(|end| {
        let value = line[end..].trim_start_matches([' ', '\t', '"', '\'', '=', ':', '`']);
        let length = value.bytes().take_while(|b| alphanumeric(*b) || matches!(b, b'/' | b'+')).count();
        value.len() < line.len() - end && length == 40
    })
}

/// What follows `prefix` wherever it starts a word.
fn starts<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    line.match_indices(prefix).filter_map(move |(at, _)| {
        let inside = line[..at].bytes().next_back().is_some_and(|b| alphanumeric(b) || b == b'_');
        (!inside).then(|| &line[at + prefix.len()..])
    })
}

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn upper_or_digit(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn word_or_dash(byte: u8) -> bool {
    word(byte) || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written in two halves, so that no scanner takes this file for a leak.
    fn samples() -> Vec<(&'static str, String)> {
        let join = |a: &str, b: &str| format!("{a}{b}");
        let many = |prefix: &str, n: usize| format!("{prefix}{}", "a1B2".repeat(n));
        vec![
            ("private_key", join("-----BEGIN RSA PRIV", "ATE KEY-----")),
            ("private_key", join("-----BEGIN PRIV", "ATE KEY-----")),
            ("private_key", join("-----BEGIN OPENSSH PRIV", "ATE KEY-----")),
            ("private_key", join("-----BEGIN PGP PRIV", "ATE KEY BLOCK-----")),
            ("aws_access_key", join("AKI", "AIOSFODNN7EXAMPLE")),
            ("aws_secret_key", join("aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
            ("aws_secret_key", join("\"SecretAccessKey\": \"", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"")),
            ("github_token", many(&join("gh", "p_"), 9)),
            ("github_token", many(&join("github", "_pat_"), 20)),
            ("gitlab_token", many(&join("gl", "pat-"), 5)),
            ("slack_token", join("xo", "xb-123456789012-abcdef")),
            ("google_api_key", many(&join("AI", "za"), 9)),
            ("stripe_key", many(&join("sk_", "live_"), 6)),
            ("npm_token", many(&join("np", "m_"), 9)),
            ("pypi_token", many(&join("pypi", "-AgE"), 9)),
            ("api_key", many(&join("sk-", "ant-"), 6)),
            ("jwt", join("eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P")),
        ]
    }

    #[test]
    fn every_kind_is_found_wherever_it_stands() {
        for (rule, secret) in samples() {
            for (text, line) in [
                (secret.clone(), 1),
                (format!("one\r\ntwo\nkey: \"{secret}\",\n"), 3),
                (format!("é=({secret})"), 1),
            ] {
                assert_eq!(find_secret(&text), Some(Secret { rule, line }), "{text}");
            }
        }
    }

    #[test]
    fn text_that_speaks_of_secrets_is_none() {
        for text in [
            "",
            "Put your AKIA… key into the vault.",
            "a base64 blob dGVzdAKIAIOSFODNN7EXAMPLEdGVzdA==",
            "ghp_xxxx, glpat-…, xoxb-…, sk_live_…, npm_install, npm_config_cache",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN RSA PRIVATE KEY",
            "aws_secret_access_key = <from the vault>",
            "aws_secret_access_key",
            "a token looks like eyJ<header>.eyJ<claims>.<signature>",
            "eyJhbGciOiJIUzI1NiJ9",
            "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert_eq!(find_secret(text), None, "{text}");
        }
    }

    #[test]
    fn a_find_never_shows_the_secret() {
        for (_, secret) in samples() {
            let found = format!("{:?}", find_secret(&secret));
            assert!(!found.contains(&secret[secret.len() / 2..]), "{found}");
        }
    }
}
