//! What the pure layers say to people, and what they do at the ends of their ranges. No process, no repository.

use std::time::Duration;

use git_mission::clock::{Deadline, Instant};
use git_mission::dossier::{BodyUpload, Namespace, NamespaceFields};
use git_mission::env::names_with_prefix;
use git_mission::event::{Kind, MissionTree, derive};
use git_mission::gate::{Context, Contract, Reason, Violation};
use git_mission::id::{MissionId, uuid_from_url_name};
use git_mission::json::{Limits, Value, object, parse, parse_object};
use git_mission::mission::breach::Breach;
use git_mission::mission::handle::{Ambiguous, HandleError};
use git_mission::mission::legacy::{FirstEvent, id_seed};
use git_mission::mission::{Meta, MissionDir, NumberField};
use git_mission::secret::{MAX_BYTES, Secret};

const ID: &str = "01KQ47E80QJG8GTVGDCV67RW7M";

fn id() -> MissionId {
    MissionId::parse(ID).expect("an id")
}

fn dirs(names: &str) -> Vec<MissionDir> {
    names.split(' ').map(|name| MissionDir::from_name(name.as_bytes()).expect("a name")).collect()
}

fn dir(name: &str) -> MissionDir {
    dirs(name).remove(0)
}

#[test]
fn json_says_what_is_wrong_and_where() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "1:1: the file is empty"),
        (b"{\"a\": 1,\n \"a\": 2}", "2:2: the key \"a\" stands twice in one object"),
        (b"{\"a\":\n  \xff}", "2:3: not valid UTF-8"),
        (b"{\"\xc3\xa9\": \"\xff\"}", "1:8: not valid UTF-8"),
        (b"[NaN]", "1:2: NaN and Infinity are not JSON"),
        (b"[-Infinity]", "1:2: NaN and Infinity are not JSON"),
        (b"[\"\\ud800\"]", "1:3: half of a surrogate pair cannot be kept"),
        (b"[\"\\udc00\"]", "1:3: half of a surrogate pair cannot be kept"),
        (b"[\"\\x\"]", "1:3: no such escape"),
        (b"[\"a\tb\"]", "1:4: a raw control character in a string"),
        (b"[+1]", "1:2: not a JSON number"),
        (b"[.5]", "1:2: not a JSON number"),
        (b"{\"a\"", "1:5: the text ends too early"),
        (b"{\"a\" 1}", "1:6: expected `:`"),
        (b"[\"a", "1:4: the text ends too early"),
        (b"[\"a\\", "1:4: the text ends too early"),
        (b"[1, 2", "1:6: the text ends too early"),
        (b"[1] 2", "1:5: text after the end of the value"),
        (b"{}\n<<<<<<< ours\n", "2:1: merge conflict markers"),
    ];
    for (text, said) in cases {
        let error = parse(text, Limits::DOCUMENT).expect_err("refused");
        assert_eq!(error.to_string(), *said, "{}", text.escape_ascii());
    }
    let limits = Limits { max_bytes: 8, max_depth: 2 };
    let said = |text: &[u8]| parse(text, limits).expect_err("refused").kind.to_string();
    assert_eq!(said(b"\"1234567\""), "9 bytes are more than the 8 allowed");
    assert_eq!(said(b"[[[]]]"), "nested deeper than 2 levels");
    for (text, found) in [("true", "a boolean"), ("[]", "an array"), ("\"\"", "a string"), ("null", "null")] {
        let error = parse_object(text.as_bytes(), Limits::DOCUMENT).expect_err("no object");
        assert_eq!(error.to_string(), format!("1:1: an object is needed, this is {found}"));
    }
}

