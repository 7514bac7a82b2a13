//! A text as a merge by lines sees it: lines, and hunks where it came with conflict markers. Knows nothing about what
//! the lines say.

use std::fmt;

use super::Side;
use super::markers::{MIN_SIZE, marker};
use super::style::ConflictStyle;

/// Why three texts were not merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// One is not UTF-8
    NotText {
        /// Which one
        side: Side,
    },
    /// One holds conflict markers that do not belong together
    Markers {
        /// Which one
        side: Side,
        /// The line, from 1
        line: usize,
    },
    /// A text that came with a conflict meets another one at the same place: more than two readings, which no hunk can
    /// hold
    Tangled,
    /// The result would be read as something else than what was decided
    Unproven,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText { side } => write!(f, "{side} is not UTF-8"),
            Self::Markers { side, line } => {
                write!(f, "{side}:{line}: a conflict marker that belongs to no other")
            }
            Self::Tangled => f.write_str("more than two readings of one passage"),
            Self::Unproven => f.write_str("the merged text would be read as something else"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A line without its newline, or a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Token<'a> {
    Line(&'a str),
    Hunk(Hunk<'a>),
}

/// Two readings of one passage, as lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Hunk<'a> {
    pub(super) first: Vec<&'a str>,
    pub(super) second: Vec<&'a str>,
}

impl<'a> Token<'a> {
    pub(super) fn line(&self) -> Option<&'a str> {
        if let Self::Line(line) = self { Some(line) } else { None }
    }

    pub(super) fn is_blank(&self) -> bool {
        *self == Self::Line("")
    }

    /// Equal tokens look alike: the halves of a hunk in one order, because rerere sorts them.
    pub(super) fn sorted(&self) -> Self {
        match self {
            Self::Hunk(Hunk { first, second }) if second < first => {
                Self::Hunk(Hunk { first: second.clone(), second: first.clone() })
            }
            token => token.clone(),
        }
    }
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    /// Whether the last line ends with a newline
    pub(super) ended: bool,
}

