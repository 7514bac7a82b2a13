//! pre-push of main: what is refused, what is not, and that the printed hint gets out.

use super::{add, bypass, fleet, follow, hint, id, meta, numbers, path, stage};
use crate::support::{Output, Repo, World, each_git};

/// A push that our hook refuses with these findings; our hints come before git's own.
#[track_caller]
fn refused(repo: &Repo<'_>, args: &[&str], codes: &[&str]) -> Output {
    let output = repo.git(&[&["push", "-q"], args].concat()).exits(1);
    let found: Vec<&str> = output
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("error: ")?.split_once(": ").map(|(code, _)| code))
        .filter(|code| code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .collect();
    assert_eq!(found, codes, "{output}");
    output
}

#[test]
fn an_unsettled_number_is_refused_and_the_hint_gets_out() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        bypass(&ada, "one", "A", "null");
        let output = refused(&ada, &["origin", "main"], &["NUMBER_UNSETTLED"]);
        assert!(output.stderr.contains("kitty-specs/one has no number; nothing was pushed"), "{output}");
        assert_eq!(hint(&output), "git fetch && git mission settle --commit");
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!((numbers(&origin, "main").as_str(), ada.status().as_str()), ("one=1", ""));
    });
}

#[test]
fn missing_doubled_and_changed_ids_are_refused() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        add(&ada, "two", "B");
        ada.ok(&["push", "-q", "origin", "main"]);
        // missing
        ada.write(&path("three"), meta("three", "C", "3").replace(&id("C"), ""));
        // double
        ada.write(&path("copy"), meta("copy", "A", "4"));
        // changed
        ada.write(&path("two"), meta("two", "D", "2"));
        ada.ok(&["add", "."]);
        ada.ok(&["commit", "--no-verify", "-qm", "all kinds"]);
        let codes = ["MISSION_ID_MISSING", "MISSION_ID_DUPLICATE", "MISSION_ID_CHANGED"];
        let output = refused(&ada, &["origin", "main"], &codes);
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert!(origin.show(&format!("main:{}", path("two"))).contains(&id("B")), "put back");
        assert_eq!(numbers(&origin, "main"), "copy=4 one=1 three=3 two=2");
    });
}

#[test]
fn doubled_and_changed_numbers_are_refused() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        bypass(&ada, "two", "B", "1");
        let output = refused(&ada, &["origin", "main"], &["NUMBER_DUPLICATE"]);
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1 two=2");

        bypass(&ada, "one", "A", "7");
        bypass(&ada, "two", "B", "null");
        let output = refused(&ada, &["origin", "main"], &["NUMBER_CHANGED", "NUMBER_CHANGED"]);
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1 two=2");
    });
}

#[test]
fn main_is_judged_by_its_name_on_the_other_side() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        ada.ok(&["switch", "-qc", "work"]);
        bypass(&ada, "one", "A", "null");
        // A branch may hold what main may not.
        ada.ok(&["push", "-q", "origin", "work"]);
        let output = refused(&ada, &["origin", "work:main"], &["NUMBER_UNSETTLED"]);
        assert_eq!(
            hint(&output),
            "git switch main && git fetch && git merge work && git mission settle --commit"
        );
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1");

        // From elsewhere: main itself, unsettled.
        bypass(&ada, "two", "B", "null");
        ada.ok(&["switch", "-q", "work"]);
        let output = refused(&ada, &["origin", "main"], &["NUMBER_UNSETTLED"]);
        assert_eq!(hint(&output), "git switch main && git fetch && git mission settle --commit");
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
    });
}

#[test]
fn settle_off_and_warn_let_it_through_with_a_line() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = fleet(&world);
        ada.ok(&["config", "mission.settle", "off"]);
        add(&ada, "one", "A");
        let output = ada.ok(&["push", "-q", "origin", "main"]);
        assert!(output.stderr.contains("warning: NUMBER_UNSETTLED: kitty-specs/one"), "{output}");
        bypass(&ada, "two", "A", "null");
        refused(&ada, &["origin", "main"], &["MISSION_ID_DUPLICATE"]);

        ben.ok(&["pull", "-q"]);
        ben.ok(&["config", "mission.prePush", "warn"]);
        bypass(&ben, "three", "A", "null");
        let output = ben.ok(&["push", "-q", "origin", "main"]);
        assert!(output.stderr.contains("warning: MISSION_ID_DUPLICATE"), "{output}");
    });
}

