//! Heads that are behind, ahead, entangled, cut off or strangers: the merge base decides what the head added.

use super::{branch, check, commit, mission};
use crate::settlement::{add, bypass, fleet, follow, hint, meta, numbers, path};
use crate::support::{Repo, World, each_git};

#[test]
fn a_branch_that_is_behind_is_not_held_to_what_main_did_since() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = fleet(&world);
        for (slug, tag, number) in [("one", "A", "1"), ("two", "B", "1"), ("open", "C", "null")] {
            bypass(&ben, slug, tag, number);
        }
        ben.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        ada.ok(&["fetch", "-q"]);
        branch(&ada, "work");
        commit(
            &ada,
            &[
                mission("new", "D", "null"),
                ("open/meta.json", meta("open", "C", "null").replace("software-dev", "research")),
            ],
        );
        // Main settles what was open, undoes its doubles, moves one mission and removes another.
        ben.mission(&["settle", "--commit", "--repair"]).ok();
        ben.ok(&["mv", "kitty-specs/open", "kitty-specs/opened"]);
        ben.ok(&["commit", "-qm", "moved"]);
        ben.ok(&["push", "-q", "origin", "main"]);
        ada.ok(&["fetch", "-q"]);
        check(&ada, &[], &["info NUMBER_UNSETTLED new"]);
        // An id or a number that main gave away since is taken.
        commit(&ada, &[mission("late", "C", "null")]);
        add(&ben, "next", "E");
        ben.ok(&["push", "-q", "origin", "main"]);
        ada.ok(&["fetch", "-q"]);
        let output = ada.mission(&["check", "--json"]).exits(1);
        assert!(super::findings(&output).contains(&"error MISSION_ID_DUPLICATE late".to_owned()), "{output}");
    });
}

#[test]
fn a_squashed_branch_that_goes_on_passes() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = fleet(&world);
        branch(&ada, "work");
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "work"]);
        ben.ok(&["fetch", "-q"]);
        ben.ok(&["merge", "-q", "--squash", "origin/work"]);
        ben.ok(&["commit", "-qm", "squashed"]);
        assert_eq!(numbers(&ben, "HEAD"), "one=1");
        ben.ok(&["push", "-q", "origin", "main"]);
        ada.ok(&["fetch", "-q"]);
        ada.commit("kitty-specs/one/spec.md", "# One\n");
        check(&ada, &[], &[]);
    });
}

/// Two branches that merged each other: `left` and `right` have two merge bases.
fn criss_cross(ada: &Repo<'_>) {
    branch(ada, "left");
    commit(
        ada,
        &[mission("left", "C", "null"), ("one/status.events.jsonl", "{\"event_id\": \"l\"}\n".into())],
    );
    branch(ada, "right");
    commit(
        ada,
        &[mission("right", "D", "null"), ("two/status.events.jsonl", "{\"event_id\": \"r\"}\n".into())],
    );
    let (left, right) = (ada.rev("left"), ada.rev("right"));
    ada.ok(&["merge", "-q", "--no-edit", &left]);
    ada.ok(&["switch", "-q", "left"]);
    ada.ok(&["merge", "-q", "--no-edit", &right]);
    let bases = ada.ok(&["merge-base", "--all", "left", "right"]).stdout;
    assert_eq!(bases.lines().count(), 2, "{bases}");
}

#[test]
fn of_several_merge_bases_each_holds() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        add(&ada, "two", "B");
        ada.ok(&["push", "-q", "origin", "main"]);
        criss_cross(&ada);
        check(&ada, &["--base", "right"], &[]);
        // What only one of the two holds is lost all the same.
        commit(
            &ada,
            &[("one/status.events.jsonl", String::new()), ("two/status.events.jsonl", String::new())],
        );
        check(
            &ada,
            &["--base", "right"],
            &[
                "error EVENT_LOG_SHRUNK one/status.events.jsonl",
                "error EVENT_LOG_SHRUNK two/status.events.jsonl",
            ],
        );
        commit(&ada, &[mission("left", "E", "null"), mission("right", "F", "null")]);
        let output = ada.mission(&["check", "--json", "--base", "right"]).exits(1);
        let changed = super::findings(&output);
        for dir in ["left", "right"] {
            assert!(changed.contains(&format!("error MISSION_ID_CHANGED {dir}")), "{output}");
        }
    });
}

