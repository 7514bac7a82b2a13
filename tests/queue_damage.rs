//! A damaged queue: set aside by whoever meets it, and everything that was not delivered is read from the commits again.

use crate::support::{Repo, World, any_git};

/// A clone with sync on, whose one push found no server, so that one body waits.
fn undelivered(world: &World) -> Repo<'_> {
    let origin = world.bare("origin.git");
    let repo = world.clone(&origin, "repo");
    repo.commit("README.md", "# Product\n");
    repo.ok(&["push", "-q", "origin", "HEAD:main"]);
    repo.mission(&["install"]).ok();
    let url = format!("file://{}/server/deep", world.path("").display());
    repo.mission(&["sync", "enable", "--server", &url]).ok();
    repo.mission(&["create", "One", "--add"]).ok();
    repo.ok(&["commit", "-qm", "one"]);
    let push = repo.ok(&["push", "-q", "origin", "main"]);
    assert!(push.stderr.contains("kept for later"), "{push}");
    repo
}

/// The server is there, the next commit is pushed: the body of the first arrives.
#[track_caller]
fn everything_arrives(world: &World, repo: &Repo<'_>) {
    std::fs::create_dir(world.path("server")).expect("a server");
    let commit = repo.ok(&["commit", "-q", "--allow-empty", "-m", "next"]);
    assert!(commit.stderr.contains("the queue was damaged"), "{commit}");
    let push = repo.ok(&["push", "-q", "origin", "main"]);
    assert!(push.stderr.contains("bodies: 1 delivered"), "{push}");
    let aside = std::fs::read_dir(repo.at(".git/mission")).expect("our directory");
    let aside =
        aside.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("queue.corrupt-"));
    assert!(aside.count() >= 1, "the damaged database is kept");
    let again = repo.ok(&["commit", "-q", "--allow-empty", "-m", "again"]);
    assert_eq!(again.stderr, "", "told once, and said once");
}

#[test]
fn it_does_not_matter_who_meets_a_destroyed_database() {
    let world = World::new(&any_git());
    let repo = undelivered(&world);
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(repo.at(&format!(".git/mission/queue.db{suffix}")));
    }
    repo.write(".git/mission/queue.db", [0x5a; 100]);
    repo.mission(&["status"]).ok();
    everything_arrives(&world, &repo);
}

#[test]
fn damage_behind_the_header_is_met_on_the_way() {
    let world = World::new(&any_git());
    let repo = undelivered(&world);
    let path = repo.at(".git/mission/queue.db");
    let mut bytes = std::fs::read(&path).expect("the database");
    bytes[4096..].fill(b'x');
    repo.write(".git/mission/queue.db", bytes);
    repo.mission(&["sync", "status"]).ok();
    everything_arrives(&world, &repo);
}

#[test]
fn a_pushed_tag_that_names_no_commit_is_in_nobodys_way() {
    let world = World::new(&any_git());
    let repo = undelivered(&world);
    std::fs::create_dir(world.path("server")).expect("a server");
    repo.write("blob", "x");
    repo.ok(&["add", "blob"]);
    repo.ok(&["commit", "-qm", "a blob"]);
    repo.mission(&["sync", "retry"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    let blob = format!("{}:refs/tags/blob", repo.rev("HEAD:blob"));
    let push = repo.ok(&["push", "-q", "origin", "main", &blob]);
    assert!(push.stderr.contains("bodies: 1 delivered"), "{push}");
}
