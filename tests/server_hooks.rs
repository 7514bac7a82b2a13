//! The hook of a server: what is pushed past every local hook is judged in the bare repository, in git's quarantine.

use std::collections::BTreeMap;
use std::path::Path;

use crate::settlement::{add, bypass, fleet, follow, hint, meta, numbers, path};
use crate::support::{Output, Repo, World, each_git};

/// An origin that judges, and two clones with hooks.
fn judged(world: &World) -> (Repo<'_>, Repo<'_>, Repo<'_>) {
    let (origin, ada, ben) = fleet(world);
    origin.mission(&["install", "--server"]).ok();
    (origin, ada, ben)
}

/// A push past the local hook that the server refuses with these findings.
#[track_caller]
fn refused(repo: &Repo<'_>, args: &[&str], codes: &[&str]) -> Output {
    let output = repo.git(&[&["push", "-q", "--no-verify"], args].concat()).exits(1);
    let found: Vec<&str> = output
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote: error: ")?.split_once(": ").map(|(code, _)| code))
        .collect();
    assert_eq!(found, codes, "{output}");
    output
}

/// The last hint that the server gave.
#[track_caller]
fn server_hint(output: &Output) -> String {
    let hint = output.stderr.lines().rev().find_map(|line| line.strip_prefix("remote: hint: "));
    hint.unwrap_or_else(|| panic!("no hint in {output}")).trim_end().to_owned()
}

/// Merges a branch in the bare repository, as the button of a forge does: no hook, no driver. Returns the commit.
#[track_caller]
pub(crate) fn merge_on_forge(origin: &Repo<'_>, branch: &str, squash: bool) -> String {
    let tree = origin.ok(&["merge-tree", "--write-tree", "main", branch]).line().to_owned();
    let mut args = vec!["commit-tree", "-m", branch, "-p", "main", &tree];
    if !squash {
        args.extend(["-p", branch]);
    }
    let commit = origin.ok(&args).line().to_owned();
    origin.ok(&["update-ref", "refs/heads/main", &commit]);
    commit
}

/// Every file below a directory, with its bytes and (where there is one) its executable bit.
fn files(directory: &Path) -> BTreeMap<String, (Vec<u8>, bool)> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.insert(format!("{}/", path.display()), (Vec::new(), false));
                open.push(path);
                continue;
            }
            #[cfg(unix)]
            let is_executable = {
                use std::os::unix::fs::PermissionsExt as _;
                path.metadata().expect("metadata").permissions().mode() & 0o111 != 0
            };
            #[cfg(not(unix))]
            let is_executable = false;
            found.insert(path.display().to_string(), (std::fs::read(&path).expect("a file"), is_executable));
        }
    }
    found
}

#[test]
fn a_number_twice_is_refused_by_the_local_hook_and_by_the_server() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = judged(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        bypass(&ada, "two", "B", "2");
        bypass(&ada, "three", "C", "2");
        let output = ada.git(&["push", "-q", "origin", "main"]).exits(1);
        assert!(output.stderr.contains("error: NUMBER_DUPLICATE: number 2 is held by"), "{output}");
        assert!(!output.stderr.contains("remote:"), "{output}");

        let objects = files(&origin.at("objects"));
        let output = refused(&ada, &["origin", "main"], &["NUMBER_DUPLICATE", "NUMBER_DUPLICATE"]);
        assert!(output.stderr.contains("; refs/heads/main was not updated"), "{output}");
        assert_eq!(files(&origin.at("objects")), objects, "nothing of a refused push stays");
        assert_eq!(hint(&ada.git(&["push", "-q", "origin", "main"])), server_hint(&output));
        follow(&ada, &server_hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main").split(' ').count(), 3);
        let mut given: Vec<String> = numbers(&origin, "main").split(' ').map(str::to_owned).collect();
        given.sort_by_key(|word| word.split('=').nth(1).map(str::to_owned));
        assert_eq!(
            given.iter().filter_map(|word| word.split('=').nth(1)).collect::<Vec<_>>(),
            ["1", "2", "3"]
        );
    });
}

#[test]
fn null_numbers_pass_and_a_merge_on_the_server_is_nobodys_to_block() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, ben) = judged(&world);
        bypass(&ada, "one", "A", "null");
        ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        ben.ok(&["switch", "-qc", "work"]);
        add(&ben, "two", "B");
        ben.ok(&["push", "-q", "origin", "work"]);
        merge_on_forge(&origin, "work", false);
        assert_eq!(numbers(&origin, "main"), "one=- two=-");
        ada.ok(&["pull", "-q"]);
        ada.mission(&["settle"]).ok();
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1 two=2");
    });
}

