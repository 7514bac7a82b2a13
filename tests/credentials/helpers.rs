//! `git credential`: the user's helpers are asked, nobody else is, and nothing waits for an answer that does not come.

use git_mission::clock::Stopwatch;

use super::{CANARY, good, repository, status};
use crate::support::{Repo, World, any_git, each_git, variable};

/// A helper that writes down that it was asked, then answers.
fn helper(repo: &Repo<'_>, name: &str, script: &str) -> String {
    let path = repo.world().path(name).to_string_lossy().into_owned();
    repo.write(
        &path,
        format!("#!/bin/sh\ncat >>{path}.asked\nenv >>{path}.env\necho \"$@\" >>{path}.args\n{script}\n"),
    );
    repo.chmod(&path, 0o755);
    path
}

fn was_asked(repo: &Repo<'_>, name: &str) -> bool {
    repo.world().path(&format!("{name}.asked")).exists()
}

#[test]
fn the_users_helper_is_asked_for_the_origin() {
    each_git(|git| {
        let (world, server) = (World::new(git), good());
        let repo = repository(&world, server.url());
        let path = helper(&repo, "helper", &format!("echo username=ada; echo password={CANARY}"));
        repo.ok(&["config", "--global", "credential.helper", &path]);
        assert_eq!(status(&repo)["logged_in"], true);
        repo.mission(&["sync", "bind"]).ok();
        let bearer = format!("Bearer {CANARY}");
        assert!(server.requests().iter().all(|r| r.header("authorization") == Some(bearer.as_str())));
        let asked = repo.read(&format!("{path}.asked"));
        let host = server.url().strip_prefix("http://").expect("a host");
        assert!(asked.starts_with(&format!("protocol=http\nhost={host}\n")), "{asked}");
        // It was asked to get, never to store or to forget.
        assert!(repo.read(&format!("{path}.args")).lines().all(|line| line == "get"));
    });
}

#[test]
fn nothing_is_asked_and_nothing_waits() {
    let (world, server) = (World::new(&any_git()), good());
    let repo = repository(&world, server.url());
    let ask = helper(&repo, "ask", "echo secret");
    let repo = repo.env("GIT_ASKPASS", &ask).env("SSH_ASKPASS", &ask);
    repo.ok(&["config", "--global", "core.askPass", &ask]);
    for script in [
        "exit 1",
        "echo quit=1",
        "echo username=ada; echo password=",
        "echo username=ada; echo 'password=a b'",
        "echo username=ada",
        "sleep 60",
    ] {
        let path = helper(&repo, "helper", script);
        repo.ok(&["config", "--global", "credential.helper", &path]);
        let start = Stopwatch::start();
        assert_eq!(status(&repo)["logged_in"], false, "{script}");
        assert!(start.elapsed().as_secs() < 20, "{script}");
        assert!(was_asked(&repo, "helper"));
    }
    assert!(!was_asked(&repo, "ask"), "no program asks on our behalf");
    repo.ok(&["config", "--global", "--unset", "credential.helper"]);
    assert_eq!(status(&repo)["logged_in"], false);
    assert!(!was_asked(&repo, "ask"));
}

#[test]
fn a_helper_of_the_work_tree_is_never_started() {
    let (world, server) = (World::new(&any_git()), good());
    let repo = repository(&world, server.url());
    let evil = helper(&repo, "evil", &format!("echo username=ada; echo password={CANARY}"));
    let mine = helper(&repo, "mine", &format!("echo username=ada; echo password={CANARY}"));
    for setting in [
        format!("[credential]\n\thelper = {evil}\n"),
        format!("[credential \"{}\"]\n\thelper = !{evil}\n", server.url()),
        format!("[core]\n\taskPass = {evil}\n"),
        "[credential]\n\tusername = evil\n".to_owned(),
    ] {
        repo.write("shared.gitconfig", &setting);
        repo.ok(&["config", "include.path", "../shared.gitconfig"]);
        repo.ok(&["config", "--global", "credential.helper", &mine]);
        assert_eq!(status(&repo)["logged_in"], false, "{setting}");
        repo.mission(&["sync", "bind"]).ok();
    }
    assert!(!was_asked(&repo, "evil"));
    assert!(server.requests().iter().all(|request| request.header("authorization").is_none()));
    // Without it the user's own helper is back.
    repo.ok(&["config", "--unset", "include.path"]);
    assert_eq!(status(&repo)["logged_in"], true);
}

#[test]
fn a_helper_is_not_looked_up_in_the_work_tree() {
    let (world, server) = (World::new(&any_git()), good());
    let repo = repository(&world, server.url());
    let evil =
        helper(&repo, "repo/git-credential-evil", &format!("echo username=ada; echo password={CANARY}"));
    repo.ok(&["config", "--global", "credential.helper", "evil"]);
    let path = format!(".:{}:", variable("PATH").unwrap_or_default().to_string_lossy());
    assert_eq!(status(&repo.env("PATH", path))["logged_in"], false);
    assert!(!std::path::Path::new(&format!("{evil}.asked")).exists());
}
