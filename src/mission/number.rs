//! Display numbers as files spell them. Knows nothing about who may hold which.

use std::fmt;

use crate::json::Value;

/// What the key `mission_number` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberField {
    /// No such key, or `null`: not settled.
    Unsettled,
    /// An integer from 1 or a string of digits (`"062"`).
    Settled(u64),
    /// Anything else, as it is spelled.
    Invalid(String),
}

impl NumberField {
    /// The number, if there is one.
    pub fn settled(&self) -> Option<u64> {
        match self {
            Self::Settled(number) => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Display for NumberField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsettled => f.write_str("null"),
            Self::Settled(number) => write!(f, "{number}"),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

/// Reads a number by meaning: `64`, `"064"` and `"64"` are the same. Numbers above 2^53 are invalid: no
/// counter reaches them, and they would leave no room for the next one.
pub fn number_of(value: Option<&Value>) -> NumberField {
    const MAX: u64 = 1 << 53;
    let number = match value {
        None | Some(Value::Null) => return NumberField::Unsettled,
        Some(Value::Number(number)) => number.as_u64().filter(|n| *n >= 1),
        Some(Value::String(text)) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok()
        }
        Some(_) => None,
    };
    match (number, value) {
        (Some(number), _) if number <= MAX => NumberField::Settled(number),
        (_, value) => NumberField::Invalid(value.map(crate::json::line).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};

    #[test]
    fn spellings() {
        let read = |text: &str| number_of(Some(&parse(text.as_bytes(), Limits::DOCUMENT).expect("JSON")));
        assert_eq!(read("null"), NumberField::Unsettled);
        assert_eq!(read("64"), NumberField::Settled(64));
        assert_eq!(read("\"064\""), NumberField::Settled(64));
        assert_eq!(read("9007199254740992"), NumberField::Settled(1 << 53));
        let shown = ["null", "64", "\"064\"", "\"x\""].map(|text| read(text).to_string());
        assert_eq!(shown, ["null", "64", "64", "\"x\""]);
        for invalid in [
            "0",
            "-1",
            "1.0",
            "1e2",
            "true",
            "[]",
            "\"pending\"",
            "\"\"",
            "\"+5\"",
            "\"-5\"",
            "9007199254740993",
            "\"9007199254740993\"",
            "\"６\"",
            "12345678901234567890123",
        ] {
            assert_eq!(
                read(invalid),
                NumberField::Invalid(crate::json::line(
                    &parse(invalid.as_bytes(), Limits::DOCUMENT).expect("JSON")
                )),
                "{invalid}"
            );
        }
    }
}
