//! Linked worktrees, submodules, bare repositories, copies.

use super::*;

#[test]
fn linked_worktrees_and_submodules_are_installed_where_git_looks() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let (origin, repo) = with_origin(&world);
        repo.ok(&["worktree", "add", "-q", "../linked"]);
        let linked = world.directory("linked");
        ask(&linked.cd("kitty-specs"), &["install", &program]).ok();
        for place in [&repo, &linked] {
            assert!(ask(place, &["status"]).ok().contains("complete true"));
            place.ok(&["commit", "-q", "--allow-empty", "-m", "x"]);
        }
        assert_eq!(log(&world).matches("[hook][pre-commit]").count(), 2);
        ask(&repo, &["uninstall"]).ok();
        assert!(ask(&linked, &["status"]).ok().contains("absent true"));

        let url = origin.path().display().to_string();
        repo.ok(&["submodule", "add", "-q", &url, "sub"]);
        let sub = repo.cd("sub");
        ask(&sub, &["install", &program]).ok();
        assert!(repo.at(".git/modules/sub/hooks/pre-commit").exists());
        assert!(ask(&sub, &["status"]).ok().contains("complete true"));
        assert!(ask(&repo, &["status"]).ok().contains("absent true"));
    });
}

#[test]
fn a_bare_repository_is_left_as_it_was() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let bare = world.bare("bare.git");
        let before = snapshot(bare.path());
        ask(&bare, &["install", &program]).ok();
        assert!(ask(&bare, &["status"]).ok().contains("complete true"));
        ask(&bare, &["uninstall"]).ok();
        assert_same(&before, &snapshot(bare.path()), "bare");
    });
}

#[cfg(unix)]
#[test]
fn a_copied_checkout_has_an_id_hooks_and_a_queue_of_its_own() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\necho theirs >>../theirs\n");
        let before = snapshot(&repo.at(".git/hooks"));
        repo.mission(&["install"]).ok();
        let url = format!("file://{}", world.path("server").display());
        repo.mission(&["sync", "enable", "--server", &url]).ok();
        repo.mission(&["create", "First", "--add"]).ok();
        repo.ok(&["commit", "-qm", "first"]);
        repo.run("cp", &["-r", ".", "../copy"]).ok();
        let copy = world.directory("copy");

        let id = |repo: &Repo<'_>| {
            let status = repo.mission(&["status", "--json"]).ok().json();
            status["identity"]["build_id"].as_str().map(str::to_owned)
        };
        let pending = |repo: &Repo<'_>| {
            let status = repo.mission(&["sync", "status", "--json"]).ok().json();
            status["bodies"]["total"].as_u64().expect("a number")
        };
        let (own, queued) = (id(&repo).expect("an id"), pending(&repo));
        assert_eq!(id(&copy), None, "the id of another checkout is nobody's");
        let doctor = copy.mission(&["doctor", "--json"]).ok();
        assert!(doctor.stdout.contains("BUILD_ID_SHARED"), "{doctor}");
        std::fs::remove_file(world.path("theirs")).expect("it ran");

        copy.mission(&["create", "Second", "--add"]).ok();
        let commit = copy.ok(&["commit", "-qm", "second"]);
        assert!(commit.stderr.contains("number 2"), "our hooks run: {commit}");
        assert_eq!(std::fs::read_to_string(world.path("theirs")).expect("it ran"), "theirs\n", "and theirs");
        let other = id(&copy).expect("an id");
        assert_ne!(own, other);
        assert_eq!(id(&repo), Some(own), "the first keeps its own");
        assert_eq!(pending(&repo), queued, "and its queue");
        assert!(pending(&copy) > queued, "the copy queues what it has to say");
        let summary = copy.mission(&["doctor", "--json"]).ok().json()["summary"].clone();
        assert_eq!(
            (summary["errors"].as_u64(), summary["warnings"].as_u64()),
            (Some(0), Some(0)),
            "{summary}"
        );

        copy.mission(&["uninstall", "--purge"]).ok();
        assert_same(&before, &snapshot(&copy.at(".git/hooks")), "the copy");
        assert!(repo.mission(&["status"]).ok().stdout.contains("hooks, merge drivers and attributes"));
        repo.mission(&["uninstall"]).ok();
        assert_same(&before, &snapshot(&repo.at(".git/hooks")), "the first");
    });
}

/// Two users that are nobody else's, and their group.
#[cfg(target_os = "linux")]
const USERS: [&str; 2] = ["--reuid=54321", "--reuid=54322"];

