//! Two missions on one path: each is rebuilt from its commit and gets a path of its own.

use serde_json::json;

use super::fixture::{
    ADA, ADA_MOVED, BEN, BEN_MOVED, DIR, Tree, inside, make, meta, moved, row, tree, two_clones,
};
use crate::support::{Repo, World, any_git, each_git};

/// Neither is published: the smaller id keeps the path, whoever merges whom, by merge or by rebase.
#[test]
fn both_are_whole_whoever_merges_whom() {
    each_git(|git| {
        let mut trees = Vec::new();
        for (side, command) in [
            ("ada", &["merge", "-q", "theirs"][..]),
            ("ben", &["merge", "-q", "theirs"]),
            ("ada", &["merge", "-q", "-s", "resolve", "theirs"]),
            ("ada", &["rebase", "-q", "theirs"]),
            ("ben", &["rebase", "-q", "theirs"]),
            ("ada", &["rebase", "-q", "--apply", "theirs"]),
            ("ben", &["cherry-pick", "theirs"]),
        ] {
            let world = World::new(git);
            let (ada, ben) = collided(&world);
            let (here, there) = if side == "ada" { (&ada, &ben) } else { (&ben, &ada) };
            fetch(here, there);
            let case = format!("{side}: {command:?}");
            let output = here.git(command);
            assert_ne!(output.status, 0, "{case}: {output}");
            let output = here.mission(&["resolve"]).ok();
            assert!(output.stdout.contains("its id is the smaller one"), "{case}: {output}");
            let words = format!("{BEN_MOVED}: {BEN} moved here from {DIR}");
            assert!(output.stdout.contains(&words), "{case}: {output}");

            let now = tree(here, ":");
            assert_eq!(inside(&now, DIR), inside(&tree(&ada, "work"), DIR), "{case}");
            assert_eq!(inside(&now, BEN_MOVED), moved(&ben, "work", DIR, BEN_MOVED), "{case}");
            assert_eq!(here.ok(&["diff", "--name-only"]).stdout, "", "{case}: work tree and index agree");
            let output = here.mission(&["resolve", "--json"]).ok();
            assert_eq!(
                (&output.json()["changed"], output.json()["missions"].to_string().as_str()),
                (&json!(false), "[]")
            );
            match command[0] {
                "merge" => here.ok(&["commit", "-qm", "merged"]),
                other => here.ok(&[other, "--continue"]),
            };
            assert_eq!((here.status().as_str(), tree(here, "HEAD")), ("", now), "{case}");
            trees.push(here.rev("HEAD:kitty-specs"));
        }
        trees.dedup();
        assert_eq!(trees.len(), 1, "every way ends in the same tree");
    });
}

/// A rebase that stopped for an edit, in which somebody picks another commit: that one is what comes in.
#[test]
fn a_pick_in_a_stopped_rebase_is_told_from_the_rebase() {
    each_git(|git| {
        let world = World::new(git);
        let (ada, ben) = collided(&world);
        fetch(&ada, &ben);
        ada.commit("NOTES.md", "more\n");
        let editing = ada.env("GIT_SEQUENCE_EDITOR", "sed -i.old 1s/^pick/edit/");
        editing.ok(&["rebase", "-q", "-i", "--no-ff", "main"]);
        let whole = inside(&tree(&ada, "HEAD"), DIR);
        assert_ne!(ada.git(&["cherry-pick", "theirs"]).status, 0);
        let output = ada.mission(&["resolve"]).ok();
        assert!(output.stdout.contains(&format!("{BEN} moved here from {DIR}")), "{output}");
        let now = tree(&ada, ":");
        assert_eq!(inside(&now, DIR), whole);
        assert_eq!(inside(&now, BEN_MOVED), moved(&ben, "work", DIR, BEN_MOVED));
        ada.ok(&["cherry-pick", "--continue"]);
        ada.ok(&["rebase", "--continue"]);
        assert_eq!((ada.status().as_str(), tree(&ada, "HEAD")), ("", now));
    });
}

/// Ada and Ben have each made their mission on a branch of their own.
fn collided(world: &World) -> (Repo<'_>, Repo<'_>) {
    let (_, ada, ben) = two_clones(world);
    for (clone, id, who) in [(&ada, ADA, "ada"), (&ben, BEN, "ben")] {
        clone.ok(&["switch", "-qc", "work"]);
        make(clone, DIR, id, who);
    }
    (ada, ben)
}

fn fetch(here: &Repo<'_>, there: &Repo<'_>) {
    here.ok(&["fetch", "-q", &there.path().to_string_lossy(), "+work:theirs"]);
}

