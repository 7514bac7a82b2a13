//! `git mission settle` with its options, signing, and the line for what went past pre-commit.

use super::{add, bypass, equipped, fleet, follow, hint, id, meta, numbers, path};
use crate::support::{World, each_git};

#[test]
fn post_commit_tells_what_went_past_pre_commit_and_commits_nothing() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        let output = bypass(&ada, "one", "A", "null");
        let line =
            "git-mission: warning: kitty-specs/one/meta.json went past pre-commit and is not settled\n";
        assert_eq!(output.stderr, format!("{line}hint: git mission settle --commit\n"));
        assert_eq!(numbers(&ada, "HEAD"), "one=-");
        ada.ok(&["commit", "--no-verify", "-q", "--amend", "-m", "amended"]);
        assert_eq!(ada.ok(&["rev-list", "--count", "HEAD"]).line(), "2");

        // Nothing to tell of: settled, unrelated, on a branch.
        follow(&ada, &hint(&output));
        add(&ada, "two", "B");
        ada.write("README.md", "# More\n");
        for (args, branch) in [(&["commit", "--no-verify", "-qam", "more"][..], "main"), (&[], "work")] {
            ada.ok(&["switch", "-q", "-C", branch]);
            let output = if args.is_empty() { bypass(&ada, "three", "C", "null") } else { ada.ok(args) };
            assert_eq!(output.stderr, "");
        }
    });
}

#[test]
fn the_options_of_settle() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        bypass(&ada, "one", "A", "null");
        let before = ada.head();
        let told = ada.mission(&["settle", "--dry-run"]).ok();
        assert_eq!(told.stdout, "kitty-specs/one: number 1\nnothing was changed\n");
        assert_eq!((ada.head(), ada.status().as_str()), (before.clone(), ""));

        let json = ada.mission(&["settle", "--dry-run", "--json"]).ok().json();
        assert_eq!(json["assigned"][0]["mission_number"], 1);
        assert_eq!(json["assigned"][0]["path"], "kitty-specs/one");
        assert_eq!(json["assigned"][0]["mission_id"], id("A").as_str());
        assert!(json["commit"].is_null() && json["cleared"].as_array().is_some_and(Vec::is_empty));

        // Staging keeps a staged edit and leaves an unstaged one alone.
        let edited = meta("one", "A", "null").replace("\"one\",\n  \"mission_id", "\"One\",\n  \"mission_id");
        ada.write(&path("one"), &edited);
        ada.ok(&["add", "."]);
        let unstaged = edited.replace("\"main\"", "\"next\"");
        ada.write(&path("one"), &unstaged);
        ada.mission(&["settle", "--stage"]).ok();
        assert_eq!(ada.show(&format!(":{}", path("one"))), edited.replace("null", "1"));
        assert_eq!((ada.read(&path("one")), ada.head()), (unstaged, before));
        ada.ok(&["checkout", "-q", "-f", "HEAD"]);

        let rev = ada.mission(&["settle", "--rev", "HEAD", "--json"]).ok().json();
        assert_eq!(rev["assigned"][0]["mission_number"], 1);
        let bare = world.bare("bare.git");
        ada.ok(&["push", "-q", "--no-verify", &bare.path().to_string_lossy(), "main"]);
        let rev = bare.mission(&["settle", "--rev", "main", "--json"]).ok().json();
        assert_eq!(rev["assigned"][0]["mission_number"], 1);

        let done = ada.mission(&["settle", "--commit", "--json"]).ok().json();
        assert_eq!(done["commit"], ada.head().as_str());
        assert_eq!((numbers(&ada, "HEAD").as_str(), ada.status().as_str()), ("one=1", ""));
        assert_eq!(ada.mission(&["settle"]).ok().stdout, "nothing to settle\n");
        ada.mission(&["settle", "--commit", "--stage"]).exits(2);
    });
}

#[test]
fn off_main_what_main_has_not_given_is_cleared() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        add(&ada, "two", "B");
        // Cut from a main that is not published.
        ada.ok(&["switch", "-qc", "work"]);
        assert_eq!(numbers(&ada, "HEAD"), "one=1 two=2");
        let json = ada.mission(&["settle", "--json"]).ok().json();
        assert_eq!(json["cleared"][0]["path"], "kitty-specs/two");
        assert_eq!((numbers(&ada, "HEAD").as_str(), ada.status().as_str()), ("one=1 two=-", ""));
        // Without anything published, what main holds counts.
        let alone = world.init("alone");
        alone.mission(&["install"]).ok();
        add(&alone, "one", "A");
        alone.ok(&["switch", "-qc", "work"]);
        bypass(&alone, "two", "B", "9");
        alone.mission(&["settle"]).ok();
        assert_eq!(numbers(&alone, "HEAD"), "one=1 two=-");
    });
}

