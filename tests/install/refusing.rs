//! What is not done: directories of others, programs that cannot be named, and what was begun is undone or finished.

use super::*;

#[test]
fn programs_that_a_hook_cannot_name_are_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let before = snapshot(&repo.at(".git"));
        for program in ["git-mission", "./git-mission", "/a\u{7}b", ""] {
            ask(&repo, &["install", program]).fails("a hook cannot name the program");
        }
        assert_same(&before, &snapshot(&repo.at(".git")), "refused");
    });
}

#[test]
fn directories_of_others_are_refused_with_the_lines_to_add() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let shared = world.path("shared-hooks").display().to_string();
        let cases = [("in-tree", "tracked", "the work tree"), ("shared", &shared, "other repositories")];
        for (name, path, words) in cases {
            let repo = world.init(name);
            repo.ok(&["config", "core.hooksPath", path]);
            let before = snapshot(repo.path());
            let said = ask(&repo, &["install", &program, "shim"]).fails(words);
            assert!(said.contains("git-mission hook pre-push -- \"$@\""), "{said}");
            assert_same(&before, &snapshot(repo.path()), name);
            assert!(ask(&repo, &["status"]).ok().contains("pre-push Missing"));

            // The lines that the hint names, added by hand, are enough.
            for line in said.lines().filter(|line| line.contains(": ! command")) {
                let (file, line) = line.trim().split_once(": ").expect("a file and a line");
                repo.hook(file.rsplit('/').next().expect("a name"), format!("#!/bin/sh\n{line}\n"));
            }
            let by_hand = snapshot(&repo.at(".git"));
            ask(&repo, &["install", &program]).ok();
            let status = ask(&repo, &["status"]).ok();
            assert!(status.contains("pre-push CallsUs") && status.contains("complete true"), "{status}");
            repo.ok(&["commit", "-q", "--allow-empty", "-m", "the lines work"]);
            let nowhere = repo.env("PATH", std::env::join_paths(["/bin", "/usr/bin"]).expect("a path"));
            nowhere.ok(&["commit", "-q", "--allow-empty", "-m", "also without git-mission"]);
            ask(&repo, &["uninstall"]).ok();
            let now = snapshot(&repo.at(".git"));
            assert_eq!(by_hand.get(Path::new("config")), now.get(Path::new("config")));
        }
    });
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_git_directory_are_seen_through() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        remove_directory(&repo, ".git/hooks");
        repo.write("githooks/README", "tracked\n");
        std::os::unix::fs::symlink("../githooks", repo.at(".git/hooks")).expect("a link");
        ask(&repo, &["install", &program, "shim"]).fails("the work tree");
        std::fs::remove_file(repo.at(".git/hooks")).expect("removed");

        std::fs::create_dir_all(repo.at(".git/info")).expect("a directory");
        std::os::unix::fs::symlink("../../attributes", repo.at(".git/info/attributes")).expect("a link");
        ask(&repo, &["install", &program]).fails("is a link or no file");
        assert!(!repo.at(".git/hooks").exists() && !repo.at(".git/mission").exists());
    });
}

#[test]
fn husky_keeps_its_own_files_one_level_up() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.ok(&["config", "core.hooksPath", ".husky/_"]);
        let said = ask(&repo, &["install", "/nowhere/git-mission", "shim"]).fails("the work tree");
        assert!(said.contains("/.husky/pre-commit: "), "{said}");
        for hook in HOOKS {
            repo.write(&format!(".husky/{hook}"), format!("git mission hook {hook} -- \"$@\"\n"));
        }
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("pre-push CallsUs"));
    });
}

#[test]
fn a_locked_configuration_stops_everything() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        remove_directory(&repo, ".git/hooks");
        repo.write(".git/config.lock", "");
        let before = snapshot(&repo.at(".git"));
        let said = ask(&repo, &["install", &program]).fails("config.lock");
        assert!(said.contains("another process holds"), "{said}");
        assert_same(&before, &snapshot(&repo.at(".git")), "locked");

        std::fs::remove_file(repo.at(".git/config.lock")).expect("removed");
        ask(&repo, &["install", &program]).ok();
        repo.write(".git/config.lock", "");
        let said = ask(&repo, &["uninstall"]).fails("config.lock");
        assert!(
            said.contains("done before: remove ") && said.contains("run the same command again"),
            "{said}"
        );
        std::fs::remove_file(repo.at(".git/config.lock")).expect("removed");
        ask(&repo, &["uninstall"]).ok();
        std::fs::write(repo.at(".git/config.lock"), "").expect("written");
        assert_same(&before, &snapshot(&repo.at(".git")), "uninstalled in two goes");
    });
}

#[test]
fn what_was_done_before_a_failing_step_is_undone() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        repo.hook("post-commit", "#!/bin/sh\n# theirs\n");
        // The attributes cannot be written: a file is where their directory should be.
        remove_directory(&repo, ".git/info");
        repo.write(".git/info", "no directory\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).fails("info");
        assert_same(&before, &snapshot(&repo.at(".git")), "attributes failed");
        std::fs::remove_file(repo.at(".git/info")).expect("removed");

        // Nor can the hooks.
        remove_directory(&repo, ".git/hooks");
        repo.write(".git/hooks", "no directory\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).fails("hooks");
        assert_same(&before, &snapshot(&repo.at(".git")), "hooks failed");
    });
}

#[test]
fn a_killed_installation_is_finished_or_taken_back() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        for finish in [true, false] {
            let repo = world.init(if finish { "finish" } else { "back" });
            repo.hook("pre-push", "#!/bin/sh\n# theirs\n");
            let before = snapshot(&repo.at(".git"));
            ask(&repo, &["install", &program]).ok();
            let complete = snapshot(&repo.at(".git"));

            // As if killed between giving the foreign hook its second name and writing the shim.
            std::fs::remove_file(repo.at(".git/hooks/pre-push")).expect("removed");
            std::fs::hard_link(
                repo.at(".git/hooks/pre-push.mission-chained"),
                repo.at(".git/hooks/pre-push"),
            )
            .expect("a second name");
            std::fs::remove_file(repo.at(".git/hooks/post-merge")).expect("removed");
            for directory in ["hooks", "info", "mission/install"] {
                repo.write(&format!(".git/{directory}/.mission-tmp-Xy12Zz"), "half a f");
            }
            if finish {
                ask(&repo, &["install", &program]).ok();
                assert_same(&complete, &snapshot(&repo.at(".git")), "finished");
            }
            ask(&repo, &["uninstall"]).ok();
            assert_same(&before, &snapshot(&repo.at(".git")), "taken back");
        }
    });
}

#[test]
fn a_newer_ledger_is_not_touched() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let path = ".git/mission/install/ledger.json";
        repo.write(path, "{\"version\": 2}\n");
        for action in [&["install", "/nowhere/git-mission"][..], &["uninstall"]] {
            ask(&repo, action).fails("is of version 2");
        }
        assert_eq!(repo.read(path), "{\"version\": 2}\n");
        repo.write(path, "{\"version\": 1}\n");
        ask(&repo, &["uninstall"]).fails("cannot read");
    });
}
