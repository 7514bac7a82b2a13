//! What a commit says is queued: no row twice, none without the event that it waits for, and the next run has all.

use std::collections::BTreeSet;

use super::super::operation::{Operation, copy, remove_locks};
use super::super::strace::Traced;
use crate::support::{Output, Repo};

/// `sync enqueue`.
pub(super) struct Enqueue;

/// What a hook does after a commit, where the last one left its rows in the log beside the database: all of it or nothing.
pub(super) struct AtCommit;

/// Every row of the queue as one line; nothing if there is no queue yet. Read from a copy, so that nothing is
/// recovered in place.
pub(super) fn rows(scene: &Repo<'_>) -> BTreeSet<String> {
    let place = tempfile::TempDir::new().expect("a directory");
    if !scene.at("repo/.git/mission/queue.db").exists() {
        return BTreeSet::new();
    }
    copy(&scene.at("repo/.git/mission"), &place.path().join("copy"));
    let connection = rusqlite::Connection::open(place.path().join("copy/queue.db")).expect("a database");
    let column = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).expect("a query");
        let found = statement.query_map([], |row| row.get(0)).expect("rows");
        found.collect::<Result<_, _>>().expect("texts")
    };
    assert_eq!(column("PRAGMA integrity_check"), ["ok"]);
    if column("SELECT name FROM sqlite_schema WHERE name = 'queue'").is_empty() {
        return BTreeSet::new();
    }
    let lonely = "SELECT artifact_path FROM body_upload_queue WHERE index_event_id IS NOT NULL
         AND index_event_id NOT IN (SELECT event_id FROM queue)";
    assert_eq!(column(lonely), [""; 0], "bodies that wait for no event");
    column(
        "SELECT 'event ' || event_id || ' ' || status FROM queue UNION ALL
         SELECT 'body ' || mission_slug || '/' || artifact_path || ' ' || content_hash FROM body_upload_queue UNION ALL
         SELECT 'failed ' || artifact_path || ' ' || failure_reason FROM body_upload_failure_log",
    )
    .into_iter()
    .collect()
}

/// A repository that says something new, with a server in a directory; `pushed` to an origin or not.
pub(crate) fn started(scene: &Repo<'_>, artifacts: usize) {
    let world = scene.world();
    let repo = world.init("scene/repo");
    repo.commit("README.md", "# App\n");
    world.bare("scene/origin.git");
    repo.ok(&["remote", "add", "origin", &scene.at("origin.git").to_string_lossy()]);
    repo.ok(&["push", "-q", "-u", "origin", "main"]);
    let url = format!("file://{}", scene.at("server").display());
    repo.mission(&["sync", "enable", "--server", &url]).ok();
    for at in 0..artifacts {
        repo.write(&format!("kitty-specs/one/research/{at}.md"), format!("# {at}\n"));
    }
    let meta = "{\n  \"created_at\": \"2026-04-06T05:01:28+00:00\",\n  \"friendly_name\": \"One\",\n  \"mission_id\": \
                \"01KQ47E80QJG8GTVGDCV67RW7M\",\n  \"mission_number\": null,\n  \"mission_slug\": \"one\",\n  \
                \"mission_type\": \"software-dev\",\n  \"slug\": \"one\",\n  \"target_branch\": \"main\"\n}\n";
    repo.commit("kitty-specs/one/meta.json", meta);
}

impl Operation for Enqueue {
    fn name(&self) -> &'static str {
        "enqueue"
    }

    fn prepare(&self, scene: &Repo<'_>) {
        started(scene, 5);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        Traced::command(scene.world(), &["sync", "enqueue"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        rows(scene).into_iter().collect::<Vec<_>>().join("\n")
    }

    fn judge(&self, scene: &Repo<'_>, _: &Output, _: &str, after: &str) {
        let after: BTreeSet<String> = after.lines().map(str::to_owned).collect();
        let rows = rows(scene);
        assert!(rows.is_subset(&after), "{rows:?} is not of {after:?}");
    }

    fn recover(&self, scene: &Repo<'_>) {
        remove_locks(scene);
    }
}

impl Operation for AtCommit {
    fn name(&self) -> &'static str {
        "enqueue-at-commit"
    }

    fn is_open(&self) -> bool {
        true
    }

    fn prepare(&self, scene: &Repo<'_>) {
        started(scene, 3);
        let repo = scene.cd("repo");
        repo.mission(&["hook", "post-commit"]).ok();
        let log = scene.at("repo/.git/mission/queue.db-wal");
        assert!(log.metadata().is_ok_and(|log| log.len() > 0), "left in the log");
        repo.commit("kitty-specs/one/research/more.md", "# More\n");
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        Traced::command(scene.world(), &["hook", "post-commit"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        rows(scene).into_iter().collect::<Vec<_>>().join("\n")
    }

    fn judge(&self, scene: &Repo<'_>, _: &Output, before: &str, after: &str) {
        let rows = self.look(scene);
        assert!(rows == before || rows == after, "neither old nor new: {rows}");
    }
}
