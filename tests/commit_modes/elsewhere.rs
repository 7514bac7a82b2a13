//! The matrix in other kinds of repositories: a linked work tree, a submodule, other line endings, a main that only
//! the remote has.

use super::fixture::{ALPHA, BETA, META, Meta, alpha, empty, furnish, path};
use super::matrix::{After, STATES, State, Way, all, amend, has_beta, look, of_path, plain, staged};
use crate::support::{World, each_git};

/// The ways that are tried in every kind of place.
const EVERYWHERE: [(&str, Way); 4] = [("plain", plain), ("all", all), ("path", of_path), ("amend", amend)];

#[test]
fn linked_worktree() {
    each_git(|git| {
        let world = World::new(git);
        let main = empty(&world, "main");
        furnish(&main);
        for (name, way) in EVERYWHERE {
            for state in STATES {
                let case = format!("{name} {state:?}");
                let branch = case.replace(' ', "-");
                main.ok(&["worktree", "add", "-q", "-b", &branch, &format!("../{branch}"), "main"]);
                let linked = main.cd(format!("../{branch}"));
                let after = way(&linked, state);
                look(&linked, &after, "\n", &case);
                assert_eq!(main.status(), "", "{case}: the main work tree");
            }
        }
    });
}

#[test]
fn submodule() {
    each_git(|git| {
        let world = World::new(git);
        let library = world.init("library");
        library.commit("readme", "x");
        let outer = world.init("outer");
        outer.commit("readme", "x");
        for (name, way) in EVERYWHERE {
            for state in STATES {
                let case = format!("{name} {state:?}");
                let at = case.replace(' ', "-");
                outer.ok(&["submodule", "--quiet", "add", "../library", &at]);
                let inner = outer.cd(&at);
                inner.mission(&["install"]).ok();
                furnish(&inner);
                inner.ok(&["switch", "-qc", "work"]);
                let after = way(&inner, state);
                look(&inner, &after, "\n", &case);
            }
        }
        assert_eq!(outer.ok(&["ls-files", "kitty-specs"]).stdout, "");
    });
}

#[test]
fn autocrlf() {
    each_git(|git| {
        let world = World::new(git);
        for (name, way) in EVERYWHERE {
            for state in STATES {
                let case = format!("{name} {state:?}");
                let repo = empty(&world, &case.replace(' ', "-"));
                repo.ok(&["config", "core.autocrlf", "true"]);
                furnish(&repo);
                assert_eq!(repo.read(META), alpha().canonical().replace('\n', "\r\n"), "{case}");
                repo.ok(&["switch", "-qc", "work"]);
                let after = way(&repo, state);
                look(&repo, &after, "\r\n", &case);
            }
        }
    });
}

#[test]
fn a_branch_keeps_the_numbers_of_a_main_that_only_the_remote_has() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin.git");
        let (ada, ben) = (world.clone(&origin, "ada"), world.clone(&origin, "ben"));
        ada.mission(&["install"]).ok();
        furnish(&ada);
        ada.ok(&["push", "-q", "origin", "main"]);
        ben.ok(&["pull", "-q", "origin", "main"]);
        ben.mission(&["install"]).ok();
        ada.commit(&path("beta"), Meta::new("beta", BETA).rough());
        ada.ok(&["push", "-q", "origin", "main"]);
        // ben's own main stays behind.
        ben.ok(&["switch", "-qc", "work"]);
        ben.commit("of work", "x");
        ben.ok(&["fetch", "-q", "origin"]);
        ben.ok(&["merge", "-q", "--squash", "origin/main"]);
        ben.write(META, staged().rough());
        ben.ok(&["add", META]);
        ben.ok(&["commit", "-qm", "squashed"]);
        has_beta(&ben);
        assert_eq!(Meta::at(&ben, &format!("HEAD:{META}")).text("mission_id"), ALPHA);
        look(&ben, &After { head: staged(), edited: None }, "\n", "squash of a remote main");
    });
}

#[test]
fn repositories_of_every_format() {
    each_git(|git| {
        let world = World::new(git);
        let formats: [(&str, &[&str], &[&str]); 6] = [
            ("sha256", &["init", "-q", "--object-format=sha256"], &[]),
            ("reftable", &["init", "-q", "--ref-format=reftable"], &[]),
            ("split-index", &["init", "-q"], &["update-index", "--split-index"]),
            ("index-v4", &["init", "-q"], &["config", "index.version", "4"]),
            ("untracked-cache", &["init", "-q"], &["config", "core.untrackedCache", "true"]),
            ("no-stat", &["init", "-q"], &["config", "core.checkStat", "minimal"]),
        ];
        for (name, init, then) in formats {
            if name == "reftable" && !git.is_at_least(2, 45) {
                continue;
            }
            for (way_name, way) in EVERYWHERE {
                let at = format!("{name}-{way_name}");
                world.directory("").ok(&[init, &[at.as_str()][..]].concat());
                let repo = world.directory(&at);
                repo.mission(&["install"]).ok();
                if !then.is_empty() {
                    repo.ok(then);
                }
                furnish(&repo);
                repo.ok(&["switch", "-qc", "work"]);
                for state in [State::Partly, State::Staged] {
                    let after = way(&repo, state);
                    look(&repo, &after, "\n", &format!("{at} {state:?}"));
                    repo.ok(&["reset", "-q", "--hard", "main"]);
                }
            }
        }
    });
}

#[test]
fn a_sparse_index() {
    each_git(|git| {
        let world = World::new(git);
        for (name, way) in EVERYWHERE {
            let repo = empty(&world, name);
            furnish(&repo);
            repo.commit("far/away/file", "x");
            repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
            repo.ok(&["switch", "-qc", "work"]);
            repo.ok(&["sparse-checkout", "set", "--cone", "--sparse-index", "kitty-specs/alpha"]);
            let after = way(&repo, State::Staged);
            look(&repo, &after, "\n", name);
            has_beta(&repo);
            assert!(!repo.at(&path("beta")).exists() && !repo.at("far").exists(), "{name}");
        }
    });
}

#[test]
fn a_git_directory_elsewhere() {
    each_git(|git| {
        let world = World::new(git);
        world.directory("").ok(&["init", "-q", "--separate-git-dir=apart", "top"]);
        for (name, way) in EVERYWHERE {
            let inside = world.directory("top");
            inside.mission(&["install"]).ok();
            furnish(&inside);
            inside.ok(&["switch", "-qc", "work"]);
            // As dotfile managers do: both named in the environment.
            let repo = inside.env("GIT_DIR", world.path("apart")).env("GIT_WORK_TREE", inside.path());
            let after = way(&repo, State::Partly);
            look(&repo, &after, "\n", name);
            for file in ["top", "apart"] {
                std::fs::remove_dir_all(world.path(file)).expect("removed");
            }
            world.directory("").ok(&["init", "-q", "--separate-git-dir=apart", "top"]);
        }
    });
}
