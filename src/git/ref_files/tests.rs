//! What is read from files, and from objects without a repository, against what git says of the same.

use std::path::Path;
use std::process::Command;

use super::RefFile;
use crate::git::{Oid, Repo};

/// What git says, if it says anything.
fn ask(directory: &Path, args: &[&str]) -> Option<String> {
    let who =
        ["-c", "user.name=N", "-c", "user.email=n@example.invalid", "-c", "core.hooksPath=/nonexistent"];
    let mut git = Command::new("git");
    let output = git.args(who).args(args).current_dir(directory).env_remove("GIT_DIR").output().expect("git");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

fn git(directory: &Path, args: &[&str]) -> String {
    ask(directory, args).unwrap_or_else(|| panic!("git {args:?}"))
}

/// Two commits on main, one of which a branch of two components stands on, and tags.
fn repository() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let top = home.path();
    git(top, &["init", "-q", "-b", "main"]);
    git(top, &["commit", "-qm", "one", "--allow-empty"]);
    git(top, &["branch", "team/side"]);
    git(top, &["tag", "light"]);
    git(top, &["tag", "-am", "heavy", "heavy"]);
    git(top, &["commit", "-qm", "two", "--allow-empty"]);
    git(top, &["update-ref", "refs/remotes/origin/main", "HEAD^"]);
    git(top, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    home
}

const REVISIONS: [&str; 16] = [
    "HEAD",
    "HEAD^1",
    "refs/heads/main",
    "refs/heads/main^1",
    "refs/heads/team/side",
    "refs/heads/team/side^1",
    "refs/heads/team",
    "refs/heads/nobody",
    "refs/heads/",
    "refs/heads/../heads/main",
    "refs/heads/main.lock",
    "refs/tags/light",
    "refs/tags/heavy",
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "main",
];

/// Compares every answer that reading gives; returns for which revisions it gives one.
fn answered(top: &Path) -> Vec<&'static str> {
    let repo = Repo::discover(top).expect("a repository");
    let mut answered = Vec::new();
    for revision in REVISIONS {
        let said = ask(top, &["rev-parse", "-q", "--verify", &format!("{revision}^{{commit}}")]);
        let said = said.as_deref().and_then(Oid::parse);
        if let Some(read) = repo.commit_by_reading(revision) {
            assert_eq!(read, said, "{revision}");
            answered.push(revision);
        }
        assert_eq!(repo.commit(revision).ok().flatten(), said, "{revision}");
        let target = ask(top, &["symbolic-ref", "-q", revision]);
        assert_eq!(repo.symbolic_ref(revision).expect("an answer"), target, "{revision}");
    }
    answered
}

#[test]
fn refs_say_what_git_says() {
    let home = repository();
    let top = home.path();
    let loose = answered(top);
    for revision in
        ["HEAD", "HEAD^1", "refs/heads/main", "refs/heads/team/side^1", "refs/remotes/origin/HEAD"]
    {
        assert!(loose.contains(&revision), "{revision} has a file");
    }
    assert!(!loose.contains(&"refs/tags/heavy") && !loose.contains(&"main"));
    git(top, &["pack-refs", "--all"]);
    assert_eq!(answered(top), [""; 0], "everything is packed");
    git(top, &["commit", "-qm", "three", "--allow-empty"]);
    assert_eq!(answered(top), ["HEAD", "HEAD^1", "refs/heads/main", "refs/heads/main^1"]);
    git(top, &["checkout", "-q", "--detach", "HEAD^"]);
    assert!(answered(top).contains(&"HEAD"));
    let linked = tempfile::tempdir().expect("a directory");
    git(top, &["worktree", "add", "-q", "-b", "linked", &linked.path().join("tree").to_string_lossy()]);
    assert!(answered(&linked.path().join("tree")).contains(&"HEAD^1"));
    git(top, &["checkout", "-q", "--orphan", "unborn"]);
    assert!(!answered(top).contains(&"HEAD"));
}

