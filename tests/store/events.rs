//! Events in the queue: through the gate, in order, rejected and retried, and the bodies that wait for them.

use super::*;

#[test]
fn pass_the_gate_and_keep_their_order() {
    let place = Place::new();
    let mut queue = place.open();
    let bad = NewEvent {
        event: with(&event(SECOND), "payload", object([("feature_slug", "x".into())])),
        ..new_event(SECOND)
    };
    let outcomes = queue
        .enqueue_events(&[new_event(SECOND), new_event(FIRST), bad, new_event(FIRST)], ROOMY, at(0))
        .expect("enqueues");
    assert_eq!((&outcomes[0], &outcomes[1]), (&Enqueued::New, &Enqueued::New));
    assert!(
        matches!(&outcomes[2], Enqueued::Refused(violation) if violation.field == "payload.feature_slug")
    );
    assert_eq!(outcomes[3], Enqueued::AlreadyInQueue);
    let ready = queue.ready_events(at(1), 10).expect("reads");
    assert_eq!(ready.iter().map(|e| e.event_id.as_str()).collect::<Vec<_>>(), [SECOND, FIRST]);
    assert_eq!(ready[1].event().expect("JSON"), event(FIRST));
    assert_eq!(queue.ready_events(at(1), 1).expect("reads").len(), 1);
    let full = queue.enqueue_events(&[new_event("01KQ47E80QJG8GTVGDCV67RW73")], 2, at(0)).expect("enqueues");
    assert_eq!(full, [Enqueued::QueueFull]);
}

#[test]
fn are_held_rejected_and_retried() {
    let place = Place::new();
    let (mut one, mut two) = (place.open(), place.open());
    one.enqueue_events(&[new_event(FIRST), new_event(SECOND)], ROOMY, at(0)).expect("enqueues");
    let none: Vec<&str> = Vec::new();
    let hold = |queue: &mut Queue, ids: &[&'static str], owner: &str, time: i64| {
        queue.hold_events(ids, claim(owner, at(time))).expect("holds")
    };
    assert_eq!(hold(&mut one, &[FIRST, "no such"], "one", 1), Some(vec![FIRST]));
    assert_eq!(hold(&mut two, &[SECOND], "two", 1), None, "one row stands for all");
    assert_eq!(hold(&mut one, &[FIRST, SECOND], "one", 1), Some(vec![FIRST, SECOND]), "kept");
    assert_eq!(hold(&mut two, &[SECOND], "two", 60), None);
    assert_eq!(hold(&mut two, &[SECOND], "two", 62), Some(vec![SECOND]), "it ends by itself");
    assert_eq!(hold(&mut one, &[FIRST], "one", 63), None);
    for owner in ["one", "two"] {
        two.release(owner).expect("releases");
    }
    assert_eq!(hold(&mut two, &["no such"], "two", 1), Some(none), "nothing is held");
    assert_eq!(two.other_sender("one", at(1)).expect("reads"), None);
    let rejection = Rejection { back_off: back_off(true), category: "schema_mismatch", max_tries: 2 };
    assert_eq!(one.reject_event(FIRST, rejection, at(2)).expect("writes"), Some(EventStatus::Pending));
    assert_eq!(one.reject_event(FIRST, rejection, at(20)).expect("writes"), Some(EventStatus::Failed));
    assert_eq!(one.reject_event("no such", rejection, at(20)).expect("writes"), None);
    two.back_off_events(&[FIRST, SECOND], "two", back_off(false), at(2)).expect("writes");
    let stats = two.event_stats(at(30)).expect("reads");
    assert_eq!((stats.pending, stats.failed, stats.oldest_age_seconds), (1, 1, Some(30)));
    assert_eq!(stats.retry_distribution, [(0, 1), (2, 1)].into());
    assert_eq!(stats.top_event_types, [("MissionCreated".to_owned(), 2)]);
    assert_eq!(two.ready_events(at(30), 10).expect("reads").len(), 1);
    assert_eq!(two.retry_events(Some(FIRST)).expect("writes"), 1);
    assert_eq!(two.ready_events(at(30), 10).expect("reads").len(), 2);
    assert_eq!(two.event_status(FIRST).expect("reads"), Some(EventStatus::Pending));
}

