//! `git mission migrate`: every id by the recipe, no value changed, nothing lost, a second run changes nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::corpus;
use crate::support::{Repo, World, each_git};

const LEGACY: &str = r#"{"mission":"research","feature_number":"007","feature_slug":"007-old","slug":"old","friendly_name":"Öld","created_at":"2025-11-16T15:23:25Z","target_branch":"main","size":1.10,"big":12345678901234567890123}"#;
const LOG: &str = "\n{\"at\": \"2025-11-17T00:00:00Z\", \"event_id\": \"01KA9000000000000000000000\"}\n";
/// Of [`LEGACY`] with [`LOG`] in `kitty-specs/007-old`, computed with Python and by the incumbent.
const LEGACY_ID: &str = "3WXSAMRGG5SZ0JPW14SQ1HP175";

fn metas(repo: &Repo<'_>, revision: &str) -> BTreeMap<String, Value> {
    let paths = repo.ok(&["ls-tree", "-r", "-z", "--name-only", revision, "kitty-specs"]).stdout;
    paths
        .split_terminator('\0')
        .filter(|path| path.ends_with("/meta.json"))
        .map(|path| {
            let text = repo.show(&format!("{revision}:{path}"));
            (path.to_owned(), serde_json::from_str(text.trim_start_matches('\u{feff}')).expect("JSON"))
        })
        .collect()
}

/// What the migration of `before` must be, whatever the id.
fn renamed(mut before: Value) -> Value {
    let members = before.as_object_mut().expect("an object");
    for (old, new) in
        [("feature_number", "mission_number"), ("feature_slug", "mission_slug"), ("mission", "mission_type")]
    {
        if let Some(value) = members.remove(old) {
            members.entry(new).or_insert(value);
        }
    }
    before
}

#[test]
fn every_id_of_the_corpus_is_minted_and_no_value_changes() {
    let Some(root) = corpus::root() else { return };
    let expected = std::fs::read_to_string(root.join("expected-ids.tsv")).expect("the expected ids");
    let mut checked = 0;
    each_git(|git| {
        for tree in corpus::trees(&root) {
            let world = World::new(git);
            let repo = world.init("repo");
            corpus::commit_tree(&repo, &root, &tree);
            let before = metas(&repo, "HEAD");
            let clones = [world.clone(&repo, "one"), world.clone(&repo, "two")];
            for clone in &clones {
                let told = clone.mission(&["migrate", "--rev", "HEAD", "--json"]);
                let done = clone.mission(&["migrate", "--stage", "--json"]);
                assert_eq!(told.json(), done.json(), "{tree}");
                clone.ok(&["commit", "-q", "-m", "migrated", "--allow-empty"]);
                assert_eq!(clone.status(), "", "{tree}");
                let again = clone.mission(&["migrate", "--json"]).json();
                assert_eq!(again["changed"], serde_json::json!([]), "{tree}");
                assert_eq!(again["failed"], done.json()["failed"], "{tree}");
            }
            assert_eq!(clones[0].rev("HEAD^{tree}"), clones[1].rev("HEAD^{tree}"), "{tree}");
            let after = metas(&clones[0], "HEAD");
            for (path, before) in &before {
                let (mut wanted, after) = (renamed(before.clone()), &after[path]);
                if before.get("mission_id").is_none_or(|id| id.as_str().unwrap_or_default().is_empty()) {
                    wanted["mission_id"] = after["mission_id"].clone();
                }
                assert_eq!(&wanted, after, "{tree}/{path}");
            }
            for line in expected.lines().filter_map(|line| line.strip_prefix(&format!("{tree}\t"))) {
                let (path, id) = line.split_once('\t').expect("path and id");
                assert_eq!(after[&format!("{path}/meta.json")]["mission_id"], id, "{tree}/{path}");
            }
        }
    });
    checked += expected.lines().count() - 1;
    assert!(checked >= 93, "{checked} ids");
}