#[test]
fn a_detached_head_is_settled_by_nobody() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = fleet(&world);
        ada.ok(&["switch", "-q", "--detach"]);
        add(&ada, "one", "A");
        assert_eq!(numbers(&ada, "HEAD"), "one=-");
        ben.ok(&["switch", "-qc", "side"]);
        bypass(&ben, "two", "B", "null");
        ben.ok(&["push", "-q", "origin", "side"]);
        ada.ok(&["fetch", "-q"]);
        ada.ok(&["merge", "-q", "origin/side"]);
        assert_eq!(numbers(&ada, "HEAD"), "one=- two=-");
        let output = ada.mission(&["settle", "--commit"]).exits(2);
        assert!(hint(&output).contains("git switch main"), "{output}");
    });
}

/// A merge on main that has to be settled, while commits are signed by this program.
fn merge_signed_by(world: &World, script: &str) -> (String, String) {
    let (_, ada, _) = fleet(world);
    ada.ok(&["switch", "-qc", "side"]);
    add(&ada, "one", "A");
    ada.ok(&["switch", "-q", "main"]);
    world.directory("").write("bin/fake-gpg", script);
    world.directory("").chmod("bin/fake-gpg", 0o755);
    ada.ok(&["config", "gpg.program", &world.path("bin/fake-gpg").to_string_lossy()]);
    ada.ok(&["config", "commit.gpgsign", "true"]);
    let output = ada.ok(&["merge", "-q", "side"]);
    if let Some(hint) = output.stderr.lines().find_map(|line| line.strip_prefix("hint: ")) {
        assert_eq!(numbers(&ada, "HEAD"), "one=-");
        ada.mission(&["settle", "--commit"]).exits(75);
        ada.ok(&["config", "commit.gpgsign", "false"]);
        follow(&ada, hint);
    }
    assert_eq!((numbers(&ada, "HEAD").as_str(), ada.status().as_str()), ("one=1", ""));
    (ada.ok(&["cat-file", "commit", "HEAD"]).stdout, output.stderr)
}

#[cfg(unix)]
#[test]
fn signing_succeeds_fails_or_is_deferred() {
    each_git(|git| {
        let signs = "#!/bin/sh\ncat >/dev/null\nprintf '[GNUPG:] SIG_CREATED \\n' >&2\necho FAKE SIGNATURE\n";
        let (commit, stderr) = merge_signed_by(&World::new(git), signs);
        assert!(commit.contains("gpgsig FAKE SIGNATURE"), "{commit}\n{stderr}");

        let (commit, stderr) = merge_signed_by(&World::new(git), "#!/bin/sh\necho no key >&2\nexit 2\n");
        assert!(!commit.contains("gpgsig") && stderr.contains("could not be signed"), "{stderr}");

        let (_, stderr) = merge_signed_by(&World::new(git), "#!/bin/sh\nexec sleep 20 >/dev/null 2>&1\n");
        assert!(stderr.contains("no answer within 5 s"), "{stderr}");
    });
}

/// git, the signing program and what that started are all ended; none is left behind with the user's key or terminal.
#[cfg(unix)]
#[test]
fn a_signing_program_that_hangs_leaves_nothing_behind() {
    each_git(|git| {
        let world = World::new(git);
        let note = world.path("started");
        // One that ignores being asked, and its own child beside it.
        let script = format!(
            "#!/bin/sh\ntrap '' TERM HUP INT\nsleep 61 >/dev/null 2>&1 &\necho $$ $! >>'{}'\nwait\n",
            note.display()
        );
        let (_, stderr) = merge_signed_by(&world, &script);
        assert!(stderr.contains("no answer within 5 s"), "{stderr}");
        let started = std::fs::read_to_string(&note).expect("it was started");
        let pids: Vec<&str> = started.split_whitespace().collect();
        assert!(pids.len() >= 2, "{started}");
        let listing = world.directory("").run("ps", &["-o", "pid=,stat=", "-p", &pids.join(",")]).stdout;
        let alive: Vec<&str> = listing.lines().filter(|line| !line.contains('Z')).collect();
        assert!(alive.is_empty(), "still there: {alive:?}");
    });
}

#[test]
fn two_machines_make_the_same_commit() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        bypass(&ada, "two", "B", "null");
        bypass(&ada, "one", "A", "7");
        ada.write(&path("three"), meta("three", "C", "null").replace(&id("C"), ""));
        ada.write(&path("copy"), meta("copy", "A", "null"));
        ada.ok(&["add", "."]);
        ada.ok(&["commit", "--no-verify", "-qm", "ids"]);
        ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        let heads = ["east", "west"].map(|name| {
            let clone = equipped(&world, &world.directory("origin.git"), name);
            clone.mission(&["settle", "--commit"]).ok();
            clone.head()
        });
        ada.env("GIT_AUTHOR_DATE", "2030-01-01T00:00:00Z").mission(&["settle"]).ok();
        assert_eq!(heads, [ada.head(), ada.head()]);
        assert_eq!(numbers(&ada, "HEAD").split(' ').filter(|word| word.ends_with('-')).count(), 0);
    });
}
