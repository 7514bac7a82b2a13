//! What may not be committed, and that a refusal changes nothing.

use std::time::Duration;

use git_mission::clock::Stopwatch;

use super::fixture::{BETA, META, Meta, alpha, empty, on_branch, path, said, standing};
use crate::support::{Output, World, any_git, each_git};

/// Texts that cannot be carried without loss, each with its place.
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(128), "]".repeat(128));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
    vec![
        (":1:8: ", b"{\"a\":1,\"a\":2}".to_vec()),
        (":3:1: ", b"{\n\"a\": 1,\n}".to_vec()),
        (":1:6: ", b"{\"a\":NaN}".to_vec()),
        (":1:", b"{\"a\":\"\\ud800\"}".to_vec()),
        (":2:1: ", b"{\n<<<<<<< ours\n\"a\":1\n=======\n\"a\":2\n>>>>>>> theirs\n}\n".to_vec()),
        (":1:1: ", b"".to_vec()),
        (":1:1: ", b"[]".to_vec()),
        (":1:", b"{\"a\":\"\xff\"}".to_vec()),
        (":1:", deep.into_bytes()),
        (":1:", large.into_bytes()),
    ]
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        for (place, text) in unreadable() {
            let shown = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
            // Not staged, it blocks nothing.
            repo.write(META, &text);
            repo.write("other", &text);
            repo.ok(&["commit", "-qm", "other", "other"]);
            assert_eq!(std::fs::read(repo.at(META)).expect("the file"), text, "{shown}");

            repo.ok(&["add", META]);
            let before = standing(&repo, &[META, "other"]);
            for args in
                [&["commit", "-qm", "bad"][..], &["commit", "-qam", "bad"], &["commit", "-qm", "bad", META]]
            {
                let output = repo.git(args).exits(1);
                let words = said(&output);
                assert!(words[0].starts_with(&format!("error: {META}{place}")), "{shown}: {words:?}");
                assert!(
                    words[0].ends_with("; nothing was committed") && words.len() == 2,
                    "{shown}: {words:?}"
                );
                assert!(words[1].starts_with("hint: ") && words[1].contains("git add -- "), "{words:?}");
                assert_eq!(standing(&repo, &[META, "other"]), before, "{shown}: {args:?}");
            }
            repo.ok(&["reset", "-q", "--hard"]);
        }
    });
}

#[test]
fn the_hint_can_be_pasted() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        let name = path("it's ours");
        repo.write(&name, "{");
        repo.ok(&["add", "kitty-specs"]);
        let words = said(&repo.git(&["commit", "-qm", "bad"]).exits(1));
        let (_, command) = words[1].split_once("then ").expect("a command");
        repo.write(&name, Meta::new("x", BETA).rough());
        repo.run("sh", &["-c", command]).ok();
        repo.ok(&["commit", "-qm", "mended"]);
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn one_bad_file_stops_the_good_ones_untouched() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(META, alpha().with("purpose_tldr", "x").rough());
        repo.write(&path("bad"), "{");
        repo.write(&path("worse"), Meta::new("worse", "no id").rough());
        repo.ok(&["add", "kitty-specs"]);
        let before = standing(&repo, &[META, &path("bad")]);
        let output = repo.git(&["commit", "-qm", "bad"]).exits(1);
        let errors: Vec<String> =
            said(&output).into_iter().filter(|line| line.starts_with("error: ")).collect();
        assert!(
            errors.len() == 2 && errors[0].contains("/bad/") && errors[1].contains("/worse/"),
            "{errors:?}"
        );
        assert_eq!(standing(&repo, &[META, &path("bad")]), before);
    });
}

#[test]
fn a_new_file_without_the_required_keys_is_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(&path("beta"), Meta::new("beta", BETA).without("slug").with("target_branch", "").rough());
        repo.ok(&["add", "kitty-specs"]);
        let before = standing(&repo, &[&path("beta")]);
        let output = repo.git(&["commit", "-qm", "incomplete"]).exits(1);
        assert_eq!(
            said(&output)[0],
            "error: kitty-specs/beta/meta.json: a new mission needs a text under slug, target_branch; nothing was committed"
        );
        assert_eq!(standing(&repo, &[&path("beta")]), before);

        // What is there already may lack them.
        repo.ok(&["commit", "-qnm", "behind our back"]);
        repo.write(&path("beta"), Meta::new("beta", BETA).without("slug").with("purpose_tldr", "x").rough());
        repo.ok(&["commit", "-qam", "still incomplete"]);
        assert_eq!(repo.status(), "");
    });
}

#[cfg(unix)]
#[test]
fn a_link_is_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        std::fs::remove_file(repo.at(META)).expect("removed");
        std::os::unix::fs::symlink("../../other", repo.at(META)).expect("a link");
        repo.ok(&["add", META]);
        let before = standing(&repo, &["other"]);
        let output = repo.git(&["commit", "-qm", "a link"]).exits(1);
        assert_eq!(
            said(&output)[0],
            format!("error: {META}: a link or a directory, not a file; nothing was committed")
        );
        assert_eq!(standing(&repo, &["other"]), before);
        assert_eq!(std::fs::read_link(repo.at(META)).expect("the link").to_string_lossy(), "../../other");
    });
}

