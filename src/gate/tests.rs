//! What the gate lets through and what it stops, and that its rules come from the file alone.

use super::{Context, Contract, Problem, Reason, Violation, validate};
use crate::json::{Limits, Object, Value, object, parse};

fn json(text: &str) -> Value {
    parse(text.as_bytes(), Limits::DOCUMENT).expect("a test's JSON")
}

/// `base` with the members of `change` put over it; a member that is the string `-` is taken out.
fn with(base: &str, change: &str) -> Value {
    let (Value::Object(mut members), Value::Object(change)) = (json(base), json(change)) else {
        panic!("objects")
    };
    for (key, value) in change {
        if value.as_str() == Some("-") {
            members.remove(&key);
        } else {
            members.insert(key, value);
        }
    }
    Value::Object(members)
}

#[track_caller]
fn stopped(payload: &Value, context: Context) -> (String, Reason) {
    match validate(payload, context) {
        Ok(()) => panic!("passed as {context}"),
        Err(Violation { context: named, field, reason }) => {
            assert_eq!(named, context);
            (field, reason)
        }
    }
}

const ENVELOPE: &str = r#"{"event_id":"01KQ47E80QJG8GTVGDCV67RW7M","event_type":"MissionCreated",
  "aggregate_id":"mission/01KQ47E80QJG8GTVGDCV67RW7M","aggregate_type":"Mission","schema_version":"3.0.0",
  "build_id":"b","node_id":"0123456789ab","lamport_clock":0,"causation_id":null,
  "correlation_id":"01KQ47E80QJG8GTVGDCV67RW7M","timestamp":"2026-04-06T05:01:28.874035+00:00","team_slug":null,
  "project_uuid":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","project_slug":null,"git_branch":"main",
  "head_commit_sha":"0123456789012345678901234567890123456789","repo_slug":null,"data_tier":0,
  "payload":{"mission_id":"01KQ47E80QJG8GTVGDCV67RW7M","mission_slug":"s","mission_number":null,"mission_type":"t"}}"#;

const MOVE: &str = r#"{"mission_slug":"s","wp_id":"WP01","from_lane":"planned","to_lane":"claimed","actor":"a",
  "force":false,"reason":null,"execution_mode":"worktree","review_ref":null,"evidence":null}"#;

const BODY: &str = r#"{"project_uuid":"p","mission_slug":"s","target_branch":"main","mission_type":"t",
  "manifest_version":"1","artifact_path":"spec.md","content_hash":"h","hash_algorithm":"sha256",
  "content_body":"text is text\n"}"#;

const IDENTITY: &str = r#"{"uuid":"u","slug":"s","node_id":"n","repo_slug":null,"build_id":"b"}"#;

const ANSWER: &str = r#"{"contract_version":"1","command":"mission-state","timestamp":"t","correlation_id":"c",
  "success":true,"error_code":null,"data":{"mission_slug":"s"}}"#;