/// A clone in the middle of a merge in which two missions met.
fn stopped(world: &World) -> Repo<'_> {
    let (ada, ben) = collided(world);
    fetch(&ada, &ben);
    ada.git(&["merge", "-q", "theirs"]).exits(1);
    ada
}

/// What was pushed first keeps the path, though its id is the larger one. On main, with hooks, numbers and a server:
/// to the end.
#[test]
fn the_published_one_keeps_the_path_and_the_push_goes_through() {
    each_git(|git| {
        for command in [
            &["pull", "-q", "--no-rebase", "origin", "main"][..],
            &["pull", "-q", "--rebase", "origin", "main"],
        ] {
            let world = World::new(git);
            let (origin, ada, ben) = two_clones(&world);
            let server = format!("file://{}", world.path("server").display());
            for (clone, id, who) in [(&ben, BEN, "ben"), (&ada, ADA, "ada")] {
                clone.mission(&["sync", "enable", "--server", &server]).ok();
                make(clone, DIR, id, who);
            }
            ben.ok(&["push", "-q", "origin", "main"]);
            let output = ada.git(command);
            assert_ne!(output.status, 0, "{output}");
            let output = ada.mission(&["resolve"]).ok();
            assert!(output.stdout.contains(&format!("{DIR}: {BEN} stays, it is published")), "{output}");
            assert!(output.stdout.contains(&format!("{ADA_MOVED}: {ADA} moved here from {DIR}")), "{output}");
            let merges = !command.contains(&"--rebase");
            if merges {
                ada.ok(&["commit", "-qm", "merged"])
            } else {
                ada.ok(&["rebase", "--continue"])
            };
            assert_eq!(ada.status(), "");
            ada.ok(&["push", "-q", "origin", "main"]);

            ben.ok(&["pull", "-q", "--no-edit", "origin", "main"]);
            assert_eq!((ben.head(), ben.status()), (origin.rev("main"), String::new()));
            assert_eq!(ben.head(), ada.head());
            let missions = ben.mission(&["list", "--json"]).ok().json();
            let told: Vec<(String, String, u64)> = missions["missions"]
                .as_array()
                .expect("missions")
                .iter()
                .map(|m| {
                    let text = |key: &str| m[key].as_str().expect("a text").to_owned();
                    (text("path"), text("mission_id"), m["mission_number"].as_u64().expect("a number"))
                })
                .collect();
            assert_eq!(told, [(DIR.into(), BEN.into(), 1), (ADA_MOVED.into(), ADA.into(), 2)]);
            let findings = ben.mission(&["doctor", "--rev", "HEAD", "--json"]).json();
            assert_eq!(findings["summary"]["errors"], 0, "{findings}");

            // What either mission has to say was said, under the place where the mission is now or was then.
            let said = std::fs::read_to_string(world.path("server/events.jsonl")).unwrap_or_else(|_| {
                let listing: Vec<_> = walk(&world.path("server"));
                panic!("{listing:?}")
            });
            for id in [ADA, BEN] {
                let created =
                    said.lines().filter(|line| line.contains("MissionCreated") && line.contains(id));
                assert_eq!(created.count(), 1, "{id}");
            }
            // Nothing failed, and what had been queued for the old place never left.
            let failures = ada.mission(&["sync", "failures"]).ok();
            let rows =
                failures.stdout.lines().filter(|line| line.starts_with("body") || line.starts_with("event"));
            for row in rows {
                let end = "superseded: no tip says it any more";
                assert!(row.starts_with("body") && row.ends_with(end), "{failures}");
            }
        }
    });
}

fn walk(at: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(at) else { return vec![at.to_owned()] };
    entries.flatten().flat_map(|entry| walk(&entry.path())).collect()
}