enum At<'a> {
    Outside,
    First(usize, Vec<&'a str>),
    Ancestor(usize, Vec<&'a str>),
    Second(usize, Vec<&'a str>, Vec<&'a str>),
}

impl<'a> Text<'a> {
    /// Reads a text. Lines end at LF only; a section of a hunk that shows the ancestor is left out.
    pub(super) fn read(side: Side, bytes: &'a [u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|_| Refusal::NotText { side })?;
        let (lines, ended) = match text.strip_suffix('\n') {
            Some(lines) => (Some(lines), true),
            None => (Some(text).filter(|text| !text.is_empty()), text.is_empty()),
        };
        let mut tokens = Vec::new();
        let mut at = At::Outside;
        let mut count = 0;
        for line in lines.into_iter().flat_map(|lines| lines.split('\n')) {
            count += 1;
            at = match (at, marker(line, MIN_SIZE)) {
                (At::Outside, Some(('<', width))) => At::First(width, Vec::new()),
                (At::First(width, first), Some(('|', found))) if found == width => At::Ancestor(width, first),
                (At::First(width, first) | At::Ancestor(width, first), Some(('=', found)))
                    if found == width =>
                {
                    At::Second(width, first, Vec::new())
                }
                (At::Second(width, first, second), Some(('>', found))) if found == width => {
                    tokens.push(Token::Hunk(Hunk { first, second }));
                    At::Outside
                }
                // Underlines and tables look like the middle of a hunk, the outer markers like nothing else.
                (_, Some(('<' | '>', _))) => return Err(Refusal::Markers { side, line: count }),
                (At::Second(width, ..), Some(('=', found))) if found == width => {
                    return Err(Refusal::Markers { side, line: count });
                }
                (At::Outside, _) => {
                    tokens.push(Token::Line(line));
                    At::Outside
                }
                (At::First(width, mut first), _) => {
                    first.push(line);
                    At::First(width, first)
                }
                (At::Second(width, first, mut second), _) => {
                    second.push(line);
                    At::Second(width, first, second)
                }
                (ancestor @ At::Ancestor(..), _) => ancestor,
            };
        }
        match at {
            At::Outside => Ok(Self { tokens, ended }),
            _ => Err(Refusal::Markers { side, line: count }),
        }
    }

    /// Whether nothing in it is open.
    pub(super) fn is_plain(&self) -> bool {
        self.tokens.iter().all(|token| token.line().is_some())
    }

    /// Its lines, hunks left out.
    pub(super) fn lines(&self) -> Vec<&'a str> {
        self.tokens.iter().filter_map(Token::line).collect()
    }

    /// Writes it, hunks with markers of this style; a hunk at the end ends with a newline.
    pub(super) fn to_text(&self, style: &ConflictStyle) -> String {
        let mut out = String::with_capacity(4096);
        let mut put = |line: &str| {
            out.push_str(line);
            out.push('\n');
        };
        for token in &self.tokens {
            match token {
                Token::Line(line) => put(line),
                Token::Hunk(Hunk { first, second }) => {
                    put(&style.open());
                    for line in first {
                        put(line);
                    }
                    put(&style.middle());
                    for line in second {
                        put(line);
                    }
                    put(&style.close());
                }
            }
        }
        if !self.ended && self.tokens.last().is_some_and(|token| token.line().is_some()) {
            out.pop();
        }
        out
    }

    /// Writes it and reads it back: the text says what was decided, and nothing in it is taken for a marker that is
    /// none.
    pub(super) fn proven(&self, style: &ConflictStyle) -> Result<String, Refusal> {
        let text = self.to_text(style);
        match Text::read(Side::Ours, text.as_bytes()) {
            Ok(read) if read.tokens == self.tokens => Ok(text),
            _ => Err(Refusal::Unproven),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> Result<Text<'_>, Refusal> {
        Text::read(Side::Ours, text.as_bytes())
    }

    #[test]
    fn a_text_is_written_as_it_was_read() {
        for text in ["", "a", "a\n", "\n", "a\n\nb", "Title\n=======\n", "|||||||\n", "a\r\nb\u{2028}c\n"] {
            assert_eq!(read(text).expect(text).to_text(&ConflictStyle::default()), text, "{text:?}");
        }
        let hunk = "a\n<<<<<<< ours\nb\n=======\n>>>>>>> theirs\nc";
        let text = read(hunk).expect("a hunk");
        assert_eq!((text.is_plain(), text.tokens.len()), (false, 3));
        assert_eq!(text.to_text(&ConflictStyle::default()), hunk);
    }

    #[test]
    fn ancestors_are_left_out_and_underlines_of_another_size_stay() {
        let text = read("<<<<<<< x\nb\n==========\n||||||| y\nz\n=======\nc\n>>>>>>> x\n").expect("a hunk");
        assert_eq!(text.tokens, [Token::Hunk(Hunk { first: vec!["b", "=========="], second: vec!["c"] })]);
        let text = read("<<<<<<<\n||||||||\n=======\nT\n========\n>>>>>>>\n").expect("a hunk");
        let hunk = Hunk { first: vec!["||||||||"], second: vec!["T", "========"] };
        assert_eq!(text.tokens, [Token::Hunk(hunk)]);
    }

    #[test]
    fn markers_that_belong_to_no_hunk_are_refused() {
        for (text, line) in [
            ("a\n>>>>>>> b\n", 2),
            ("<<<<<<< a\n", 1),
            ("<<<<<<< a\n<<<<<<< b\n", 2),
            ("<<<<<<<\n=======\n=======\n>>>>>>>\n", 3),
            ("<<<<<<<\n=======\nx", 3),
            ("<<<<<<<\n=======\n>>>>>>>>\n", 3),
        ] {
            assert_eq!(read(text), Err(Refusal::Markers { side: Side::Ours, line }), "{text:?}");
        }
        assert_eq!(Text::read(Side::Base, b"\xff"), Err(Refusal::NotText { side: Side::Base }));
    }

    #[test]
    fn a_result_that_would_be_read_otherwise_is_not_proven() {
        let style = ConflictStyle::default();
        let hunk = |first| Text { tokens: vec![Token::Hunk(Hunk { first, second: vec![] })], ended: true };
        assert!(hunk(vec!["a"]).proven(&style).is_ok());
        assert_eq!(hunk(vec!["Title", "======="]).proven(&style), Err(Refusal::Unproven));
        let lines = ["<<<<<<<", "=======", ">>>>>>>"].map(Token::Line);
        let looks_open = Text { tokens: lines.to_vec(), ended: true };
        assert_eq!(looks_open.proven(&style), Err(Refusal::Unproven));
        assert!(hunk(vec!["Title", "======="]).proven(&ConflictStyle::new(9, None, None)).is_ok());
    }
}
