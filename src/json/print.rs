//! The two written forms. Both sort keys by code point and keep number tokens.
//!
//! [`canonical`] equals Python's `json.dumps(x, indent=2, ensure_ascii=False, sort_keys=True) + "\n"` and
//! [`line`] equals `json.dumps(x, sort_keys=True)`, except that numbers stay as they were written.

use super::plain::{plain_ascii_run, plain_run};
use super::{Object, Value};

/// The canonical document: UTF-8, indent 2, one final newline.
pub fn canonical(value: &Value) -> String {
    let mut out = String::with_capacity(1024);
    canonical_into(&mut out, value);
    out
}

/// As [`canonical`], at the end of a text.
pub fn canonical_into(out: &mut String, value: &Value) {
    indented(out, value, 0);
    out.push('\n');
}

/// As [`canonical`], for an object that is not wrapped in a [`Value`].
pub fn canonical_object(members: &Object) -> String {
    let mut out = String::with_capacity(1024);
    indented_object(&mut out, members, 0);
    out.push('\n');
    out
}

/// One line of ASCII without a newline: everything outside 0x20..=0x7E is escaped.
pub fn line(value: &Value) -> String {
    let mut out = String::with_capacity(256);
    line_into(&mut out, value);
    out
}

/// As [`line`], at the end of a text.
pub fn line_into(out: &mut String, value: &Value) {
    compact(out, value);
}

/// As [`line`], for an object that is not wrapped in a [`Value`].
pub fn line_object(members: &Object) -> String {
    let mut out = String::with_capacity(256);
    compact_object(&mut out, members);
    out
}

fn indented(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "\n" } else { ",\n" });
                indent(out, depth + 1);
                indented(out, item, depth + 1);
            }
            out.push('\n');
            indent(out, depth);
            out.push(']');
        }
        Value::Object(members) => indented_object(out, members, depth),
        Value::String(text) => quoted(out, text, false),
        scalar => atom(out, scalar),
    }
}

fn indented_object(out: &mut String, members: &Object, depth: usize) {
    if members.is_empty() {
        out.push_str("{}");
        return;
    }
    out.push('{');
    for (position, (key, value)) in members.iter().enumerate() {
        out.push_str(if position == 0 { "\n" } else { ",\n" });
        indent(out, depth + 1);
        quoted(out, key, false);
        out.push_str(": ");
        indented(out, value, depth + 1);
    }
    out.push('\n');
    indent(out, depth);
    out.push('}');
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn compact(out: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                compact(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => compact_object(out, members),
        Value::String(text) => quoted(out, text, true),
        scalar => atom(out, scalar),
    }
}

fn compact_object(out: &mut String, members: &Object) {
    out.push('{');
    for (position, (key, value)) in members.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        quoted(out, key, true);
        out.push_str(": ");
        compact(out, value);
    }
    out.push('}');
}

/// The tokens that look the same in both forms. Strings and non-empty containers do not come here.
fn atom(out: &mut String, value: &Value) {
    out.push_str(match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(number) => number.token(),
        Value::Array(_) => "[]",
        Value::Object(_) => "{}",
        Value::String(text) => text,
    });
}

/// How much is copied at once, whether all of it stands for itself or not: a length that is known is copied much faster.
const PIECE: usize = 32;

fn quoted(out: &mut String, text: &str, ascii: bool) {
    out.reserve(text.len() + text.len() / 16 + 2);
    out.push('"');
    let plain_length = |bytes| if ascii { plain_ascii_run(bytes) } else { plain_run(bytes) };
    let mut rest = text;
    loop {
        let (plain, other) = match rest.split_at_checked(PIECE) {
            Some((piece, after)) => {
                let (length, before) = (plain_length(piece.as_bytes()), out.len());
                out.push_str(piece);
                if length == PIECE {
                    rest = after;
                    continue;
                }
                out.truncate(before + length);
                ("", &rest[length..])
            }
            None => rest.split_at(plain_length(rest.as_bytes())),
        };
        out.push_str(plain);
        let mut characters = other.chars();
        let Some(character) = characters.next() else { break };
        rest = characters.as_str();
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    escape_unit(out, *unit);
                }
            }
        }
    }
    out.push('"');
}

fn escape_unit(out: &mut String, unit: u16) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[usize::from((unit >> shift) & 0xf)]);
    }
}
