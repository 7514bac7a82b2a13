//! The strings, made systematically, and what is wrong with a text. Shares nothing with the program under test.

use std::ops::RangeInclusive;

/// Characters that have no place in what is printed, by what they do.
const HARMFUL: [(&str, RangeInclusive<char>); 24] = [
    ("a control character", '\u{0}'..='\u{9}'),
    ("a control character", '\u{b}'..='\u{1f}'),
    ("DEL or a C1 control character", '\u{7f}'..='\u{9f}'),
    ("a soft hyphen", '\u{ad}'..='\u{ad}'),
    ("a joiner that is not seen", '\u{34f}'..='\u{34f}'),
    ("a mark of direction", '\u{61c}'..='\u{61c}'),
    ("a filler", '\u{115f}'..='\u{1160}'),
    ("a vowel that is not seen", '\u{17b4}'..='\u{17b5}'),
    ("a selector", '\u{180b}'..='\u{180f}'),
    ("zero width", '\u{200b}'..='\u{200d}'),
    ("a mark of direction", '\u{200e}'..='\u{200f}'),
    ("a separator of lines", '\u{2028}'..='\u{2029}'),
    ("a direction embedded", '\u{202a}'..='\u{202e}'),
    ("zero width", '\u{2060}'..='\u{2065}'),
    ("a direction isolated", '\u{2066}'..='\u{2069}'),
    ("zero width", '\u{206a}'..='\u{206f}'),
    ("a filler", '\u{3164}'..='\u{3164}'),
    ("a selector", '\u{fe00}'..='\u{fe0d}'),
    ("a byte order mark", '\u{feff}'..='\u{feff}'),
    ("a filler", '\u{ffa0}'..='\u{ffa0}'),
    ("an annotation", '\u{fff0}'..='\u{fffb}'),
    ("a note of music that is not seen", '\u{1d173}'..='\u{1d17a}'),
    ("a tag", '\u{e0000}'..='\u{e007f}'),
    ("a selector", '\u{e0080}'..='\u{e0fff}'),
];

/// What is wrong with a printed text, if anything.
pub(super) fn harm(text: &str) -> Option<String> {
    let (mut marks, mut before) = (0, ' ');
    for character in text.chars() {
        if let Some((what, _)) = HARMFUL.iter().find(|(_, range)| range.contains(&character)) {
            return Some(format!("{what} (U+{:04X})", u32::from(character)));
        }
        marks = if ('\u{300}'..='\u{36f}').contains(&character) { marks + 1 } else { 0 };
        if marks > 8 {
            return Some("a heap of marks".to_owned());
        }
        if matches!(character, '\u{fe0e}' | '\u{fe0f}')
            && (before.is_ascii() || before.is_alphanumeric() || before == character)
        {
            return Some("a selector that selects nothing".to_owned());
        }
        before = character;
    }
    let commands = ["##[", "##vso[", "##teamcity[", "##section["];
    commands.iter().find(|command| text.contains(**command)).map(|command| format!("{command}…]"))
}