#[test]
fn ids_are_pinned() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.write("kitty-specs/007-old/meta.json", LEGACY);
        repo.commit("kitty-specs/007-old/status.events.jsonl", LOG);
        let output = repo.mission(&["migrate", "--json"]).ok().json();
        assert_eq!(
            output,
            serde_json::json!({
                "changed": [{
                    "path": "kitty-specs/007-old",
                    "minted": LEGACY_ID,
                    "renamed": [["feature_number", "mission_number"], ["feature_slug", "mission_slug"], ["mission", "mission_type"]],
                }],
                "unchanged": 0,
                "failed": [],
            })
        );
        assert_eq!(
            repo.read("kitty-specs/007-old/meta.json"),
            format!(
                concat!(
                    "{{\n  \"big\": 12345678901234567890123,\n  \"created_at\": \"2025-11-16T15:23:25Z\",\n",
                    "  \"friendly_name\": \"Öld\",\n  \"mission_id\": \"{}\",\n  \"mission_number\": \"007\",\n",
                    "  \"mission_slug\": \"007-old\",\n  \"mission_type\": \"research\",\n  \"size\": 1.10,\n",
                    "  \"slug\": \"old\",\n  \"target_branch\": \"main\"\n}}\n"
                ),
                LEGACY_ID
            )
        );
        let again = repo.mission(&["migrate", "--json"]).ok().json();
        assert_eq!(again["changed"], serde_json::json!([]));
        assert_eq!(repo.status(), " M kitty-specs/007-old/meta.json\n");
        repo.mission(&["migrate", "--stage"]).ok();
        assert_eq!(repo.status(), "M  kitty-specs/007-old/meta.json\n");
    });
}

#[test]
fn the_version_in_head_gives_the_id_and_unstaged_edits_are_refused_by_name() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.write("kitty-specs/007-old/status.events.jsonl", LOG);
        repo.write("kitty-specs/008-broken/meta.json", "{\"a\": 1,\n  \"a\": 2}");
        repo.write("kitty-specs/009-other/meta.json", r#"{"slug": "other"}"#);
        repo.commit("kitty-specs/007-old/meta.json", LEGACY);
        // Staged: another name for people. Not staged, in another file: an edit.
        let edited = LEGACY.replace("Öld", "New");
        repo.write("kitty-specs/007-old/meta.json", &edited);
        repo.ok(&["add", "-A"]);
        repo.write("kitty-specs/009-other/meta.json", r#"{"slug": "mine"}"#);
        let output = repo.mission(&["migrate", "--json"]).exits(1).json();
        assert_eq!(output["changed"][0]["minted"], LEGACY_ID);
        assert_eq!(output["changed"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            output["failed"],
            serde_json::json!([
                {"path": "kitty-specs/008-broken", "error": "kitty-specs/008-broken/meta.json:2:3: the key \"a\" stands twice in one object"},
                {"path": "kitty-specs/009-other", "error": "kitty-specs/009-other/meta.json: has unstaged edits; stage or undo them first"},
            ])
        );
        assert_eq!(repo.read("kitty-specs/008-broken/meta.json"), "{\"a\": 1,\n  \"a\": 2}");
        assert_eq!(repo.read("kitty-specs/009-other/meta.json"), r#"{"slug": "mine"}"#);
        assert!(repo.read("kitty-specs/007-old/meta.json").contains("New"));
    });
}

#[test]
fn an_id_is_never_given_twice_and_never_forgotten() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        // Two old directories that say the same, and one whose id was taken out after it was committed.
        repo.write("kitty-specs/a/meta.json", r#"{"slug": "x", "mission_slug": "x"}"#);
        repo.write("kitty-specs/b/meta.json", r#"{"slug": "x", "mission_slug": "x"}"#);
        let id = "01KQ47E80QJG8GTVGDCV67RW7M";
        repo.commit("kitty-specs/c/meta.json", format!("{{\"mission_id\": \"{id}\"}}"));
        repo.write("kitty-specs/c/meta.json", "{\"mission_id\": \"\"}");
        repo.ok(&["add", "-A"]);
        let changed = repo.mission(&["migrate", "--stage", "--json"]).ok().json()["changed"].clone();
        assert_ne!(changed[0]["minted"], changed[1]["minted"]);
        assert_eq!(changed[2]["minted"], id);
        let clone = world.clone(&repo, "clone");
        let other = clone.mission(&["migrate", "--json"]).json()["changed"].clone();
        assert_eq!(other[0]["minted"], changed[0]["minted"]);
        assert_eq!(other[1]["minted"], changed[1]["minted"]);
    });
}

