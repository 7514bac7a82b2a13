//! What somebody beside us may have left: links among our own files, names that make lines in a log, variables of another
//! repository, rows in a queue.

use super::known::link;
use super::{files, holds, repository, sound};
use crate::support::{World, any_git};

/// Links that somebody else put into `.git/mission` of a repository that several people share: what they point at is
/// not written, truncated or read.
#[test]
fn links_among_our_own_files() {
    let world = World::new(&any_git());
    let names = [
        "queue.db",
        "queue.lock",
        "queue.db-wal",
        "queue.db-shm",
        "sync.log",
        "unfinished",
        "unfinished.new",
        "build-id",
        "settings",
        "pre-commit",
        "rewrite.lock",
        "traces/pre-commit",
        "traces/post-commit",
        "disturbed",
        "install/ledger",
        "index.new",
    ];
    for alone in names.iter().map(|name| vec![*name]).chain([names.to_vec()]) {
        let repo = repository(
            &world,
            &format!(
                "r{}",
                alone.join("-").replace('/', "-").len() * 31
                    + alone[0].len() * 7
                    + alone[0].bytes().map(usize::from).sum::<usize>()
            ),
        );
        repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9", "--all"]).ok();
        let outside = format!("precious-{}", repo.path().file_name().expect("a name").to_string_lossy());
        for name in &alone {
            // As long as a trace, so that it could be taken for one.
            world.directory(&outside).write(name, "2026-01-01T00:00:00.000000+00:00 ran    \n");
            let place = repo.at(".git/mission").join(name);
            std::fs::create_dir_all(place.parent().expect("a directory")).expect("a directory");
            link(world.path(&outside).join(name), place);
        }
        let before = files(&world.path(&outside), &[]);
        for args in [
            &["create", "Two", "--add"][..],
            &["hook", "pre-commit"],
            &["settle"],
            &["migrate"],
            &["sync", "enqueue", "--all"],
            &["sync", "flush"],
            &["hook", "post-commit"],
            &["status"],
            &["doctor", "--fix"],
            &["sync", "status"],
        ] {
            sound(&repo.mission(args));
        }
        repo.git(&["commit", "-qm", "two"]);
        repo.git(&["push", "-q", "origin", "main"]);
        let changed: Vec<_> = files(&world.path(&outside), &[])
            .into_iter()
            .filter(|(path, bytes)| before.get(path) != Some(bytes))
            .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
            .collect();
        assert!(changed.is_empty(), "{alone:?}: {changed:?}");
    }
}

/// A name with a newline makes lines in a log that nobody wrote (CWE-117).
#[test]
fn a_log_of_our_own_lines() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9"]).ok();
    let forged = "2026-01-01T00:00:00+00:00 event forged";
    for name in ["a\n2026-01-01T00:00:00+00:00 event forged", "b\r\n\u{1b}[2J", "c\u{2028}d", "e\u{85}f"] {
        repo.write(&format!("kitty-specs/{name}/meta.json"), "{\"slug\": \"x\"}\n");
        repo.write(&format!("kitty-specs/{name}/research/{name}.md"), "# x\n");
    }
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qnm", "names"]);
    sound(&repo.mission(&["sync", "enqueue", "--all"]));
    let log = repo.read(".git/mission/sync.log");
    assert!(log.lines().count() > 4, "{log}");
    for line in log.lines() {
        assert!(line.starts_with("20") && !line.starts_with(forged) && !line.contains('\u{1b}'), "{line:?}");
    }
}

/// CWE-426: variables that a parent git left, for another repository.
#[test]
fn variables_of_another_repository() {
    let world = World::new(&any_git());
    let (mine, other) = (repository(&world, "mine"), repository(&world, "other"));
    let before = files(&other.at(".git"), &[&other.at(".git/mission")]);
    let index = other.at(".git/index");
    for (name, value) in [
        ("GIT_INDEX_FILE", index.clone()),
        ("GIT_OBJECT_DIRECTORY", other.at(".git/objects")),
        ("GIT_PREFIX", "../other/".into()),
        ("GIT_NAMESPACE", "x".into()),
        ("GIT_EXTERNAL_DIFF", "false".into()),
        ("GIT_PROXY_COMMAND", "false".into()),
        ("GIT_SSH_COMMAND", "false".into()),
    ] {
        // Named by a path, the index is meant; git's own rule. It is not told by what lies beside it.
        for args in [&["list"][..], &["status"], &["doctor"], &["check"]] {
            sound(&mine.env(name, &value).mission(args));
        }
    }
    assert_eq!(files(&other.at(".git"), &[&other.at(".git/mission")]), before);
    let told = mine
        .env("GIT_DIR", other.at(".git"))
        .env("GIT_WORK_TREE", other.path())
        .mission(&["status", "--json"])
        .ok();
    assert!(!told.stdout.contains("internal"), "{told}");
}

/// CVE-2018-1002200 and its like ("zip slip"): rows of a queue that was taken over name places outside.
#[test]
fn rows_that_lead_out_of_a_directory() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    let served = world.path("served");
    repo.mission(&["sync", "enable", "--server", &format!("file://{}", served.display()), "--all"]).ok();
    let outside =
        files(&world.path(""), &[repo.path(), &served, &world.path("tmp"), &world.path("repo.git")]);
    let database = rusqlite::Connection::open(repo.at(".git/mission/queue.db")).expect("a queue");
    for (column, value) in [
        ("artifact_path", "../../../../x.md"),
        ("mission_slug", "../../x"),
        ("content_hash", "../../../x"),
        ("project_uuid", "/x"),
        ("target_branch", "../x"),
        ("mission_type", "..\\x"),
        ("manifest_version", "\u{1b}/x"),
    ] {
        let _ = database.execute(&format!("UPDATE OR IGNORE body_upload_queue SET {column} = ?1"), [value]);
        repo.git(&["push", "-q", "--no-verify", "origin", "main"]);
        for args in [&["sync", "flush"][..], &["sync", "status"], &["sync", "failures"], &["sync", "retry"]] {
            sound(&repo.mission(args));
        }
    }
    assert_eq!(
        files(&world.path(""), &[repo.path(), &served, &world.path("tmp"), &world.path("repo.git")]),
        outside
    );
    assert!(files(&served, &[]).values().all(|bytes| !holds(bytes, "\u{1b}")));
}
