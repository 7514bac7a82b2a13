//! The reader against what git says of the same index, in each of its forms.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::IndexFile;
use crate::git::{IndexAt, Mode, Oid, Repo, StagedChange};

fn git(directory: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=N",
            "-c",
            "user.email=n@example.invalid",
            "-c",
            "core.hooksPath=/nonexistent",
        ])
        .args(args)
        .current_dir(directory)
        .env_remove("GIT_DIR")
        .env_remove("GIT_INDEX_FILE")
        .output()
        .expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn write(directory: &Path, path: &str, text: &str) {
    let path = directory.join(path);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    std::fs::write(path, text).expect("a file");
}

/// A repository with directories in each other, a file between them in order, and a long name.
fn repository(format: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let top = home.path();
    git(top, &["init", "-q", &format!("--object-format={format}")]);
    let long = format!("specs/{}/meta.json", "n".repeat(200));
    for path in
        ["a", "specs/a/meta.json", "specs/a/tasks/1.md", "specs/a.txt", "specs/b/meta.json", "z/y/x", &long]
    {
        write(top, path, path);
    }
    git(top, &["add", "."]);
    git(top, &["commit", "-qm", "one"]);
    home
}

fn read(top: &Path, id_bytes: usize, directory: &str) -> Option<IndexFile> {
    IndexFile::parse(
        &std::fs::read(top.join(".git/index")).expect("an index"),
        id_bytes,
        directory.as_bytes(),
    )
}

fn tree_of(top: &Path, id_bytes: usize, directory: &str) -> Option<Oid> {
    let bytes = std::fs::read(top.join(".git/index")).expect("an index");
    IndexFile::tree_of(&bytes, id_bytes, directory.as_bytes())
}

/// `ls-files --stage` and `ls-files -v` of a directory.
fn check_entries(top: &Path, id_bytes: usize, directory: &str) {
    let index = read(top, id_bytes, directory).expect("an index that can be read");
    let said =
        git(top, &["ls-files", "--stage", "-z", "--", if directory.is_empty() { "." } else { directory }]);
    let zeros = "0".repeat(id_bytes * 2);
    let mut ours = String::new();
    for entry in index.entries() {
        let oid = entry.oid().map_or_else(|| zeros.clone(), |oid| oid.to_string());
        let stage = u8::from(entry.is_unmerged());
        let path = String::from_utf8_lossy(entry.path);
        write!(ours, "{} {oid} {stage}\t{path}\0", entry.mode()).expect("written");
    }
    // Whether it is unmerged is all that is told here of a stage.
    assert_eq!(ours, said.replace(" 2\t", " 1\t").replace(" 3\t", " 1\t"));
    for entry in index.entries() {
        let path = String::from_utf8_lossy(entry.path).into_owned();
        let tag = git(top, &["ls-files", "-v", "--", &path]).chars().next().expect("a tag");
        assert_eq!(entry.is_skipped(), tag.eq_ignore_ascii_case(&'s'), "{path}");
        assert_eq!(entry.is_assumed_unchanged(), tag.is_ascii_lowercase(), "{path}");
        if !entry.is_unmerged() {
            assert_eq!(index.entry(entry.path).map(|found| found.path), Some(entry.path));
        }
    }
    assert_eq!(index.entry(b"specs/nobody"), None);
    for (prefix, count) in
        [("specs", None), ("specs/a", None), ("specs/a/meta.json", None), ("specs/nobody", Some(0))]
    {
        let is_inside =
            |path: &[u8]| path == prefix.as_bytes() || path.starts_with(format!("{prefix}/").as_bytes());
        let found = index.at_or_below(prefix.as_bytes()).into_iter().flatten();
        let found: Vec<_> = found.filter_map(|place| index.at(place)).map(|entry| entry.path).collect();
        let expected: Vec<_> =
            index.entries().map(|entry| entry.path).filter(|path| is_inside(path)).collect();
        assert_eq!(found, expected, "{prefix}");
        assert!(count.is_none_or(|count| count == found.len()));
    }
}

