//! The main job, end to end: missions made offline in two clones, numbers settled, bodies delivered, and nothing of
//! ours left after uninstalling. Real git, real hooks, a real queue, a directory as server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::support::{Git, Repo, World, each_git};

/// A bare origin with one commit, and two clones of it with everything installed.
fn two_clones(world: &World) -> (Repo<'_>, Repo<'_>, Repo<'_>) {
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

/// Every `mission_id` with its number, as a commit has them.
fn numbers(repo: &Repo<'_>) -> BTreeMap<String, Option<u64>> {
    let listing = repo.mission(&["list", "--rev", "HEAD", "--json"]).ok().json();
    let missions = listing["missions"].as_array().expect("missions");
    missions
        .iter()
        .map(|m| (m["mission_id"].as_str().expect("an id").to_owned(), m["mission_number"].as_u64()))
        .collect()
}

fn path_of(repo: &Repo<'_>, prefix: &str) -> String {
    let files = repo.ok(&["ls-files", "kitty-specs/*/meta.json"]).stdout;
    let start = format!("kitty-specs/{prefix}");
    files.lines().find(|line| line.starts_with(&start)).expect("the mission").to_owned()
}

#[track_caller]
fn set(repo: &Repo<'_>, path: &str, key: &str, value: &str) {
    let mut meta: serde_json::Value = serde_json::from_str(&repo.read(path)).expect("JSON");
    meta[key] = value.into();
    repo.write(path, serde_json::to_string(&meta).expect("JSON"));
}

fn four_missions(git: &Git, pull: &[&str]) {
    let world = World::new(git);
    let (_, ada, ben) = two_clones(&world);
    for clone in [&ada, &ben] {
        clone.mission(&["create", "Login page", "--add"]).ok();
        clone.mission(&["create", "Search"]).ok();
        clone.ok(&["add", "kitty-specs"]);
        clone.ok(&["commit", "-qm", "two missions"]);
        thread::sleep(Duration::from_secs(2));
    }
    for clone in [&ada, &ben, &ada, &ben] {
        if clone.git(&["push", "-q", "origin", "main"]).status != 0 {
            clone.ok(pull);
            clone.ok(&["push", "-q", "origin", "main"]);
        }
        clone.ok(pull);
    }
    for clone in [&ada, &ben] {
        let numbers = numbers(clone);
        let given: BTreeSet<u64> = numbers.values().flatten().copied().collect();
        assert_eq!((numbers.len(), given), (4, (1..=4).collect()), "{numbers:?}");
        assert_eq!(clone.status(), "");
        assert_eq!(clone.rev("HEAD"), ada.rev("HEAD"), "one history");
    }
    // What was published first keeps its numbers.
    let first = ada.read(&path_of(&ada, "login-page"));
    assert!(first.contains("\"mission_number\": 1"), "{first}");
}

#[test]
fn four_missions_of_two_clones_get_four_ids_and_numbers_by_merge() {
    each_git(|git| four_missions(git, &["pull", "-q", "--no-rebase", "--no-edit", "origin", "main"]));
}

#[test]
fn four_missions_of_two_clones_get_four_ids_and_numbers_by_rebase() {
    each_git(|git| four_missions(git, &["pull", "-q", "--rebase", "origin", "main"]));
}

/// One mission in both clones, changed by each: `ours` in ben, `theirs` in ada, which has pushed.
fn diverged<'w>(world: &'w World, ours: (&str, &str), theirs: (&str, &str)) -> (Repo<'w>, String) {
    let (_, ada, ben) = two_clones(world);
    ada.mission(&["create", "Login page", "--add"]).ok();
    ada.ok(&["commit", "-qm", "a mission"]);
    ada.ok(&["push", "-q", "origin", "main"]);
    ben.ok(&["pull", "-q", "origin", "main"]);
    let path = path_of(&ada, "login-page");
    set(&ada, &path, theirs.0, theirs.1);
    ada.ok(&["commit", "-qam", "theirs"]);
    ada.ok(&["push", "-q", "origin", "main"]);
    set(&ben, &path, ours.0, ours.1);
    ben.ok(&["commit", "-qam", "ours"]);
    ben.ok(&["fetch", "-q", "origin"]);
    (ben, path)
}

