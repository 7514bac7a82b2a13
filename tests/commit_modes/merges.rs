//! Merges: what a parent brings is not the user's fault, but no id may be lost.

use super::fixture::{ALPHA, BETA, GAMMA, META, Meta, alpha, empty, furnish, on_main, path, said, standing};
use crate::support::{Repo, World, each_git};

/// What a parent may bring that could not be committed here.
fn bad() -> Vec<(&'static str, String)> {
    let new = || Meta::new("bad", BETA);
    vec![
        ("not JSON", "{".to_owned()),
        ("a key twice", "{\"a\":1,\"a\":2}".to_owned()),
        ("markers", "<<<<<<< ours\n=======\n>>>>>>> theirs\n".to_owned()),
        ("not canonical", new().rough()),
        ("legacy keys", new().without("mission_slug").with("feature_slug", "bad").canonical()),
        ("keys missing", new().without("slug").canonical()),
        ("an id that is none", new().with("mission_id", "0001").canonical()),
        ("no id", new().without("mission_id").canonical()),
        ("a number that is none", new().with("mission_number", "TBD").canonical()),
    ]
}

/// Commits a bad file on `side` without our hooks, and lets `work` part from it.
fn bring<'w>(world: &'w World, name: &str, text: &str) -> Repo<'w> {
    let repo = empty(world, &name.replace(' ', "-"));
    furnish(&repo);
    repo.ok(&["branch", "side"]);
    repo.ok(&["switch", "-qc", "work"]);
    repo.commit("clash", "work\n");
    repo.ok(&["switch", "-q", "side"]);
    repo.write(&path("bad"), text);
    repo.ok(&["add", "kitty-specs"]);
    repo.ok(&["commit", "-qnm", "bad"]);
    repo.ok(&["switch", "-q", "work"]);
    repo
}

#[track_caller]
fn came_as_it_was(repo: &Repo<'_>, text: &str, case: &str) {
    assert_eq!(repo.show(&format!("HEAD:{}", path("bad"))), text, "{case}");
    assert_eq!((repo.read(&path("bad")).as_str(), repo.status().as_str()), (text, ""), "{case}");
}

#[test]
fn what_a_parent_brings_is_neither_refused_nor_rewritten() {
    each_git(|git| {
        let world = World::new(git);
        for (case, text) in bad() {
            // A merge that commits by itself: pre-merge-commit.
            let repo = bring(&world, &format!("{case} clean"), &text);
            let output = repo.ok(&["merge", "-q", "--no-edit", "side"]);
            assert_eq!(said(&output), Vec::<String>::new(), "{case}");
            came_as_it_was(&repo, &text, case);

            // One that is concluded by hand: pre-commit.
            let repo = bring(&world, &format!("{case} concluded"), &text);
            repo.ok(&["switch", "-q", "side"]);
            repo.write("clash", "side\n");
            repo.ok(&["add", "clash"]);
            repo.ok(&["commit", "-qnm", "clash"]);
            repo.ok(&["switch", "-q", "work"]);
            repo.git(&["merge", "side"]).exits(1);
            repo.write("clash", "both\n");
            repo.ok(&["add", "clash"]);
            let output = repo.ok(&["commit", "-qm", "merged"]);
            assert_eq!(said(&output), Vec::<String>::new(), "{case}");
            came_as_it_was(&repo, &text, case);
        }
    });
}

#[test]
fn what_is_edited_while_merging_is_judged() {
    each_git(|git| {
        let world = World::new(git);
        let repo = bring(&world, "edited", "{");
        repo.ok(&["merge", "-q", "--no-commit", "side"]);
        repo.write(&path("bad"), "{{");
        repo.ok(&["add", "kitty-specs"]);
        let output = repo.git(&["commit", "-qm", "merged"]).exits(1);
        assert!(said(&output)[0].starts_with("error: kitty-specs/bad/meta.json:1:2: "), "{output}");
        repo.write(&path("bad"), Meta::new("bad", BETA).rough());
        repo.ok(&["add", "kitty-specs"]);
        repo.ok(&["commit", "-qm", "merged and mended"]);
        came_as_it_was(&repo, &Meta::new("bad", BETA).canonical(), "mended");
    });
}

