//! Which contents of artifacts are sent. Knows nothing about where the bytes come from.

use super::{Skip, check_path, find_secret};
use crate::id::sha256_hex;

/// The largest artifact that is sent where nothing else is configured: 512 KiB.
pub const DEFAULT_MAX_BYTES: u64 = 512 * 1024;

/// The bits of a mode that say what kind of thing it is, and the kind of a regular file.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Everything that can be said about an artifact, in the order in which it is asked: its path (relative to the
/// mission directory), its mode (as git or the file system gives it), its bytes. Returns the text to send.
pub fn examine(path: &str, mode: u32, bytes: Vec<u8>, max_bytes: u64) -> Result<String, Skip> {
    check_path(path)?;
    check_regular(mode)?;
    check_content(bytes, max_bytes)
}

/// Whether the mode is that of a regular file: links, directories and submodules are never followed.
pub fn check_regular(mode: u32) -> Result<(), Skip> {
    if mode & KIND == REGULAR { Ok(()) } else { Err(Skip::NotRegularFile) }
}

/// Whether the bytes are text of an allowed size, with something in it and without a secret; if so, the text.
pub fn check_content(bytes: Vec<u8>, max_bytes: u64) -> Result<String, Skip> {
    let size = bytes.len() as u64;
    if size > max_bytes {
        return Err(Skip::Oversized { size, limit: max_bytes });
    }
    let text = String::from_utf8(bytes).map_err(|_| Skip::NotValidUtf8)?;
    if text.contains('\0') {
        return Err(Skip::BinaryContent);
    }
    if text.trim().is_empty() {
        return Err(Skip::EmptyContent);
    }
    match find_secret(&text) {
        Some(secret) => Err(Skip::SecretSuspected(secret)),
        None => Ok(text),
    }
}

/// The hash by which a content is known: SHA-256 of the raw bytes, 64 lower-case hexadecimal digits.
pub fn content_hash(bytes: &[u8]) -> String {
    sha256_hex(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn skipped(path: &str, mode: u32, bytes: &[u8]) -> String {
        examine(path, mode, bytes.to_vec(), 10).expect_err("skipped").to_string()
    }

    #[test]
    fn each_reason_in_its_order() {
        assert_eq!(skipped("meta.json", 0o120_000, b""), "unsupported_surface");
        assert_eq!(skipped("research/a.bin", 0o120_000, b""), "unsupported_format: .bin");
        for mode in [0o120_000, 0o040_000, 0o160_000, 0o010_644, 0] {
            assert_eq!(skipped("spec.md", mode, b"text"), "not_regular_file");
        }
        assert_eq!(skipped("spec.md", 0o100_644, b"12345678901"), "oversized: 11 bytes > 10 limit");
        assert_eq!(skipped("spec.md", 0o100_644, b"\xff\0"), "not_valid_utf8");
        assert_eq!(skipped("spec.md", 0o100_644, b"a\0b"), "binary_content");
        assert_eq!(skipped("spec.md", 0o100_644, b""), "empty_content");
        assert_eq!(skipped("spec.md", 0o100_644, b" \n"), "empty_content");
        assert_eq!(examine("spec.md", 0o100_755, b"1234567890".to_vec(), 10).as_deref(), Ok("1234567890"));
    }

    #[test]
    fn the_hash_is_of_the_raw_bytes() {
        assert_eq!(
            content_hash(b"a\r\n"),
            "8e4621379786ef42a4fec155cd525c291dd7db3c1fde3478522f4f61c03fd1bd"
        );
    }
}
