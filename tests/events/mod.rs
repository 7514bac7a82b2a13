//! Events and bodies, from trees into the queue: the same ids on every road, nothing that no tip says, nothing twice,
//! and nothing of what may not be sent. Real git, real hooks, a real queue.

mod artifacts;
mod commands;
mod faults;
mod reading;
mod roads;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::support::{Repo, World, any_git, each_git};

const ONE: &str = "01KQ47E80QJG8GTVGDCV67RW7M";
const TWO: &str = "01KQ47E90QJG8GTVGDCV67RW7M";

/// The canonical `meta.json` of a mission.
fn meta(slug: &str, id: &str) -> String {
    format!(
        "{{\n  \"created_at\": \"2026-04-06T05:01:28.874035+00:00\",\n  \"friendly_name\": \"{slug}\",\n  \
         \"mission_id\": \"{id}\",\n  \"mission_number\": null,\n  \"mission_slug\": \"{slug}\",\n  \
         \"mission_type\": \"software-dev\",\n  \"slug\": \"{slug}\",\n  \"target_branch\": \"main\"\n}}\n"
    )
}

/// A lane row of a log.
fn row(number: u32, from: &str, to: &str) -> String {
    format!(
        "{{\"actor\": \"ada\", \"at\": \"2026-04-06T06:{number:02}:00+00:00\", \"event_id\": \
         \"01KQ47E80QJG8GTVGDCV67R{number:03}\", \"execution_mode\": \"worktree\", \"force\": false, \
         \"from_lane\": \"{from}\", \"to_lane\": \"{to}\", \"wp_id\": \"WP01\"}}\n"
    )
}

/// A repository with a first commit, whose hooks are not installed: who reconciles when is the test's to say.
fn started<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let repo = world.init(name);
    repo.commit("README.md", "# App\n");
    enable(&repo);
    repo
}

fn enable(repo: &Repo<'_>) {
    let url = format!("file://{}", repo.world().path("server").display());
    repo.mission(&["sync", "enable", "--server", &url]).ok();
}

/// Commits a mission with a specification.
fn mission(repo: &Repo<'_>, slug: &str, id: &str) {
    repo.write(&format!("kitty-specs/{slug}/meta.json"), meta(slug, id));
    repo.commit(&format!("kitty-specs/{slug}/spec.md"), format!("# {slug}\n"));
}

fn reconcile(repo: &Repo<'_>) -> serde_json::Value {
    repo.mission(&["sync", "enqueue", "--json"]).ok().json()
}

fn database(repo: &Repo<'_>) -> Connection {
    let common = repo.ok(&["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    Connection::open(format!("{}/mission/queue.db", common.line())).expect("a queue")
}

fn column(repo: &Repo<'_>, sql: &str) -> Vec<String> {
    let database = database(repo);
    let mut statement = database.prepare(sql).expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.collect::<Result<_, _>>().expect("texts")
}

/// The ids of all queued events.
fn events(repo: &Repo<'_>) -> BTreeSet<String> {
    column(repo, "SELECT event_id FROM queue").into_iter().collect()
}

/// How many events of each type are queued.
fn kinds(repo: &Repo<'_>) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for kind in column(repo, "SELECT event_type FROM queue") {
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

/// Mission, path and hash of all queued bodies.
fn bodies(repo: &Repo<'_>) -> BTreeSet<String> {
    let sql = "SELECT mission_slug || '/' || artifact_path || ' ' || content_hash FROM body_upload_queue";
    column(repo, sql).into_iter().collect()
}

/// Paths of all queued bodies.
fn paths(repo: &Repo<'_>) -> Vec<String> {
    column(repo, "SELECT mission_slug || '/' || artifact_path FROM body_upload_queue ORDER BY 1")
}

/// Every queued envelope.
fn envelopes(repo: &Repo<'_>) -> Vec<serde_json::Value> {
    let texts = column(repo, "SELECT data FROM queue ORDER BY id");
    texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect()
}

/// Forgets what was queued and handled, so that the present tree is looked at from the beginning.
fn from_scratch(repo: &Repo<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    for name in ["queue.db", "queue.db-wal", "queue.db-shm", "queue.lock"] {
        let _ = std::fs::remove_file(repo.at(&format!(".git/mission/{name}")));
    }
    reconcile(repo);
    (events(repo), bodies(repo))
}
