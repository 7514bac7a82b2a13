//! The reader: strict RFC 8259, nothing more, and an error with its position for everything else.

use std::collections::btree_map::Entry;
use std::fmt;

use super::plain::plain_run;
use super::{Number, Object, Value};

/// How much text one call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest text, in bytes.
    pub max_bytes: usize,
    /// The deepest nesting; a scalar alone has depth 0, `[]` has depth 1.
    pub max_depth: usize,
}

impl Limits {
    /// The limits of a `meta.json`: 1 MiB, depth 127.
    pub const DOCUMENT: Self = Self { max_bytes: 1 << 20, max_depth: 127 };
    /// The limits of one line of an event log: 16 MiB, depth 127.
    pub const ROW: Self = Self { max_bytes: 16 << 20, max_depth: 127 };
}

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is empty or only white space.
    Empty,
    /// The text has more bytes than allowed.
    TooLarge {
        /// Bytes found
        size: usize,
        /// Bytes allowed
        max: usize,
    },
    /// Arrays and objects are nested deeper than allowed.
    TooDeep {
        /// Depth allowed
        max: usize,
    },
    /// The bytes are not UTF-8.
    InvalidUtf8,
    /// An object holds the same key twice; keeping one would lose the other.
    DuplicateKey(String),
    /// Merge conflict markers stand in the text.
    ConflictMarkers,
    /// `NaN`, `Infinity` or `-Infinity`, which Python writes and JSON does not have.
    NotFinite,
    /// Half of a surrogate pair, which UTF-8 cannot hold.
    LoneSurrogate,
    /// A backslash before a character that has no escape.
    InvalidEscape,
    /// A raw control character inside a string.
    ControlCharacter,
    /// A number that breaks the grammar (`01`, `1.`, `+1`, `.5`).
    InvalidNumber,
    /// A string, array or object is not finished at the end of the text.
    UnexpectedEnd,
    /// Something else was expected here.
    Expected(&'static str),
    /// Text after the value.
    TrailingText,
    /// The document is well-formed but is not an object; holds what it is.
    NotAnObject(&'static str),
}

/// A refused text and where it went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// The reason
    pub kind: ErrorKind,
    /// Line, from 1; lines end at LF
    pub line: usize,
    /// Column, from 1, in code points (in bytes where the line is not UTF-8)
    pub column: usize,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::TooLarge { size, max } => write!(f, "{size} bytes are more than the {max} allowed"),
            Self::TooDeep { max } => write!(f, "nested deeper than {max} levels"),
            Self::InvalidUtf8 => f.write_str("not valid UTF-8"),
            Self::DuplicateKey(key) => write!(f, "the key {key:?} stands twice in one object"),
            Self::ConflictMarkers => f.write_str("merge conflict markers"),
            Self::NotFinite => f.write_str("NaN and Infinity are not JSON"),
            Self::LoneSurrogate => f.write_str("half of a surrogate pair cannot be kept"),
            Self::InvalidEscape => f.write_str("no such escape"),
            Self::ControlCharacter => f.write_str("a raw control character in a string"),
            Self::InvalidNumber => f.write_str("not a JSON number"),
            Self::UnexpectedEnd => f.write_str("the text ends too early"),
            Self::Expected(what) => write!(f, "expected {what}"),
            Self::TrailingText => f.write_str("text after the end of the value"),
            Self::NotAnObject(kind) => write!(f, "an object is needed, this is {kind}"),
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for JsonError {}

/// Reads one value. A single leading byte order mark is dropped.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, JsonError> {
    let mut value = Value::Null;
    parse_over(&mut value, bytes, limits)?;
    Ok(value)
}

/// As [`parse`], in place of another value: where both have the same keys, its memory is used again. After an error `value`
/// is of no use.
pub fn parse_over(value: &mut Value, bytes: &[u8], limits: Limits) -> Result<(), JsonError> {
    if bytes.len() > limits.max_bytes {
        let kind = ErrorKind::TooLarge { size: bytes.len(), max: limits.max_bytes };
        return Err(JsonError { kind, line: 1, column: 1 });
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return Err(locate(bytes, error.valid_up_to(), ErrorKind::InvalidUtf8)),
    };
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { text, bytes, at: start, depth: 0, limits };
    parser.document(value).map_err(|kind| {
        let (at, kind) = match conflict_marker(text) {
            Some(at) => (at, ErrorKind::ConflictMarkers),
            None => (parser.at, kind),
        };
        locate(bytes, at, kind)
    })
}

/// Reads one object; any other value is [`ErrorKind::NotAnObject`].
pub fn parse_object(bytes: &[u8], limits: Limits) -> Result<Object, JsonError> {
    match parse(bytes, limits)? {
        Value::Object(members) => Ok(members),
        other => Err(JsonError { kind: ErrorKind::NotAnObject(other.kind()), line: 1, column: 1 }),
    }
}

