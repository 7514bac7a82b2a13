//! Every mode of committing times every state of the file.
//!
//! The file is `alpha`'s, which main has with number 1, so a branch has to keep that number. Each case prepares the
//! state, commits, looks, and then makes an unrelated commit, which must carry nothing else.

use super::fixture::{BETA, META, Meta, alpha, empty, furnish, path};
use crate::support::{Repo, World, each_git};

/// What the file is before the commit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    /// Index and work tree hold the same new text.
    Staged,
    /// The index holds a new text, the work tree a further one.
    Partly,
    /// The index holds what HEAD has, the work tree a new text.
    Unstaged,
}

pub(super) const STATES: [State; 3] = [State::Staged, State::Partly, State::Unstaged];

/// What has to be there after the commit.
pub(super) struct After {
    /// What HEAD and index say.
    pub(super) head: Meta,
    /// The unstaged text that stays; `None` if the work tree is what HEAD says.
    pub(super) edited: Option<String>,
}

pub(super) fn staged() -> Meta {
    alpha().with("purpose_tldr", "staged")
}

fn edited() -> Meta {
    alpha().with("purpose_tldr", "edited").with("zeta", json_numbers())
}

/// Tokens that a careless reader would change.
fn json_numbers() -> Vec<u64> {
    vec![1, 9_007_199_254_740_993]
}

/// Brings `alpha` into a state.
fn prepare(repo: &Repo<'_>, state: State) {
    if state != State::Unstaged {
        repo.write(META, staged().rough());
        repo.ok(&["add", META]);
    }
    if state != State::Staged {
        repo.write(META, edited().rough());
    }
}

/// What a commit of the index has to leave.
fn of_index(state: State) -> After {
    match state {
        State::Staged => After { head: staged(), edited: None },
        State::Partly => After { head: staged(), edited: Some(edited().rough()) },
        State::Unstaged => After { head: alpha(), edited: Some(edited().rough()) },
    }
}

/// What a commit of the work tree's text has to leave.
fn of_work_tree(state: State) -> After {
    After { head: if state == State::Staged { staged() } else { edited() }, edited: None }
}

/// Changes and stages a file that is no mission.
fn stage_other(repo: &Repo<'_>) {
    repo.write("other", "two\n");
    repo.ok(&["add", "other"]);
}

/// Looks at HEAD, index and work tree, then commits something else and looks again.
#[track_caller]
pub(super) fn look(repo: &Repo<'_>, after: &After, eol: &str, case: &str) {
    let canonical = after.head.canonical();
    let work_tree = canonical.replace('\n', eol);
    let (expected, status) = match &after.edited {
        Some(text) => (text.as_str(), format!(" M {META}\n")),
        None => (work_tree.as_str(), String::new()),
    };
    // Before anything has refreshed the index.
    let phantoms = repo.ok(&["diff-files", "--name-only"]).stdout;
    let named = if after.edited.is_some() { format!("{META}\n") } else { String::new() };
    assert_eq!(phantoms, named, "{case}: what the index takes for modified");
    for round in ["afterwards", "after the next commit"] {
        assert_eq!(repo.show(&format!("HEAD:{META}")), canonical, "{case}: HEAD {round}");
        assert_eq!(repo.show(&format!(":{META}")), canonical, "{case}: index {round}");
        assert_eq!(repo.read(META), expected, "{case}: work tree {round}");
        assert_eq!(repo.status(), status, "{case}: status {round}");
        if round == "afterwards" {
            repo.write("next", case);
            repo.ok(&["add", "next"]);
            repo.ok(&["commit", "-qm", "next"]);
            let changed = repo.ok(&["diff-tree", "--name-only", "-r", "HEAD^", "HEAD"]).stdout;
            assert_eq!(changed, "next\n", "{case}: what the next commit changes");
        }
    }
}

