//! Delivery to a directory: what arrives, what is acknowledged, what is stopped, and that nothing lands outside.

use git_mission::gate::{Judge, Judged, Unfit};
use git_mission::id::sha256_hex;
use git_mission::json::{Limits, canonical, line, parse_object};
use git_mission::transport::{
    Ack, DirectoryServer, EventAck, EventVerdict, Network, Patience, Refusal, RetryCause, Server, ServerUrl,
    Stored,
};

use super::*;

/// Every file below a directory, relative to it.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("reads") {
            let path = entry.expect("an entry").path();
            if path.symlink_metadata().expect("is there").is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).expect("below").to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn server(place: &Place) -> (PathBuf, DirectoryServer) {
    let root = place.directory.path().join("server");
    (root.clone(), DirectoryServer::new(root))
}

#[test]
fn a_queued_body_arrives_with_exactly_nine_fields() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&[body("research/é.md", "# é\n")], ROOMY, at(0)).expect("enqueues");
    let (root, _) = server(&place);
    let url = ServerUrl::parse(&ServerUrl::Directory(root.clone()).to_string()).expect("a URL");
    let patience = Patience { request: Duration::from_secs(5), until: None };
    let server = url.connect(None, &Network::default(), patience).expect("a server");
    let leased = lease_all(&mut queue, "a", at(1)).remove(0);
    let ack = server.push_body(&leased.payload).expect("stored");
    assert!(ack.confirms(&leased.payload));
    assert_eq!(ack.stored, Stored::New);
    assert!(queue.acknowledge_body(leased.row.id).expect("writes"));
    assert_eq!(queue.bodies().expect("reads"), []);

    let hash = sha256_hex("# é\n".as_bytes());
    let parts = [
        "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "one-01KQ47E8",
        "main",
        "software-dev",
        "1",
        "research/é.md",
    ];
    let key = &sha256_hex(parts.join("\0").as_bytes())[..16];
    let path = format!("bodies/{hash}/{key}.json");
    assert_eq!(files(&root), [path.as_str()]);
    let bytes = fs::read(root.join(path)).expect("reads");
    assert_eq!(String::from_utf8_lossy(&bytes), canonical(&upload("research/é.md", "# é\n").payload()));
    let members = parse_object(&bytes, Limits::DOCUMENT).expect("JSON");
    let keys: Vec<_> = members.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "artifact_path",
            "content_body",
            "content_hash",
            "hash_algorithm",
            "manifest_version",
            "mission_slug",
            "mission_type",
            "project_uuid",
            "target_branch",
        ]
    );
}

#[test]
fn a_body_is_stored_once_and_acknowledged_each_time() {
    let place = Place::new();
    let (root, server) = server(&place);
    let payload = upload("spec.md", "a").payload();
    assert_eq!(server.push_body(&payload).expect("stored").stored, Stored::New);
    assert_eq!(server.push_body(&payload).expect("there").stored, Stored::AlreadyExists);
    assert_eq!(files(&root).len(), 1);
    // The same content at another path is another body.
    assert_eq!(server.push_body(&upload("plan.md", "a").payload()).expect("stored").stored, Stored::New);
    assert_eq!(files(&root).len(), 2);
}

#[test]
fn many_senders_store_one_body() {
    let place = Place::new();
    let (root, server) = server(&place);
    let payload = upload("spec.md", &"text\n".repeat(50_000)).payload();
    let senders: Vec<_> = (0..6)
        .map(|_| {
            let (server, payload) = (server.clone(), payload.clone());
            std::thread::spawn(move || server.push_body(&payload).expect("stored").stored)
        })
        .collect();
    let stored: Vec<_> = senders.into_iter().map(|sender| sender.join().expect("runs")).collect();
    assert_eq!(stored.iter().filter(|s| **s == Stored::New).count(), 1);
    assert_eq!(files(&root).len(), 1);
}

