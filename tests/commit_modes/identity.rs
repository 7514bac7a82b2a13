//! A mission has one id for ever: put back, refused, moved, copied, and each with its one line.

use super::fixture::{ALPHA, BETA, GAMMA, META, Meta, alpha, on_branch, on_main, path, said, standing};
use crate::support::{Repo, World, each_git};

#[track_caller]
fn id_at(repo: &Repo<'_>, object: &str) -> String {
    Meta::at(repo, object).text("mission_id").to_owned()
}

#[test]
fn a_removed_id_is_put_back() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        for (number, meta) in [
            alpha().without("mission_id"),
            alpha().with("mission_id", serde_json::Value::Null),
            alpha().with("mission_id", ""),
        ]
        .into_iter()
        .enumerate()
        {
            repo.write(META, meta.with("purpose_tldr", number).rough());
            let output = repo.ok(&["commit", "-qam", "without an id"]);
            assert_eq!(said(&output), [format!("git-mission: {META}: mission_id {ALPHA} put back")]);
            assert_eq!(repo.read(META), alpha().with("purpose_tldr", number).canonical());
            assert_eq!(
                (id_at(&repo, &format!("HEAD:{META}")), repo.status()),
                (ALPHA.to_owned(), String::new())
            );
        }
    });
}

#[test]
fn a_changed_id_is_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(META, alpha().with("mission_id", BETA).rough());
        repo.ok(&["add", META]);
        let before = standing(&repo, &[META]);
        let output = repo.git(&["commit", "-qm", "another id"]).exits(1);
        assert_eq!(standing(&repo, &[META]), before);
        let words = said(&output);
        assert_eq!(
            words[0],
            format!(
                "error: {META}: mission_id {ALPHA} would become {BETA}, and an id never changes; nothing was committed"
            )
        );
        assert!(words.len() == 2 && words[1].contains("remove the key `mission_id`"), "{words:?}");

        // The way out that the hint names.
        repo.write(META, alpha().without("mission_id").rough());
        repo.ok(&["add", "--", META]);
        repo.ok(&["commit", "-qm", "as before"]);
        assert_eq!(id_at(&repo, "HEAD:kitty-specs/alpha/meta.json"), ALPHA);
    });
}

#[test]
fn another_id_is_allowed_where_the_old_one_has_moved() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.ok(&["mv", "kitty-specs/alpha", "kitty-specs/moved"]);
        repo.write(META, Meta::new("alpha", BETA).rough());
        repo.ok(&["add", "kitty-specs"]);
        let output = repo.ok(&["commit", "-qm", "moved, and a new one in its place"]);
        assert_eq!(said(&output), [format!("git-mission: {META}: canonical form")]);
        assert_eq!(id_at(&repo, &format!("HEAD:{META}")), BETA);
        assert_eq!(id_at(&repo, "HEAD:kitty-specs/moved/meta.json"), ALPHA);
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn two_missions_may_change_places() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
        let (one, two) = (repo.read(META), repo.read(&path("beta")));
        repo.write(META, two);
        repo.write(&path("beta"), one);
        assert_eq!(said(&repo.ok(&["commit", "-qam", "swapped"])), Vec::<String>::new());
        assert_eq!((id_at(&repo, &format!("HEAD:{META}")).as_str(), repo.status().as_str()), (BETA, ""));
    });
}

#[test]
fn a_renamed_directory_keeps_its_id_and_number() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.ok(&["mv", "kitty-specs/alpha", "kitty-specs/moved"]);
        let text = Meta::at(&repo, ":kitty-specs/moved/meta.json").with("mission_slug", "moved").rough();
        repo.write("kitty-specs/moved/meta.json", text);
        let output = repo.ok(&["commit", "-qam", "moved"]);
        assert_eq!(said(&output), ["git-mission: kitty-specs/moved/meta.json: canonical form"]);
        let moved = Meta::at(&repo, "HEAD:kitty-specs/moved/meta.json");
        assert_eq!((moved.text("mission_id"), moved.number()), (ALPHA, Some(1)));
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn a_renamed_mission_of_old_is_no_new_one() {
    each_git(|git| {
        let world = World::new(git);
        // Without an id, without keys that a new one needs, as old missions are.
        let old = Meta::new("old", "")
            .without("mission_type")
            .without("friendly_name")
            .with("feature_number", "007");
        let ids: Vec<String> = ["one", "two"]
            .into_iter()
            .map(|name| {
                let repo = super::fixture::empty(&world, name);
                repo.write(&path("old"), old.clone().without("mission_number").rough());
                repo.ok(&["add", "."]);
                repo.ok(&["commit", "-qnm", "as it was"]);
                repo.ok(&["switch", "-qc", "work"]);
                repo.ok(&["mv", "kitty-specs/old", "kitty-specs/new"]);
                repo.ok(&["commit", "-qm", "moved"]);
                assert_eq!(repo.status(), "");
                id_at(&repo, "HEAD:kitty-specs/new/meta.json")
            })
            .collect();
        assert_eq!(ids[0], ids[1], "not from the clock");
    });
}

