//! The power goes: what a run wrote is replayed up to every step, with what was not synced dropped, reordered and torn,
//! and the database is opened again. What was said to be queued is there, and it is whole.
//!
//! That this is no empty promise shows a twin of the store that syncs less (`synchronous = NORMAL`): it loses rows.

mod disk;
mod log;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use git_mission::queue::Queue;
use rusqlite::Connection;

use super::operation::Stage;
use super::{operations, say, strace, which};
use crate::store::{at, new_event};
use crate::support::{Output, World, any_git, variable};
use disk::{Disk, Loss, Random};
use log::{CALLS, Step};

/// Which store the workload writes to, and where.
const WORKLOAD: &str = "GIT_MISSION_FAULTS_WORKLOAD";
const ROWS: u32 = 24;
/// Rows that one process writes before the next one goes on.
const SESSION: u32 = 6;

/// Every state that is tried of a log: after how many steps, and what is left of the unsynced.
fn states(steps: usize, every: usize) -> impl Iterator<Item = (usize, Loss, Random)> {
    (0..=steps).filter(move |at| at % every == 0 || *at == steps).flat_map(|at| {
        [(Loss::All, 1), (Loss::None, 1), (Loss::Some, 1), (Loss::Some, 2)]
            .map(|(loss, seed)| (at, loss, Random(at as u64 * 2 + seed)))
    })
}

/// Between two steps that are tried.
fn stride() -> usize {
    if which() == "all" { 1 } else { 5 }
}

fn id(row: u32) -> String {
    format!("01KQ47E80QJG8GTVGDCV67R{row:03}")
}

/// What is traced: rows go in, one transaction each, and the program says so; every fourth is delivered and goes.
#[test]
#[ignore = "started by the test below, in a process of its own"]
fn workload() {
    let Some(wanted) = variable(WORKLOAD) else { return };
    let wanted = wanted.to_string_lossy().into_owned();
    let (store, path) = wanted.split_once(' ').expect("a store and a path");
    let path = Path::new(path);
    let say = |word: &str, row: u32| {
        let mut stdout = std::io::stdout();
        stdout
            .write_all(format!("{word} {}\n", id(row)).as_bytes())
            .and_then(|()| stdout.flush())
            .expect("said");
    };
    for session in 0..ROWS / SESSION {
        // Two sessions in a row leave what they commit in the log. The twin could not have that open as well.
        let is_brief = store == "queue" && matches!(session, 1 | 2);
        let open = if is_brief { Queue::open_briefly } else { Queue::open };
        let mut queue = open(path, at(0)).expect("opens").queue;
        // The twin differs in one setting: same file, same schema, same statements.
        let twin = (store != "queue").then(|| {
            let twin = Connection::open(path).expect("opens");
            twin.execute_batch(&format!("PRAGMA synchronous = {store}")).expect("a setting");
            twin
        });
        for row in session * SESSION..(session + 1) * SESSION {
            let event = new_event(&id(row));
            match &twin {
                None => {
                    queue.enqueue_events(&[event], u64::MAX, at(0)).expect("enqueues");
                }
                Some(twin) => {
                    let insert = "INSERT INTO queue(event_id, event_type, data, status, created_at, coalesce_key, origin)
                        VALUES (?1, ?2, ?3, 'pending', ?4, ?5, ?6) ON CONFLICT DO NOTHING";
                    let data = git_mission::json::line(&event.event);
                    let values =
                        (id(row), "MissionCreated", data, at(0).to_iso(), event.coalesce_key, "tree");
                    twin.execute(insert, values).expect("inserts");
                }
            }
            say("queued", row);
            if row % 4 == 3 {
                say("going", row);
                let gone = match &twin {
                    None => queue.acknowledge_events(&[&id(row)]).expect("goes"),
                    Some(twin) => {
                        twin.execute("DELETE FROM queue WHERE event_id = ?1", [id(row)]).expect("goes") as u64
                    }
                };
                assert_eq!(gone, 1);
            }
        }
    }
}

