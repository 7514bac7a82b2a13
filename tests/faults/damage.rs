//! A damaged queue, a whole one or a page of it: set aside by whoever meets it, and everything that was not delivered is read from the commits again.

use super::operation::copy;
use super::{operations, say, which};
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

/// A queue that somebody removed was one: what it may have held is said again, what the remote holds as well.
#[test]
fn a_queue_that_is_gone_is_said_again() {
    let world = World::new(&any_git());
    let repo = undelivered(&world);
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(repo.at(&format!(".git/mission/queue.db{suffix}")));
    }
    std::fs::create_dir(world.path("server")).expect("a server");
    repo.ok(&["commit", "-q", "--allow-empty", "-m", "next"]);
    let push = repo.ok(&["push", "-q", "origin", "main"]);
    assert!(push.stderr.contains("bodies: 1 delivered"), "{push}");
    let again = repo.ok(&["commit", "-q", "--allow-empty", "-m", "again"]);
    assert_eq!(again.stderr, "", "said again once");
}

/// How a database comes to harm.
#[derive(Debug, Clone, Copy)]
enum Harm {
    /// A page is overwritten with nonsense
    Nonsense,
    /// A page is zeros
    Zeros,
    /// The file ends at a page
    Cut,
}

/// A repository whose queue holds many bodies that nobody delivered, in a database of many pages; what it held, and how
/// many pages there are.
fn many_pages(world: &World) -> (Repo<'_>, usize) {
    let origin = world.bare("scene/origin.git");
    let repo = world.clone(&origin, "scene/repo");
    repo.commit("README.md", "# Product\n");
    repo.ok(&["push", "-q", "origin", "HEAD:main"]);
    repo.mission(&["install"]).ok();
    let url = format!("file://{}", world.path("scene/server").display());
    repo.mission(&["sync", "enable", "--server", &url]).ok();
    repo.mission(&["create", "One", "--add"]).ok();
    let listing = repo.mission(&["list", "--json"]).ok().json();
    let directory = listing["missions"][0]["path"].as_str().expect("a path").to_owned();
    for at in 0..6 {
        repo.write(&format!("{directory}/research/{at}.md"), format!("# {at}\n").repeat(400));
    }
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qm", "one"]);
    // As another process would find it: everything in the database itself.
    let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    drop(database);
    let pages = std::fs::metadata(repo.at(".git/mission/queue.db")).expect("a file").len() / 4096;
    (repo, usize::try_from(pages).expect("a number"))
}

/// Acceptance: a database that is damaged on every page in turn is set aside and said again, or was not needed: every
/// body and every event arrives, whole.
#[test]
fn whatever_page_is_damaged_every_body_arrives_whole() {
    let world = World::new(&any_git());
    let (repo, pages) = many_pages(&world);
    copy(&world.path("scene"), &world.path("base"));
    repo.ok(&["push", "-q", "origin", "main"]);
    let expected = operations::stored(&world.directory("scene"));
    assert!(expected.len() >= 15 && pages >= 8, "{} rows on {pages} pages", expected.len());

    let step = if which() == "all" { 1 } else { 4 };
    let mut set_aside = 0;
    let mut tried = 0;
    for (page, harm) in (0..pages)
        .flat_map(|page| [Harm::Nonsense, Harm::Zeros, Harm::Cut].map(|harm| (page, harm)))
        .enumerate()
        .filter(|(at, _)| at % step == 0)
        .map(|(_, harmed)| harmed)
    {
        harmed(&world, &repo, "queue.db", page, harm);
        arrives_whole(&world, &repo, &expected, &format!("page {page} of {pages}, {harm:?}"));
        let aside = std::fs::read_dir(repo.at(".git/mission")).expect("our directory").flatten();
        let aside = aside.filter(|entry| entry.file_name().to_string_lossy().starts_with("queue.corrupt-"));
        set_aside += usize::from(aside.count() > 0);
        tried += 1;
    }
    say(&format!("{tried} damaged databases of {pages} pages: {set_aside} set aside, no body lost"));
    assert!(set_aside > tried / 2, "most damage is met: {set_aside} of {tried}");
}

/// The same for the log that a commit leaves beside the database: what it does not hold any more is said again.
#[test]
fn whatever_part_of_the_log_is_damaged_every_body_arrives_whole() {
    let world = World::new(&any_git());
    let (repo, _) = many_pages(&world);
    let listing = repo.mission(&["list", "--json"]).ok().json();
    let directory = listing["missions"][0]["path"].as_str().expect("a path").to_owned();
    for commit in 0..2 {
        repo.commit(&format!("{directory}/research/more-{commit}.md"), format!("# {commit}\n").repeat(900));
    }
    let log = std::fs::metadata(repo.at(".git/mission/queue.db-wal")).expect("a log").len();
    let parts = usize::try_from(log.div_ceil(4096)).expect("a number");
    copy(&world.path("scene"), &world.path("base"));
    repo.ok(&["push", "-q", "origin", "main"]);
    let expected = operations::stored(&world.directory("scene"));
    assert!(expected.len() >= 17 && parts >= 8, "{} rows, {parts} parts", expected.len());

    let step = if which() == "all" { 1 } else { 4 };
    let harms = [Harm::Nonsense, Harm::Zeros, Harm::Cut];
    let all = (0..parts).flat_map(|part| harms.map(|harm| (part, harm)));
    for (part, harm) in all.step_by(step) {
        harmed(&world, &repo, "queue.db-wal", part, harm);
        arrives_whole(&world, &repo, &expected, &format!("part {part} of {parts} of the log, {harm:?}"));
    }
}

/// The scene as it was, with 4 KiB of one file harmed.
fn harmed(world: &World, repo: &Repo<'_>, name: &str, part: usize, harm: Harm) {
    std::fs::remove_dir_all(world.path("scene")).expect("removed");
    copy(&world.path("base"), &world.path("scene"));
    let path = repo.at(&format!(".git/mission/{name}"));
    let mut bytes = std::fs::read(&path).expect("a file");
    let range = part * 4096..bytes.len().min((part + 1) * 4096);
    match harm {
        Harm::Nonsense => bytes[range].fill(0x5a),
        Harm::Zeros => bytes[range].fill(0),
        Harm::Cut => bytes.truncate(range.start),
    }
    std::fs::write(&path, bytes).expect("harmed");
}

/// A commit and a push later everything is on the server.
#[track_caller]
fn arrives_whole(world: &World, repo: &Repo<'_>, expected: &[String], case: &str) {
    let commit = repo.ok(&["commit", "-q", "--allow-empty", "-m", "next"]);
    let push = repo.ok(&["push", "-q", "origin", "main"]);
    assert!(!commit.stderr.contains("internal error") && !push.stderr.contains("internal error"), "{case}");
    let mut stored = operations::stored(&world.directory("scene"));
    if stored != expected {
        // What a row that is damaged says has failed, by name, and is put back from its commit.
        repo.mission(&["sync", "retry"]).ok();
        repo.mission(&["sync", "flush"]);
        stored = operations::stored(&world.directory("scene"));
    }
    assert_eq!(stored, expected, "{case}\n{commit}\n{push}");
}