/// `main` and `side` have each made their own mission at one path.
fn collide(world: &World) -> Repo<'_> {
    let repo = on_main(world);
    repo.ok(&["switch", "-qc", "side"]);
    repo.commit(&path("login"), Meta::new("login", GAMMA).rough());
    repo.ok(&["switch", "-q", "main"]);
    repo.commit(&path("login"), Meta::new("login", BETA).rough());
    repo
}

/// Where two missions meet, an id that was removed cannot be put back: one of the two would be lost.
#[test]
fn removing_the_id_where_two_missions_meet_is_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = collide(&world);
        let login = path("login");
        repo.git(&["merge", "side"]).exits(1);
        repo.write(&login, Meta::new("login", BETA).without("mission_id").rough());
        repo.ok(&["add", &login]);
        let before = standing(&repo, &[&login]);
        let words = said(&repo.git(&["commit", "-qm", "merged"]).exits(1));
        assert!(words[0].contains(GAMMA) && words[0].contains("nothing was committed"), "{words:?}");
        assert!(words[1] == "hint: git mission resolve", "{words:?}");
        assert_eq!(standing(&repo, &[&login]), before);
    });
}

#[test]
fn taking_one_side_whole_is_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = collide(&world);
        let login = path("login");
        for (side, taken, missing) in [("--ours", BETA, GAMMA), ("--theirs", GAMMA, BETA)] {
            repo.git(&["merge", "side"]).exits(1);
            repo.ok(&["checkout", "-q", side, &login]);
            repo.ok(&["add", &login]);
            let before = standing(&repo, &[&login]);
            let words = said(&repo.git(&["commit", "-qm", "merged"]).exits(1));
            assert_eq!(
                words[0],
                format!(
                    "error: {login}: mission_id {missing} would become {taken}, and an id never changes; nothing was committed"
                ),
                "{side}"
            );
            assert!(words.len() == 2 && words[1] == "hint: git mission resolve", "{words:?}");
            assert_eq!(standing(&repo, &[&login]), before);
            repo.ok(&["merge", "--abort"]);
        }
        // Both are kept: one has moved.
        repo.git(&["merge", "side"]).exits(1);
        repo.ok(&["checkout", "-q", "--ours", &login]);
        repo.write(&path("login-gamma"), repo.show(&format!("side:{login}")));
        repo.ok(&["add", "kitty-specs"]);
        repo.ok(&["commit", "-qm", "merged"]);
        assert_eq!(Meta::at(&repo, "HEAD:kitty-specs/login-gamma/meta.json").text("mission_id"), GAMMA);
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn a_merge_that_drops_an_id_by_itself_is_refused_and_changes_nothing() {
    each_git(|git| {
        let world = World::new(git);
        let repo = collide(&world);
        for strategy in [&["-s", "ours"][..], &["-X", "ours"], &["-X", "theirs"]] {
            // Without the drivers, which would call it a conflict.
            repo.write(".git/info/attributes", "");
            let head = repo.head();
            let args: Vec<&str> =
                ["merge", "-q", "--no-edit"].iter().chain(strategy).copied().chain(["side"]).collect();
            let output = repo.git(&args);
            assert_ne!(output.status, 0, "{output}");
            assert!(said(&output)[0].contains("an id never changes; nothing was committed"), "{output}");
            assert_eq!(repo.head(), head);
            repo.ok(&["merge", "--abort"]);
            assert_eq!((repo.status(), repo.head()), (String::new(), head));
        }
    });
}

