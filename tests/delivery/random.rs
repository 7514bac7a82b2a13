//! Twenty thousand events and two thousand bodies through a server that fails half of all requests at random, and a wire
//! that is cut at random. The clock is the test's, the queue and the connections are real.

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use git_mission::clock::Instant as Time;
use git_mission::dossier::{BodyUpload, NamespaceFields};
use git_mission::json::{Limits, Value, parse};
use git_mission::queue::{NewBody, NewEvent, Origin, Queue, QueuedEvent};
use git_mission::sync::{Delivery, Timing, deliver};
use git_mission::transport::{Network, Patience, ServerUrl};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::server::{Asked, RawServer, Reply, TestServer};

const EVENTS: usize = 20_000;
const BODIES: usize = 2_000;
/// Runs after which the test gives up.
const MAX_RUNS: usize = 5_000;

/// Numbers that look random and are the same in every run.
struct Dice(AtomicU64);

impl Dice {
    fn throw(&self, sides: u64) -> u64 {
        let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % sides
    }
}

/// A clock that goes only when it is told to.
struct Clock {
    now: Cell<Time>,
    dice: Dice,
}

impl Timing for Clock {
    fn now(&self) -> Time {
        self.now.get()
    }

    fn dice(&self) -> f64 {
        f64::from(u32::try_from(self.dice.throw(1 << 20)).unwrap_or(0)) / f64::from(1 << 20)
    }
}

/// The id of the event with this number.
fn id(number: usize) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut id = "01KQ47E80QJG8GTVGDCV67".to_owned();
    id.extend([15, 10, 5, 0].map(|shift| char::from(DIGITS[(number >> shift) & 31])));
    id
}

fn body(number: usize) -> BodyUpload {
    let fields = NamespaceFields {
        project_uuid: "a1b2c3d4-e5f6-7890-abcd-ef1234567890".into(),
        mission_slug: "one".into(),
        target_branch: "main".into(),
        mission_type: "software-dev".into(),
        manifest_version: "1".into(),
    };
    let namespace = fields.try_into().expect("a namespace");
    BodyUpload::new(namespace, format!("research/{number}.md"), format!("# {number}\n"))
}

fn event(number: usize) -> Value {
    let namespace = json!({
        "project_uuid": "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "mission_slug": "one", "target_branch": "main",
        "mission_type": "software-dev", "manifest_version": "1",
    });
    let body = body(number);
    let (kind, aggregate_type, aggregate, payload) = if number < BODIES {
        let path =
            json!({"mission_type": "software-dev", "path": body.artifact_path, "artifact_class": "input"});
        let content = json!({"hash": body.content_hash, "algorithm": "sha256", "size_bytes": 5});
        let payload = json!({
            "namespace": namespace, "artifact_id": path, "content_ref": content,
            "indexed_at": "2026-04-06T05:01:28+00:00",
        });
        ("MissionDossierArtifactIndexed", "MissionDossier", "dossier", payload)
    } else {
        let payload = json!({
            "mission_slug": "one", "mission_number": 1, "wp_id": "WP01", "wp_title": "First", "wp_path": "x",
            "depends_on": [], "actor": "git-mission", "created_at": "2026-04-06T05:01:28+00:00",
        });
        ("WPCreated", "WorkPackage", "wp/WP01", payload)
    };
    let event = json!({
        "event_id": id(number), "event_type": kind, "aggregate_id": format!("mission/{ONE}/{aggregate}"),
        "aggregate_type": aggregate_type, "schema_version": "3.0.0", "build_id": "b", "payload": payload,
        "node_id": "0123456789ab", "lamport_clock": number, "causation_id": null, "correlation_id": id(number),
        "timestamp": "2026-04-06T05:01:28+00:00", "team_slug": null,
        "project_uuid": "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "project_slug": null, "git_branch": "main",
        "head_commit_sha": "0123", "repo_slug": null, "data_tier": 0,
    });
    parse(event.to_string().as_bytes(), Limits::ROW).expect("JSON")
}

/// Every way to fail that says nothing about a row.
fn failure(asked: &Asked, which: u64) -> Reply {
    let results = |ids: &[String]| {
        let one = |id: &String| json!({"event_id": id, "status": "success"});
        json!({"results": ids.iter().map(one).collect::<Vec<_>>()}).to_string()
    };
    match which {
        0 => Reply::new(500, ""),
        1 => Reply::new(502, "").but_stores(),
        2 => Reply::new(408, ""),
        3 => Reply::new(302, "").header("location", "/elsewhere/"),
        4 => Reply::new(200, "{\"results\": [{\"event_id\": \"").but_stores(),
        5 => Reply::new(200, results(&[ONE.to_owned()])),
        6 => Reply::new(201, json!({"artifact_path": "x", "content_hash": "y"}).to_string()),
        7 if asked.body.is_none() => {
            let one = |id: &String| json!({"event_id": id, "status": "pending"});
            let all: Vec<_> = asked.events.iter().map(one).collect();
            Reply::new(200, json!({"results": all}).to_string())
        }
        7 => Reply::new(404, ""),
        8 => Reply::new(503, "").header("retry-after", "30"),
        _ => Reply::new(429, json!({"retry_after": 5}).to_string()),
    }
}