#[test]
fn a_copied_directory_gets_a_fresh_id() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        // Also when its name sorts first, and the original changes in the same commit.
        for copy in ["aaa", "copy"] {
            repo.write(&path(copy), alpha().with("mission_number", serde_json::Value::Null).canonical());
            repo.write(META, alpha().with("purpose_tldr", copy).canonical());
            repo.ok(&["add", "kitty-specs"]);
            let output = repo.ok(&["commit", "-qm", copy]);
            let fresh = id_at(&repo, &format!("HEAD:{}", path(copy)));
            assert_ne!(fresh, ALPHA);
            assert_eq!(
                said(&output),
                [format!(
                    "git-mission: {}: mission_id {fresh}, because this is a copy of kitty-specs/alpha",
                    path(copy)
                )]
            );
            assert_eq!(id_at(&repo, &format!("HEAD:{META}")), ALPHA);
            assert_eq!(repo.status(), "");
        }
    });
}

#[test]
fn a_copy_does_not_take_the_number_with_it() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(&path("copy"), alpha().canonical());
        repo.ok(&["add", "kitty-specs"]);
        repo.ok(&["commit", "-qm", "copied"]);
        let copy = Meta::at(&repo, &format!("HEAD:{}", path("copy")));
        assert!(copy.text("mission_id") != ALPHA && copy.number().is_none(), "{copy:?}");
    });
}

#[test]
fn two_paths_that_share_an_id_already_are_left_to_the_doctor() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(&path("copy"), alpha().canonical());
        repo.ok(&["add", "kitty-specs"]);
        repo.ok(&["commit", "-qnm", "copied behind our back"]);
        repo.write(&path("copy"), alpha().with("purpose_tldr", "edited").rough());
        let output = repo.ok(&["commit", "-qam", "edited"]);
        assert_eq!(said(&output), ["git-mission: kitty-specs/copy/meta.json: canonical form"]);
        assert_eq!(id_at(&repo, "HEAD:kitty-specs/copy/meta.json"), ALPHA, "an id never changes");
    });
}

#[test]
fn a_deleted_mission_blocks_nothing() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
        repo.ok(&["rm", "-q", META]);
        repo.write(&path("beta"), Meta::new("beta", BETA).with("purpose_tldr", "x").rough());
        repo.write(&path("gamma"), Meta::new("gamma", GAMMA).rough());
        repo.ok(&["add", "kitty-specs"]);
        let output = repo.ok(&["commit", "-qm", "one gone, one changed, one new"]);
        assert_eq!(said(&output).len(), 2, "{output}");
        assert_eq!(repo.status(), "");
        repo.ok(&["rm", "-qr", "kitty-specs"]);
        let output = repo.ok(&["commit", "-qm", "all gone"]);
        assert_eq!((said(&output), repo.status()), (Vec::new(), String::new()));
    });
}

#[test]
fn a_new_mission_without_an_id_gets_one() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(&path("beta"), Meta::new("beta", "").without("mission_number").rough());
        repo.ok(&["add", "kitty-specs"]);
        let output = repo.ok(&["commit", "-qm", "new"]);
        let beta = Meta::at(&repo, &format!("HEAD:{}", path("beta")));
        assert_eq!(
            said(&output),
            [format!("git-mission: {}: mission_id {}", path("beta"), beta.text("mission_id"))]
        );
        assert_eq!(beta, Meta::new("beta", beta.text("mission_id")));
        assert_eq!((repo.read(&path("beta")), repo.status()), (beta.canonical(), String::new()));
    });
}

#[test]
fn off_main_a_number_that_main_did_not_give_is_cleared() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_branch(&world);
        repo.write(META, alpha().with("mission_number", 9).rough());
        repo.write(&path("beta"), Meta::new("beta", BETA).with("mission_number", 1).rough());
        repo.ok(&["add", "kitty-specs"]);
        let output = repo.ok(&["commit", "-qm", "numbers of their own"]);
        let line = |name: &str, number| {
            format!("git-mission: {}: number {number} cleared, main gives numbers", path(name))
        };
        assert_eq!(said(&output), [line("alpha", 9), line("beta", 1)]);
        for name in ["alpha", "beta"] {
            assert_eq!(Meta::at(&repo, &format!("HEAD:{}", path(name))).number(), None);
        }
        // A parent holds it: what was committed behind our back is not cleared a second time.
        repo.write(META, alpha().with("mission_number", 9).canonical());
        repo.ok(&["commit", "-qnam", "behind our back"]);
        repo.write(META, alpha().with("mission_number", 9).with("purpose_tldr", "x").rough());
        repo.ok(&["commit", "-qam", "edited"]);
        assert_eq!(Meta::at(&repo, &format!("HEAD:{META}")).number(), Some(9));
    });
}