#[test]
fn the_first_commit_has_no_parent_and_a_cut_one_is_left_to_git() {
    let home = repository();
    let top = home.path();
    git(top, &["checkout", "-q", "light"]);
    let repo = Repo::discover(top).expect("a repository");
    assert_eq!(repo.commit_by_reading("HEAD^1"), Some(None));
    assert_eq!(repo.ref_file("HEAD"), repo.commit("HEAD").expect("read").map(RefFile::Id));
    let shallow = tempfile::tempdir().expect("a directory");
    let from = format!("file://{}", top.display());
    git(shallow.path(), &["clone", "-q", "--depth", "1", "--branch", "main", &from, "clone"]);
    let clone = shallow.path().join("clone");
    let repo = Repo::discover(&clone).expect("a repository");
    assert_eq!(repo.commit_by_reading("HEAD^1"), None);
    assert_eq!(repo.commit("HEAD^1").expect("asked"), None);
    assert!(answered(&clone).contains(&"HEAD"));
}

#[test]
fn an_upstream_is_the_one_that_git_names() {
    let home = repository();
    let top = home.path();
    let own = "+refs/heads/*:refs/remotes/origin/*";
    let cases: [(&str, &str, &[&str]); 9] = [
        ("origin", "refs/heads/main", &[own]),
        ("origin", "refs/heads/team/side", &[own]),
        ("origin", "refs/heads/main", &["refs/heads/*:refs/remotes/there/*"]),
        ("origin", "refs/heads/main", &["+refs/heads/main:refs/remotes/origin/trunk"]),
        ("origin", "refs/heads/main", &["+refs/heads/other:refs/remotes/origin/other"]),
        ("origin", "refs/heads/main", &["+refs/heads/other:refs/remotes/origin/other", own]),
        ("origin", "refs/heads/main", &[own, "^refs/heads/main"]),
        ("origin", "refs/tags/light", &[own]),
        (".", "refs/heads/team/side", &[own]),
    ];
    for (remote, merge, refspecs) in cases {
        git(top, &["config", "branch.main.remote", remote]);
        git(top, &["config", "branch.main.merge", merge]);
        git(top, &["config", "remote.origin.url", "/nowhere"]);
        let _ = ask(top, &["config", "--unset-all", "remote.origin.fetch"]);
        for refspec in refspecs {
            git(top, &["config", "--add", "remote.origin.fetch", refspec]);
        }
        let repo = Repo::discover(top).expect("a repository");
        let config = repo.config().expect("settings");
        let said = git(top, &["for-each-ref", "--format=%(upstream)", "refs/heads/main"]);
        let named = repo.upstream_of("main", &config).expect("an answer");
        assert_eq!(named.unwrap_or_default(), said, "{remote} {merge} {refspecs:?}");
    }
}

#[test]
fn many_blobs_are_read_as_one_by_one() {
    let home = repository();
    let top = home.path();
    for number in 0..600 {
        std::fs::write(top.join(format!("{number}")), format!("file {number}\n")).expect("a file");
    }
    git(top, &["add", "."]);
    git(top, &["commit", "-qm", "files"]);
    git(top, &["repack", "-qad"]);
    let repo = Repo::discover(top).expect("a repository");
    let tree = repo.tree(&repo.object("HEAD^{tree}").expect("read").expect("a tree")).expect("a tree");
    let mut blobs: Vec<Oid> = tree.into_iter().map(|entry| entry.oid).collect();
    assert_eq!(blobs.len(), 600);
    // Neither there nor a blob.
    blobs.insert(300, Oid::parse(&"1".repeat(40)).expect("an id"));
    blobs.insert(500, repo.commit("HEAD").expect("read").expect("a commit"));
    let runs = repo.blobs(&blobs, Vec::with_capacity, |kept: &mut Vec<usize>, bytes| {
        kept.push(bytes.len());
        bytes.to_vec()
    });
    let mut left = blobs.iter();
    for (kept, read) in runs {
        assert!(read.iter().flatten().map(Vec::len).eq(kept), "each run has what was kept of it");
        for read in read {
            let oid = left.next().expect("as many as were asked for");
            assert_eq!(read, repo.blob(oid).ok(), "{oid}");
        }
    }
    assert_eq!(left.next(), None);
    assert!(
        repo.blobs(&[], |count| count, |_: &mut usize, bytes| bytes.len())
            .iter()
            .all(|(_, read)| read.is_empty())
    );
}
