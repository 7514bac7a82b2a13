//! What all versions of a log begin with, looked at while it is read, so that nobody has to hold it: rows in canonical form
//! and in order stand as they are, unless something new belongs between them.
//!
//! Knows nothing about files, and not what is new: that is known only when the beginning is over.

use super::alike::Alike;
use super::filter::Filter;
use super::scan::Raw;

/// The rows at the beginning that stand as they are.
#[derive(Debug, Default)]
pub struct Beginning {
    rows: Alike,
    last: Last,
    /// [`Raw::mark`] of every row
    marks: Vec<u64>,
    /// Where they end in the text
    end: usize,
    /// Where the last whole line ends, and as how much of the text was searched for that
    lines: usize,
    searched: usize,
    /// How many bytes of the text were given up
    gone: usize,
    /// Whether a row was met that does not stand as it is
    is_over: bool,
    /// Whether that is a row that has its place before the last of them
    is_out_of_order: bool,
}

/// The last of them; all is empty where there is none.
#[derive(Debug, Default)]
struct Last {
    at: Vec<u8>,
    id: Vec<u8>,
    line: Vec<u8>,
}

impl Last {
    fn raw(&self) -> Raw<'_> {
        Raw { at: &self.at, id: &self.id, line: &self.line }
    }

    fn set(&mut self, row: Raw<'_>) {
        for (kept, bytes) in [(&mut self.at, row.at), (&mut self.id, row.id), (&mut self.line, row.line)] {
            kept.clear();
            kept.extend_from_slice(bytes);
        }
    }
}

impl Beginning {
    /// Looks at the whole lines of `text` that were not there the last time. It has to be the same text but for what was
    /// added to its end and what was given up; what follows the last whole line may be gone.
    pub fn look(&mut self, text: &[u8]) {
        if self.is_over {
            return;
        }
        // A line may be long: it is searched once.
        let more = text.get(self.searched..).unwrap_or_default();
        if let Some(newline) = more.iter().rposition(|b| *b == b'\n') {
            self.lines = self.searched + newline + 1;
        }
        self.searched += more.len();
        let lines = &text[..self.lines];
        let mut last = None;
        while !self.is_over && self.end < lines.len() {
            match self.rows.next(lines) {
                Some(row) if last.unwrap_or(self.last.raw()) < row => {
                    self.marks.push(row.mark());
                    self.end = self.rows.position();
                    last = Some(row);
                }
                found => {
                    self.is_over = true;
                    self.is_out_of_order = found.is_some();
                }
            }
        }
        if let Some(row) = last {
            self.last.set(row);
        }
    }

    /// Gives up what need not be kept; returns how many bytes the text has to lose at its beginning.
    pub fn give_up(&mut self) -> usize {
        let gone = if self.is_over { self.end } else { self.rows.needed() };
        if !self.is_over {
            self.rows.forget(gone);
        }
        self.end -= gone;
        self.lines -= gone;
        self.searched -= gone;
        self.gone += gone;
        gone
    }

    /// Whether a row follows that has its place before the last of these: nothing comes of them then.
    pub fn is_out_of_order(&self) -> bool {
        self.is_out_of_order
    }

    /// Where the rows end in what is left of the text.
    pub fn end(&self) -> usize {
        self.end
    }

    /// The length of the rows in bytes, with what was given up.
    pub fn bytes(&self) -> usize {
        self.gone + self.end
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.marks.len()
    }