#[test]
fn different_keys_merge_and_the_same_key_conflicts_alone() {
    each_git(|git| {
        let world = World::new(git);
        let (ben, path) = diverged(&world, ("purpose_tldr", "to log in"), ("friendly_name", "Sign in"));
        ben.ok(&["merge", "-q", "--no-edit", "origin/main"]);
        let merged = ben.show(&format!("HEAD:{path}"));
        assert!(merged.contains("\"to log in\"") && merged.contains("\"Sign in\""), "{merged}");
        assert_eq!(ben.status(), "");

        let world = World::new(git);
        let (ben, path) = diverged(&world, ("friendly_name", "Log in"), ("friendly_name", "Sign in"));
        let before = ben.read(&path);
        ben.git(&["merge", "--no-edit", "origin/main"]).exits(1);
        let text = ben.read(&path);
        let open = text.find("<<<<<<<").expect("markers");
        let close = text.find(">>>>>>>").expect("markers");
        let close = close + text[close..].find('\n').expect("a line") + 1;
        let hunk: Vec<&str> = text[open..close].lines().collect();
        assert_eq!(hunk.len(), 5, "{text}");
        assert_eq!(
            (hunk[1], hunk[3]),
            ("  \"friendly_name\": \"Log in\",", "  \"friendly_name\": \"Sign in\",")
        );
        // Around the hunk stands everything else, and our half alone is what we had.
        assert_eq!(format!("{}{}\n{}", &text[..open], hunk[1], &text[close..]), before);
        assert_eq!(ben.ok(&["ls-files", "-u"]).stdout.lines().count(), 3);
    });
}

#[test]
fn without_the_program_a_merge_still_leaves_both_sides() {
    each_git(|git| {
        let world = World::new(git);
        let (ben, path) = diverged(&world, ("friendly_name", "Log in"), ("friendly_name", "Sign in"));
        let driver = ben.ok(&["config", "merge.mission-meta.driver"]).stdout;
        let program = World::mission_program().display().to_string();
        let gone = driver.replace(&program, "/nowhere/git-mission");
        assert_ne!(driver, gone, "the driver names the program");
        ben.ok(&["config", "merge.mission-meta.driver", gone.trim_end()]);
        ben.git(&["merge", "--no-edit", "origin/main"]).exits(1);
        let text = ben.read(&path);
        for part in ["<<<<<<<", "Log in", "Sign in", ">>>>>>>"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    });
}

/// git hands the subject of a commit over as a label; one that looks like an option is still a label.
#[test]
fn a_label_may_look_like_an_option() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = two_clones(&world);
        ada.mission(&["create", "Login page", "--add"]).ok();
        ada.ok(&["commit", "-qm", "a mission"]);
        let path = path_of(&ada, "login-page");
        ada.ok(&["switch", "-qc", "topic"]);
        set(&ada, &path, "friendly_name", "Sign in");
        ada.ok(&["commit", "-qam", "--ours: -x"]);
        ada.ok(&["switch", "-q", "main"]);
        set(&ada, &path, "created_at", "2026-01-01T00:00:00+00:00");
        ada.ok(&["commit", "-qam", "earlier"]);
        ada.ok(&["switch", "-q", "topic"]);
        ada.ok(&["rebase", "-q", "--apply", "main"]);
        let merged = ada.read(&path);
        assert!(merged.contains("Sign in") && merged.contains("2026-01-01"), "{merged}");
    });
}

#[test]
#[cfg(debug_assertions)] // a released program does not panic when asked
fn a_driver_that_panics_never_looks_like_one_that_merged() {
    each_git(|git| {
        let world = World::new(git);
        let (ben, path) = diverged(&world, ("purpose_tldr", "to log in"), ("friendly_name", "Sign in"));
        let before = ben.read(&path);
        let panics = ben.env("GIT_MISSION_TEST_PANIC", "merge-driver");
        for (name, text) in [("o", "{}"), ("a", "{}"), ("b", "{}")] {
            ben.write(name, text);
        }
        let call = panics.mission(&["merge-driver", "meta", "--base", "o", "--ours", "a", "--theirs", "b"]);
        assert_eq!(call.status, 255, "{call}");
        assert_eq!(ben.mission(&["merge-driver", "meta", "--wrong"]).status, 255);
        let merge = panics.git(&["merge", "--no-edit", "origin/main"]);
        assert_ne!(merge.status, 0, "{merge}");
        let after = ben.read(&path);
        let both = after.contains("to log in") && after.contains("Sign in");
        assert!(after == before || both, "{after}");
    });
}

/// Three missions of an older release: legacy keys, unsorted, one without an id.
fn legacy_repository(repo: &Repo<'_>) {
    let meta = |number: &str, slug: &str, id: &str| {
        format!(
            "{{\n  \"feature_number\": \"{number}\",\n  \"slug\": \"{slug}\",\n  \"friendly_name\": \"Größe\",\n{id}  \
             \"created_at\": \"2025-10-29T12:28:29Z\",\n  \"target_branch\": \"main\",\n  \"weight\": 1.10,\n  \
             \"feature_slug\": \"{slug}\",\n  \"mission\": \"software-dev\"\n}}"
        )
    };
    let id = "  \"mission_id\": \"01KN2371WMDHG78E802NS3MQQZ\",\n";
    repo.write("kitty-specs/001-one/meta.json", meta("001", "001-one", id));
    repo.write("kitty-specs/002-two/meta.json", meta("002", "002-two", ""));
    repo.write("kitty-specs/002-too/meta.json", meta("002", "002-too", ""));
}

