//! What settlement asks of a `meta.json`, read without building its values where the text is plainly canonical: of
//! thousands of missions one commit touches a few.
//!
//! INVARIANT: the same answer as [`Meta::read`]. Whatever is not one plain line a key (an escape, a nested value, a
//! fraction, a legacy key, another order) is read in full. Knows nothing about trees.

use std::ops::Range;

use super::{Meta, NumberField, key, legacy, number_of};
use crate::clock::Instant;
use crate::id::MissionId;
use crate::json::{Limits, parse, plain_run};

/// What settlement asks of a file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glance {
    /// The machine identity, if it is valid
    pub id: Option<MissionId>,
    /// The display number, if it is valid
    pub number: Option<u64>,
    /// Whether there is no number, or `null`
    pub is_unsettled: bool,
    /// When the mission was created, if that names a point in time
    pub created_at: Option<Instant>,
}

impl Glance {
    /// Reads a file; `None` if it cannot be read without loss.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::at_plain_text(bytes).or_else(|| Self::in_full(bytes))
    }

    /// Reads a file as [`Meta::read`] does.
    pub fn in_full(bytes: &[u8]) -> Option<Self> {
        let meta = Meta::read(bytes).ok()?;
        let number = meta.number();
        Some(Self {
            id: meta.valid_id(),
            number: number.settled(),
            is_unsettled: number == NumberField::Unsettled,
            created_at: meta.created_at(),
        })
    }

    /// Reads text of the form `{`, one line `  "key": value,` for each key in strictly rising order, `}`: such text is
    /// canonical.
    pub fn at_plain_text(bytes: &[u8]) -> Option<Self> {
        Self::and_slug(bytes).map(|(found, _)| found)
    }

    /// As [`Self::at_plain_text`]; and where `mission_slug` stands, if there is one.
    pub fn and_slug(bytes: &[u8]) -> Option<(Self, Option<Range<usize>>)> {
        if bytes.len() > Limits::DOCUMENT.max_bytes {
            return None;
        }
        let mut rest = std::str::from_utf8(bytes).ok()?.strip_prefix("{\n")?;
        let mut found = Self { id: None, number: None, is_unsettled: true, created_at: None };
        let mut slug = None;
        let mut before: Option<&str> = None;
        loop {
            let (name, value);
            (name, rest) = string(rest.strip_prefix("  ")?)?;
            (value, rest) = scalar(rest.strip_prefix(": ")?)?;
            if before >= Some(name) || legacy::is_old_key(name) {
                return None;
            }
            before = Some(name);
            let text = || value.strip_prefix('"')?.strip_suffix('"');
            match name {
                key::MISSION_ID => found.id = text().and_then(MissionId::parse),
                key::MISSION_NUMBER => {
                    found.is_unsettled = value == "null";
                    if !found.is_unsettled {
                        let value = parse(value.as_bytes(), Limits::DOCUMENT).ok()?;
                        found.number = number_of(Some(&value)).settled();
                    }
                }
                key::MISSION_SLUG => {
                    // After the value, `rest`, and a quote.
                    let end = bytes.len() - rest.len() - 1;
                    slug = text().filter(|text| !text.is_empty()).map(|text| end - text.len()..end);
                }
                key::CREATED_AT => found.created_at = text().and_then(Instant::parse),
                _ => {}
            }
            match rest.strip_prefix(",\n") {
                Some(next) => rest = next,
                None => return (rest == "\n}\n").then_some((found, slug)),
            }
        }
    }
}

/// The text between quotes that this begins with, if it says what it spells, and what follows.
fn string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let (string, rest) = text.split_at_checked(plain_run(text.as_bytes()))?;
    Some((string, rest.strip_prefix('"')?))
}

/// The plain string, whole number without a sign, or word that this begins with, and what follows.
fn scalar(text: &str) -> Option<(&str, &str)> {
    let length = match text.as_bytes() {
        [b'"', ..] => string(text)?.0.len() + 2,
        [b'0', ..] => 1,
        [b'1'..=b'9', rest @ ..] => 1 + rest.iter().take_while(|b| b.is_ascii_digit()).count(),
        bytes => ["null", "true", "false"].iter().find(|word| bytes.starts_with(word.as_bytes()))?.len(),
    };
    text.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_canonical_text_is_read_at_a_glance() {
        let text = "{\n  \"created_at\": \"2026-04-06T05:01:28+00:00\",\n  \"mission_id\": \"01KQ0000000000000000000001\",\n  \"mission_number\": 7,\n  \"slug\": \"ä, \"\n}\n";
        let found = Glance::at_plain_text(text.as_bytes()).expect("plain");
        assert!(found.id.is_some() && found.created_at.is_some());
        assert_eq!((found.number, Some(found)), (Some(7), Glance::in_full(text.as_bytes())));
    }

    /// Lines that are nearly what the short way takes.
    fn line() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            "a",
            "b",
            "created_at",
            "feature_number",
            "mission",
            "mission_id",
            "mission_number",
            "mission_slug",
            "slug",
            "z",
            "mission_id\": \"x",
            "\\u0061",
            "\u{1}",
        ]);
        let value = prop::sample::select(vec![
            "null",
            "1",
            "01",
            "-1",
            "0",
            "7.0",
            "1e3",
            "9007199254740993",
            "\"\"",
            "\"",
            "\"064\"",
            "\"64\"",
            "\"a\\\"b\"",
            "\"a\", \"b\": \"c\"",
            "\"01KQ0000000000000000000001\"",
            "\"2026-01-01T00:00:00Z\"",
            "\"2026-01-01T00:00:00\"",
            "[]",
            "{}",
            "[\n  ]",
            "NaN",
            "\"\u{2028}\"",
            "\"\u{7f}\"",
            "true",
            "tru",
        ]);
        let indent = prop::sample::select(vec!["  ", "  ", "  ", " ", "\t"]);
        let end = prop::sample::select(vec![",\n", ",\n", ",\n", "\n", ",\r\n", ", \n", ",,\n"]);
        (indent, name, value, end)
            .prop_map(|(indent, name, value, end)| format!("{indent}\"{name}\": {value}{end}"))
    }

    proptest! {
        #[test]
        fn a_glance_says_what_a_full_reading_says(
            mut lines in prop::collection::vec(line(), 0..5),
            sorted in prop::bool::weighted(0.8),
            frame in prop::sample::select(vec![("{\n", "\n}\n"), ("{\n", "\n}"), ("{", "}\n"), ("\u{feff}{\n", "\n}\n")]),
        ) {
            if sorted {
                lines.sort();
            }
            let body = lines.concat();
            let body = body.strip_suffix(",\n").unwrap_or(&body);
            let text = format!("{}{body}{}", frame.0, frame.1);
            prop_assert_eq!(Glance::of(text.as_bytes()), Glance::in_full(text.as_bytes()), "{}", text);
            if let Some((_, slug)) = Glance::and_slug(text.as_bytes()) {
                let meta = Meta::read(text.as_bytes()).expect("read");
                prop_assert_eq!(slug.map(|range| &text[range]), meta.text(key::MISSION_SLUG));
                prop_assert_eq!(meta.to_canonical(), text);
            }
        }
    }
}
