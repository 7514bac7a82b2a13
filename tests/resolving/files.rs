//! Files that a merge left unmerged: those with rules are merged by them, the others are explained.

use serde_json::json;

use crate::merging_support::{DIRECTORY, Subject, diverged, document, each, installed, subjects};
use crate::support::{Output, Repo, World, any_git, each_git};

/// Takes the drivers away, as if the merge had been made where nothing is installed.
fn without_drivers(repo: &Repo<'_>) {
    repo.write(".git/info/attributes", "");
}

fn staged(repo: &Repo<'_>, path: &str) -> String {
    assert_eq!(repo.ok(&["ls-files", "--unmerged"]).stdout, "");
    repo.show(&format!(":{path}"))
}

#[test]
fn what_was_merged_without_the_drivers_is_merged_by_them() {
    each(|world, _, subject| {
        let path = subject.path();
        let ways: [&[&str]; 5] = [
            &["merge", "-q", "theirs"],
            &["merge", "-q", "-s", "resolve", "theirs"],
            &["-c", "merge.conflictStyle=diff3", "merge", "-q", "theirs"],
            &["rebase", "-q", "theirs"],
            &["rebase", "-q", "--apply", "theirs"],
        ];
        for (n, way) in ways.into_iter().enumerate() {
            let repo = diverged(world, &format!("{}-{n}", subject.name), subject, &subject.edits);
            without_drivers(&repo);
            let stopped = repo.git(way);
            assert_ne!(stopped.status, 0, "{stopped}");
            let output = repo.mission(&["resolve"]).ok();
            assert!(
                output.stdout.starts_with(&format!("{path}: merged by the rules for ")),
                "{way:?} {output}"
            );
            subject.assert_both(&staged(&repo, &path));
            assert_eq!(repo.read(&path), staged(&repo, &path), "{way:?}");
            assert_eq!(repo.ok(&["diff", "--name-only"]).stdout, "");
        }
        // Where git notes no commits: the stages are enough.
        let repo = diverged(world, &format!("{}-stash", subject.name), subject, &subject.edits);
        without_drivers(&repo);
        repo.ok(&["switch", "-q", "theirs"]);
        repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        repo.write(&path, &subject.edits[1]);
        repo.ok(&["stash", "-q"]);
        repo.ok(&["switch", "-q", "main"]);
        repo.git(&["stash", "pop", "-q"]).exits(1);
        repo.mission(&["resolve"]).ok();
        subject.assert_both(&staged(&repo, &path));
    });
}

#[test]
fn what_an_octopus_left_is_merged() {
    each(|world, _, subject| {
        let path = subject.path();
        let repo = diverged(world, "repo", subject, &subject.edits);
        repo.ok(&["switch", "-q", "-c", "other", "main^"]);
        repo.commit("README.md", "# Product\n");
        repo.ok(&["switch", "-q", "main"]);
        // Only the last of the branches may end in a conflict.
        let merge = repo.git(&["merge", "-q", "other", "theirs"]);
        assert_ne!(merge.status, 0, "{merge}");
        if repo.ok(&["ls-files", "--unmerged"]).stdout.is_empty() {
            // git merged the lines by itself, and took everything back.
            return;
        }
        repo.mission(&["resolve"]).ok();
        subject.assert_both(&staged(&repo, &path));
        repo.ok(&["commit", "-qm", "merged"]);
        assert_eq!(
            (repo.ok(&["rev-list", "--parents", "-1", "HEAD"]).line().split(' ').count(), repo.status()),
            (4, String::new())
        );
    });
}

#[test]
fn a_conflict_stays_one_and_shows_both_sides() {
    each(|world, _, subject| {
        let path = subject.path();
        for drivers in [true, false] {
            let repo = diverged(world, &format!("{}-{drivers}", subject.name), subject, &subject.rivals);
            if !drivers {
                without_drivers(&repo);
            }
            repo.git(&["merge", "-q", "theirs"]).exits(1);
            let (before, unmerged) = (repo.read(&path), repo.ok(&["ls-files", "--unmerged"]).stdout);
            let output = repo.mission(&["resolve", "--json"]).exits(1);
            let told = output.json();
            assert_eq!(told["conflicts"][0]["path"], *path, "{output}");
            assert_eq!(told["conflicts"][0]["reason"], "keys");
            assert_eq!(repo.ok(&["ls-files", "--unmerged"]).stdout, unmerged);
            let text = repo.read(&path);
            assert!(
                subject.rival_signs.iter().all(|sign| text.contains(sign)) && text.contains("<<<<<<< "),
                "{text}"
            );
            if drivers {
                assert_eq!((text, &told["changed"]), (before, &json!(false)), "git's labels stay");
            }
            let output = repo.mission(&["resolve"]).exits(1);
            assert!(output.stdout.contains(&format!("{path}: both sides changed ")), "{output}");
        }
    });
}

