//! The drivers as git calls them, and the attributes by which it finds them.

use super::*;

/// A repository in which merging `theirs` needs the driver, with this program installed.
fn diverged<'w>(world: &'w World, name: &str, program: &str) -> Repo<'w> {
    let repo = world.init(name);
    repo.commit(META, "{\n  \"a\": 1\n}\n");
    repo.ok(&["switch", "-q", "-c", "theirs"]);
    repo.commit(META, "{\n  \"a\": \"theirs\"\n}\n");
    repo.ok(&["switch", "-q", "main"]);
    repo.commit(META, "{\n  \"a\": \"ours\"\n}\n");
    ask(&repo, &["install", program]).ok();
    repo
}

/// Asserts that a merge stopped at a conflict that holds both sides between markers.
#[track_caller]
fn assert_both_sides(repo: &Repo<'_>, merge: &Output, case: &str) {
    assert_eq!(merge.status, 1, "{case}: {merge}");
    let text = repo.read(META);
    for words in ["<<<<<<< ", "\"ours\"", "=======", "\"theirs\"", ">>>>>>> "] {
        assert!(text.contains(words), "{case}: {words} in {text}");
    }
    assert_eq!(repo.ok(&["ls-files", "-u"]).stdout.lines().count(), 3, "{case}: unmerged");
}

#[test]
fn a_driver_that_dies_leaves_both_sides() {
    each_git(|git| {
        let world = World::new(git);
        let dying = [
            ("missing", None),
            ("not a program", Some("")),
            ("panics", Some("exit 101")),
            ("wrong usage", Some("exit 2")),
            ("killed", Some("kill -SEGV $$")),
            ("128", Some("exit 128")),
        ];
        for (case, script) in dying {
            let path = match script {
                None => "/nowhere/it's 100%P gone/git-mission".to_owned(),
                Some("") => {
                    let path = program(&world, "nothing", "");
                    world.directory("programs").chmod("nothing", 0o644);
                    path
                }
                // Hooks are not what this is about.
                Some(script) => program(
                    &world,
                    &format!("{case}/git-mission"),
                    &format!("#!/bin/sh\n[ \"$1\" = hook ] && exit 0\n{script}\n"),
                ),
            };
            let repo = diverged(&world, &format!("repo {case}"), &path);
            let merge = repo.git(&["merge", "theirs"]);
            assert_both_sides(&repo, &merge, case);
        }
    });
}

#[test]
fn a_driver_that_lives_decides() {
    each_git(|git| {
        let world = World::new(git);
        // The path has everything that a shell, git or its configuration could trip over.
        let name = "it's \"100%P\" of; $HOME #/git-mission";
        let script = |end: &str| format!("#!/bin/sh\n[ \"$1\" = hook ] && exit 0\n{end}\n");

        let seen = world.path("seen").display().to_string();
        let merged = program(
            &world,
            name,
            &script(&format!("printf '[%s]' \"$@\" >'{seen}'; echo merged >\"$6\"; exit 0")),
        );
        let repo = diverged(&world, "merged", &merged);
        repo.ok(&["merge", "-q", "theirs"]);
        assert_eq!(repo.show(&format!("HEAD:{META}")), "merged\n");
        let seen = std::fs::read_to_string(seen).expect("arguments");
        assert!(seen.starts_with("[merge-driver][meta][--base]["), "{seen}");
        assert!(seen.contains(&format!("[--marker-size][7][--path][{META}][--label-base][")), "{seen}");
        assert_eq!(
            seen.contains("[--label-ours][%X][--label-theirs][%Y]"),
            !git.is_at_least(2, 44),
            "{seen}"
        );

        let conflict = program(&world, name, &script("echo '<<<<<<< mine' >\"$6\"; exit 1"));
        let repo = diverged(&world, "conflict", &conflict);
        repo.git(&["merge", "theirs"]).exits(1);
        assert_eq!(repo.read(META), "<<<<<<< mine\n");

        // Newer git stops the whole merge; older git takes it for a conflict, and must find one.
        let broken = program(&world, name, &script("exit 255"));
        let repo = diverged(&world, "broken", &broken);
        let merge = repo.git(&["merge", "theirs"]);
        if git.is_at_least(2, 47) {
            assert!(merge.status > 1, "{merge}");
            assert_eq!((repo.status(), repo.read(META)), (String::new(), repo.show(&format!("HEAD:{META}"))));
        } else if repo.status().is_empty() {
            assert_eq!(repo.read(META), repo.show(&format!("HEAD:{META}")), "{merge}");
        } else {
            assert_both_sides(&repo, &merge, "255 taken for a conflict");
        }
    });
}