/// Runs a program as one of two users of one group.
#[cfg(target_os = "linux")]
fn by(repo: &Repo<'_>, user: usize, args: &[&str]) -> Output {
    let home = repo.world().path(&format!("home/user{user}")).display().to_string();
    let fixed = [USERS[user], "--regid=54320", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
    repo.env("HOME", home).run("setpriv", &[&fixed, args].concat())
}

#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "what was not tried is named")]
#[test]
fn two_users_of_a_group_share_a_repository() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    each_git(|git| {
        let world = World::new(git);
        let open = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions set");
        };
        open(&world.path(""), 0o777);
        open(&world.path("tmp"), 0o1777);
        open(&world.path("home"), 0o1777);
        let top = world.directory("");
        let program = World::mission_program().display().to_string();
        if by(&top, 0, &[&program, "--version"]).status != 0 {
            println!(
                "skipped: two users, because this one may not become another or they may not run the program"
            );
            return;
        }
        by(&top, 0, &["git", "init", "-q", "--shared=group", "repo"]).ok();
        let repo = world.directory("repo");
        let ada = |args: &[&str]| by(&repo, 0, args).ok();
        ada(&["git", "commit", "-q", "--allow-empty", "-m", "start"]);

        // git does not trust what another user owns; what helps is said.
        let refused = by(&repo, 1, &[&program, "status"]).exits(3);
        assert!(refused.stderr.contains("safe.directory"), "{refused}");
        std::fs::write(world.path("gitconfig"), {
            std::fs::read_to_string(world.path("gitconfig")).expect("a file") + "[safe]\n\tdirectory = *\n"
        })
        .expect("written");

        ada(&[&program, "install"]);
        let url = format!("file://{}", world.path("server").display());
        ada(&[&program, "sync", "enable", "--server", &url]);
        ada(&[&program, "create", "First", "--add"]);
        ada(&["git", "commit", "-qm", "first"]);
        // The other works in a tree of their own.
        by(&repo, 1, &["git", "worktree", "add", "-q", "-b", "theirs", "../theirs"]).ok();
        let theirs = world.directory("theirs");
        let ben = |args: &[&str]| by(&theirs, 1, args).ok();
        ben(&[&program, "create", "Second", "--add"]);
        let commit = ben(&["git", "commit", "-qm", "second"]);
        assert!(commit.stderr.contains("queued ") && !commit.stderr.contains("warning"), "{commit}");
        ada(&[&program, "create", "Third", "--add"]);
        let commit = ada(&["git", "commit", "-qm", "third"]);
        assert!(commit.stderr.contains("queued ") && !commit.stderr.contains("warning"), "{commit}");
        let status = |output: Output| output.json()["bodies"]["total"].as_u64().expect("a number");
        let seen = [
            status(ada(&[&program, "sync", "status", "--json"])),
            status(ben(&[&program, "sync", "status", "--json"])),
        ];
        assert_eq!(seen, [3, 3], "one queue");
        ben(&[&program, "doctor"]);
        let trace = by(&repo, 0, &[&program, "status", "--json"]).ok().json();
        assert!(trace["hooks"][0]["last_run"].is_string(), "{trace}");

        for entry in std::fs::read_dir(repo.at(".git/mission")).expect("a directory") {
            let path = entry.expect("an entry").path();
            let found = path.metadata().expect("metadata");
            let (mode, name) = (found.mode() & 0o777, path.display());
            let wanted = if found.is_dir() { 0o770 } else { 0o660 };
            // The first is read only by its checkout, the second is a cache that everybody makes anew.
            let is_own = path.ends_with("build-id") || path.ends_with("settings");
            assert!(is_own || mode & 0o770 == wanted, "{name} has {mode:o}");
            assert!(
                !path.to_string_lossy().contains("queue") || mode & 0o777 == wanted,
                "{name} has {mode:o}"
            );
            assert_eq!(found.gid(), 54320, "{name}");
        }
        // Where nothing is shared the queue is its owner's alone.
        by(&top, 0, &["git", "init", "-q", "alone"]).ok();
        let alone = world.directory("alone");
        by(&alone, 0, &[&program, "install"]).ok();
        by(&alone, 0, &[&program, "sync", "enable", "--server", &url]).ok();
        let mode = alone.at(".git/mission/queue.db").metadata().expect("metadata").mode();
        assert_eq!(mode & 0o777, 0o600);
    });
}
