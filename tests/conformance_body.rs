//! The body upload, from a commit through queue and flush to what a server stores, compared as a whole.

use serde_json::{Value, json};

use crate::support::{World, each_git};

const PROJECT: &str = "0b5c1d0e-8f1a-4a5e-9d53-0c5c9b1f2a10";

#[test]
fn a_body_has_exactly_this_shape() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin.git");
        let repo = world.clone(&origin, "repo");
        repo.mission(&["install"]).ok();
        let url = format!("file://{}", world.path("server").display());
        repo.mission(&["sync", "enable", "--server", &url]).ok();
        repo.write(".kittify/config.yaml", format!("project: {{uuid: '{PROJECT}'}}\n"));
        repo.write(
            "kitty-specs/one/meta.json",
            json!({
                "slug": "one", "mission_slug": "one-01KQ47E8", "friendly_name": "One",
                "mission_type": "software-dev", "target_branch": "release/2", "mission_number": null,
                "mission_id": "01KQ47E80QJG8GTVGDCV67RW7M", "created_at": "2026-04-06T05:01:28+00:00",
            })
            .to_string(),
        );
        let text = "# Größe \u{1f600}\r\n\"quoted\" \\ \u{7f}\n";
        repo.commit("kitty-specs/one/research/a.md", text);
        repo.ok(&["push", "-q", "origin", "HEAD:main"]);
        let hash = git_mission::id::sha256_hex(text.as_bytes());
        let directory = world.path("server/bodies").join(&hash);
        let stored: Vec<_> = std::fs::read_dir(&directory).expect("the body").collect();
        assert_eq!(stored.len(), 1);
        let path = stored[0].as_ref().expect("an entry").path();
        let body: Value = serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        let expected = json!({
            "project_uuid": PROJECT, "mission_slug": "one-01KQ47E8", "target_branch": "release/2",
            "mission_type": "software-dev", "manifest_version": "1", "artifact_path": "research/a.md",
            "content_hash": hash, "hash_algorithm": "sha256", "content_body": text,
        });
        assert_eq!(body, expected);
        let judged =
            repo.stdin(body.to_string()).mission(&["gate", "check", "--kind", "body_sync", "--json"]);
        assert_eq!(judged.ok().json()["valid"], true);
        // Its artifact was indexed before, under the same path and hash.
        let events = std::fs::read_to_string(world.path("server/events.jsonl")).expect("events");
        let indexed = events
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
            .find(|event| event["event_type"] == "MissionDossierArtifactIndexed")
            .expect("an index event");
        assert_eq!(indexed["payload"]["artifact_id"]["path"], expected["artifact_path"]);
        assert_eq!(indexed["payload"]["content_ref"]["hash"], expected["content_hash"]);
        for key in ["project_uuid", "mission_slug", "target_branch", "mission_type", "manifest_version"] {
            assert_eq!(indexed["payload"]["namespace"][key], expected[key], "{key}");
        }
    });
}
