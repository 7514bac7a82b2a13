//! Ids of events that have none of their own. Knows nothing about what an event says.

use ulid::Ulid;

use super::Sha256;
use crate::clock::Instant;

/// Bits of a ULID's time part.
const TIME_MASK: u64 = (1 << 48) - 1;
/// Bytes of a ULID's random part.
const RANDOM_BYTES: usize = 10;

/// A ULID whose time part is `time` and whose random part is the start of the SHA-256 over `parts`, separated by
/// NUL: the same wherever and whenever it is derived.
pub fn derived_event_id(time: Option<Instant>, parts: &[&str]) -> String {
    let mut hash = Sha256::default();
    for (at, part) in parts.iter().enumerate() {
        hash = if at == 0 { hash } else { hash.with([0]) }.with(part);
    }
    let digest = hash.finish();
    let random = digest[..RANDOM_BYTES].iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
    Ulid::from_parts(time.map_or(0, Instant::unix_millis) & TIME_MASK, random).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_pinned() {
        let time = Instant::parse("2026-04-06T05:01:28.874035+00:00");
        let id = derived_event_id(time, &["project", "MissionCreated", "mission/x", ""]);
        // sha256 of "project\0MissionCreated\0mission/x\0", computed elsewhere.
        assert_eq!(id, "01KNGJNKXA2DGDG763Q898JVX2");
        assert_ne!(id, derived_event_id(time, &["project", "MissionCreated", "mission/y", ""]));
        assert_ne!(derived_event_id(time, &["a", "b"]), derived_event_id(time, &["ab"]));
        assert!(derived_event_id(None, &["a"]).starts_with("0000000000"));
    }
}