#[test]
fn line_endings_modes_and_links_are_respected() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.commit("kitty-specs/a/meta.json", "{\"slug\": \"a\",\n\"x\": 1}\n");
        repo.ok(&["config", "core.autocrlf", "true"]);
        std::fs::remove_file(repo.at("kitty-specs/a/meta.json")).expect("removed");
        repo.ok(&["checkout", "-q", "--", "."]);
        assert!(repo.read("kitty-specs/a/meta.json").contains("\r\n"));
        repo.mission(&["migrate"]).ok();
        let text = repo.read("kitty-specs/a/meta.json");
        assert_eq!(text.matches("\r\n").count(), text.matches('\n').count(), "{text:?}");
        assert_eq!(repo.mission(&["migrate", "--json"]).ok().json()["unchanged"], 1);
        repo.mission(&["migrate", "--stage"]).ok();
        assert_eq!(repo.status(), "M  kitty-specs/a/meta.json\n");
        assert!(!repo.show(":kitty-specs/a/meta.json").contains('\r'));
        repo.ok(&["commit", "-q", "-m", "migrated"]);

        #[cfg(unix)]
        {
            use std::os::unix::fs::{PermissionsExt as _, symlink};
            repo.write("elsewhere", "{}");
            std::fs::create_dir(repo.at("kitty-specs/link")).expect("a directory");
            symlink("../../elsewhere", repo.at("kitty-specs/link/meta.json")).expect("a link");
            repo.commit("kitty-specs/b/meta.json", "{}");
            repo.chmod("kitty-specs/b/meta.json", 0o640);
            let output = repo.mission(&["migrate", "--json"]).exits(1).json();
            assert_eq!(output["failed"][0]["path"], "kitty-specs/link");
            assert_eq!(repo.read("elsewhere"), "{}");
            let mode = repo.at("kitty-specs/b/meta.json").metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
    });
}

#[test]
fn a_bare_repository_is_told_about() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.commit("kitty-specs/007-old/meta.json", LEGACY);
        let bare = world.bare("bare.git");
        repo.ok(&["push", "-q", &bare.path().to_string_lossy(), "main"]);
        bare.mission(&["migrate"]).exits(3);
        let told = bare.mission(&["migrate", "--rev", "main", "--json"]).ok().json();
        assert_eq!(told["changed"][0]["path"], "kitty-specs/007-old");
        bare.mission(&["migrate", "--rev", "nothing"]).exits(2);
    });
}

#[test]
fn what_a_killed_run_left_is_swept_up() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.commit("kitty-specs/a/meta.json", LEGACY);
        repo.write("kitty-specs/a/.meta.json.new", "half");
        repo.mission(&["migrate", "--stage"]).ok();
        assert_eq!(repo.status(), "M  kitty-specs/a/meta.json\n");
        // Files that only the index or only the work tree has.
        repo.ok(&["commit", "-q", "-m", "migrated"]);
        repo.write("kitty-specs/new/meta.json", LEGACY);
        let output = repo.mission(&["migrate", "--json"]).ok().json();
        assert_eq!(output["changed"][0]["path"], "kitty-specs/new");
        assert_eq!(repo.status(), "?? kitty-specs/new/\n");
        std::fs::remove_file(repo.at("kitty-specs/a/meta.json")).expect("removed");
        repo.mission(&["migrate", "--json"]).ok();
    });
}