/// A way to commit: what is done with the file in that state, and what has to come of it.
pub(super) type Way = fn(&Repo<'_>, State) -> After;

/// Runs a way with every git in every state, on branch `work` of an ordinary repository.
#[track_caller]
fn matrix(way: Way) {
    each_git(|git| {
        let world = World::new(git);
        for state in STATES {
            let repo = empty(&world, &format!("{state:?}"));
            furnish(&repo);
            repo.ok(&["switch", "-qc", "work"]);
            let after = way(&repo, state);
            look(&repo, &after, "\n", &format!("{state:?}"));
        }
    });
}

pub(super) fn plain(repo: &Repo<'_>, state: State) -> After {
    prepare(repo, state);
    stage_other(repo);
    repo.ok(&["commit", "-qm", "one"]);
    of_index(state)
}

pub(super) fn all(repo: &Repo<'_>, state: State) -> After {
    prepare(repo, state);
    repo.ok(&["commit", "-qam", "one"]);
    of_work_tree(state)
}

pub(super) fn of_path(repo: &Repo<'_>, state: State) -> After {
    prepare(repo, state);
    repo.ok(&["commit", "-qm", "one", META]);
    of_work_tree(state)
}

pub(super) fn amend(repo: &Repo<'_>, state: State) -> After {
    repo.commit("to be amended", "x");
    prepare(repo, state);
    repo.ok(&["commit", "-q", "--amend", "-m", "amended"]);
    let subjects = repo.ok(&["log", "-2", "--format=%s"]).stdout;
    assert!(subjects.starts_with("amended\n") && !subjects.contains("to be amended"), "{subjects}");
    of_index(state)
}

#[test]
fn plain_commit() {
    matrix(plain);
}

#[test]
fn commit_all() {
    matrix(all);
}

#[test]
fn commit_of_a_path() {
    matrix(of_path);
}

#[test]
fn commit_of_a_path_from_a_subdirectory() {
    matrix(|repo, state| {
        prepare(repo, state);
        repo.cd("kitty-specs/alpha").ok(&["commit", "-qm", "one", "meta.json"]);
        of_work_tree(state)
    });
}

#[test]
fn commit_only() {
    matrix(|repo, state| {
        prepare(repo, state);
        stage_other(repo);
        repo.ok(&["commit", "-q", "-o", META, "-m", "one"]);
        assert_eq!(repo.show("HEAD:other"), "one\n", "only the path");
        repo.ok(&["commit", "-qm", "the other"]);
        of_work_tree(state)
    });
}

#[test]
fn commit_only_something_else() {
    matrix(|repo, state| {
        prepare(repo, state);
        stage_other(repo);
        repo.ok(&["commit", "-q", "-o", "other", "-m", "the other"]);
        assert_eq!(repo.show(&format!("HEAD:{META}")), alpha().canonical(), "not the path");
        if state != State::Unstaged {
            repo.ok(&["commit", "-qm", "what was staged all the time"]);
        }
        of_index(state)
    });
}

#[test]
fn commit_include() {
    matrix(|repo, state| {
        prepare(repo, state);
        stage_other(repo);
        repo.ok(&["commit", "-q", "-i", META, "-m", "one"]);
        assert_eq!(repo.show("HEAD:other"), "two\n", "also what was staged");
        of_work_tree(state)
    });
}

#[test]
fn commit_patch() {
    matrix(|repo, state| {
        prepare(repo, state);
        repo.write("other", "two\n");
        // The hunk of the mission, if there is one, comes first.
        let (answers, after) = match state {
            State::Staged => ("y\n", of_index(state)),
            State::Partly => ("n\ny\n", of_index(state)),
            State::Unstaged => ("y\ny\n", of_work_tree(state)),
        };
        repo.stdin(answers).ok(&["commit", "-q", "-p", "-m", "one"]);
        assert_eq!(repo.show("HEAD:other"), "two\n", "the other hunk");
        after
    });
}

#[test]
fn commit_amend() {
    matrix(amend);
}

#[test]
fn commit_amend_of_a_path() {
    matrix(|repo, state| {
        repo.commit("to be amended", "x");
        prepare(repo, state);
        repo.ok(&["commit", "-q", "--amend", "-m", "amended", META]);
        of_work_tree(state)
    });
}

#[test]
fn initial_commit() {
    each_git(|git| {
        let world = World::new(git);
        for (number, way) in ["", "-a", "path"].into_iter().enumerate() {
            for state in [State::Staged, State::Partly] {
                let repo = empty(&world, &format!("{state:?}{number}"));
                prepare(&repo, state);
                let args = match way {
                    "path" => vec!["commit", "-qm", "one", META],
                    "-a" => vec!["commit", "-qam", "one"],
                    _ => vec!["commit", "-qm", "one"],
                };
                repo.ok(&args);
                let after = if way.is_empty() { of_index(state) } else { of_work_tree(state) };
                look(&repo, &after, "\n", &format!("{state:?} {way}"));
            }
        }
        // Not staged at all: nothing of it is touched.
        let repo = empty(&world, "untracked");
        repo.write(META, edited().rough());
        stage_other(&repo);
        repo.ok(&["commit", "-qm", "one"]);
        assert_eq!(repo.read(META), edited().rough());
        assert_eq!(repo.ok(&["ls-files"]).stdout, "other\n");
    });
}

/// `work` and `main` disagree about `clash`; `main` also has a second mission, with number 2.
fn diverge(repo: &Repo<'_>) {
    repo.commit("clash", "work\n");
    repo.ok(&["switch", "-q", "main"]);
    repo.write("clash", "main\n");
    repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
    repo.ok(&["switch", "-q", "work"]);
}

/// Says that the number that main gave is still there.
#[track_caller]
pub(super) fn has_beta(repo: &Repo<'_>) {
    let beta = Meta::new("beta", BETA).with("mission_number", 2);
    assert_eq!(repo.show(&format!("HEAD:{}", path("beta"))), beta.canonical());
}

fn settle_clash(repo: &Repo<'_>) {
    repo.write("clash", "both\n");
    repo.ok(&["add", "clash"]);
}

#[test]
fn conflicted_merge_concluded() {
    matrix(|repo, state| {
        diverge(repo);
        repo.git(&["merge", "main"]).exits(1);
        settle_clash(repo);
        prepare(repo, state);
        repo.ok(&["commit", "-qm", "merged"]);
        assert_eq!(repo.ok(&["rev-list", "--parents", "-1", "HEAD"]).line().split(' ').count(), 3);
        has_beta(repo);
        of_index(state)
    });
}

#[test]
fn conflicted_merge_continued() {
    matrix(|repo, state| {
        diverge(repo);
        repo.git(&["merge", "main"]).exits(1);
        settle_clash(repo);
        prepare(repo, state);
        repo.ok(&["merge", "--continue"]);
        has_beta(repo);
        of_index(state)
    });
}

#[test]
fn merge_that_conflicted_in_the_mission_itself() {
    matrix(|repo, state| {
        repo.commit(META, alpha().with("friendly_name", "work").rough());
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(META, alpha().with("friendly_name", "main").rough());
        repo.ok(&["switch", "-q", "work"]);
        repo.git(&["merge", "main"]).exits(1);
        let state = if state == State::Unstaged { State::Staged } else { state };
        prepare(repo, state);
        repo.ok(&["commit", "-qm", "merged"]);
        of_index(state)
    });
}

#[test]
fn merge_of_main_into_a_branch() {
    matrix(|repo, state| {
        repo.commit("of work", "x");
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
        repo.ok(&["switch", "-q", "work"]);
        repo.ok(&["merge", "-q", "--no-commit", "main"]);
        prepare(repo, state);
        repo.ok(&["commit", "-qm", "merged"]);
        has_beta(repo);
        of_index(state)
    });
}

#[test]
fn merge_of_main_that_commits_by_itself() {
    matrix(|repo, _| {
        repo.commit("of work", "x");
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
        repo.ok(&["switch", "-q", "work"]);
        // A merge starts from an index that is HEAD's.
        prepare(repo, State::Unstaged);
        repo.ok(&["merge", "-q", "--no-edit", "main"]);
        has_beta(repo);
        of_index(State::Unstaged)
    });
}

#[test]
fn squash_of_main_onto_a_branch() {
    matrix(|repo, state| {
        repo.commit("of work", "x");
        repo.ok(&["switch", "-q", "main"]);
        repo.commit(&path("beta"), Meta::new("beta", BETA).rough());
        repo.ok(&["switch", "-q", "work"]);
        repo.ok(&["merge", "-q", "--squash", "main"]);
        prepare(repo, state);
        repo.ok(&["commit", "-qm", "squashed"]);
        has_beta(repo);
        of_index(state)
    });
}

#[test]
fn cherry_pick_continued() {
    matrix(|repo, state| {
        diverge(repo);
        repo.git(&["cherry-pick", "main"]).exits(1);
        settle_clash(repo);
        prepare(repo, state);
        repo.ok(&["cherry-pick", "--continue"]);
        has_beta(repo);
        of_index(state)
    });
}

#[test]
fn revert_continued() {
    matrix(|repo, state| {
        repo.commit("clash", "one\n");
        repo.commit("clash", "two\n");
        repo.git(&["revert", "--no-edit", "HEAD^"]).exits(1);
        settle_clash(repo);
        prepare(repo, state);
        repo.ok(&["revert", "--continue"]);
        of_index(state)
    });
}

#[test]
fn commit_in_the_middle_of_a_rebase() {
    matrix(|repo, state| {
        diverge(repo);
        repo.git(&["rebase", "-q", "main"]).exits(1);
        settle_clash(repo);
        prepare(repo, state);
        repo.ok(&["commit", "-qm", "picked"]);
        if state == State::Staged {
            repo.ok(&["rebase", "--continue"]);
        } else {
            repo.ok(&["rebase", "--quit"]);
        }
        has_beta(repo);
        of_index(state)
    });
}