#[test]
fn time_ends_where_it_ends() {
    let at = |text| Instant::parse(text).expect("a time");
    let (early, late) = (at("2026-04-06T05:01:28.5Z"), at("2026-04-06T06:01:30Z"));
    assert_eq!(late.since(early), Duration::from_millis(3_601_500));
    assert_eq!(late.seconds_since(early), 3602, "seconds of the clock, not seconds that went by");
    assert_eq!((early.since(late), early.seconds_since(late)), (Duration::ZERO, 0));
    assert!((early.unix_seconds_f64() - 1_775_451_688.5).abs() < 1e-6);
    let last = early.after(Duration::MAX);
    assert_eq!(last, late.after(Duration::MAX));
    assert!(last.to_iso().starts_with("9999-12-30"), "{}", last.to_iso());
    assert_eq!(Instant::from_unix_seconds(i64::MAX), None);
    assert_eq!(at("1969-12-31T00:00:00Z").unix_millis(), 0);
    assert!(Instant::now() > late);

    let [short, long] = [1, 1000].map(|seconds| Deadline::after(Duration::from_secs(seconds)));
    assert!(long.at_most(Duration::from_secs(2)).remaining() <= Duration::from_secs(2));
    assert!(short.at_most(Duration::from_secs(2)).remaining() <= Duration::from_secs(1));
    assert!(short.at_least(Duration::from_secs(9)).remaining() > Duration::from_secs(1));
    assert_eq!(Deadline::after(Duration::ZERO).remaining(), Duration::ZERO);
}

/// Both by Python: `uuid.uuid5(uuid.NAMESPACE_URL, …)`, and the first 16 bytes of SHA-256 in Crockford's base 32.
#[test]
fn ids_made_from_texts_are_what_others_make_of_them() {
    assert_eq!(uuid_from_url_name("https://example.invalid/a"), "c43494ec-b689-5a23-84de-5af91d379181");
    assert_eq!(MissionId::from_seed("seed").as_str(), "0SP9C5DRE1A3586K7ZS2TSP8XD");
    assert_eq!(format!("{:?} {:>28}", id(), id()), format!("{ID}   {ID}"));
}

/// What counts as absent for the id of an old mission, as Python tells true from false.
#[test]
fn an_old_mission_without_a_value_is_one_with_an_empty_value() {
    let seed = |meta: &str| {
        let meta = parse_object(meta.as_bytes(), Limits::DOCUMENT).expect("an object");
        id_seed(&meta, "001-a", &FirstEvent::default())
    };
    let without = seed("{}");
    for empty in ["null", "false", "\"\"", "0", "-0.0", "0e5", "[]", "{}"] {
        assert_eq!(seed(&format!("{{\"mission_type\": {empty}}}")), without, "{empty}");
    }
    for given in ["true", "\"x\"", "1", "0.1", "[0]", "{\"a\": 0}"] {
        assert_ne!(seed(&format!("{{\"mission_type\": {given}}}")), without, "{given}");
    }
}

fn fields() -> NamespaceFields {
    NamespaceFields {
        project_uuid: "8d7f2f0e-6b1c-4d62-9f5c-2f6a4f0f6a11".to_owned(),
        mission_slug: "001-a".to_owned(),
        target_branch: "main".to_owned(),
        mission_type: "software-dev".to_owned(),
        manifest_version: "1".to_owned(),
    }
}

#[test]
fn a_body_is_not_shown_and_says_what_it_lacks() {
    let namespace = Namespace::try_from(fields()).expect("a namespace");
    assert_eq!(namespace.values()[1..3], ["001-a", "main"]);
    let body = BodyUpload::new(namespace, "spec.md".to_owned(), "canary".to_owned());
    let shown = format!("{body:?}");
    assert!(shown.contains("spec.md") && shown.contains("001-a") && !shown.contains("canary"), "{shown}");

    let whole = body.payload();
    assert_eq!(BodyUpload::from_payload(&whole).expect("read back").content_body, "canary");
    let members = whole.as_object().expect("an object");
    for key in members.keys().filter(|key| *key != "display") {
        for instead in [None, Some(Value::Null), Some(7_u64.into())] {
            let mut broken = members.clone();
            broken.remove(key);
            broken.extend(instead.map(|value| (key.clone(), value)));
            let error = BodyUpload::from_payload(&broken.into()).expect_err("no body");
            assert_eq!(error.to_string(), format!("no body upload: `{key}` is absent, blank or no text"));
        }
    }
    let blank = NamespaceFields { target_branch: " \t".to_owned(), ..fields() };
    let error = Namespace::try_from(blank).expect_err("blank");
    assert_eq!(error.to_string(), "the namespace has no `target_branch`");
}

