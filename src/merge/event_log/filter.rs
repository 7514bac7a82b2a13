//! A few texts that are looked for among many: telling fast, by how they end, that one is not there. Knows
//! nothing about rows.

/// Says of most texts that are not held that they are not, and never so of one that is.
#[derive(Debug)]
pub(super) struct Filter([u64; 64]);

impl Filter {
    /// Of texts by their ends, or of what has numbers like these.
    pub(super) fn of(ends: impl Iterator<Item = u64>) -> Self {
        let mut bits = [0; 64];
        for end in ends {
            let (word, bit) = place(end);
            bits[word] |= bit;
        }
        Self(bits)
    }

    pub(super) fn may_hold(&self, end: u64) -> bool {
        let (word, bit) = place(end);
        self.0[word] & bit != 0
    }
}

/// The beginning of a text, by which others differ: texts that are the same have the same.
pub(super) fn begin_of(text: &[u8]) -> u64 {
    text.first_chunk::<8>().map_or(0, |begin| u64::from_le_bytes(*begin))
}

/// The end of a text, where ids differ: texts that are the same have the same.
pub(super) fn end_of(text: &[u8]) -> u64 {
    match text.last_chunk::<8>() {
        Some(end) => u64::from_le_bytes(*end),
        None => text.iter().fold(1, |end, byte| end << 8 | u64::from(*byte)),
    }
}

fn place(end: u64) -> (usize, u64) {
    let mixed = end.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    ((mixed >> 6) as usize, 1 << (mixed & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_never_denied_and_most_of_the_rest_is() {
        let texts: Vec<String> =
            (0..1100).map(|at| format!("01KQ47E8{at:018}")).chain([String::new(), "x".into()]).collect();
        let (held, others) = texts.split_at(100);
        let filter = Filter::of(held.iter().map(|text| end_of(text.as_bytes())));
        assert!(held.iter().all(|text| filter.may_hold(end_of(text.as_bytes()))));
        assert!(others.iter().filter(|text| filter.may_hold(end_of(text.as_bytes()))).count() < 100);
    }
}
