//! `git mission doctor`: every code is found, what can be mended is mended, and exit codes say what is left.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::corpus;
use crate::support::{Repo, World, each_git};

const ID: &str = "01KQ47E80QJG8GTVGDCV67RW7M";
const NEAR: &str = "01KQ47E80QJG8GTVGDCV67RW7N";

/// A canonical `meta.json` that nothing is wrong with in a directory called `slug`.
fn meta(slug: &str, id: &str, number: &str) -> String {
    format!(
        "{{\n  \"created_at\": \"2026-01-01T00:00:00+00:00\",\n  \"friendly_name\": \"A\",\n  \"mission_id\": \"{id}\",\n  \
         \"mission_number\": {number},\n  \"mission_slug\": \"{slug}\",\n  \"mission_type\": \"software-dev\",\n  \
         \"slug\": \"{slug}\",\n  \"target_branch\": \"main\"\n}}\n"
    )
}

fn put(repo: &Repo<'_>, dir: &str, text: &str) {
    repo.write(&format!("kitty-specs/{dir}/meta.json"), text);
}

fn commit(repo: &Repo<'_>) {
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-q", "--no-verify", "-m", "one"]);
}

fn findings(document: &Value) -> BTreeSet<(String, String)> {
    document["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            let keys: Vec<&String> = finding.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["code", "fix", "message", "mission_id", "path", "severity"]);
            let path = finding["path"].as_str().unwrap_or_default().to_owned();
            (path.replace("kitty-specs/", ""), finding["code"].as_str().expect("a code").to_owned())
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    expected.iter().map(|(path, code)| ((*path).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn a_repository_in_order_has_no_findings() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        put(&repo, "a", &meta("a", ID, "1"));
        commit(&repo);
        let output = repo.mission(&["doctor", "--json"]).ok();
        assert_eq!(
            output.json(),
            serde_json::json!({"findings": [], "summary": {"missions": 1, "errors": 0, "warnings": 0}})
        );
        assert_eq!(repo.mission(&["doctor"]).ok().stdout, "1 missions, 0 errors, 0 warnings\n");
    });
}

#[test]
fn every_code_about_missions_and_logs_is_found() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        put(&repo, "a", &meta("a", ID, "1"));
        put(&repo, "b", &meta("b", NEAR, "\"01\""));
        put(&repo, "c", &meta("a", "01KQ0000000000000000000000", "null"));
        put(&repo, "d", &meta("d", "01KQ0000000000000000000000", "\"TBD\""));
        put(&repo, "e", &meta("e", "x", "2"));
        put(&repo, "f", "{\"slug\": \"f\", \"mission\": \"research\"}");
        put(&repo, "g", "{\"a\": 1,\n\"a\": 2}");
        put(&repo, "h", "{\n<<<<<<< ours\n}");
        put(&repo, "i", "");
        repo.write("kitty-specs/j/spec.md", "# J\n");
        repo.write("kitty-specs/k/meta.json/file", "");
        repo.write("kitty-specs/notes/README.md", "");
        put(&repo, "001-l", &meta("001-l", "01KR0000000000000000000000", "3"));
        put(&repo, "001-m", &meta("001-m", "01KS0000000000000000000000", "4"));
        repo.write(
            "kitty-specs/a/status.events.jsonl",
            "{\"at\": \"2\", \"event_id\": \"x\"}\n{\"at\": \"1\", \"event_id\": \"x\"}\n{\"at\": \"3\"}\nnot\n",
        );
        commit(&repo);
        let bare = world.bare("bare.git");
        repo.ok(&["push", "-q", &bare.path().to_string_lossy(), "main"]);
        let expected = pairs(&[
            ("a/meta.json", "NUMBER_DUPLICATE"),
            ("a/meta.json", "MID8_AMBIGUOUS"),
            ("a/meta.json", "SLUG_DUPLICATE"),
            ("a/status.events.jsonl", "EVENT_ID_DUPLICATE"),
            ("a/status.events.jsonl", "EVENT_ID_MISSING"),
            ("a/status.events.jsonl", "EVENT_LOG_UNSORTED"),
            ("a/status.events.jsonl", "JSON_INVALID"),
            ("b/meta.json", "NUMBER_DUPLICATE"),
            ("b/meta.json", "MID8_AMBIGUOUS"),
            ("c/meta.json", "MISSION_ID_DUPLICATE"),
            ("c/meta.json", "NUMBER_UNSETTLED"),
            ("c/meta.json", "SLUG_DUPLICATE"),
            ("c/meta.json", "SLUG_MISMATCH"),
            ("d/meta.json", "MISSION_ID_DUPLICATE"),
            ("d/meta.json", "NUMBER_INVALID"),
            ("e/meta.json", "MISSION_ID_INVALID"),
            ("f/meta.json", "KEY_MISSING"),
            ("f/meta.json", "LEGACY_KEY"),
            ("f/meta.json", "MISSION_ID_MISSING"),
            ("f/meta.json", "NOT_CANONICAL"),
            ("f/meta.json", "NUMBER_UNSETTLED"),
            ("g/meta.json", "JSON_DUPLICATE_KEY"),
            ("h/meta.json", "CONFLICT_MARKERS"),
            ("i/meta.json", "JSON_INVALID"),
            ("j", "META_MISSING"),
            ("k/meta.json", "META_NOT_REGULAR"),
            ("001-l/meta.json", "PREFIX_DUPLICATE"),
            ("001-m/meta.json", "PREFIX_DUPLICATE"),
        ]);
        for (repo, revision) in [(&repo, "HEAD"), (&bare, "main")] {
            let output = repo.mission(&["doctor", "--rev", revision, "--json"]).exits(1).json();
            assert_eq!(findings(&output), expected);
            assert_eq!(output["summary"], serde_json::json!({"missions": 12, "errors": 14, "warnings": 7}));
            let place = |code: &str| {
                let found =
                    output["findings"].as_array().expect("findings").iter().find(|f| f["code"] == code);
                found.expect("found")["message"].as_str().expect("a message").to_owned()
            };
            assert!(place("JSON_DUPLICATE_KEY").starts_with("kitty-specs/g/meta.json:2:1: "));
            assert!(place("CONFLICT_MARKERS").starts_with("kitty-specs/h/meta.json:2:1: "));
        }
        // In the checkout also what is installed.
        let output = repo.mission(&["doctor", "--json"]).exits(1).json();
        let installation: BTreeSet<_> = findings(&output).difference(&expected).cloned().collect();
        assert_eq!(
            installation,
            pairs(&[("", "HOOK_MISSING"), ("", "DRIVER_MISSING"), ("", "ATTRIBUTE_MISSING")])
        );
        bare.mission(&["doctor"]).exits(3);
        bare.mission(&["doctor", "--rev", "no"]).exits(2);
    });
}

