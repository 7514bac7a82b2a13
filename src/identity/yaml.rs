//! YAML that somebody else wrote, read within bounds of memory and time.
//!
//! An alias stands for as much as its anchor, and anchors may hold aliases: some hundred bytes can mean gigabytes, and
//! these files come with a repository. The parser bounds depth and repetition of what it has read, but takes quadratic
//! time over brackets that are opened and not closed. Knows nothing about what the files say.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use yaml_serde::Value;

/// What aliases may add beyond the length of the text once more, in values and bytes of scalars.
const ADDED: usize = 64 << 10;

/// Brackets that may be open at once. The parser itself refuses documents of a quarter of this depth; the rest is for
/// brackets in comments and texts, which are counted too.
const MAX_OPEN: usize = 512;

/// Reads a text; the error is in the parser's words, which name line and column.
pub(super) fn read(text: &[u8]) -> Result<Value, String> {
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
    fn brackets_are_counted() {
        assert!(read("[".repeat(100_000).as_bytes()).expect_err("refused").contains("512"));
        assert!(read("{a: [".repeat(300).as_bytes()).is_err());
        let list = format!("a:{}\n", "\n- [b, {c: d}]".repeat(2_000));
        assert!(read(list.as_bytes()).is_ok());
    }

    #[test]
    fn a_few_bytes_do_not_become_gigabytes() {
        let line = |at: usize| format!("a{at}: &a{at} [{}]\n", format!("*a{}, ", at - 1).repeat(9));
        let nested = (1..9).map(line).collect::<Vec<_>>().concat();
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