/// What `write-tree` makes of the same index.
fn check_trees(top: &Path, id_bytes: usize) {
    let tree = git(top, &["write-tree"]);
    let index = read(top, id_bytes, "").expect("an index that can be read");
    let of = |path: &str| Oid::parse(git(top, &["rev-parse", &format!("{}:{path}", tree.trim())]).trim());
    for directory in ["", "specs", "specs/a", "specs/a/tasks", "z/y"] {
        assert_eq!(index.trees().tree(directory.as_bytes()), of(directory), "{directory:?}");
        assert_eq!(tree_of(top, id_bytes, directory), of(directory), "{directory:?}");
    }
    let known = index.trees().trees_in(b"specs");
    assert!(known.is_sorted_by_key(|tree| tree.name) && known.len() == 3);
    assert_eq!((known[0].name, known[0].entries), (b"a".as_slice(), 2));
    assert_eq!(Oid::from_bytes(known[0].id), of("specs/a"));
    assert_eq!(index.trees().tree(b"nobody"), None);
}

#[test]
fn every_version_says_what_git_says() {
    for (format, id_bytes) in [("sha1", 20), ("sha256", 32)] {
        let home = repository(format);
        let top = home.path();
        for version in ["2", "3", "4"] {
            if version == "3" {
                // What only version 3 can hold.
                write(top, "specs/announced", "later");
                git(top, &["add", "-N", "specs/announced"]);
                git(top, &["update-index", "--skip-worktree", "specs/a.txt"]);
                git(top, &["update-index", "--assume-unchanged", "specs/b/meta.json"]);
            }
            git(top, &["update-index", "--index-version", version]);
            for directory in ["", "specs", "specs/a", "nobody"] {
                check_entries(top, id_bytes, directory);
            }
            if version == "2" {
                check_trees(top, id_bytes);
            }
        }
        let index = read(top, id_bytes, "specs").expect("an index");
        assert!(index.entry(b"specs/announced").expect("announced").is_intent_to_add());
    }
}

#[test]
fn a_changed_directory_has_no_known_tree() {
    let home = repository("sha1");
    let top = home.path();
    check_trees(top, 20);
    write(top, "specs/a/meta.json", "changed");
    git(top, &["add", "specs/a"]);
    let index = read(top, 20, "specs").expect("an index");
    assert_eq!((index.trees().tree(b"specs"), index.trees().tree(b"specs/a")), (None, None));
    assert_eq!(tree_of(top, 20, "specs"), None);
    assert!(index.trees().tree(b"specs/b").is_some());
}

#[test]
fn an_open_merge_is_seen() {
    let home = repository("sha1");
    let top = home.path();
    git(top, &["switch", "-qc", "side"]);
    write(top, "specs/a/meta.json", "theirs");
    git(top, &["commit", "-qam", "theirs"]);
    git(top, &["switch", "-q", "-"]);
    write(top, "specs/a/meta.json", "ours");
    git(top, &["commit", "-qam", "ours"]);
    let merge = Command::new("git").args(["merge", "-q", "side"]).current_dir(top).output().expect("git");
    assert!(!merge.status.success());
    check_entries(top, 20, "specs");
    let index = read(top, 20, "specs").expect("an index");
    assert_eq!(index.entries().filter(|entry| entry.is_unmerged()).count(), 3);
    assert_eq!(index.entry(b"specs/a/meta.json"), None);
}

#[test]
fn what_stands_elsewhere_is_left_to_git() {
    let home = repository("sha1");
    let top = home.path();
    git(top, &["update-index", "--split-index"]);
    assert_eq!(read(top, 20, ""), None, "a split index");
    git(top, &["update-index", "--no-split-index"]);
    assert!(read(top, 20, "").is_some());
    git(top, &["sparse-checkout", "set", "--cone", "--sparse-index", "specs/a"]);
    assert_eq!(read(top, 20, ""), None, "a sparse index");
    assert_eq!(IndexFile::parse(b"", 20, b""), None);
    assert_eq!(IndexFile::parse(&[0; 64], 7, b""), None);
}

