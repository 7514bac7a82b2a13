//! The members of an object, laid out so that they are compared with the names in rules a word at a time.
//!
//! Knows no rule.

use std::cmp::Ordering;

use crate::json::{Object, Value};

/// A name in a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    text: String,
    start: u128,
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    key: &'a str,
    start: u128,
    pub(super) value: &'a Value,
}

/// All members of an object, in order of their keys.
pub(super) struct Fields<'a> {
    few: [Field<'a>; FEW],
    count: usize,
    /// All, if there are more
    many: Vec<Field<'a>>,
}

/// Most payloads have no more.
const FEW: usize = 24;
/// Bytes of a word.
const WORD: usize = size_of::<u128>();

impl Name {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), start: start(text.as_bytes()) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Which comes first.
    pub(super) fn compare(&self, field: &Field<'_>) -> Ordering {
        match self.start.cmp(&field.start) {
            Ordering::Equal if self.text.len() == field.key.len() && self.text.len() <= WORD => {
                Ordering::Equal
            }
            Ordering::Equal => self.text.as_str().cmp(field.key),
            order => order,
        }
    }

    /// The value of the member with this name.
    pub(super) fn find<'a>(&self, fields: &[Field<'a>]) -> Option<&'a Value> {
        let field = fields.iter().find(|field| self.compare(field).is_le())?;
        self.compare(field).is_eq().then_some(field.value)
    }
}

impl<'a> Field<'a> {
    const NONE: Self = Self { key: "", start: 0, value: &Value::Null };

    fn new((key, value): (&'a String, &'a Value)) -> Self {
        Self { key, start: start(key.as_bytes()), value }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn of(members: &'a Object) -> Self {
        let mut fields = Self { few: [Field::NONE; FEW], count: members.len(), many: Vec::new() };
        if members.len() <= FEW {
            for (field, member) in fields.few.iter_mut().zip(members) {
                *field = Field::new(member);
            }
        } else {
            fields.many = members.iter().map(Field::new).collect();
        }
        fields
    }

    pub(super) fn all(&self) -> &[Field<'a>] {
        self.few.get(..self.count).unwrap_or(&self.many)
    }
}

/// The first bytes of a text, zeros after them: two of them are in the order of their texts, where they differ.
fn start(text: &[u8]) -> u128 {
    let bits_after = 8 * (WORD.saturating_sub(text.len()));
    // The first and the last bytes, which may be the same ones.
    let both = |first: u128, size: usize, last: u128| first << (8 * (WORD - size)) | last << bits_after;
    if let Some(first) = text.first_chunk() {
        u128::from_be_bytes(*first)
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        both(u64::from_be_bytes(*first).into(), 8, u64::from_be_bytes(*last).into())
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        both(u32::from_be_bytes(*first).into(), 4, u32::from_be_bytes(*last).into())
    } else {
        text.iter().fold(0, |start, byte| start << 8 | u128::from(*byte)) << (bits_after % 128)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Names and keys are in the order of their texts, and one finds the other, whatever their lengths are.
        #[test]
        fn a_word_says_what_texts_say(texts in prop::collection::btree_set("[\\x00ab\u{e9}]{0,20}", 0..40), name in "[\\x00ab]{0,20}") {
            let members: Object = texts.iter().map(|text| (text.clone(), text.as_str().into())).collect();
            let fields = Fields::of(&members);
            prop_assert_eq!(fields.all().len(), members.len());
            for name in texts.iter().chain([&name]) {
                prop_assert_eq!(Name::new(name).find(fields.all()), members.get(name));
                for field in fields.all() {
                    prop_assert_eq!(Name::new(name).compare(field), name.as_str().cmp(field.key));
                }
            }
        }
    }
}