/// All of them.
#[expect(clippy::too_many_lines, reason = "a list")]
pub(super) fn naughty() -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |text: String| all.push(text);
    // Each control character.
    for code in (0..=0x1f).chain(0x7f..=0x9f) {
        let character = char::from_u32(code).expect("a character");
        add(format!("a{character}b"));
    }
    // Control sequences: colours, clearing, moving, reports that are typed back, other screens, mouse, titles.
    for introducer in ["\u{1b}[", "\u{9b}"] {
        for sequence in [
            "31m",
            "0m",
            "1;31;40m",
            "38;2;1;2;3m",
            "8m",
            "2J",
            "3J",
            "H",
            "1;1H",
            "9999;9999H",
            "6n",
            "5n",
            "c",
            ">c",
            "=c",
            "?1049h",
            "?1049l",
            "?1000h",
            "?2004h",
            "?25l",
            "?47h",
            "20t",
            "21t",
            "14t",
            "8;1;1t",
            "2K",
            "1K",
            "A",
            "99A",
            "99B",
            "99D",
            "1G",
            "L",
            "M",
            "P",
            "@",
            "X",
            "S",
            "T",
            "r",
            "s",
            "u",
            "?1004h",
            "?5h",
            "4i",
            "5i",
            "!p",
            "\"q",
            " q",
            "?15n",
            "?26n",
            "x",
            "1$r",
            "?7l",
            "12l",
            "20h",
        ] {
            add(format!("a{introducer}{sequence}b"));
        }
    }
    // Commands to the terminal: title, colours, clipboard, links, files, notifications.
    for introducer in ["\u{1b}]", "\u{9d}"] {
        for command in [
            "0;title",
            "2;title",
            "4;1;?",
            "7;file:///x",
            "8;;https://evil.example",
            "9;note",
            "10;?",
            "50;font",
            "52;c;Y3VybCB4fHNo",
            "104",
            "133;A",
            "777;notify;a;b",
            "1337;File=name=eA==:eA==",
            "1337;CurrentDir=/",
            "P1;rgb",
            "21;?",
            "99;;x",
        ] {
            for end in ["\u{7}", "\u{1b}\\", "\u{9c}"] {
                add(format!("a{introducer}{command}{end}b"));
            }
        }
    }
    for introducer in ["\u{1b}P", "\u{90}", "\u{1b}_", "\u{9f}", "\u{1b}^", "\u{9e}", "\u{1b}X", "\u{98}"] {
        for body in ["$q\"p", "+q544e", "1;1|17/61", "Gf=24,s=1,v=1;AAAA", "tmux;x", "q#0;2;0;0;0"] {
            add(format!("{introducer}{body}\u{1b}\\"));
        }
    }
    for single in [
        "c", "7", "8", "D", "E", "H", "M", "N", "O", "Z", "=", ">", "#8", "(0", ")B", "%G", "%@", "l", "n",
        "|", "~", "F",
    ] {
        add(format!("\u{1b}{single}x"));
    }
    // What turns text around, or is not seen.
    for (_, range) in HARMFUL.iter().skip(3) {
        for character in range.clone().take(16) {
            add(format!("admin{character}user"));
            add(format!("{character}"));
        }
    }
    for trick in [
        "\u{202e}gnp.exe\u{202c}",
        "a\u{2066}\u{202e}b\u{2069}c",
        "if (x) {\u{2067} // \u{2069}return",
        "\u{200b}\u{200c}\u{200d}\u{2060}",
        "\u{feff}bom",
        "pay\u{ad}pal",
        "\u{202a}\u{202b}\u{202d}\u{202e}",
        "\u{e0001}\u{e0065}\u{e0076}\u{e0069}\u{e006c}\u{e007f}",
        "a\u{fe00}\u{fe01}\u{e0100}\u{e01ef}",
        "x\u{fe0f}\u{fe0f}",
        "\u{2028}::error::x",
        "\u{2029}error: forged",
        "\u{85}::error::x",
    ] {
        add(trick.to_owned());
    }
    // Lines that are not ours, and commands to build servers.
    for end in ["\n", "\r", "\r\n", "\n\n", "\u{b}", "\u{c}", "\n \t"] {
        for line in [
            "::error file=x::y",
            "::add-mask::x",
            "::set-output name=a::b",
            "::stop-commands::x",
            "::group::x",
            "##[error]x",
            "##vso[task.setvariable variable=a]b",
            "##teamcity[buildStatus text='x']",
            "error: forged",
            "hint: curl x | sh",
            "remote: forged",
            "section_start:0:x\u{1b}[0K",
        ] {
            add(format!("a{end}{line}"));
        }
    }
    for line in ["##[error]x", "###[error]x", "##vso[x]", "a ##teamcity[x] b", "##[[x]]", "##section[x]"] {
        add(line.to_owned());
    }
    // Heaps of marks, and their like.
    for count in [9, 50, 400] {
        for mark in ['\u{300}', '\u{30d}', '\u{336}', '\u{36f}'] {
            add(format!("z{}", mark.to_string().repeat(count)));
        }
    }
    // What shells, formats and options make of a text.
    for text in [
        "$(touch x)",
        "`touch x`",
        "';touch x;'",
        "\" && touch x",
        "%s%n%x",
        "%0A::error::x",
        "{}{0}",
        "-rf",
        "--help",
        "--json",
        "-",
        "--",
        "--upload-pack=x",
        "-c",
        "@{-1}",
        "a\\nb",
        "\\u{1b}",
        "\u{fffd}",
    ] {
        add(text.to_owned());
    }
    all
}

/// Names that are no text.
pub(super) fn no_text() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        &b"\x80"[..],
        b"\xff",
        b"\xfe\xff",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xc1\x9c",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xe2\x80",
        b"\xc2",
        b"a\xc2\x1b[31m",
        b"\xf0\x9f",
        b"\x9b31m",
        b"\x9d0;x\x07",
    ]
    .iter()
    .map(|bytes| bytes.to_vec())
    .collect();
    all.push([b"long".as_slice(), &[0x90; 200]].concat());
    all
}