#[test]
fn a_branch_may_not_bring_numbers_that_main_has_not_given() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, ben) = judged(&world);
        add(&ada, "one", "A");
        ada.ok(&["switch", "-qc", "work"]);
        let output = refused(&ada, &["origin", "work"], &["NUMBER_OFF_MAIN"]);
        assert!(output.stderr.contains("; refs/heads/work was not updated"), "{output}");
        // With main in the same push it is given.
        ada.ok(&["push", "-q", "--no-verify", "origin", "main", "work"]);
        ada.ok(&["push", "-q", "origin", ":work"]);

        bypass(&ada, "two", "B", "2");
        let output = refused(&ada, &["origin", "work"], &["NUMBER_OFF_MAIN"]);
        follow(&ada, &server_hint(&output));
        ada.ok(&["push", "-q", "origin", "work"]);
        assert_eq!(numbers(&origin, "work"), "one=1 two=-");
        // What else is wrong with a branch is for the pull request to say, and tags are nobody's.
        bypass(&ada, "copy", "A", "null");
        ada.write(&path("broken"), "{");
        ada.ok(&["add", "."]);
        ada.ok(&["commit", "-q", "--no-verify", "-m", "broken"]);
        bypass(&ada, "three", "C", "9");
        ada.ok(&["push", "-q", "--no-verify", "origin", "HEAD~1:refs/heads/work", "HEAD:refs/tags/t"]);
        // It may not reach main.
        ada.ok(&["push", "-q", "--no-verify", "origin", "HEAD~1:refs/heads/other"]);
        let codes = ["JSON_INVALID", "MISSION_ID_DUPLICATE"];
        refused(&ada, &["origin", "HEAD~1:main"], &codes);

        // A pull request that settles brings the numbers that main would give.
        let commit = merge_on_forge(&origin, "work~2", false);
        ben.ok(&["fetch", "-q"]);
        ben.ok(&["reset", "-q", "--hard", &commit]);
        ben.mission(&["settle"]).ok();
        ben.ok(&["push", "-q", "--no-verify", "origin", "main:settle"]);
        assert!(numbers(&origin, "settle").ends_with("one=1 two=2"), "{}", numbers(&origin, "settle"));
    });
}

#[test]
fn what_main_holds_already_is_nobodys_fault() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        for (slug, tag, number) in [("one", "A", "1"), ("two", "B", "1"), ("three", "A", "null")] {
            bypass(&ada, slug, tag, number);
        }
        ada.write(&path("broken"), "{");
        ada.ok(&["add", "."]);
        ada.ok(&["commit", "-q", "--no-verify", "-m", "broken"]);
        ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        origin.mission(&["install", "--server"]).ok();
        ada.commit("README.md", "# More\n");
        ada.ok(&["push", "-q", "origin", "main"]);
        bypass(&ada, "four", "C", "1");
        refused(&ada, &["origin", "main"], &["NUMBER_DUPLICATE"]);
        // Going back, and away.
        ada.ok(&["push", "-q", "--no-verify", "-f", "origin", "HEAD~2:main"]);
        origin.ok(&["config", "receive.denyDeleteCurrent", "ignore"]);
        ada.ok(&["push", "-q", "--no-verify", "origin", ":main"]);
        // What a repository begins with may be old, but not ambiguous.
        let twice = ["MISSION_ID_DUPLICATE", "NUMBER_DUPLICATE", "MISSION_ID_DUPLICATE", "NUMBER_DUPLICATE"];
        refused(&ada, &["origin", "HEAD~1:refs/heads/main"], &twice);
    });
}

#[test]
fn packs_in_quarantine_and_repositories_of_every_format_are_read() {
    each_git(|git| {
        for format in ["sha1", "sha256"] {
            let world = World::new(git);
            let object_format = format!("--object-format={format}");
            world.directory("").ok(&["init", "-q", "--bare", &object_format, "server.git"]);
            world.directory("").ok(&["init", "-q", &object_format, "ada"]);
            let (server, ada) = (world.directory("server.git"), world.directory("ada"));
            server.mission(&["install", "--server"]).ok();
            // More objects than git unpacks: they stay a pack, in quarantine.
            for at in 0..150 {
                ada.write(
                    &path(&format!("m{at}")),
                    meta(&format!("m{at}"), &format!("A{at}"), &at.to_string()),
                );
            }
            ada.write(&path("m0"), meta("m0", "A0", "null"));
            ada.ok(&["add", "."]);
            ada.ok(&["commit", "-q", "-m", "many"]);
            let url = server.path().to_string_lossy().into_owned();
            ada.ok(&["push", "-q", &url, "main"]);
            assert!(
                files(&server.at("objects/pack")).keys().any(|name| name.strip_suffix(".pack").is_some())
            );
            for at in 150..300 {
                ada.write(&path(&format!("m{at}")), meta(&format!("m{at}"), &format!("A{at}"), "7"));
            }
            ada.ok(&["add", "."]);
            ada.ok(&["commit", "-q", "-m", "more"]);
            let output = ada.git(&["push", "-q", &url, "main"]).exits(1);
            assert!(
                output.stderr.contains("NUMBER_DUPLICATE") && output.stderr.contains("; and 140 more;"),
                "{output}"
            );
            assert_eq!(numbers(&server, "main").split(' ').count(), 150);
        }
    });
}

