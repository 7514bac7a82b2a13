//! The rows at the beginning of a log, read at the speed at which texts are compared: most of a row says, byte for byte,
//! what the row before it says, and what was found to be in canonical form there is so here.
//!
//! INVARIANT: a row is given exactly if `scan` accepts it and LF ends it. Knows nothing about order or merging.

use super::scan::{Field, MAX_BYTES, Member, Raw, Scanner};

/// Gives one row after another, until one is not in canonical form or not ended.
pub(super) struct Alike<'a> {
    text: &'a [u8],
    /// Where the row that was given last begins; the bytes before the one after it are settled
    previous: usize,
    next: usize,
    /// Of the row that was given last, in bytes from its beginning; empty if there is none
    members: Vec<Member>,
    /// Which of them it is sorted by
    fields: Vec<(Field, usize)>,
}

impl<'a> Alike<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, previous: 0, next: 0, members: Vec::new(), fields: Vec::new() }
    }

    /// The next row. After `None` there is none any more.
    pub(super) fn next(&mut self) -> Option<Raw<'a>> {
        let row = &self.text[self.next..];
        let length = match self.compared(row) {
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
            *slot = Field::text(&row[member.value..member.end])?;
        }
        if raw.at.is_empty() {
            raw.at = timestamp;
        }
        Some(raw)
    }

    /// The length of the row, if its keys are those of the row before; then `members` are its members. Else they are
    /// of no use any more.
    fn compared(&mut self, row: &'a [u8]) -> Option<usize> {
        // A few bytes more than the row before, so that its end is compared in one step as well.
        let before = &self.text[self.previous..self.text.len().min(self.next + 8)];
        let (mut old, mut new, mut at) = (0, 0, 0);
        let mut scanner = Scanner::new(row);
        loop {
            let limit = old + common(&before[old..], &row[new..]);
            // A value has ended where the byte after it is the same as well.
            while let Some(member) = self.members.get_mut(at).filter(|member| member.end < limit) {
                let end = member.end;
                if old != new {
                    *member = member.moved(old, new);
                }
                (old, new) = (end, member.end);
                at += 1;
            }
            let Some(member) = self.members.get_mut(at) else {
                return (at > 0 && row.get(new) == Some(&b'}')).then_some(new + 1);
            };
            let read = if member.value <= limit {
                // The same key, and what follows it.
                let place = member.moved(old, new);
                Member { end: scanner.value_at(place.value)?, ..place }
            } else {
                let read = scanner.member_after(new)?;
                if row[read.key.0..read.key.1] != before[member.key.0..member.key.1] {
                    return None;
                }
                read
            };
            (old, new) = (member.end, read.end);
            *member = read;
            at += 1;
        }
    }

    /// The length of the row, looked at on its own.
    fn scanned(&mut self, row: &'a [u8]) -> Option<usize> {
        self.members.clear();
        self.fields.clear();
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

/// How many bytes both begin with.
fn common(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 32;
    let mut at = 0;
    while let (Some(a), Some(b)) = (one[at..].first_chunk::<STEP>(), other[at..].first_chunk::<STEP>())
        && a == b
    {
        at += STEP;
    }
    while let (Some(a), Some(b)) = (one[at..].first_chunk::<8>(), other[at..].first_chunk::<8>()) {
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
        let mut alike = Alike::new(text.as_bytes());
        let (mut at, mut rows) = (0, 0);
        loop {
            let expected = scan(&text.as_bytes()[at..])
                .filter(|row| text.as_bytes().get(at + row.line.len()) == Some(&b'\n'));
            let given = alike.next().and_then(Raw::text);
            assert_eq!(given, expected, "row {rows} of {text:?}");
            let Some(row) = expected else { return rows };
            at += row.line.len() + 1;
            rows += 1;
        }
    }

    const ROWS: [&str; 23] = [
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
        let row = ROWS[1];
        for at in 0..row.len() {
            for byte in (0x09..0x7f).map(char::from) {
                let mut changed = row.to_owned();
                changed.replace_range(at..=at, &byte.to_string());
                check(&format!("{row}\n{changed}\n{row}\n"));
                changed.insert(at, byte);
                check(&format!("{row}\n{changed}\n{row}\n"));
            }
            let mut shorter = row.to_owned();
            shorter.remove(at);
            check(&format!("{row}\n{shorter}\n{row}\n"));
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
