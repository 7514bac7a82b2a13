//! Every answer that FORMATS §5 knows, and those that no server should give: what becomes of the row, what is said, and
//! how the command ends.

use serde_json::json;

use super::*;
use crate::server::{Asked, Reply, TestServer};
use crate::support::any_git;

const EVENTS: &str = "/api/v1/events/batch/";
const BODIES: &str = "/api/dossier/push-content/";

/// One answer, and what it must lead to.
struct Case {
    name: &'static str,
    reply: Box<dyn Fn(&Asked) -> Reply + Send + Sync>,
    /// What becomes of each of the rows; none is left if empty
    rows: Vec<Row>,
    /// The exit status of `sync flush`
    status: i32,
    /// What the command says
    words: &'static str,
}

fn case(
    name: &'static str,
    rows: &[Row],
    status: i32,
    words: &'static str,
    reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Case {
    Case { name, reply: Box::new(reply), rows: rows.to_vec(), status, words }
}

/// Results that give every event of a batch this status.
fn all(status: &'static str, error: &'static str) -> impl Fn(&Asked) -> Reply {
    move |asked| {
        let one = |id: &String| json!({"event_id": id, "status": status, "error": error});
        Reply::new(200, json!({"results": asked.events.iter().map(one).collect::<Vec<_>>()}).to_string())
    }
}

fn is(status: u16, content: &'static str) -> impl Fn(&Asked) -> Reply {
    move |_| Reply::new(status, content)
}

/// Every answer to a batch.
fn answers_to_a_batch() -> Vec<Case> {
    use Row::{Kept, Parked, Tried};
    let details = |asked: &Asked| -> serde_json::Value {
        asked.events.iter().map(|id| json!({"event_id": id, "reason": "missing field"})).collect()
    };
    vec![
        case("success", &[], 0, "Synced: 3, Duplicates: 0, Failed: 0", all("success", "")),
        case("duplicate", &[], 0, "Synced: 0, Duplicates: 3, Failed: 0", all("duplicate", "")),
        case("pending", &[Kept; 3], 75, "Pending: 3", all("pending", "")),
        case(
            "rejected",
            &[Tried; 3],
            75,
            "schema_mismatch: 3 (field x is wrong); next: git mission sync diagnose",
            all("rejected", "field x is wrong"),
        ),
        case(
            "rejected, token",
            &[Tried; 3],
            75,
            "auth_expired: 3 (token expired)",
            all("rejected", "token expired"),
        ),
        case("rejected, internal", &[Tried; 3], 75, "server_error: 3", all("rejected", "internal")),
        case("rejected, no words", &[Tried; 3], 75, "unknown: 3 (no reason given)", |asked| {
            let one = |id: &String| json!({"event_id": id, "status": "rejected"});
            Reply::new(200, json!({"results": asked.events.iter().map(one).collect::<Vec<_>>()}).to_string())
        }),
        case("a status that nobody knows", &[Kept; 3], 75, "did not acknowledge", all("stored", "")),
        case("foreign ids", &[Kept; 3], 75, "did not acknowledge", |_| {
            Reply::new(200, json!({"results": [{"event_id": ONE, "status": "success"}]}).to_string())
        }),
        case("one named twice, differently", &[Kept; 3], 75, "did not acknowledge", |asked| {
            let one = |id: &String| {
                [json!({"event_id": id, "status": "success"}), json!({"event_id": id, "status": "rejected"})]
            };
            let results: Vec<_> = asked.events.iter().flat_map(one).collect();
            Reply::new(200, json!({"results": results}).to_string())
        }),
        case("no results", &[Kept; 3], 75, "did not acknowledge", is(200, "{}")),
        case("nothing", &[Kept; 3], 75, "did not acknowledge", is(200, "")),
        case("no JSON", &[Kept; 3], 75, "did not acknowledge", is(200, "<html>ok</html>")),
        case("a list", &[Kept; 3], 75, "did not acknowledge", is(200, "[]")),
        case("201", &[Kept; 3], 75, "201 instead of 200", |asked| Reply {
            status: 201,
            ..all("success", "")(asked)
        }),
        case("202", &[Kept; 3], 75, "202 instead of 200", is(202, "{}")),
        case("204", &[Kept; 3], 75, "204 instead of 200", is(204, "")),
        case("301", &[Kept; 3], 75, "points elsewhere", is(301, "")),
        case("302", &[Kept; 3], 75, "points elsewhere", is(302, "")),
        case("304", &[Kept; 3], 75, "points elsewhere", is(304, "")),
        case("400 that names all, a list", &[Tried; 3], 75, "missing field", move |asked| {
            Reply::new(400, json!({"error": "no", "details": details(asked)}).to_string())
        }),
        case("400 that names all, a list in a text", &[Tried; 3], 75, "missing field", move |asked| {
            Reply::new(400, json!({"error": "no", "details": details(asked).to_string()}).to_string())
        }),
        case("400 that names none", &[Parked; 3], 1, "400 no: some text", |_| {
            Reply::new(400, json!({"error": "no", "details": "some text"}).to_string())
        }),
        case(
            "400 that names others",
            &[Parked; 3],
            1,
            "the server refused 01KQ47E80QJG8GTVGDCV67RW7M: x",
            |_| {
                let details = json!([{"event_id": ONE, "error": "x"}]);
                Reply::new(400, json!({"error": "no", "details": details}).to_string())
            },
        ),
        case(
            "401",
            &[Kept; 3],
            77,
            "auth_expired: 3 (not logged in); next: git mission sync login",
            is(401, ""),
        ),
        case("403", &[Parked; 3], 77, "403 not your team", is(403, "{\"error\": \"not your team\"}")),
        case("404", &[Kept; 3], 75, "nothing at the server's address takes it", is(404, "")),
        case("405", &[Kept; 3], 75, "405", is(405, "")),
        case("408", &[Kept; 3], 75, "server_error: 3", is(408, "")),
        case("413 for each", &[Parked; 3], 1, "413", is(413, "")),
        case("422", &[Parked; 3], 1, "422", is(422, "")),
        case("425", &[Kept; 3], 75, "server_error: 3", is(425, "")),
        case("429", &[Kept; 3], 75, "the server is busy", is(429, "")),
        case("500", &[Kept; 3], 75, "500 oh", is(500, "{\"error\": \"oh\"}")),
        case("502", &[Kept; 3], 75, "the server has a fault", is(502, "<html>")),
        case("503", &[Kept; 3], 75, "the server has a fault", is(503, "")),
        case("599", &[Kept; 3], 75, "the server has a fault", is(599, "")),
    ]
}

#[test]
fn every_answer_to_a_batch() {
    use Row::{Kept, Parked};
    let cases = answers_to_a_batch();
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    for (n, case) in cases.into_iter().enumerate() {
        let server = TestServer::start_for_bodies();
        let reply = case.reply;
        server.script(move |asked| (asked.path == EVENTS).then(|| reply(asked)));
        let repo = copy(&base, &format!("case-{n}"), &server.url());
        let output = repo.mission(&["sync", "flush"]);
        let (events, bodies) = rows(&repo);
        assert_eq!((&events, output.status), (&case.rows, case.status), "{}: {output}", case.name);
        assert!(output.stdout.contains(case.words), "{}: {output}", case.name);
        // A body goes only after its event; if that has failed, it is parked with it.
        let delivered = events.is_empty();
        let expected =
            if delivered { Vec::new() } else { vec![if case.rows[0] == Parked { Parked } else { Kept }] };
        assert_eq!(bodies, expected, "{}: {output}", case.name);
        let asked = server.seen().asked.iter().filter(|asked| asked.path == BODIES).count();
        assert_eq!(asked, usize::from(delivered), "{}", case.name);
    }
}

#[test]
fn every_answer_to_a_body() {
    use Row::{Kept, Parked, Tried};
    let echo = |path: &str, hash: &str| json!({"artifact_path": path, "content_hash": hash}).to_string();
    let hash = git_mission::id::sha256_hex(b"# One\n");
    let (right, other_path, other_hash) =
        (echo("spec.md", &hash), echo("plan.md", &hash), echo("spec.md", ONE));
    let text = |text: &str| {
        let text = text.to_owned();
        move |status: u16| {
            let text = text.clone();
            move |_: &Asked| Reply::new(status, text.clone())
        }
    };
    let cases = vec![
        case("201", &[], 0, "Bodies: 1 uploaded, 0 there already", text(&right)(201)),
        case("200", &[], 0, "Bodies: 0 uploaded, 1 there already", text(&right)(200)),
        case("201 for another path", &[Kept], 75, "names another body", text(&other_path)(201)),
        case("200 for another hash", &[Kept], 75, "names another body", text(&other_hash)(200)),
        case("201 without a name", &[Kept], 75, "names no body", is(201, "{}")),
        case("201 with half of it", &[Kept], 75, "no JSON object", text(&right[..right.len() / 2])(201)),
        case("202", &[Kept], 75, "202 instead of 200 or 201", text(&right)(202)),
        case("204", &[Kept], 75, "204 instead", is(204, "")),
        case("301", &[Kept], 75, "points elsewhere", text(&right)(301)),
        case("308", &[Kept], 75, "points elsewhere", text(&right)(308)),
        case(
            "400 with detail",
            &[Parked],
            1,
            "400 bad: because",
            is(400, r#"{"error": "bad", "detail": "because"}"#),
        ),
        case("400 by field", &[Parked], 1, "400 mission_slug: Unknown. Really.", {
            is(400, r#"{"mission_slug": ["Unknown.", "Really."]}"#)
        }),
        case("401", &[Kept], 77, "auth_expired: 1 (not logged in)", is(401, "{}")),
        case("403", &[Parked], 77, "403 forbidden", is(403, r#"{"error": "forbidden"}"#)),
        case("404 not indexed", &[Tried], 75, "does not know the artifact yet", {
            is(404, r#"{"error": "index_entry_not_found"}"#)
        }),
        case("404 not indexed, by code", &[Tried], 75, "does not know the artifact yet", {
            is(404, r#"{"error": "no such thing", "error_code": "index_entry_not_found"}"#)
        }),
        case(
            "404 no namespace",
            &[Parked],
            1,
            "404 namespace_not_found",
            is(404, r#"{"error": "namespace_not_found"}"#),
        ),
        case("404 bare", &[Kept], 75, "nothing at the server's address takes it", is(404, "")),
        case("405", &[Tried], 75, "the server refused it", is(405, "")),
        case("408", &[Kept], 75, "server_error: 1", is(408, "")),
        case("413", &[Parked], 1, "413", is(413, "")),
        case("422", &[Parked], 1, "422", is(422, "")),
        case("425", &[Kept], 75, "server_error: 1", is(425, "")),
        case("429", &[Kept], 75, "the server is busy", is(429, r#"{"retry_after": 30}"#)),
        case("500", &[Kept], 75, "the server has a fault", is(500, "")),
        case("503", &[Kept], 75, "the server has a fault", is(503, "")),
    ];
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    for (n, case) in cases.into_iter().enumerate() {
        let server = TestServer::start();
        let reply = case.reply;
        server.script(move |asked| (asked.path == BODIES).then(|| reply(asked)));
        let repo = copy(&base, &format!("case-{n}"), &server.url());
        let output = repo.mission(&["sync", "flush"]);
        assert_eq!(
            (rows(&repo), output.status),
            ((Vec::new(), case.rows), case.status),
            "{}: {output}",
            case.name
        );
        assert!(output.stdout.contains(case.words), "{}: {output}", case.name);
        assert_eq!(server.state().0.len(), 3, "{}", case.name);
        assert_eq!(server.seen().asked.len(), 2, "{}", case.name);
    }
}

#[test]
fn a_server_is_left_alone_for_as_long_as_it_asks() {
    // How it is asked for, and how many seconds the row waits: from, to.
    type Asks = (&'static str, Option<(&'static str, String)>, &'static str, f64, f64);
    let date = |seconds: i64| ("retry-after", http_date(seconds));
    let cases: Vec<Asks> = vec![
        ("seconds", Some(("retry-after", "120".into())), "", 110.0, 121.0),
        ("zero", Some(("retry-after", "0".into())), "", -5.0, 1.0),
        ("a date", Some(date(300)), "", 280.0, 301.0),
        ("a date that has passed", Some(date(-300)), "", -5.0, 1.0),
        ("a year", Some(("retry-after", "31536000".into())), "", 86_000.0, 86_401.0),
        ("a date in a year", Some(date(31_536_000)), "", 86_000.0, 86_401.0),
        ("more digits than fit", Some(("retry-after", "9".repeat(40))), "", 86_000.0, 86_401.0),
        ("junk", Some(("retry-after", "soon".into())), "", -5.0, 1.5),
        ("negative", Some(("retry-after", "-5".into())), "", -5.0, 1.5),
        ("in the content", None, r#"{"retry_after": 120}"#, 110.0, 121.0),
        ("nothing", None, "", -5.0, 1.5),
    ];
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    let mut number = 0;
    for (name, header, content, from, to) in cases {
        for path in [EVENTS, BODIES] {
            let server = TestServer::start();
            let (header, content) = (header.clone(), content.to_owned());
            server.script(move |asked| {
                let reply = Reply::new(429, content.clone());
                let reply =
                    header.iter().fold(reply, |reply, (name, value)| reply.header(name, value.clone()));
                (asked.path == path).then_some(reply)
            });
            number += 1;
            let repo = copy(&base, &format!("case-{number}"), &server.url());
            repo.mission(&["sync", "flush"]).exits(75);
            let table = if path == EVENTS { "queue" } else { "body_upload_queue" };
            let waits: Vec<f64> =
                column(&repo, &format!("SELECT next_attempt_at - unixepoch('subsec') FROM {table}"));
            assert!(
                !waits.is_empty() && waits.iter().all(|wait| (from..to).contains(wait)),
                "{name}: {waits:?}"
            );
            // Nothing is sent before.
            if from > 0.0 {
                let asked = server.seen().asked.len();
                repo.mission(&["sync", "flush"]);
                assert_eq!(server.seen().asked.len(), asked, "{name}");
            }
        }
    }
}

/// A date of HTTP, so many seconds from now.
fn http_date(seconds: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let now = i64::try_from(git_mission::clock::Instant::now().unix_millis() / 1000).expect("a time");
    let then = now + seconds;
    let iso = git_mission::clock::Instant::from_unix_seconds(then).expect("a time").to_iso();
    let number = |from: usize, to: usize| iso[from..to].parse::<usize>().expect("a number");
    let day = DAYS[usize::try_from(then / 86_400 % 7).expect("a day")];
    format!("{day}, {} {} {} {} GMT", &iso[8..10], MONTHS[number(5, 7) - 1], &iso[..4], &iso[11..19])
}

#[test]
fn a_row_is_tried_twenty_times_and_then_has_failed() {
    let server = TestServer::start();
    let world = World::new(&any_git());
    let repo = copy(&with_backlog(&world), "case", &server.url());
    server.script(|asked| (asked.path == EVENTS).then(|| all("rejected", "no")(asked)));
    for _ in 0..19 {
        repo.mission(&["sync", "flush"]).exits(75);
        make_due(&repo);
    }
    let counts: Vec<i64> = column(&repo, "SELECT retry_count FROM queue WHERE status = 'pending'");
    assert_eq!(counts, [19; 3]);
    let last = repo.mission(&["sync", "flush", "--json"]).exits(1).json();
    assert_eq!((&last["rejected"], &last["bodies"]["failed"]), (&json!(3), &json!(1)));
    assert_eq!(rows(&repo), (vec![Row::Parked; 3], vec![Row::Parked]));
    // What failed is listed with its reason, and can be put back.
    let failures = repo.mission(&["sync", "failures"]).ok();
    assert!(failures.stdout.contains(": no"), "{failures}");
    server.script(|_| None);
    repo.mission(&["sync", "retry"]).ok();
    repo.mission(&["sync", "flush"]).ok();
    assert_eq!((rows(&repo), server.state().0.len(), server.state().1.len()), ((vec![], vec![]), 3, 1));
}

#[test]
fn one_bad_event_is_found_by_halves_and_the_rest_goes_on() {
    let world = World::new(&any_git());
    let base = started(&world, "base", "http://127.0.0.1:9");
    for at in 0..40 {
        base.write(&format!("kitty-specs/one/research/{at:02}.md"), format!("# {at}\n"));
    }
    base.commit("kitty-specs/one/meta.json", meta("one", ONE));
    base.ok(&["push", "-q", "origin", "main"]);
    make_due(&base);
    let ids: Vec<String> = column(&base, "SELECT event_id FROM queue ORDER BY id");
    let bad = ids[17].clone();
    for (n, status) in [400, 413, 422, 403].into_iter().enumerate() {
        let server = TestServer::start();
        let culprit = bad.clone();
        server.script(move |asked| asked.events.contains(&culprit).then(|| Reply::new(status, "")));
        let repo = copy(&base, &format!("case-{n}"), &server.url());
        let output = repo.mission(&["sync", "flush"]);
        let left: Vec<String> = column(&repo, "SELECT event_id FROM queue WHERE status = 'failed'");
        assert_eq!((left, server.state().0.len()), (vec![bad.clone()], ids.len() - 1), "{status}: {output}");
        let batches = server.seen().asked.iter().filter(|asked| asked.path == EVENTS).count();
        assert!(batches <= 2 * (ids.len().ilog2() as usize + 2), "{status}: {batches} batches");
    }
    // A server that names the culprit gets the others at once; the culprit is tried again.
    let server = TestServer::start();
    let culprit = bad.clone();
    server.script(move |asked| {
        let details = json!([{"event_id": culprit, "error": "bad"}]);
        asked.events.contains(&culprit).then(|| Reply::new(400, json!({"details": details}).to_string()))
    });
    let repo = copy(&base, "named", &server.url());
    repo.mission(&["sync", "flush"]).exits(75);
    let left: Vec<String> = column(&repo, "SELECT event_id || retry_count || status FROM queue");
    assert_eq!((left, server.state().0.len()), (vec![format!("{bad}1pending")], ids.len() - 1));
    // A server that takes only a little at once gets it all.
    let server = TestServer::start();
    server.script(|asked| (asked.events.len() > 3).then(|| Reply::new(413, "")));
    let repo = copy(&base, "small", &server.url());
    repo.mission(&["sync", "flush"]).ok();
    assert_eq!(server.state().0.len(), ids.len());
}

#[test]
fn the_token_of_another_server_is_not_asked_for_and_a_login_is() {
    let server = TestServer::start();
    server.wants("a-token-that-nobody-has");
    let world = World::new(&any_git());
    let repo = copy(&with_backlog(&world), "case", &server.url());
    let output = repo.mission(&["sync", "flush", "--json"]).exits(77).json();
    assert_eq!(
        (&output["pending"], &output["results"][0]["error_category"]),
        (&json!(3), &json!("auth_expired"))
    );
    let push = call_pre_push(&repo).ok();
    assert_eq!(push.stderr.lines().count(), 1, "{push}");
    assert!(push.stderr.contains("not logged in; git mission sync login"), "{push}");
    assert_eq!(server.seen().asked.len(), 2, "each stops at the first");
}

#[test]
fn a_server_that_says_the_token_back_is_not_quoted() {
    const TOKEN: &str = "canary/0123456789";
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    // Many servers escape every `/` of a text, and may escape whatever they like.
    for (path, spelled) in
        [(EVENTS, "canary\\/0123456789"), (BODIES, "\\u0063anary/\\u003012345678\\u0039"), (BODIES, TOKEN)]
    {
        let server = TestServer::start();
        server.script(move |asked| {
            let said = json!({"error": format!("who is {:?}?", asked.authorization), "details": "none"});
            (asked.path == path).then(|| Reply::new(400, said.to_string().replace(TOKEN, spelled)))
        });
        let name = format!("{}{}", path.replace('/', "-"), spelled.len());
        let repo = copy(&base, &name, &server.url()).env("GIT_MISSION_TOKEN", TOKEN);
        let output = repo.mission(&["sync", "flush"]).exits(1);
        assert!(output.stdout.contains("who is Some(\"Bearer ***\")?"), "{output}");
        let failures = repo.mission(&["sync", "failures", "--json"]).ok();
        assert!(failures.stdout.contains("***") && !failures.stdout.contains(TOKEN), "{failures}");
        assert!(
            server.seen().asked.iter().all(|asked| asked.authorization == Some(format!("Bearer {TOKEN}")))
        );
    }
}

#[test]
fn what_a_flush_did_is_reported() {
    let server = TestServer::start();
    let world = World::new(&any_git());
    let repo = copy(&with_backlog(&world), "case", &server.url());
    let nothing = copy(&repo, "nothing", &server.url());
    execute(&nothing, "DELETE FROM queue; DELETE FROM body_upload_queue");
    assert_eq!(nothing.mission(&["sync", "flush"]).ok().stdout, "nothing to deliver\n");
    let ids: Vec<String> = column(&repo, "SELECT event_id FROM queue ORDER BY id");
    let bad = ids[0].clone();
    server.script(move |asked| {
        let result = |id: &String| {
            if *id == bad {
                json!({"event_id": id, "status": "rejected", "error": "type\u{1b}[31m is wrong"})
            } else {
                json!({"event_id": id, "status": "duplicate"})
            }
        };
        let results: Vec<_> = asked.events.iter().map(result).collect();
        (asked.path == EVENTS).then(|| Reply::new(200, json!({"results": results}).to_string()).but_stores())
    });
    let flush = repo.mission(&["sync", "flush", "--report", "../report.json"]).exits(75);
    assert_eq!(
        flush.stdout,
        "Synced: 0, Duplicates: 2, Failed: 1\nBodies: 1 uploaded, 0 there already, 0 kept, 0 failed\n\
         schema_mismatch: 1 (type\\u{1b}[31m is wrong); next: git mission sync diagnose\n"
    );
    let report: serde_json::Value = serde_json::from_str(&repo.read("../report.json")).expect("JSON");
    let event = |id: &String, status: &str, error: Option<&str>, kind: Option<&str>| json!({"event_id": id, "status": status, "error": error, "error_category": kind});
    assert_eq!(
        report,
        json!({
            "synced": 0, "duplicates": 2, "rejected": 1, "pending": 0,
            "bodies": {"uploaded": 1, "already_exists": 0, "kept": 0, "failed": 0},
            "results": [
                event(&ids[1], "duplicate", None, None),
                event(&ids[2], "duplicate", None, None),
                event(&ids[0], "rejected", Some("type\u{1b}[31m is wrong"), Some("schema_mismatch")),
            ],
        })
    );
}