#[test]
fn a_legacy_file_that_is_edited_on_a_branch_becomes_canonical_alone() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("legacy");
        legacy_repository(&repo);
        edit_one_legacy_file(&repo, "kitty-specs/002-two/meta.json");
    });
}

#[test]
fn a_real_tree_of_an_older_release_keeps_every_value() {
    let Some(corpus) = crate::support::corpus("trees/v3.1.0/kitty-specs") else { return };
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("legacy");
        copy(&corpus, &repo.at("kitty-specs"));
        let metas = repo.run("find", &["kitty-specs", "-name", "meta.json"]).stdout;
        let mut metas: Vec<&str> = metas.lines().collect();
        metas.sort_unstable();
        edit_one_legacy_file(&repo, metas[metas.len() / 2]);
    });
}

/// Commits everything without hooks, installs, edits one file on a branch, commits it, and looks.
fn edit_one_legacy_file(repo: &Repo<'_>, path: &str) {
    let quiet = repo.env("GIT_MISSION", "0");
    quiet.ok(&["add", "-A"]);
    quiet.ok(&["commit", "-qm", "as it was"]);
    repo.mission(&["install"]).ok();
    repo.ok(&["switch", "-qc", "topic"]);
    let before: serde_json::Value = serde_json::from_str(&repo.read(path)).expect("JSON");
    let text = repo.read(path).replacen('{', "{ \"note\": \"edited\",", 1);
    repo.write(path, text);
    let commit = repo.ok(&["commit", "-qam", "edit"]);
    assert!(commit.stderr.contains(path), "one line for the file: {commit}");

    let changed = repo.ok(&["diff", "--name-only", "HEAD^", "HEAD"]);
    assert_eq!(changed.line(), path, "no other file changes");
    let after = repo.show(&format!("HEAD:{path}"));
    let value: serde_json::Value = serde_json::from_str(&after).expect("JSON");
    let renamed =
        [("feature_number", "mission_number"), ("feature_slug", "mission_slug"), ("mission", "mission_type")];
    for (key, old) in before.as_object().expect("an object") {
        let new = renamed.iter().find(|(from, _)| from == key).map_or(key.as_str(), |(_, to)| to);
        assert_eq!(&value[new], old, "{key}");
    }
    for (legacy, _) in renamed {
        assert_eq!(value.get(legacy), None, "{legacy}");
    }
    assert_eq!(value["mission_id"].as_str().map(str::len), Some(26));
    // serde_json sorts keys too, and writes the same form.
    let keys: Vec<&str> = after
        .lines()
        .filter_map(|line| line.strip_prefix("  \""))
        .filter_map(|l| l.split('"').next())
        .collect();
    assert!(keys.is_sorted() && after.ends_with("\n}\n"), "{after}");
    assert_eq!(repo.status(), "");
    assert_eq!(repo.read(path), after, "the work tree follows");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::write(&target, std::fs::read(entry.path()).expect("a file")).expect("a copy");
        }
    }
}

#[test]
fn a_delivered_body_has_nine_fields_and_was_pushed() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = two_clones(&world);
        let server = world.path("server");
        let url = format!("file://{}", server.display());
        ada.mission(&["sync", "enable", "--server", &url]).ok();
        ada.mission(&["create", "Login page", "--add"]).ok();
        ada.ok(&["commit", "-qm", "a mission"]);
        let queued = ada.mission(&["sync", "status", "--json"]).ok().json();
        assert_eq!(queued["bodies"]["total"], 1, "{queued}");
        assert!(!server.exists(), "nothing leaves before it is pushed");

        // What no pushed commit says stays.
        ada.ok(&["switch", "-qc", "private"]);
        let spec = path_of(&ada, "login-page").replace("meta.json", "plan.md");
        ada.commit(&spec, "# Private\n");
        let push = ada.ok(&["push", "-q", "origin", "main"]);
        assert!(push.stderr.contains("1 delivered"), "{push}");
        let bodies = files_below(&server.join("bodies"));
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        let body: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&bodies[0]).expect("a body")).expect("JSON");
        let keys: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "artifact_path",
                "content_body",
                "content_hash",
                "hash_algorithm",
                "manifest_version",
                "mission_slug",
                "mission_type",
                "project_uuid",
                "target_branch"
            ]
        );
        assert_eq!(body["content_body"], "# Login page\n");
        assert_eq!(
            bodies[0].parent().and_then(Path::file_name).and_then(|n| n.to_str()),
            body["content_hash"].as_str()
        );
        assert_eq!(
            ada.mission(&["sync", "status", "--json"]).ok().json()["bodies"]["total"],
            1,
            "the private one"
        );

        // Whoever pulls has nothing to say that the remote holds.
        ben.mission(&["sync", "enable", "--server", &url]).ok();
        ben.ok(&["pull", "-q", "origin", "main"]);
        assert_eq!(ben.mission(&["sync", "status", "--json"]).ok().json()["bodies"]["total"], 0);
    });
}

