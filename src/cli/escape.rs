//! Text that came from a file or a server, made harmless for a terminal, and for a build log that is read for commands.

use std::fmt::Write as _;

/// Replaces control, bidirectional and zero-width characters by `\u{…}`, and breaks `##[`, with which GitHub Actions
/// still begins a command anywhere in a line.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    if out.contains("##[") { out.replace("##[", "#\\u{23}[") } else { out }
}

fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_shown() {
        assert_eq!(escape("a\u{1b}[31mb\r\n"), "a\\u{1b}[31mb\\u{d}\\u{a}");
        assert_eq!(escape("a ##[add-mask]b # ##"), "a #\\u{23}[add-mask]b # ##");
        assert_eq!(escape("x\u{202e}y\u{200b}é日"), "x\\u{202e}y\\u{200b}é日");
    }
}
