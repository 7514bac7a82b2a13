//! The event envelope, built by the live path from a commit into the queue, compared as a whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Repo, World, any_git, each_git};

const ID: &str = "01KQ47E80QJG8GTVGDCV67RW7M";
const CREATED: &str = "2026-04-06T05:01:28.874035+00:00";
const PROJECT: &str = "0b5c1d0e-8f1a-4a5e-9d53-0c5c9b1f2a10";

/// Every queued event by type and, where there are several, by what it is about.
fn queued(repo: &Repo<'_>) -> BTreeMap<String, Value> {
    let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    let mut statement = database.prepare("SELECT data FROM queue ORDER BY id").expect("a query");
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    rows.map(|text| serde_json::from_str::<Value>(&text.expect("a text")).expect("JSON"))
        .map(|event| {
            let path = event["payload"]["artifact_id"]["path"].as_str().unwrap_or_default();
            (format!("{}{path}", event["event_type"].as_str().expect("a type")), event)
        })
        .collect()
}

fn sample(world: &World) -> Repo<'_> {
    let repo = world.init("My_App");
    repo.write(".kittify/config.yaml", format!("project:\n  uuid: {PROJECT}\n"));
    let one = "kitty-specs/one";
    repo.write(
        &format!("{one}/meta.json"),
        json!({
            "slug": "one", "mission_slug": "one-01KQ47E8", "friendly_name": "Größe", "mission_type": "software-dev",
            "target_branch": "main", "mission_number": "064", "mission_id": ID, "created_at": CREATED,
            "accepted_at": "2026-04-07T00:00:00+00:00", "purpose_tldr": "to log in",
        })
        .to_string(),
    );
    repo.write(&format!("{one}/tasks/WP01-a.md"), "---\ndependencies: [WP02]\n---\n# First\n");
    let row = json!({
        "event_id": "01KQ47E80QJG8GTVGDCV67R001", "wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed",
        "at": "2026-04-06T06:01:00+00:00", "actor": {"role": "implementer"}, "execution_mode": "worktree",
        "policy_metadata": {}, "feature_slug": "one-01KQ47E8",
    });
    repo.write(&format!("{one}/status.events.jsonl"), format!("{row}\n"));
    repo.write("software-dev/expected-artifacts.yaml", "manifest_version: 2\nrequired_always: [spec.md]\n");
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qm", "one"]);
    repo.ok(&["remote", "add", "origin", "https://host.example/Acme/App.git"]);
    let url = format!("file://{}", world.path("server").display());
    repo.mission(&["sync", "enable", "--server", &url]).ok();
    repo
}

