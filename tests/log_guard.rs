//! The append-only guard: a commit that would take rows out of an event log is refused by name, and the command that
//! the refusal prints puts the rows back beside what is staged.

use crate::merging_support::{DIRECTORY, log, row};
use crate::support::{Output, Repo, World, each_git};

const PATH: &str = "kitty-specs/login-page/status.events.jsonl";

/// A repository with hooks and a log of three rows in HEAD.
fn started<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let repo = world.init(name);
    repo.mission(&["install"]).ok();
    repo.commit(PATH, log(&[(1, "one"), (2, "two"), (3, "three")]));
    repo
}

/// Asserts that a commit was refused for lost rows; returns the hint.
#[track_caller]
fn refused(output: &Output, words: &str) -> String {
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.contains("EVENT_LOG_SHRUNK") && output.stderr.contains(words), "{output}");
    assert!(!output.stderr.contains("ALLOW_SHRINK"), "documented, not hinted: {output}");
    let hint = output.stderr.lines().find_map(|line| line.trim().strip_prefix("hint: ")).expect("a hint");
    hint.to_owned()
}

#[test]
fn a_commit_that_takes_rows_out_is_refused_and_the_hint_puts_them_back() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "it's a repo");
        let head = repo.head();
        for name in ["status.events.jsonl", "decisions.events.jsonl", "mission-events.jsonl"] {
            let path = format!("kitty-specs/it's/{name}");
            let repo = repo.env("GIT_MISSION_ALLOW_SHRINK", "0");
            repo.commit(&path, log(&[(1, "one"), (2, "two"), (3, "three")]));
            let before = repo.head();
            // One row is gone, one is edited, one is new.
            repo.write(&path, log(&[(1, "one"), (3, "3"), (4, "four")]));
            let commit = repo.git(&["commit", "-qam", "shrunk"]);
            let hint = refused(&commit, &format!("{path}: 1 row that HEAD holds is gone"));
            assert!(commit.stderr.contains("01KQ47E80QJG8GTVGDCV67R002"), "{commit}");
            assert_eq!((repo.head(), repo.read(&path)), (before, log(&[(1, "one"), (3, "3"), (4, "four")])));

            // The same row says two things now: the command leaves that to the user, between markers.
            repo.write(&path, log(&[(1, "one"), (4, "four")]));
            let hint = hint.replace("git mission", &format!("'{}'", World::mission_program().display()));
            repo.run("sh", &["-c", &hint]).ok();
            assert_eq!(
                repo.show(&format!(":{path}")),
                log(&[(1, "one"), (2, "two"), (3, "three"), (4, "four")])
            );
            repo.ok(&["commit", "-q", "-m", "whole again"]);
            assert_eq!(repo.status(), "");
        }
        assert_ne!(repo.head(), head);
    });
}

#[test]
fn what_takes_no_row_out_passes() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        let commit = |content: &str, message: &str| {
            repo.write(PATH, content);
            repo.ok(&["commit", "-qam", message]);
        };
        commit(&log(&[(1, "one"), (2, "two"), (3, "three"), (4, "four")]), "appended");
        commit(&log(&[(4, "four"), (3, "three"), (1, "one"), (2, "two")]), "in another order");
        commit(&log(&[(1, "one"), (2, "2"), (3, "three"), (4, "four"), (4, "four")]), "edited, doubled");
        commit(&log(&[(1, "one"), (2, "2"), (3, "three"), (4, "four")]), "no longer doubled");
        commit(&log(&[(1, "one"), (2, "2"), (3, "three"), (4, "four")]).replace("\": ", "\":"), "spaces");

        // Elsewhere a file of that name is nobody's log.
        repo.commit("docs/status.events.jsonl", row(1, "one"));
        repo.commit("docs/status.events.jsonl", "");
        repo.commit(&format!("{DIRECTORY}/tasks/status.events.jsonl"), row(1, "one"));
        repo.commit(&format!("{DIRECTORY}/tasks/status.events.jsonl"), "");
    });
}

