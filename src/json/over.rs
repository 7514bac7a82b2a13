//! Reading one value after another into the same memory: rows of one kind have the same keys in the same order, and to make
//! each of them anew takes longer than to read it.
//!
//! Knows nothing about the grammar where two values differ in shape: there the value is read as if there were none before.

use super::parse::{ErrorKind, Parser};
use super::plain::plain_run;
use super::{Object, Value};

/// How deep memory is used again. An object whose keys turn out to be others is read a second time, and so is each around
/// it.
const DEEPEST: usize = 4;

impl Parser<'_> {
    /// Reads a value in place of another.
    pub(super) fn value_over(&mut self, old: &mut Value) -> Result<(), ErrorKind> {
        match (self.peek(), &mut *old) {
            (Some(b'"'), Value::String(text)) => {
                text.clear();
                return self.string_into(text);
            }
            (Some(b'{'), Value::Object(members)) if !members.is_empty() && self.depth < DEEPEST => {
                let (at, depth) = (self.at, self.depth);
                if self.members_over(members)? {
                    return Ok(());
                }
                (self.at, self.depth) = (at, depth);
            }
            _ => {}
        }
        *old = self.value()?;
        Ok(())
    }

    /// Reads the values of an object that has the keys of another, in their order. False where it has not.
    fn members_over(&mut self, members: &mut Object) -> Result<bool, ErrorKind> {
        self.depth += 1;
        self.at += 1;
        let mut rest = members.len();
        for (key, member) in members {
            self.white_space();
            if !self.is_key(key) {
                return Ok(false);
            }
            self.white_space();
            if self.peek() != Some(b':') {
                return Ok(false);
            }
            self.at += 1;
            self.white_space();
            self.value_over(member)?;
            rest -= 1;
            if self.end_of_list(b'}', "`,` or `}`")? != (rest == 0) {
                return Ok(false);
            }
        }
        self.depth -= 1;
        Ok(true)
    }

    /// Goes past this key if it stands here, without escapes.
    fn is_key(&mut self, key: &str) -> bool {
        let rest = self.text[self.at..].strip_prefix('"').and_then(|rest| rest.strip_prefix(key));
        let is_here =
            rest.is_some_and(|rest| rest.starts_with('"')) && plain_run(key.as_bytes()) == key.len();
        if is_here {
            self.at += key.len() + 2;
        }
        is_here
    }
}

#[cfg(test)]
mod tests {
    use crate::json::{Limits, Value, parse, parse_over};

    /// Whatever was there before, a text is read as if there had been nothing, and refused with the same words.
    #[test]
    fn what_was_there_before_makes_no_difference() {
        let texts = [
            r#"{"a": "x", "b": {"c": [1, "y"], "d": null}, "e": 1.10}"#,
            r#"{"a": "longer than it was", "b": {"c": {"f": 1}, "d": "z"}, "e": "1"}"#,
            r#"{"a": "x", "b": {"c": [1, "y"], "d": null}}"#,
            r#"{"a": "x", "b": {"c": [1, "y"], "d": null}, "e": 1, "f": 2}"#,
            r#"{"b": {}, "a": "\u00e9\n\ud83d\ude00", "e": true}"#,
            r#"{"a": "x", "b": {"c": 1, "c": 2}, "e": 1}"#,
            r#"{"a": "x", "a": "y", "b": {"c": 1, "d": 2}, "e": 1}"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2}, "e": 1, "e": 2}"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2}, "e": 1} x"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2}, "e": 1,}"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2} "e": 1}"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2}, "e" 1}"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2}, "e": 01}"#,
            r#"{"a": "x", "b": {"c": 1, "d": 2}, "e": NaN}"#,
            r#"{"a": "x", "b": {"c": 1, "d": "\ud800"}, "e": 1}"#,
            "{\"a\": \"x\", \"b\": {\"c\": 1, \"d\": \"\u{1}\"}, \"e\": 1}",
            r#"{"a": "x", "b": {"c": 1"#,
            r#" {"a" : "x" , "b" : { "c" : 1 , "d" : 2 } , "e" : 1 } "#,
            "\u{feff}{\"a\": 1}",
            r#"{"q\"": 1, "q\\": 2}"#,
            r#"{"q": 1, "q": 2}"#,
            "{}",
            "[{}, {}]",
            "\"text\"",
            "null",
            "",
            "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":1}}}}}}",
            "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":2,\"g\":3}}}}}}",
            "{\"a\":{\"b\":{\"c\":{\"d\":{\"x\":2}}}}}",
        ];
        for before in texts {
            for text in texts {
                let mut value = parse(before.as_bytes(), Limits::ROW).unwrap_or(Value::Null);
                let read = parse_over(&mut value, text.as_bytes(), Limits::ROW).map(|()| value);
                assert_eq!(read, parse(text.as_bytes(), Limits::ROW), "{before:?}, then {text:?}");
            }
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(128), "}".repeat(128));
        let mut value = parse(b"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}", Limits::ROW).expect("read");
        assert_eq!(
            parse_over(&mut value, deep.as_bytes(), Limits::ROW),
            parse(deep.as_bytes(), Limits::ROW).map(drop)
        );
    }
}
