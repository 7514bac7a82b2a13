//! Bodies in the queue: in once, through the gate, held by one sender, out by acknowledgement or with a reason.

use super::*;

#[test]
fn come_out_as_they_went_in() {
    let place = Place::new();
    let mut queue = place.open();
    let new = body("spec.md", "# é \u{1f600}\n\"quoted\" \\ \u{7f}\n");
    let outcomes = queue.enqueue_bodies(std::slice::from_ref(&new), ROOMY, at(0)).expect("enqueues");
    assert_eq!(outcomes, [Enqueued::New]);
    let leased = lease_all(&mut queue, "a", at(1));
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].payload, new.payload);
    assert_eq!(leased[0].payload.as_object().expect("an object").len(), 9);
    assert_eq!(validate(&leased[0].payload, Context::BodySync), Ok(()));
    let row = &leased[0].row;
    assert_eq!((row.blob_id.as_deref(), row.index_event_id.as_deref()), (Some("b10b"), None));
    assert_eq!((row.origin, row.retry_count, row.size_bytes), (Origin::Tree, 0, 23));
    assert_eq!(row.key.artifact_path, "spec.md");
}

#[test]
fn are_there_once_however_often_they_are_queued() {
    let place = Place::new();
    let mut queue = place.open();
    let batch = [body("spec.md", "a"), body("spec.md", "b"), body("plan.md", "a"), body("spec.md", "a")];
    let outcomes = queue.enqueue_bodies(&batch, ROOMY, at(0)).expect("enqueues");
    assert_eq!(outcomes, [Enqueued::New, Enqueued::New, Enqueued::New, Enqueued::AlreadyInQueue]);
    let again = queue.enqueue_bodies(&batch, ROOMY, at(9)).expect("enqueues");
    assert!(again.iter().all(|outcome| *outcome == Enqueued::AlreadyInQueue));
    assert_eq!(queue.bodies().expect("reads").len(), 3);
}

#[test]
fn are_stopped_by_the_gate_before_they_are_stored() {
    let place = Place::new();
    let mut queue = place.open();
    let good = body("spec.md", "a");
    let top = NewBody { payload: with(&good.payload, "feature_slug", "x".into()), ..good.clone() };
    let inner = object([("feature_slug", "x".into())]);
    let nested = NewBody { payload: with(&good.payload, "meta", inner), ..good.clone() };
    let extra = NewBody { payload: with(&good.payload, "note", "x".into()), ..good.clone() };
    let outcomes = queue.enqueue_bodies(&[top, nested, extra, good], ROOMY, at(0)).expect("enqueues");
    for (outcome, field, reason) in [
        (&outcomes[0], "feature_slug", Reason::ForbiddenEverywhere),
        (&outcomes[1], "meta.feature_slug", Reason::ForbiddenEverywhere),
        (&outcomes[2], "note", Reason::Unexpected),
    ] {
        let Enqueued::Refused(violation) = outcome else { panic!("{outcome:?}") };
        assert_eq!((violation.field.as_str(), &violation.reason), (field, &reason));
        assert_eq!(violation.context, Context::BodySync);
    }
    assert_eq!(outcomes[3], Enqueued::New);
    assert_eq!(queue.bodies().expect("reads").len(), 1);
}

#[test]
fn are_refused_when_the_queue_is_full_and_nothing_is_evicted() {
    let place = Place::new();
    let mut queue = place.open();
    let batch = bodies(5);
    let outcomes = queue.enqueue_bodies(&batch, 3, at(0)).expect("enqueues");
    assert_eq!(outcomes.iter().filter(|o| **o == Enqueued::New).count(), 3);
    assert_eq!(outcomes[3..], [Enqueued::QueueFull, Enqueued::QueueFull]);
    let again = queue.enqueue_bodies(&batch, 3, at(0)).expect("enqueues");
    assert_eq!(again[..3], [Enqueued::AlreadyInQueue, Enqueued::AlreadyInQueue, Enqueued::AlreadyInQueue]);
    assert_eq!(queue.bodies().expect("reads").len(), 3);
}

