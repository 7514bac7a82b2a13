//! What post-commit reads by itself is what git would have told it, in repositories of every shape; and in the ordinary
//! ones it starts no git at all.

use std::path::Path;

use super::*;

/// The directory in which everything of ours lies.
fn home(repo: &Repo<'_>) -> std::path::PathBuf {
    Path::new(&repo.ok(&["rev-parse", "--path-format=absolute", "--git-common-dir"]).line()).join("mission")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Everything that is queued, handled or given up, but for when that was.
fn stored(repo: &Repo<'_>) -> Vec<String> {
    let tables = [
        "SELECT 'event ' || event_id || ' ' || event_type || ' ' || coalesce(coalesce_key, '-') || ' ' || data FROM queue",
        "SELECT 'body ' || project_uuid || ' ' || mission_slug || '/' || artifact_path || ' ' || content_hash || ' ' ||
             size_bytes || ' ' || blob_id || ' ' || coalesce(index_event_id, '-') || ' ' || hex(content_body)
             FROM body_upload_queue",
        "SELECT 'failure ' || artifact_path || ' ' || content_hash || ' ' || failure_reason FROM body_upload_failure_log",
        "SELECT 'handled ' || worktree || ' ' || ref || ' ' || tip || ' ' || coalesce(specs_tree, '-') FROM handled",
        "SELECT 'state ' || key || ' ' || value FROM state",
    ];
    let mut rows: Vec<String> = tables.iter().flat_map(|sql| column(repo, sql)).collect();
    rows.sort();
    rows
}

/// Runs post-commit three times from one state (with what it recalls, without, and with git asked for everything that git
/// can be asked) and compares. Returns the rows.
fn compared(repo: &Repo<'_>, what: &str) -> Vec<String> {
    let home = home(repo);
    let kept = repo.world().path("kept");
    copy(&home, &kept);
    let restore = || {
        std::fs::remove_dir_all(&home).expect("removed");
        copy(&kept, &home);
    };
    let run = |repo: &Repo<'_>| {
        let output = repo.mission(&["hook", "post-commit"]).ok();
        (output.stderr, stored(repo))
    };
    let read = run(repo);
    restore();
    let _ = std::fs::remove_dir_all(home.join("recalled"));
    assert_eq!(run(repo), read, "{what}: nothing is recalled");
    restore();
    let asking = repo.env("GIT_DISCOVERY_ACROSS_FILESYSTEM", "1").env("GIT_CONFIG_COUNT", "0");
    assert_eq!(run(&asking), read, "{what}: git is asked");
    std::fs::remove_dir_all(&kept).expect("removed");
    read.1
}

/// A commit of five artifacts.
fn artifacts(repo: &Repo<'_>, words: &str) {
    for number in 0..5 {
        repo.write(&format!("kitty-specs/one/research/{words}-{number}.md"), format!("# {words} {number}\n"));
    }
    repo.ok(&["add", "."]);
    repo.ok(&["commit", "-qm", words]);
}

fn count(rows: &[String], kind: &str) -> usize {
    rows.iter().filter(|row| row.starts_with(kind)).count()
}

/// A mission on main with its first commits said, and five artifacts more that nobody has looked at.
fn with_news<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let repo = started(world, name);
    mission(&repo, "one", ONE);
    artifacts(&repo, "old");
    repo.mission(&["hook", "post-commit"]).ok();
    artifacts(&repo, "new");
    repo
}

/// What a repository is called, and what makes it so.
type Shape<'s> = (&'s str, &'s dyn Fn(&Repo<'_>));

#[test]
fn what_is_read_is_what_git_says() {
    each_git(|git| {
        let world = World::new(git);
        let shapes: [Shape<'_>; 10] = [
            ("loose", &|_| ()),
            ("packed", &|repo| {
                repo.ok(&["branch", "other", "HEAD^"]);
                repo.ok(&["gc", "-q"]);
            }),
            ("packed and moved", &|repo| {
                repo.ok(&["pack-refs", "--all"]);
                repo.ok(&["commit", "-q", "--amend", "-m", "again"]);
            }),
            ("amended", &|repo| {
                repo.mission(&["hook", "post-commit"]).ok();
                repo.ok(&["rm", "-q", "kitty-specs/one/research/new-1.md"]);
                repo.ok(&["commit", "-q", "--amend", "-m", "without"]);
            }),
            ("kept by another branch", &|repo| {
                repo.mission(&["hook", "post-commit"]).ok();
                repo.ok(&["branch", "team/other"]);
                repo.ok(&["branch", "team/packed"]);
                repo.ok(&["pack-refs", "--include", "refs/heads/team/packed", "--all"]);
                repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
                artifacts(repo, "newer");
            }),
            ("main is a symbolic ref", &|repo| {
                repo.ok(&["branch", "-q", "-m", "main", "trunk"]);
                repo.ok(&["symbolic-ref", "refs/heads/main", "refs/heads/trunk"]);
            }),
            ("replaced and grafted", &|repo| {
                repo.ok(&["replace", "HEAD", "HEAD^"]);
                std::fs::write(repo.at(".git/info/grafts"), format!("{}\n", repo.rev("HEAD~2")))
                    .expect("written");
            }),
            ("in another encoding", &|repo| {
                repo.ok(&["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--amend", "-m", "latin"]);
            }),
            ("a committer of an odd form", &|repo| {
                let odd = repo
                    .ok(&["cat-file", "commit", "HEAD"])
                    .stdout
                    .replace("\ncommitter ", "\ncommitter > <");
                let odd = repo
                    .stdin(odd)
                    .ok(&["hash-object", "-t", "commit", "-w", "--literally", "--stdin"])
                    .line()
                    .to_owned();
                repo.ok(&["update-ref", "refs/heads/main", &odd]);
            }),
            ("a broken ref", &|repo| repo.write(".git/refs/heads/broken", "no id\n")),
        ];
        for (what, shape) in shapes {
            if what == "kept by another branch" && !git.is_at_least(2, 45) {
                continue;
            }
            let repo = with_news(&world, &what.replace(' ', "-"));
            shape(&repo);
            let rows = compared(&repo, what);
            assert!(count(&rows, "body ") >= 6 && count(&rows, "event ") >= 7, "{what}: {rows:?}");
            // Again, from what the first run has left.
            artifacts(&repo, "last");
            let more = compared(&repo, what);
            assert!(count(&more, "body ") >= count(&rows, "body ") + 5, "{what}: {more:?}");
        }
    });
}