#[test]
fn what_keeps_the_contract_passes() {
    for (payload, context) in [
        (ENVELOPE, Context::Event),
        (ENVELOPE, Context::Envelope),
        (r#"{"mission_slug":"s","mission_number":7,"mission_type":"t"}"#, Context::Payload),
        (r#"{"wp_id":"WP01","agent_id":"a","phase":"implementation","retry_count":0}"#, Context::Payload),
        (MOVE, Context::Payload),
        (BODY, Context::BodySync),
        (IDENTITY, Context::TrackerBind),
        (ANSWER, Context::OrchestratorApi),
    ] {
        assert_eq!(validate(&json(payload), context), Ok(()), "{context}: {payload}");
    }
    let wrapped = object([("project_identity", json(IDENTITY)), ("provider", "p".into())]);
    assert_eq!(validate(&wrapped, Context::TrackerBind), Ok(()));
}

#[test]
fn forbidden_keys_are_found_at_any_depth_in_every_context() {
    let forbidden = Contract::embedded().expect("the embedded contract").forbidden_keys();
    assert_eq!(forbidden.len(), 5);
    let bases = [ENVELOPE, ENVELOPE, MOVE, BODY, IDENTITY, ANSWER];
    for key in forbidden {
        for (base, context) in bases.into_iter().zip(Context::ALL) {
            let top = with(base, &format!(r#"{{"{key}":"x"}}"#));
            assert_eq!(stopped(&top, context), (key.clone(), Reason::ForbiddenEverywhere));
            let deep = with(base, &format!(r#"{{"a":[0,{{"b":{{"{key}":null}}}}]}}"#));
            assert_eq!(stopped(&deep, context), (format!("a[1].b.{key}"), Reason::ForbiddenEverywhere));
        }
    }
}

#[test]
fn every_required_key_is_required() {
    let sections = [
        (ENVELOPE, Context::Envelope),
        (BODY, Context::BodySync),
        (IDENTITY, Context::TrackerBind),
        (ANSWER, Context::OrchestratorApi),
    ];
    let optional = ["causation_id", "team_slug", "project_slug", "repo_slug"];
    for (base, context) in sections {
        let Value::Object(members) = json(base) else { panic!("an object") };
        for key in members.keys() {
            if context == Context::Envelope && optional.contains(&key.as_str()) {
                continue;
            }
            let payload = with(base, &format!(r#"{{"{key}":"-"}}"#));
            assert_eq!(stopped(&payload, context), (key.clone(), Reason::Missing), "{context}");
        }
    }
}

#[test]
fn a_body_has_exactly_nine_fields_none_of_them_empty() {
    let Value::Object(members) = json(BODY) else { panic!("an object") };
    assert_eq!(members.len(), 9);
    let extra = with(BODY, r#"{"note":"x"}"#);
    assert_eq!(stopped(&extra, Context::BodySync), ("note".to_owned(), Reason::Unexpected));
    for key in members.keys() {
        for empty in ["\"\"", "\" \\n\""] {
            let payload = with(BODY, &format!(r#"{{"{key}":{empty}}}"#));
            assert_eq!(stopped(&payload, Context::BodySync), (key.clone(), Reason::Empty));
        }
        let payload = with(BODY, &format!(r#"{{"{key}":7}}"#));
        assert!(matches!(stopped(&payload, Context::BodySync), (_, Reason::WrongType { .. })));
    }
    let other = with(BODY, r#"{"hash_algorithm":"md5"}"#);
    assert!(matches!(stopped(&other, Context::BodySync), (_, Reason::NotAllowed { .. })));
}

#[test]
fn envelopes_are_held_to_every_kind_of_rule() {
    for (change, field, reason) in [
        (r#"{"aggregate_type":"Feature"}"#, "aggregate_type", Reason::ForbiddenValue),
        (r#"{"event_type":"FeatureCreated"}"#, "event_type", Reason::ForbiddenValue),
        (r#"{"event_type":""}"#, "event_type", Reason::Empty),
        (r#"{"build_id":""}"#, "build_id", Reason::Empty),
        (r#"{"aggregate_id":"feature/x"}"#, "aggregate_id", Reason::ForbiddenPrefix("feature/".into())),
        (r#"{"lamport_clock":-1}"#, "lamport_clock", Reason::BelowMinimum(0)),
        (r#"{"lamport_clock":-99999999999999999999}"#, "lamport_clock", Reason::BelowMinimum(0)),
        (r#"{"data_tier":5}"#, "data_tier", Reason::AboveMaximum(4)),
        (r#"{"data_tier":99999999999999999999}"#, "data_tier", Reason::AboveMaximum(4)),
        (r#"{"to_lane":"done"}"#, "to_lane", Reason::ForbiddenField),
        (r#"{"event_id":"1"}"#, "event_id", Reason::WrongFormat(vec!["ulid".into(), "uuid".into()])),
        (r#"{"timestamp":"now"}"#, "timestamp", Reason::WrongFormat(vec!["timestamp".into()])),
        (
            r#"{"schema_version":"2.9.0"}"#,
            "schema_version",
            Reason::NotAllowed { allowed: vec!["\"3.0.0\"".into()] },
        ),
    ] {
        assert_eq!(stopped(&with(ENVELOPE, change), Context::Event), (field.to_owned(), reason), "{change}");
    }
    let fraction = with(ENVELOPE, r#"{"lamport_clock":1.5}"#);
    assert!(matches!(stopped(&fraction, Context::Event), (_, Reason::WrongType { .. })));
    assert!(
        matches!(stopped(&json("[]"), Context::Event), (field, Reason::WrongType { .. }) if field == "$")
    );
}

#[test]
fn the_payload_is_judged_by_what_the_envelope_says_it_is() {
    let inner = with(ENVELOPE, r#"{"payload":{"mission_slug":"s","mission_number":1,"mission_type":"t"}}"#);
    assert_eq!(stopped(&inner, Context::Event), ("payload.mission_id".to_owned(), Reason::Missing));
    assert_eq!(validate(&inner, Context::Envelope), Ok(()));
    let zero = with(ENVELOPE, r#"{"payload":{"mission_slug":"s","mission_number":0,"mission_type":"t"}}"#);
    assert_eq!(
        stopped(&zero, Context::Event),
        ("payload.mission_number".to_owned(), Reason::BelowMinimum(1))
    );
    let text = r#"{"mission_slug":"s","mission_number":"7","mission_type":"t"}"#;
    assert!(matches!(stopped(&json(text), Context::Payload), (_, Reason::WrongType { .. })));
    let heading = r#"{"event_type":"WPStatusChanged","aggregate_type":"WorkPackage","payload":"#;
    let event = with(ENVELOPE, &format!("{heading}{MOVE}}}"));
    assert_eq!(validate(&event, Context::Event), Ok(()));
    let assigned = r#"{"event_type":"WPAssigned","aggregate_type":"WorkPackage","payload":
        {"wp_id":"WP01","agent_id":"a","phase":"p","retry_count":0,"mission_slug":"s"}}"#;
    let refused = stopped(&with(ENVELOPE, assigned), Context::Event);
    assert_eq!(refused, ("payload.mission_slug".to_owned(), Reason::Unexpected));
}

#[test]
fn moves_need_what_their_kind_of_move_needs() {
    for (change, field) in [
        (r#"{"force":true}"#, "reason"),
        (r#"{"to_lane":"done"}"#, "evidence"),
        (
            r#"{"to_lane":"done","evidence":{"review":{"reviewer":"r","verdict":"v"}}}"#,
            "evidence.review.reference",
        ),
        (r#"{"from_lane":"approved","to_lane":"planned","reason":"x"}"#, "force"),
        (r#"{"to_lane":"doing"}"#, "to_lane"),
        (r#"{"to_lane":"Done"}"#, "to_lane"),
        (r#"{"execution_mode":"unknown"}"#, "execution_mode"),
    ] {
        assert_eq!(stopped(&with(MOVE, change), Context::Payload).0, field, "{change}");
    }
    let back = with(MOVE, r#"{"from_lane":"in_review","to_lane":"planned","reason":"x","force":true}"#);
    assert_eq!(validate(&back, Context::Payload), Ok(()));
}

#[test]
fn a_display_number_identifies_nothing() {
    let number = r#""payload":{"mission_id":"01KQ47E80QJG8GTVGDCV67RW7M","mission_slug":"s","mission_number":64,"mission_type":"t"}"#;
    let named = with(ENVELOPE, &format!(r#"{{"aggregate_id":"mission/064",{number}}}"#));
    assert_eq!(
        stopped(&named, Context::Event),
        ("aggregate_id".to_owned(), Reason::DisplayOnly("mission_number".to_owned()))
    );
    let other = with(ENVELOPE, &format!(r#"{{"aggregate_id":"mission/0640",{number}}}"#));
    assert_eq!(validate(&other, Context::Event), Ok(()));
    // Digits of another key, and words under a key that is only for display, are nobody's number.
    let clock = with(ENVELOPE, r#"{"aggregate_id":"mission/7","lamport_clock":7}"#);
    assert_eq!(validate(&clock, Context::Event), Ok(()));
    // Also where there is a number that could be meant.
    let beside = with(ENVELOPE, &format!(r#"{{"aggregate_id":"mission/7","lamport_clock":7,{number}}}"#));
    assert_eq!(validate(&beside, Context::Event), Ok(()));
    let word = with(ENVELOPE, r#"{"aggregate_id":"mission/new","more":{"mission_number":"new"}}"#);
    assert_eq!(validate(&word, Context::Event), Ok(()));
    let part = with(ENVELOPE, r#"{"aggregate_id":"mission//x","more":{"mission_number":""}}"#);
    assert_eq!(validate(&part, Context::Event), Ok(()));
}

#[test]
fn an_event_may_have_a_uuid_with_all_of_its_hyphens_or_none() {
    for (id, is_one) in [
        ("a1b2c3d4-e5f6-7890-abcd-ef1234567890", true),
        ("a1b2c3d4e5f67890abcdef1234567890", true),
        ("a1b2c3d4e5f67890abcdef123456789", false),
        ("a1b2c3d4e5f67890abcdef123456789g", false),
        ("a1b2c3d4-e5f67890abcdef1234567890", false),
    ] {
        let event = with(ENVELOPE, &format!(r#"{{"event_id":"{id}"}}"#));
        assert_eq!(validate(&event, Context::Event).is_ok(), is_one, "{id}");
    }
}

#[test]
fn a_violation_names_context_field_and_reason() {
    let told = |payload: Value, context| validate(&payload, context).expect_err("a violation").to_string();
    assert_eq!(
        told(with(BODY, r#"{"manifest_version":7}"#), Context::BodySync),
        "body_sync: `manifest_version`: must be string, is a number"
    );
    assert_eq!(
        told(with(BODY, r#"{"hash_algorithm":"md5"}"#), Context::BodySync),
        "body_sync: `hash_algorithm`: must be one of \"sha256\""
    );
    assert_eq!(
        told(with(ENVELOPE, r#"{"event_id":"1"}"#), Context::Envelope),
        "envelope: `event_id`: is not a ulid or uuid"
    );
}

#[test]
fn removed_commands_and_codes_are_unknown() {
    for change in [
        r#"{"command":"feature-state"}"#,
        r#"{"command":"anything"}"#,
        r#"{"success":false}"#,
        r#"{"success":false,"error_code":"FEATURE_NOT_FOUND"}"#,
        r#"{"error_code":"USAGE_ERROR"}"#,
    ] {
        stopped(&with(ANSWER, change), Context::OrchestratorApi);
    }
    let failed = with(ANSWER, r#"{"success":false,"error_code":"MISSION_NOT_FOUND"}"#);
    assert_eq!(validate(&failed, Context::OrchestratorApi), Ok(()));
}

#[test]
fn lanes_are_mapped_as_the_file_says() {
    let contract = Contract::embedded().expect("the embedded contract");
    assert_eq!(contract.version(), "3.0.0");
    assert_eq!(contract.lanes().len(), 10);
    assert_eq!(contract.event_lanes(), None);
    let through = changed("event_lanes", r#""v1""#).expect("a contract");
    assert!(through.event_lanes().is_some() && through.event_lanes() == contract.lane_mapping("v1"));
    let mapped = |name: &str, lane: &str| contract.lane_mapping(name).and_then(|m| m.get(lane)).cloned();
    assert_eq!(mapped("v1", "claimed").as_deref(), Some("doing"));
    assert_eq!(mapped("events_lib", "claimed").as_deref(), Some("planned"));
    assert_eq!(mapped("v2", "claimed"), None);
}

#[test]
fn lanes_have_one_spelling_and_known_ways_out() {
    let contract = Contract::embedded().expect("the embedded contract");
    for (name, lane) in
        [("planned", Some("planned")), ("doing", Some("in_progress")), ("Doing", None), ("", None)]
    {
        assert_eq!(contract.lane(name), lane, "{name}");
    }
    assert_eq!(contract.moves_from("planned"), ["claimed", "blocked", "canceled"]);
    assert!(contract.moves_from("done").is_empty() && contract.moves_from("nowhere").is_empty());
}

/// The embedded contract with one member of the root replaced.
fn changed(key: &str, value: &str) -> Result<Contract, super::ContractError> {
    let root: Object = crate::json::parse_object(super::contract::EMBEDDED.as_bytes(), Limits::DOCUMENT)
        .expect("the embedded contract");
    let Value::Object(mut root) = Value::Object(root) else { unreachable!() };
    root.insert(key.to_owned(), json(value));
    Contract::parse(&crate::json::canonical_object(&root))
}

#[test]
fn the_rules_are_the_files() {
    let contract = changed("body_sync", r#"{"required_fields":["only"]}"#).expect("a contract");
    assert_eq!(contract.validate(&json(r#"{"only":1,"note":2}"#), Context::BodySync), Ok(()));
    let contract = changed("forbidden_at_any_depth", r#"["note"]"#).expect("a contract");
    assert!(contract.validate(&with(BODY, r#"{"note":1}"#), Context::BodySync).is_err());
}

#[test]
fn a_malformed_contract_is_an_error_that_names_the_place() {
    for (key, value, at, problem) in [
        ("body_sync", "[]", "body_sync", Problem::Expected("an object")),
        ("body_sync", r#"{"requires":[]}"#, "body_sync.requires", Problem::UnknownRule),
        ("body_sync", r#"{"closed":1}"#, "body_sync.closed", Problem::Expected("true or false")),
        (
            "body_sync",
            r#"{"types":{"a":["text"]}}"#,
            "body_sync.types.a.0",
            Problem::UnknownName("text".into()),
        ),
        ("body_sync", r#"{"minimum":{"a":0.5}}"#, "body_sync.minimum.a", Problem::Expected("an integer")),
        ("body_sync", r#""nowhere.at.all""#, "body_sync", Problem::NoSuchShape("nowhere.at.all".into())),
        ("body_sync", r#""body_sync""#, "body_sync", Problem::Circular),
        ("event_lanes", r#""v9""#, "lane_mapping.v9", Problem::Missing),
        ("lane_mapping", r#"{"v1":{}}"#, "lane_mapping.v1.planned", Problem::Missing),
    ] {
        let error = changed(key, value).expect_err(value);
        assert_eq!((error.at.as_str(), error.problem), (at, problem), "{key}: {value}");
    }
    let told = changed("body_sync", r#"{"requires":[]}"#).expect_err("no such rule").to_string();
    assert_eq!(told, "contract: `body_sync.requires`: no such kind of rule");
    assert!(matches!(Contract::parse("{").expect_err("not JSON").problem, Problem::NotJson(_)));
    assert_eq!(Contract::parse("{}").expect_err("empty").problem, Problem::Missing);
}

#[test]
fn sections_refer_to_each_other_so_often_and_no_more() {
    // Each section stands for the one that is named inside of it; what stands around a name costs nothing.
    let chain = |hops: usize| {
        let inner = (1..hops).map(|hop| format!(r#""n{hop}":"body_sync.shapes.n{}""#, hop + 1));
        let shapes: Vec<String> =
            inner.chain([format!(r#""n{hops}":{{"required_fields":["x"]}}"#)]).collect();
        format!(r#"{{"nested":{{"a":{{"use":["body_sync.shapes.n1"]}}}},"shapes":{{{}}}}}"#, shapes.join(","))
    };
    let most = changed("body_sync", &chain(24)).expect("a contract");
    assert!(most.validate(&json(r#"{"a":{}}"#), Context::BodySync).is_err());
    assert_eq!(changed("body_sync", &chain(25)).expect_err("too many").problem, Problem::Circular);
}

#[test]
fn names_of_contexts_go_both_ways() {
    for context in Context::ALL {
        assert_eq!(Context::from_name(context.name()), Some(context));
    }
    assert_eq!(Context::from_name("feature"), None);
}
