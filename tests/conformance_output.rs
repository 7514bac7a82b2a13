//! What commands about the queue and the gate print with `--json`, built by the live path, compared as a whole.

use serde_json::{Value, json};

use crate::support::{Repo, World, each_git};

/// The types of a document instead of its values, so that a key that is gone, added or of another type shows.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("boolean"),
        Value::Number(_) => json!("number"),
        Value::String(_) => json!("string"),
        Value::Array(items) => Value::Array(items.first().map(shape).into_iter().collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, member)| (key.clone(), shape(member))).collect())
        }
    }
}

fn answer(repo: &Repo<'_>, args: &[&str]) -> Value {
    shape(&repo.mission(args).json())
}

#[test]
fn commands_print_exactly_these_shapes() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let meta = json!({
            "slug": "one", "mission_slug": "one", "friendly_name": "One", "mission_type": "software-dev",
            "target_branch": "main", "mission_number": null, "mission_id": "01KQ47E80QJG8GTVGDCV67RW7M",
            "created_at": "2026-04-06T05:01:28+00:00",
        });
        repo.write("kitty-specs/one/meta.json", meta.to_string());
        let url = format!("file://{}", world.path("server").display());
        repo.mission(&["sync", "enable", "--server", &url]).ok();
        repo.commit("kitty-specs/one/spec.md", "# One\n");
        let string = "string";
        let outcome = json!({
            "artifact_path": string, "status": string, "reason": string, "content_hash": "null",
            "mission": string, "index_event_id": "null",
        });
        let event = json!({"event_id": string, "event_type": string, "status": string, "reason": string});
        assert_eq!(
            answer(&repo, &["sync", "enqueue", "--json"]),
            json!({"outcomes": [outcome], "events": [event], "superseded": "number"})
        );
        assert_eq!(
            answer(&repo, &["sync", "status", "--json"]),
            json!({
                "enabled": "boolean", "server": string, "logged_in": "boolean",
                "events": {
                    "pending": "number", "failed": "number", "oldest_age_seconds": "number",
                    "retry_distribution": {"0": "number"},
                    "top_event_types": [{"event_type": string, "count": "number"}],
                },
                "bodies": {
                    "total": "number", "ready": "number", "backoff": "number", "max_retry_count": "number",
                    "retry_histogram": {"0": "number"}, "oldest_created_at": string,
                },
                "failures": "number",
            })
        );
        let diagnosed = json!({
            "event_id": string, "event_type": string, "valid": "boolean", "errors": [], "queued": "boolean",
            "place": "null",
        });
        assert_eq!(answer(&repo, &["sync", "diagnose", "--json"]), json!({"events": [diagnosed]}));
        let origin = world.bare("origin.git");
        repo.ok(&["remote", "add", "origin", &origin.path().to_string_lossy()]);
        repo.ok(&["push", "-q", "origin", "main"]);
        let result = json!({"event_id": string, "status": string, "error": "null", "error_category": "null"});
        assert_eq!(
            answer(&repo, &["sync", "flush", "--json"]),
            json!({
                "synced": "number", "duplicates": "number", "rejected": "number", "pending": "number",
                "bodies": {
                    "uploaded": "number", "already_exists": "number", "kept": "number", "failed": "number",
                },
                "results": [result],
            })
        );
    });
}

#[test]
fn the_gate_judges_every_kind() {
    let git = crate::support::any_git();
    let world = World::new(&git);
    let repo = world.init("repo");
    let envelope = json!({
        "event_id": "01KQ47E80QJG8GTVGDCV67RW7M", "event_type": "BuildRegistered", "aggregate_id": "build/1",
        "aggregate_type": "Build", "schema_version": "3.0.0", "build_id": "b", "payload": {}, "node_id": "n",
        "lamport_clock": 0, "causation_id": null, "correlation_id": "01KQ47E80QJG8GTVGDCV67RW7M",
        "timestamp": "2026-04-06T05:01:28+00:00", "team_slug": null, "project_uuid": "p", "project_slug": null,
        "git_branch": "main", "head_commit_sha": "0123", "repo_slug": null, "data_tier": 0,
    });
    let identity = json!({"uuid": "u", "slug": "s", "node_id": "n", "repo_slug": null, "build_id": "b"});
    let kinds = [
        ("event", envelope.clone(), "aggregate_type"),
        ("envelope", envelope, "build_id"),
        ("payload", json!({"mission_slug": "s", "mission_number": 1, "mission_type": "t"}), "mission_slug"),
        (
            "body_sync",
            json!({
                "project_uuid": "p", "mission_slug": "m", "target_branch": "main", "mission_type": "t",
                "manifest_version": "1", "artifact_path": "spec.md", "content_hash": "h",
                "hash_algorithm": "sha256", "content_body": "x",
            }),
            "manifest_version",
        ),
        ("tracker_bind", identity, "build_id"),
        (
            "orchestrator_api",
            json!({
                "contract_version": "1", "command": "mission-state", "timestamp": "t", "correlation_id": "c",
                "success": true, "error_code": null, "data": {},
            }),
            "command",
        ),
    ];
    for (kind, good, required) in kinds {
        let check = |payload: &Value| {
            repo.stdin(payload.to_string()).mission(&["gate", "check", "--kind", kind, "--json", "-"])
        };
        let valid = json!({"valid": true, "context": null, "field": null, "reason": null});
        assert_eq!(check(&good).ok().json(), valid, "{kind}");
        let mut bad = good.clone();
        bad.as_object_mut().expect("an object").remove(required);
        let refused = check(&bad).exits(1).json();
        assert_eq!((&refused["valid"], &refused["field"]), (&json!(false), &json!(required)), "{kind}");
        assert_eq!(refused["reason"], "required, but absent", "{kind}");
        let mut old = good;
        old["nested"] = json!([{"feature_slug": "x"}]);
        let refused = check(&old).exits(1).json();
        assert_eq!(refused["field"], "nested[0].feature_slug", "{kind}");
        assert_eq!(refused["context"], kind, "{kind}");
    }
}
