//! The rows at the beginning of a log, read at the speed at which texts are compared: most of a row says, byte for byte,
//! what the row before it says, and what was found to be in canonical form there is so here.
//!
//! INVARIANT: a row is given exactly if `scan` accepts it and LF ends it. Knows nothing about order or merging.

use super::scan::{Field, MAX_BYTES, Member, Raw, Scanner};
use crate::json::plain_ascii_run;

/// Gives one row of a text after another, until one is not in canonical form or not ended. The text may grow at its end, and
/// lose what [`Alike::needed`] does not begin with.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// Where the row that was given last begins; the bytes before the one after it are settled
    previous: usize,
    next: usize,
    /// Of the row that was given last, in bytes from its beginning; empty if there is none
    members: Vec<Member>,
    /// Which of them it is sorted by
    fields: Vec<(Field, usize)>,
    /// Which of them said something else than in the row before that
    changed: Vec<usize>,
}

impl Alike {
    /// Where the next row begins.
    pub(super) fn position(&self) -> usize {
        self.next
    }

    /// From where on the text is needed: what is before is looked at no more.
    pub(super) fn needed(&self) -> usize {
        self.previous
    }

    /// As many bytes are gone from the beginning of the text; they were not needed.
    pub(super) fn forget(&mut self, bytes: usize) {
        self.previous -= bytes;
        self.next -= bytes;
    }

    /// The next row of the text. After `None` there is none any more.
    pub(super) fn next<'a>(&mut self, text: &'a [u8]) -> Option<Raw<'a>> {
        let row = &text[self.next..];
        let length = match self.repeated(text).or_else(|| self.compared(text)) {
            Some(length) => length,
            None => self.scanned(row)?,
        };
        if row.get(length) != Some(&b'\n') || length > MAX_BYTES {
            return None;
        }
        self.previous = self.next;
        self.next += length + 1;
        let mut raw = Raw { line: &row[..length], at: b"", id: b"" };
        let mut timestamp: &[u8] = b"";
        for (field, at) in &self.fields {
            let slot = match field {
                Field::At => &mut raw.at,
                Field::Timestamp => &mut timestamp,
                Field::Id => &mut raw.id,
            };
            let member = self.members[*at];
            *slot = Field::text(row, member)?;
        }
        if raw.at.is_empty() {
            raw.at = timestamp;
        }
        Some(raw)
    }

    /// The length of the row, if it differs from the row before in the same values as that one did, all of them plain
    /// strings as long as they were: most rows that follow each other differ in their time and their id.
    fn repeated(&self, text: &[u8]) -> Option<usize> {
        let (before, row) = (&text[self.previous..self.next], &text[self.next..]);
        let mut from = 0;
        if self.changed.is_empty() || row.len() < before.len() {
            return None;
        }
        for at in &self.changed {
            let Member { value, end, .. } = self.members[*at];
            let [b'"', text @ .., b'"'] = &row[value..end] else { return None };
            if row[from..value] != before[from..value] || plain_ascii_run(text) < text.len() {
                return None;
            }
            from = end;
        }
        (row[from..before.len()] == before[from..]).then_some(before.len() - 1)
    }

    /// The length of the row, if its keys are those of the row before; then `members` are its members. Else they are
    /// of no use any more.
    fn compared(&mut self, text: &[u8]) -> Option<usize> {
        // A few bytes more than the row before, so that its end is compared in one step as well.
        let (before, row) = (&text[self.previous..text.len().min(self.next + 8)], &text[self.next..]);
        let (mut old, mut new, mut at) = (0, 0, 0);
        let mut scanner = Scanner::new(row);
        self.changed.clear();
        loop {
            let limit = old + common(&before[old..], &row[new..]);
            // A value has ended where the byte after it is the same as well.
            let same = self.members[at..].iter().take_while(|member| member.end < limit).count();
            if let Some(last) = self.members[at..at + same].last().copied() {
                if old != new {
                    self.members[at..at + same]
                        .iter_mut()
                        .for_each(|member| *member = member.moved(old, new));
                }
                (old, new) = (last.end, last.moved(old, new).end);
                at += same;
            }
            let Some(member) = self.members.get_mut(at) else {
                return (at > 0 && row.get(new) == Some(&b'}')).then_some(new + 1);
            };
            let read = if member.value <= limit {
                // The same key, and what follows it.
                let place = member.moved(old, new);
                let is_plain = before[member.value] == b'"' && !member.is_escaped;
                if is_plain && member.value < limit && limit < member.end {
                    scanner.rest_of(place, limit - old + new)?
                } else {
                    scanner.value_of(place)?
                }
            } else {
                let read = scanner.member_after(new)?;
                if row[read.key.0..read.key.1] != before[member.key.0..member.key.1] {
                    return None;
                }
                read
            };
            (old, new) = (member.end, read.end);
            *member = read;
            self.changed.push(at);
            at += 1;
        }
    }

    /// The length of the row, looked at on its own.
    fn scanned(&mut self, row: &[u8]) -> Option<usize> {
        self.members.clear();
        self.fields.clear();
        self.changed.clear();
        let mut scanner = Scanner::new(row);
        scanner.members(|member| {
            if let Some(field) = Field::of(&row[member.key.0..member.key.1]) {
                self.fields.push((field, self.members.len()));
            }
            self.members.push(member);
            Some(())
        })?;
        Some(scanner.position())
    }
}