/// Type (and path), aggregate type, what follows the mission in the aggregate id, timestamp, payload; in the order in
/// which they are said.
fn expected() -> [(&'static str, &'static str, &'static str, &'static str, Value); 8] {
    let commit_time = "2026-01-01T00:02:00.000000+00:00";
    let namespace = json!({
        "project_uuid": PROJECT, "mission_slug": "one-01KQ47E8", "target_branch": "main",
        "mission_type": "software-dev", "manifest_version": "2",
    });
    let file = "---\ndependencies: [WP02]\n---\n# First\n";
    let hash = git_mission::id::sha256_hex(file.as_bytes());
    let snapshot = git_mission::id::sha256_hex(format!("tasks/WP01-a.md\t{hash}\n").as_bytes());
    let scoped = |more: Value| {
        let mut payload =
            json!({"mission_slug": "one-01KQ47E8", "mission_number": 64, "mission_type": "software-dev"});
        payload.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        payload
    };
    [
        (
            "MissionCreated",
            "Mission",
            "",
            CREATED,
            scoped(json!({
                "mission_id": ID, "target_branch": "main", "wp_count": 1, "friendly_name": "Größe",
                "purpose_tldr": "to log in", "purpose_context": "Größe", "created_at": CREATED,
            })),
        ),
        ("MissionClosed", "Mission", "", "2026-04-07T00:00:00+00:00", scoped(json!({}))),
        (
            "WPCreated",
            "WorkPackage",
            "/wp/WP01",
            CREATED,
            json!({
                "mission_slug": "one-01KQ47E8", "mission_number": 64, "wp_id": "WP01", "wp_title": "First",
                "wp_path": "kitty-specs/one/tasks/WP01-a.md", "depends_on": ["WP02"], "actor": "git-mission",
                "created_at": CREATED,
            }),
        ),
        (
            "WPStatusChanged",
            "WorkPackage",
            "/wp/WP01",
            "2026-04-06T06:01:00+00:00",
            json!({
                "mission_slug": "one-01KQ47E8", "wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed",
                "actor": {"role": "implementer"}, "force": false, "reason": null,
                "execution_mode": "worktree", "review_ref": null, "evidence": null,
            }),
        ),
        (
            "WPAssigned",
            "WorkPackage",
            "/wp/WP01",
            "2026-04-06T06:01:00+00:00",
            json!({"wp_id": "WP01", "agent_id": "implementer", "phase": "implementation", "retry_count": 0}),
        ),
        (
            "MissionDossierArtifactIndexedtasks/WP01-a.md",
            "MissionDossier",
            "/dossier",
            commit_time,
            json!({
                "namespace": namespace, "indexed_at": commit_time,
                "artifact_id": {
                    "mission_type": "software-dev", "path": "tasks/WP01-a.md", "artifact_class": "workflow",
                },
                "content_ref": {"hash": hash, "algorithm": "sha256", "size_bytes": file.len()},
            }),
        ),
        (
            "MissionDossierArtifactMissing",
            "MissionDossier",
            "/dossier",
            commit_time,
            json!({
                "namespace": namespace, "checked_at": commit_time, "manifest_step": "required_always",
                "expected_identity": {
                    "mission_type": "software-dev", "path": "spec.md", "artifact_class": "output",
                },
            }),
        ),
        (
            "MissionDossierSnapshotComputed",
            "MissionDossier",
            "/dossier",
            commit_time,
            json!({
                "namespace": namespace, "computed_at": commit_time, "snapshot_hash": snapshot,
                "artifact_count": 1, "anomaly_count": 1, "algorithm": "sha256",
            }),
        ),
    ]
}

#[test]
fn every_kind_of_event_has_exactly_this_shape() {
    each_git(|git| {
        let world = World::new(git);
        let repo = sample(&world);
        let expected = expected();
        let queued = queued(&repo);
        assert_eq!(queued.len(), expected.len(), "{:?}", queued.keys());
        for (clock, (name, aggregate_type, below, timestamp, payload)) in (1..).zip(expected) {
            let event = &queued[name];
            let text =
                |key: &str| event[key].as_str().unwrap_or_else(|| panic!("{key} of {event}")).to_owned();
            let envelope = json!({
                "event_id": text("event_id"), "event_type": name.trim_end_matches("tasks/WP01-a.md"),
                "aggregate_id": format!("mission/{ID}{below}"), "aggregate_type": aggregate_type,
                "schema_version": "3.0.0", "build_id": text("build_id"), "payload": payload,
                "node_id": text("node_id"), "lamport_clock": clock, "causation_id": null,
                "correlation_id": text("event_id"), "timestamp": timestamp, "team_slug": null,
                "project_uuid": PROJECT, "project_slug": "app", "git_branch": "main",
                "head_commit_sha": repo.head(), "repo_slug": "Acme/App", "data_tier": 0,
            });
            assert_eq!(*event, envelope, "{name}");
            let judged =
                repo.stdin(event.to_string()).mission(&["gate", "check", "--kind", "event", "--json"]);
            assert_eq!(judged.ok().json()["valid"], true, "{name}");
        }
        let own = queued["WPStatusChanged"]["event_id"].as_str();
        assert_eq!(own, Some("01KQ47E80QJG8GTVGDCV67R001"), "a row keeps its id");
        let derived = queued["MissionCreated"]["event_id"].as_str().expect("an id");
        assert_eq!((derived.len(), &derived[..10]), (26, "01KNGJNKXA"), "the time of the mission");
    });
}

#[test]
fn what_was_said_first_is_kept_through_queue_retry_and_replay() {
    let world = World::new(&any_git());
    let repo = sample(&world);
    let before = queued(&repo);
    repo.commit("other", "other\n");
    repo.mission(&["sync", "enqueue", "--all"]).ok();
    assert_eq!(queued(&repo), before);
    let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    database.execute("UPDATE queue SET status = 'failed', retry_count = 20", []).expect("an update");
    let retried = repo.mission(&["sync", "retry", "--json"]).ok().json();
    assert_eq!(retried["events"], before.len());
    assert_eq!(queued(&repo), before);
}
