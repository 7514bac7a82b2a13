//! Writing a decided object: canonical, with hunks where it is open. Knows nothing about how it was decided.
//!
//! INVARIANT: taking one half of every hunk, any half of each, leaves valid JSON. The only thing that could break it
//! is the comma, which depends on whether something follows: so an open entry is never the last one of an object or
//! array, unless all are open, and then they are one hunk whose halves each have their own commas.

use super::outcome::{Entries, Half, Outcome};
use super::style::ConflictStyle;
use crate::json::{Value, canonical, plain_run};

/// The document with its final newline.
pub(super) fn document(entries: &Entries<'_>, style: &ConflictStyle) -> String {
    let mut printer = Printer { out: String::with_capacity(4096), style };
    printer.container(entries, Shape::Object, 0);
    printer.out.push('\n');
    printer.out
}

/// What entries stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Object,
    /// Of values whose keys are not written
    Array,
}

struct Printer<'s> {
    out: String,
    style: &'s ConflictStyle,
}

impl Printer<'_> {
    fn container(&mut self, entries: &Entries<'_>, shape: Shape, depth: usize) {
        let (open, close) = if shape == Shape::Object { ('{', '}') } else { ('[', ']') };
        self.out.push(open);
        if !entries.is_empty() {
            self.out.push('\n');
            match entries.iter().rposition(|(_, outcome)| outcome.is_agreed()) {
                Some(last) => {
                    self.run(entries[..last].iter().chain(&entries[last + 1..]), shape, depth + 1);
                    let (key, outcome) = &entries[last];
                    self.agreed(key, outcome, shape, depth + 1);
                    self.out.push('\n');
                }
                None => self.hunk(entries, shape, depth + 1, false),
            }
            self.indent(depth);
        }
        self.out.push(close);
    }

    /// Entries that something follows; open ones next to each other share a hunk.
    fn run<'e, 'a: 'e>(
        &mut self,
        entries: impl Iterator<Item = &'e (&'a str, Outcome<'a>)>,
        shape: Shape,
        depth: usize,
    ) {
        let mut open = Entries::new();
        for (key, outcome) in entries {
            if let Outcome::Split(choice) = outcome {
                open.push((key, Outcome::Split(*choice)));
                continue;
            }
            self.hunk(&open, shape, depth, true);
            open.clear();
            self.agreed(key, outcome, shape, depth);
            self.out.push_str(",\n");
        }
        self.hunk(&open, shape, depth, true);
    }

    /// Open entries between markers. `followed`: whether another entry comes after them.
    fn hunk(&mut self, entries: &Entries<'_>, shape: Shape, depth: usize, followed: bool) {
        if entries.is_empty() {
            return;
        }
        self.line(&self.style.open());
        self.half(entries, Half::Ours, shape, depth, followed);
        self.line(&self.style.middle());
        self.half(entries, Half::Theirs, shape, depth, followed);
        self.line(&self.style.close());
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn half(&mut self, entries: &Entries<'_>, half: Half, shape: Shape, depth: usize, followed: bool) {
        let mut shown = entries
            .iter()
            .filter_map(|(key, outcome)| match outcome {
                Outcome::Split(choice) => Some((key, choice.half(half)?)),
                _ => None,
            })
            .peekable();
        while let Some((key, value)) = shown.next() {
            self.key(key, shape, depth);
            value_at(&mut self.out, value, depth);
            self.out.push_str(if followed || shown.peek().is_some() { ",\n" } else { "\n" });
        }
    }

    fn agreed(&mut self, key: &str, outcome: &Outcome<'_>, shape: Shape, depth: usize) {
        self.key(key, shape, depth);
        match outcome {
            Outcome::Plain(value) => value_at(&mut self.out, value, depth),
            Outcome::Built(value) => value_at(&mut self.out, value, depth),
            Outcome::Members(entries) => self.container(entries, Shape::Object, depth),
            Outcome::Rows(entries) => self.container(entries, Shape::Array, depth),
            Outcome::Absent | Outcome::Split(_) => {}
        }
    }

    fn key(&mut self, key: &str, shape: Shape, depth: usize) {
        self.indent(depth);
        if shape == Shape::Object {
            string(&mut self.out, key);
            self.out.push_str(": ");
        }
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
    }
}

/// A value in canonical form, as it stands at `depth`. Raw newlines are only between tokens, so a nested value is
/// the document form with every line moved in.
fn value_at(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(text) => string(out, text),
        Value::Number(number) => out.push_str(number.token()),
        Value::Array(_) | Value::Object(_) => {
            for (position, line) in canonical(value).trim_end_matches('\n').split('\n').enumerate() {
                if position > 0 {
                    out.push('\n');
                    out.extend(std::iter::repeat_n("  ", depth));
                }
                out.push_str(line);
            }
        }
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
    }
}

fn string(out: &mut String, text: &str) {
    if plain_run(text.as_bytes()) < text.len() {
        out.push_str(canonical(&Value::String(text.to_owned())).trim_end_matches('\n'));
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}