/// In how many states rows were lost that somebody relied on, or the database was broken; and in how many not.
fn lost(store: &str) -> (usize, usize) {
    let world = World::new(&any_git());
    let root = world.path("store");
    std::fs::create_dir(&root).expect("a directory");
    let program = std::env::current_exe().expect("this program").to_string_lossy().into_owned();
    let trace = world.path("trace").to_string_lossy().into_owned();
    let filter = format!("trace={CALLS}");
    let test = "faults::power::workload";
    let place = world.directory("store");
    let before = Disk::of(std::slice::from_ref(&root));
    place
        .env(WORKLOAD, format!("{store} {}", root.join("queue.db").display()))
        .run(
            strace::STRACE,
            &[
                "-f",
                "-y",
                "-xx",
                "-qq",
                "-s",
                "1000000",
                "-o",
                &trace,
                "-e",
                &filter,
                &program,
                "--exact",
                test,
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ],
        )
        .ok();
    let steps = log::read(&std::fs::read_to_string(&trace).expect("a trace"), &root);
    let said =
        steps.iter().filter(|step| matches!(step, Step::Said(words) if words.contains("queued"))).count();
    assert_eq!(said, ROWS as usize, "every row was said to be queued");

    let (mut bad, mut all) = (0, 0);
    for (count, loss, mut random) in states(steps.len(), stride()) {
        let mut disk = before.clone();
        let mut relied = BTreeSet::new();
        for step in &steps[..count] {
            disk.take(step);
            if let Step::Said(text) = step {
                for line in text.lines() {
                    match line.split_once(' ') {
                        Some(("queued", id)) => drop(relied.insert(id.to_owned())),
                        Some(("going", id)) => drop(relied.remove(id)),
                        _ => {}
                    }
                }
            }
        }
        let replayed = tempfile::TempDir::new().expect("a directory");
        disk.fail(loss, &mut random, &root, replayed.path());
        let path = replayed.path().join("queue.db");
        let there = rows(&path);
        all += 1;
        let is_lost = there.as_ref().is_none_or(|there| !relied.is_subset(there));
        // An empty database is one that nobody has relied on yet.
        bad += usize::from(is_lost && !relied.is_empty());
        if is_lost && !relied.is_empty() && store == "queue" {
            say(&format!("after {count} of {} steps, {loss:?} lost: {there:?} of {relied:?}", steps.len()));
        }
    }
    (bad, all)
}

/// The ids in a database; `None` if it is broken.
fn rows(path: &Path) -> Option<BTreeSet<String>> {
    let connection = Connection::open(path).ok()?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).ok()?;
    if verdict != "ok" {
        return None;
    }
    let mut statement = connection.prepare("SELECT event_id FROM queue").ok()?;
    let rows = statement.query_map([], |row| row.get(0)).ok()?;
    rows.collect::<Result<_, _>>().ok()
}

#[test]
fn a_queued_row_is_there_after_a_power_failure_and_would_not_be_with_less_syncing() {
    if !strace::is_there() {
        return;
    }
    let [queue, full, normal] = ["queue", "FULL", "NORMAL"].map(lost);
    say(&format!(
        "power failures that lost a row: {} of {} with the store, {} of {} with its twin, {} of {} with a twin \
         that syncs less",
        queue.0, queue.1, full.0, full.1, normal.0, normal.1
    ));
    assert_eq!((queue.0, full.0), (0, 0), "rows were lost");
    assert!(normal.0 * 10 > normal.1, "a suite that finds nothing proves nothing: {normal:?}");
}

#[test]
fn an_operation_that_the_power_failed_lost_nothing() {
    if !strace::is_there() {
        return;
    }
    let mut tried = 0;
    for operation in operations::of_the_store() {
        let world = World::new(&any_git());
        let stage = Stage::set(&world, &*operation);
        let scene = stage.scene();
        let roots = [scene.at("repo/.git/mission"), scene.at("server")];
        let before = Disk::of(&roots);
        let (output, trace) = stage.trace(&format!("-f -y -xx -s 1000000 -e trace={CALLS}"));
        let steps = log::read(&trace, scene.path());
        let replayed = world.directory("replayed");
        for (count, loss, mut random) in states(steps.len(), stride()) {
            let mut disk = before.clone();
            steps[..count].iter().for_each(|step| disk.take(step));
            let _ = std::fs::remove_dir_all(replayed.path());
            disk.fail(loss, &mut random, scene.path(), replayed.path());
            say_on_panic(
                &format!("{}: {count} of {} steps, {loss:?}", operation.name(), steps.len()),
                || {
                    // Nobody was told how it ended.
                    stage.judge(&replayed, &Output { status: 137, ..output.clone() });
                    if count == steps.len() {
                        assert_eq!(operation.look(&replayed), stage.after(), "said to be done, and is not");
                    }
                },
            );
            tried += 1;
        }
    }
    say(&format!(
        "{tried} power failures in the middle of enqueue, flush and migrations of the schema lost nothing"
    ));
}

/// Says which state it was if it was a bad one.
fn say_on_panic(state: &str, judge: impl FnOnce()) {
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(judge));
    if let Err(panic) = judged {
        say(&format!("after a power failure: {state}"));
        std::panic::resume_unwind(panic);
    }
}