#[test]
fn the_checkout_is_judged_as_it_lies_there() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        put(&repo, "a", &meta("a", ID, "1"));
        put(&repo, "b", &meta("b", "01KR0000000000000000000000", "2"));
        repo.write("kitty-specs/b/spec.md", "# B\n");
        commit(&repo);
        // Edited, removed, new, and an id that changed.
        put(&repo, "a", &meta("a", "01KS0000000000000000000000", "1"));
        std::fs::remove_file(repo.at("kitty-specs/b/meta.json")).expect("removed");
        put(&repo, "c", "{}\n");
        let output = repo.mission(&["doctor", "--json"]).exits(1).json();
        let expected = [
            ("a/meta.json", "MISSION_ID_CHANGED"),
            ("b", "META_MISSING"),
            ("c/meta.json", "KEY_MISSING"),
            ("c/meta.json", "MISSION_ID_MISSING"),
            ("c/meta.json", "NUMBER_UNSETTLED"),
        ];
        assert_eq!(findings(&output), pairs(&expected));
        let new =
            output["findings"].as_array().expect("findings").iter().find(|f| f["code"] == "KEY_MISSING");
        assert_eq!(new.expect("found")["severity"], "error");
        // A file that a sparse checkout hides is no file that is missing.
        repo.ok(&["checkout", "-q", "--", "."]);
        repo.ok(&["clean", "-fdq"]);
        repo.ok(&["sparse-checkout", "set", "--no-cone", "/kitty-specs/a/"]);
        repo.mission(&["doctor"]).ok();
        // Nor are line ends a fault.
        repo.ok(&["sparse-checkout", "disable"]);
        repo.ok(&["config", "core.autocrlf", "true"]);
        put(&repo, "a", &meta("a", ID, "1").replace('\n', "\r\n"));
        repo.mission(&["doctor"]).ok();
    });
}

#[test]
fn fail_on_makes_any_code_count() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        put(&repo, "a", &meta("b", ID, "1"));
        commit(&repo);
        repo.mission(&["doctor", "--rev", "HEAD"]).ok();
        repo.mission(&["doctor", "--rev", "HEAD", "--fail-on", "NUMBER_UNSETTLED,SLUG_MISMATCH"]).exits(1);
        repo.mission(&["doctor", "--rev", "HEAD", "--fail-on", "NUMBER_UNSETTLED"]).ok();
        repo.mission(&["doctor", "--rev", "HEAD", "--fail-on", "NONSENSE"]).exits(2);
        repo.mission(&["doctor", "--rev", "HEAD", "--fix"]).exits(2);
    });
}