#[test]
fn only_the_files_of_missions_have_drivers() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        // The lines of other tools in the work tree lose against ours.
        repo.write(".gitattributes", "kitty-specs/**/meta.json merge=spec-kitty-meta\n");
        let answer = |path: &str| {
            let said = repo.ok(&["check-attr", "merge", "--", path]).stdout;
            said.trim_end().rsplit(": ").next().map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(answer("kitty-specs/a/meta.json"), "mission-meta");
        assert_eq!(answer("kitty-specs/a/b/meta.json"), "spec-kitty-meta");
        assert_eq!(answer("kitty-specs/meta.json"), "spec-kitty-meta");
        assert_eq!(answer("deep/kitty-specs/a/meta.json"), "unspecified");
        for log in ["status.events.jsonl", "decisions.events.jsonl", "mission-events.jsonl"] {
            assert_eq!(answer(&format!("kitty-specs/a/{log}")), "mission-event-log");
            assert_eq!(answer(&format!("kitty-specs/a/b/{log}")), "unspecified");
        }
        for (file, kind) in [
            ("traces/approach.md", "traces"),
            ("issue-matrix.json", "issue-matrix"),
            ("acceptance-matrix.json", "acceptance-matrix"),
            ("tasks/WP01-login/review-cycle-1.md", "review-cycle"),
            ("status.json", "derived"),
        ] {
            assert_eq!(answer(&format!("kitty-specs/a/{file}")), format!("mission-{kind}"));
            assert_eq!(answer(&format!("kitty-specs/a/b/{file}")), "unspecified");
        }
        assert_eq!(Kind::ALL.len(), 7, "another driver needs its own line here");
    });
}

#[test]
fn status_names_a_section_that_breaks_every_merge() {
    each_git(|git: &Git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.ok(&["config", "merge.mission-meta.name", "no driver"]);
        assert!(ask(&repo, &["status"]).ok().contains("driver meta Fatal"));
        repo.ok(&["config", "merge.mission-meta.driver", "true"]);
        assert!(ask(&repo, &["status"]).ok().contains("driver meta Outdated"));
        let program = recorder(&world, "git-mission", 0);
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(repo.git(&["config", "--get-regexp", "^merge[.]"]).stdout, "");
    });
}

/// As an older version left it: two drivers, and their lines.
#[test]
fn an_installation_with_fewer_drivers_is_named_and_completed() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let before = [".git/config"].map(|path| repo.read(path));
        let program = recorder(&world, "git-mission", 0);
        ask(&repo, &["install", &program]).ok();
        let whole = [".git/config", ".git/info/attributes"].map(|path| repo.read(path));
        for kind in Kind::ALL.iter().skip(2) {
            repo.ok(&["config", "--remove-section", &format!("merge.mission-{}", kind.name())]);
        }
        let lines = |text: &str| -> String {
            let old = |line: &&str| {
                line.starts_with('#') || line.contains("=mission-meta") || line.contains("=mission-event-log")
            };
            text.lines().filter(old).flat_map(|line| [line, "\n"]).collect()
        };
        repo.write(".git/info/attributes", lines(&whole[1]));
        let status = ask(&repo, &["status"]).ok();
        assert!(
            status.contains("driver meta Installed") && status.contains("driver traces Missing"),
            "{status}"
        );
        assert!(status.contains("attribute derived None") && status.contains("complete false"), "{status}");
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        assert_eq!(repo.read(".git/info/attributes"), whole[1]);
        ask(&repo, &["uninstall"]).ok();
        assert_eq!([".git/config"].map(|path| repo.read(path)), before);
        assert!(!repo.at(".git/info/attributes").exists());
    });
}
