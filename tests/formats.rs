//! The journey of two clones in every kind of repository that git knows: four missions made offline, numbered by
//! merging; four more, numbered by rebasing; one history and nothing left to commit in the end.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use crate::support::{Git, Repo, World, each_git};

const MERGE: &[&str] = &["pull", "-q", "--no-rebase", "--no-edit", "origin", "main"];
const REBASE: &[&str] = &["pull", "-q", "--rebase", "origin", "main"];

/// An origin with one commit, made with these arguments of `git init`.
fn origin<'w>(world: &'w World, args: &[&str]) -> Repo<'w> {
    let top = world.directory("");
    top.ok(&[&["init", "-q", "--bare", "origin.git"], args].concat());
    let origin = world.directory("origin.git");
    origin.ok(&["config", "uploadpack.allowFilter", "true"]);
    // Cloning an empty repository tells old git nothing of its format.
    top.ok(&[&["init", "-q", "seed"], args].concat());
    let seed = world.directory("seed");
    seed.ok(&["remote", "add", "origin", &format!("file://{}", origin.path().display())]);
    seed.write("docs/guide.md", "# Guide\n");
    seed.write("lib/code.txt", "code\n");
    seed.commit("README.md", "# Product\n");
    seed.ok(&["push", "-q", "origin", "HEAD:main"]);
    origin
}

/// A clone over a real transport, made with these arguments.
fn clone<'w>(world: &'w World, origin: &Repo<'_>, name: &str, args: &[&str]) -> Repo<'w> {
    let url = format!("file://{}", origin.path().display());
    world.directory("").ok(&[&["clone", "-q"], args, &[&url, name]].concat());
    world.directory(name)
}

/// Both clones, made alike, with everything installed.
fn both<'w>(world: &'w World, make: impl Fn(&'w World, &str) -> Repo<'w>) -> [Repo<'w>; 2] {
    let clones = [make(world, "ada"), make(world, "ben")];
    for clone in &clones {
        clone.mission(&["install"]).ok();
    }
    clones
}

/// What has to hold whatever the repository is like.
fn journey([ada, ben]: &[Repo<'_>; 2]) {
    for (names, pull, total) in [(["Login page", "Search"], MERGE, 4), (["Reports", "Export"], REBASE, 8)] {
        for clone in [ada, ben] {
            clone.mission(&["create", names[0], "--add"]).ok();
            clone.mission(&["create", names[1]]).ok();
            clone.ok(&["add", "kitty-specs"]);
            clone.ok(&["commit", "-qm", "two missions"]);
            assert_eq!(clone.status(), "", "after the commit");
            // The readable part of an id tells seconds apart.
            thread::sleep(Duration::from_millis(1100));
        }
        for clone in [ada, ben, ada, ben] {
            if clone.git(&["push", "-q", "origin", "HEAD:main"]).status != 0 {
                clone.ok(pull);
                clone.ok(&["push", "-q", "origin", "HEAD:main"]);
            }
            clone.ok(pull);
        }
        for clone in [ada, ben] {
            let listing = clone.mission(&["list", "--rev", "HEAD", "--json"]).ok().json();
            let missions = listing["missions"].as_array().expect("missions");
            let ids: BTreeSet<&str> = missions.iter().filter_map(|m| m["mission_id"].as_str()).collect();
            let numbers: BTreeSet<u64> =
                missions.iter().filter_map(|m| m["mission_number"].as_u64()).collect();
            assert_eq!((ids.len(), numbers), (total, (1..=total as u64).collect()), "{listing}");
            assert_eq!((clone.status(), clone.head()), (String::new(), ada.head()), "clean, and one history");
            assert!(clone.mission(&["status"]).ok().stdout.contains("hooks, merge drivers and attributes"));
        }
    }
    // A merge that needs the driver: both change other keys of one file.
    let files = ada.ok(&["ls-files", "kitty-specs/login-page-*/meta.json"]).stdout;
    let path = files.lines().next().expect("a mission");
    for (clone, key) in [(ada, "purpose_tldr"), (ben, "purpose_context")] {
        let text = clone.read(path).replacen('{', &format!("{{ \"{key}\": \"said\","), 1);
        clone.write(path, text);
        clone.ok(&["commit", "-qam", key]);
    }
    ada.ok(&["push", "-q", "origin", "HEAD:main"]);
    ben.ok(MERGE);
    let merged = ben.show(&format!("HEAD:{path}"));
    assert!(merged.contains("purpose_tldr") && merged.contains("purpose_context"), "{merged}");
    assert_eq!(ben.status(), "");
    let doctor = ben.mission(&["doctor"]);
    assert_eq!(doctor.status, 0, "{doctor}");
}

/// Plays the journey with every git from this version on; says which ones are left out.
#[expect(clippy::print_stdout, reason = "what was not tried is named")]
fn everywhere(since: (u32, u32), what: &str, play: impl Fn(&Git)) {
    each_git(|git| {
        if git.is_at_least(since.0, since.1) {
            play(git);
        } else {
            println!("skipped: {what} with git {}", git.version);
        }
    });
}

#[test]
fn sha256_objects() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &["--object-format=sha256"]);
        let clones = both(&world, |world, name| clone(world, &origin, name, &[]));
        journey(&clones);
        assert_eq!(clones[0].head().len(), 64);
    });
}

