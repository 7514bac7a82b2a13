//! Installed and uninstalled, every byte is where it was, whatever state the repository was found in.

use super::*;

/// A state in which a repository may be found.
type Prepare = fn(&Repo<'_>);

/// States of the files that installing touches. What holds for one holds for all.
const STATES: &[(&str, Prepare)] = &[
    ("as git makes it", |_| {}),
    ("config without a last newline", |r| {
        r.write(".git/config", r.read(".git/config").trim_end());
    }),
    ("config that ends in blank lines", |r| {
        r.write(".git/config", r.read(".git/config") + "\n\n \n");
    }),
    ("config with CRLF, comments and odd indentation", |r| {
        let text = r.read(".git/config").replace('\n', "\r\n") + "# a comment\r\n  [user]\r\nname=x ; y\r\n";
        r.write(".git/config", text);
    }),
    ("config that only its owner may read", |r| r.chmod(".git/config", 0o600)),
    ("config with a section named like ours", |r| {
        r.write(".git/config", r.read(".git/config") + "[merge \"mission-meta2\"]\n\tdriver = false\n");
    }),
    ("no info directory", |r| remove_directory(r, ".git/info")),
    ("no attributes", |r| {
        let _ = std::fs::remove_file(r.at(".git/info/attributes"));
    }),
    ("empty attributes", |r| r.write(".git/info/attributes", "")),
    ("attributes without a last newline", |r| r.write(".git/info/attributes", "*.txt text")),
    ("attributes that are not UTF-8, read-only", |r| {
        r.write(".git/info/attributes", b"\xff\xfe*.x -text\n\n");
        r.chmod(".git/info/attributes", 0o444);
    }),
    ("no hooks directory", |r| remove_directory(r, ".git/hooks")),
    ("core.hooksPath in the git directory", |r| {
        r.ok(&["config", "core.hooksPath", ".git/own/deep/hooks"]);
    }),
    ("core.hooksPath in the git directory, absolute", |r| {
        let path = r.at(".git/hooks").display().to_string();
        r.ok(&["config", "core.hooksPath", &path]);
    }),
    ("config with a section of the user's for us", |r| {
        r.write(
            ".git/config",
            r.read(".git/config") + "[mission]\n\tmainBranch = trunk\n; mine\n[Mission]\n sync=off\n",
        );
    }),
    ("config with hooks of the user's", |r| {
        r.write(
            ".git/config",
            r.read(".git/config") + "[hook \"lint\"]\n\tcommand = true\n\tevent = pre-commit\n",
        );
    }),
    ("foreign hooks that end in exec, or are not UTF-8", |r| {
        r.hook("pre-commit", "#!/bin/sh\nexec true \"$@\"");
        r.hook("post-commit", b"#!/bin/sh\n# caf\xe9 \xff\nexit 0\n");
        r.write(".git/hooks/shared.d/one", "beside them\n");
    }),
    ("every hook is foreign", |r| HOOKS.iter().for_each(|hook| r.hook(hook, "#!/bin/sh\nexit 0\n"))),
    ("a foreign hook that is binary and read-only", |r| {
        r.hook("pre-commit", b"\x7fELF\x00\xff\xfe");
        r.chmod(".git/hooks/pre-commit", 0o555);
    }),
    ("a foreign hook that is not executable", |r| {
        r.write(".git/hooks/pre-push", "#!/bin/sh\nexit 1\n");
        r.chmod(".git/hooks/pre-push", 0o640);
    }),
    #[cfg(unix)]
    ("foreign hooks that are links", |r| {
        r.hook("shared-hook", "#!/bin/sh\nexit 0\n");
        for (hook, target) in [("post-merge", "shared-hook"), ("pre-push", "/nowhere/at/all")] {
            std::os::unix::fs::symlink(target, r.at(".git/hooks").join(hook)).expect("a link");
        }
    }),
];

#[test]
fn uninstalling_puts_every_byte_back() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        for (number, (case, prepare)) in STATES.iter().enumerate() {
            let repo = world.init(&format!("repo{number}"));
            prepare(&repo);
            let git_dir = repo.at(".git");
            let before = snapshot(&git_dir);

            ask(&repo, &["install", &program]).ok();
            let installed = snapshot(&git_dir);
            assert!(ask(&repo, &["status"]).ok().contains("complete true absent false"), "{case}");

            assert_eq!(ask(&repo, &["install", &program]).ok(), "", "{case}: installing again");
            assert_same(&installed, &snapshot(&git_dir), &format!("{case}: installing again"));

            ask(&repo, &["uninstall"]).ok();
            assert_same(&before, &snapshot(&git_dir), &format!("{case}: uninstalling"));
            assert_eq!(ask(&repo, &["uninstall"]).ok(), "", "{case}: uninstalling again");
            assert_same(&before, &snapshot(&git_dir), &format!("{case}: uninstalling again"));
        }
    });
}

#[test]
fn uninstalling_without_the_ledger_removes_what_is_ours() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\nexit 0\n");
        repo.write(".git/info/attributes", "*.txt text\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).ok();
        remove_directory(&repo, ".git/mission");
        ask(&repo, &["uninstall"]).ok();
        assert_same(&before, &snapshot(&repo.at(".git")), "without the ledger");
    });
}

