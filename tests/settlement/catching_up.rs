//! What reaches main past pre-commit is settled by the next hook that may: one test for each road.

use super::{add, bypass, equipped, fleet, follow, hint, meta, numbers, path, stage};
use crate::support::{Repo, World, each_git};

/// One published mission of ada's, one of ben's that was given the same number offline.
fn crossed(world: &World) -> (Repo<'_>, Repo<'_>) {
    let (origin, ada, ben) = fleet(world);
    add(&ada, "one", "A");
    ada.ok(&["push", "-q", "origin", "main"]);
    add(&ben, "two", "B");
    assert_eq!((numbers(&ada, "HEAD").as_str(), numbers(&ben, "HEAD").as_str()), ("one=1", "two=1"));
    (origin, ben)
}

/// All is settled as expected, nothing is left lying about, and the push goes through.
#[track_caller]
fn settled(repo: &Repo<'_>, expected: &str) {
    assert_eq!((numbers(repo, "HEAD").as_str(), repo.status().as_str()), (expected, ""));
    repo.ok(&["push", "-q", "origin", "main"]);
}

fn parents(repo: &Repo<'_>) -> usize {
    repo.ok(&["show", "-s", "--format=%p", "HEAD"]).line().split(' ').filter(|p| !p.is_empty()).count()
}

#[test]
fn a_merging_pull_and_a_fast_forward() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ben) = crossed(&world);
        let output = ben.ok(&["pull", "-q", "--no-rebase"]);
        assert!(output.stderr.contains("kitty-specs/two/meta.json: number 2 instead of 1"), "{output}");
        settled(&ben, "one=1 two=2");
        // A fast-forward to what is published makes no commit.
        let ada = world.directory("ada");
        ada.ok(&["pull", "-q"]);
        assert_eq!(ada.head(), origin.rev("main"));
        // A fast-forward that leaves main ahead settles.
        ada.ok(&["switch", "-qc", "side"]);
        add(&ada, "three", "C");
        ada.ok(&["switch", "-q", "main"]);
        ada.ok(&["merge", "-q", "--ff-only", "side"]);
        settled(&ada, "one=1 three=3 two=2");
    });
}

#[test]
fn a_rebasing_pull() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ben) = crossed(&world);
        add(&ben, "three", "C");
        ben.ok(&["pull", "-q", "--rebase"]);
        settled(&ben, "one=1 three=2 two=3");
    });
}

#[test]
fn a_rebase_that_applies_patches_is_left_to_the_push() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ben) = crossed(&world);
        ben.ok(&["fetch", "-q"]);
        ben.ok(&["rebase", "-q", "--apply", "origin/main"]);
        // HEAD was detached when the hook ran, so nothing was done.
        assert_eq!((numbers(&ben, "HEAD").as_str(), ben.status().as_str()), ("one=1 two=1", ""));
        let output = ben.git(&["push", "-q", "origin", "main"]).exits(1);
        follow(&ben, &hint(&output));
        settled(&ben, "one=1 two=2");
    });
}

#[test]
fn a_conflicted_merge_that_is_concluded() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ben) = crossed(&world);
        let ada = world.directory("ada");
        ada.commit("README.md", "# Ada's\n");
        ada.ok(&["push", "-q", "origin", "main"]);
        ben.commit("README.md", "# Ben's\n");
        ben.git(&["pull", "-q", "--no-rebase"]).exits(1);
        ben.write("README.md", "# Both\n");
        ben.ok(&["add", "README.md"]);
        ben.ok(&["commit", "-q", "--no-edit"]);
        // pre-commit numbers what is staged in this commit; ours was not, so the push tells, and no hook undoes it.
        assert_eq!(numbers(&ben, "HEAD"), "one=1 two=1");
        let output = ben.git(&["push", "-q", "origin", "main"]).exits(1);
        follow(&ben, &hint(&output));
        settled(&ben, "one=1 two=2");
    });
}

#[test]
fn a_merge_that_is_committed_by_hand_and_a_squash() {
    each_git(|git| {
        for how in ["--no-commit", "--squash"] {
            let world = World::new(git);
            let (_, ben) = crossed(&world);
            ben.ok(&["switch", "-qc", "side", "origin/main"]);
            add(&ben, "three", "C");
            ben.ok(&["switch", "-q", "main"]);
            let args: &[&str] = if how == "--squash" { &[how, "side"] } else { &["--no-ff", how, "side"] };
            ben.ok(&[&["merge", "-q"], args].concat());
            assert_eq!(numbers(&ben, "HEAD"), "two=1", "nothing is committed yet");
            ben.ok(&["commit", "-q", "--no-edit"]);
            assert_eq!((numbers(&ben, "HEAD").as_str(), ben.status().as_str()), ("three=2 two=1", ""));
            assert_eq!(parents(&ben), if how == "--squash" { 1 } else { 2 });
            ben.git(&["pull", "-q", "--no-rebase"]).ok();
            settled(&ben, "one=1 three=2 two=3");
        }
    });
}