#[test]
fn reftable_refs() {
    everywhere((2, 45), "reftable", |git| {
        let world = World::new(git);
        let origin = origin(&world, &["--ref-format=reftable"]);
        let clones = both(&world, |world, name| clone(world, &origin, name, &["--ref-format=reftable"]));
        journey(&clones);
        assert_eq!(clones[0].ok(&["rev-parse", "--show-ref-format"]).line(), "reftable");
    });
}

#[test]
fn sha256_objects_and_reftable_refs() {
    everywhere((2, 45), "SHA-256 with reftable", |git| {
        let world = World::new(git);
        let origin = origin(&world, &["--object-format=sha256", "--ref-format=reftable"]);
        journey(&both(&world, |world, name| clone(world, &origin, name, &["--ref-format=reftable"])));
    });
}

#[test]
fn split_index() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let clones = both(&world, |world, name| {
            let repo = clone(world, &origin, name, &[]);
            repo.ok(&["config", "core.splitIndex", "true"]);
            repo.ok(&["config", "splitIndex.maxPercentChange", "0"]);
            repo.ok(&["update-index", "--split-index"]);
            repo
        });
        let is_split = |repo: &Repo<'_>| repo.run("sh", &["-c", "ls .git/sharedindex.*"]).status == 0;
        assert!(clones.iter().all(is_split));
        journey(&clones);
        assert!(clones.iter().all(is_split), "it stayed so");
    });
}

#[test]
fn sparse_index_and_sparse_checkout() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let clones = both(&world, |world, name| {
            let repo = clone(world, &origin, name, &[]);
            repo.ok(&["sparse-checkout", "set", "--cone", "--sparse-index", "docs", "kitty-specs"]);
            repo
        });
        assert!(!clones[0].at("lib").exists());
        assert!(clones[0].ok(&["ls-files", "--sparse"]).stdout.contains("lib/\n"), "the index is sparse");
        journey(&clones);
        assert!(!clones[0].at("lib").exists());
    });
}

#[test]
fn shallow_clone() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let seed = world.directory("seed");
        seed.commit("second", "2\n");
        seed.ok(&["push", "-q", "origin", "HEAD:main"]);
        let clones = both(&world, |world, name| clone(world, &origin, name, &["--depth=1"]));
        assert_eq!(clones[0].ok(&["rev-list", "--count", "HEAD"]).line(), "1");
        journey(&clones);
    });
}

#[test]
fn partial_clone() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        journey(&both(&world, |world, name| clone(world, &origin, name, &["--filter=blob:none"])));
    });
}

#[test]
fn linked_worktrees() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let clones = both(&world, |world, name| {
            let main = clone(world, &origin, &format!("{name}-home"), &[]);
            main.ok(&["switch", "-qc", "elsewhere"]);
            main.ok(&["worktree", "add", "-q", &format!("../{name}"), "main"]);
            world.directory(name)
        });
        assert!(clones[0].at(".git").is_file());
        journey(&clones);
    });
}

#[test]
fn submodule() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let url = format!("file://{}", origin.path().display());
        let clones = both(&world, |world, name| {
            let outer = world.init(&format!("{name}-outer"));
            outer.ok(&["submodule", "--quiet", "add", &url, "inner"]);
            outer.ok(&["commit", "-qm", "a submodule"]);
            outer.cd("inner")
        });
        assert!(clones[0].at(".git").is_file());
        journey(&clones);
    });
}

#[test]
fn autocrlf() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let clones = both(&world, |world, name| clone(world, &origin, name, &["-c", "core.autocrlf=true"]));
        journey(&clones);
        assert!(clones[1].read("README.md").ends_with("\r\n"));
    });
}

#[test]
fn a_path_with_spaces_and_letters_of_others() {
    each_git(|git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        journey(&both(&world, |world, name| {
            clone(world, &origin, &format!("Große Übung/it's {name} 日本"), &[])
        }));
    });
}

#[test]
fn hooks_in_the_configuration() {
    everywhere((2, 54), "config mode", |git| {
        let world = World::new(git);
        let origin = origin(&world, &[]);
        let clones = both(&world, |world, name| {
            let repo = clone(world, &origin, name, &[]);
            repo.mission(&["install", "--mode", "config"]).ok();
            repo
        });
        assert!(!clones[0].at(".git/hooks/pre-commit").exists());
        journey(&clones);
    });
}
