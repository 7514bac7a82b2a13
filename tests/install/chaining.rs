//! Hooks that were there before ours, and those that come after.

use super::*;

#[test]
fn another_program_renews_shims_and_driver() {
    each_git(|git| {
        let world = World::new(git);
        let (old, new) = (recorder(&world, "old", 0), recorder(&world, "it's 100% $new/git-mission", 0));
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\nexit 0\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &old]).ok();
        std::fs::remove_file(&old).expect("removed");
        let status = ask(&repo, &["status"]).ok();
        assert!(status.contains("pre-commit ProgramMissing +chained"), "{status}");
        assert!(status.contains("driver meta ProgramMissing"), "{status}");

        let listed = ask(&repo, &["install", &new]).ok();
        assert!(!listed.contains("rename") && !listed.contains("attributes"), "{listed}");
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "one"]);
        let directory = repo.path().display().to_string();
        let ran = log(&world);
        assert!(
            ran.contains(&format!("[hook][pre-commit][--shim-version][2][--] in {directory}: ")),
            "{ran}"
        );
        assert!(ran.contains("[hook][post-commit]"), "{ran}");

        // Not executable: git would ignore it.
        repo.chmod(".git/hooks/post-commit", 0o644);
        assert!(ask(&repo, &["status"]).ok().contains("post-commit Outdated"));
        assert!(ask(&repo, &["install", &new]).ok().ends_with("/post-commit\n"));

        let after = |path: &str| before.get(Path::new(path)).cloned();
        ask(&repo, &["uninstall"]).ok();
        let now = snapshot(&repo.at(".git"));
        for path in ["config", "hooks/pre-commit", "hooks/post-commit", "info/attributes"] {
            assert_eq!(now.get(Path::new(path)).cloned(), after(path), "{path}");
        }
    });
}

#[test]
fn a_foreign_hook_runs_also_when_the_program_is_missing() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, repo) = with_origin(&world);
        let tip = repo.head();
        for (status, pushed) in [(3, false), (0, true)] {
            let script = std::fs::read(recorder(&world, "hook", status)).expect("a script");
            repo.hook("pre-push", &script);
            ask(&repo, &["install", "/nowhere/git-mission"]).ok();
            let output = repo.git(&["push", "origin", "HEAD:refs/heads/new"]);
            assert_eq!(output.status == 0, pushed, "{output}");
            assert_eq!(output.stderr.matches("/nowhere/git-mission is missing").count(), 1, "{output}");
            let url = origin.path().display().to_string();
            let zeros = "0".repeat(40);
            let expected =
                format!("[origin][{url}] in {}: HEAD {tip} refs/heads/new {zeros}\n", repo.path().display());
            assert_eq!(log(&world), expected);
            std::fs::remove_file(world.path("log")).expect("removed");
            ask(&repo, &["uninstall"]).ok();
            assert!(!repo.at(".git/hooks/pre-push.mission-chained").exists());
        }
    });
}

#[test]
fn without_program_and_foreign_hook_nothing_stands_in_the_way() {
    each_git(|git| {
        let world = World::new(git);
        let (_, repo) = with_origin(&world);
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        repo.write(".git/hooks/pre-commit.mission-chained", "#!/bin/sh\nexit 1\n");
        let output = repo.ok(&["commit", "-q", "--allow-empty", "-m", "two"]);
        assert_eq!(output.stderr.lines().count(), 2, "one line for each of two hooks: {output}");
        let output = repo.ok(&["push", "-q", "origin", "HEAD"]);
        assert_eq!(output.stderr.lines().count(), 1, "{output}");
    });
}

#[test]
fn the_program_gets_arguments_and_stdin_and_decides() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, repo) = with_origin(&world);
        let program = recorder(&world, "git-mission", 1);
        ask(&repo, &["install", &program]).ok();
        let output = repo.git(&["push", "origin", "HEAD:refs/heads/new"]);
        assert_ne!(output.status, 0, "{output}");
        let expected = format!(
            "[hook][pre-push][--shim-version][2][--][origin][{}] in {}: HEAD {} refs/heads/new {}\n",
            origin.path().display(),
            repo.path().display(),
            repo.head(),
            "0".repeat(40)
        );
        assert_eq!(log(&world), expected);
    });
}

