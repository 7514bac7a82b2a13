//! Hooks in the configuration, which git 2.54 and later runs. With an older git they are refused by name.

use super::*;

/// A state of a repository, and what an older git is told of it.
type Case = (&'static str, fn(&Repo<'_>), &'static str);

/// States of repositories whose hooks directory is not ours to write into.
const ELSEWHERE: &[Case] = &[
    ("relative and tracked", |r| hooks_path(r, "tracked-hooks"), "the work tree"),
    ("absolute", |r| hooks_path(r, &r.world().path("shared").display().to_string()), "other repositories"),
    (
        "global",
        |r| {
            let path = r.world().path("everybody").display().to_string();
            r.ok(&["config", "--global", "core.hooksPath", &path]);
        },
        "other repositories",
    ),
    ("empty", |r| hooks_path(r, ""), "core.hooksPath is empty"),
    ("husky's", |r| hooks_path(r, ".husky/_"), "the work tree"),
];

/// Makes git look for hooks there, and puts one of somebody else's into it.
fn hooks_path(repo: &Repo<'_>, path: &str) {
    repo.ok(&["config", "core.hooksPath", path]);
    if !path.is_empty() {
        let hook = format!("{path}/pre-commit");
        repo.write(&hook, "#!/bin/sh\necho theirs >>../theirs\n");
        repo.chmod(&hook, 0o755);
    }
}

#[test]
fn where_the_directory_is_not_ours_nothing_is_written_into_it() {
    each_git(|git| {
        for (case, prepare, words) in ELSEWHERE {
            let world = World::new(git);
            let program = recorder(&world, "git-mission", 0);
            let repo = world.init("repo");
            prepare(&repo);
            let before = (snapshot(repo.path()), snapshot(&world.path("home")));
            if git.is_at_least(2, 54) {
                ask(&repo, &["install", &program]).ok();
                assert_eq!(ask(&repo, &["install", &program]).ok(), "", "{case}: again");
                let status = ask(&repo, &["status"]).ok();
                assert!(status.contains("complete true"), "{case}: {status}");
                repo.ok(&["commit", "-q", "--allow-empty", "-m", "x"]);
                assert!(log(&world).contains("[hook][pre-commit][--shim-version][2][--] in "), "{case}");
                assert!(log(&world).contains("[hook][post-commit]"), "{case}");
                let theirs = world.path("theirs");
                assert_eq!(theirs.exists(), !matches!(*case, "global" | "empty"), "{case}");
                ask(&repo, &["uninstall"]).ok();
            } else {
                let said = ask(&repo, &["install", &program]).fails(words);
                assert!(said.lines().count() > 1, "{case}: a hint in {said}");
                assert!(ask(&repo, &["status"]).ok().contains("pre-commit "), "{case}");
                ask(&repo, &["uninstall"]).ok();
            }
            // What the commit wrote is the test's.
            let of_commit = ["objects", "refs", "logs", "index", "COMMIT_EDITMSG"];
            let of_commit = of_commit.map(|name| Path::new(".git").join(name));
            let kept = |mut all: BTreeMap<PathBuf, (u32, Vec<u8>)>| {
                all.retain(|path, _| !of_commit.iter().any(|other| path.starts_with(other)));
                all
            };
            assert_same(&kept(before.0), &kept(snapshot(repo.path())), case);
            assert_same(&before.1, &snapshot(&world.path("home")), case);
        }
    });
}

#[test]
fn config_mode_and_files_are_exchanged_without_a_trace() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        if !git.is_at_least(2, 54) {
            let before = snapshot(&repo.at(".git"));
            let said =
                ask(&repo, &["install", &program, "config"]).fails("does not run hooks of the configuration");
            assert!(said.contains("--mode shim"), "{said}");
            return assert_same(&before, &snapshot(&repo.at(".git")), "refused");
        }
        repo.hook("pre-push", "#!/bin/sh\ncat >>../theirs\n");
        repo.write(".git/config", repo.read(".git/config").trim_end());
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).ok();
        let shims = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program, "config"]).ok();
        assert!(!repo.read(".git/hooks/pre-push").contains("git-mission"), "the foreign hook is back");
        assert!(
            !repo.at(".git/hooks/pre-commit").exists() && !repo.at(".git/hooks/mission-chained").exists()
        );
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        assert_eq!(ask(&repo, &["install", &program]).ok(), "", "auto stays with what there is");

        // Both run, each with all of stdin.
        let origin = world.bare("origin.git");
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "x"]);
        repo.ok(&["push", "-q", &origin.path().display().to_string(), "HEAD:refs/heads/main"]);
        let line = format!("HEAD {} refs/heads/main ", repo.head());
        assert!(log(&world).contains("[hook][pre-push][--shim-version][2][--]["), "{}", log(&world));
        assert!(log(&world).contains(&line), "{}", log(&world));
        assert!(std::fs::read_to_string(world.path("theirs")).expect("it ran").starts_with(&line));

        // Switched off by the user, and told so; a program that is gone stands in nobody's way.
        repo.ok(&["config", "hook.mission-pre-push.enabled", "false"]);
        assert!(ask(&repo, &["status"]).ok().contains("pre-push Disabled"));
        repo.ok(&["config", "--unset", "hook.mission-pre-push.enabled"]);
        std::fs::rename(&program, world.path("gone")).expect("moved");
        assert!(ask(&repo, &["status"]).ok().contains("pre-push ProgramMissing"));
        let output = repo.ok(&["commit", "-q", "--allow-empty", "-m", "y"]);
        assert_eq!(output.stderr.matches("is missing").count(), 2, "{output}");
        std::fs::rename(world.path("gone"), &program).expect("moved back");

        ask(&repo, &["install", &program, "shim"]).ok();
        let again = snapshot(&repo.at(".git"));
        for path in shims.keys().filter(|path| path.starts_with("hooks")) {
            assert_eq!(shims.get(path), again.get(path), "{}", path.display());
        }
        assert_eq!(repo.git(&["config", "--get-regexp", "^hook[.]"]).stdout, "");
        ask(&repo, &["uninstall"]).ok();
        let after = snapshot(&repo.at(".git"));
        for path in ["config", "hooks/pre-push", "info/attributes"].map(Path::new) {
            assert_eq!(before.get(path), after.get(path), "{}", path.display());
        }
        assert!(!repo.at(".git/mission/install").exists() && !repo.at(".git/hooks/mission-chained").exists());
    });
}