fn files_below(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

#[test]
fn the_gate_names_a_legacy_field() {
    let git = crate::support::any_git();
    let world = World::new(&git);
    let repo = world.init("any");
    let body = r#"{"project_uuid":"p","mission_slug":"m","target_branch":"main","mission_type":"software-dev",
        "manifest_version":"1","artifact_path":"spec.md","content_hash":"h","hash_algorithm":"sha256","content_body":"x""#;
    let good = repo.stdin(format!("{body}}}")).mission(&["gate", "check", "--kind", "body_sync", "--json"]);
    let bad = repo
        .stdin(format!("{body},\"feature_slug\":\"m\"}}"))
        .mission(&["gate", "check", "--kind", "body_sync", "--json"])
        .exits(1)
        .json();
    assert_eq!(good.json()["valid"], true, "{good}");
    assert_eq!((bad["valid"].as_bool(), bad["field"].as_str()), (Some(false), Some("feature_slug")), "{bad}");
}

#[test]
fn a_foreign_hook_runs_first_and_a_skip_leaves_a_trace() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = two_clones(&world);
        ada.mission(&["uninstall"]).ok();
        ada.hook("pre-push", "#!/bin/sh\necho \"foreign $1\" >>../calls\ncat >>../calls\n");
        ada.hook("pre-commit", "#!/bin/sh\n[ ! -e forbidden ] || exit 7\n");
        ada.mission(&["install"]).ok();
        ada.mission(&["create", "Login page", "--add"]).ok();
        ada.write("forbidden", "");
        assert_eq!(ada.git(&["commit", "-qm", "no"]).status, 1);
        std::fs::remove_file(ada.at("forbidden")).expect("removed");
        ada.ok(&["commit", "-qm", "yes"]);
        assert_eq!(numbers(&ada).values().copied().collect::<Vec<_>>(), [Some(1)]);
        ada.ok(&["push", "-q", "origin", "main"]);
        let calls = std::fs::read_to_string(world.path("calls")).expect("the foreign hook ran");
        assert!(calls.starts_with("foreign origin\nrefs/heads/main "), "{calls}");

        ada.env("GIT_MISSION_SKIP", "pre-push,post-commit").ok(&[
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "skip",
        ]);
        let status = ada.mission(&["status", "--json"]).ok().json();
        let hook = |name: &str| {
            let hooks = status["hooks"].as_array().expect("hooks");
            hooks.iter().find(|hook| hook["name"] == name).expect("the hook").clone()
        };
        assert_eq!(hook("post-commit")["skipped"], true, "{status}");
        assert_eq!(hook("pre-commit")["skipped"], false, "{status}");
    });
}

#[test]
fn uninstalling_leaves_every_byte_as_it_was() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = two_clones(&world);
        ada.mission(&["uninstall"]).ok();
        ada.hook("post-commit", b"#!/bin/sh\n# \xff not UTF-8\nexec true\n");
        let config = ada.read(".git/config");
        ada.write(".git/config", format!("{}\n[user]\n\tnick = a", config.trim_end()));
        let url = format!("file://{}", world.path("server").display());
        let look = || {
            let of = |path: std::path::PathBuf| std::fs::read(path).unwrap_or_default();
            let mut seen: Vec<_> =
                files_below(&ada.at(".git/hooks")).into_iter().map(|p| (p.clone(), of(p))).collect();
            seen.extend([ada.at(".git/config"), ada.at(".git/info/attributes")].map(|p| (p.clone(), of(p))));
            seen
        };
        let before = look();
        ada.mission(&["install"]).ok();
        ada.mission(&["sync", "enable", "--server", &url]).ok();
        ada.mission(&["create", "Login page", "--add"]).ok();
        ada.ok(&["commit", "-qm", "a mission"]);
        assert_ne!(look(), before);
        ada.mission(&["uninstall", "--purge"]).ok();
        assert_eq!(look(), before);
        assert!(!ada.at(".git/mission").exists());
    });
}