#[cfg(unix)]
#[test]
fn hooks_that_are_there_keep_running_and_every_byte_comes_back() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        let before = files(origin.path());
        origin.mission(&["install", "--server", "--dry-run"]).ok();
        assert_eq!(files(origin.path()), before);
        origin.mission(&["install", "--server"]).ok();
        let again = origin.mission(&["install", "--server"]).ok();
        assert!(again.stdout.contains("everything is installed already"), "{again}");
        origin.mission(&["uninstall"]).ok();
        assert_eq!(files(origin.path()), before, "without hooks");

        let log = world.path("log");
        let script = format!("#!/bin/sh\ncat >>'{0}'\necho $# >>'{0}'\ntest ! -e '{0}.no'\n", log.display());
        origin.hook("pre-receive", script);
        let before = files(origin.path());
        origin.mission(&["install", "--server"]).ok();
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        let told = std::fs::read_to_string(&log).expect("the log of the hook");
        assert!(told.ends_with(" refs/heads/main\n0\n"), "{told}");
        std::fs::write(world.path("log.no"), "").expect("a file");
        bypass(&ada, "two", "B", "1");
        let output = ada.git(&["push", "-q", "--no-verify", "origin", "main"]).exits(1);
        assert!(!output.stderr.contains("NUMBER_DUPLICATE"), "theirs refuses first: {output}");
        std::fs::remove_file(world.path("log.no")).expect("a file");
        refused(&ada, &["origin", "main"], &["NUMBER_DUPLICATE"]);
        // Even without what is kept about it.
        origin.mission(&["uninstall"]).ok();
        let mut after = files(origin.path());
        after.retain(|name, _| !name.contains("/objects/") && !name.contains("/refs/"));
        let mut before = before;
        before.retain(|name, _| !name.contains("/objects/") && !name.contains("/refs/"));
        assert_eq!(after, before);
    });
}

#[test]
fn a_server_without_the_program_or_switched_off_takes_everything() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = judged(&world);
        bypass(&ada, "one", "A", "1");
        bypass(&ada, "two", "B", "1");
        ada.env("GIT_MISSION_SKIP", "pre-receive").ok(&["push", "-q", "--no-verify", "origin", "HEAD:main"]);
        ada.ok(&["push", "-q", "--no-verify", "-f", "origin", "HEAD~2:main"]);
        let shim = origin.read("hooks/pre-receive");
        let program = shim.lines().find_map(|line| line.strip_prefix("program=")).expect("a program");
        origin.write("hooks/pre-receive", shim.replace(program, "/nowhere/git-mission"));
        let output = ada.ok(&["push", "-q", "--no-verify", "origin", "HEAD:main"]);
        assert!(output.stderr.contains("/nowhere/git-mission is missing"), "{output}");
    });
}

#[test]
fn the_status_of_a_server_speaks_of_its_hook_alone() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ..) = judged(&world);
        let status = || origin.mission(&["status"]).ok().stdout;
        assert!(status().starts_with("installed:  the hook of a server\nmain: "), "{}", status());
        let shim = origin.read("hooks/pre-receive");
        origin.write("hooks/pre-receive", shim.replace("shim 2", "shim 1"));
        let text = status();
        let wanted = "installed:  in part; mend it with: git mission install --server\n\
                      wrong:      pre-receive is of another version\nmain: ";
        assert!(text.starts_with(wanted), "{text}");
        // With a clone's hooks it is both.
        origin.write("hooks/pre-receive", shim);
        origin.mission(&["install"]).ok();
        assert!(status().starts_with("installed:  hooks, merge drivers and attributes\n"), "{}", status());
    });
}

#[test]
fn the_update_hook_judges_one_ref() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        bypass(&ada, "one", "A", "1");
        bypass(&ada, "two", "B", "1");
        ada.ok(&["switch", "-qc", "work", "origin/main"]);
        ada.commit("README.md", "# Other\n");
        let line =
            format!("#!/bin/sh\nexec '{}' hook update -- \"$@\"\n", World::mission_program().display());
        origin.hook("update", line);
        let output = ada.git(&["push", "--no-verify", "origin", "main", "work"]).exits(1);
        assert!(output.stderr.contains("remote: error: NUMBER_DUPLICATE"), "{output}");
        assert_eq!(origin.rev("work"), ada.rev("work"), "the other branch arrived");
        assert_eq!(origin.rev("main"), ada.rev("origin/main"));
    });
}

#[test]
fn hooks_of_a_server_are_for_bare_repositories() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        let output = ada.mission(&["install", "--server"]).exits(3);
        assert!(output.stderr.contains("hooks of a server are for bare repositories"), "{output}");
        assert_eq!(hint(&output), "git mission install");
        // Somebody else's hooks directory is not ours to write into.
        origin.ok(&["config", "core.hooksPath", &world.path("shared").to_string_lossy()]);
        let output = origin.mission(&["install", "--server"]).exits(3);
        assert!(output.stderr.contains("git-mission hook pre-receive"), "{output}");
        assert!(!world.path("shared").exists());
    });
}
