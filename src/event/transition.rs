//! From a lane row to the payload of a `WPStatusChanged`, or why its model would refuse it.
//!
//! Nothing is corrected: other names of lanes are spelled out, and what is absent is `null`.

use crate::gate::Contract;
use crate::json::{Object, Value, line, object};

/// Keys that go out as they are, `null` where they are absent.
const AS_THEY_ARE: [&str; 3] = ["reason", "review_ref", "evidence"];
/// Lanes that are reached only with evidence.
const NEED_EVIDENCE: [&str; 2] = ["approved", "done"];

/// The payload of one row.
pub(super) fn payload(contract: &Contract, mission_slug: &str, row: &Object) -> Result<Object, String> {
    let wp_id = text(row, "wp_id").ok_or("the row has no wp_id")?;
    let from = match row.get("from_lane") {
        None | Some(Value::Null) => None,
        Some(value) => Some(canonical(contract, "from_lane", value)?),
    };
    let to = canonical(contract, "to_lane", row.get("to_lane").unwrap_or(&Value::Null))?;
    let evidence = row.get("evidence").filter(|value| !value.is_null());
    match evidence {
        Some(evidence) => {
            check_evidence(evidence)?;
        }
        None if NEED_EVIDENCE.contains(&to) => return Err(format!("a move to {to} needs evidence")),
        None => {}
    }
    let force = match row.get("force") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(force)) => *force,
        Some(other) => return Err(format!("force is {}, not true or false", other.kind())),
    };
    let mapped = |lane: &str| match contract.event_lanes() {
        Some(mapping) => mapping.get(lane).cloned().unwrap_or_else(|| lane.to_owned()),
        None => lane.to_owned(),
    };
    let mut payload = Object::from([
        ("mission_slug".to_owned(), mission_slug.into()),
        ("wp_id".to_owned(), wp_id.into()),
        ("from_lane".to_owned(), from.map(mapped).into()),
        ("to_lane".to_owned(), mapped(to).into()),
        ("actor".to_owned(), row.get("actor").cloned().unwrap_or(Value::Null)),
        ("force".to_owned(), force.into()),
        ("execution_mode".to_owned(), row.get("execution_mode").cloned().unwrap_or(Value::Null)),
    ]);
    for key in AS_THEY_ARE {
        payload.insert(key.to_owned(), row.get(key).cloned().unwrap_or(Value::Null));
    }
    Ok(payload)
}

/// The payload of the `WPAssigned` that a row to `claimed` says too, if it names somebody.
pub(super) fn assignment(contract: &Contract, row: &Object) -> Option<Object> {
    let to = row.get("to_lane").and_then(Value::as_str).and_then(|lane| contract.lane(lane))?;
    let agent = row.get("actor").and_then(label).filter(|_| to == "claimed")?;
    let payload = object([
        ("wp_id", text(row, "wp_id")?.into()),
        ("agent_id", agent.into()),
        ("phase", "implementation".into()),
        ("retry_count", 0_u64.into()),
    ]);
    payload.as_object().cloned()
}

/// One text for an actor: its own, or the most telling one of its fields.
fn label(actor: &Value) -> Option<&str> {
    let filled = |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
    match actor {
        Value::String(_) => Some(actor).filter(|actor| filled(actor)),
        Value::Object(fields) => ["profile", "role", "display_name", "actor_id"]
            .iter()
            .filter_map(|key| fields.get(*key))
            .chain(fields.values())
            .find(|value| filled(value)),
        _ => None,
    }
    .and_then(Value::as_str)
}

/// A text that is not blank.
pub(super) fn text<'a>(row: &'a Object, key: &str) -> Option<&'a str> {
    row.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

fn canonical<'c>(contract: &'c Contract, key: &str, value: &Value) -> Result<&'c str, String> {
    let lane = value.as_str().and_then(|name| contract.lane(name));
    lane.ok_or_else(|| format!("{key} is {}, which is no lane", line(value)))
}