#[test]
fn a_first_push_with_duplicates_needs_repair() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin.git");
        let ada = super::equipped(&world, &origin, "ada");
        stage(&ada, "one", "A", "1");
        stage(&ada, "two", "B", "1");
        ada.ok(&["commit", "--no-verify", "-qm", "a legacy repository"]);
        ada.commit("README.md", "# Product\n");
        let output = refused(&ada, &["origin", "main"], &["NUMBER_DUPLICATE"]);
        assert_eq!(hint(&output), "git fetch && git mission settle --commit --repair");
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1 two=2");
    });
}

#[test]
fn what_is_published_already_is_not_refused() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        let backup = world.bare("backup.git");
        let seed = world.directory("seed");
        for (slug, tag, number) in
            [("one", "A", "1"), ("two", "B", "1"), ("three", "C", "null"), ("four", "A", "4")]
        {
            stage(&seed, slug, tag, number);
        }
        seed.ok(&["commit", "-qm", "a legacy repository"]);
        seed.ok(&["push", "-q", "origin", "HEAD:main"]);
        ada.ok(&["pull", "-q"]);
        let untouched = ada.head();
        assert_eq!(untouched, origin.rev("main"), "nothing is settled by a hook");
        ada.commit("README.md", "# More\n");
        ada.ok(&["push", "-q", "origin", "main"]);
        // Nor where the other side does not have it yet.
        ada.ok(&["push", "-q", &backup.path().to_string_lossy(), "main"]);
        // A third holder is news.
        bypass(&ada, "five", "D", "1");
        refused(&ada, &["origin", "main"], &["NUMBER_DUPLICATE"]);
    });
}

#[test]
fn a_remote_main_that_is_not_known_here() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, ben) = fleet(&world);
        add(&ben, "one", "A");
        ben.ok(&["push", "-q", "origin", "main"]);
        bypass(&ada, "two", "B", "null");
        // git refuses this push too; ours comes first and says what to do.
        let output = refused(&ada, &["origin", "main"], &["NUMBER_UNSETTLED"]);
        assert_eq!(hint(&output), "git pull --no-rebase && git mission settle --commit");
        follow(&ada, &hint(&output));
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1 two=2");

        // Without an upstream the pull names the branch.
        add(&ben, "three", "C");
        ben.git(&["push", "-q", "origin", "main"]).exits(1);
        ben.ok(&["branch", "--unset-upstream", "main"]);
        ben.ok(&["config", "pull.rebase", "true"]);
        bypass(&ben, "four", "D", "null");
        let output = refused(&ben, &["origin", "main"], &["NUMBER_UNSETTLED"]);
        assert_eq!(hint(&output), "git pull origin main && git mission settle --commit");
        follow(&ben, &hint(&output));
        ben.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "four=4 one=1 three=3 two=2");
    });
}

#[test]
fn a_number_that_no_tool_can_read_is_left_to_its_author() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        bypass(&ada, "one", "A", "\"TBD\"");
        let output = refused(&ada, &["origin", "main"], &["NUMBER_UNSETTLED"]);
        assert!(hint(&output).starts_with("in kitty-specs/one/meta.json set"), "{output}");
    });
}

#[test]
fn a_shallow_clone_and_other_names_of_main() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.commit("README.md", "# More\n");
        ada.ok(&["push", "-q", "origin", "main"]);
        let url = format!("file://{}", origin.path().display());
        world.directory("").ok(&["clone", "-q", "--depth", "1", &url, "shallow"]);
        let shallow = world.directory("shallow");
        shallow.mission(&["install"]).ok();
        add(&shallow, "two", "B");
        shallow.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(numbers(&origin, "main"), "one=1 two=2");

        // main follows a branch that is called otherwise there.
        ada.ok(&["pull", "-q"]);
        origin.ok(&["branch", "trunk", "main"]);
        ada.ok(&["fetch", "-q"]);
        ada.ok(&["branch", "-q", "--set-upstream-to=origin/trunk", "main"]);
        bypass(&ada, "three", "C", "null");
        refused(&ada, &["origin", "main:trunk"], &["NUMBER_UNSETTLED"]);
    });
}