#[test]
fn what_breaks_the_contract_is_stopped_before_it_is_delivered() {
    let place = Place::new();
    let (root, server) = server(&place);
    let good = upload("spec.md", "a").payload();
    for (payload, field) in [
        (with(&good, "feature_slug", "x".into()), "feature_slug"),
        (with(&good, "a", object([("b", object([("feature_slug", "x".into())]))])), "a.b.feature_slug"),
        (with(&good, "note", "x".into()), "note"),
        (with(&good, "mission_slug", "".into()), "mission_slug"),
        (with(&good, "hash_algorithm", "md5".into()), "hash_algorithm"),
    ] {
        let Err(Refusal::Contract(violation)) = server.push_body(&payload) else { panic!("{field} passed") };
        assert_eq!((violation.field.as_str(), violation.context), (field, Context::BodySync));
    }
    for hash in ["0".repeat(64), "../../outside".into(), upload("spec.md", "a").content_hash.to_uppercase()] {
        let refused = server.push_body(&with(&good, "content_hash", hash.into()));
        assert!(matches!(refused, Err(Refusal::Permanent(_))), "{refused:?}");
    }
    assert!(!root.exists());
}

#[test]
fn what_is_there_already_is_never_overwritten() {
    let place = Place::new();
    let (root, server) = server(&place);
    let upload = upload("spec.md", "a");
    server.push_body(&upload.payload()).expect("stored");
    let path = server.body_path(&upload).expect("a path");
    fs::write(&path, "something else").expect("writes");
    let refused = server.push_body(&upload.payload()).expect_err("refused");
    assert!(matches!(refused, Refusal::Permanent(_)), "{refused}");
    assert_eq!(fs::read_to_string(&path).expect("reads"), "something else");
    assert_eq!(files(&root).len(), 1);
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out_of_the_root() {
    use std::os::unix::fs::symlink;
    let upload = upload("spec.md", "a");
    let make: [fn(&Path, &Path, &BodyUpload); 4] = [
        |root, outside, _| symlink(outside, root.join("bodies")).expect("links"),
        |root, outside, upload| {
            fs::create_dir(root.join("bodies")).expect("a directory");
            symlink(outside, root.join("bodies").join(&upload.content_hash)).expect("links");
        },
        |root, outside, upload| {
            let path = DirectoryServer::new(root.to_owned()).body_path(upload).expect("a path");
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            symlink(outside.join("new"), path).expect("links");
        },
        |root, outside, _| symlink(outside.join("new"), root.join("events.jsonl")).expect("links"),
    ];
    for (n, make) in make.into_iter().enumerate() {
        let place = Place::new();
        let (root, server) = server(&place);
        let outside = place.directory.path().join("outside");
        fs::create_dir(&root).expect("a directory");
        fs::create_dir(&outside).expect("a directory");
        make(&root, &outside, &upload);
        let refused = if n == 3 {
            push(&server, &[event(FIRST)]).expect_err("refused")
        } else {
            server.push_body(&upload.payload()).expect_err("refused")
        };
        assert!(matches!(refused, Refusal::Retry { .. }), "{refused}");
        assert_eq!(files(&outside), Vec::<String>::new(), "case {n}");
    }
    // The root itself is what its owner says it is.
    let place = Place::new();
    let (root, server) = server(&place);
    let real = place.directory.path().join("real");
    fs::create_dir(&real).expect("a directory");
    symlink(&real, &root).expect("links");
    server.push_body(&upload.payload()).expect("stored");
    assert_eq!(files(&real).len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_tried_again() {
    let place = Place::new();
    let server = DirectoryServer::new(place.directory.path().join("not").join("mounted"));
    let refused = server.push_body(&upload("spec.md", "a").payload()).expect_err("refused");
    assert!(matches!(refused, Refusal::Retry { cause: RetryCause::Unreachable, .. }), "{refused}");
    assert!(!refused.counts_as_try() && refused.stops_the_run());
    assert!(refused.to_string().contains("mounted"), "{refused}");
}

/// Hands over events as they are stored.
fn push(server: &dyn Server, events: &[Value]) -> Result<Vec<EventAck>, Refusal> {
    let lines: Vec<String> = events.iter().map(line).collect();
    let mut judge = Judge::default();
    let judged: Vec<Judged<'_>> = lines.iter().map(|line| judge.event(line).expect("it passes")).collect();
    server.push_events(&judged)
}

/// Only what was judged can be handed over, and it is one line, however it was stored.
#[test]
fn what_breaks_the_contract_is_never_a_judged_event() {
    let mut judge = Judge::default();
    let good = with(&event(FIRST), "project_slug", "é".into());
    for text in [
        line(&good),
        canonical(&good),
        format!("\u{feff}{}", line(&good)),
        line(&good).replace("\\u00e9", "é"),
    ] {
        let judged = judge.event(&text).expect("it passes");
        assert_eq!(judged.line(), line(&good), "{text:?}");
        for bad in [with(&good, "build_id", "".into()), with(&good, "feature_slug", "x".into()), Value::Null]
        {
            let unfit = judge.event(&line(&bad)).map(|judged| judged.line().to_owned()).expect_err("refused");
            assert!(matches!(unfit, Unfit::Breach(_)), "{unfit}");
        }
        let unfit = judge.event(&text[..text.len() - 2]).map(drop).expect_err("refused");
        assert!(matches!(unfit, Unfit::Unreadable(_)), "{unfit}");
    }
}

#[test]
fn events_are_lines_each_there_once() {
    let place = Place::new();
    let (root, server) = server(&place);
    let ack = |id: &str, verdict| EventAck { event_id: id.into(), verdict };
    let acks = push(&server, &[event(FIRST), event(FIRST)]).expect("stored");
    assert_eq!(acks, [ack(FIRST, EventVerdict::Success), ack(FIRST, EventVerdict::Duplicate)]);
    // A writer that was killed left half a line.
    let log = root.join("events.jsonl");
    let mut text = fs::read_to_string(&log).expect("reads");
    text.push_str("{\"event_id\": \"01KQ");
    fs::write(&log, text).expect("writes");
    let acks = push(&server, &[event(FIRST), event(SECOND)]).expect("stored");
    assert_eq!(acks, [ack(FIRST, EventVerdict::Duplicate), ack(SECOND, EventVerdict::Success)]);
    let text = fs::read_to_string(&log).expect("reads");
    let ids: Vec<_> = text
        .lines()
        .map(|row| parse_object(row.as_bytes(), Limits::ROW).expect("JSON")["event_id"].clone())
        .collect();
    assert_eq!(ids, [FIRST.into(), SECOND.into()]);
}

/// A server that acknowledges something else.
struct Liar;

impl Server for Liar {
    fn push_body(&self, _: &Value) -> Result<Ack, Refusal> {
        Ok(Ack { stored: Stored::New, artifact_path: "spec.md".into(), content_hash: "another".into() })
    }

    fn push_events(&self, _: &[Judged<'_>]) -> Result<Vec<EventAck>, Refusal> {
        Ok(Vec::new())
    }
}

#[test]
fn an_acknowledgement_of_something_else_confirms_nothing() {
    let server: Box<dyn Server> = Box::new(Liar);
    let payload = upload("spec.md", "a").payload();
    assert!(!server.push_body(&payload).expect("an answer").confirms(&payload));
}

/// A text that is not ASCII grows where it becomes a line; what is written is acknowledged by its id all the same.
#[test]
fn an_event_near_the_limit_that_is_not_ascii_is_acknowledged() {
    let place = Place::new();
    let (root, server) = server(&place);
    let text =
        line(&with(&event(FIRST), "project_slug", "SLUG".into())).replace("SLUG", &"é".repeat(3 << 20));
    for verdict in [EventVerdict::Success, EventVerdict::Duplicate] {
        let judged = Judge::default().event(&text).map(|judged| judged.line().to_owned()).expect("it passes");
        assert!(judged.len() > 16 << 20);
        let acks =
            server.push_events(&[Judge::default().event(&text).expect("it passes")]).expect("an answer");
        let acks: Vec<_> = acks.into_iter().map(|ack| (ack.event_id, ack.verdict)).collect();
        assert_eq!(acks, [(FIRST.to_owned(), verdict)]);
    }
    assert_eq!(fs::read_to_string(root.join("events.jsonl")).expect("a log").lines().count(), 1);
}