#[test]
fn what_is_read_of_work_trees_is_what_git_says() {
    each_git(|git| {
        let world = World::new(git);
        let repo = with_news(&world, "repo");
        for (name, args) in
            [("linked", ["-b", "linked"]), ("moved", ["-b", "moved"]), ("gone", ["-b", "gone"])]
        {
            repo.ok(&["worktree", "add", "-q", args[0], args[1], &world.path(name).to_string_lossy()]);
        }
        repo.ok(&["worktree", "add", "-q", "--detach", &world.path("detached").to_string_lossy(), "HEAD^"]);
        let gone = world.directory("gone");
        artifacts(&gone, "gone");
        gone.mission(&["hook", "post-commit"]).ok();
        std::fs::remove_dir_all(gone.path()).expect("removed");
        std::fs::rename(world.path("moved"), world.path("elsewhere")).expect("moved");
        for name in ["linked", "detached", "elsewhere", "repo"] {
            let tree = world.directory(name);
            artifacts(&tree, name);
            let rows = compared(&tree, name);
            assert!(count(&rows, "body ") >= 11, "{name}: {rows:?}");
        }
        // What only the branch of the work tree says that is gone.
        let said = |words: &str| paths(&repo).iter().any(|path| path.contains(words));
        assert!(said("/gone-"));
        repo.ok(&["worktree", "prune"]);
        repo.ok(&["branch", "-qD", "gone"]);
        artifacts(&repo, "after");
        compared(&repo, "pruned");
        assert!(!said("/gone-") && said("/after-"));
        repo.ok(&["switch", "-q", "--orphan", "unborn"]);
        compared(&repo, "unborn");
    });
}

#[test]
fn what_is_read_beside_a_remote_is_what_git_says() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin");
        let seed = world.clone(&origin, "seed");
        seed.commit("README.md", "# App\n");
        mission(&seed, "one", ONE);
        artifacts(&seed, "pushed");
        seed.ok(&["push", "-q", "origin", "HEAD:main"]);
        for (what, args) in [("whole", &[][..]), ("shallow", &["--depth", "1"])] {
            let url = format!("file://{}", origin.path().display());
            let all = [&["clone", "-q"], args, &["--branch", "main", &url, what]].concat();
            world.directory("").ok(&all);
            let repo = world.directory(what);
            repo.write(".kittify/config.yaml", "project:\n  uuid: a1b2c3d4-e5f6-7890-abcd-ef1234567890\n");
            enable(&repo);
            artifacts(&repo, "new");
            let rows = compared(&repo, what);
            assert_eq!(count(&rows, "body "), 5, "{what}: what the remote holds is left out: {rows:?}");
            repo.ok(&["pack-refs", "--all"]);
            artifacts(&repo, "newer");
            assert_eq!(count(&compared(&repo, what), "body "), 10, "{what}");
        }
    });
}

#[test]
fn of_other_forms_of_repositories_git_is_asked() {
    each_git(|git| {
        let world = World::new(git);
        for form in ["--object-format=sha256", "--ref-format=reftable"] {
            if form.contains("reftable") && !git.is_at_least(2, 45) {
                continue;
            }
            let name = form.rsplit('=').next().unwrap_or_default();
            world.directory("").ok(&["init", "-q", "-b", "main", form, name]);
            let repo = world.directory(name);
            repo.commit("README.md", "# App\n");
            enable(&repo);
            mission(&repo, "one", ONE);
            artifacts(&repo, "old");
            repo.mission(&["hook", "post-commit"]).ok();
            artifacts(&repo, "new");
            let rows = compared(&repo, name);
            assert_eq!(count(&rows, "body "), 11, "{name}: {rows:?}");
        }
    });
}

