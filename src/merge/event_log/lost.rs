//! Which rows of a log an edited version of it no longer holds. A log only grows, so there should be none.
//!
//! Rows are told apart as in a merge: by `event_id`, without one by their content. Lines that are no readable rows
//! (conflict markers among them) are not judged. Knows nothing about where the two texts come from.

use std::collections::HashSet;

use super::row::{Identity, Row};

/// Rows that are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// How many
    pub rows: usize,
    /// The `event_id` of the first, or its content
    pub first: String,
}

/// The rows of `before` that `after` does not hold. What both begin and end with is not read, unless something is
/// missing in between.
pub fn lost(before: &[u8], after: &[u8]) -> Option<Lost> {
    let begin = shared_begin(before, after);
    let end = shared_end(&before[begin..], &after[begin..]);
    let gone = &before[begin..before.len() - end];
    let mut missing: Vec<Identity<'_>> = identities(gone).collect();
    drop_held(&mut missing, &after[begin..after.len() - end]);
    // The same row can stand twice.
    drop_held(&mut missing, &before[..begin]);
    drop_held(&mut missing, &before[before.len() - end..]);
    let mut seen = HashSet::new();
    missing.retain(|identity| seen.insert(identity.clone()));
    let first = missing.first()?.as_str().to_owned();
    Some(Lost { rows: missing.len(), first })
}

fn drop_held(missing: &mut Vec<Identity<'_>>, text: &[u8]) {
    if !missing.is_empty() {
        let held: HashSet<Identity<'_>> = identities(text).collect();
        missing.retain(|identity| !held.contains(identity));
    }
}

fn identities(text: &[u8]) -> impl Iterator<Item = Identity<'_>> {
    text.split(|b| *b == b'\n').filter_map(|line| Some(Row::read(line).ok()?.identity()))
}

/// How many bytes both begin with, in whole lines.
fn shared_begin(before: &[u8], after: &[u8]) -> usize {
    let equal = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let ended = |text: &[u8]| matches!(text.get(equal), None | Some(b'\n'));
    if ended(before) && ended(after) {
        return equal;
    }
    before[..equal].iter().rposition(|b| *b == b'\n').unwrap_or(0)
}

/// How many bytes both end with, in whole lines.
fn shared_end(before: &[u8], after: &[u8]) -> usize {
    let equal = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let begun = |text: &[u8]| equal == text.len() || text[text.len() - equal - 1] == b'\n';
    if begun(before) && begun(after) {
        return equal;
    }
    let text = &before[before.len() - equal..];
    text.iter().position(|b| *b == b'\n').map_or(0, |newline| text.len() - newline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: Option<(usize, &str)>) {
        let found = lost(before.as_bytes(), after.as_bytes());
        assert_eq!(
            found.as_ref().map(|lost| (lost.rows, lost.first.as_str())),
            expected,
            "{before:?} {after:?}"
        );
    }

    fn rows(ids: &str) -> String {
        ids.chars()
            .map(|id| "{\"at\": \"ID\", \"event_id\": \"ID\"}\n".replace("ID", &id.to_string()))
            .collect()
    }

    #[test]
    fn every_way_to_take_rows_out() {
        for (before, after, gone) in [
            ("", "", ""),
            ("", "ab", ""),
            ("ab", "ab", ""),
            ("ab", "abc", ""),
            ("ac", "abc", ""),
            ("bc", "abc", ""),
            ("abc", "cab", ""),
            ("aab", "ab", ""),
            ("abab", "ab", ""),
            ("abc", "", "abc"),
            ("abc", "ab", "c"),
            ("abc", "bc", "a"),
            ("abc", "ac", "b"),
            ("abcde", "axe", "bcd"),
            ("abba", "a", "b"),
        ] {
            let expected = gone.get(..1).map(|first| (gone.len(), first));
            check(&rows(before), &rows(after), expected);
            // Without the last newline.
            check(rows(before).trim_end(), &rows(after), expected);
            check(&rows(before), rows(after).trim_end(), expected);
        }
    }

    #[test]
    fn a_row_is_what_its_id_says_else_its_content() {
        check("{\"event_id\": \"x\", \"reason\": \"a\"}\n", "{\"event_id\":\"x\",\"reason\":\"b\"}\n", None);
        check("{\"a\": 1, \"b\": \"\\u00e9\"}\n", "{\"b\":\"é\",\"a\":1}\r\n", None);
        check("{\"a\": 1}\n", "{\"a\": 2}\n", Some((1, "{\"a\": 1}")));
        check("{\"a\": 1}", "{\"a\": 1}{\"b\": 2}\n", Some((1, "{\"a\": 1}")));
        check("{\"a\": 1}", "{\"a\": 1}\n{\"b\": 2}\n", None);
        check("{\"a\": 1}", "{}{\"a\": 1}", Some((1, "{\"a\": 1}")));
    }

    #[test]
    fn lines_that_are_no_rows_are_not_judged() {
        let (before, after) = (rows("abc"), rows("ab"));
        check(&format!("<<<<<<< ours\n{after}=======\n>>>>>>> theirs\n"), &after, None);
        check(&before, &before.replace('b', "NaN"), Some((1, "b")));
        check(&format!("{after}half a r"), &after, None);
    }
}
