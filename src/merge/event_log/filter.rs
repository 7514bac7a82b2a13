//! A few texts that are looked for among many: telling fast that one is not there. Knows nothing about rows.

/// Says of most texts that are not held that they are not, and never so of one that is.
#[derive(Debug)]
pub(super) struct Filter([u64; 64]);

impl Filter {
    pub(super) fn of<'t>(texts: impl Iterator<Item = &'t [u8]>) -> Self {
        let mut bits = [0; 64];
        for text in texts {
            let (word, bit) = place(text);
            bits[word] |= bit;
        }
        Self(bits)
    }

    pub(super) fn may_hold(&self, text: &[u8]) -> bool {
        let (word, bit) = place(text);
        self.0[word] & bit != 0
    }
}

/// By the end of the text, where ids differ.
fn place(text: &[u8]) -> (usize, u64) {
    let end = text.last_chunk::<8>().map_or(text.len() as u64, |end| u64::from_le_bytes(*end));
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
        let filter = Filter::of(held.iter().map(String::as_bytes));
        assert!(held.iter().all(|text| filter.may_hold(text.as_bytes())));
        assert!(others.iter().filter(|text| filter.may_hold(text.as_bytes())).count() < 100);
    }
}
