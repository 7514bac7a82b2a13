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

/// The heading of a private key begins so.
const HEADING: &str = "-----BEGIN ";
/// A JSON object in base 64 begins so.
const JSON: &str = "eyJ";
/// Names of one kind of secret, in small letters.
const AWS_SECRETS: [&str; 3] = ["aws_secret_access_key", "aws_secret_key", "secretaccesskey"];

/// The first thing in the text that looks like a secret. Lines in which nothing begins like one are not looked at
/// closely: that is nearly all of them, and every artifact of a commit is looked through.
pub fn find_secret(text: &str) -> Option<Secret> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = next_beginning(bytes, at) {
        let start = bytes[..found].iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
        let end = bytes[found..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |end| found + end);
        if let Some(rule) = rule_of(&text[start..end]) {
            return Some(Secret { rule, line: text[..start].matches('\n').count() + 1 });
        }
        at = end;
    }
    None
}

/// Where, from `from` on, something begins as some secret does.
fn next_beginning(bytes: &[u8], from: usize) -> Option<usize> {
    let ways = |pair: &[u8]| FIRST[usize::from(pair[0])] & SECOND[usize::from(pair[1])];
    let pairs = bytes.get(from..)?.windows(2).enumerate();
    let mut likely = pairs.map(|(at, pair)| (from + at, ways(pair))).filter(|(_, ways)| *ways != 0);
    likely.find(|(at, ways)| begins(&bytes[*at..], *ways)).map(|(at, _)| at)
}

/// Whether something begins here in one of these ways.
fn begins(rest: &[u8], ways: u8) -> bool {
    let is_here = |prefix: &str| rest.starts_with(prefix.as_bytes());
    let tokens = TOKENS.iter().enumerate().filter(|(at, _)| ways & token_bit(*at) != 0);
    let folded =
        |name: &&str| rest.get(..name.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(name.as_bytes()));
    tokens.flat_map(|(_, token)| token.prefixes).any(|prefix| is_here(prefix))
        || (ways & OTHER != 0 && (is_here(HEADING) || is_here(JSON)))
        || (ways & FOLDED != 0 && AWS_SECRETS.iter().any(folded))
}

/// The bits of what begins with neither a token nor a name in any case, and of what begins with such a name.
const OTHER: u8 = 1 << 6;
const FOLDED: u8 = 1 << 7;

const fn token_bit(at: usize) -> u8 {
    1 << (at % 6)
}

/// One bit for each way in which secrets begin, of the bytes that are first and of those that are second.
const FIRST: [u8; 256] = bits(0);
const SECOND: [u8; 256] = bits(1);

/// Of the first or of the second bytes of everything that a secret begins with. Bits stand for several beginnings each:
/// what is let through is looked at anyway.
const fn bits(at: usize) -> [u8; 256] {
    let mut bits = [0; 256];
    let mut token = 0;
    while token < TOKENS.len() {
        let prefixes = TOKENS[token].prefixes;
        let mut prefix = 0;
        while prefix < prefixes.len() {
            bits[prefixes[prefix].as_bytes()[at] as usize] |= token_bit(token);
            prefix += 1;
        }
        token += 1;
    }
    bits[HEADING.as_bytes()[at] as usize] |= OTHER;
    bits[JSON.as_bytes()[at] as usize] |= OTHER;
    let mut name = 0;
    while name < AWS_SECRETS.len() {
        let byte = AWS_SECRETS[name].as_bytes()[at];
        bits[byte as usize] |= FOLDED;
        bits[byte.to_ascii_uppercase() as usize] |= FOLDED;
        name += 1;
    }
    bits
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
    line.split(HEADING).skip(1).any(|rest| {
        let label = rest.split("-----").next().unwrap_or_default();
        rest.len() > label.len() && (label.ends_with("PRIVATE KEY") || label.ends_with("PRIVATE KEY BLOCK"))
    })
}

/// Three parts of base 64, of which the first two are JSON objects.
fn json_web_token(line: &str) -> bool {
    starts(line, JSON).any(|rest| {
        let mut parts = rest.split('.').map(|part| part.bytes().take_while(|b| word_or_dash(*b)).count());
        let mut text = rest.split('.');
        let whole = |part: Option<&str>, count: Option<usize>| part.map(str::len) == count && count > Some(4);
        whole(text.next(), parts.next())
            && text.clone().next().is_some_and(|claims| claims.starts_with(JSON))
            && whole(text.next(), parts.next())
            && parts.next().is_some_and(|signature| signature >= 16)
    })
}

/// `aws_secret_access_key = <40 characters>`, in any of its spellings.
fn aws_secret(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    AWS_SECRETS.iter().filter_map(|name| lower.find(name).map(|at| at + name.len())).any(|end| {
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

    /// Whatever stands before, beside and after it.
    #[test]
    fn what_is_passed_over_holds_nothing() {
        let line_by_line = |text: &str| {
            let mut lines = text.split('\n').enumerate();
            lines.find_map(|(at, line)| rule_of(line).map(|rule| Secret { rule, line: at + 1 }))
        };
        let mut found = 0;
        for (_, secret) in samples() {
            let upper = secret.to_ascii_uppercase();
            for part in (0..=secret.len())
                .flat_map(|end| [&secret[..end], &secret[secret.len() - end..], &upper[..end]])
            {
                for (before, after) in [
                    ("", ""),
                    ("\n", "\n"),
                    ("git section --- sk\r\n", "é"),
                    ("é eyJ A", " A"),
                    ("_", "\n\nAKI"),
                    ("-", "-"),
                ] {
                    let text = format!("{before}{part}{after}");
                    found += usize::from(find_secret(&text).is_some());
                    assert_eq!(find_secret(&text), line_by_line(&text), "{text}");
                }
            }
        }
        assert!(found > 500, "{found}");
    }

    #[test]
    fn a_find_never_shows_the_secret() {
        for (_, secret) in samples() {
            let found = format!("{:?}", find_secret(&secret));
            assert!(!found.contains(&secret[secret.len() / 2..]), "{found}");
        }
    }
}