/// A wire to a server, each connection of which is cut somewhere.
fn bad_wire(port: u16) -> RawServer {
    let dice = Dice(AtomicU64::new(11));
    RawServer::start(move |client| {
        let server = TcpStream::connect(("127.0.0.1", port)).expect("the server");
        let mut left = dice.throw(60_000);
        let (mut up_from, mut up_to) =
            (client.try_clone().expect("a socket"), server.try_clone().expect("a socket"));
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut up_from, &mut up_to);
            let _ = up_to.shutdown(Shutdown::Write);
        });
        let (mut from, mut to, mut chunk) = (server, client, [0; 4096]);
        while let Ok(read) = from.read(&mut chunk) {
            let some = read.min(usize::try_from(left).unwrap_or(read));
            if read == 0 || to.write_all(&chunk[..some]).is_err() || some < read {
                break;
            }
            left -= some as u64;
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    })
}

#[test]
fn everything_arrives_once_it_is_acknowledged_and_no_fault_counts_as_a_try() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("mission/queue.db");
    std::fs::create_dir(directory.path().join("mission")).expect("a directory");
    let start = Time::from_unix_seconds(1_800_000_000).expect("a time");
    let clock = Clock { now: Cell::new(start), dice: Dice(AtomicU64::new(5)) };
    let mut queue = Queue::open(&path, start).expect("opens").queue;
    let events: Vec<NewEvent> = (0..EVENTS)
        .map(|number| NewEvent { event: event(number), coalesce_key: None, origin: Origin::Import })
        .collect();
    queue.enqueue_events(&events, 100_000, start).expect("enqueues");
    drop(events);
    let bodies: Vec<NewBody> = (0..BODIES)
        .map(|number| NewBody {
            payload: body(number).payload(),
            blob_id: None,
            index_event_id: Some(id(number)),
            origin: Origin::Import,
        })
        .collect();
    queue.enqueue_bodies(&bodies, 100_000, start).expect("enqueues");

    let server = TestServer::start();
    let dice = Dice(AtomicU64::new(7));
    server.script(move |asked| (dice.throw(2) == 0).then(|| failure(asked, dice.throw(10))));
    let wire = bad_wire(server.port());
    let patience = Patience { request: Duration::from_secs(20), until: None };
    let client = ServerUrl::parse(&wire.url()).expect("a URL").connect(None, &Network::default(), patience);
    let client = client.expect("a client");

    let mut acknowledged: HashSet<String> = HashSet::new();
    let (mut runs, mut delivered, mut looked) = (0, 0, 0);
    while !queue.is_empty().expect("reads") {
        runs += 1;
        assert!(runs < MAX_RUNS, "{} of {EVENTS} events, {delivered} of {BODIES} bodies", acknowledged.len());
        let due: Vec<QueuedEvent> = queue.ready_events(clock.now(), u32::MAX).expect("reads");
        let mut progress = |done: usize, total: usize| assert!(done <= total);
        let delivery = Delivery { server: &*client, timing: &clock, patience, progress: &mut progress };
        let flushed = deliver(&mut queue, delivery, &due, &|_| true).expect("runs");
        delivered += flushed.uploaded + flushed.already_exists;

        let seen = server.seen();
        assert_eq!(seen.violations, Vec::<String>::new());
        let mut sent = HashSet::new();
        for asked in &seen.asked[looked..] {
            for id in asked.events.iter().chain(&asked.body) {
                assert!(!acknowledged.contains(id), "{id} was sent after its acknowledgement was read");
                assert!(sent.insert(id.clone()), "{id} was sent twice in one run");
            }
        }
        looked = seen.asked.len();
        drop(seen);
        let done = flushed.events.iter().filter(|event| matches!(event.status, "success" | "duplicate"));
        acknowledged.extend(done.map(|event| event.event_id.clone()));
        // Nothing is lost on the way: what is not acknowledged is queued, and no try was counted.
        let (left, bodies) = (queue.event_stats(clock.now()).expect("reads"), queue.bodies().expect("reads"));
        assert_eq!(left.pending + acknowledged.len() as u64, EVENTS as u64);
        assert_eq!(bodies.len() as u64 + delivered, BODIES as u64);
        assert_eq!((left.failed, queue.failure_count().expect("reads")), (0, 0));
        assert!(left.retry_distribution.keys().all(|tries| *tries == 0));
        assert!(bodies.iter().all(|body| body.retry_count == 0));
        clock.now.set(clock.now().after(Duration::from_secs(10)));
    }
    let (events, bodies) = server.state();
    assert_eq!((events.len(), bodies.len()), (EVENTS, BODIES));
    assert!(runs > 10 && wire.connections() > 10, "{runs} runs, {} connections", wire.connections());
}
