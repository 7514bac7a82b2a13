//! The life of the file: who may read it, who opens it, what happens when it is damaged or newer.

use super::*;

#[test]
fn is_new_enough_for_two_processes() {
    assert!(library_version() >= 3_051_003, "{}", library_version());
}

#[test]
fn shows_a_second_opener_the_same_rows() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(3), ROOMY, at(0)).expect("enqueues");
    assert_eq!(place.open().bodies().expect("reads"), queue.bodies().expect("reads"));
    drop(queue);
    assert_eq!(place.open().bodies().expect("reads").len(), 3);
    assert_eq!(place.ask("PRAGMA user_version"), "1");
    assert_eq!(place.ask("PRAGMA journal_mode"), "wal");
}

#[cfg(unix)]
#[test]
fn belongs_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| fs::metadata(path).expect("is there").permissions().mode() & 0o777;
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(1), ROOMY, at(0)).expect("enqueues");
    let database = place.database();
    assert_eq!(mode(database.parent().expect("a parent")), 0o700);
    for file in fs::read_dir(database.parent().expect("a parent")).expect("reads") {
        let path = file.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(queue);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).expect("changes");
    drop(place.open());
    assert_eq!(mode(&database), 0o600);
}

#[test]
fn is_opened_by_many_at_once() {
    let place = Place::new();
    let path = place.database();
    let openers: Vec<_> = (0..8)
        .map(|n| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut queue = Queue::open(&path, at(0)).expect("opens").queue;
                queue.enqueue_bodies(&[body("spec.md", &n.to_string())], ROOMY, at(0)).expect("enqueues");
                queue.take_numbers("clock", 3).expect("counts")
            })
        })
        .collect();
    let mut firsts: Vec<_> = openers.into_iter().map(|opener| opener.join().expect("runs")).collect();
    firsts.sort_unstable();
    assert_eq!(firsts, [1, 4, 7, 10, 13, 16, 19, 22]);
    assert_eq!(place.open().bodies().expect("reads").len(), 8);
}

#[test]
fn is_set_aside_when_it_is_damaged() {
    let place = Place::new();
    place.prepare("");
    let junk = b"this is no database at all, and long enough to be looked at as one".repeat(40);
    fs::write(place.database(), &junk).expect("writes");
    let opened = Queue::open(&place.database(), at(0)).expect("opens");
    let Opened { queue, set_aside } = opened;
    let aside = set_aside.expect("was set aside");
    assert_eq!(aside.file_name().and_then(|n| n.to_str()), Some("queue.corrupt-20260406T050128000000"));
    assert_eq!(fs::read(&aside).expect("reads"), junk);
    assert_eq!(queue.bodies().expect("reads"), []);
    // The next one of the same second does not take its place.
    drop(queue);
    fs::write(place.database(), "x".repeat(5_000)).expect("writes");
    let second = Queue::open(&place.database(), at(0)).expect("opens").set_aside.expect("was set aside");
    assert_ne!(second, aside);
    assert_eq!(fs::read(&aside).expect("reads"), junk);
}

#[test]
fn is_set_aside_on_request_only_when_it_is_damaged() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(50), ROOMY, at(0)).expect("enqueues");
    drop(queue);
    assert_eq!(set_aside_if_corrupt(&place.database(), at(0)).expect("looks"), None);
    let mut bytes = fs::read(place.database()).expect("reads");
    let length = bytes.len();
    bytes[4_096..length.min(40_000)].fill(0x5a);
    fs::write(place.database(), &bytes).expect("writes");
    let mut queue = place.open();
    let error = queue.enqueue_bodies(&bodies(60), ROOMY, at(0)).expect_err("damaged");
    assert!(matches!(error, QueueError::Corrupt { .. }), "{error}");
    drop(queue);
    let aside = set_aside_if_corrupt(&place.database(), at(0)).expect("looks").expect("was set aside");
    assert_eq!(fs::read(aside).expect("reads"), bytes);
    assert_eq!(place.open().bodies().expect("reads"), []);
}

