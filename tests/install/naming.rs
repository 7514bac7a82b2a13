//! What a chained hook sees of itself: its name, its neighbours, its link.

use super::*;

/// Tells its name, what lies beside it, and where it really is.
const CURIOUS: &str = "#!/bin/sh\n\
    here=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\n\
    printf '%s|%s|%s\\n' \"$(basename \"$0\")\" \"$(cat \"$here/helper.sh\")\" \
    \"$(dirname \"$(readlink -f \"$0\")\")\" >>\"$LOG\"\n";

#[cfg(unix)]
#[test]
fn a_chained_hook_finds_itself_as_it_was() {
    each_git(|git| {
        let world = World::new(git);
        // A program that does what ours does first: run what is chained.
        let real = World::mission_program().display().to_string();
        for (place, program) in [("alive", real.as_str()), ("gone", "/nowhere/git-mission")] {
            let repo = world.init(place);
            let hooks = repo.at(".git/hooks").display().to_string();
            repo.write(".git/hooks/helper.sh", "help");
            repo.hook("pre-commit", CURIOUS);
            // One file for several hooks, which asks by what name it was called.
            repo.hook("dispatch", CURIOUS);
            std::os::unix::fs::symlink("dispatch", repo.at(".git/hooks/post-commit")).expect("a link");
            let before = snapshot(&repo.at(".git"));
            let log = world.path(&format!("log-{place}"));
            let repo = repo.env("LOG", &log);
            repo.ok(&["commit", "-q", "--allow-empty", "-m", "without us"]);
            let plain = std::fs::read_to_string(&log).expect("the log");
            assert_eq!(plain, format!("pre-commit|help|{hooks}\npost-commit|help|{hooks}\n"));
            ask(&repo, &["install", program]).ok();
            std::fs::remove_file(&log).expect("removed");
            repo.ok(&["commit", "-q", "--allow-empty", "-m", "with us"]);
            assert_eq!(std::fs::read_to_string(&log).expect("the log"), plain, "{place}");

            // What is put there later is found, as soon as we run.
            if place == "alive" {
                repo.write(".git/hooks/later.sh", "later");
                repo.hook("pre-commit.mission-chained", CURIOUS.replace("helper", "later"));
                repo.ok(&["commit", "-q", "--allow-empty", "-m", "later"]);
                let seen = std::fs::read_to_string(&log).expect("the log");
                assert!(seen.contains(&format!("pre-commit|later|{hooks}\n")), "{seen}");
                std::fs::remove_file(repo.at(".git/hooks/later.sh")).expect("removed");
                repo.hook("pre-commit.mission-chained", CURIOUS);
            }
            ask(&repo, &["uninstall"]).ok();
            let after = snapshot(&repo.at(".git"));
            let of_hooks = |all: &BTreeMap<PathBuf, (u32, Vec<u8>)>| {
                let mut all = all.clone();
                all.retain(|path, _| path.starts_with("hooks") || path.starts_with("info"));
                all
            };
            assert_same(&of_hooks(&before), &of_hooks(&after), place);
        }
    });
}

#[test]
fn a_manager_that_runs_what_it_found_calls_us_once() {
    each_git(|git| {
        let world = World::new(git);
        let program = World::mission_program().display().to_string();
        // As pre-commit does: what was there is moved away and called, from wherever `$0` is.
        let manager = "#!/bin/sh\n# hook-impl\nhere=\"$(cd \"$(dirname \"$0\")\" && pwd)\"\n\
            echo manager >>\"$LOG\"\n[ ! -x \"$here/pre-commit.legacy\" ] || \"$here/pre-commit.legacy\" \"$@\"\n";
        let take_over = |repo: &Repo<'_>, script: &str| {
            std::fs::rename(repo.at(".git/hooks/pre-commit"), repo.at(".git/hooks/pre-commit.legacy"))
                .expect("moved");
            repo.hook("pre-commit", script);
        };
        for chained_before in [false, true] {
            let repo = world.init(if chained_before { "twice" } else { "once" });
            let log = world.path("log");
            let _ = std::fs::remove_file(&log);
            let repo = repo.env("LOG", &log);
            if chained_before {
                // The manager runs somebody else's hook already, so ours goes on top.
                repo.hook("pre-commit.legacy", "#!/bin/sh\n");
                repo.hook("pre-commit", manager);
            }
            ask(&repo, &["install", &program]).ok();
            // A new version of the manager, so that it differs from what is chained.
            take_over(&repo, &(manager.to_owned() + "# 2\n"));
            let status = ask(&repo, &["status"]).ok();
            assert!(status.contains("pre-commit Installed"), "{status}");
            assert_eq!(ask(&repo, &["install", &program]).ok(), "", "nothing to mend");
            let output = repo.ok(&["commit", "-q", "--allow-empty", "-m", "one"]);
            assert_eq!(output.stderr, "");
            let runs = std::fs::read_to_string(&log).expect("the log").lines().count();
            assert_eq!(runs, if chained_before { 2 } else { 1 });
            assert!(repo.at(".git/mission/traces/pre-commit").exists());

            ask(&repo, &["uninstall"]).ok();
            let legacy = repo.at(".git/hooks/pre-commit.legacy").exists();
            assert_eq!(legacy, chained_before, "what the manager would have found");
            assert!(repo.read(".git/hooks/pre-commit").ends_with("# 2\n"));
            let left = snapshot(&repo.at(".git/hooks"));
            assert!(!left.keys().any(|path| path.to_string_lossy().contains("mission")), "{:?}", left.keys());
        }
    });
}

#[test]
fn beneath_a_manager_that_runs_what_it_found() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        let manager = "#!/bin/sh\n# hook-impl\nexec \"$0.legacy\" \"$@\"\n";
        repo.hook("pre-commit", manager);
        let before = snapshot(&repo.at(".git/hooks"));
        ask(&repo, &["install", &program]).ok();
        assert_eq!(repo.read(".git/hooks/pre-commit"), manager, "its uninstalling has to find it");
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        assert_eq!(ask(&repo, &["install", &program]).ok(), "");
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "one"]);
        assert_eq!(log(&world).matches("[hook][pre-commit]").count(), 1);
        ask(&repo, &["uninstall"]).ok();
        assert_same(&before, &snapshot(&repo.at(".git/hooks")), "uninstalled");

        // The manager goes first: ours is what it finds and puts back.
        ask(&repo, &["install", &program]).ok();
        std::fs::rename(repo.at(".git/hooks/pre-commit.legacy"), repo.at(".git/hooks/pre-commit"))
            .expect("moved");
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        ask(&repo, &["uninstall"]).ok();
        assert!(!repo.at(".git/hooks/pre-commit").exists());
    });
}
