//! How far a text between quotes says what it spells, eight bytes at a time.
//!
//! Pure. Knows nothing about what stands around it.

/// How many bytes at the start of `bytes` stand for themselves in any JSON string: all but `"`, `\` and those below 0x20.
#[inline]
pub fn plain_run(bytes: &[u8]) -> usize {
    run(bytes, special)
}

/// The same, for a string that is written in ASCII alone: none from 0x7f on either.
#[inline]
pub fn plain_ascii_run(bytes: &[u8]) -> usize {
    run(bytes, |bytes| special(bytes) | ((bytes | bytes.wrapping_add(ONES)) & HIGHEST))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = 0x80 * ONES;

/// How many bytes there are before the first special one.
#[inline]
fn run(bytes: &[u8], special: impl Fn(u64) -> u64) -> usize {
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (at, chunk) in chunks.iter().enumerate() {
        let special = special(u64::from_le_bytes(*chunk));
        if special != 0 {
            return 8 * at + special.trailing_zeros() as usize / 8;
        }
    }
    let end = |last| special(u64::from_le_bytes(last)).trailing_zeros() as usize / 8;
    if let Some(last) = bytes.last_chunk::<8>() {
        // Some of them were looked at, and are plain.
        return bytes.len() - 8 + end(*last);
    }
    let mut last = [b'"'; 8];
    last[..rest.len()].copy_from_slice(rest);
    end(last)
}

/// Eight bytes at once: the lowest bit that is set is the highest of the first byte that does not stand for itself.
/// Borrows and carries can set more, but only above it.
#[inline]
fn special(bytes: u64) -> u64 {
    let quote = bytes ^ (u64::from(b'"') * ONES);
    let backslash = bytes ^ (u64::from(b'\\') * ONES);
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(limit * ONES) & !bytes;
    (below(quote, 1) | below(backslash, 1) | below(bytes, 0x20)) & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_told_apart() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    for around in [b'a', b'!', 0x7e, b'#', b' ', 0xff, 0x80] {
                        let mut text = vec![around; length];
                        text[at] = byte;
                        let plain = |b: &u8| *b >= 0x20 && !matches!(b, b'"' | b'\\');
                        let ascii = |b: &u8| plain(b) && *b < 0x7f;
                        assert_eq!(
                            plain_run(&text),
                            text.iter().take_while(|b| plain(b)).count(),
                            "{text:?}"
                        );
                        assert_eq!(
                            plain_ascii_run(&text),
                            text.iter().take_while(|b| ascii(b)).count(),
                            "{text:?}"
                        );
                    }
                }
            }
        }
    }
}
