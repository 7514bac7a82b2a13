//! Two senders at once, and senders that are killed: nothing lost, nothing stuck, nothing stored twice.

use std::collections::BTreeMap;

use super::*;
use crate::server::{Reply, TestServer};
use crate::support::{any_git, each_git};

/// Points of one syscall that are tried, at most.
#[cfg(target_os = "linux")]
const POINTS: usize = 16;

fn many_artifacts(repo: &Repo<'_>, count: usize) {
    for at in 0..count {
        repo.write(&format!("kitty-specs/one/research/{at}.md"), format!("# {at}\n"));
    }
    repo.commit("kitty-specs/one/meta.json", meta("one", ONE));
    repo.ok(&["push", "-q", "origin", "main"]);
    make_due(repo);
}

#[test]
fn two_work_trees_flush_at_once() {
    each_git(|git| {
        let world = World::new(git);
        let base = started(&world, "base", "http://127.0.0.1:9");
        many_artifacts(&base, 60);
        base.ok(&["worktree", "add", "-q", "-b", "topic", "../linked"]);
        let linked = world.directory("linked");
        let server = TestServer::start();
        // Slow enough for them to meet.
        server.script(|_| {
            std::thread::sleep(Duration::from_millis(20));
            None
        });
        base.ok(&["config", "mission.server", &server.url()]);
        let outputs = std::thread::scope(|scope| {
            let senders: Vec<_> = [&base, &linked, &base, &linked]
                .into_iter()
                .map(|repo| scope.spawn(|| repo.mission(&["sync", "flush"])))
                .collect();
            senders.into_iter().map(|sender| sender.join().expect("runs")).collect::<Vec<_>>()
        });
        for output in &outputs {
            assert!(matches!(output.status, 0 | 75), "{output}");
        }
        base.mission(&["sync", "flush"]).ok();
        let mut sent: BTreeMap<String, usize> = BTreeMap::new();
        for asked in &server.seen().asked {
            for row in asked.events.iter().chain(&asked.body) {
                *sent.entry(row.clone()).or_default() += 1;
            }
        }
        let twice: Vec<_> = sent.iter().filter(|(_, times)| **times > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert_eq!((rows(&base), server.state().1.len()), ((vec![], vec![]), 60));
    });
}

#[test]
fn a_lease_of_somebody_unknown_is_respected_until_it_ends() {
    let world = World::new(&any_git());
    let server = TestServer::start();
    let repo = copy(&with_backlog(&world), "case", &server.url());
    execute(&repo, "UPDATE queue SET lease_owner = 'somebody', lease_until = unixepoch('subsec') + 60");
    let flush = repo.mission(&["sync", "flush"]).ok();
    assert!(flush.stdout.contains("another flush is running"), "{flush}");
    let push = call_pre_push(&repo).ok();
    assert!(push.stderr.contains("another flush is running"), "{push}");
    assert_eq!(server.seen().asked.len(), 0);
    execute(&repo, "UPDATE queue SET lease_until = unixepoch('subsec') - 1");
    repo.mission(&["sync", "flush"]).ok();
    assert_eq!((rows(&repo), server.state().0.len()), ((vec![], vec![]), 3));
}

/// Answers batches of three with 413 after `meanwhile` was done to the queue, and every other with 500 if nobody holds a
/// row while it is under way.
fn send_in_parts(base: &Repo<'_>, name: &str, meanwhile: &'static str) -> (Output, usize, Vec<String>) {
    let server = TestServer::start();
    let repo = copy(base, name, &server.url());
    let common = repo.ok(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    let queue = format!("{}/mission/queue.db", common.line());
    server.script(move |asked| {
        if asked.body.is_some() {
            return None;
        }
        let database = Connection::open(&queue).expect("a queue");
        if asked.events.len() == 3 {
            database.execute_batch(meanwhile).expect("a statement");
            return Some(Reply::new(413, ""));
        }
        let sql = "SELECT count(*) FROM queue WHERE lease_until > unixepoch('subsec')";
        let held: i64 = database.query_row(sql, [], |row| row.get(0)).expect("a count");
        (held == 0).then(|| Reply::new(500, "{\"error\": \"nobody holds a row\"}"))
    });
    let flush = repo.mission(&["sync", "flush"]);
    let left = column(&repo, "SELECT event_id || coalesce(' ' || lease_owner, '') FROM queue ORDER BY id");
    (flush, server.state().0.len(), left)
}

#[test]
fn a_batch_that_is_sent_in_parts_is_held_to_the_end() {
    let world = World::new(&any_git());
    let base = with_backlog(&world);
    // So slow that the lease ended.
    let expired = "UPDATE queue SET lease_until = unixepoch('subsec') - 1";
    let (flush, delivered, left) = send_in_parts(&base, "slow", expired);
    assert_eq!((flush.status, delivered, left), (0, 3, vec![]), "{flush}");
    // What is gone meanwhile is not sent.
    let purged = "DELETE FROM queue WHERE id = (SELECT min(id) FROM queue)";
    let (flush, delivered, left) = send_in_parts(&base, "purged", purged);
    assert_eq!((flush.status, delivered, left), (0, 2, vec![]), "{flush}");
    // Somebody else has begun: the rest is left to them.
    let lost = "UPDATE queue SET lease_until = unixepoch('subsec') - 1;
                UPDATE queue SET lease_owner = 'somebody', lease_until = unixepoch('subsec') + 60
                WHERE id = (SELECT max(id) FROM queue)";
    let (flush, delivered, left) = send_in_parts(&base, "lost", lost);
    assert_eq!((flush.status, delivered, left.len()), (75, 0, 3), "{flush}");
    assert!(left[2].ends_with(" somebody"), "{left:?}");
}

#[test]
fn as_long_as_a_body_is_under_way_every_other_sender_sees_it() {
    let world = World::new(&any_git());
    let base = started(&world, "base", "http://127.0.0.1:9");
    many_artifacts(&base, 60);
    let server = TestServer::start();
    let repo = copy(&base, "case", &server.url());
    let common = repo.ok(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    let queue = format!("{}/mission/queue.db", common.line());
    server.script(move |asked| {
        asked.body.as_ref()?;
        let database = Connection::open(&queue).expect("a queue");
        let sql = "SELECT count(*) FROM body_upload_queue WHERE lease_until > unixepoch('subsec')";
        let held: i64 = database.query_row(sql, [], |row| row.get(0)).expect("a count");
        (held == 0).then(|| Reply::new(500, "{\"error\": \"nobody holds a row\"}"))
    });
    let flush = repo.mission(&["sync", "flush"]).ok();
    assert_eq!((rows(&repo), server.state().1.len()), ((vec![], vec![]), 60), "{flush}");
}

#[test]
fn a_turn_is_kept_for_as_long_as_it_takes_and_one_that_was_lost_ends_the_run() {
    let world = World::new(&any_git());
    let base = started(&world, "base", "http://127.0.0.1:9");
    many_artifacts(&base, 60);
    let flushed = |is_lost: bool| {
        let server = TestServer::start();
        let repo = copy(&base, if is_lost { "lost" } else { "kept" }, &server.url());
        let common = repo.ok(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        let queue = format!("{}/mission/queue.db", common.line());
        server.script(move |asked| {
            asked.body.as_ref()?;
            if is_lost {
                let sql = "UPDATE body_upload_queue SET lease_owner = 'somebody',
                           lease_until = unixepoch('subsec') + 600 WHERE lease_owner IS NOT NULL";
                Connection::open(&queue).expect("a queue").execute_batch(sql).expect("a statement");
            }
            // One after the other. A turn lasts two requests, of 2 seconds each, and 5 seconds, and is taken again when
            // half of that is left.
            std::thread::sleep(Duration::from_millis(165));
            None
        });
        repo.ok(&["config", "mission.pushBudget", "2"]);
        let flush = repo.mission(&["sync", "flush"]);
        let left: Vec<String> = column(&repo, "SELECT coalesce(lease_owner, '') FROM body_upload_queue");
        (flush, left, server.state().1.len())
    };
    std::thread::scope(|scope| {
        let flushed = &flushed;
        let [kept, lost] = [false, true].map(|is_lost| scope.spawn(move || flushed(is_lost)));
        let (flush, left, delivered) = kept.join().expect("runs");
        assert_eq!((flush.status, left.len(), delivered), (0, 0, 60), "{flush}");
        let (flush, left, delivered) = lost.join().expect("runs");
        assert_eq!(flush.status, 75, "{flush}");
        // The row by which the turn was held is the other's now, also where the server has it.
        assert!(delivered > 1 && left.len() == 61 - delivered, "{delivered}, {left:?}");
        assert_eq!(left.iter().filter(|owner| *owner == "somebody").count(), 1, "{flush}");
    });
}

/// How often the busiest process or thread makes a syscall.
#[cfg(target_os = "linux")]
fn count(trace: &str, syscall: &str) -> usize {
    let call = format!(" {syscall}(");
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    for line in trace.lines().filter(|line| line.contains(&call)) {
        *made.entry(line.split_whitespace().next().unwrap_or_default()).or_default() += 1;
    }
    made.into_values().max().unwrap_or(0)
}

#[test]
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "says that a test was skipped, or how much was tried")]
fn killed_at_every_send_receive_and_commit_nothing_is_lost_or_stuck() {
    const SYSCALLS: [&str; 9] =
        ["connect", "sendto", "recvfrom", "pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "flock"];
    let world = World::new(&any_git());
    let base = started(&world, "base", "http://127.0.0.1:9");
    let probe = base.run("sh", &["-c", "command -v strace >/dev/null && strace -o /dev/null true"]);
    if probe.status != 0 {
        eprintln!("skipped: no strace, or it may not trace");
        return;
    }
    many_artifacts(&base, 6);
    let program = World::mission_program().to_string_lossy().into_owned();
    let trace = world.path("trace").to_string_lossy().into_owned();
    let (all, before) = (SYSCALLS.join(","), rows(&base).0.len());
    let text = {
        let server = TestServer::start();
        let repo = copy(&base, "traced", &server.url());
        repo.run("strace", &["-f", "-o", &trace, "-e", &format!("trace={all}"), &program, "sync", "flush"])
            .ok();
        assert_eq!((rows(&repo), server.state().1.len()), ((vec![], vec![]), 6));
        std::fs::read_to_string(&trace).expect("a trace")
    };
    let (mut points, mut killed, mut again) = (0, 0, 0);
    for syscall in SYSCALLS {
        let made = count(&text, syscall);
        for when in (1..=made).step_by(made.div_ceil(POINTS).max(1)) {
            let server = TestServer::start();
            let name = format!("killed-{syscall}-{when}");
            let repo = copy(&base, &name, &server.url());
            let inject = format!("inject={syscall}:signal=SIGKILL:when={when}");
            let filter = format!("trace={syscall}");
            let args = ["-f", "-o", "/dev/null", "-e", &filter, "-e", &inject, &program, "sync", "flush"];
            killed += usize::from(repo.run("strace", &args).status == 137);
            let integrity: Vec<String> = column(&repo, "PRAGMA integrity_check");
            assert_eq!(integrity, ["ok"], "{name}");
            // Whoever comes next takes over at once.
            let next = repo.mission(&["sync", "flush"]).ok();
            assert!(!next.stdout.contains("another flush"), "{name}: {next}");
            assert_eq!(rows(&repo), (vec![], vec![]), "{name}: {next}");
            let (events, bodies) = server.state();
            assert_eq!((events.len(), bodies.len()), (before, 6), "{name}: {next}");
            again += server
                .seen()
                .asked
                .iter()
                .filter(|asked| asked.status == 200 && asked.body.is_some())
                .count();
            repo.run("rm", &["-rf", &format!("../{name}")]).ok();
            points += 1;
        }
    }
    eprintln!("killed at {killed} of {points} points; {again} bodies were sent again");
    assert!(killed >= 20 && again > 0, "{killed} of {points}, {again} again");
}
