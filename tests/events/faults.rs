//! Two at once, and kill -9 at every write: nothing lost, nothing double, the database whole.

use super::*;

/// Points of one syscall that are tried, at most.
#[cfg(target_os = "linux")]
const POINTS: usize = 24;

#[track_caller]
fn is_whole(repo: &Repo<'_>) {
    assert_eq!(column(repo, "PRAGMA integrity_check"), ["ok"]);
    for (what, sql) in [
        ("events", "SELECT event_id FROM queue GROUP BY event_id HAVING count(*) > 1"),
        (
            "waits",
            "SELECT artifact_path FROM body_upload_queue WHERE index_event_id NOT IN (SELECT event_id FROM queue)",
        ),
    ] {
        assert_eq!(column(repo, sql), Vec::<String>::new(), "{what}");
    }
}

fn many_artifacts(repo: &Repo<'_>, slug: &str, id: &str) {
    for at in 0..12 {
        repo.write(&format!("kitty-specs/{slug}/research/{at}.md"), format!("# {slug} {at}\n"));
    }
    mission(repo, slug, id);
}

#[test]
fn two_work_trees_enqueue_at_once() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        repo.ok(&["worktree", "add", "-q", "-b", "topic", "../linked"]);
        let linked = world.directory("linked");
        many_artifacts(&repo, "one", ONE);
        many_artifacts(&linked, "two", TWO);
        std::thread::scope(|scope| {
            for side in [&repo, &linked, &repo, &linked] {
                scope.spawn(|| side.mission(&["sync", "enqueue"]).ok());
            }
        });
        is_whole(&repo);
        assert_eq!((paths(&repo).len(), events(&repo).len()), (26, 30));
        let clocks: BTreeSet<u64> =
            envelopes(&repo).iter().map(|event| event["lamport_clock"].as_u64().expect("a clock")).collect();
        assert_eq!(clocks.len(), 30, "no two events have the same clock");
    });
}

/// How often a syscall is made by the enqueue itself, which makes more of them than any git that it starts.
#[cfg(target_os = "linux")]
fn count(trace: &str, syscall: &str) -> usize {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for pid in trace.lines().filter_map(|line| line.split_whitespace().next()) {
        *lines.entry(pid).or_default() += 1;
    }
    let Some((pid, _)) = lines.into_iter().max_by_key(|(_, count)| *count) else { return 0 };
    let call = format!(" {syscall}(");
    trace.lines().filter(|line| line.starts_with(pid) && line.contains(&call)).count()
}

#[test]
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "says that a test was skipped, or how much was tried")]
fn killed_at_every_write_and_run_again_nothing_is_lost_or_double() {
    const SYSCALLS: [&str; 7] = ["pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "write", "linkat"];
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    let trace = world.path("trace");
    let trace = trace.to_string_lossy().into_owned();
    let program = World::mission_program().to_string_lossy().into_owned();
    let probe = repo.run("sh", &["-c", "command -v strace >/dev/null && strace -o /dev/null true"]);
    if probe.status != 0 {
        eprintln!("skipped: no strace, or it may not trace");
        return;
    }
    many_artifacts(&repo, "one", ONE);
    repo.run("cp", &["-R", ".", "../base"]).ok();
    let all = SYSCALLS.join(",");
    let filter = format!("trace={all}");
    repo.run("strace", &["-f", "-o", &trace, "-e", &filter, &program, "sync", "enqueue"]).ok();
    let expected = (events(&repo), bodies(&repo));
    assert_eq!(expected.1.len(), 13);
    let text = std::fs::read_to_string(&trace).expect("a trace");

    let mut points = 0;
    for syscall in SYSCALLS {
        let made = count(&text, syscall);
        let step = made.div_ceil(POINTS).max(1);
        for when in (1..=made).step_by(step) {
            let name = format!("killed-{syscall}-{when}");
            repo.run("cp", &["-R", "../base", &format!("../{name}")]).ok();
            let copy = world.directory(&name);
            let inject = format!("inject={syscall}:signal=SIGKILL:when={when}");
            let filter = format!("trace={syscall}");
            let args = ["-f", "-o", "/dev/null", "-e", &filter, "-e", &inject, &program, "sync", "enqueue"];
            copy.run("strace", &args);
            copy.mission(&["sync", "enqueue"]).ok();
            is_whole(&copy);
            assert_eq!((events(&copy), bodies(&copy)), expected, "{name}");
            copy.run("rm", &["-rf", &format!("../{name}")]).ok();
            points += 1;
        }
    }
    eprintln!("killed at {points} points");
    assert!(points >= 20, "{points}");
}

#[test]
fn a_full_queue_refuses_says_so_and_is_caught_up() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    repo.ok(&["config", "mission.queueCapacity", "2"]);
    repo.commit("kitty-specs/one/plan.md", "# Plan\n");
    let output = repo.mission(&["sync", "enqueue", "--json"]).exits(1).json();
    assert_eq!(events(&repo).len(), 2);
    assert!(output.to_string().contains("queue_full"), "{output}");
    repo.ok(&["config", "mission.queueCapacity", "100"]);
    reconcile(&repo);
    let queued = (events(&repo), bodies(&repo));
    assert_eq!(queued, from_scratch(&repo));
    assert_eq!(paths(&repo), ["one/plan.md", "one/spec.md"]);
}