/// How many bytes both texts begin with.
pub fn common(one: &[u8], other: &[u8]) -> usize {
    let steps =
        |one: &[[u8; 32]], other: &[[u8; 32]]| one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let mut at = 32 * steps(one.as_chunks().0, other.as_chunks().0);
    for (a, b) in one[at..].as_chunks::<8>().0.iter().zip(other[at..].as_chunks::<8>().0) {
        let different = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if different != 0 {
            return at + different.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + one[at..].iter().zip(&other[at..]).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::*;

    /// The rows that both ways give, which have to be the same.
    #[track_caller]
    fn check(text: &str) -> usize {
        let mut alike = Alike::default();
        let (mut at, mut rows, mut gone) = (0, 0, 0);
        loop {
            let expected = scan(&text.as_bytes()[at..])
                .filter(|row| text.as_bytes().get(at + row.line.len()) == Some(&b'\n'));
            let given = alike.next(&text.as_bytes()[gone..]).and_then(Raw::text);
            assert_eq!(given, expected, "row {rows} of {text:?}");
            let Some(row) = expected else { return rows };
            if rows % 2 == 1 {
                gone += alike.needed();
                alike.forget(alike.needed());
            }
            at += row.line.len() + 1;
            rows += 1;
        }
    }

    const ROWS: [&str; 26] = [
        r#"{"at": "2026-01-01T00:00:01", "event_id": "01KQ47E8X0\u00e9"}"#,
        r#"{"at": "2026-01-01T00:00:\u00e9", "event_id": "01KQ47E8X1"}"#,
        r#"{"at": "2026-01-01T00:00", "event_id": "01KQ47E8X1\"}"}"#,
        r#"{"at": "333", "event_id": "01X", "force": false, "x": null}"#,
        r#"{"at": "1", "event_id": "01X", "force": false, "x": null}"#,
        r#"{"at": "2", "event_id": "01XY", "force": true, "x": null}"#,
        r#"{"at": "22", "event_id": "", "force": false, "x": nul}"#,
        r#"{"at": "2", "event_id": "01X", "force": false, "x": null, "y": 1}"#,
        r#"{"at": "2", "event_id": "01X", "force": false}"#,
        r#"{"at": 2, "event_id": "01X", "timestamp": "7"}"#,
        r#"{"at": 21, "event_id": "01X", "timestamp": "7"}"#,
        r#"{"at": 21.5, "event_id": "01X", "timestamp": "77"}"#,
        r#"{"at": 021, "event_id": "01X", "timestamp": "77"}"#,
        r#"{"at": "a\\nb", "event_id": "01X", "timestamp": "77"}"#,
        r#"{"at": "1", "event_id": "01X", "timestamp": "a\\n"}"#,
        r#"{"at": "1","event_id": "01X", "timestamp": "7"}"#,
        r#"{"at": "1", "event_id": "01X", "timestamp": "7"} "#,
        r#"{"at": "1", "event_id": "01X", "timestamp": "7""#,
        r#"{"at": "1", "event_id": {"a": [1, 2]}, "timestamp": "7"}"#,
        r#"{"at": "1", "event_id": {"a": [1, 22]}, "timestamp": "7"}"#,
        r#"{"at": "1", "event_id": {"a": [1, 2}], "timestamp": "7"}"#,
        r#"{"event_id": "01X", "at": "1"}"#,
        r#"{"a": 1, "a": 1}"#,
        "{}",
        "{",
        "",
    ];

    #[test]
    fn a_row_is_given_whatever_stood_before_it() {
        let mut most = 0;
        for one in ROWS {
            for two in ROWS {
                for three in ROWS {
                    most = most.max(check(&format!("{one}\n{two}\n{three}\n")));
                    check(&format!("{one}\n{two}\n{three}"));
                }
            }
        }
        assert_eq!(most, 3);
    }

    #[test]
    fn every_change_of_one_byte_is_seen() {
        let row = ROWS[4];
        // What differs in it is where the next row may be expected to differ.
        let other = row.replace("\"1\"", "\"2\"").replace("01X", "01Y");
        assert_eq!(check(&format!("{row}\n{other}\n{row}\n")), 3);
        for at in 0..row.len() {
            for byte in (0x09..0x7f).map(char::from) {
                let mut changed = row.to_owned();
                changed.replace_range(at..=at, &byte.to_string());
                check(&format!("{row}\n{changed}\n{row}\n"));
                check(&format!("{row}\n{other}\n{changed}\n{row}\n"));
                changed.insert(at, byte);
                check(&format!("{row}\n{changed}\n{row}\n"));
                check(&format!("{row}\n{other}\n{changed}\n{row}\n"));
            }
            let mut shorter = row.to_owned();
            shorter.remove(at);
            check(&format!("{row}\n{shorter}\n{row}\n"));
            check(&format!("{row}\n{other}\n{shorter}\n"));
            check(&format!("{row}\n{other}\n{}", &row[..at]));
        }
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_not_given() {
        for depth in 124..130 {
            let deep = format!("{{\"a\": 1, \"b\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
            check(&format!("{{\"a\": 1, \"b\": 2}}\n{deep}\n{deep}\n"));
        }
        let long = format!("{{\"a\": \"{}\"}}\n", "x".repeat(MAX_BYTES));
        assert_eq!(check(&format!("{{\"a\": \"x\"}}\n{long}")), 1);
    }
}
