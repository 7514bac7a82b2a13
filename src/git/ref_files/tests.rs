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

const REVISIONS: [&str; 18] = [
    "HEAD",
    "HEAD^1",
    "refs/heads/main",
    "refs/heads/main^1",
    "refs/heads/team/side",
    "refs/heads/team/side^1",
    "refs/heads/team",
    "refs/heads/nobody",
    "refs/heads/nobody^1",
    "refs/heads/nobody-g0123abc",
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
    assert!(loose.contains(&"refs/heads/nobody") && !loose.contains(&"refs/heads/nobody-g0123abc"));
    git(top, &["pack-refs", "--all"]);
    // Nor is the directory there any more that lay in the way of a branch.
    let is_known = |revision: &&&str| loose.contains(*revision) || **revision == "refs/heads/team";
    let packed: Vec<&str> = REVISIONS.iter().filter(is_known).copied().collect();
    assert_eq!(answered(top), packed, "everything is packed");
    git(top, &["commit", "-qm", "three", "--allow-empty"]);
    assert_eq!(answered(top), packed);
    git(top, &["checkout", "-q", "--detach", "HEAD^"]);
    assert!(answered(top).contains(&"HEAD"));
    let linked = tempfile::tempdir().expect("a directory");
    git(top, &["worktree", "add", "-q", "-b", "linked", &linked.path().join("tree").to_string_lossy()]);
    assert!(answered(&linked.path().join("tree")).contains(&"HEAD^1"));
    git(top, &["checkout", "-q", "--orphan", "unborn"]);
    assert!(!answered(top).contains(&"HEAD"));
}

/// What reading says of branches and work trees, after it was compared with what git says; `None` where git is asked.
fn listed(top: &Path) -> (Vec<Option<usize>>, Option<usize>) {
    let repo = Repo::discover(top).expect("a repository");
    let prefixes =
        ["refs/heads/", "refs/heads/team/", "refs/remotes/", "refs/remotes/origin/", "refs/remotes/no/"];
    let read = prefixes.map(|prefix| {
        let said = git(top, &["for-each-ref", "--format=%(symref)|%(objectname) %(refname)", prefix]);
        let direct = said.lines().filter_map(|line| line.strip_prefix('|')?.split_once(' '));
        let said: Vec<_> =
            direct.map(|(id, name)| (name.to_owned(), Oid::parse(id).expect("an id"))).collect();
        assert_eq!(repo.refs_below(prefix).expect("refs"), said, "{prefix}");
        repo.refs_by_reading(prefix).map(|read| {
            assert_eq!(read, said, "{prefix}");
            read.len()
        })
    });
    let said = git(top, &["worktree", "list", "--porcelain"]);
    let mut said: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("HEAD ")).filter_map(Oid::parse).collect();
    said.sort();
    let sorted = |mut heads: Vec<Oid>| {
        heads.sort();
        heads
    };
    assert_eq!(sorted(repo.work_tree_heads().expect("heads")), said);
    let heads = repo.heads_by_reading().map(|read| {
        assert_eq!(sorted(read), said);
        said.len()
    });
    (read.to_vec(), heads)
}

#[test]
fn branches_and_work_trees_are_those_that_git_lists() {
    let home = repository();
    let top = home.path();
    let ours = top.join(".git");
    let all = [Some(2), Some(1), Some(1), Some(1), Some(0)];
    assert_eq!(listed(top), (all.to_vec(), Some(1)));
    git(top, &["pack-refs", "--all"]);
    assert_eq!(listed(top), (all.to_vec(), Some(1)), "packed");
    git(top, &["commit", "-qm", "three", "--allow-empty"]);
    assert_eq!(listed(top), (all.to_vec(), Some(1)), "packed, and moved since");
    // A symbolic ref in the place of a packed one, and a file that git is about to put into place.
    git(top, &["symbolic-ref", "refs/heads/team/side", "refs/heads/main"]);
    std::fs::write(ours.join("refs/heads/x.lock"), "").expect("written");
    assert_eq!(listed(top).0[..2], [Some(1), Some(0)]);
    git(top, &["symbolic-ref", "refs/heads/dangling", "refs/heads/nobody"]);
    assert_eq!(listed(top).0[0], Some(1));

    let linked = tempfile::tempdir().expect("a directory");
    let tree = |name: &str| linked.path().join(name);
    let add = |name: &str, args: [&str; 2]| {
        git(top, &["worktree", "add", "-q", args[0], args[1], &tree(name).to_string_lossy()]);
    };
    git(top, &["worktree", "add", "-q", "--detach", &tree("detached").to_string_lossy(), "HEAD^"]);
    add("branch", ["-b", "linked"]);
    add("gone", ["-b", "gone"]);
    std::fs::remove_dir_all(tree("gone")).expect("removed");
    git(top, &["worktree", "lock", &tree("branch").to_string_lossy()]);
    git(top, &["pack-refs", "--all"]);
    for from in [top.to_owned(), tree("detached"), tree("branch")] {
        assert_eq!(listed(&from).1, Some(4), "{}", from.display());
    }
    std::fs::rename(tree("detached"), tree("moved")).expect("moved");
    assert_eq!(listed(&tree("moved")).1, Some(4));
    git(&tree("moved"), &["checkout", "-q", "--orphan", "unborn"]);
    assert_eq!(listed(top).1, None, "of an unborn branch git is asked");
    std::fs::write(ours.join("worktrees/branch/gitdir"), "").expect("written");
    assert_eq!(listed(top).1, None);
}