/// Half resolved by hand: that is somebody's work.
#[test]
fn a_file_that_was_edited_since_is_refused_unless_it_is_named() {
    each(|world, _, subject| {
        let path = subject.path();
        let repo = diverged(world, subject.name, subject, &subject.edits);
        without_drivers(&repo);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        let edited = repo.read(&path).replace("<<<<<<<", "mine <<<<<<<");
        repo.write(&path, &edited);
        for args in [&["resolve"][..], &["resolve", DIRECTORY], &["resolve", "--dry-run"]] {
            let output = repo.mission(args).exits(1);
            assert!(
                output.stderr.contains(&format!("error: {path}: it was edited since the merge")),
                "{output}"
            );
            assert!(output.stderr.contains(&format!("to keep the edit: git add -- {path}")), "{output}");
            assert_eq!(repo.read(&path), edited);
        }
        // From a subdirectory, as it is typed there.
        let inside = repo.cd(DIRECTORY);
        inside.mission(&["resolve", subject.name]).ok();
        subject.assert_both(&staged(&repo, &path));
    });
}

#[test]
fn line_endings_and_filters_of_the_work_tree_hold() {
    each(|world, _, subject| {
        let path = subject.path();
        let crlf = |text: &str| text.replace('\n', "\r\n");
        for versions in [&subject.edits, &subject.rivals] {
            let name = format!("{}-{}", subject.name, versions == &subject.edits);
            let repo = diverged(world, &name, subject, versions);
            without_drivers(&repo);
            repo.ok(&["config", "core.autocrlf", "true"]);
            repo.ok(&["rm", "-q", "--cached", "-r", "."]);
            repo.ok(&["reset", "-q", "--hard"]);
            assert_eq!(repo.read(&path), crlf(&versions[0]));
            repo.git(&["merge", "-q", "theirs"]).exits(1);
            if versions == &subject.edits {
                repo.mission(&["resolve"]).ok();
                subject.assert_both(&staged(&repo, &path));
                assert_eq!(repo.read(&path), crlf(&subject.both()));
            } else {
                repo.mission(&["resolve"]).exits(1);
                let text = repo.read(&path);
                assert!(
                    text.contains("<<<<<<< HEAD\r\n") && !text.replace("\r\n", "").contains('\n'),
                    "{text:?}"
                );
                let again = repo.mission(&["resolve", "--json"]).exits(1).json();
                assert_eq!(again["changed"], false);
            }
        }
    });
}

fn conflict<'o>(output: &'o serde_json::Value, path: &str) -> &'o serde_json::Value {
    let conflicts = output["conflicts"].as_array().expect("conflicts");
    conflicts.iter().find(|conflict| conflict["path"] == path).unwrap_or_else(|| panic!("{path} in {output}"))
}

#[test]
fn a_file_that_one_side_deleted_is_explained() {
    each_git(|git| {
        let world = World::new(git);
        let subject = &subjects()[0];
        let path = subject.path();
        let repo = diverged(&world, "repo", subject, &subject.edits);
        repo.ok(&["rm", "-q", &path]);
        repo.ok(&["commit", "-qm", "gone"]);
        for (on, reason, words) in [
            ("main", "deleted_by_ours", "our side (HEAD) deleted it, the other side changed it"),
            ("theirs", "deleted_by_theirs", "the other side deleted it, our side (HEAD) changed it"),
        ] {
            repo.ok(&["switch", "-q", on]);
            let other = if on == "main" { "theirs" } else { "main" };
            repo.git(&["merge", "-q", other]).exits(1);
            let before = repo.ok(&["ls-files", "-s"]).stdout;
            let output = repo.mission(&["resolve"]).exits(1);
            assert!(output.stdout.contains(&format!("{path}: {words}\n")), "{output}");
            let told = repo.mission(&["resolve", "--json"]).exits(1).json();
            let commands = &conflict(&told, &path)["commands"];
            assert_eq!(conflict(&told, &path)["reason"], reason);
            assert_eq!(repo.ok(&["ls-files", "-s"]).stdout, before);
            // Each of the two commands decides.
            for (n, there) in [(0, true), (1, false)] {
                let run =
                    |repo: &Repo<'_>, command: &str| -> Output { repo.run("sh", &["-c", command]).ok() };
                run(&repo, commands[n].as_str().expect("a command"));
                assert_eq!(repo.ok(&["ls-files", "--unmerged"]).stdout, "");
                assert_eq!(!repo.ok(&["ls-files", &path]).stdout.is_empty(), there);
                repo.mission(&["resolve"]).ok();
                repo.ok(&["merge", "--abort"]);
                repo.git(&["merge", "-q", other]).exits(1);
            }
            repo.ok(&["merge", "--abort"]);
        }
    });
}