#[test]
fn numbers_that_are_none_are_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        for number in [serde_json::json!("pending"), serde_json::json!(1.5), serde_json::json!([1])] {
            repo.write(META, alpha().with("mission_number", number.clone()).rough());
            let output = repo.git(&["commit", "-qam", "no number"]).exits(1);
            let words = said(&output);
            assert!(words[0].contains(&format!("mission_number {number} is neither")), "{words:?}");
        }
    });
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_named() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        // A hook that was there before ours, and runs first, leaves the lock that another process would hold.
        repo.hook("pre-commit", "#!/bin/sh\n[ ! -f lock-it ] || : >.git/index.lock\n[ ! -f brief ] || { sleep 0.5; rm .git/index.lock; } >/dev/null 2>&1 &\n");
        repo.mission(&["install"]).ok();
        super::fixture::furnish(&repo);
        repo.write("lock-it", "");
        repo.write(META, alpha().with("purpose_tldr", "x").rough());
        repo.ok(&["add", META]);
        let before = standing(&repo, &[META]);
        let start = Stopwatch::start();
        let output = repo.git(&["commit", "-qm", "locked"]).exits(1);
        let took = start.elapsed();
        let lock = repo.at(".git/index.lock");
        assert_eq!(
            said(&output),
            [
                format!(
                    "error: the staged missions could not be checked: another process holds {}; nothing was committed",
                    lock.display()
                ),
                "hint: wait for the other git process, or remove the lock file if there is none".to_owned(),
            ]
        );
        assert!(took > Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
        assert!(lock.exists(), "the lock is not ours to remove");
        std::fs::remove_file(lock).expect("removed");
        assert_eq!(standing(&repo, &[META]), before);

        repo.write("brief", "");
        repo.ok(&["commit", "-qm", "locked for a moment"]);
        assert_eq!(repo.read(META), alpha().with("purpose_tldr", "x").canonical());
    });
}

#[test]
fn when_commit_msg_refuses_afterwards_nothing_is_lost() {
    each_git(|git| {
        let world = World::new(git);
        for (name, args) in
            [("plain", &["commit", "-qm", "one"][..]), ("path", &["commit", "-qm", "one", META])]
        {
            let repo = world.init(name);
            repo.hook("commit-msg", "#!/bin/sh\n[ ! -f refuse ]\n");
            repo.mission(&["install"]).ok();
            super::fixture::furnish(&repo);
            let new = alpha().with("purpose_tldr", "x");
            repo.write("refuse", "");
            repo.write(META, new.rough());
            if name == "plain" {
                repo.ok(&["add", META]);
            }
            let head = repo.head();
            repo.git(args).exits(1);
            assert_eq!((repo.head(), repo.read(META)), (head, new.canonical()), "{name}");
            let index = if name == "plain" { new.canonical() } else { alpha().canonical() };
            assert_eq!(repo.show(&format!(":{META}")), index, "{name}");
            let status = if name == "plain" { "M  " } else { " M " };
            assert_eq!(repo.status(), format!("{status}{META}\n?? refuse\n"), "{name}");
            assert!(!repo.at(".git/index.lock").exists());

            std::fs::remove_file(repo.at("refuse")).expect("removed");
            repo.ok(args);
            assert_eq!((repo.show(&format!("HEAD:{META}")), repo.status()), (new.canonical(), String::new()));
        }
    });
}

#[test]
fn switched_off_everything_is_committed_as_it_is() {
    each_git(|git| {
        let world = World::new(git);
        for (number, (name, value)) in
            [("GIT_MISSION", "0"), ("GIT_MISSION_SKIP", "post-merge,pre-commit")].into_iter().enumerate()
        {
            let repo = empty(&world, &format!("repo{number}"));
            super::fixture::furnish(&repo);
            repo.write(META, "{");
            let output = repo.env(name, value).ok(&["commit", "-qam", "off"]);
            assert_eq!(repo.show(&format!("HEAD:{META}")), "{");
            // Where only pre-commit was skipped, post-commit says what went past it.
            let told = said(&output).iter().any(|line| line.contains("went past pre-commit"));
            assert_eq!(told, name == "GIT_MISSION_SKIP", "{output}");
            let status = repo.mission(&["status"]).stdout;
            assert!(status.contains("skipped"), "{status}");
        }
    });
}

/// What pre-commit has passed is one commit, not the next one on top of the same parent.
#[test]
fn what_was_passed_once_is_not_passed_again() {
    let world = World::new(&any_git());
    let repo = empty(&world, "repo");
    super::fixture::furnish(&repo);
    let told = |output: &Output| said(output).iter().any(|line| line.contains("went past pre-commit"));
    repo.write(META, alpha().with("purpose_tldr", "x").rough());
    let passed = repo.ok(&["commit", "-qam", "one"]);
    assert!(!told(&passed), "{passed}");
    repo.write(META, "{");
    let amended = repo.env("GIT_MISSION_SKIP", "pre-commit").ok(&["commit", "-qa", "--amend", "-m", "two"]);
    assert!(told(&amended), "{amended}");
}