/// The published model of evidence: a review, at least one repository, and steps of verification.
fn check_evidence(evidence: &Value) -> Result<(), String> {
    let members = evidence.as_object().ok_or_else(|| format!("evidence is {}", evidence.kind()))?;
    let filled = |item: &Value, key: &str| item.as_object().and_then(|members| text(members, key)).is_some();
    let review = members.get("review").ok_or("evidence has no review")?;
    for key in ["reviewer", "verdict"] {
        if !filled(review, key) {
            return Err(format!("evidence.review has no {key}"));
        }
    }
    let list = |key: &str| match members.get(key) {
        None | Some(Value::Null) => Ok(&[][..]),
        Some(value) => value.as_array().ok_or_else(|| format!("evidence.{key} is {}", value.kind())),
    };
    let repos = list("repos")?;
    if repos.is_empty() {
        return Err("evidence names no repository (evidence.repos)".to_owned());
    }
    let whole = |items: &[Value], keys: &[&str]| items.iter().all(|i| keys.iter().all(|key| filled(i, key)));
    if !whole(repos, &["repo", "branch", "commit"]) {
        return Err("an entry of evidence.repos lacks repo, branch or commit".to_owned());
    }
    if members.get("verification").is_some_and(Value::is_null)
        || !whole(list("verification")?, &["command", "result"])
    {
        return Err("an entry of evidence.verification lacks command or result".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse_object};

    fn made(row: &str) -> Result<Object, String> {
        let row = parse_object(row.as_bytes(), Limits::ROW).expect("JSON");
        payload(Contract::embedded().expect("the contract"), "one", &row)
    }

    #[test]
    fn lanes_are_spelled_out_and_absent_keys_are_null() {
        let payload = made(
            r#"{"wp_id": "WP01", "from_lane": "claimed", "to_lane": "doing", "actor": "a",
            "execution_mode": "worktree", "extra": 1}"#,
        )
        .expect("a payload");
        assert_eq!(
            line(&payload.into()),
            concat!(
                r#"{"actor": "a", "evidence": null, "execution_mode": "worktree", "force": false, "#,
                r#""from_lane": "claimed", "mission_slug": "one", "reason": null, "review_ref": null, "#,
                r#""to_lane": "in_progress", "wp_id": "WP01"}"#
            )
        );
    }

    #[test]
    fn what_the_model_refuses_is_named() {
        let review = r#""review": {"reviewer": "r", "verdict": "v", "reference": "x"}"#;
        for (row, reason) in [
            (r#"{"to_lane": "planned"}"#.to_owned(), "the row has no wp_id"),
            (r#"{"wp_id": "WP01", "to_lane": "DONE"}"#.to_owned(), "to_lane is \"DONE\", which is no lane"),
            (
                r#"{"wp_id": "WP01", "to_lane": "planned", "from_lane": 7}"#.to_owned(),
                "from_lane is 7, which is no lane",
            ),
            (r#"{"wp_id": "WP01", "to_lane": "done"}"#.to_owned(), "a move to done needs evidence"),
            (
                r#"{"wp_id": "WP01", "to_lane": "planned", "force": "yes"}"#.to_owned(),
                "force is a string, not true or false",
            ),
            (r#"{"wp_id": "WP01", "to_lane": "done", "evidence": []}"#.to_owned(), "evidence is an array"),
            (r#"{"wp_id": "WP01", "to_lane": "done", "evidence": {}}"#.to_owned(), "evidence has no review"),
            (
                r#"{"wp_id": "WP01", "to_lane": "done", "evidence": {"review": {"reviewer": "r"}}}"#
                    .to_owned(),
                "evidence.review has no verdict",
            ),
            (
                format!(r#"{{"wp_id": "WP01", "to_lane": "done", "evidence": {{{review}}}}}"#),
                "evidence names no repository (evidence.repos)",
            ),
            (
                format!(
                    r#"{{"wp_id": "WP01", "to_lane": "done", "evidence": {{{review}, "repos": [{{"repo": "r"}}]}}}}"#
                ),
                "an entry of evidence.repos lacks repo, branch or commit",
            ),
        ] {
            assert_eq!(made(&row), Err(reason.to_owned()), "{row}");
        }
    }

    #[test]
    fn only_a_claim_by_somebody_is_an_assignment() {
        let contract = Contract::embedded().expect("the contract");
        let agent = |row: &str| {
            let row = parse_object(row.as_bytes(), Limits::ROW).expect("JSON");
            assignment(contract, &row).and_then(|payload| payload["agent_id"].as_str().map(str::to_owned))
        };
        assert_eq!(agent(r#"{"wp_id": "WP01", "to_lane": "claimed", "actor": "a"}"#).as_deref(), Some("a"));
        let object = r#"{"wp_id": "WP01", "to_lane": "claimed", "actor": {"model": "m", "role": "builder"}}"#;
        assert_eq!(agent(object).as_deref(), Some("builder"));
        assert_eq!(agent(r#"{"wp_id": "WP01", "to_lane": "claimed", "actor": " "}"#), None);
        assert_eq!(agent(r#"{"wp_id": "WP01", "to_lane": "claimed", "actor": 7}"#), None);
        assert_eq!(agent(r#"{"wp_id": "WP01", "to_lane": "planned", "actor": "a"}"#), None);
        assert_eq!(agent(r#"{"to_lane": "claimed", "actor": "a"}"#), None);
    }
}