#[test]
fn of_strangers_the_base_says_what_was_there() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        ada.ok(&["switch", "-q", "--orphan", "stranger"]);
        commit(&ada, &[mission("two", "B", "null"), ("one/meta.json", meta("one", "A", "1"))]);
        check(&ada, &[], &["info NUMBER_UNSETTLED two"]);
        // An id may move there too, and may not be lost.
        commit(&ada, &[mission("one", "C", "null"), mission("moved", "A", "null")]);
        check(&ada, &[], &["info NUMBER_UNSETTLED one", "info NUMBER_UNSETTLED two"]);
        commit(&ada, &[mission("moved", "D", "null")]);
        let output = ada.mission(&["check", "--json"]).exits(1);
        assert!(super::findings(&output).contains(&"error MISSION_ID_CHANGED one".to_owned()), "{output}");
    });
}

#[test]
fn a_shallow_clone_says_which_command_gets_what_is_missing() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        branch(&ada, "work");
        commit(&ada, &[mission("two", "B", "9")]);
        ada.ok(&["push", "-q", "origin", "work"]);
        ada.ok(&["switch", "-q", "main"]);
        add(&ada, "three", "C");
        ada.ok(&["push", "-q", "origin", "main"]);

        let url = format!("file://{}", origin.path().display());
        let clone = |name: &str, args: &[&str]| {
            world.directory("").ok(&[&["clone", "-q", "--depth", "1"], args, &[&url, name]].concat());
            world.directory(name)
        };
        // The commits are there, the one between them is not.
        let shallow = clone("shallow", &["--no-single-branch"]);
        let args = ["--head", "origin/work"];
        let output = shallow.mission(&["check", "--head", "origin/work"]).exits(3);
        assert_eq!(hint(&output), "git fetch --unshallow, or as much as is needed: git fetch --deepen=500");
        let json = shallow.mission(&["check", "--json", "--head", "origin/work"]).exits(3);
        assert_eq!(json.json()["error"]["code"], "shallow");
        let (all, some) = hint(&output)
            .split_once(", or as much as is needed: ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .expect("two");
        follow(&shallow, &some);
        check(&shallow, &args, &["error NUMBER_OFF_MAIN two"]);
        // The branch is not there at all.
        let single = clone("single", &["--branch", "work"]);
        let output = single.mission(&["check", "--base", "origin/main"]).exits(3);
        follow(&single, &hint(&output));
        check(&single, &["--base", "origin/main"], &["error NUMBER_OFF_MAIN two"]);
        let again = clone("again", &["--no-single-branch"]);
        follow(&again, &all);
        check(&again, &args, &["error NUMBER_OFF_MAIN two"]);
    });
}

#[test]
fn bare_repositories_and_repositories_of_every_format_are_judged_alike() {
    each_git(|git| {
        for format in ["sha1", "sha256"] {
            let world = World::new(git);
            world.directory("").ok(&["init", "-q", &format!("--object-format={format}"), "repo"]);
            let repo = world.directory("repo");
            commit(&repo, &[mission("one", "A", "1")]);
            repo.ok(&["switch", "-qc", "work"]);
            commit(&repo, &[mission("two", "A", "1"), mission("three", "C", "null")]);
            let expected = [
                "info NUMBER_UNSETTLED three",
                "error MISSION_ID_DUPLICATE two",
                "error NUMBER_DUPLICATE two",
            ];
            // Without a remote main itself is what the branch is merged into.
            check(&repo, &[], &expected);
            world.directory("").ok(&["clone", "-q", "--bare", "repo", "bare.git"]);
            let bare = world.directory("bare.git");
            bare.ok(&["symbolic-ref", "HEAD", "refs/heads/main"]);
            check(&bare, &["--head", "work"], &expected);
            check(&bare, &["--base", "main", "--head", "work"], &expected);
            check(&bare, &[], &[]);
        }
    });
}

#[test]
fn nothing_to_compare_with_is_said() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.ok(&["switch", "-q", "-c", "trunk"]);
        repo.commit(&path("one"), meta("one", "A", "null"));
        let output = repo.mission(&["check"]).exits(2);
        assert_eq!(hint(&output), "git mission check --base REV");
        repo.mission(&["check", "--base", "trunk"]).ok();
        let output = repo.mission(&["check", "--base", "nowhere"]).exits(2);
        assert!(output.stderr.contains("no commit is called \"nowhere\""), "{output}");
        repo.mission(&["check", "--base", "--help", "--head", "-x"]).exits(2);
    });
}

#[test]
fn a_partial_clone_says_which_command_gets_the_files() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        branch(&ada, "work");
        commit(&ada, &[mission("two", "B", "9")]);
        ada.ok(&["push", "-q", "origin", "work"]);
        origin.ok(&["config", "uploadpack.allowFilter", "true"]);
        let url = format!("file://{}", origin.path().display());
        world.directory("").ok(&["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "partial"]);
        let partial = world.directory("partial");
        let output = partial.mission(&["check", "--head", "origin/work"]).exits(3);
        follow(&partial, &hint(&output));
        check(&partial, &["--head", "origin/work"], &["error NUMBER_OFF_MAIN two"]);
    });
}
