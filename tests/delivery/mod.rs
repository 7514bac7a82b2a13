//! Delivery: what leaves the queue and what does not, whatever a server or a network does. Real pushes, a real queue,
//! real HTTP.

mod answers;
mod memory;
mod network;
mod pushes;
mod random;
mod tls;
mod two;

use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::{Output, Repo, World};

/// Budget of a push in these tests, in seconds.
const BUDGET: u64 = 1;
/// How much longer a push may take.
const SLACK: Duration = Duration::from_millis(500);
const ONE: &str = "01KQ47E80QJG8GTVGDCV67RW7M";

/// The canonical `meta.json` of a mission.
fn meta(slug: &str, id: &str) -> String {
    format!(
        "{{\n  \"created_at\": \"2026-04-06T05:01:28.874035+00:00\",\n  \"friendly_name\": \"{slug}\",\n  \
         \"mission_id\": \"{id}\",\n  \"mission_number\": 1,\n  \"mission_slug\": \"{slug}\",\n  \
         \"mission_type\": \"software-dev\",\n  \"slug\": \"{slug}\",\n  \"target_branch\": \"main\"\n}}\n"
    )
}

/// A repository with an origin, hooks, and sync on for `server`; one commit, pushed.
fn started<'w>(world: &'w World, name: &str, server: &str) -> Repo<'w> {
    let origin = world.bare(&format!("{name}.git"));
    let repo = world.clone(&origin, name);
    repo.commit("README.md", "# App\n");
    repo.mission(&["install"]).ok();
    repo.mission(&["sync", "enable", "--server", server]).ok();
    repo.ok(&["config", "mission.pushBudget", &BUDGET.to_string()]);
    repo.ok(&["push", "-q", "origin", "HEAD:main"]);
    repo
}

/// A repository with one mission, committed and pushed while nobody listened: three events and a body are queued, due
/// now.
fn with_backlog(world: &World) -> Repo<'_> {
    let repo = started(world, "base", "http://127.0.0.1:9");
    repo.write("kitty-specs/one/meta.json", meta("one", ONE));
    repo.commit("kitty-specs/one/spec.md", "# One\n");
    let push = repo.ok(&["push", "-q", "origin", "main"]);
    assert!(push.stderr.contains("cannot be reached"), "{push}");
    make_due(&repo);
    assert_eq!(rows(&repo), (vec![Row::Kept; 3], vec![Row::Kept]));
    repo
}

/// A copy of a repository, for this server.
fn copy<'w>(repo: &Repo<'w>, name: &str, server: &str) -> Repo<'w> {
    repo.run("cp", &["-R", ".", &format!("../{name}")]).ok();
    let copy = repo.world().directory(name);
    copy.ok(&["config", "mission.server", server]);
    copy
}

fn database(repo: &Repo<'_>) -> Connection {
    let common = repo.ok(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    Connection::open(format!("{}/mission/queue.db", common.line())).expect("a queue")
}

fn column<T: rusqlite::types::FromSql>(repo: &Repo<'_>, sql: &str) -> Vec<T> {
    let database = database(repo);
    let mut statement = database.prepare(sql).expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("values")
}

fn execute(repo: &Repo<'_>, sql: &str) {
    database(repo).execute_batch(sql).expect("a statement");
}

fn make_due(repo: &Repo<'_>) {
    execute(repo, "UPDATE queue SET next_attempt_at = 0; UPDATE body_upload_queue SET next_attempt_at = 0;");
}

/// What became of a queued row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// It is there, and no try was counted
    Kept,
    /// It is there, and one try was counted
    Tried,
    /// It is on the list of failures
    Parked,
}

/// Events and bodies that are left, each as [`Row`].
fn rows(repo: &Repo<'_>) -> (Vec<Row>, Vec<Row>) {
    let of_word = |word: String| match word.as_str() {
        "kept" => Row::Kept,
        "tried" => Row::Tried,
        "parked" => Row::Parked,
        other => panic!("{other}"),
    };
    let held: Vec<i64> = column(
        repo,
        "SELECT count(*) FROM (SELECT lease_owner FROM queue UNION ALL SELECT lease_owner FROM body_upload_queue)
         WHERE lease_owner IS NOT NULL",
    );
    assert_eq!(held, [0], "nobody holds a row when all is done");
    let tried = "CASE retry_count WHEN 0 THEN 'kept' WHEN 1 THEN 'tried' ELSE 'tried ' || retry_count END";
    let events = column(
        repo,
        &format!("SELECT CASE status WHEN 'failed' THEN 'parked' ELSE {tried} END FROM queue ORDER BY id"),
    );
    let bodies = column(
        repo,
        &format!(
            "SELECT {tried} FROM body_upload_queue UNION ALL
             SELECT 'parked' FROM body_upload_failure_log WHERE failure_reason NOT LIKE 'superseded%'"
        ),
    );
    (events.into_iter().map(of_word).collect(), bodies.into_iter().map(of_word).collect())
}

/// Calls pre-push as git does for a push of main.
fn call_pre_push(repo: &Repo<'_>) -> Output {
    let line = format!("refs/heads/main {0} refs/heads/main {0}\n", repo.head());
    repo.stdin(line).mission(&["hook", "pre-push", "--", "origin", "../base.git"])
}

/// Does something within a time. A machine that is busy with other things gets three chances.
#[track_caller]
fn within<T>(limit: Duration, mut act: impl FnMut() -> T) -> T {
    let mut took = Vec::new();
    for _ in 0..3 {
        let start = start_of_span();
        let result = act();
        took.push(start.elapsed());
        if took.last().is_some_and(|took| *took <= limit) {
            return result;
        }
    }
    panic!("longer than {limit:?}: {took:?}");
}

#[expect(clippy::disallowed_methods, reason = "a test measures how long a program takes")]
fn start_of_span() -> Instant {
    Instant::now()
}
