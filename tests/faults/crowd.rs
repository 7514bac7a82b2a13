//! Many at once: processes that commit in several work trees, all of which share one queue.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{say, which};
use crate::support::{Repo, World, any_git};

const WORK_TREES: usize = 4;
/// Two in each work tree.
const PROCESSES: usize = 8;

/// Commits a file as soon as the other process in the same work tree is not in the way: git itself refuses two at once, and
/// at times forgets what one of them added.
#[track_caller]
fn commit(repo: &Repo<'_>, path: &str) -> String {
    for _ in 0..2_000 {
        let mut output = repo.git(&["add", "--", path]);
        if output.status == 0 {
            output = repo.git(&["commit", "-q", "-m", path, "--", path]);
        }
        if output.status == 0 {
            return output.stderr;
        }
        let refused =
            [".lock': File exists", "cannot lock ref 'HEAD'", "did not match any file(s) known to git"];
        assert!(refused.iter().any(|words| output.stderr.contains(words)), "{output}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the index is never free for {path}");
}

/// Acceptance: 1,000 commits by 8 processes in 4 work trees with one queue.
#[test]
fn commits_of_many_processes_lose_no_row_and_meet_no_lock() {
    let commits: usize = if which() == "all" { 1_000 } else { 48 };
    let world = World::new(&any_git());
    let repo = world.init("tree-0");
    repo.commit("README.md", "# App\n");
    repo.mission(&["install"]).ok();
    let url = format!("file://{}", world.path("server").display());
    repo.mission(&["sync", "enable", "--server", &url]).ok();
    for at in 1..WORK_TREES {
        repo.ok(&["worktree", "add", "-q", "-b", &format!("topic-{at}"), &format!("../tree-{at}")]);
    }
    let trees: Vec<Repo<'_>> = (0..WORK_TREES).map(|at| world.directory(&format!("tree-{at}"))).collect();
    for (at, tree) in trees.iter().enumerate() {
        let meta = format!(
            "{{\n  \"created_at\": \"2026-01-01T00:00:00+00:00\",\n  \"friendly_name\": \"{at}\",\n  \"mission_id\": \
             \"01KQ00000000000000000000{at:02}\",\n  \"mission_number\": null,\n  \"mission_slug\": \"m{at}\",\n  \
             \"mission_type\": \"software-dev\",\n  \"slug\": \"m{at}\",\n  \"target_branch\": \"main\"\n}}\n"
        );
        tree.commit(&format!("kitty-specs/m{at}/meta.json"), meta);
    }

    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for process in 0..PROCESSES {
            let (trees, complaints) = (&trees, &complaints);
            scope.spawn(move || {
                let at = process % WORK_TREES;
                for number in 0..commits / PROCESSES {
                    let path = format!("kitty-specs/m{at}/research/{process}-{number}.md");
                    trees[at].write(&path, format!("# {process} {number}\n"));
                    let said = commit(&trees[at], &path);
                    if said.contains("lock") || said.contains("busy") || said.contains("held by") {
                        complaints.lock().expect("a list").push(said);
                    }
                }
            });
        }
    });
    assert_eq!(*complaints.lock().expect("a list"), [""; 0]);

    let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    let column = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("texts")
    };
    let rows = column("SELECT artifact_path FROM body_upload_queue WHERE artifact_path LIKE 'research/%'");
    let there: BTreeSet<&String> = rows.iter().collect();
    assert_eq!((rows.len(), there.len()), (commits, commits), "every body once");
    let waits = "SELECT artifact_path FROM body_upload_queue WHERE index_event_id IS NOT NULL
        AND index_event_id NOT IN (SELECT event_id FROM queue)";
    assert_eq!(column(waits), [""; 0]);
    let clocks = column("SELECT json_extract(data, '$.lamport_clock') || '' FROM queue");
    assert_eq!(clocks.iter().collect::<BTreeSet<_>>().len(), clocks.len(), "no two events at one time");
    assert_eq!(column("PRAGMA integrity_check"), ["ok"]);
    say(&format!(
        "{commits} commits by {PROCESSES} processes in {WORK_TREES} work trees: {} bodies queued",
        rows.len()
    ));
}
