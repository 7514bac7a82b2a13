//! YAML whose size in memory is bounded by the size of its text.
//!
//! An alias stands for as much as its anchor, and anchors may hold aliases: some hundred bytes can mean gigabytes, and
//! these files come with a repository. Knows nothing about what they say.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use yaml_serde::Value;

/// What aliases may add beyond the length of the text once more, in values and bytes of scalars.
const ADDED: usize = 64 << 10;

/// Reads a text; the error is in the parser's words, which name line and column.
pub(super) fn read(text: &[u8]) -> Result<Value, String> {
    // Without an alias every value stands in the text.
    if text.contains(&b'*') {
        let left = Cell::new(text.len() * 2 + ADDED);
        let counted = Count(&left).deserialize(yaml_serde::Deserializer::from_slice(text));
        counted.map_err(|error| error.to_string())?;
    }
    Value::deserialize(yaml_serde::Deserializer::from_slice(text)).map_err(|error| error.to_string())
}

/// Counts values and the bytes of scalars, as often as they are stood for, and builds nothing.
#[derive(Clone, Copy)]
struct Count<'a>(&'a Cell<usize>);

impl Count<'_> {
    fn spend<E: Error>(self, bytes: usize) -> Result<(), E> {
        let left = self.0.get().checked_sub(bytes + 1);
        self.0.set(left.ok_or_else(|| E::custom("aliases stand for far more than the file holds"))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.spend(text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.spend(0)?;
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        self.spend(0)?;
        while members.next_key_seed(self)?.is_some() {
            members.next_value_seed(self)?;
        }
        Ok(())
    }

    /// A value with a tag of its own.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let ((), value) = tagged.variant_seed(self)?;
        value.newtype_variant_seed(self)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn an_alias_is_what_it_stands_for() {
        for text in [
            "a: &a [1, -1, 1.5, true, null, x, !tag y, 18446744073709551615]\nb: *a\n",
            "a: &a {k: v}\nb: {c: *a, d: [*a, *a]}\n",
            "a: '*'\n",
        ] {
            let value = read(text.as_bytes()).expect("YAML");
            assert_eq!(value, yaml_serde::from_str::<Value>(text).expect("YAML"), "{text}");
        }
    }

    #[test]
    fn a_few_bytes_do_not_become_gigabytes() {
        let mut nested = String::new();
        for at in 1..9 {
            let items = format!("*a{}, ", at - 1).repeat(9);
            writeln!(nested, "a{at}: &a{at} [{items}]").expect("written");
        }
        for bomb in [
            format!("a0: &a0 [x, x, x, x, x, x, x, x, x]\n{nested}"),
            format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(10_000), "*a,".repeat(10_000)),
            format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a,".repeat(10_000)),
            format!("a: &a {{k: {}}}\nb: {{{}}}\n", "x".repeat(100_000), "? *a : *a\n, ".repeat(1000)),
        ] {
            let refused = read(bomb.as_bytes()).expect_err("too much");
            assert!(refused.contains("aliases stand for far more than the file holds"), "{refused}");
        }
    }
}