#[test]
fn a_token_that_is_none_is_not_repeated() {
    let said = |text: String| Secret::new(text).expect_err("no secret").to_string();
    assert_eq!(said(String::new()), "the token is empty");
    let long = said("canary".repeat(MAX_BYTES));
    assert_eq!(long, "the token is longer than 8192 bytes");
    let bad = said("canary with a blank".to_owned());
    assert!(bad.starts_with("the token holds a blank") && !bad.contains("canary"), "{bad}");
}

#[test]
fn the_gate_names_the_field_and_the_rule() {
    let list = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let cases = [
        (Reason::ForbiddenEverywhere, "this key is forbidden at any depth"),
        (Reason::ForbiddenField, "this key is forbidden here"),
        (Reason::Missing, "required, but absent"),
        (Reason::Unexpected, "the contract has no such key here"),
        (
            Reason::WrongType { expected: list(&["string", "null"]), found: "a number" },
            "must be string or null, is a number",
        ),
        (Reason::Empty, "must not be empty"),
        (Reason::NotAllowed { allowed: list(&["1", "2"]) }, "must be one of 1, 2"),
        (Reason::ForbiddenValue, "this value is forbidden"),
        (Reason::ForbiddenPrefix("kitty".to_owned()), "must not start with \"kitty\""),
        (Reason::WrongFormat(list(&["uuid", "ulid"])), "is not a uuid or ulid"),
        (Reason::BelowMinimum(1), "must be at least 1"),
        (Reason::AboveMaximum(9), "must be at most 9"),
        (
            Reason::DisplayOnly("mission_number".to_owned()),
            "`mission_number` is only for display and cannot identify anything",
        ),
        (Reason::ContractUnreadable("why".to_owned()), "the contract cannot be read: why"),
    ];
    for (reason, said) in cases {
        let violation = Violation { context: Context::BodySync, field: "a.b[1]".to_owned(), reason };
        assert_eq!(violation.to_string(), format!("body_sync: `a.b[1]`: {said}"));
    }
}

/// Each a change of the contract that is compiled in: no rule is dropped because it is not understood.
#[test]
fn a_contract_that_cannot_be_used_says_where() {
    use serde_json::{Value, json};

    let said = |text: &str| Contract::parse(text).expect_err("no contract").to_string();
    assert_eq!(said("{"), "contract: `$`: 1:2: the text ends too early");
    let whole = include_str!("../contracts/upstream-3.0.0-shape.json");
    let whole: Value = serde_json::from_str(whole).expect("JSON");
    assert!(Contract::parse(&whole.to_string()).is_ok());
    let changes: [(&str, Value, &str); 11] = [
        ("/version", json!(3), "`version`: must be a string"),
        ("/lanes", json!("planned"), "`lanes`: must be an array"),
        ("/lane_moves", json!({}), "`lane_moves.planned`: absent"),
        ("/lane_aliases/doing", json!("nowhere"), "`lane_aliases.doing`: absent"),
        ("/lane_mapping/v1", json!({}), "`lane_mapping.v1.planned`: absent"),
        ("/event_lanes", json!("v9"), "`lane_mapping.v9`: absent"),
        ("/tracker_bind/when/0", json!({"while": {}}), "`tracker_bind.when.0.while`: no such kind of rule"),
        ("/tracker_bind/when/0/if", json!({"is": []}), "`tracker_bind.when.0.if.is`: no such kind of rule"),
        (
            "/tracker_bind/when/0/otherwise",
            json!("tracker_bind.nobody"),
            "`tracker_bind.when.0.otherwise`: refers to `tracker_bind.nobody`, which is not there",
        ),
        (
            "/tracker_bind/shapes/identity/closed",
            json!(1),
            "`tracker_bind.shapes.identity.closed`: must be true or false",
        ),
        ("/tracker_bind/shapes/identity/types/uuid/0", json!("text"), "no such type or format: \"text\""),
    ];
    for (place, value, expected) in changes {
        let mut contract = whole.clone();
        *contract.pointer_mut(place).expect("a place in the contract") = value;
        let words = said(&contract.to_string());
        assert!(words.starts_with("contract: `") && words.ends_with(expected), "{place}: {words}");
    }
    let mut circular = whole.clone();
    circular["tracker_bind"]["when"][0]["otherwise"] = json!("tracker_bind");
    assert!(said(&circular.to_string()).ends_with("refers to itself"));
}

