//! The text of a hook shim: made from `hooks/shim.sh`, recognized again.
//!
//! Pure. Knows nothing about files.

/// The version of the shims that are written. A hook gets it as `--shim-version`.
pub const SHIM_VERSION: u32 = 2;

const TEMPLATE: &str = include_str!("../../hooks/shim.sh");
/// How every shim of every version begins.
const HEAD: &[u8] = b"#!/bin/sh\n# git-mission shim ";

/// The shim of a hook that starts `program`, an absolute path without control characters.
pub(super) fn shim(hook: &str, program: &str) -> String {
    // The program last: its path may contain the other placeholders.
    TEMPLATE
        .replace("@HOOK@", hook)
        .replace("@VERSION@", &SHIM_VERSION.to_string())
        .replace("@PROGRAM@", &shell_quoted(program))
}

/// Whether these bytes began as a shim of ours, of whatever version, whatever was added since.
pub(super) fn is_shim(bytes: &[u8]) -> bool {
    bytes.starts_with(HEAD)
}

/// The version that a shim says it has.
pub(super) fn version(bytes: &[u8]) -> Option<u32> {
    let rest = bytes.strip_prefix(HEAD)?;
    let digits = rest.split(|b| !b.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The program that a shim of this version starts, if nothing else was changed in it.
pub(super) fn program_of(hook: &str, bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let quoted = text.lines().find_map(|line| line.strip_prefix("program="))?;
    let program = shell_unquoted(quoted)?;
    (shim(hook, &program) == text).then_some(program)
}

/// A word that a POSIX shell reads as exactly this text.
pub(super) fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The text of a word that [`shell_quoted`] made.
pub(super) fn shell_unquoted(word: &str) -> Option<String> {
    let text = word.strip_prefix('\'')?.strip_suffix('\'')?.replace(r"'\''", "'");
    (shell_quoted(&text) == word).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shims_are_short_and_pinned() {
        let shim = shim("pre-push", "/opt/it's/git-mission");
        let lines: Vec<&str> = shim.lines().collect();
        assert!((5..=11).contains(&lines.len()) && shim.ends_with("exit 0\n") && !shim.contains("@HOOK@"));
        assert_eq!(lines[2], r"program='/opt/it'\''s/git-mission'");
        assert!(lines[7].ends_with(r#"exec "$program" hook pre-push --shim-version 2 -- "$@"; fi"#));
    }

    #[test]
    fn shims_are_recognized() {
        for program in ["/bin/git-mission", "/a b/'@HOOK@'/git-mission", "/$(touch x)/`y`"] {
            let shim = shim("pre-commit", program);
            assert!(is_shim(shim.as_bytes()));
            assert_eq!(version(shim.as_bytes()), Some(SHIM_VERSION));
            assert_eq!(program_of("pre-commit", shim.as_bytes()).as_deref(), Some(program));
            assert_eq!(program_of("pre-push", shim.as_bytes()), None);
            assert_eq!(program_of("pre-commit", (shim + "more\n").as_bytes()), None);
        }
        assert!(!is_shim(b"#!/bin/sh\necho hi\n"));
        assert_eq!(version(b"#!/bin/sh\n# git-mission shim 12: x"), Some(12));
    }
}