/// The git processes that post-commit starts.
fn started_gits(repo: &Repo<'_>) -> Vec<String> {
    let log = repo.world().path("trace");
    let _ = std::fs::remove_file(&log);
    repo.env("GIT_TRACE", &log).mission(&["hook", "post-commit"]).ok();
    let trace = std::fs::read_to_string(&log).unwrap_or_default();
    trace
        .lines()
        .filter_map(|line| line.split_once("built-in: git "))
        .map(|(_, words)| words.to_owned())
        .collect()
}

#[cfg(unix)]
#[test]
fn a_commit_of_artifacts_starts_no_git() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin");
        let repo = world.clone(&origin, "repo");
        mission(&repo, "one", ONE);
        repo.ok(&["push", "-q", "origin", "HEAD:main"]);
        enable(&repo);
        artifacts(&repo, "first");
        // What was configured a moment ago is asked for again.
        std::thread::sleep(std::time::Duration::from_millis(200));
        repo.mission(&["hook", "post-commit"]).ok();
        let none = Vec::<String>::new();
        artifacts(&repo, "loose");
        assert_eq!(started_gits(&repo), none, "loose");
        repo.ok(&["gc", "-q"]);
        artifacts(&repo, "packed");
        assert_eq!(started_gits(&repo), none, "packed");
        repo.ok(&["rm", "-qr", "kitty-specs/one/research"]);
        artifacts(&repo, "other");
        repo.ok(&["commit", "-q", "--amend", "-m", "what was said is not said any more"]);
        assert_eq!(started_gits(&repo), none, "superseded");
        repo.ok(&["worktree", "add", "-q", "-b", "linked", &world.path("linked").to_string_lossy()]);
        let linked = world.directory("linked");
        artifacts(&linked, "first-there");
        linked.mission(&["hook", "post-commit"]).ok();
        artifacts(&linked, "there");
        assert_eq!(started_gits(&linked), none, "in a linked work tree");
        assert_eq!(paths(&repo).iter().filter(|path| path.contains("/there-")).count(), 5);
    });
}

/// Lines of other forms, of another program, or that were cut off, and a file that cannot be read.
#[test]
fn what_is_recalled_is_not_believed_when_it_is_damaged() {
    let world = World::new(&any_git());
    let repo = with_news(&world, "repo");
    let notes = home(&repo).join("recalled");
    let file = std::fs::read_dir(&notes).expect("notes").flatten().next().expect("a file").path();
    let text = std::fs::read_to_string(&file).expect("read");
    assert!(text.lines().count() >= 6, "{text}");
    let hash = "0".repeat(64);
    // Of other circumstances: believed of none.
    let lie = |line: &str| {
        let words: Vec<&str> = line.splitn(6, ' ').collect();
        [&words[0].replace(['1', '2', '3'], "4"), words[1], words[2], &hash, words[4], words[5]].join(" ")
            + "\n"
    };
    let lying: String = text.lines().map(lie).collect();
    // Damaged where it is believed: another hash, another event.
    let spoilt = |at: usize, by: &str| -> String {
        let spoil = |line: &str| {
            let mut words: Vec<&str> = line.split(' ').collect();
            words[at] = by;
            words.join(" ") + "\n"
        };
        text.lines().map(spoil).collect()
    };
    let (hashes, events) = (spoilt(3, &hash), spoilt(2, "01KQ47E80QJG8GTVGDCV67RW7M"));
    let halves: String = text.lines().map(|line| line[..line.len() / 2].to_owned()).collect();
    for damaged in
        [String::new(), lying, halves, hashes, events, text.replace('\n', ""), format!("\0\0\0{text}")]
    {
        std::fs::write(&file, damaged).expect("written");
        compared(&repo, "damaged");
        artifacts(&repo, &format!("more{}", std::fs::metadata(&file).map_or(0, |found| found.len())));
    }
    std::fs::remove_dir_all(&notes).expect("removed");
    std::fs::write(&notes, "no directory\n").expect("written");
    compared(&repo, "no directory");
}

/// What is known of an artifact need not be read again: not even if it could not be.
#[test]
fn what_is_recalled_is_not_read_again() {
    let world = World::new(&any_git());
    let repo = with_news(&world, "repo");
    let blob = repo.rev("HEAD:kitty-specs/one/research/old-1.md");
    repo.chmod(&format!(".git/objects/{}", &blob[..2]), 0o700);
    std::fs::remove_file(repo.at(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..])))
        .expect("a loose object");
    let queued = |words: &str| paths(&repo).iter().filter(|path| path.contains(words)).count();
    let said = repo.mission(&["hook", "post-commit"]).ok();
    assert!(!said.stderr.contains("is not sent"), "{said}");
    assert_eq!((queued("/new-"), queued("/old-")), (5, 5));
    std::fs::remove_dir_all(home(&repo).join("recalled")).expect("removed");
    repo.ok(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    repo.mission(&["hook", "post-commit"]).ok();
    assert_eq!((queued("/new-"), queued("/old-")), (5, 4), "what cannot be read is said by no tip");
}
