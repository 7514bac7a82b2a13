//! What the answers of a server mean: acknowledgements, and refusals by what to do about them. Pure.

use std::collections::BTreeMap;

use super::client::Answer;
use super::{Ack, EventAck, EventVerdict, Pause, Refusal, RetryCause, Stored};
use crate::json::{Limits, Object, Value, parse, parse_object};

/// Characters of a server's words that are kept.
const MAX_WORDS: usize = 300;

/// Reads the results of a batch. Events that no result names, or that two results name differently, are not named.
pub fn acks_of(answer: &Answer) -> Result<Vec<EventAck>, Refusal> {
    let unconfirmed = |detail: &str| Refusal::retry(RetryCause::Unconfirmed, detail);
    if answer.status != 200 {
        return Err(unconfirmed(&format!("{} instead of 200", answer.status)));
    }
    let members = parse_object(&answer.content, Limits::ROW).map_err(|_| unconfirmed("no JSON object"))?;
    let results =
        members.get("results").and_then(Value::as_array).ok_or_else(|| unconfirmed("no results"))?;
    let mut acks: BTreeMap<&str, Option<EventVerdict>> = BTreeMap::new();
    for (id, verdict) in results.iter().filter_map(result) {
        let known = acks.entry(id).or_insert_with(|| Some(verdict.clone()));
        known.take_if(|known| *known != verdict);
    }
    let named = acks
        .into_iter()
        .filter_map(|(id, verdict)| verdict.map(|verdict| EventAck { event_id: id.to_owned(), verdict }));
    Ok(named.collect())
}

fn result(result: &Value) -> Option<(&str, EventVerdict)> {
    let members = result.as_object()?;
    let verdict = match text(members, "status")? {
        "success" => EventVerdict::Success,
        "duplicate" => EventVerdict::Duplicate,
        "rejected" => EventVerdict::Rejected(
            first_words(members, &["error", "error_message"]).unwrap_or_else(|| "no reason given".to_owned()),
        ),
        "pending" => EventVerdict::Pending,
        _ => return None,
    };
    Some((text(members, "event_id")?, verdict))
}

/// Reads the acknowledgement of a body.
pub fn body_ack_of(answer: &Answer) -> Result<Ack, Refusal> {
    let unconfirmed = |detail: &str| Refusal::retry(RetryCause::Unconfirmed, detail);
    let stored = match answer.status {
        201 => Stored::New,
        200 => Stored::AlreadyExists,
        other => return Err(unconfirmed(&format!("{other} instead of 200 or 201"))),
    };
    let members = parse_object(&answer.content, Limits::ROW).map_err(|_| unconfirmed("no JSON object"))?;
    let echo = |key| text(&members, key).map(str::to_owned).ok_or_else(|| unconfirmed("it names no body"));
    Ok(Ack { stored, artifact_path: echo("artifact_path")?, content_hash: echo("content_hash")? })
}

/// Why a batch was not taken.
pub fn events_refusal(answer: &Answer) -> Refusal {
    let members = parse_object(&answer.content, Limits::ROW).unwrap_or_default();
    match answer.status {
        400 => {
            let named = named(&members);
            if named.is_empty() { Refusal::Permanent(words(answer, &members)) } else { Refusal::Named(named) }
        }
        413 | 422 => Refusal::Permanent(words(answer, &members)),
        403 => Refusal::Forbidden(words(answer, &members)),
        404 => Refusal::retry(RetryCause::NotThere, words(answer, &members)),
        _ => common(answer, &members),
    }
}

/// Why a body was not taken.
pub fn body_refusal(answer: &Answer) -> Refusal {
    let members = parse_object(&answer.content, Limits::ROW).unwrap_or_default();
    match answer.status {
        400 | 413 | 422 => Refusal::Permanent(words(answer, &members)),
        403 => Refusal::Forbidden(words(answer, &members)),
        404 => {
            let says = |code| ["error", "error_code"].iter().any(|key| text(&members, key) == Some(code));
            if says("index_entry_not_found") {
                Refusal::retry(RetryCause::NotIndexed, words(answer, &members))
            } else if says("namespace_not_found") {
                Refusal::Permanent(words(answer, &members))
            } else {
                Refusal::retry(RetryCause::NotThere, words(answer, &members))
            }
        }
        _ => common(answer, &members),
    }
}

/// What means the same wherever it is answered.
fn common(answer: &Answer, members: &Object) -> Refusal {
    let cause = match answer.status {
        401 => return Refusal::AuthNeeded,
        429 => RetryCause::Busy,
        408 | 425 | 500.. => RetryCause::Fault,
        _ => RetryCause::Rejected,
    };
    let said = members.get("retry_after").and_then(|value| match value {
        Value::Number(number) => number.token().parse::<f64>().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    });
    let said = said.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok()).map(Pause::For);
    let after = answer.pause.or(said.filter(|_| matches!(answer.status, 429 | 503)));
    Refusal::Retry { cause, detail: words(answer, members), after }
}