#[test]
fn are_held_by_one_sender_at_a_time() {
    let place = Place::new();
    let (mut one, mut two) = (place.open(), place.open());
    one.enqueue_bodies(&bodies(10), ROOMY, at(0)).expect("enqueues");
    let ids: Vec<_> = two.ready_bodies(at(1)).expect("reads").iter().map(|row| row.id).collect();
    assert_eq!(one.lease_bodies(&ids[..6], claim("one", at(1))).expect("leases").len(), 6);
    // The second asks for all ten by ids it read before the first took its six.
    let rest = two.lease_bodies(&ids, claim("two", at(1))).expect("leases");
    assert_eq!(rest.iter().map(|body| body.row.id).collect::<Vec<_>>(), ids[6..]);
    assert_eq!(two.ready_bodies(at(30)).expect("reads"), []);
    assert_eq!(two.other_sender("two", at(30)).expect("reads").as_deref(), Some("one"));
    assert_eq!(one.other_sender("one", at(30)).expect("reads").as_deref(), Some("two"));
    // Who does not hold a row cannot give it back or fail it.
    assert!(!two.back_off_body(ids[0], "two", back_off(true), at(2)).expect("writes"));
    assert!(!two.fail_body(ids[0], "two", "no", at(2)).expect("writes"));
    assert_eq!(two.park_bodies(&ids, "superseded", at(2)).expect("writes"), 0);
    // A lease ends by itself, and at once when it is given back.
    assert_eq!(lease_all(&mut two, "two", at(62)).len(), 10);
    two.release("two").expect("releases");
    assert_eq!(one.ready_bodies(at(63)).expect("reads").len(), 10);
    assert_eq!(one.other_sender("one", at(63)).expect("reads"), None);
}

#[test]
fn are_sent_by_the_one_whose_turn_it_is() {
    let place = Place::new();
    let (mut one, mut two) = (place.open(), place.open());
    one.enqueue_bodies(&bodies(4), ROOMY, at(0)).expect("enqueues");
    let ids: Vec<_> = one.bodies().expect("reads").iter().map(|row| row.id).collect();
    let turn = |queue: &mut Queue, owner: &str, time: i64| {
        queue.take_turn(&[ids[3], ids[0]], claim(owner, at(time))).expect("asks")
    };
    assert_eq!(turn(&mut one, "one", 0), Some(ids[3]));
    assert_eq!(turn(&mut two, "two", 30), None, "it is another's");
    assert_eq!(two.other_sender("two", at(30)).expect("reads").as_deref(), Some("one"));
    assert_eq!(two.park_bodies(&ids, "superseded", at(30)).expect("writes"), 0, "they may be under way");
    assert_eq!(turn(&mut one, "one", 30), Some(ids[3]), "kept");
    assert_eq!(turn(&mut two, "two", 80), None, "kept until 90");
    // Whoever has the turn reads what nobody holds, or it holds itself, and is still there.
    assert!(one.acknowledge_body(ids[1]).expect("writes"));
    let (rows, mut spent) = (one.bodies().expect("reads"), Vec::new());
    let mut read = |queue: &Queue, owner: &str, time: i64| {
        let mut found = queue.read_bodies(rows.clone(), claim(owner, at(time)), &mut spent).expect("reads");
        for body in &found {
            // Whatever its memory held before.
            let upload = BodyUpload::from_payload(&body.payload).expect("a body");
            assert!(upload.hash_matches() && upload.content_hash == body.row.key.content_hash);
            assert_eq!(validate(&body.payload, Context::BodySync), Ok(()));
        }
        let ids = found.iter().map(|body| body.row.id).collect::<Vec<_>>();
        spent.extend(found.drain(..).rev().map(|body| body.payload));
        ids
    };
    assert_eq!(read(&one, "one", 80), [ids[0], ids[2], ids[3]]);
    assert_eq!(read(&two, "two", 80), [ids[0], ids[2]]);
    assert_eq!(read(&one, "one", 80), [ids[0], ids[2], ids[3]]);
    // It ends by itself, and with the row that stood for all.
    assert_eq!(turn(&mut two, "two", 91), Some(ids[3]));
    assert_eq!(turn(&mut one, "one", 92), None);
    assert!(two.acknowledge_body(ids[3]).expect("writes"));
    assert_eq!(turn(&mut one, "one", 93), Some(ids[0]), "the next that is there");
    one.release("one").expect("releases");
    assert_eq!(two.other_sender("two", at(93)).expect("reads"), None);
    // Whoever found nobody at work asks again when somebody has begun since.
    assert_eq!(two.survey("two", at(93)).expect("reads").sender, None);
    assert_eq!(turn(&mut one, "one", 93), Some(ids[0]));
    assert_eq!(turn(&mut two, "two", 93), None);
    one.release("one").expect("releases");
    assert_eq!(two.survey("two", at(93)).expect("reads").sender, None);
    assert_eq!(turn(&mut two, "two", 93), Some(ids[0]), "nobody has written since");
    two.release("two").expect("releases");
    // A lease that is over is none, and may become one again if the clock was ahead.
    assert_eq!(turn(&mut one, "one", 93), Some(ids[0]));
    assert_eq!(two.survey("two", at(1_000)).expect("reads").sender, None);
    assert_eq!(turn(&mut two, "two", 94), None);
    one.release("one").expect("releases");
    // Events that are under way are somebody's turn too.
    one.enqueue_events(&[new_event(FIRST)], ROOMY, at(93)).expect("enqueues");
    assert_eq!(one.hold_events(&[FIRST], claim("one", at(93))).expect("holds"), Some(vec![FIRST]));
    assert_eq!(turn(&mut two, "two", 94), None);
}