#[test]
fn what_no_git_would_write_is_left_to_git() {
    let branch = |what: &str| format!(".git/refs/heads/{what}");
    let id = "1".repeat(40);
    let cases: [(&str, String, String); 6] = [
        ("an empty file", branch("odd"), String::new()),
        ("no line end", branch("odd"), id.clone()),
        ("no id", branch("odd"), "hello\n".to_owned()),
        ("a name of another form", branch("a b"), format!("{id}\n")),
        ("packed, of another form", ".git/packed-refs".to_owned(), format!("{id}\trefs/heads/odd\n")),
        ("zeros", branch("odd"), format!("{}\n", "0".repeat(40))),
    ];
    for (what, file, text) in cases {
        let home = repository();
        std::fs::write(home.path().join(file), text).expect("written");
        let repo = Repo::discover(home.path()).expect("a repository");
        assert_eq!(repo.refs_by_reading("refs/heads/"), None, "{what}");
    }
    #[cfg(unix)]
    for (from, to) in [("refs/heads/main", "main-too"), ("refs/heads", "deep")] {
        let home = repository();
        let ours = home.path().join(".git");
        std::os::unix::fs::symlink(ours.join(from), ours.join("refs/heads").join(to)).expect("a link");
        let repo = Repo::discover(home.path()).expect("a repository");
        assert_eq!(repo.refs_by_reading("refs/heads/"), None, "{to}");
    }
    let elsewhere = tempfile::tempdir().expect("a directory");
    let top = elsewhere.path();
    if ask(top, &["init", "-q", "-b", "main", "--ref-format=reftable"]).is_some() {
        git(top, &["commit", "-qm", "one", "--allow-empty"]);
        assert_eq!(listed(top), (vec![None; 5], None));
    }
    let home = repository();
    let repo = Repo::discover(home.path()).expect("a repository");
    for prefix in ["refs/", "refs/tags/", "refs/heads", "refs/headsup/", "refs/heads/../", "refs/heads//"] {
        assert_eq!(repo.refs_by_reading(prefix), None, "{prefix}");
    }
}

