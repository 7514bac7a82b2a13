//! Clocks that jump: rows that were written by a clock that was years ahead, or behind, leave in the order in which they
//! came, and none of them waits for ever.

use std::time::Duration;

use git_mission::queue::{BackOff, Claim};

use super::operations;
use crate::store::{Place, at, new_event};
use crate::support::{World, any_git};

const YEAR: i64 = 365 * 24 * 3_600;

#[test]
fn rows_leave_in_the_order_in_which_they_came() {
    let place = Place::new();
    let mut queue = place.open();
    let ids = ["01KQ47E80QJG8GTVGDCV67RW71", "01KQ47E80QJG8GTVGDCV67RW72", "01KQ47E80QJG8GTVGDCV67RW73"];
    for (id, seconds) in ids.into_iter().zip([0, 9 * YEAR, -9 * YEAR]) {
        queue.enqueue_events(&[new_event(id)], 9, at(seconds)).expect("enqueues");
    }
    for now in [0, 20 * YEAR, -20 * YEAR] {
        let ready = queue.ready_events(at(now), 9).expect("reads");
        assert_eq!(ready.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>(), ids, "at {now}");
    }
}

#[test]
fn a_wait_and_a_lease_of_a_clock_that_was_ahead_end_when_it_is_set_back() {
    let place = Place::new();
    let mut queue = place.open();
    let id = "01KQ47E80QJG8GTVGDCV67RW71";
    queue.enqueue_events(&[new_event(id)], 9, at(0)).expect("enqueues");
    let ahead = at(9 * YEAR);
    let claim = |now| Claim { owner: "a", now, lasting: Duration::from_secs(60) };
    assert_eq!(queue.hold_events(&[id], claim(ahead)).expect("holds"), Some(vec![id]));
    assert_eq!(queue.ready_events(at(0), 9).expect("reads").len(), 1, "a lease of the future is nobody's");
    let back_off = BackOff { wait: Duration::from_secs(400 * 24 * 3_600), counts: false, error: "busy" };
    queue.back_off_events(&[id], "a", back_off, ahead).expect("waits");
    assert_eq!(queue.ready_events(at(0), 9).expect("reads").len(), 1, "nor is a wait of the future one");
    // A wait is at most a day, however long the server asked for.
    assert!(queue.ready_events(at(9 * YEAR + 3_600), 9).expect("reads").is_empty());
    assert_eq!(queue.ready_events(at(9 * YEAR + 24 * 3_600), 9).expect("reads").len(), 1);
}

/// Through the commands: rows of a clock that was ten years ahead are delivered, and every figure is one.
#[test]
fn what_was_queued_in_the_future_is_delivered() {
    let world = World::new(&any_git());
    let scene = world.directory("scene");
    std::fs::create_dir(scene.path()).expect("a directory");
    operations::started(&scene, 1);
    let repo = scene.cd("repo");
    repo.mission(&["sync", "enqueue"]).ok();
    repo.ok(&["push", "-q", "origin", "main"]);
    let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    let far = 10 * YEAR;
    database
        .execute_batch(&format!(
            "UPDATE queue SET created_at = strftime('%Y-%m-%dT%H:%M:%fZ', unixepoch() + {far}, 'unixepoch'),
                 next_attempt_at = unixepoch() + {far}, lease_owner = 'gone', lease_until = unixepoch() + {far};
             UPDATE body_upload_queue SET created_at = created_at + {far}, next_attempt_at = unixepoch() + {far},
                 lease_owner = 'gone', lease_until = unixepoch() + {far};"
        ))
        .expect("updates");
    drop(database);
    let status = repo.mission(&["sync", "status", "--json"]).ok().json();
    assert_eq!(status["events"]["oldest_age_seconds"], 0, "{status}");
    repo.mission(&["doctor"]);
    let flush = repo.mission(&["sync", "flush"]).ok();
    assert!(flush.stdout.contains("1 uploaded") && flush.stdout.contains("0 kept"), "{flush}");
    assert!(operations::stored(&scene).len() >= 4);
}