#[test]
fn fix_mends_what_needs_no_decision() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        put(&repo, "001-a", "{\"mission\": \"x\", \"slug\": \"a\", \"feature_number\": \"001\"}");
        put(&repo, "b", &meta("b", ID, "null"));
        put(&repo, "c", "{\"a\": 1, \"a\": 2}");
        let log = "{\"at\": \"2\",  \"event_id\": \"b\"}\n{\"at\": \"1\", \"event_id\": \"a\"}\n";
        repo.write("kitty-specs/b/status.events.jsonl", log);
        commit(&repo);
        let output = repo.mission(&["doctor", "--fix", "--json"]).exits(1).json();
        let expected = [("001-a/meta.json", "KEY_MISSING"), ("c/meta.json", "JSON_DUPLICATE_KEY")];
        assert_eq!(findings(&output), pairs(&expected));
        assert_eq!(repo.read("kitty-specs/c/meta.json"), "{\"a\": 1, \"a\": 2}");
        assert_eq!(
            repo.read("kitty-specs/b/status.events.jsonl"),
            "{\"at\": \"1\", \"event_id\": \"a\"}\n{\"at\": \"2\",  \"event_id\": \"b\"}\n"
        );
        assert!(repo.read("kitty-specs/b/meta.json").contains("\"mission_number\": 2"));
        assert!(repo.at(".git/hooks/pre-commit").exists());
        // All of it is staged, nothing is committed, and doing it again changes nothing.
        let status = repo.status();
        assert!(status.lines().all(|line| line.starts_with("M  ")), "{status}");
        repo.mission(&["doctor", "--fix"]).exits(1);
        assert_eq!(repo.status(), status);
        // What is edited stays.
        repo.ok(&["commit", "-q", "-m", "fixed"]);
        let worse = format!("{}{log}", repo.read("kitty-specs/b/status.events.jsonl"));
        repo.write("kitty-specs/b/status.events.jsonl", &worse);
        let output = repo.mission(&["doctor", "--fix", "--json"]).exits(1);
        assert!(output.stderr.contains("has unstaged edits"), "{output}");
        assert_eq!(repo.read("kitty-specs/b/status.events.jsonl"), worse);
    });
}

#[test]
fn installation_and_queue_are_examined() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        let codes = |repo: &Repo<'_>| -> Vec<String> {
            findings(&repo.mission(&["doctor", "--json"]).json()).into_iter().map(|(_, code)| code).collect()
        };
        assert_eq!(codes(&repo), [""; 0]);
        std::fs::remove_file(repo.at(".git/hooks/pre-push")).expect("removed");
        repo.hook("post-merge", "#!/bin/sh\necho foreign\n");
        repo.ok(&["config", "merge.mission-meta.driver", "/nowhere %A"]);
        std::fs::write(repo.at(".git/info/attributes"), "").expect("written");
        assert_eq!(codes(&repo), ["ATTRIBUTE_MISSING", "DRIVER_BROKEN", "HOOK_FOREIGN", "HOOK_MISSING"]);
        repo.mission(&["doctor", "--fix"]).ok();
        assert_eq!(codes(&repo), [""; 0]);
        repo.write(
            ".git/mission/queue.db",
            "this is no database, and it is long enough to be looked at as one",
        );
        assert_eq!(codes(&repo), ["QUEUE_CORRUPT"]);
        assert!(repo.read(".git/mission/queue.db").starts_with("this is no database"));
    });
}

#[test]
fn real_trees_can_be_examined() {
    let Some(root) = corpus::root() else { return };
    each_git(|git| {
        for tree in corpus::trees(&root) {
            let world = World::new(git);
            let repo = world.init("repo");
            corpus::commit_tree(&repo, &root, &tree);
            let before = repo.mission(&["doctor", "--rev", "HEAD", "--json"]).exits(1).json();
            repo.mission(&["migrate", "--stage"]);
            commit(&repo);
            let after = repo.mission(&["doctor", "--rev", "HEAD", "--json"]).json();
            assert_eq!(before["summary"]["missions"], after["summary"]["missions"]);
            for code in ["LEGACY_KEY", "NOT_CANONICAL", "MISSION_ID_MISSING", "MISSION_ID_DUPLICATE"] {
                assert!(!findings(&after).iter().any(|(_, found)| found == code), "{tree}: {code}");
            }
        }
    });
}