#[test]
fn a_commit_was_made_when_git_says() {
    let home = repository();
    let top = home.path();
    let repo = Repo::discover(top).expect("a repository");
    let tree = git(top, &["rev-parse", "HEAD^{tree}"]);
    let mut read = Vec::new();
    for (committer, more) in [
        ("C <c@e> 1700000000 +0100", ""),
        ("C <c@e> 0 +0000", ""),
        ("C > D <c>@e> 12 -1130", ""),
        (" <> 12 +0000", ""),
        ("C <c@e> 12 +0100", "encoding latin1\n"),
        ("C <c@e> 12 +0100", "gpgsig -----BEGIN\n encoding x\n"),
        ("C <c@e> 012 +0100", ""),
        ("C <c@e>  12 +0100", ""),
        ("C <c@e> 12 +01", ""),
        ("C <c@e> 12 0100", ""),
        ("C <c@e> -12 +0100", ""),
        ("C <c@e> 99999999999999999999 +0100", ""),
        ("C <c@e>", ""),
    ] {
        let text = format!("tree {tree}\nauthor A <a@e> 7 +0000\ncommitter {committer}\n{more}\nwords\n");
        std::fs::write(top.join("commit"), text).expect("written");
        let id = git(top, &["hash-object", "--literally", "-w", "-t", "commit", "commit"]);
        let said = git(top, &["log", "-1", "--format=%ct", &id]).parse().ok();
        let oid = Oid::parse(&id).expect("an id");
        let known = repo.objects.commit_seconds(&oid);
        assert!(known.is_none() || known == said, "{committer}: {known:?}, {said:?}");
        let time = repo.commit_time(&oid).ok().map(|time| time.unix_millis() / 1000);
        assert_eq!(
            time,
            said.and_then(|said: i64| u64::try_from(said).ok()).filter(|said| *said < 1 << 40),
            "{committer}"
        );
        read.push(known.is_some());
    }
    assert_eq!(read, [true, true, true, true, false, true, true, false, false, false, false, false, false]);
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
    let mut found = std::collections::BTreeMap::new();
    for (kept, read) in runs {
        assert!(read.iter().map(|(_, bytes)| bytes.len()).eq(kept), "each run has what was kept of it");
        for (place, bytes) in read {
            assert_eq!(found.insert(place, bytes), None, "{place} was read twice");
        }
    }
    for (place, oid) in blobs.iter().enumerate() {
        assert_eq!(found.remove(&place), repo.blob(oid).ok(), "{oid}");
    }
    assert!(
        repo.blobs(&[], |count| count, |_: &mut usize, bytes| bytes.len())
            .iter()
            .all(|(_, read)| read.is_empty())
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_ref_that_is_a_link_leads_where_git_says() {
    let home = repository();
    let top = home.path();
    git(top, &["symbolic-ref", "-d", "refs/remotes/origin/HEAD"]);
    let link = |target, name: &str| {
        std::os::unix::fs::symlink(target, top.join(".git").join(name)).expect("a link");
    };
    link("refs/remotes/origin/main", "refs/remotes/origin/HEAD");
    link("refs/heads/main", "refs/heads/trunk");
    let repo = Repo::discover(top).expect("a repository");
    for name in ["refs/remotes/origin/HEAD", "refs/heads/trunk"] {
        let said = git(top, &["rev-parse", "--verify", name]);
        assert_eq!(repo.commit(name).expect("an answer").map(|oid| oid.to_string()), Some(said), "{name}");
        let target = git(top, &["symbolic-ref", name]);
        assert_eq!(repo.symbolic_ref(name).expect("an answer"), Some(target), "{name}");
    }
}

#[test]
fn a_history_begins_where_git_says() {
    let home = repository();
    let top = home.path();
    std::fs::create_dir(top.join(".git/mission")).expect("a directory");
    let at = |revision: &str| Oid::parse(&git(top, &["rev-parse", revision])).expect("a commit");
    let said = |revision: &str| {
        let said = git(top, &["rev-list", "--max-parents=0", revision]);
        said.lines().filter_map(Oid::parse).min().expect("a root")
    };
    let repo = Repo::discover(top).expect("a repository");
    let check = |is_noted: bool, what: &str| {
        let head = at("HEAD");
        let noted = repo.noted_root(&head);
        assert_eq!(noted.is_some(), is_noted, "{what}");
        assert!(noted.is_none_or(|noted| noted == said("HEAD")), "{what}");
        assert_eq!(repo.smallest_root(&head).expect("an answer"), Some(said("HEAD")), "{what}");
    };
    check(false, "the first time");
    check(true, "the same commit");
    git(top, &["commit", "-qm", "three", "--allow-empty"]);
    check(true, "the next one");
    git(top, &["checkout", "-q", "light"]);
    check(false, "one before");
    git(top, &["checkout", "-q", "--orphan", "other"]);
    git(top, &["commit", "-qm", "another root", "--allow-empty"]);
    check(false, "another history");
    for (branch, merged) in [("one", "main"), ("two", "other")] {
        git(top, &["checkout", "-q", "-b", branch, if branch == "one" { "other" } else { "main" }]);
        let _ = repo.smallest_root(&at("HEAD"));
        git(top, &["merge", "-q", "--allow-unrelated-histories", "-m", "both", merged]);
        check(false, "a merge of two histories");
        git(top, &["commit", "-qm", "on top", "--allow-empty"]);
        check(true, "on top of a merge that was noted");
    }
    std::fs::write(top.join(".git/info/grafts"), format!("{}\n", at("HEAD"))).expect("written");
    assert_eq!(repo.noted_root(&at("HEAD")), None, "what is grafted begins elsewhere");
    std::fs::remove_file(top.join(".git/mission/root")).expect("removed");
    assert_eq!(repo.smallest_root(&at("HEAD")).expect("an answer"), Some(at("HEAD")), "grafted");
    std::fs::remove_file(top.join(".git/info/grafts")).expect("removed");
    check(false, "what was grafted is not noted");
    check(true, "what was not is");
    for damaged in ["", "x", &format!("{}\n", at("HEAD")), &format!("{} {}", at("HEAD"), at("HEAD"))] {
        std::fs::write(top.join(".git/mission/root"), damaged).expect("written");
        assert_eq!(repo.noted_root(&at("HEAD")), None, "{damaged:?}");
    }
}