#[test]
fn chained_names_only_what_git_would_have_run() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\nexit 0\n");
        repo.write(".git/hooks/pre-push", "#!/bin/sh\nexit 0\n");
        repo.chmod(".git/hooks/pre-push", 0o644);
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        let expected = repo.at(".git/hooks/pre-commit.mission-chained");
        assert_eq!(ask(&repo, &["chained", "pre-commit"]).ok(), format!("{:?}", Some(expected)));
        assert_eq!(ask(&repo, &["chained", "pre-push"]).ok(), "None");
        assert_eq!(ask(&repo, &["chained", "post-merge"]).ok(), "None");
        let status = ask(&repo, &["status"]).ok();
        assert!(status.contains("pre-push ProgramMissing +idle\n"), "{status}");

        // A shim behind a shim would start us for ever.
        std::fs::copy(repo.at(".git/hooks/post-merge"), repo.at(".git/hooks/post-merge.mission-chained"))
            .expect("a copy");
        assert_eq!(ask(&repo, &["chained", "post-merge"]).ok(), "None");

        // A program in the work tree is none that we start.
        repo.ok(&["config", "core.hooksPath", "hooks"]);
        repo.hook("pre-commit.mission-chained", "#!/bin/sh\n");
        assert_eq!(ask(&repo, &["chained", "pre-commit"]).ok(), "None");
    });
}

#[test]
fn a_tool_that_replaces_a_shim_loses_nothing_and_neither_do_we() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let program = recorder(&world, "git-mission", 0);
        repo.hook("pre-commit", "#!/bin/sh\n# theirs\n");
        ask(&repo, &["install", &program]).ok();

        // The same hook again: it is chained already.
        std::fs::remove_file(repo.at(".git/hooks/pre-commit")).expect("removed");
        repo.hook("pre-commit", "#!/bin/sh\n# theirs\n");
        assert!(ask(&repo, &["status"]).ok().contains("pre-commit Foreign +chained"));
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        assert!(repo.read(".git/hooks/pre-commit.mission-chained").contains("# theirs"));

        // A new one: it runs from now on, as it would without us; the one before is kept, and named.
        std::fs::remove_file(repo.at(".git/hooks/pre-commit")).expect("removed");
        repo.hook("pre-commit", "#!/bin/sh\n# new\n");
        let listed = ask(&repo, &["install", &program]).ok();
        assert!(listed.contains("pre-commit.mission-replaced"), "{listed}");
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        assert!(repo.read(".git/hooks/pre-commit.mission-chained").contains("# new"));
        assert!(repo.read(".git/hooks/pre-commit.mission-replaced").contains("# theirs"));
        // Once more: nothing that is kept is overwritten.
        std::fs::remove_file(repo.at(".git/hooks/pre-commit")).expect("removed");
        repo.hook("pre-commit", "#!/bin/sh\n# newest\n");
        ask(&repo, &["install", &program]).ok();
        assert!(repo.read(".git/hooks/pre-commit.mission-replaced-2").contains("# new"));
        ask(&repo, &["uninstall"]).ok();
        assert!(repo.read(".git/hooks/pre-commit").contains("# newest"));
        assert!(repo.read(".git/hooks/pre-commit.mission-replaced").contains("# theirs"));

        // Uninstalling while another tool's hook is there leaves both.
        let other = world.init("both");
        other.hook("pre-commit", "#!/bin/sh\n# theirs\n");
        ask(&other, &["install", &program]).ok();
        std::fs::remove_file(other.at(".git/hooks/pre-commit")).expect("removed");
        other.hook("pre-commit", "#!/bin/sh\n# new\n");
        let listed = ask(&other, &["uninstall"]).ok();
        assert!(listed.contains("leave ") && listed.contains("pre-commit.mission-chained"), "{listed}");
        assert!(other.read(".git/hooks/pre-commit").contains("# new"));
        assert!(other.read(".git/hooks/pre-commit.mission-chained").contains("# theirs"));

        // Nothing chained: a hook that replaced a shim is chained like any other.
        ask(&world.init("other"), &["install", &program]).ok();
        let other = world.directory("other");
        std::fs::remove_file(other.at(".git/hooks/pre-commit")).expect("removed");
        other.hook("pre-commit", "#!/bin/sh\n# new\n");
        ask(&other, &["install", &program]).ok();
        assert!(other.read(".git/hooks/pre-commit.mission-chained").contains("# new"));
    });
}

#[test]
fn an_edited_shim_is_kept_aside() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        for action in ["install", "uninstall"] {
            let repo = world.init(action);
            ask(&repo, &["install", &program]).ok();
            let edited = repo.read(".git/hooks/pre-push") + "echo mine\n";
            repo.write(".git/hooks/pre-push", &edited);
            assert!(ask(&repo, &["status"]).ok().contains("pre-push Edited"));
            if action == "install" {
                ask(&repo, &["install", &program]).ok();
                assert!(ask(&repo, &["status"]).ok().contains("complete true"));
            } else {
                ask(&repo, &["uninstall"]).ok();
                assert!(!repo.at(".git/hooks/pre-push").exists());
            }
            assert_eq!(repo.read(".git/hooks/pre-push.mission-edited"), edited);
        }
    });
}

#[test]
fn shims_of_another_version_are_outdated() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        ask(&repo, &["install", &program]).ok();
        repo.hook("pre-push", "#!/bin/sh\n# git-mission shim 0: pre-push.\nexit 0\n");
        assert!(ask(&repo, &["status"]).ok().contains("pre-push Outdated"));
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
    });
}