#[test]
fn a_dirty_index_keeps_its_edits_and_gets_the_number() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        bypass(&ada, "one", "A", "null");
        ada.ok(&["switch", "-qc", "side"]);
        add(&ada, "two", "B");
        ada.ok(&["switch", "-q", "main"]);
        let staged =
            meta("one", "A", "null").replace("\"friendly_name\": \"one\"", "\"friendly_name\": \"One\"");
        ada.write(&path("one"), &staged);
        ada.write("notes", "staged\n");
        ada.ok(&["add", "."]);
        let unstaged = staged.replace("\"One\"", "\"ONE\"");
        ada.write(&path("one"), &unstaged);
        ada.ok(&["merge", "-q", "--ff-only", "side"]);
        assert_eq!(numbers(&ada, "HEAD"), "one=1 two=2");
        assert!(ada.show(&format!("HEAD:{}", path("one"))).contains("\"friendly_name\": \"one\""));
        assert_eq!(ada.show(&format!(":{}", path("one"))), staged.replace("null", "1"));
        assert_eq!(ada.read(&path("one")), unstaged);
        assert_eq!(ada.status(), format!("MM {}\nA  notes\n", path("one")));
    });
}

#[test]
fn an_unreadable_published_file_is_named_and_the_rest_is_settled() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        let seed = world.directory("seed");
        let broken = "{\"mission_number\": NaN}\n";
        seed.commit(&path("broken"), broken);
        seed.ok(&["push", "-q", "origin", "HEAD:main"]);
        bypass(&ada, "one", "A", "null");
        ada.ok(&["pull", "-q", "--no-rebase"]);
        assert_eq!((numbers(&ada, "HEAD").as_str(), ada.status().as_str()), ("one=1", ""));
        let output = ada.mission(&["settle"]).ok();
        assert!(output.stderr.contains("kitty-specs/broken/meta.json was left as it is: line 1"), "{output}");
        let json = ada.mission(&["settle", "--json"]).ok().json();
        assert_eq!(json["skipped"][0]["path"], "kitty-specs/broken");
        ada.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(origin.show(&format!("main:{}", path("broken"))), broken);

        // One that is not published yet is named by the hook.
        ada.ok(&["switch", "-qc", "side"]);
        ada.write(&path("bad"), "{");
        ada.ok(&["add", "."]);
        ada.ok(&["commit", "--no-verify", "-qm", "bad"]);
        bypass(&ada, "two", "B", "null");
        ada.ok(&["switch", "-q", "main"]);
        let output = ada.ok(&["merge", "-q", "--ff-only", "side"]);
        assert!(output.stderr.contains("kitty-specs/bad/meta.json was left as it is: line 1"), "{output}");
        assert_eq!(numbers(&ada, "HEAD"), "one=1 two=2");
    });
}

#[test]
fn no_upstream_an_authority_and_a_push_remote() {
    each_git(|git| {
        // No upstream: main of origin.
        let world = World::new(git);
        let (_, ben) = crossed(&world);
        ben.ok(&["branch", "-q", "--unset-upstream", "main"]);
        ben.ok(&["pull", "-q", "--no-rebase", "origin", "main"]);
        settled(&ben, "one=1 two=2");

        // An authority beside origin: what it says is protected.
        for (key, value) in
            [("mission.authority", "refs/remotes/upstream/main"), ("remote.pushDefault", "upstream")]
        {
            let world = World::new(git);
            let (origin, ada, ben) = fleet(&world);
            let upstream = world.bare("upstream.git");
            add(&ada, "one", "A");
            ada.ok(&["push", "-q", &upstream.path().to_string_lossy(), "main"]);
            add(&ben, "two", "B");
            ben.ok(&["push", "-q", "origin", "main"]);
            ben.ok(&["remote", "add", "upstream", &upstream.path().to_string_lossy()]);
            ben.ok(&["branch", "-q", "--unset-upstream", "main"]);
            ben.ok(&["config", key, value]);
            ben.ok(&["fetch", "-q", "upstream"]);
            ben.ok(&["merge", "-q", "upstream/main"]);
            assert_eq!(numbers(&ben, "HEAD"), "one=1 two=2", "{key}");
            ben.ok(&["push", "-q", "upstream", "main"]);
            // Origin, which published two as 1, is no authority here.
            ben.ok(&["push", "-q", "origin", "main"]);
            assert_eq!(numbers(&origin, "main"), "one=1 two=2");
        }
    });
}

#[test]
fn settle_stage_and_off() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ben) = crossed(&world);
        ben.ok(&["config", "mission.settle", "stage"]);
        ben.ok(&["pull", "-q", "--no-rebase"]);
        assert_eq!(numbers(&ben, "HEAD"), "one=1 two=1");
        assert_eq!(ben.status(), format!("M  {}\n", path("two")));
        ben.ok(&["commit", "-qm", "numbers"]);
        settled(&ben, "one=1 two=2");

        let clone = equipped(&world, &world.directory("origin.git"), "off");
        clone.ok(&["config", "mission.settle", "off"]);
        stage(&clone, "three", "C", "null");
        clone.ok(&["commit", "-qm", "three"]);
        assert_eq!(numbers(&clone, "HEAD"), "one=1 three=- two=2");
    });
}