/// One side was taken whole: pre-commit says so, and it is not too late.
#[test]
fn taking_one_side_whole_is_refused_and_can_still_be_resolved() {
    each_git(|git| {
        for side in ["--ours", "--theirs"] {
            let world = World::new(git);
            let (ada, ben) = collided(&world);
            fetch(&ada, &ben);
            ada.git(&["merge", "-q", "theirs"]).exits(1);
            ada.ok(&["checkout", "-q", side, "--", "kitty-specs"]);
            ada.ok(&["add", "kitty-specs"]);
            let output = ada.git(&["commit", "-qm", "merged"]).exits(1);
            assert!(output.stderr.contains("hint: git mission resolve\n"), "{output}");
            ada.mission(&["resolve"]).ok();
            let now = tree(&ada, ":");
            assert_eq!(inside(&now, DIR), inside(&tree(&ada, "work"), DIR), "{side}");
            assert_eq!(inside(&now, BEN_MOVED), moved(&ben, "work", DIR, BEN_MOVED), "{side}");
            ada.ok(&["commit", "-qm", "merged"]);
            assert_eq!(ada.status(), "");
        }
        // A strategy that takes one side whole by itself.
        let world = World::new(git);
        let (ada, ben) = collided(&world);
        fetch(&ada, &ben);
        let output = ada.git(&["merge", "-q", "-s", "ours", "theirs"]);
        assert!(output.status != 0 && output.stderr.contains("hint: git mission resolve\n"), "{output}");
        ada.mission(&["resolve"]).ok();
        assert_eq!(inside(&tree(&ada, ":"), BEN_MOVED), moved(&ben, "work", DIR, BEN_MOVED));
        ada.ok(&["commit", "-qm", "merged"]);
    });
}

/// The index and the work tree, byte for byte.
fn state(repo: &Repo<'_>) -> (String, Vec<(std::path::PathBuf, Vec<u8>)>) {
    let mut files: Vec<_> = walk(&repo.at("kitty-specs"))
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(&path).unwrap_or_default()))
        .collect();
    files.sort();
    (repo.ok(&["ls-files", "-s"]).stdout, files)
}

