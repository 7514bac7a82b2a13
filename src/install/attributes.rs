//! The block of lines in `info/attributes`.
//!
//! Pure: bytes in, bytes out; foreign lines are never touched, whatever bytes they are.

use super::Attribute;

const BEGIN: &[u8] =
    b"# >>> git-mission: written by `git mission install`, removed by `git mission uninstall`\n";
const END: &[u8] = b"# <<< git-mission\n";

/// The file with the present block: in place of an older one, else at the end, where it wins.
pub(super) fn with_block(file: &[u8]) -> Vec<u8> {
    let mut block = BEGIN.to_vec();
    for attribute in Attribute::all() {
        block.extend_from_slice(attribute.line().as_bytes());
        block.push(b'\n');
    }
    block.extend_from_slice(END);

    if let Some((start, end)) = find(file) {
        return [&file[..start], &block, &file[end..]].concat();
    }
    let newline: &[u8] = if file.is_empty() || file.ends_with(b"\n") { b"" } else { b"\n" };
    [file, newline, &block].concat()
}

/// The file without the block.
pub(super) fn without_block(file: &[u8]) -> Vec<u8> {
    match find(file) {
        Some((start, end)) => [&file[..start], &file[end..]].concat(),
        None => file.to_vec(),
    }
}

/// Where the block begins and ends. One without its last line is taken for foreign text.
fn find(file: &[u8]) -> Option<(usize, usize)> {
    let start = position(file, BEGIN)?;
    let end = start + position(&file[start..], END)? + END.len();
    Some((start, end))
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_added_once_and_removed() {
        for file in [&b""[..], b"*.txt text\n", b"\n\n", b"\xff\xfe\n*.bin binary\n"] {
            let once = with_block(file);
            assert_eq!(with_block(&once), once);
            assert_eq!(without_block(&once), file);
        }
        let text = String::from_utf8(with_block(b"*.txt text")).expect("UTF-8");
        assert!(text.starts_with("*.txt text\n# >>> "), "{text}");
        assert!(text.contains("\nkitty-specs/*/meta.json merge=mission-meta\n"), "{text}");
    }

    #[test]
    fn lines_around_the_block_stay() {
        let file = [&b"before\n"[..], BEGIN, b"old/pattern merge=mission-old\n", END, b"after"].concat();
        assert_eq!(without_block(&file), b"before\nafter");
        let renewed = with_block(&file);
        assert!(renewed.starts_with(b"before\n") && renewed.ends_with(b"# <<< git-mission\nafter"));
        assert_eq!(without_block(&renewed), b"before\nafter");
    }

    #[test]
    fn half_a_block_is_left_alone() {
        let file = [b"a\n", BEGIN, b"b\n"].concat();
        assert_eq!(without_block(&file), file);
    }
}