#[test]
fn what_has_no_rules_and_what_was_not_asked_for_is_left() {
    let world = World::new(&any_git());
    let repo = installed(&world, "repo");
    let (spec, code) = (format!("{DIRECTORY}/spec.md"), "src/lib.rs");
    let both = |text: &str| {
        repo.write(&spec, format!("# {text}\n"));
        repo.write(&format!("{DIRECTORY}/meta.json"), document(text, ["", ""]));
        repo.commit(code, format!("// {text}\n"));
    };
    both("one");
    repo.ok(&["switch", "-qc", "theirs"]);
    both("theirs");
    repo.ok(&["switch", "-q", "main"]);
    both("ours");
    repo.git(&["merge", "-q", "theirs"]).exits(1);
    let before = (repo.read(&spec), repo.read(code));
    let told = repo.mission(&["resolve", "--json"]).exits(1).json();
    assert_eq!((&conflict(&told, &spec)["reason"], &told["elsewhere"]), (&json!("lines"), &json!(1)));
    assert_eq!((repo.read(&spec), repo.read(code)), before);
    // A path that is nobody's.
    let output = repo.mission(&["resolve", "kitty-specs/nothing"]).exits(2);
    assert!(output.stderr.contains("git knows no file at kitty-specs/nothing"), "{output}");
    repo.ok(&["checkout", "-q", "--ours", "--", "."]);
    repo.ok(&["add", "-A"]);
    assert_eq!(repo.mission(&["resolve"]).ok().stdout, "nothing to resolve\n");
}

/// A new file of the other side in a directory that our side renamed: git asks where it belongs, and the id tells.
#[test]
fn a_new_file_follows_a_mission_that_was_renamed() {
    each_git(|git| {
        let world = World::new(git);
        let subject = &subjects()[0];
        let repo = diverged(&world, "repo", subject, &subject.edits);
        repo.ok(&["switch", "-q", "theirs"]);
        repo.commit(&format!("{DIRECTORY}/plan.md"), "# More\n");
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["mv", DIRECTORY, "kitty-specs/sign-in"]);
        repo.ok(&["commit", "-qm", "renamed"]);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        repo.mission(&["resolve"]).ok();
        let files = repo.ok(&["ls-files", "kitty-specs"]).stdout;
        assert_eq!(files, "kitty-specs/sign-in/meta.json\nkitty-specs/sign-in/plan.md\n");
        subject.assert_both(&staged(&repo, "kitty-specs/sign-in/meta.json"));
        assert_eq!(repo.ok(&["diff", "--name-only"]).stdout, "");
    });
}

/// Another process that changes the index is waited for a little, then named; nothing is done.
#[test]
fn a_locked_index_is_named_and_left_alone() {
    let world = World::new(&any_git());
    let subject: Subject = subjects().into_iter().next().expect("one");
    let repo = diverged(&world, "repo", &subject, &subject.edits);
    without_drivers(&repo);
    repo.git(&["merge", "-q", "theirs"]).exits(1);
    let before = repo.read(&subject.path());
    repo.write(".git/index.lock", "");
    let output = repo.mission(&["resolve"]).exits(75);
    assert!(output.stderr.contains("index.lock"), "{output}");
    assert_eq!(repo.read(&subject.path()), before);
    std::fs::remove_file(repo.at(".git/index.lock")).expect("the lock");
    assert!(!repo.at(".git/mission/resolve").exists());
    repo.mission(&["resolve"]).ok();
    subject.assert_both(&staged(&repo, &subject.path()));
}