#[test]
fn let_their_bodies_go_when_they_are_acknowledged() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_events(&[new_event(FIRST), new_event(SECOND)], ROOMY, at(0)).expect("enqueues");
    let waiting = NewBody { index_event_id: Some(FIRST.into()), ..body("spec.md", "a") };
    let parked = NewBody { index_event_id: Some(SECOND.into()), ..body("plan.md", "a") };
    queue.enqueue_bodies(&[waiting, parked], ROOMY, at(0)).expect("enqueues");
    assert_eq!(queue.acknowledge_events(&[FIRST]).expect("writes"), 1);
    assert_eq!(queue.remove_events(&[SECOND]).expect("writes"), 1);
    let rows = queue.bodies().expect("reads");
    assert_eq!((rows[0].index_event_id.as_deref(), rows[1].index_event_id.as_deref()), (None, Some(SECOND)));
    assert_eq!(queue.event_stats(at(0)).expect("reads").oldest_age_seconds, None);
}

/// Nobody is looked for while nobody else writes; whoever does may have begun to send, whatever the clocks say.
#[test]
fn are_held_by_one_sender_however_often_and_by_whatever_clock_they_are_looked_at() {
    let place = Place::new();
    let (mut one, mut two) = (place.open(), place.open());
    one.enqueue_events(&[new_event(FIRST), new_event(SECOND)], ROOMY, at(0)).expect("enqueues");
    let hold = |queue: &mut Queue, id: &'static str, owner: &str, time: i64| {
        queue.hold_events(&[id], claim(owner, at(time))).expect("holds")
    };
    assert_eq!(hold(&mut one, FIRST, "one", 1), Some(vec![FIRST]));
    assert_eq!(hold(&mut one, SECOND, "one", 2), Some(vec![SECOND]), "it goes from row to row");
    assert_eq!(hold(&mut two, FIRST, "two", 3), None);
    assert_eq!(hold(&mut one, FIRST, "three", 3), None, "another sender of the same process is another");
    one.release("one").expect("releases");
    assert_eq!(hold(&mut one, FIRST, "one", 10), Some(vec![FIRST]));
    // It is held for a minute; then another begins, who finds it over.
    assert_eq!(hold(&mut two, SECOND, "two", 100), Some(vec![SECOND]));
    assert_eq!(hold(&mut one, FIRST, "one", 101), None, "its own has ended");
    // By a clock that was read before, or that was set back, it has not.
    assert_eq!(hold(&mut one, FIRST, "one", 60), None);
    // Who found a lease over looks again: the clock may have been ahead.
    two.release("two").expect("releases");
    one.release("one").expect("releases");
    assert_eq!(hold(&mut one, FIRST, "one", 200), Some(vec![FIRST]));
    assert_eq!(hold(&mut two, SECOND, "two", 900), Some(vec![SECOND]));
    assert_eq!(hold(&mut two, SECOND, "two", 202), None);
}

/// What is removed a hundred rows at a time leaves no long log behind, for whoever opens the store next.
#[test]
fn that_are_removed_leave_a_short_log() {
    let place = Place::new();
    let mut queue = place.open();
    let ids: Vec<String> = (0..2_000).map(|at| format!("01KQ47E80QJG8GTVGD{at:08}")).collect();
    let rows: Vec<NewEvent> = ids.iter().map(|id| new_event(id)).collect();
    queue.enqueue_events(&rows, ROOMY, at(0)).expect("enqueues");
    drop(queue);
    let mut queue = place.open();
    for removed in ids.chunks(100) {
        let removed: Vec<&str> = removed.iter().map(String::as_str).collect();
        assert_eq!(queue.acknowledge_events(&removed).expect("writes"), 100);
        queue.carry_over();
    }
    let log = fs::metadata(place.database().with_extension("db-wal")).expect("a log").len();
    assert!(log < 400 << 10, "{log} bytes");
    assert_eq!(queue.events().expect("reads"), []);
}