#[test]
fn of_a_newer_version_is_read_and_never_written() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(2), ROOMY, at(0)).expect("enqueues");
    drop(queue);
    // The newer program still runs, and part of what it wrote is only in its log.
    let newer = rusqlite::Connection::open(place.database()).expect("opens");
    newer.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 7;").expect("writes");
    let log = place.database().with_extension("db-wal");
    let files = || [&place.database(), &log].map(|path| fs::read(path).expect("reads"));
    let before = files();
    assert!(!before[1].is_empty());
    let opened = Queue::open(&place.database(), at(0)).expect("opens");
    assert_eq!((opened.queue.access(), opened.set_aside), (Access::ReadOnly { found: 7 }, None));
    let mut queue = opened.queue;
    assert_eq!(queue.bodies().expect("reads").len(), 2);
    assert_eq!(queue.body_stats(at(0)).expect("reads").total, 2);
    let error = queue.enqueue_bodies(&bodies(3), ROOMY, at(0)).expect_err("refused");
    assert!(matches!(error, QueueError::Newer { found: 7, .. }), "{error}");
    assert!(matches!(queue.set_state("a", Some("b")), Err(QueueError::Newer { .. })));
    drop(queue);
    assert!(files() == before, "written");
    drop(newer);
    let alone = fs::read(place.database()).expect("reads");
    drop(Queue::open(&place.database(), at(0)).expect("opens"));
    assert!(fs::read(place.database()).expect("reads") == alone, "written");
}

#[test]
fn does_several_things_at_once_or_none() {
    let place = Place::new();
    let mut queue = place.open();
    let both = |queue: &mut Queue, fails: bool| {
        queue.together(|queue| {
            queue.enqueue_bodies(&bodies(2), ROOMY, at(0))?;
            queue.set_state("k", Some("1"))?;
            assert_eq!(queue.state("k")?.as_deref(), Some("1"), "seen from inside");
            let path = "elsewhere".into();
            if fails { Err(QueueError::Busy { path }) } else { Ok(queue.bodies()?.len()) }
        })
    };
    assert!(matches!(both(&mut queue, true), Err(QueueError::Busy { .. })));
    assert_eq!((queue.bodies().expect("reads"), queue.state("k").expect("reads")), (vec![], None));
    assert_eq!(both(&mut queue, false).expect("writes"), 2);
    assert_eq!(place.open().state("k").expect("reads").as_deref(), Some("1"));
}

#[test]
fn remembers_what_was_handled() {
    let place = Place::new();
    let mut queue = place.open();
    let record = |reference: &str, tip: &str| Handled {
        worktree: "/r/.git".into(),
        reference: reference.into(),
        tip: tip.into(),
        specs_tree: None,
    };
    assert_eq!(queue.handled("/r/.git", "refs/heads/main").expect("reads"), None);
    queue.set_handled(&record("refs/heads/main", "1")).expect("writes");
    queue.set_handled(&record("refs/heads/b", "2")).expect("writes");
    let changed = Handled { specs_tree: Some("t".into()), ..record("refs/heads/main", "3") };
    queue.set_handled(&changed).expect("writes");
    assert_eq!(queue.handled("/r/.git", "refs/heads/main").expect("reads"), Some(changed.clone()));
    assert_eq!(queue.handled("/other", "refs/heads/main").expect("reads"), None);
    assert_eq!(queue.all_handled().expect("reads"), [record("refs/heads/b", "2"), changed]);
    assert!(queue.forget_handled("/r/.git", "refs/heads/b").expect("writes"));
    assert!(!queue.forget_handled("/r/.git", "refs/heads/b").expect("writes"));
}

#[test]
fn remembers_small_values() {
    let place = Place::new();
    let mut queue = place.open();
    assert_eq!(queue.state("k").expect("reads"), None);
    queue.set_state("k", Some("1")).expect("writes");
    queue.set_state("k", Some("2")).expect("writes");
    assert_eq!(queue.state("k").expect("reads").as_deref(), Some("2"));
    queue.set_state("k", None).expect("writes");
    assert_eq!(queue.state("k").expect("reads"), None);
}

#[test]
fn errors_name_the_file() {
    let place = Place::new();
    let path = place.directory.path().join("no").join("such").join("queue.db");
    let error = Queue::open(&path, at(0)).expect_err("no directory");
    assert!(error.to_string().contains("such"), "{error}");
    fs::create_dir_all(place.database()).expect("a directory");
    let error = Queue::open(&place.database(), at(0)).expect_err("a directory");
    assert!(error.to_string().contains("queue.db"), "{error}");
}

/// A page of a large body is told from others without reading it, so that a body goes as fast as its row.
#[test]
fn knows_the_pages_of_large_bodies() {
    let place = Place::new();
    let mut queue = place.open();
    queue.enqueue_bodies(&bodies(2), ROOMY, at(0)).expect("enqueues");
    drop(queue);
    let plain = rusqlite::Connection::open(place.database()).expect("opens");
    let mode: i64 = plain.query_row("PRAGMA auto_vacuum", [], |row| row.get(0)).expect("a setting");
    assert_eq!(mode, 2, "INCREMENTAL");
}
