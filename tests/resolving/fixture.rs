//! Two clones that each made a mission in one directory, and what a tree holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Repo, World};

/// The directory that both make.
pub(super) const DIR: &str = "kitty-specs/login-page-01KQ47E8";
/// The ids: made in the same second, so they begin alike. Ada's is the smaller one.
pub(super) const ADA: &str = "01KQ47E80QJG8GTVGDCV67RW7M";
pub(super) const BEN: &str = "01KQ47E813H1SXCE1ZFM3NCGRW";
/// Where Ben's, and Ada's, goes if it has to move: the first eight characters of the id are taken.
pub(super) const BEN_MOVED: &str = "kitty-specs/login-page-01KQ47E81";
pub(super) const ADA_MOVED: &str = "kitty-specs/login-page-01KQ47E80";

/// Path and mode and content.
pub(super) type Tree = BTreeMap<String, (String, String)>;

/// Everything below `kitty-specs` of a commit, `:` for the index.
pub(super) fn tree(repo: &Repo<'_>, treeish: &str) -> Tree {
    let listing = if treeish == ":" {
        repo.ok(&["ls-files", "-s", "kitty-specs"]).stdout
    } else {
        repo.ok(&["ls-tree", "-r", treeish, "kitty-specs"]).stdout
    };
    let mut tree = Tree::new();
    for line in listing.lines() {
        let (head, path) = line.split_once('\t').expect("a tab");
        let words: Vec<&str> = head.split(' ').collect();
        let oid = if treeish == ":" { words[1] } else { words[2] };
        assert!(treeish != ":" || words[2] == "0", "unmerged: {line}");
        tree.insert(path.to_owned(), (words[0].to_owned(), oid.to_owned()));
    }
    tree
}

/// The files of one directory of a tree, by their names in it.
pub(super) fn inside(tree: &Tree, dir: &str) -> Tree {
    let prefix = format!("{dir}/");
    tree.iter()
        .filter_map(|(path, file)| Some((path.strip_prefix(&prefix)?.to_owned(), file.clone())))
        .collect()
}

pub(super) fn meta(dir: &str, id: &str, more: &[(&str, Value)]) -> String {
    let name = dir.trim_start_matches("kitty-specs/");
    let mut meta = json!({
        "created_at": "2026-04-06T05:01:28.874035+00:00",
        "friendly_name": "Login page",
        "mission_id": id,
        "mission_number": null,
        "mission_slug": name,
        "mission_type": "software-dev",
        "slug": "login-page",
        "target_branch": "main",
    });
    for (key, value) in more {
        meta[*key] = value.clone();
    }
    serde_json::to_string_pretty(&meta).expect("JSON") + "\n"
}

pub(super) fn row(second: u32, who: &str) -> String {
    format!(
        "{{\"actor\": \"{who}\", \"at\": \"2026-04-06T05:02:{second:02}+00:00\", \
         \"event_id\": \"01KQ47FGW0{}{second:010}\", \"from_lane\": \"planned\", \"to_lane\": \"claimed\", \
         \"wp_id\": \"WP01\"}}\n",
        who[..3].to_uppercase().replace('I', "1") + "000"
    )
}

/// Makes a mission with all that belongs to one: some files that the other has too, and some that it has not.
pub(super) fn furnish(repo: &Repo<'_>, dir: &str, id: &str, who: &str) {
    repo.write(
        &format!("{dir}/meta.json"),
        meta(dir, id, &[("friendly_name", json!(format!("Login, by {who}")))]),
    );
    // Sections that a merge by lines brings together without a conflict, when only one of them is changed.
    repo.write(&format!("{dir}/spec.md"), format!("# Login\n\nby {who}\n\n## Users\n\nall\n"));
    repo.write(&format!("{dir}/tasks/WP01.md"), format!("# Form\n\n{who}\n"));
    repo.write(&format!("{dir}/tasks/of-{who}.md"), format!("# Only {who} has this\n"));
    repo.write(&format!("{dir}/tasks/check.sh"), format!("#!/bin/sh\necho {who}\n"));
    repo.chmod(&format!("{dir}/tasks/check.sh"), 0o755);
    repo.write(&format!("{dir}/tasks/same.md"), "the same on both sides\n");
    repo.write(&format!("{dir}/status.events.jsonl"), row(1, who) + &row(2, who));
}

/// Commits everything in two steps: the mission, then more of it.
pub(super) fn make(repo: &Repo<'_>, dir: &str, id: &str, who: &str) {
    furnish(repo, dir, id, who);
    repo.ok(&["add", "kitty-specs"]);
    repo.ok(&["commit", "-qm", &format!("Login page, by {who}")]);
}

/// A bare origin with one commit, and two clones with everything installed.
pub(super) fn two_clones(world: &World) -> (Repo<'_>, Repo<'_>, Repo<'_>) {
    let origin = world.bare("origin.git");
    let seed = world.clone(&origin, "seed");
    seed.commit("README.md", "# Product\n");
    seed.ok(&["push", "-q", "origin", "HEAD:main"]);
    let (ada, ben) = (world.clone(&origin, "ada"), world.clone(&origin, "ben"));
    for clone in [&ada, &ben] {
        clone.mission(&["install"]).ok();
    }
    (origin, ada, ben)
}

/// What a mission is when it has moved: as it was, but for the name of its directory in its `meta.json`.
pub(super) fn moved(repo: &Repo<'_>, commit: &str, from: &str, to: &str) -> Tree {
    let mut files = inside(&tree(repo, commit), from);
    let mut meta: Value =
        serde_json::from_str(&repo.show(&format!("{commit}:{from}/meta.json"))).expect("JSON");
    meta["mission_slug"] = to.trim_start_matches("kitty-specs/").into();
    let text = serde_json::to_string_pretty(&meta).expect("JSON") + "\n";
    let oid = repo.stdin(text).ok(&["hash-object", "--stdin"]).line().to_owned();
    files.insert("meta.json".to_owned(), ("100644".to_owned(), oid));
    files
}