/// The offset of the first line that only git's merge machinery writes.
fn conflict_marker(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") {
            return Some(at);
        }
        at += line.len();
    }
    None
}

fn locate(bytes: &[u8], at: usize, kind: ErrorKind) -> JsonError {
    let before = &bytes[..at.min(bytes.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|b| *b == b'\n').count();
    let column = match std::str::from_utf8(&before[line_start..]) {
        Ok(text) => 1 + text.trim_start_matches('\u{feff}').chars().count(),
        Err(_) => 1 + before.len() - line_start,
    };
    JsonError { kind, line, column }
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
    /// INVARIANT: at a character boundary whenever a method returns.
    pub(super) at: usize,
    pub(super) depth: usize,
    limits: Limits,
}

impl Parser<'_> {
    fn document(&mut self, value: &mut Value) -> Result<(), ErrorKind> {
        self.white_space();
        if self.at == self.bytes.len() {
            return Err(ErrorKind::Empty);
        }
        self.value_over(value)?;
        self.white_space();
        if self.at < self.bytes.len() { Err(ErrorKind::TrailingText) } else { Ok(()) }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn value(&mut self) -> Result<Value, ErrorKind> {
        match self.peek() {
            Some(b'{') => self.nested(Self::members),
            Some(b'[') => self.nested(Self::items),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(b'N' | b'I') if self.not_finite() => Err(ErrorKind::NotFinite),
            Some(b'+' | b'.') => Err(ErrorKind::InvalidNumber),
            Some(_) => Err(ErrorKind::Expected("a value")),
            None => Err(ErrorKind::UnexpectedEnd),
        }
    }

    fn not_finite(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.starts_with("NaN") || rest.starts_with("Infinity")
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, ErrorKind> {
        if !self.text[self.at..].starts_with(word) {
            return Err(ErrorKind::Expected("a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn nested(&mut self, inside: fn(&mut Self) -> Result<Value, ErrorKind>) -> Result<Value, ErrorKind> {
        if self.depth == self.limits.max_depth {
            return Err(ErrorKind::TooDeep { max: self.limits.max_depth });
        }
        self.depth += 1;
        self.at += 1;
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn items(&mut self) -> Result<Value, ErrorKind> {
        let mut items = Vec::new();
        self.white_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.white_space();
            items.push(self.value()?);
            if self.end_of_list(b']', "`,` or `]`")? {
                return Ok(Value::Array(items));
            }
        }
    }

    fn members(&mut self) -> Result<Value, ErrorKind> {
        let mut members = Object::new();
        self.white_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(members));
        }
        loop {
            self.white_space();
            let key_at = self.at;
            match self.peek() {
                Some(b'"') => {}
                Some(_) => return Err(ErrorKind::Expected("a key in double quotes")),
                None => return Err(ErrorKind::UnexpectedEnd),
            }
            let key = self.string()?;
            let place = match members.entry(key) {
                Entry::Vacant(place) => place,
                Entry::Occupied(twice) => {
                    self.at = key_at;
                    return Err(ErrorKind::DuplicateKey(twice.key().clone()));
                }
            };
            self.white_space();
            match self.peek() {
                Some(b':') => self.at += 1,
                Some(_) => return Err(ErrorKind::Expected("`:`")),
                None => return Err(ErrorKind::UnexpectedEnd),
            }
            self.white_space();
            place.insert(self.value()?);
            if self.end_of_list(b'}', "`,` or `}`")? {
                return Ok(Value::Object(members));
            }
        }
    }

    /// After an item: consumes `,` (false) or the closing byte (true).
    pub(super) fn end_of_list(&mut self, close: u8, expected: &'static str) -> Result<bool, ErrorKind> {
        self.white_space();
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(byte) if byte == close => {
                self.at += 1;
                return Ok(true);
            }
            Some(_) => return Err(ErrorKind::Expected(expected)),
            None => return Err(ErrorKind::UnexpectedEnd),
        }
        Ok(false)
    }

    fn number(&mut self) -> Result<Value, ErrorKind> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.not_finite() {
                self.at = start;
                return Err(ErrorKind::NotFinite);
            }
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(ErrorKind::InvalidNumber),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        // `01`, `1x` and the like: the token goes on where the grammar has ended.
        if matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'+' | b'-' | b'a'..=b'z' | b'A'..=b'Z')) {
            return Err(ErrorKind::InvalidNumber);
        }
        Ok(Value::Number(Number::from_checked_token(&self.text[start..self.at])))
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), ErrorKind> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(ErrorKind::InvalidNumber) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, ErrorKind> {
        let mut out = String::new();
        self.string_into(&mut out)?;
        Ok(out)
    }

    /// A string, at the end of a text.
    pub(super) fn string_into(&mut self, out: &mut String) -> Result<(), ErrorKind> {
        self.at += 1;
        loop {
            let plain_from = self.at;
            self.at += plain_run(&self.bytes[self.at..]);
            out.push_str(&self.text[plain_from..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(ErrorKind::ControlCharacter),
                None => return Err(ErrorKind::UnexpectedEnd),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ErrorKind> {
        let simple = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return Err(ErrorKind::InvalidEscape),
            None => return Err(ErrorKind::UnexpectedEnd),
        };
        self.at += 2;
        Ok(simple)
    }

    fn unicode_escape(&mut self) -> Result<char, ErrorKind> {
        let first = self.code_unit(self.at)?;
        let (code, length) = match first {
            0xD800..=0xDBFF => match self.code_unit(self.at + 6) {
                Ok(second @ 0xDC00..=0xDFFF) => (0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12),
                _ => return Err(ErrorKind::LoneSurrogate),
            },
            0xDC00..=0xDFFF => return Err(ErrorKind::LoneSurrogate),
            plain => (plain, 6),
        };
        let character = char::from_u32(code).ok_or(ErrorKind::LoneSurrogate)?;
        self.at += length;
        Ok(character)
    }

    /// The value of `\uXXXX` at `at`.
    fn code_unit(&self, at: usize) -> Result<u32, ErrorKind> {
        let Some([b'\\', b'u', digits @ ..]) = self.bytes.get(at..at + 6) else {
            return Err(ErrorKind::InvalidEscape);
        };
        digits.iter().try_fold(0, |value, digit| {
            char::from(*digit).to_digit(16).map(|digit| value * 16 + digit).ok_or(ErrorKind::InvalidEscape)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{canonical, line};

    #[track_caller]
    fn check(input: &str, expected: &str) {
        let value = parse(input.as_bytes(), Limits::DOCUMENT).expect("accepted");
        assert_eq!(canonical(&value), expected);
    }

    #[track_caller]
    fn refused(input: &[u8], line: usize, column: usize, kind: &ErrorKind) {
        let error = parse(input, Limits::DOCUMENT).expect_err("refused");
        assert_eq!((&error.kind, error.line, error.column), (kind, line, column));
    }

    #[test]
    fn canonical_form_is_pinned() {
        check(
            "{\"b\":[1,2],\"a\":{},\"é\":[],\"Z\":null}",
            "{\n  \"Z\": null,\n  \"a\": {},\n  \"b\": [\n    1,\n    2\n  ],\n  \"é\": []\n}\n",
        );
        check(
            "\u{feff} {\"a\" :\t\"\\u00e9\\/\\u0007\\u007f\\ud83d\\ude00\"}\r\n",
            "{\n  \"a\": \"é/\\u0007\u{7f}😀\"\n}\n",
        );
    }

    #[test]
    fn number_tokens_keep_their_text() {
        for token in ["1.10", "1E5", "-0", "12345678901234567890123", "0.1000000000000000055511151231257827"]
        {
            check(token, &format!("{token}\n"));
        }
    }

    #[test]
    fn one_line_form_is_ascii() {
        let value = parse("{\"b\":\"é😀\\u007f\",\"a\":[1, 2]}".as_bytes(), Limits::ROW).expect("accepted");
        assert_eq!(line(&value), "{\"a\": [1, 2], \"b\": \"\\u00e9\\ud83d\\ude00\\u007f\"}");
    }

    #[test]
    fn refusals_have_a_position() {
        refused(b"{\"a\":1,\n \"a\":2}", 2, 2, &ErrorKind::DuplicateKey("a".into()));
        refused(b"{\"a\": NaN}", 1, 7, &ErrorKind::NotFinite);
        refused(b"{\"a\": -Infinity}", 1, 7, &ErrorKind::NotFinite);
        refused(b"[\"\\ud800\"]", 1, 3, &ErrorKind::LoneSurrogate);
        refused(
            b"{\n<<<<<<< ours\n\"a\":1\n=======\n\"a\":2\n>>>>>>> theirs\n}",
            2,
            1,
            &ErrorKind::ConflictMarkers,
        );
        refused(b" \n", 2, 1, &ErrorKind::Empty);
        refused(b"[01]", 1, 3, &ErrorKind::InvalidNumber);
        refused("{\"é\": \u{1}}".as_bytes(), 1, 7, &ErrorKind::Expected("a value"));
        refused(b"\"\xff\"", 1, 2, &ErrorKind::InvalidUtf8);
        refused(b"[1] x", 1, 5, &ErrorKind::TrailingText);
        refused("[".repeat(100_000).as_bytes(), 1, 128, &ErrorKind::TooDeep { max: 127 });
        let mut large = vec![b' '; (1 << 20) + 1];
        large[0] = b'1';
        refused(&large, 1, 1, &ErrorKind::TooLarge { size: (1 << 20) + 1, max: 1 << 20 });
    }

    #[test]
    fn depth_127_is_the_last_accepted() {
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        assert!(parse(deep.as_bytes(), Limits::DOCUMENT).is_ok());
        let error = parse_object(b"[]", Limits::DOCUMENT).expect_err("refused");
        assert_eq!(error.kind, ErrorKind::NotAnObject("an array"));
    }
}