#[test]
fn an_id_that_a_parent_changed_is_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        repo.ok(&["switch", "-qc", "side"]);
        repo.write(META, alpha().with("mission_id", BETA).canonical());
        repo.ok(&["commit", "-qnam", "behind our back"]);
        repo.ok(&["switch", "-q", "main"]);
        repo.commit("of main", "x");
        let output = repo.git(&["merge", "--no-edit", "side"]);
        assert_ne!(output.status, 0, "{output}");
        assert!(said(&output)[0].contains(&format!("mission_id {ALPHA} would become {BETA}")), "{output}");
        repo.ok(&["merge", "--abort"]);
        assert_eq!((repo.status().as_str(), repo.read(META)), ("", alpha().canonical()));
    });
}

#[test]
fn what_our_side_replaced_long_ago_is_no_loss() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        repo.ok(&["branch", "side"]);
        repo.ok(&["rm", "-qr", "kitty-specs/alpha"]);
        repo.ok(&["commit", "-qm", "deleted"]);
        repo.commit(META, Meta::new("alpha", GAMMA).rough());
        repo.ok(&["switch", "-q", "side"]);
        repo.commit("of side", "x");
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["merge", "-q", "--no-edit", "side"]);
        assert_eq!(Meta::at(&repo, &format!("HEAD:{META}")).text("mission_id"), GAMMA);
        // And when it is concluded by hand with an edit.
        repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        repo.ok(&["merge", "-q", "--no-commit", "side"]);
        repo.write(META, Meta::new("alpha", GAMMA).with("purpose_tldr", "x").rough());
        repo.ok(&["commit", "-qam", "merged"]);
        assert_eq!(Meta::at(&repo, &format!("HEAD:{META}")).text("mission_id"), GAMMA);
    });
}

#[test]
fn an_id_that_only_the_other_side_has_is_put_back() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        let old = Meta::new("old", "").without("mission_number");
        repo.write(&path("old"), old.canonical());
        repo.ok(&["add", "."]);
        repo.ok(&["commit", "-qnm", "an old mission"]);
        repo.ok(&["switch", "-qc", "side"]);
        repo.write(&path("old"), old.clone().with("purpose_tldr", "side").rough());
        repo.ok(&["commit", "-qam", "gets its id"]);
        let id = Meta::at(&repo, "HEAD:kitty-specs/old/meta.json").text("mission_id").to_owned();
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["switch", "-qc", "work"]);
        repo.commit("of work", "x");
        repo.ok(&["merge", "-q", "--no-commit", "side"]);
        repo.ok(&["checkout", "-q", "HEAD", "--", &path("old")]);
        let output = repo.ok(&["commit", "-qm", "took ours whole"]);
        assert_eq!(said(&output), [format!("git-mission: {}: mission_id {id} put back", path("old"))]);
        assert_eq!(Meta::at(&repo, "HEAD:kitty-specs/old/meta.json").text("mission_id"), id);
        assert_eq!(repo.status(), "");
    });
}

#[test]
fn on_main_a_concluded_merge_numbers_what_it_brings() {
    each_git(|git| {
        let world = World::new(git);
        let repo = on_main(&world);
        repo.ok(&["switch", "-qc", "side"]);
        repo.write("clash", "side\n");
        repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
        let old = Meta::new("old", "").without("mission_number");
        repo.write(&path("old"), old.rough());
        repo.ok(&["add", "."]);
        repo.ok(&["commit", "-qnm", "without an id"]);
        repo.ok(&["switch", "-q", "main"]);
        repo.commit("clash", "main\n");
        repo.git(&["merge", "side"]).exits(1);
        repo.write("clash", "both\n");
        repo.ok(&["add", "clash"]);
        repo.ok(&["commit", "-qm", "merged"]);
        let number = |name: &str| Meta::at(&repo, &format!("HEAD:{}", path(name))).number();
        let mut numbers = [number("beta"), number("old")];
        numbers.sort_unstable();
        assert_eq!((numbers, repo.status()), ([Some(2), Some(3)], String::new()));
    });
}
