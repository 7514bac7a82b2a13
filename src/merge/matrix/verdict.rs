//! The verdict of an acceptance matrix, from its rows. The rule is that of the tool that writes the file and never
//! trusts what the file says: one failed row fails all, one that is not judged yet leaves all open, and one that can
//! only be judged later is neither.

use std::sync::LazyLock;

use crate::json::{Object, Value};

/// What a template writes as the description of a criterion that nobody has written yet.
const PLACEHOLDER: &str = "TODO: replace with a real acceptance criterion";
const PENDING: &str = "pending";

static VERDICTS: LazyLock<[Value; 4]> =
    LazyLock::new(|| [PENDING, "fail", "pass_pending_consolidation", "pass"].map(Value::from));

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    Pass,
    Pending,
    Deferred,
    /// Also for a value that is none of those that there are
    Fail,
}

/// The verdict on these rows.
pub(super) fn verdict<'r>(
    criteria: impl Iterator<Item = &'r Object> + Clone,
    invariants: impl Iterator<Item = &'r Object>,
) -> &'static Value {
    let [pending, fail, deferred, pass] = &*VERDICTS;
    let is_written = |row: &&Object| row.get("description").and_then(Value::as_str) != Some(PLACEHOLDER);
    let any_written = criteria.clone().any(|row| is_written(&row));
    let mut all = Vec::new();
    for row in criteria {
        let judged = criterion(row);
        // Beside criteria that somebody wrote, a placeholder holds nothing up.
        let passed_over = any_written && judged == Judged::Pending && !is_written(&row);
        all.push(if passed_over { Judged::Pass } else { judged });
    }
    all.extend(invariants.map(invariant));
    if all.is_empty() {
        pending
    } else if all.contains(&Judged::Fail) {
        fail
    } else if all.contains(&Judged::Pending) {
        pending
    } else if all.contains(&Judged::Deferred) {
        deferred
    } else {
        pass
    }
}

fn criterion(row: &Object) -> Judged {
    match text(row, "pass_fail") {
        Some(PENDING) => Judged::Pending,
        Some("pass") => Judged::Pass,
        _ => Judged::Fail,
    }
}

fn invariant(row: &Object) -> Judged {
    match text(row, "result") {
        Some(PENDING) => Judged::Pending,
        Some("confirmed_absent") => Judged::Pass,
        Some("deferred_to_consolidation") => Judged::Deferred,
        _ => Judged::Fail,
    }
}

/// The text under a key; a row that does not have it is not judged yet.
fn text<'r>(row: &'r Object, key: &str) -> Option<&'r str> {
    row.get(key).map_or(Some(PENDING), Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};

    fn objects(value: &Value) -> impl Iterator<Item = &Object> + Clone {
        value.as_array().expect("rows").iter().filter_map(Value::as_object)
    }

    #[track_caller]
    fn check(criteria: &str, invariants: &str, expected: &str) {
        let rows = |text: &str| parse(text.as_bytes(), Limits::DOCUMENT).expect("JSON");
        let (criteria, invariants) = (rows(criteria), rows(invariants));
        assert_eq!(verdict(objects(&criteria), objects(&invariants)).as_str(), Some(expected));
    }

    #[test]
    fn every_row_counts() {
        check("[]", "[]", "pending");
        check(r#"[{"pass_fail": "pass"}]"#, "[]", "pass");
        check(r#"[{"pass_fail": "pass"}, {}]"#, "[]", "pending");
        check(r#"[{"pass_fail": "fail"}, {}]"#, "[]", "fail");
        check(r#"[{"pass_fail": null}]"#, "[]", "fail");
        check(r#"[{"pass_fail": "Pass"}]"#, "[]", "fail");
        check("[]", r#"[{"result": "confirmed_absent"}]"#, "pass");
        check("[]", r#"[{"result": "still_present"}]"#, "fail");
        check("[]", r#"[{"result": "verification_error"}]"#, "fail");
        check("[]", r#"[{"result": "deferred_to_consolidation"}]"#, "pass_pending_consolidation");
        check("[{}]", r#"[{"result": "deferred_to_consolidation"}]"#, "pending");
        check(r#"[{"pass_fail": "pass"}]"#, "[{}]", "pending");
    }

    #[test]
    fn a_placeholder_holds_nothing_up_beside_a_criterion() {
        let placeholder = r#"{"description": "TODO: replace with a real acceptance criterion"}"#;
        check(&format!("[{placeholder}]"), "[]", "pending");
        check(&format!(r#"[{placeholder}, {{"pass_fail": "pass"}}]"#), "[]", "pass");
        let failed = placeholder.replace('}', r#", "pass_fail": "fail"}"#);
        check(&format!(r#"[{failed}, {{"pass_fail": "pass"}}]"#), "[]", "fail");
    }
}