/// A move to `done` with evidence that the published model would refuse is not said; the forced move that is whole is.
#[test]
fn evidence_that_is_not_whole_is_not_said() {
    use serde_json::json;

    let meta = json!({
        "slug": "a", "mission_slug": "a", "friendly_name": "A", "mission_type": "software-dev",
        "target_branch": "main", "mission_number": 1, "mission_id": ID, "created_at": "2026-04-06T05:01:28+00:00",
    });
    let meta = Meta::read(meta.to_string().as_bytes()).expect("a meta.json");
    let row = |verification: serde_json::Value| {
        let evidence = json!({
            "review": {"reviewer": "ada", "verdict": "approved", "reference": "r1"},
            "repos": [{"repo": "r", "branch": "b", "commit": "c"}],
            "verification": verification,
        });
        json!({
            "event_id": "01KQ47E80QJG8GTVGDCV67R001", "wp_id": "WP01", "from_lane": "approved", "to_lane": "done",
            "at": "2026-04-06T06:01:00+00:00", "actor": "ada", "execution_mode": "worktree", "force": true,
            "reason": "released", "evidence": evidence,
        })
        .to_string()
    };
    let derived = |log: &str| {
        derive(&MissionTree {
            project_uuid: "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
            directory: "kitty-specs/a",
            meta: &meta,
            work_packages: &[],
            log: log.as_bytes(),
            dossier: Err("no dossier"),
        })
    };
    for verification in [json!(null), json!([{"command": "make"}]), json!([{"command": " ", "result": "0"}])]
    {
        let unsaid = derived(&row(verification)).unsaid;
        let reason = "an entry of evidence.verification lacks command or result";
        assert!(unsaid.iter().any(|unsaid| unsaid.reason == reason), "{unsaid:?}");
    }
    let whole = derived(&row(json!([{"command": "make", "result": "0"}])));
    let moved = whole.said.iter().find(|said| said.kind == Kind::StatusChanged);
    let moved = moved.unwrap_or_else(|| panic!("{:?}", whole.unsaid));
    assert_eq!(moved.payload.get("force"), Some(&Value::Bool(true)));
    let unreadable = derived("{\"to_lane\": \"done\", \"to_lane\": \"done\"}\n");
    let [fault, _] = &unreadable.unsaid[..] else { panic!("{:?}", unreadable.unsaid) };
    assert_eq!(fault.place, "kitty-specs/a/status.events.jsonl:1");
    assert_eq!(fault.reason, "no JSON object: the key \"to_lane\" stands twice in one object");
}

