//! Telling at the speed of a glance that a line is a row in canonical form, and finding what it is sorted by.
//!
//! INVARIANT: what is accepted is exactly what `json::line` writes for the object that it holds, so accepted bytes
//! may be kept without building that object. What is not accepted may still be a row; `row` takes it apart then.

use super::filter::{begin_of, end_of};
use crate::json::plain_ascii_run;

/// A row in canonical form, as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scanned<'a> {
    /// The row without its newline
    pub(super) line: &'a str,
    /// `at`, else `timestamp`; empty if neither is a string
    pub(super) at: &'a str,
    /// `event_id`; empty if it is not a string
    pub(super) id: &'a str,
}

impl<'a> Scanned<'a> {
    /// The same as bytes.
    pub(super) fn raw(&self) -> Raw<'a> {
        Raw { at: self.at.as_bytes(), id: self.id.as_bytes(), line: self.line.as_bytes() }
    }
}

/// The same as bytes, all of them ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Raw<'a> {
    pub(super) at: &'a [u8],
    pub(super) id: &'a [u8],
    pub(super) line: &'a [u8],
}

impl<'a> Raw<'a> {
    /// What says which row it is: its id, or all of it.
    pub(super) fn identity(self) -> &'a [u8] {
        if self.id.is_empty() { self.line } else { self.id }
    }

    /// A number that is the same for what is the same row, and mostly another for another one.
    pub(super) fn mark(self) -> u64 {
        let (end, other) =
            if self.id.is_empty() { (self.line, end_of(self.at)) } else { (self.id, begin_of(self.id)) };
        end_of(end) ^ other.rotate_left(23)
    }

    /// As text; `None` never happens.
    pub(super) fn text(self) -> Option<Scanned<'a>> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        Some(Scanned { line: text(self.line)?, at: text(self.at)?, id: text(self.id)? })
    }
}

/// A field that rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    At,
    Timestamp,
    Id,
}

impl Field {
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        match key {
            b"at" => Some(Self::At),
            b"timestamp" => Some(Self::Timestamp),
            b"event_id" => Some(Self::Id),
            _ => None,
        }
    }

    /// What a member of `row` says as such a field: nothing if it is no string. `None` if there is an escape in it.
    pub(super) fn text(row: &[u8], member: Member) -> Option<&[u8]> {
        match &row[member.value..member.end] {
            [b'"', text @ .., b'"'] => (!member.is_escaped).then_some(text),
            _ => Some(b""),
        }
    }
}

/// Where a member of an object stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// From the first byte of the key to the one after its last, without the quotes
    pub(super) key: (usize, usize),
    /// The first byte of the value
    pub(super) value: usize,
    /// The one after its last
    pub(super) end: usize,
    /// Whether the value is a string with an escape in it
    pub(super) is_escaped: bool,
}

impl Member {
    /// The same bytes in a text where they stand at `new` instead of `old`; it ends before neither.
    pub(super) fn moved(self, old: usize, new: usize) -> Self {
        let moved = |place: usize| place - old + new;
        let (from, to) = self.key;
        Self { key: (moved(from), moved(to)), value: moved(self.value), end: moved(self.end), ..self }
    }
}

/// The row at the start of `bytes`, up to LF or the end. `None` if it is not in canonical form, or if a field that it
/// is sorted by has an escape in it.
pub(super) fn scan(bytes: &[u8]) -> Option<Scanned<'_>> {
    let mut scanner = Scanner::new(bytes);
    let (mut at, mut timestamp, mut id): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
    scanner.members(|member| {
        let field = match Field::of(&bytes[member.key.0..member.key.1]) {
            Some(Field::At) => &mut at,
            Some(Field::Timestamp) => &mut timestamp,
            Some(Field::Id) => &mut id,
            None => return Some(()),
        };
        *field = Field::text(bytes, member)?;
        Some(())
    })?;
    let ended = matches!(scanner.peek(), None | Some(b'\n')) && scanner.at <= MAX_BYTES;
    let line = &bytes[..scanner.at];
    Raw { line, at: if at.is_empty() { timestamp } else { at }, id }.text().filter(|_| ended)
}