/// The comparison with a tree against `diff-index`, for every pair of a few commits and their indexes.
#[test]
fn staged_changes_are_those_that_git_finds() {
    let home = repository("sha1");
    let top = home.path();
    let steps: [&[(&str, Option<&str>)]; 6] = [
        &[("specs/a/meta.json", Some("new"))],
        &[("specs/c/meta.json", Some("more")), ("specs/0", Some("first")), ("specs/zz", Some("last"))],
        &[("specs/a/tasks/1.md", None), ("specs/b/meta.json", None)],
        // A directory becomes a file, and back.
        &[("specs/c/meta.json", None), ("specs/c", Some("a file"))],
        &[("specs/c", None), ("specs/c/d/e", Some("deep")), ("specs/a.txt", None)],
        &[("z/y/x", Some("elsewhere"))],
    ];
    let mut commits = vec![git(top, &["rev-parse", "HEAD"]).trim().to_owned()];
    for step in steps {
        for (path, text) in step {
            if let Some(text) = text {
                write(top, path, text);
            } else {
                std::fs::remove_file(top.join(path)).expect("removed");
                let _ = std::fs::remove_dir(top.join(path).parent().expect("a directory"));
            }
        }
        git(top, &["add", "-A"]);
        // With every tree known, and with none that changed.
        for known in [false, true] {
            if known {
                git(top, &["write-tree"]);
            }
            let repo = Repo::discover(top).expect("a repository");
            for commit in &commits {
                let tree = Oid::parse(commit).expect("an id");
                let read = repo.staged_by_reading(&IndexAt::Current, Some(&tree), "specs").expect("read");
                assert_eq!(read.expect("a plain index"), by_git(top, commit), "{step:?} {known}");
            }
            let read =
                repo.staged_by_reading(&IndexAt::Current, None, "specs").expect("read").expect("plain");
            assert_eq!(
                read.len(),
                repo.read_index(&IndexAt::Current, b"specs").expect("plain").entries().len()
            );
        }
        git(top, &["commit", "-qm", "more"]);
        commits.push(git(top, &["rev-parse", "HEAD"]).trim().to_owned());
    }
}

fn by_git(top: &Path, commit: &str) -> Vec<StagedChange> {
    let said = git(
        top,
        &["diff-index", "--cached", "--raw", "--no-abbrev", "--no-renames", "-z", commit, "--", "specs"],
    );
    let fields: Vec<&str> = said.split('\0').collect();
    let mut changes: Vec<StagedChange> = fields
        .chunks_exact(2)
        .map(|pair| {
            let words: Vec<&str> = pair[0].trim_start_matches(':').split(' ').collect();
            let side = |mode, oid| Some((Mode::parse(mode)?, Oid::parse(oid)?));
            let path = pair[1].as_bytes().to_vec();
            StagedChange { path, old: side(words[0], words[2]), new: side(words[1], words[3]) }
        })
        .collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn an_index(version: &str) -> Vec<u8> {
    let home = repository("sha1");
    git(home.path(), &["update-index", "--index-version", version]);
    std::fs::read(home.path().join(".git/index")).expect("an index")
}

#[test]
fn a_cut_index_is_no_index() {
    for version in ["2", "4"] {
        let bytes = an_index(version);
        for length in 0..bytes.len() {
            // A cut between two extensions cannot be seen without the checksum, and loses only cached trees.
            if let Some(read) = IndexFile::parse(&bytes[..length], 20, b"") {
                let whole = IndexFile::parse(&bytes, 20, b"").expect("an index");
                assert!(read.entries().eq(whole.entries()), "cut at {length}");
            }
        }
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let seeds = [an_index("2"), an_index("4")];
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let strategy = (prop::sample::select(seeds.to_vec()), damage);
    let mut runner = proptest::test_runner::TestRunner::default();
    let ran = runner.run(&strategy, |(mut bytes, damage)| {
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(read) = IndexFile::parse(&bytes, 20, b"specs") {
            for entry in read.entries() {
                let trees = read.trees();
                let _ =
                    (read.entry(entry.path), trees.tree(entry.path), trees.trees_in(entry.path), entry.oid());
            }
        }
        Ok(())
    });
    ran.expect("no panic");
}