#[test]
fn a_breach_names_the_missions() {
    let other = MissionId::parse("01KQ47E80QJG8GTVGDCV67RW7N").expect("an id");
    let cases = [
        (Breach::IdMissing { dir: dir("a") }, "kitty-specs/a has no mission_id"),
        (
            Breach::IdDuplicate { id: id(), dirs: dirs("a b") },
            "mission_id 01KQ47E80QJG8GTVGDCV67RW7M is held by kitty-specs/a, kitty-specs/b",
        ),
        (
            Breach::IdChanged { dir: dir("a"), from: id(), to: other },
            "mission_id of kitty-specs/a would change from 01KQ47E80QJG8GTVGDCV67RW7M to 01KQ47E80QJG8GTVGDCV67RW7N",
        ),
        (
            Breach::NumberDuplicate { number: 7, dirs: dirs("a b c d e f") },
            "number 7 is held by kitty-specs/a, kitty-specs/b, kitty-specs/c, kitty-specs/d, 2 more",
        ),
        (
            Breach::NumberChanged { dir: dir("a"), from: 1, to: Some(2) },
            "number of kitty-specs/a would change from 1 to 2",
        ),
        (Breach::NumberChanged { dir: dir("a"), from: 1, to: None }, "kitty-specs/a would lose its number 1"),
        (Breach::NumberUnsettled { dir: dir("a") }, "kitty-specs/a has no number"),
        (
            Breach::NumberOffMain { dir: dir("a"), number: 3 },
            "kitty-specs/a holds number 3, which main has not given it",
        ),
    ];
    for (breach, said) in cases {
        assert_eq!(breach.to_string(), said);
    }
}

#[test]
fn a_handle_that_means_several_names_them() {
    assert_eq!(HandleError::Unknown("x\n".to_owned()).to_string(), "no mission is called \"x\\n\"");
    let missions = ["a", "b"].map(|name| Ambiguous { handle: format!("01{name}"), dir: dir(name) }).to_vec();
    assert_eq!(
        HandleError::Ambiguous { handle: "01".to_owned(), missions }.to_string(),
        "\"01\" means 2 missions: 01a (kitty-specs/a) 01b (kitty-specs/b)"
    );
}

#[test]
fn an_id_and_a_number_are_set_without_touching_the_rest() {
    let mut meta = Meta::read(b"{\"slug\": \"a\", \"mission_number\": \"007\", \"x\": 1.0}").expect("read");
    meta.set_id(id());
    assert_eq!(meta.valid_id(), Some(id()));
    assert_eq!(meta.number(), NumberField::Settled(7));
    meta.set_number(Some(7));
    assert!(meta.to_canonical().contains("\"007\"") && meta.to_canonical().contains("1.0"));
    meta.set_number(None);
    assert_eq!(meta.number().to_string(), "null");
    let invalid =
        Meta::from_members(object([("mission_number", "-1".into())]).as_object().cloned().expect("one"));
    assert!(matches!(invalid.expect("read").number(), NumberField::Invalid(_)));
}

#[test]
fn variables_are_found_by_the_beginning_of_their_name() {
    let names = names_with_prefix("CARGO_MANIFEST_");
    assert!(names.iter().any(|name| name == "CARGO_MANIFEST_DIR"), "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("CARGO_MANIFEST_")), "{names:?}");
    assert!(names_with_prefix("NO SUCH VARIABLE").is_empty());
}

/// Files of a repository that is shared by a group can be written by the group, others by their owner only.
#[cfg(unix)]
#[test]
fn a_shared_directory_shares_its_files() {
    use git_mission::env::place;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &std::path::Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    for (directory_mode, file_mode, replaced_mode) in [(0o700, 0o600, 0o644), (0o770, 0o660, 0o664)] {
        let home = tempfile::tempdir().expect("a directory");
        fs::set_permissions(home.path(), Permissions::from_mode(directory_mode)).expect("changed");
        let file = home.path().join("file");
        fs::write(&file, "before").expect("written");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("changed");
        place::share(&file);
        assert_eq!(mode(&file), file_mode, "{directory_mode:o}");
        place::replace(&file, b"after");
        assert_eq!((fs::read(&file).expect("a file"), mode(&file)), (b"after".to_vec(), replaced_mode));
        // Nothing depends on it.
        place::replace(&home.path().join("nowhere/file"), b"lost");
        assert_eq!(fs::read_dir(home.path()).expect("a directory").count(), 1);
    }
}