/// The events that a refusal of a batch names, with the reasons: under `details`, a list, or a list in a text.
fn named(members: &Object) -> Vec<(String, String)> {
    let inner = match members.get("details") {
        Some(Value::String(text)) => parse(text.as_bytes(), Limits::ROW).ok(),
        other => other.cloned(),
    };
    let Some(Value::Array(items)) = inner else { return Vec::new() };
    let item = |item: &Value| {
        let members = item.as_object()?;
        let reason = first_words(members, &["error", "reason"]);
        Some((text(members, "event_id")?.to_owned(), reason.unwrap_or_else(|| "no reason given".to_owned())))
    };
    items.iter().filter_map(item).collect()
}

/// Status and the server's own words: `error` with `detail` or `details`, or what it says of each field.
fn words(answer: &Answer, members: &Object) -> String {
    let said = match (
        first_words(members, &["error", "error_code"]),
        first_words(members, &["detail", "details"]),
    ) {
        (Some(error), Some(detail)) => format!("{error}: {detail}"),
        (Some(words), None) | (None, Some(words)) => words,
        (None, None) => {
            let fields = members.iter().filter_map(|(field, messages)| {
                let messages = messages.as_array()?.iter().filter_map(Value::as_str).collect::<Vec<_>>();
                (!messages.is_empty()).then(|| format!("{field}: {}", messages.join(" ")))
            });
            fields.collect::<Vec<_>>().join("; ")
        }
    };
    if said.is_empty() { answer.status.to_string() } else { format!("{} {}", answer.status, short(&said)) }
}

fn first_words(members: &Object, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| text(members, key)).filter(|words| !words.is_empty()).map(short)
}

fn short(words: &str) -> String {
    match words.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    }
}

fn text<'a>(members: &'a Object, key: &str) -> Option<&'a str> {
    members.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content: &str) -> Answer {
        Answer { status, pause: None, content: content.as_bytes().to_vec() }
    }

    #[test]
    fn only_what_is_named_once_and_clearly_is_acknowledged() {
        let results = r#"{"results": [
            {"event_id": "A", "status": "success"}, {"event_id": "B", "status": "rejected", "error_message": "no"},
            {"event_id": "C", "status": "success"}, {"event_id": "C", "status": "rejected"},
            {"event_id": "D", "status": "stored"}, {"status": "success"}, "E", {"event_id": 7, "status": "success"},
            {"event_id": "F", "status": "duplicate"}, {"event_id": "F", "status": "duplicate"}
        ]}"#;
        let acks = acks_of(&answer(200, results)).expect("results");
        let found: Vec<_> = acks.iter().map(|ack| (ack.event_id.as_str(), ack.verdict.clone())).collect();
        assert_eq!(
            found,
            [
                ("A", EventVerdict::Success),
                ("B", EventVerdict::Rejected("no".into())),
                ("F", EventVerdict::Duplicate)
            ]
        );
        for (status, content) in [
            (200, ""),
            (200, "{\"results\": [{\"event_id\": \"A\", \"status\": \"succ"),
            (200, "[]"),
            (200, "{\"results\": {}}"),
            (202, "{\"results\": []}"),
            (204, ""),
        ] {
            let refused = acks_of(&answer(status, content)).expect_err("no acknowledgement");
            assert!(matches!(refused, Refusal::Retry { cause: RetryCause::Unconfirmed, .. }), "{refused:?}");
            assert!(!refused.counts_as_try());
        }
    }

    #[test]
    fn a_refused_batch_names_its_events_in_three_ways() {
        let two = vec![("A".to_owned(), "bad".to_owned()), ("B".to_owned(), "worse".to_owned())];
        let list = r#"[{"event_id": "A", "error": "bad"}, {"event_id": "B", "reason": "worse"}]"#;
        for content in [
            format!(r#"{{"error": "no", "details": {list}}}"#),
            format!(r#"{{"error": "no", "details": "{}"}}"#, list.replace('"', "\\\"")),
        ] {
            assert_eq!(events_refusal(&answer(400, &content)), Refusal::Named(two.clone()), "{content}");
        }
        for (content, words) in [
            (r#"{"error": "no", "details": "something is wrong"}"#, "400 no: something is wrong"),
            (r#"{"error": "no", "details": []}"#, "400 no"),
            (r#"{"events": ["This field is required."]}"#, "400 events: This field is required."),
            ("<html>", "400"),
        ] {
            let refused = events_refusal(&answer(400, content));
            assert_eq!(refused, Refusal::Permanent(words.into()));
        }
    }

    #[test]
    fn what_the_server_says_is_cut_and_waits_are_read() {
        let long = format!(r#"{{"error": "{}"}}"#, "é".repeat(5_000));
        let Refusal::Permanent(words) = body_refusal(&answer(400, &long)) else { panic!("permanent") };
        assert_eq!(words.chars().count(), MAX_WORDS + "400 …".chars().count());
        for (content, after) in [
            (r#"{"retry_after": 7}"#, Some(7.0)),
            (r#"{"retry_after": "2.5"}"#, Some(2.5)),
            (r#"{"retry_after": -1}"#, None),
            (r#"{"retry_after": "soon"}"#, None),
            ("", None),
        ] {
            let Refusal::Retry { after: found, .. } = body_refusal(&answer(429, content)) else {
                panic!("a retry")
            };
            assert_eq!(found, after.map(|seconds| Pause::For(std::time::Duration::from_secs_f64(seconds))));
        }
    }
}
