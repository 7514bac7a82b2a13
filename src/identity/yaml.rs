//! YAML that somebody else wrote, read within bounds. The parser bounds depth and repetition of what it has read, but
//! takes quadratic time over brackets that are opened and not closed, so those are counted first.

use yaml_serde::Value;

/// Brackets that may be open at once. The parser itself refuses documents of a quarter of this depth; the rest is for
/// brackets in comments and texts, which are counted too.
const MAX_OPEN: usize = 512;

/// The document, or the parser's words, which name line and column.
pub(super) fn parse(text: &[u8]) -> Result<Value, String> {
    let mut open = 0_usize;
    for byte in text {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_OPEN {
            return Err(format!("more than {MAX_OPEN} brackets are open at once"));
        }
    }
    yaml_serde::from_slice(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_counted() {
        assert!(parse("[".repeat(100_000).as_bytes()).expect_err("refused").contains("512"));
        assert!(parse("{a: [".repeat(300).as_bytes()).is_err());
        let list = format!("a:{}\n", "\n- [b, {c: d}]".repeat(2_000));
        assert!(parse(list.as_bytes()).is_ok());
    }
}