#[test]
fn deleting_and_renaming_are_no_loss_and_unstaged_edits_do_not_count() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        repo.write(PATH, row(1, "one"));
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "nothing staged"]);
        repo.ok(&["checkout", "-q", "--", PATH]);
        repo.ok(&["mv", DIRECTORY, "kitty-specs/sign-in"]);
        repo.ok(&["commit", "-qm", "renamed"]);
        repo.ok(&["rm", "-rq", "kitty-specs/sign-in"]);
        repo.ok(&["commit", "-qm", "deleted"]);
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn every_form_of_commit_is_guarded() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        let before = repo.head();
        repo.write(PATH, row(2, "two"));
        for args in [
            &["commit", "-qam", "x"][..],
            &["commit", "-qm", "x", PATH],
            &["commit", "-q", "--amend", "--no-edit", "-a"],
        ] {
            refused(&repo.git(args), "2 rows that HEAD holds are gone");
            assert_eq!(repo.head(), before);
        }
        // A link in its place holds no rows.
        repo.ok(&["add", PATH]);
        let link = repo.stdin("elsewhere").ok(&["hash-object", "-w", "--stdin"]).line().to_owned();
        repo.ok(&["update-index", "--cacheinfo", &format!("120000,{link},{PATH}")]);
        refused(&repo.git(&["commit", "-qm", "x"]), "3 rows that HEAD holds are gone");
        repo.ok(&["reset", "-q", "--hard"]);

        // Its switches.
        repo.write(PATH, row(2, "two"));
        repo.env("GIT_MISSION_ALLOW_SHRINK", "1").ok(&["commit", "-qam", "allowed"]);
        assert_eq!(repo.show(&format!("HEAD:{PATH}")), row(2, "two"));
        repo.write(PATH, "");
        repo.ok(&["commit", "-q", "--no-verify", "-am", "git's own switch"]);
    });
}

#[test]
fn a_refused_commit_changes_nothing() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        let meta = format!("{DIRECTORY}/meta.json");
        let text = "{\"slug\": \"login-page\", \"mission_slug\": \"login-page\", \"friendly_name\": \"Login\", \
                    \"mission_type\": \"software-dev\", \"target_branch\": \"main\", \
                    \"created_at\": \"2026-04-06T05:01:28+00:00\"}\n";
        repo.write(&meta, text);
        repo.write(PATH, row(1, "one"));
        repo.ok(&["add", "-A"]);
        refused(&repo.git(&["commit", "-qm", "x"]), "2 rows");
        assert_eq!((repo.show(&format!(":{meta}")), repo.read(&meta)), (text.to_owned(), text.to_owned()));
        // Both faults are named at once.
        repo.write(&meta, "{");
        repo.ok(&["add", "-A"]);
        let commit = repo.git(&["commit", "-qm", "x"]);
        refused(&commit, "2 rows");
        assert!(commit.stderr.contains(&format!("{meta}:1:2")), "{commit}");
    });
}

#[test]
fn a_merge_keeps_the_rows_of_every_parent() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        repo.ok(&["switch", "-q", "-c", "theirs"]);
        repo.commit(PATH, log(&[(1, "one"), (2, "two"), (3, "three"), (5, "theirs")]));
        let theirs = repo.head();
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(PATH, log(&[(1, "one"), (2, "two"), (3, "three"), (4, "ours")]));
        let ours = repo.head();
        let whole = log(&[(1, "one"), (2, "two"), (3, "three"), (4, "ours"), (5, "theirs")]);

        repo.ok(&["merge", "-q", "theirs"]);
        assert_eq!(repo.show(&format!("HEAD:{PATH}")), whole);

        // A merge that takes one side whole, by a strategy or by another driver: pre-merge-commit.
        for (strategy, holder) in [("ours", &theirs[..10]), ("theirs", "HEAD")] {
            repo.ok(&["reset", "-q", "--hard", &ours]);
            let options: &[&str] = if strategy == "ours" { &["-s", "ours"] } else { &[] };
            if options.is_empty() {
                repo.ok(&["config", "merge.mission-event-log.driver", "cp %B %A"]);
            }
            let merge = repo.git(&[&["merge", "-q"], options, &["theirs"]].concat());
            refused(&merge, &format!("{PATH}: 1 row that {holder} holds is gone"));
            assert_eq!(repo.head(), ours);
            // By hand: pre-commit. What it prints helps here too.
            let hint = refused(&repo.git(&["commit", "-q", "--no-edit"]), "1 row that");
            let hint = hint.replace("git mission", &format!("'{}'", World::mission_program().display()));
            repo.run("sh", &["-c", &hint]).ok();
            repo.ok(&["commit", "-q", "--no-edit"]);
            assert_eq!(
                (repo.show(&format!("HEAD:{PATH}")), repo.rev("HEAD^2")),
                (whole.clone(), theirs.clone())
            );
        }
    });
}