type Edit<'e> = &'e dyn Fn(&Repo<'_>);

#[test]
fn what_somebody_wrote_since_is_never_overwritten() {
    let git = any_git();
    let spec = format!("{DIR}/spec.md");
    let same = format!("{DIR}/tasks/of-ben.md");
    let place = format!("{BEN_MOVED}/tasks/of-ben.md");
    let cases: [(&str, &str, Edit<'_>); 4] = [
        (&spec, "edited", &|repo| repo.write(&spec, "mine\n")),
        (&same, "edited", &|repo| repo.write(&same, "mine\n")),
        (&same, "staged", &|repo| {
            repo.write(&same, "mine\n");
            repo.ok(&["add", &same]);
        }),
        // The directory is somebody's own, so the mission takes another name, and nothing is in the way.
        (&place, "", &|repo| repo.write(&place, "mine\n")),
    ];
    for (path, reason, edit) in cases {
        let world = World::new(&git);
        let repo = stopped(&world);
        edit(&repo);
        let before = state(&repo);
        if reason.is_empty() {
            let output = repo.mission(&["resolve"]).ok();
            assert!(output.stdout.contains("login-page-01KQ47E813: "), "{output}");
            assert_eq!(repo.read(path), "mine\n");
            continue;
        }
        let output = repo.mission(&["resolve", "--json"]).exits(1);
        let refused = &output.json()["refused"];
        assert_eq!(
            (refused[0]["path"].as_str(), refused[0]["reason"].as_str()),
            (Some(path), Some(reason)),
            "{output}"
        );
        assert_eq!(refused.as_array().map(Vec::len), Some(1), "{output}");
        assert_eq!(state(&repo), before, "{path}: {reason}");
        let output = repo.mission(&["resolve"]).exits(1);
        assert!(
            output.stderr.contains(&format!("error: {path}: ")) && output.stderr.contains("hint: "),
            "{output}"
        );
        // The directory is not the file.
        repo.mission(&["resolve", DIR]).exits(1);
        assert_eq!(state(&repo), before, "{path}: {reason}");
        repo.mission(&["resolve", DIR, path]).ok();
        assert_eq!(repo.ok(&["diff", "--name-only"]).stdout, "");
        assert!(inside(&tree(&repo, ":"), BEN_MOVED).contains_key("spec.md"));
    }
}

#[test]
fn files_of_nobody_stay_where_they_are() {
    let world = World::new(&any_git());
    let repo = stopped(&world);
    repo.write(&format!("{DIR}/notes.txt"), "mine\n");
    repo.write(&format!("{DIR}/staged.txt"), "mine too\n");
    repo.ok(&["add", &format!("{DIR}/staged.txt")]);
    repo.mission(&["resolve"]).ok();
    assert_eq!(repo.read(&format!("{DIR}/notes.txt")), "mine\n");
    assert!(inside(&tree(&repo, ":"), DIR).contains_key("staged.txt"));
    assert_eq!(repo.status().lines().filter(|line| line.starts_with("??")).count(), 1);
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let world = World::new(&any_git());
    let repo = stopped(&world);
    let before = state(&repo);
    let objects = |repo: &Repo<'_>| repo.ok(&["count-objects"]).stdout;
    let count = objects(&repo);
    let told = repo.mission(&["resolve", "--dry-run", "--json"]).ok().json();
    assert_eq!((state(&repo), objects(&repo)), (before, count));
    let done = repo.mission(&["resolve", "--json"]).ok().json();
    assert_eq!((&told["changed"], &done["changed"]), (&json!(false), &json!(true)));
    for key in ["merging", "missions", "merged", "conflicts", "refused"] {
        assert_eq!(told[key], done[key], "{key}");
    }
    assert_eq!(
        done["missions"],
        json!([
            {"mission_id": ADA, "from": DIR, "to": DIR, "reason": "smaller_id"},
            {"mission_id": BEN, "from": DIR, "to": BEN_MOVED, "reason": "gives_way"},
        ])
    );
    assert_eq!(done["merging"]["command"], "merge");
}

/// Three missions on one path, over two merges.
#[test]
fn a_third_mission_comes_to_the_same_path() {
    each_git(|git| {
        const EVE: &str = "01KQ47E7YB0000000000000000";
        let world = World::new(git);
        let (ada, ben) = collided(&world);
        fetch(&ada, &ben);
        ada.ok(&["switch", "-qc", "eve", "main"]);
        make(&ada, DIR, EVE, "eve");
        ada.ok(&["switch", "-q", "work"]);
        let (of_ada, of_eve) = (inside(&tree(&ada, "work"), DIR), inside(&tree(&ada, "eve"), DIR));
        ada.git(&["merge", "-q", "theirs"]).exits(1);
        ada.mission(&["resolve"]).ok();
        ada.ok(&["commit", "-qm", "ben's"]);
        ada.git(&["merge", "-q", "eve"]).exits(1);
        ada.mission(&["resolve"]).ok();
        ada.ok(&["commit", "-qm", "eve's"]);
        let now = tree(&ada, "HEAD");
        assert_eq!(inside(&now, DIR), of_eve, "the smallest id");
        let ben_moved = moved(&ben, "work", DIR, BEN_MOVED);
        assert_eq!(inside(&now, BEN_MOVED), ben_moved);
        let mut ada_moved = inside(&now, ADA_MOVED);
        assert_eq!(ada_moved.len(), of_ada.len());
        ada_moved.remove("meta.json");
        assert!(ada_moved.iter().all(|(name, file)| of_ada[name] == *file));
        assert_eq!(ada.status(), "");
    });
}

/// The other side goes on at the old path: what it does there belongs to the mission that moved.
#[test]
fn later_work_follows_the_mission_that_moved() {
    each_git(|git| {
        for (more, conflicts) in [(false, false), (true, false), (true, true)] {
            let world = World::new(git);
            let (ada, ben) = collided(&world);
            fetch(&ada, &ben);
            ada.git(&["merge", "-q", "theirs"]).exits(1);
            ada.mission(&["resolve"]).ok();
            ada.ok(&["commit", "-qm", "ben's"]);
            let before = tree(&ada, "HEAD");

            ben.write(&format!("{DIR}/spec.md"), "# Login\n\nby ben\n\n## Users\n\nall of them\n");
            ben.write(&format!("{DIR}/tasks/WP02.md"), "# More\n");
            if more {
                ben.write(
                    &format!("{DIR}/meta.json"),
                    meta(DIR, BEN, &[("friendly_name", json!("Sign in"))]),
                );
                let log = ben.read(&format!("{DIR}/status.events.jsonl"));
                ben.write(&format!("{DIR}/status.events.jsonl"), log + &row(5, "ben"));
            }
            ben.ok(&["add", "kitty-specs"]);
            ben.ok(&["commit", "-qm", "more of it"]);
            if conflicts {
                let path = format!("{BEN_MOVED}/meta.json");
                ada.write(&path, ada.read(&path).replace("Login, by ben", "Log in"));
                ada.ok(&["commit", "-qam", "a name of our own"]);
            }
            fetch(&ada, &ben);
            let output = ada.git(&["merge", "-q", "--no-edit", "theirs"]);
            assert_ne!(output.status, 0, "what came was Ben's, and would be Ada's: {output}");
            let status = i32::from(conflicts);
            let output = ada.mission(&["resolve", "--json"]).exits(status);
            let now = if conflicts {
                let open = &output.json()["conflicts"][0];
                assert_eq!(
                    (open["path"].as_str(), &open["keys"]),
                    (Some(&*format!("{BEN_MOVED}/meta.json")), &json!(["friendly_name"]))
                );
                let text = ada.read(&format!("{BEN_MOVED}/meta.json"));
                assert!(text.contains("<<<<<<< HEAD\n  \"friendly_name\": \"Log in\",\n=======\n  \"friendly_name\": \"Sign in\",\n"), "{text}");
                ada.ok(&["checkout", "-q", "--theirs", "--", BEN_MOVED]);
                let path = format!("{BEN_MOVED}/meta.json");
                ada.write(&path, meta(BEN_MOVED, BEN, &[("friendly_name", json!("Sign in"))]));
                ada.ok(&["add", "kitty-specs"]);
                tree(&ada, ":")
            } else {
                tree(&ada, ":")
            };
            assert_eq!(inside(&now, DIR), inside(&before, DIR), "{output}");
            let of_ben: Tree = inside(&tree(&ben, "work"), DIR);
            let mut found = inside(&now, BEN_MOVED);
            assert_eq!(found.keys().collect::<Vec<_>>(), of_ben.keys().collect::<Vec<_>>());
            found.remove("meta.json");
            assert!(found.iter().all(|(name, file)| of_ben[name] == *file), "{found:?} {of_ben:?}");
            ada.ok(&["commit", "-qm", "merged"]);
            assert_eq!(ada.status(), "");
        }
    });
}

/// One side moved its mission to where the other side made one.
#[test]
fn a_mission_that_was_moved_meets_another_one() {
    each_git(|git| {
        for side in ["mover", "maker"] {
            let world = World::new(git);
            let repo = world.init("repo");
            repo.mission(&["install"]).ok();
            repo.ok(&["switch", "-qc", "mover"]);
            make(&repo, "kitty-specs/old", ADA, "ada");
            repo.ok(&["branch", "maker"]);
            repo.ok(&["mv", "kitty-specs/old", DIR]);
            repo.ok(&["commit", "-qm", "moved"]);
            let of_ada = inside(&tree(&repo, "mover"), DIR);
            repo.ok(&["switch", "-q", "maker"]);
            repo.write("kitty-specs/old/tasks/WP09.md", "# of the maker\n");
            make(&repo, DIR, BEN, "ben");
            let of_ben = moved(&repo, "maker", DIR, BEN_MOVED);
            let other = if side == "mover" { "maker" } else { "mover" };
            repo.ok(&["switch", "-q", side]);
            let output = repo.git(&["merge", "-q", "--no-edit", other]);
            assert_ne!(output.status, 0, "{output}");
            repo.mission(&["resolve"]).ok();
            let now = tree(&repo, ":");
            let mut found = inside(&now, DIR);
            assert!(found.remove("tasks/WP09.md").is_some(), "{now:?}");
            assert_eq!(found, of_ada, "{side}");
            assert_eq!(inside(&now, BEN_MOVED), of_ben, "{side}");
            assert_eq!(inside(&now, "kitty-specs/old"), Tree::new());
            repo.ok(&["commit", "-qm", "merged"]);
            assert_eq!(repo.status(), "", "{side}");
        }
    });
}

/// Killed before the index changes, after it, and before the work tree does: the next run finishes, and both missions
/// are whole.
#[cfg(unix)]
#[test]
fn a_run_that_was_killed_is_finished_by_the_next_one() {
    let git = any_git();
    for (command, first) in [("update-index", false), ("update-index", true), ("checkout-index", false)] {
        let world = World::new(&git);
        let repo = stopped(&world);
        let real = git.program.display();
        let run = if first { format!("{real} \"$@\"; ") } else { String::new() };
        world.directory("killer").write(
            "git",
            format!("#!/bin/sh\ncase \" $* \" in *' {command} '*) {run}kill -9 $PPID; exit 1;; esac\nexec {real} \"$@\"\n"),
        );
        world.directory("killer").chmod("git", 0o755);
        let path = format!("{}:/usr/bin:/bin", world.path("killer").display());
        let output = repo.env("PATH", path).mission(&["resolve"]);
        assert_eq!(output.status, 137, "{command}: {output}");

        repo.mission(&["resolve"]).ok();
        let now = tree(&repo, ":");
        assert_eq!(inside(&now, DIR), inside(&tree(&repo, "work"), DIR), "{command}");
        assert_eq!(inside(&now, BEN_MOVED), moved(&repo, "theirs", DIR, BEN_MOVED), "{command}");
        assert_eq!(repo.ok(&["diff", "--name-only"]).stdout, "", "{command}");
        assert_eq!(repo.ok(&["ls-files", "--others", "kitty-specs"]).stdout, "", "{command}");
        repo.ok(&["commit", "-qm", "merged"]);
        assert_eq!(
            (repo.status().as_str(), repo.at(".git/mission/resolve").exists()),
            ("", false),
            "{command}"
        );
    }
}