#[test]
fn are_listed_by_what_is_in_their_way_page_by_page() {
    let place = Place::new();
    let mut queue = place.open();
    let batch: Vec<NewBody> = (0..7)
        .map(|n| NewBody {
            index_event_id: (n == 5).then(|| FIRST.into()),
            ..body(&format!("research/{n}.md"), "a")
        })
        .collect();
    queue.enqueue_bodies(&batch, ROOMY, at(0)).expect("enqueues");
    let ids: Vec<_> = queue.bodies().expect("reads").iter().map(|row| row.id).collect();
    assert!(queue.back_off_body(ids[1], "a", back_off(true), at(0)).expect("writes"));
    let lasting = claim("a", at(1));
    assert_eq!(queue.lease_bodies(&ids[3..4], lasting).expect("leases").len(), 1);
    let survey =
        |sender: Option<&str>| Survey { sender: sender.map(Into::into), due: 5, last_due: Some(ids[6]) };
    assert_eq!(queue.survey("b", at(1)).expect("reads"), survey(Some("a")), "one waits, one is held");
    assert_eq!(queue.survey("a", at(1)).expect("reads"), survey(None), "not by another");
    // In the memory of rows that held something else.
    let known = queue.bodies().expect("reads");
    let mut spare = vec![BodyRow { blob_id: Some("b".into()), ..known[1].clone() }, known[5].clone()];
    let mut list = |kind, after, last, time| {
        let rows = queue.next_bodies(kind, (after, last), 2, at(time), &mut spare).expect("reads");
        for row in &rows {
            assert_eq!(Some(row), known.iter().find(|known| known.id == row.id));
        }
        spare.extend(rows.iter().cloned());
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(list(Due::Fresh, None, ids[6], 1), [ids[0], ids[2]]);
    assert_eq!(list(Due::Fresh, Some(ids[2]), ids[6], 1), [ids[4], ids[6]]);
    assert_eq!(list(Due::Fresh, Some(ids[2]), ids[5], 1), [ids[4]], "what comes later is left to the next");
    assert_eq!(list(Due::Fresh, Some(ids[6]), ids[6], 1), []);
    assert_eq!(list(Due::Waiting, None, ids[6], 1), [ids[5]]);
    assert_eq!(list(Due::Tried, None, ids[6], 1), []);
    assert_eq!(list(Due::Tried, None, ids[6], 50), [ids[1]]);
}

#[test]
fn are_never_given_to_two_threads() {
    let place = Place::new();
    place.open().enqueue_bodies(&bodies(200), ROOMY, at(0)).expect("enqueues");
    let take = |owner: &'static str| {
        let path = place.database();
        std::thread::spawn(move || {
            let mut queue = Queue::open(&path, at(0)).expect("opens").queue;
            let mut taken = Vec::new();
            let ids: Vec<_> = queue.bodies().expect("reads").iter().map(|row| row.id).collect();
            for chunk in ids.chunks(7) {
                let leased = queue.lease_bodies(chunk, claim(owner, at(1))).expect("leases");
                taken.extend(leased.into_iter().map(|body| body.row.id));
            }
            taken
        })
    };
    let senders = ["a", "b", "c"].map(take);
    let mut all: Vec<_> = senders.into_iter().flat_map(|sender| sender.join().expect("runs")).collect();
    assert_eq!(all.len(), 200);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 200);
}