#[test]
fn a_dry_run_lists_everything_and_changes_nothing() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        remove_directory(&repo, ".git/info");
        repo.hook("pre-push", "#!/bin/sh\n");
        let before = snapshot(&repo.at(".git"));
        let listed = ask(&repo, &["dry-run", &program]).ok();
        assert_same(&before, &snapshot(&repo.at(".git")), "a dry run");

        for words in [
            "mission/install/ledger.json",
            "make directory",
            "info/attributes",
            "pre-push.mission-chained",
            "mission-chained/pre-push to ../pre-push.mission-chained",
        ] {
            assert!(listed.contains(words), "{words} in {listed}");
        }
        for hook in HOOKS {
            assert!(
                listed.lines().any(|l| l.starts_with("write ") && l.ends_with(&format!("/{hook}"))),
                "{listed}"
            );
        }
        let driver = listed.find("set merge.mission-meta.driver = '").expect("the driver");
        let name = listed.find("set merge.mission-meta.name = ").expect("the name");
        assert!(driver < name, "{listed}");
        assert_eq!(ask(&repo, &["install", &program]).ok(), listed);
    });
}

#[test]
fn what_others_changed_since_stays() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        let config = repo.read(".git/config");
        ask(&repo, &["install", &program]).ok();
        repo.ok(&["config", "user.nickname", "me"]);
        repo.write(".git/info/attributes", repo.read(".git/info/attributes") + "*.mine text\n");
        repo.write(".git/hooks/commit-msg", "#!/bin/sh\n");
        let listed = ask(&repo, &["uninstall"]).ok();
        assert!(listed.contains("remove our lines from"), "{listed}");

        assert_eq!(repo.read(".git/config"), config + "[user]\n\tnickname = me\n");
        assert_eq!(repo.read(".git/info/attributes"), "*.mine text\n");
        assert!(repo.at(".git/hooks/commit-msg").exists());
        assert!(!repo.at(".git/mission").exists());
        assert!(ask(&repo, &["status"]).ok().contains("complete false absent true"));
    });
}

#[test]
fn installing_over_the_changes_of_others_keeps_them() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        ask(&repo, &["install", &program]).ok();
        repo.ok(&["config", "user.nickname", "me"]);
        repo.write(".git/info/attributes", "*.mine text\n");
        ask(&repo, &["install", &program]).ok();
        assert_eq!(ask(&repo, &["install", &program]).ok(), "");
        assert!(repo.read(".git/info/attributes").starts_with("*.mine text\n# >>> "));
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(repo.ok(&["config", "user.nickname"]).line(), "me");
        assert_eq!(repo.git(&["config", "--get-regexp", "^merge[.]"]).stdout, "");
        assert_eq!(repo.read(".git/info/attributes"), "*.mine text\n");
    });
}

#[test]
fn settings_of_ours_do_not_count_as_changes_of_others() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        repo.ok(&["config", "mission.server", "https://example.com"]);
        repo.write(".git/config", repo.read(".git/config") + "\n\n");
        let before = snapshot(&repo.at(".git"));

        ask(&repo, &["install", &program]).ok();
        ask(&repo, &["set", "mission.sync", "true"]).ok();
        ask(&repo, &["set", "mission.server", "https://example.org"]).ok();
        assert_eq!(repo.ok(&["config", "mission.sync"]).line(), "true");
        ask(&repo, &["uninstall"]).ok();
        assert_same(&before, &snapshot(&repo.at(".git")), "after settings");

        // Where somebody else wrote too, the keys that we added still go; the one that was there stays.
        ask(&repo, &["install", &program]).ok();
        repo.ok(&["config", "user.nickname", "me"]);
        ask(&repo, &["set", "mission.sync", "true"]).ok();
        ask(&repo, &["set", "mission.pushBudget", "1"]).ok();
        ask(&repo, &["unset", "mission.pushBudget"]).ok();
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(
            repo.git(&["config", "--get-regexp", "^(mission|merge)[.]"]).stdout,
            "mission.server https://example.com\n"
        );
        assert_eq!(repo.ok(&["config", "user.nickname"]).line(), "me");

        // Where nothing is installed, it is only an edit.
        ask(&repo, &["set", "mission.sync", "false"]).ok();
        assert_eq!(repo.ok(&["config", "mission.sync"]).line(), "false");
        assert!(!repo.at(".git/mission").exists());
    });
}

#[test]
fn the_queue_stays_unless_purged() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        repo.write(".git/mission/queue.db", "rows");
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(repo.read(".git/mission/queue.db"), "rows");
        assert!(!repo.at(".git/mission/install").exists());
        repo.write(".git/worktrees/w/mission/build-id", "id");
        ask(&repo, &["purge"]).ok();
        assert!(!repo.at(".git/mission").exists() && !repo.at(".git/worktrees/w/mission").exists());
    });
}

/// What hooks noted for each other goes with them, in linked worktrees too; who this checkout is stays.
#[test]
fn the_notes_of_hooks_go_with_them() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.commit("README.md", "# Product\n");
        repo.mission(&["install"]).ok();
        repo.ok(&["worktree", "add", "-q", "-b", "side", "../linked"]);
        let linked = repo.cd("../linked");
        // A configuration that is older than this is noted.
        std::thread::sleep(std::time::Duration::from_millis(200));
        for place in [&repo, &linked] {
            place.mission(&["create", "Login page", "--add"]).ok();
            place.ok(&["commit", "-qm", "a mission"]);
        }
        let homes = [repo.at(".git/mission"), repo.at(".git/worktrees/linked/mission")];
        assert!(homes.iter().all(|home| home.join("settings").exists()), "{homes:?}");
        repo.mission(&["uninstall"]).ok();
        for home in homes {
            for note in ["settings", "pre-commit", "traces"] {
                assert!(!home.join(note).exists(), "{}", home.join(note).display());
            }
        }
    });
}
