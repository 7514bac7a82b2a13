//! Three-way rules for arrays that only grow and for arrays that are sets. Knows nothing about keys.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::json::Value;

/// Arrays of scalars whose base is a prefix of both sides: base, then the additions of both in order of code
/// points, each as often as the side that has it most. `None` if that is not what the three are.
pub(super) fn grown(base: &[Value], ours: &[Value], theirs: &[Value]) -> Option<Vec<Value>> {
    let added = |side: &'_ [Value]| -> Option<Vec<Value>> {
        let mut added = side.strip_prefix(base)?.to_vec();
        added.sort_by(by_code_point);
        Some(added)
    };
    if !base.iter().chain(ours).chain(theirs).all(Value::is_scalar) {
        return None;
    }
    let (ours, theirs) = (added(ours)?, added(theirs)?);
    let mut result = base.to_vec();
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    loop {
        let order = match (ours.peek(), theirs.peek()) {
            (Some(a), Some(b)) => by_code_point(a, b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Some(result),
        };
        if order.is_eq() {
            theirs.next();
        }
        result.extend(if order.is_gt() { theirs.next() } else { ours.next() });
    }
}

/// Strings by their text, other scalars by their token; a total order.
fn by_code_point(a: &Value, b: &Value) -> Ordering {
    fn text(value: &Value) -> &str {
        match value {
            Value::String(text) => text,
            Value::Number(number) => number.token(),
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            _ => "null",
        }
    }
    text(a).cmp(text(b)).then_with(|| a.cmp(b))
}

/// Sets by content: what both hold or one added, each once, in the order of `by`.
pub(super) fn union_by(
    base: &[Value],
    ours: &[Value],
    theirs: &[Value],
    by: impl Fn(&Value, &Value) -> Ordering,
) -> Vec<Value> {
    fn set(entries: &[Value]) -> HashSet<&Value> {
        entries.iter().collect()
    }
    let (base, in_ours, in_theirs) = (set(base), set(ours), set(theirs));
    let stays = |entry: &Value, other: &HashSet<&Value>| other.contains(entry) || !base.contains(entry);
    let mut result: Vec<Value> = ours
        .iter()
        .filter(|entry| stays(entry, &in_theirs))
        .chain(theirs.iter().filter(|entry| stays(entry, &in_ours)))
        .cloned()
        .collect();
    result.sort_by(|a, b| by(a, b).then_with(|| a.cmp(b)));
    result.dedup();
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, line, parse};

    fn array(text: &str) -> Vec<Value> {
        let value = parse(text.as_bytes(), Limits::DOCUMENT).expect("JSON");
        value.as_array().expect("an array").to_vec()
    }

    #[track_caller]
    fn check_grown(base: &str, ours: &str, theirs: &str, expected: Option<&str>) {
        let result = grown(&array(base), &array(ours), &array(theirs));
        assert_eq!(result.map(|items| line(&Value::Array(items))).as_deref(), expected);
    }

    #[test]
    fn additions_are_sorted_and_counted_by_the_side_that_has_most() {
        check_grown("[9]", "[9, 3, 1]", "[9, 2, 3]", Some("[9, 1, 2, 3]"));
        check_grown("[]", r#"["b", "a", "a"]"#, r#"["a", "c"]"#, Some(r#"["a", "a", "b", "c"]"#));
        check_grown("[]", r#"["a!", "a"]"#, r#"["a", true, 1]"#, Some(r#"[1, "a", "a!", true]"#));
        let (ours, theirs) = (r#"["z", "a", null]"#, r#"["g", false, "s", true]"#);
        check_grown("[]", ours, theirs, Some(r#"["a", false, "g", null, "s", true, "z"]"#));
        check_grown("[1]", "[2, 1]", "[1, 3]", None);
        check_grown("[]", "[[]]", "[1]", None);
    }

    #[test]
    fn sets_keep_additions_and_honour_removals() {
        let union = |b, o, t| line(&Value::Array(union_by(&array(b), &array(o), &array(t), Ord::cmp)));
        assert_eq!(union("[1, 2]", "[2, 5]", "[1, 2, 4, 5]"), "[2, 4, 5]");
        assert_eq!(union("[]", "[3, 3]", "[1]"), "[1, 3]");
    }

    #[test]
    fn sets_of_many_end_soon() {
        let numbers = |range: std::ops::Range<u64>| range.map(Value::from).collect::<Vec<_>>();
        let (base, ours, theirs) = (numbers(0..400_000), numbers(1..400_001), numbers(2..400_002));
        assert_eq!(union_by(&base, &ours, &theirs, Ord::cmp).len(), 400_000);
    }
}