#[test]
fn leave_by_acknowledgement_wait_or_fail() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(4), ROOMY, at(0)).expect("enqueues");
    let ids: Vec<_> = lease_all(&mut queue, "a", at(1)).iter().map(|body| body.row.id).collect();
    assert!(queue.acknowledge_body(ids[0]).expect("writes"));
    assert!(!queue.acknowledge_body(ids[0]).expect("writes"));
    assert!(queue.back_off_body(ids[1], "a", back_off(true), at(2)).expect("writes"));
    assert!(queue.back_off_body(ids[2], "a", back_off(false), at(2)).expect("writes"));
    assert!(queue.fail_body(ids[3], "a", "too large", at(2)).expect("writes"));
    assert_eq!(queue.ready_bodies(at(9)).expect("reads"), []);
    let stats = queue.body_stats(at(9)).expect("reads");
    assert_eq!((stats.total, stats.ready, stats.backoff, stats.max_retry_count), (2, 0, 2, 1));
    assert_eq!(stats.retry_histogram, [(0, 1), (1, 1)].into());
    assert_eq!(stats.oldest_created_at, Some(at(0)));
    let due = queue.ready_bodies(at(10)).expect("reads");
    assert_eq!(
        due.iter().map(|row| (row.id, row.retry_count)).collect::<Vec<_>>(),
        [(ids[1], 1), (ids[2], 0)]
    );
    assert_eq!(due[0].last_error.as_deref(), Some("busy"));
    let failures = queue.failures().expect("reads");
    assert_eq!((failures.len(), queue.failure_count().expect("reads")), (1, 1));
    assert_eq!((failures[0].reason.as_str(), failures[0].count), ("too large", 1));
    assert_eq!((failures[0].first_failed_at, failures[0].last_failed_at), (Some(at(2)), Some(at(2))));
    assert_eq!(failures[0].key.content_hash, upload("spec.md", "text 3\n").content_hash);
}

#[test]
fn fail_into_one_entry_per_reason() {
    let place = Place::new();
    let mut queue = place.open();
    for (time, reason) in [(0, "a"), (10, "a"), (20, "b")] {
        queue.enqueue_bodies(&bodies(1), ROOMY, at(time)).expect("enqueues");
        let id = queue.bodies().expect("reads")[0].id;
        assert_eq!(queue.park_bodies(&[id, id], reason, at(time)).expect("writes"), 1);
    }
    let failures = queue.failures().expect("reads");
    let shown: Vec<_> = failures.iter().map(|f| (f.reason.as_str(), f.count, f.last_failed_at)).collect();
    assert_eq!(shown, [("a", 2, Some(at(10))), ("b", 1, Some(at(20)))]);
    assert_eq!(failures[0].first_failed_at, Some(at(0)));
    assert!(queue.forget_failure(failures[0].id).expect("writes"));
    assert!(!queue.forget_failure(failures[0].id).expect("writes"));
    assert_eq!(queue.failure_count().expect("reads"), 1);
}

#[test]
fn do_not_wait_for_a_clock_that_was_wrong() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(2), ROOMY, at(0)).expect("enqueues");
    let far = at(90_000_000);
    let ids: Vec<_> = lease_all(&mut queue, "a", far).iter().map(|body| body.row.id).collect();
    assert!(queue.back_off_body(ids[0], "a", back_off(true), far).expect("writes"));
    assert_eq!(queue.ready_bodies(at(1)).expect("reads").len(), 2);
}

#[test]
fn are_purged_by_mission() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(3), ROOMY, at(0)).expect("enqueues");
    assert_eq!(queue.purge_bodies(Some("other")).expect("purges"), 0);
    assert_eq!(queue.purge_bodies(Some("one-01KQ47E8")).expect("purges"), 3);
    assert_eq!(queue.purge_bodies(None).expect("purges"), 0);
}
