//! What was pushed is delivered: every row is in the queue or on the server, and stored there once.

use std::collections::BTreeSet;

use super::super::operation::{Operation, remove_locks};
use super::super::strace::Traced;
use super::enqueue;
use crate::support::{Output, Repo};

/// `sync flush` to a server in a directory.
pub(super) struct Flush;

/// What the server holds, as the rows of a queue would say it.
pub(crate) fn stored(scene: &Repo<'_>) -> Vec<String> {
    let mut stored = Vec::new();
    let events = std::fs::read_to_string(scene.at("server/events.jsonl")).unwrap_or_default();
    // What a killed writer left of a line is no event.
    for line in events.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        // Nor is what a power failure left of one.
        if line.contains('\0') {
            continue;
        }
        let event: serde_json::Value = serde_json::from_str(line).expect("an event");
        stored.push(format!("event {} pending", event["event_id"].as_str().expect("an id")));
    }
    for hash in std::fs::read_dir(scene.at("server/bodies")).into_iter().flatten().flatten() {
        for body in std::fs::read_dir(hash.path()).expect("bodies").flatten() {
            if body.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let text = std::fs::read_to_string(body.path()).expect("a body");
            let body: serde_json::Value = serde_json::from_str(&text).expect("a body");
            let field = |name: &str| body[name].as_str().expect("a text").to_owned();
            let [slug, path, hash] = ["mission_slug", "artifact_path", "content_hash"].map(field);
            stored.push(format!("body {slug}/{path} {hash}"));
        }
    }
    stored.sort();
    stored
}

impl Operation for Flush {
    fn name(&self) -> &'static str {
        "flush"
    }

    /// A git that cannot open the directory of the remote-tracking refs says that there are none.
    fn is_open(&self) -> bool {
        true
    }

    fn prepare(&self, scene: &Repo<'_>) {
        enqueue::started(scene, 2);
        let repo = scene.cd("repo");
        repo.mission(&["sync", "enqueue"]).ok();
        repo.ok(&["push", "-q", "origin", "main"]);
    }

    fn command(&self, scene: &Repo<'_>) -> Vec<String> {
        Traced::command(scene.world(), &["sync", "flush"])
    }

    fn look(&self, scene: &Repo<'_>) -> String {
        look(scene)
    }

    fn judge(&self, scene: &Repo<'_>, ended: &Output, before: &str, after: &str) {
        everything_is_somewhere(scene, before);
        if ended.status == 0 {
            let look = look(scene);
            assert!(
                look == after || (look == before && ended.stdout == "nothing to deliver\n"),
                "{ended}\n{look}"
            );
        }
    }

    fn recover(&self, scene: &Repo<'_>) {
        let_time_pass(scene);
    }
}

/// Every row, and where it is.
pub(super) fn look(scene: &Repo<'_>) -> String {
    let queued = enqueue::rows(scene).into_iter().map(|row| format!("queued {row}"));
    let stored = stored(scene).into_iter().map(|row| format!("stored {row}"));
    queued.chain(stored).collect::<Vec<_>>().join("\n")
}

#[track_caller]
pub(super) fn everything_is_somewhere(scene: &Repo<'_>, before: &str) {
    let all: BTreeSet<String> =
        before.lines().filter_map(|line| line.strip_prefix("queued ")).map(str::to_owned).collect();
    let mut there = enqueue::rows(scene);
    there.extend(stored(scene));
    assert_eq!(there, all, "what is queued or stored, and what was");
}

/// Leases end, and waits before the next try.
pub(super) fn let_time_pass(scene: &Repo<'_>) {
    remove_locks(scene);
    let connection = rusqlite::Connection::open(scene.at("repo/.git/mission/queue.db")).expect("a database");
    for table in ["queue", "body_upload_queue"] {
        let sql = format!("UPDATE {table} SET lease_until = 0, next_attempt_at = 0");
        connection.execute(&sql, []).expect("updates");
    }
}
