//! Text that came from a file or a server, made harmless for a terminal, and for a build log that is read for commands.

use std::fmt::Write as _;

/// Marks that may follow one letter. Those of every living script do with fewer; more of them paint over other lines.
const MARKS: usize = 8;

/// Replaces what a terminal obeys or does not show (control, bidirectional, zero-width and other invisible characters,
/// more than eight marks on one letter) by `\u{…}`, and breaks `##[` and `##name[`, with which build servers begin a
/// command anywhere in a line.
pub(super) fn escape(text: &str) -> String {
    replaced(text, |out, character| {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
    })
}

/// The same for a JSON document: such characters stand in its strings only, so they are written as JSON writes them.
pub(super) fn escape_json(document: &str) -> String {
    replaced(document, |out, character| {
        if character == '\n' {
            return out.push('\n');
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn replaced(text: &str, show: impl Fn(&mut String, char)) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut before, mut marks) = (None, 0);
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(|b| !is_plain(b)).unwrap_or(rest.len());
        if plain > 0 {
            out.push_str(&rest[..plain]);
            (before, marks) = (rest[..plain].chars().next_back(), 0);
            rest = &rest[plain..];
        }
        let Some(character) = rest.chars().next() else { return out };
        rest = &rest[character.len_utf8()..];
        marks = if is_mark(character) { marks + 1 } else { 0 };
        let is_harmful = is_harmful(character) && !chooses_a_picture(character, before)
            || marks > MARKS
            || character == '#' && before == Some('#') && is_command(rest);
        if is_harmful {
            show(&mut out, character);
        } else {
            out.push(character);
        }
        before = Some(character);
    }
}

/// What is shown as it is wherever it stands: of most texts everything.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'#'
}

/// Whether `##` before this begins a command: `[`, or a word and `[`.
fn is_command(rest: &str) -> bool {
    rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
}

/// Controls, and what Unicode calls default ignorable or a format character without a shape.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// `⚠️` is two characters. The second one alone, or behind a letter, is not seen.
fn chooses_a_picture(character: char, before: Option<char>) -> bool {
    matches!(character, '\u{fe0e}' | '\u{fe0f}')
        && before.is_some_and(|before| {
            matches!(before, '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}')
                && !is_harmful(before)
                && !before.is_alphanumeric()
        })
}

/// The blocks of combining marks.
fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_shown() {
        assert_eq!(escape("a\u{1b}[31mb\r\n"), "a\\u{1b}[31mb\\u{d}\\u{a}");
        assert_eq!(escape("x\u{202e}y\u{200b}é日"), "x\\u{202e}y\\u{200b}é日");
        assert_eq!(escape("a\u{fe0f}\u{e0041}\u{3164}"), "a\\u{fe0f}\\u{e0041}\\u{3164}");
    }

    #[test]
    fn commands_of_build_servers_are_broken() {
        assert_eq!(escape("a ##[add-mask]b # ##"), "a #\\u{23}[add-mask]b # ##");
        assert_eq!(
            escape("##vso[x]###teamcity[y] ## [z] ##a b["),
            "#\\u{23}vso[x]##\\u{23}teamcity[y] ## [z] ##a b["
        );
    }

    #[test]
    fn writing_is_left_alone() {
        for text in ["⚠️ done ✔︎", "🏳️", "e\u{301}\u{323}", "ক্ষি", "שלום", "السلام", "한국어", "ไทย", "Việt"]
        {
            assert_eq!(escape(text), text);
        }
        assert_eq!(escape("\u{26a0}\u{fe0f}\u{fe0f}"), "\u{26a0}\u{fe0f}\\u{fe0f}");
        assert_eq!(
            escape(&format!("a{}", "\u{301}".repeat(9))),
            format!("a{}\\u{{301}}", "\u{301}".repeat(8))
        );
    }

    #[test]
    fn json_stays_json() {
        assert_eq!(escape_json("[\"##[x]\"]\n"), "[\"#\\u0023[x]\"]\n");
        assert_eq!(
            escape_json("{\n  \"a\": \"\u{9b}é\u{202e}\u{e0041}\"\n}\n"),
            "{\n  \"a\": \"\\u009bé\\u202e\\udb40\\udc41\"\n}\n"
        );
    }
}
