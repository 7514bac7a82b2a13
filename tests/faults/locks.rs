//! Locks that somebody else holds: waited for as long as is written down, then named; what git does not wait for goes
//! on without.

use super::operations;
use crate::support::{Repo, World, any_git};

/// A repository on main with a mission that has no number yet, and everything installed.
fn unsettled(world: &World) -> Repo<'_> {
    let repo = world.init("repo");
    repo.commit("README.md", "# App\n");
    repo.mission(&["create", "One", "--add"]).ok();
    repo.ok(&["commit", "-qm", "one"]);
    repo.mission(&["install"]).ok();
    repo
}

/// A staged legacy file, so that pre-commit has something to rewrite.
fn stage_legacy(repo: &Repo<'_>) {
    repo.write(
        "kitty-specs/two/meta.json",
        "{\"slug\": \"two\", \"feature_slug\": \"two\", \"friendly_name\": \"two\", \"mission\": \"research\", \
         \"target_branch\": \"main\", \"feature_number\": null, \"created_at\": \"2026-04-06T05:01:28+00:00\"}\n",
    );
    repo.ok(&["add", "-A"]);
}

#[test]
fn an_index_that_is_locked_is_named_and_nothing_is_half_done() {
    let world = World::new(&any_git());
    let repo = unsettled(&world);
    let head = repo.head();
    repo.write(".git/index.lock", "");

    let settle = repo.mission(&["settle"]);
    assert_eq!(settle.status, 75, "{settle}");
    assert!(settle.stderr.contains("index.lock"), "{settle}");
    let stage = repo.mission(&["settle", "--stage"]);
    assert_eq!(stage.status, 75, "{stage}");

    let create = repo.mission(&["create", "Three", "--add"]);
    assert_eq!(create.status, 75, "{create}");
    assert!(create.stderr.contains("index.lock"), "{create}");
    let left: Vec<_> = std::fs::read_dir(repo.at("kitty-specs")).expect("missions").flatten().collect();
    assert_eq!(left.len(), 1, "what could not be staged is not left behind");

    std::fs::remove_file(repo.at(".git/index.lock")).expect("our lock");
    let again = repo.mission(&["settle"]).ok();
    assert_eq!(repo.status(), "", "{again}");
    assert_ne!(repo.head(), head);
}

/// The hook is called with the lock held: git itself would not get that far.
#[test]
fn pre_commit_waits_a_little_then_refuses() {
    let world = World::new(&any_git());
    let repo = unsettled(&world);
    stage_legacy(&repo);
    let before = repo.ok(&["ls-files", "-s"]).stdout;
    repo.write(".git/index.lock", "");
    let hook = repo.mission(&["hook", "pre-commit"]);
    assert_eq!(hook.status, 1, "{hook}");
    assert!(hook.stderr.contains("index.lock") && hook.stderr.contains("hint:"), "{hook}");
    assert_eq!(repo.ok(&["ls-files", "-s"]).stdout, before);
    std::fs::remove_file(repo.at(".git/index.lock")).expect("our lock");
    repo.ok(&["commit", "-qm", "two"]);
    assert_eq!(repo.status(), "");
}

/// A hook that was there before ours leaves the index locked, which git itself would not have begun with.
#[test]
fn a_merge_that_cannot_be_settled_stands_and_is_settled_next_time() {
    let world = World::new(&any_git());
    let repo = world.init("repo");
    repo.commit("README.md", "# App\n");
    repo.ok(&["switch", "-q", "-c", "topic"]);
    repo.mission(&["create", "One", "--add"]).ok();
    repo.ok(&["commit", "-qm", "one"]);
    repo.ok(&["switch", "-q", "main"]);
    repo.commit("LICENSE", "free\n");
    repo.hook("post-merge", "#!/bin/sh\n: >\"$(git rev-parse --git-dir)/index.lock\"\n");
    repo.mission(&["install"]).ok();
    let merge = repo.ok(&["merge", "-q", "--no-edit", "topic"]);
    assert!(merge.stderr.contains("numbers were not settled") && merge.stderr.contains("hint:"), "{merge}");
    std::fs::remove_file(repo.at(".git/index.lock")).expect("a lock");
    assert_eq!(repo.rev("HEAD^2"), repo.rev("topic"), "the merge stands, and nothing follows it");
    assert_eq!(repo.status(), "");
    repo.mission(&["settle"]).ok();
    assert_eq!(repo.status(), "");
    assert_eq!(repo.mission(&["list", "--json"]).ok().json()["missions"][0]["mission_number"], 1);
}

#[test]
fn a_second_migration_is_told_to_come_back() {
    let world = World::new(&any_git());
    let repo = unsettled(&world);
    stage_legacy(&repo);
    std::fs::create_dir_all(repo.at(".git/mission")).expect("our directory");
    let lock = std::fs::File::create(repo.at(".git/mission/rewrite.lock")).expect("a lock");
    lock.lock().expect("locked");
    let second = repo.mission(&["migrate"]);
    assert_eq!(second.status, 75, "{second}");
    drop(lock);
    repo.mission(&["migrate"]).ok();
}

#[test]
fn a_queue_that_is_locked_does_not_stop_a_commit_which_is_caught_up() {
    let world = World::new(&any_git());
    let scene = world.directory("scene");
    std::fs::create_dir(scene.path()).expect("a directory");
    operations::started(&scene, 1);
    let repo = scene.cd("repo");
    repo.mission(&["install"]).ok();
    let mut database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    let held = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("a lock");
    let commit = repo.ok(&["commit", "-q", "--allow-empty", "-m", "next"]);
    assert!(commit.stderr.contains("is held by another process"), "{commit}");
    assert!(commit.stderr.contains("will be caught up"), "{commit}");
    assert!(!commit.stderr.contains("database is locked"), "in words of ours: {commit}");
    let by_hand = repo.mission(&["sync", "enqueue"]);
    assert_eq!(by_hand.status, 75, "{by_hand}");
    drop(held);
    let next = repo.ok(&["commit", "-q", "--allow-empty", "-m", "again"]);
    assert!(next.stderr.contains("queued"), "{next}");
}

#[test]
fn a_second_flush_says_that_one_is_running() {
    let world = World::new(&any_git());
    let scene = world.directory("scene");
    std::fs::create_dir(scene.path()).expect("a directory");
    operations::started(&scene, 1);
    let repo = scene.cd("repo");
    repo.mission(&["sync", "enqueue"]).ok();
    repo.ok(&["push", "-q", "origin", "main"]);
    let lease = |until: &str| {
        let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
        let sql = format!("UPDATE queue SET lease_owner = 'another', lease_until = {until}");
        database.execute(&sql, []).expect("leased")
    };
    assert!(lease("unixepoch() + 30") > 0);
    let second = repo.mission(&["sync", "flush"]).ok();
    assert!(second.stdout.contains("another flush is running"), "{second}");
    // A sender that was killed holds its rows no longer than that.
    lease("unixepoch() - 1");
    let flush = repo.mission(&["sync", "flush"]).ok();
    assert!(flush.stdout.contains("1 uploaded"), "{flush}");
}