    /// Whether `first` comes behind all rows, and none of them is one that has one of these marks.
    pub(super) fn is_before(&self, first: Option<Raw<'_>>, mut marks: Vec<u64>) -> bool {
        if first.is_some_and(|first| first <= self.last.raw()) {
            return false;
        }
        marks.sort_unstable();
        let filter = Filter::of(marks.iter().copied());
        // Another row with the same mark is taken for the same: that costs time and nothing else.
        !self.marks.iter().any(|mark| filter.may_hold(*mark) && marks.binary_search(mark).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Row;
    use super::*;

    fn row(at: &str, id: &str) -> String {
        format!("{{\"at\": \"{at}\", \"event_id\": \"{id}\"}}\n")
    }

    /// Shows `text` in steps of so many bytes; returns what stands, and what is left of the text.
    fn looked(text: &str, step: usize) -> (Beginning, Vec<u8>) {
        let (mut beginning, mut left) = (Beginning::default(), Vec::new());
        for more in text.as_bytes().chunks(step) {
            left.extend_from_slice(more);
            beginning.look(&left);
            left.drain(..beginning.give_up());
        }
        (beginning, left)
    }

    #[test]
    fn rows_stand_up_to_the_first_that_does_not_however_they_are_shown() {
        let good = row("1", "A") + &row("2", "B") + &row("2", "C");
        for (bad, rows) in [
            (row("2", "B"), 3),
            (row("2", "C"), 3),
            (row("1", "D"), 3),
            ("\n".into(), 3),
            (row("3", "D").replace(": ", ":"), 3),
            ("<<<<<<< ours\n".into(), 3),
            (row("3", "D").trim_end().into(), 3),
            (row("3", "D"), 4),
        ] {
            let text = format!("{good}{bad}{}", if rows == 3 { row("9", "Z") } else { String::new() });
            let stands = good.len() + if rows == 4 { bad.len() } else { 0 };
            for step in 1..=text.len() {
                let (beginning, left) = looked(&text, step);
                assert_eq!((beginning.rows(), beginning.bytes()), (rows, stands), "{bad:?} by {step}");
                assert_eq!(left[beginning.end()..], text.as_bytes()[stands..], "{bad:?} by {step}");
            }
        }
    }

    #[test]
    fn a_row_that_belongs_before_is_told_from_one_that_is_read_in_full() {
        let good = row("1", "A") + &row("2", "B");
        for (bad, is_out_of_order) in
            [(row("1", "C"), true), (row("2", "B"), true), ("{}\n".into(), true), ("\n".into(), false)]
        {
            let (beginning, _) = looked(&(good.clone() + &bad + &row("9", "Z")), 11);
            assert_eq!(beginning.is_out_of_order(), is_out_of_order, "{bad:?}");
        }
        assert!(!looked(&good, 11).0.is_out_of_order());
    }

    #[test]
    fn ids_that_end_alike_and_rows_without_ids_are_told_apart() {
        let ids = |id: usize| row(&format!("{id:04}"), &format!("{id:08x}-1dec-11f0-8c5a-0242ac120002"));
        let none = |at: usize| format!("{{\"at\": \"{at:04}\", \"wp_id\": \"WP01 of the mission\"}}\n");
        for rows in [&ids as &dyn Fn(usize) -> String, &none] {
            let (beginning, _) = looked(&(0..900).map(rows).collect::<String>(), 4096);
            let is_before = |text: String| {
                let new = Row::read(text.trim_end().as_bytes()).expect("a row");
                beginning.is_before(Some(new.raw()), vec![new.raw().mark()])
            };
            assert!((900..999).map(rows).all(is_before));
            assert!(!is_before(rows(899)));
        }
    }

    /// To search it from its beginning each time would take an hour.
    #[test]
    fn a_line_is_searched_once_however_often_more_of_it_is_shown() {
        let (mut beginning, mut text) = (Beginning::default(), row("1", "A").into_bytes());
        let stands = text.len();
        for _ in 0..1 << 20 {
            text.extend_from_slice(b"{\"x\": \"y\", ");
            beginning.look(&text);
        }
        assert_eq!((beginning.rows(), beginning.bytes()), (1, stands));
        text.push(b'\n');
        beginning.look(&text);
        assert_eq!((beginning.rows(), beginning.bytes()), (1, stands));
    }

    #[test]
    fn what_is_new_comes_behind_or_not() {
        let (beginning, _) = looked(&(row("1", "A") + &row("2", "B")), 7);
        let is_before = |text: &str| {
            let new = Row::read(text.trim_end().as_bytes()).expect("a row");
            beginning.is_before(Some(new.raw()), vec![new.raw().mark()])
        };
        assert!(is_before(&row("2", "C")));
        assert!(is_before(&row("3", "AA")));
        assert!(!is_before(&row("2", "B")));
        assert!(!is_before(&row("1", "C")));
        assert!(!is_before(&row("3", "A")));
        assert!(beginning.is_before(None, Vec::new()));
        assert!(Beginning::default().is_before(Row::read(b"{}").ok().as_ref().map(Row::raw), Vec::new()));
    }
}
