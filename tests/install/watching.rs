//! Another tool replaces or removes a hook of ours: the next hook says so once, `status` and `doctor` name it, and
//! `doctor --fix` puts it back without losing the other's.

use super::*;

fn codes(repo: &Repo<'_>) -> Vec<(String, String)> {
    let output = repo.mission(&["doctor", "--json"]);
    let document = output.json();
    let findings = document["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            (text("code"), text("message"))
        })
        .collect()
}

#[test]
fn a_replaced_hook_is_told_once_and_mended() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        let commit = || repo.ok(&["commit", "-q", "--allow-empty", "-m", "x"]).stderr;
        assert_eq!(commit(), "");

        // As a tool does that writes its hook whatever is there.
        std::fs::write(repo.at(".git/hooks/pre-commit"), "#!/bin/sh\necho theirs >>../theirs\n")
            .expect("written");
        let said = commit();
        assert!(said.contains("pre-commit was replaced by another tool"), "{said}");
        assert!(said.contains("hint: git mission doctor --fix"), "{said}");
        assert_eq!(commit(), "", "once");
        std::fs::remove_file(repo.at(".git/hooks/pre-push")).expect("removed");
        let said = commit();
        assert!(said.contains("pre-push was removed"), "what is new is told: {said}");
        assert_eq!(commit(), "");

        let found = codes(&repo);
        let names: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(names, ["HOOK_FOREIGN", "HOOK_MISSING"], "{found:?}");
        repo.mission(&["doctor"]).exits(1);
        let status = repo.mission(&["status"]).ok().stdout;
        assert!(status.contains("pre-commit was replaced by another tool"), "{status}");
        assert!(status.contains("pre-push is missing"), "{status}");

        std::fs::remove_file(world.path("theirs")).expect("it ran");
        repo.mission(&["doctor", "--fix"]).ok();
        assert_eq!((codes(&repo), commit()), (Vec::new(), String::new()));
        assert_eq!(std::fs::read_to_string(world.path("theirs")).expect("it runs still"), "theirs\n");
        // It may happen again, and is told again.
        std::fs::write(repo.at(".git/hooks/pre-commit"), "#!/bin/sh\nexit 0\n").expect("written");
        assert!(commit().contains("pre-commit was replaced"));
    });
}

#[test]
fn shims_older_and_newer_than_the_program_work() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        let program = World::mission_program().display();
        // As version 1 wrote it.
        repo.hook("post-commit.mission-chained", "#!/bin/sh\necho chained >>../chained\n");
        repo.hook(
            "post-commit",
            format!(
                "#!/bin/sh\n# git-mission shim 1: post-commit. Made by `git mission install`.\nprogram='{program}'\n\
                 export GIT_MISSION_CHAINED=\"${{0%/*}}/post-commit.mission-chained\"\n\
                 exec \"$program\" hook post-commit --shim-version 1 -- \"$@\"\n"
            ),
        );
        let output = repo.ok(&["commit", "-q", "--allow-empty", "-m", "older"]);
        assert_eq!(output.stderr, "");
        assert_eq!(std::fs::read_to_string(world.path("chained")).expect("it ran"), "chained\n");
        let found = codes(&repo);
        assert!(matches!(&found[..], [(code, _)] if code == "HOOK_OUTDATED"), "{found:?}");
        repo.mission(&["doctor"]).ok();

        let newer = repo.read(".git/hooks/post-merge").replace("post-merge", "post-commit");
        let newer = newer.replace("shim 2:", "shim 99:").replace("--shim-version 2", "--shim-version 99");
        repo.hook("post-commit", newer);
        let said = repo.ok(&["commit", "-q", "--allow-empty", "-m", "newer"]).stderr;
        assert!(said.contains("a newer git-mission wrote this hook"), "{said}");
        assert!(said.contains("git mission install"), "{said}");
        let found = codes(&repo);
        assert!(matches!(&found[..], [(code, _)] if code == "HOOK_OUTDATED"), "{found:?}");
        repo.mission(&["doctor", "--fix"]).ok();
        assert_eq!(codes(&repo), []);
    });
}

#[test]
fn a_driver_that_cannot_start_is_broken() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        assert_eq!(codes(&repo), []);
        // The file is there and may be run, but what it needs is on no bare PATH.
        let fragile = program(&world, "fragile", "#!/usr/bin/env interpreter-of-some-version-manager\n");
        ask(&repo, &["install", &fragile]).ok();
        let found = codes(&repo);
        assert_eq!(found.len(), Kind::ALL.len(), "{found:?}");
        assert!(found.iter().all(|(code, said)| code == "DRIVER_BROKEN" && said.contains("interpreter-of")));
        repo.mission(&["doctor"]).exits(1);
        repo.mission(&["doctor", "--fix"]).ok();
    });
}
