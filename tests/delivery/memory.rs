//! What a flush holds does not grow with what is queued.

use std::path::Path;

use git_mission::clock;
use git_mission::dossier::{BodyUpload, NamespaceFields};
use git_mission::queue::{NewBody, Origin, Queue};

use super::*;
use crate::server::{Reply, TestServer};
use crate::support::any_git;

/// Its own figure: a small process starts the program, because a peak begins with what the parent held.
const TIME: &str = "/usr/bin/time";
const SIZE: usize = 512 << 10;
const MOST_MIB: u64 = 64;

fn large(serial: usize) -> NewBody {
    let fields = NamespaceFields {
        project_uuid: "a1b2c3d4-e5f6-7890-abcd-ef1234567890".into(),
        mission_slug: "one".into(),
        target_branch: "main".into(),
        mission_type: "software-dev".into(),
        manifest_version: "1".into(),
    };
    let mut text = format!("# {serial}\n").repeat(SIZE / 4);
    text.truncate(SIZE);
    let namespace = fields.try_into().expect("a namespace");
    let payload = BodyUpload::new(namespace, format!("research/{serial}.md"), text).payload();
    NewBody { payload, blob_id: None, index_event_id: None, origin: Origin::Import }
}

#[expect(clippy::print_stderr, reason = "the figure is the point")]
fn flush(count: usize) {
    if !Path::new(TIME).is_file() {
        eprintln!("skipped: no {TIME}");
        return;
    }
    let world = World::new(&any_git());
    let server = TestServer::start_for_bodies();
    // Acknowledged and thrown away: the server would hold all of it.
    server.script(|asked| {
        let (name, hash) = asked.body.as_ref()?.split_once(' ')?;
        let path = name.strip_prefix("one/")?;
        let echo = serde_json::json!({"artifact_path": path, "content_hash": hash});
        Some(Reply::new(201, echo.to_string()))
    });
    let repo = started(&world, "base", &server.url());
    let now = clock::Instant::now();
    let mut queue = Queue::open(&repo.at(".git/mission/queue.db"), now).expect("opens").queue;
    for first in (0..count).step_by(10) {
        let bodies: Vec<NewBody> = (first..count.min(first + 10)).map(large).collect();
        queue.enqueue_bodies(&bodies, 100_000, now).expect("queued");
    }
    drop(queue);
    let program = World::mission_program().display().to_string();
    let flush = repo.run(TIME, &["-f", "%M", "-o", "../peak", &program, "sync", "flush"]).ok();
    assert!(flush.stdout.contains(&format!("{count} uploaded")), "{flush}");
    assert_eq!(rows(&repo), (vec![], vec![]));
    let peak = std::fs::read_to_string(world.path("peak")).expect("a figure");
    let mib = peak.trim().parse::<u64>().expect("kilobytes") >> 10;
    eprintln!("a flush of {count} bodies of 512 KiB: a peak of {mib} MiB");
    assert!(mib <= MOST_MIB, "{mib} MiB");
}

#[test]
fn a_flush_of_large_bodies_holds_a_few_of_them() {
    flush(150);
}

#[test]
#[ignore = "writes two gigabytes; run by hand: cargo test --release --test runner -- --ignored delivery::memory"]
fn a_flush_of_a_gigabyte_holds_no_more() {
    flush(2_000);
}
