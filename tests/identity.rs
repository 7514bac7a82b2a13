//! Who speaks: one project id for all clones, one build id for each checkout.

use crate::support::{Repo, World, each_git};

const YAML: &str = "# ours\nproject:\n  uuid: 0b5c1d0e-8f1a-4a5e-9d53-0c5c9b1f2a10 # the project\nbuild:\n  id: first # this checkout\nother: [1, 2]   # stays\n";

/// Makes the checkout speak, and returns what it then calls itself.
fn speaks(repo: &Repo<'_>) -> serde_json::Value {
    let server = format!("file://{}", repo.world().path("server").display());
    repo.mission(&["sync", "enable", "--server", &server]).ok();
    named(repo)
}

fn named(repo: &Repo<'_>) -> serde_json::Value {
    repo.mission(&["status", "--json"]).ok().json()["identity"].clone()
}

fn codes(repo: &Repo<'_>) -> String {
    let output = repo.mission(&["doctor", "--json"]).json();
    let all = output["findings"].as_array().expect("findings").clone();
    all.iter().filter_map(|finding| finding["code"].as_str()).filter(|c| c.starts_with("BUILD")).collect()
}

#[test]
fn every_checkout_has_a_build_id_of_its_own_and_all_clones_one_project() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("Some_Tool.git");
        let one = world.clone(&origin, "one");
        one.commit("a", "a\n");
        one.ok(&["push", "-q", "origin", "HEAD"]);
        let two = world.clone(&origin, "two");
        one.ok(&["worktree", "add", "-q", "../linked"]);
        let linked = world.directory("linked");
        assert_eq!(named(&one)["build_id"], serde_json::Value::Null, "nobody spoke yet");
        let names: Vec<_> = [&one, &two, &linked].map(speaks).to_vec();
        for name in &names {
            assert_eq!(name["project_uuid"], names[0]["project_uuid"]);
            assert_eq!(name["node_id"], names[0]["node_id"]);
            assert_eq!(name["project_slug"], "some-tool");
            assert_eq!(name["repo_slug"], serde_json::Value::Null);
            assert_eq!(name["build_id"].as_str().expect("an id").len(), 36);
        }
        assert_ne!(names[0]["build_id"], names[1]["build_id"]);
        assert_ne!(names[0]["build_id"], names[2]["build_id"]);
        assert_eq!(speaks(&one), names[0]);
        one.ok(&["config", "remote.origin.url", "git@example.com:acme/tool.git"]);
        assert_eq!(named(&one)["repo_slug"], "acme/tool");

        // A shallow clone does not know the root commit that the project is named after.
        one.ok(&["config", "remote.origin.url", &origin.path().to_string_lossy()]);
        one.commit("b", "b\n");
        one.ok(&["push", "-q", "origin", "HEAD"]);
        let from = format!("file://{}", origin.path().display());
        world.directory("").ok(&["clone", "-q", "--depth", "1", &from, "shallow"]);
        let shallow = world.directory("shallow");
        assert!(shallow.at(".git/shallow").exists());
        assert_eq!(named(&shallow)["project_uuid"], serde_json::Value::Null);
    });
}

#[test]
fn a_copied_checkout_gets_another_and_a_moved_one_keeps_its_own() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.commit("a", "a\n");
        repo.write(".kittify/config.yaml", YAML);
        assert_eq!(speaks(&repo)["build_id"], "first", "the untracked file says so");
        assert_eq!(repo.read(".kittify/config.yaml"), YAML);
        std::fs::rename(repo.path(), world.path("moved")).expect("moved");
        let moved = world.directory("moved");
        assert_eq!(speaks(&moved)["build_id"], "first");
        moved.run("cp", &["-a", ".", "../copied"]).ok();
        let copied = world.directory("copied");
        assert_eq!(codes(&copied), "BUILD_ID_SHARED");
        let id = speaks(&copied)["build_id"].as_str().expect("an id").to_owned();
        assert_ne!(id, "first");
        // The copied file gets the new id, and keeps everything else.
        assert_eq!(copied.read(".kittify/config.yaml"), YAML.replace("first", &id));
        assert_eq!((codes(&copied), speaks(&moved)["build_id"].as_str()), (String::new(), Some("first")));
    });
}

#[test]
fn a_tracked_file_names_no_checkout_and_is_not_written() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.commit(".kittify/config.yaml", YAML);
        let name = speaks(&repo);
        assert_ne!(name["build_id"], "first");
        assert_eq!(name["project_uuid"], "0b5c1d0e-8f1a-4a5e-9d53-0c5c9b1f2a10");
        assert_eq!((repo.status(), codes(&repo).as_str()), (String::new(), "BUILD_ID_SHARED"));
    });
}
