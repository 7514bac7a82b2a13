//! A store that is opened briefly, as a commit does: what it holds is in the log beside it until somebody has time.

use std::os::unix::fs::PermissionsExt as _;

use git_mission::queue::{Health, health};

use super::*;

impl Place {
    fn briefly(&self) -> Queue {
        Queue::open_briefly(&self.database(), at(0)).expect("opens").queue
    }

    /// A place with an empty database that nobody has open.
    fn created() -> Self {
        let place = Self::new();
        drop(place.open());
        place
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.database().into_os_string();
        name.push(suffix);
        name.into()
    }

    fn has_log(&self) -> bool {
        self.beside("-wal").metadata().is_ok_and(|log| log.len() > 0)
    }

    /// How many bodies there are in the database itself, without its log.
    fn carried_over(&self) -> usize {
        let alone = TempDir::new().expect("a directory");
        let path = alone.path().join("queue.db");
        fs::copy(self.database(), &path).expect("copies");
        Queue::open(&path, at(0)).expect("opens").queue.bodies().expect("reads").len()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

/// So many bodies, never the same ones.
fn some(from: usize, count: usize) -> Vec<NewBody> {
    (from..from + count).map(|at| body("spec.md", &format!("# {at}\n"))).collect()
}

#[test]
fn what_is_committed_stays_in_the_log_until_somebody_has_time() {
    let place = Place::created();
    place.briefly().enqueue_bodies(&some(0, 3), ROOMY, at(0)).expect("enqueues");
    assert!(place.has_log() && !place.beside("-shm").exists());
    assert_eq!(mode(&place.beside("-wal")), 0o600);
    assert_eq!(place.carried_over(), 0, "the log holds it");

    // Whoever only looks leaves it as it is.
    let files = || ["", "-wal"].map(|suffix| fs::read(place.beside(suffix)).expect("reads"));
    let before = files();
    assert_eq!(health(&place.database()).expect("looks"), Health::Sound);
    assert!(files() == before, "written");

    let mut queue = place.briefly();
    assert_eq!(queue.bodies().expect("reads").len(), 3);
    queue.enqueue_bodies(&some(3, 2), ROOMY, at(0)).expect("enqueues");
    drop(queue);
    assert!(place.has_log());
    assert_eq!(place.carried_over(), 0);

    assert_eq!(place.open().bodies().expect("reads").len(), 5);
    assert!(!place.has_log(), "carried over");
    assert_eq!(place.carried_over(), 5);
}

/// Any other program that knows `SQLite` reads it, too.
#[test]
fn a_log_that_was_left_is_read_by_others() {
    let place = Place::created();
    place.briefly().enqueue_bodies(&some(0, 3), ROOMY, at(0)).expect("enqueues");
    assert_eq!(place.ask("SELECT CAST(count(*) AS TEXT) FROM body_upload_queue"), "3");
    assert_eq!(place.ask("PRAGMA integrity_check"), "ok");
    assert_eq!(place.briefly().bodies().expect("reads").len(), 3);
}

#[test]
fn a_long_log_is_not_left() {
    let place = Place::created();
    for round in 0..40 {
        place.briefly().enqueue_bodies(&some(round, 1), ROOMY, at(0)).expect("enqueues");
        let log = place.beside("-wal").metadata().map_or(0, |log| log.len());
        assert!(log <= 512 << 10, "{log} bytes");
    }
    let large: Vec<NewBody> = (0..20).map(|at| body("plan.md", &format!("# {at}\n").repeat(8_000))).collect();
    place.briefly().enqueue_bodies(&large, ROOMY, at(0)).expect("enqueues");
    assert!(!place.has_log());
    assert_eq!(place.carried_over(), 60);
}

/// What a delivery has removed is in a log that is short, however long it was once.
#[test]
fn a_delivery_leaves_a_short_log() {
    let place = Place::created();
    place.open().enqueue_bodies(&some(0, 5_000), ROOMY, at(0)).expect("enqueues");
    let log = || place.beside("-wal").metadata().map_or(0, |log| log.len());
    let mut queue = place.open();
    let ids: Vec<_> = queue.bodies().expect("reads").iter().map(|row| row.id).collect();
    queue.begin_delivery().expect("begins");
    assert_eq!(queue.acknowledge_bodies(&ids[..1_000]).expect("writes"), 1_000);
    assert!(log() > 512 << 10, "{} bytes", log());
    queue.carry_over();
    assert_eq!(queue.acknowledge_bodies(&ids[1_000..1_020]).expect("writes"), 20);
    drop(queue);
    assert!(place.has_log() && log() <= 512 << 10, "{} bytes", log());
    assert_eq!(place.briefly().bodies().expect("reads").len(), 3_980);
    assert_eq!(place.ask("PRAGMA integrity_check"), "ok");

    // One that is long all the same is carried over and removed.
    let mut queue = place.open();
    queue.begin_delivery().expect("begins");
    assert_eq!(queue.acknowledge_bodies(&ids[1_020..2_020]).expect("writes"), 1_000);
    drop(queue);
    assert!(!place.has_log());
    assert_eq!(place.carried_over(), 2_980);
}

#[test]
fn others_who_have_it_open_go_on() {
    let place = Place::created();
    let mut other = place.open();
    let mut queue = place.briefly();
    queue.enqueue_bodies(&some(0, 2), ROOMY, at(0)).expect("enqueues");
    other.enqueue_bodies(&some(2, 1), ROOMY, at(0)).expect("enqueues");
    assert_eq!(queue.bodies().expect("reads"), other.bodies().expect("reads"));
    drop(queue);
    assert_eq!(other.bodies().expect("reads").len(), 3);
    drop(other);
    assert_eq!(place.carried_over(), 3);
}

#[test]
fn others_who_come_meanwhile_wait() {
    let place = Place::created();
    let mut queue = place.briefly();
    queue.enqueue_bodies(&some(0, 2), ROOMY, at(0)).expect("enqueues");
    let others: Vec<_> = [Queue::open, Queue::open_briefly]
        .into_iter()
        .zip([2, 3])
        .map(|(open, number)| {
            let path = place.database();
            std::thread::spawn(move || {
                let mut queue = open(&path, at(0)).expect("opens").queue;
                queue.enqueue_bodies(&some(number, 1), ROOMY, at(0)).expect("enqueues")
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    assert!(!others.iter().any(std::thread::JoinHandle::is_finished), "it is ours alone");
    drop(queue);
    for other in others {
        assert_eq!(other.join().expect("runs"), [Enqueued::New]);
    }
    assert_eq!(place.open().bodies().expect("reads").len(), 4);
}

/// The log and what else lies beside the database are for the same people as the database, also where the directory came to
/// be shared afterwards, or is not any more.
#[test]
fn a_log_that_was_left_belongs_to_those_who_share_the_directory() {
    let place = Place::created();
    let home = place.database().parent().expect("a parent").to_owned();
    let put = |from| place.briefly().enqueue_bodies(&some(from, 1), ROOMY, at(0)).expect("enqueues");
    put(0);
    for (directory, file) in [(0o2770, 0o660), (0o700, 0o600)] {
        fs::set_permissions(&home, fs::Permissions::from_mode(directory)).expect("changes");
        put(1);
        assert_eq!((mode(&place.database()), mode(&place.beside("-wal"))), (file, file));
    }
    assert_eq!(place.open().bodies().expect("reads").len(), 2);
}

#[test]
fn a_log_without_its_database_is_not_taken_for_that_of_the_next() {
    let place = Place::created();
    place.briefly().enqueue_bodies(&some(0, 3), ROOMY, at(0)).expect("enqueues");
    fs::remove_file(place.database()).expect("removes");
    let queue = place.briefly();
    assert_eq!(queue.bodies().expect("reads"), []);
    assert!(queue.state(git_mission::queue::GONE).expect("reads").is_some(), "one was there");
    drop(queue);
    assert_eq!(place.ask("PRAGMA integrity_check"), "ok");
}

#[test]
fn of_a_newer_version_nothing_is_written() {
    let place = Place::created();
    place.briefly().enqueue_bodies(&some(0, 3), ROOMY, at(0)).expect("enqueues");
    let newer = rusqlite::Connection::open(place.database()).expect("opens");
    newer.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA user_version = 7;").expect("writes");
    let files = || ["", "-wal"].map(|suffix| fs::read(place.beside(suffix)).ok());
    let look = || {
        let before = files();
        let opened = Queue::open_briefly(&place.database(), at(0)).expect("opens");
        assert_eq!((opened.queue.access(), opened.set_aside), (Access::ReadOnly { found: 7 }, None));
        assert_eq!(opened.queue.bodies().expect("reads").len(), 3);
        drop(opened.queue);
        assert!(files() == before, "written");
    };
    look();
    // And where the newer program left a log itself.
    newer.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).expect("set");
    drop(newer);
    assert!(place.has_log());
    look();
}

#[test]
fn a_damaged_one_is_set_aside_with_its_log() {
    let place = Place::created();
    place.briefly().enqueue_bodies(&some(0, 3), ROOMY, at(0)).expect("enqueues");
    let log = fs::read(place.beside("-wal")).expect("reads");
    fs::write(place.database(), "x".repeat(5_000)).expect("writes");
    let opened = Queue::open_briefly(&place.database(), at(0)).expect("opens");
    let aside = opened.set_aside.expect("was set aside");
    assert_eq!(opened.queue.bodies().expect("reads"), []);
    let mut beside = aside.into_os_string();
    beside.push("-wal");
    assert!(fs::read(PathBuf::from(beside)).expect("reads") == log);
}