pub(super) const MAX_BYTES: usize = crate::json::Limits::ROW.max_bytes;
const MAX_DEPTH: usize = crate::json::Limits::ROW.max_depth;

/// Reads on through JSON in canonical form.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// How many bytes were read.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The member of the outermost object that follows `at`: its beginning, or the end of another member.
    pub(super) fn member_after(&mut self, at: usize) -> Option<Member> {
        (self.at, self.depth) = (at, 0);
        if at == 0 {
            self.enter(b'{')?;
        } else {
            self.depth = 1;
            self.eat(b", ")?;
        }
        self.member()
    }

    /// A member of the outermost object whose value begins where that of `place` does.
    pub(super) fn value_of(&mut self, place: Member) -> Option<Member> {
        (self.at, self.depth) = (place.value, 1);
        let is_escaped = self.value()?;
        Some(Member { end: self.at, is_escaped, ..place })
    }

    /// The same, where the value is a string, and the first byte that was not looked at stands in it at `at`: what is
    /// before that stands for itself.
    pub(super) fn rest_of(&mut self, place: Member, at: usize) -> Option<Member> {
        (self.at, self.depth) = (at, 1);
        let is_escaped = self.rest_of_string()?;
        Some(Member { end: self.at, is_escaped, ..place })
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn eat<const N: usize>(&mut self, expected: &[u8; N]) -> Option<()> {
        (self.bytes.get(self.at..)?.first_chunk() == Some(expected)).then(|| self.at += N)
    }

    /// An object; `seen` gets each member.
    pub(super) fn members(&mut self, mut seen: impl FnMut(Member) -> Option<()>) -> Option<()> {
        self.enter(b'{')?;
        if self.leave(b'}').is_some() {
            return Some(());
        }
        let mut previous: Option<&[u8]> = None;
        loop {
            let member = self.member()?;
            let key = &self.bytes[member.key.0..member.key.1];
            if previous.is_some_and(|previous| previous >= key) {
                return None;
            }
            previous = Some(key);
            seen(member)?;
            if self.leave(b'}').is_some() {
                return Some(());
            }
            self.eat(b", ")?;
        }
    }

    fn member(&mut self) -> Option<Member> {
        let from = self.at + 1;
        // Only keys without escapes are ordered like their bytes.
        if self.string()? {
            return None;
        }
        let key = (from, self.at - 1);
        self.eat(b": ")?;
        let value = self.at;
        let is_escaped = self.value()?;
        Some(Member { key, value, end: self.at, is_escaped })
    }

    fn items(&mut self) -> Option<()> {
        self.enter(b'[')?;
        if self.leave(b']').is_some() {
            return Some(());
        }
        loop {
            self.value()?;
            if self.leave(b']').is_some() {
                return Some(());
            }
            self.eat(b", ")?;
        }
    }

    fn enter(&mut self, open: u8) -> Option<()> {
        self.eat(&[open])?;
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }

    fn leave(&mut self, close: u8) -> Option<()> {
        self.eat(&[close])?;
        self.depth -= 1;
        Some(())
    }

    /// A value; whether it is a string with an escape in it.
    fn value(&mut self) -> Option<bool> {
        match self.peek()? {
            b'"' => return self.string(),
            b'{' => self.members(|_| Some(()))?,
            b'[' => self.items()?,
            b't' => self.eat(b"true")?,
            b'f' => self.eat(b"false")?,
            b'n' => self.eat(b"null")?,
            _ => self.number()?,
        }
        Some(false)
    }

    /// A string; whether there is an escape in it.
    fn string(&mut self) -> Option<bool> {
        self.eat(b"\"")?;
        self.rest_of_string()
    }

    fn rest_of_string(&mut self) -> Option<bool> {
        let mut escaped = false;
        loop {
            self.at += plain_ascii_run(&self.bytes[self.at..]);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
            escaped = true;
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'n' | b'r' | b't' | b'b' | b'f' => self.at += 2,
            b'u' => match self.code_unit(self.at)? {
                0x08..=0x0a | 0x0c | 0x0d | 0x20..=0x7e | 0xdc00..=0xdfff => return None,
                0xd800..=0xdbff => match self.code_unit(self.at + 6)? {
                    0xdc00..=0xdfff => self.at += 12,
                    _ => return None,
                },
                _ => self.at += 6,
            },
            _ => return None,
        }
        Some(())
    }

    /// The value of `\uXXXX` at `at`, in lower-case digits.
    fn code_unit(&self, at: usize) -> Option<u32> {
        let [b'\\', b'u', digits @ ..] = self.bytes.get(at..at + 6)? else { return None };
        digits.iter().try_fold(0, |value, digit| match digit {
            b'0'..=b'9' => Some(value * 16 + u32::from(digit - b'0')),
            b'a'..=b'f' => Some(value * 16 + u32::from(digit - b'a') + 10),
            _ => None,
        })
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b"-");
        if self.eat(b"0").is_none() {
            self.digits()?;
        }
        if self.eat(b".").is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let digits = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += digits;
        (digits > 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, line_object, parse_object};

    /// Whether the line is accepted; and if so, that the written form is the same.
    fn accepts(line: &str) -> bool {
        let Some(scanned) = scan(line.as_bytes()) else { return false };
        assert_eq!(scanned.line, line);
        let members = parse_object(line.as_bytes(), Limits::ROW).expect("accepted, so it can be read");
        assert_eq!(line_object(&members), line);
        true
    }

    #[test]
    fn canonical_rows_are_accepted() {
        for line in [
            "{}",
            r#"{"a": [], "b": {}, "c": [1, -0.5, 1e5, 0, -0, 1E+2], "d": [{"x": null, "y": [true, false]}]}"#,
            r#"{"a": "\u00e9\ud83d\ude00\u007f\u0000\u000b\"\\\n\r\t\b\f/", "b": ""}"#,
        ] {
            assert!(accepts(line), "{line}");
        }
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(126), "]".repeat(126));
        assert!(accepts(&deep));
        let wide = format!("{{\"a\": [{}]}}", vec!["[], {}"; 200].join(", "));
        assert!(accepts(&wide));
    }

    #[test]
    fn anything_else_is_left_to_the_parser() {
        for line in [
            "",
            "[]",
            "1",
            " {}",
            "{} ",
            "{}\r",
            "{ }",
            "{\"a\":1}",
            "{\"a\": 1,\"b\": 2}",
            "{\"a\": 1, }",
            r#"{"b": 1, "a": 2}"#,
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": 01}"#,
            r#"{"a": 1.}"#,
            r#"{"a": +1}"#,
            r#"{"a": 1e}"#,
            r#"{"a": -}"#,
            r#"{"a": tru}"#,
            r#"{"a": NaN}"#,
            r#"{"a": "é"}"#,
            r#"{"a": "\u00E9"}"#,
            r#"{"a": "\u0041"}"#,
            r#"{"a": "\u000a"}"#,
            r#"{"a": "\ud800"}"#,
            r#"{"a": "\ude00\ud83d"}"#,
            r#"{"a": "\/"}"#,
            r#"{"a": "x}"#,
            r#"{"a": [1, ]}"#,
            r#"{"\u00e9": 1}"#,
            r#"{"a": 1}x"#,
            "{\"a\": \"\u{7f}\"}",
            r#"{"event_id": "\u00e9"}"#,
        ] {
            assert!(!accepts(line), "{line}");
        }
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(127), "]".repeat(127));
        assert!(!accepts(&deep));
    }

    #[test]
    fn what_a_row_is_sorted_by() {
        let keys = |line| scan(line).map(|row| (row.at, row.id));
        assert_eq!(keys(br#"{"at": "1", "event_id": "x", "timestamp": "2"}"#), Some(("1", "x")));
        assert_eq!(keys(br#"{"at": null, "event_id": 1, "timestamp": "2"}"#), Some(("2", "")));
        assert_eq!(keys(b"{\"x\": {\"at\": \"1\"}}\n{"), Some(("", "")));
    }
}
