//! `GIT_MISSION=0` and `GIT_MISSION_SKIP` switch off what they say, leave a trace, and what was skipped is caught up.

use serde_json::Value;

use crate::support::{Repo, World, each_git};

fn hook(repo: &Repo<'_>, name: &str) -> Value {
    let status = repo.mission(&["status", "--json"]).ok().json();
    let hooks = status["hooks"].as_array().expect("hooks");
    hooks.iter().find(|hook| hook["name"] == name).expect("the hook").clone()
}

fn queued(repo: &Repo<'_>) -> u64 {
    repo.mission(&["sync", "status", "--json"]).ok().json()["bodies"]["total"].as_u64().expect("a number")
}

fn number(repo: &Repo<'_>) -> Option<u64> {
    let listing = repo.mission(&["list", "--rev", "HEAD", "--json"]).ok().json();
    listing["missions"][0]["mission_number"].as_u64()
}

#[test]
fn everything_is_switched_off_and_caught_up() {
    each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin.git");
        let repo = world.clone(&origin, "repo");
        repo.commit("README.md", "# Product\n");
        repo.ok(&["push", "-q", "origin", "HEAD:main"]);
        repo.hook("pre-commit", "#!/bin/sh\necho theirs >>../theirs\n");
        repo.mission(&["install"]).ok();
        let url = format!("file://{}", world.path("server").display());
        repo.mission(&["sync", "enable", "--server", &url]).ok();

        let off = repo.env("GIT_MISSION", "0");
        repo.mission(&["create", "One", "--add"]).ok();
        let commit = off.ok(&["commit", "-qm", "one"]);
        assert_eq!(commit.stderr, "", "not a word");
        assert_eq!((number(&repo), queued(&repo)), (None, 0), "nothing was done");
        assert_eq!(
            std::fs::read_to_string(world.path("theirs")).expect("it ran"),
            "theirs\n",
            "theirs is theirs"
        );
        for name in ["pre-commit", "post-commit"] {
            assert_eq!(hook(&repo, name)["skipped"], true, "{name}");
        }
        let status = repo.mission(&["status"]).ok().stdout;
        assert!(status.contains("skipped:    pre-commit was switched off"), "{status}");
        // The push of what has no number is let through, because it is switched off too.
        off.ok(&["push", "-q", "--dry-run", "origin", "HEAD:main"]);
        assert_eq!(hook(&repo, "pre-push")["skipped"], true);

        // The next hook says on main what went past it, and queues what it had to say.
        let next = repo.ok(&["commit", "-q", "--allow-empty", "-m", "next"]);
        assert!(next.stderr.contains("queued 1 body"), "{next}");
        assert_eq!(queued(&repo), 1);
        for name in ["pre-commit", "post-commit"] {
            assert_eq!(hook(&repo, name)["skipped"], false, "{name}");
        }
        // The number is given where numbers are given, and asked for where they are needed.
        let push = repo.git(&["push", "-q", "origin", "main"]);
        assert!(push.status != 0 && push.stderr.contains("git mission settle"), "{push}");
        repo.mission(&["settle", "--commit"]).ok();
        repo.ok(&["push", "-q", "origin", "main"]);
        assert_eq!((number(&repo), queued(&repo)), (Some(1), 0));
    });
}

#[test]
fn some_are_switched_off() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        let url = format!("file://{}", world.path("server").display());
        repo.mission(&["sync", "enable", "--server", &url]).ok();
        repo.mission(&["create", "One", "--add"]).ok();
        let some = repo.env("GIT_MISSION_SKIP", "pre-push, post-commit");
        some.ok(&["commit", "-qm", "one"]);
        assert_eq!((number(&repo), queued(&repo)), (Some(1), 0), "pre-commit ran, post-commit did not");
        assert_eq!(
            (hook(&repo, "pre-commit")["skipped"].clone(), hook(&repo, "post-commit")["skipped"].clone()),
            (Value::Bool(false), Value::Bool(true))
        );
        // Names of no hook switch nothing off, and other values than 0 neither.
        let none = repo.env("GIT_MISSION_SKIP", "post,commit,").env("GIT_MISSION", "1");
        none.ok(&["commit", "-q", "--amend", "--no-edit"]);
        assert_eq!(queued(&repo), 1, "caught up");
        assert_eq!(hook(&repo, "post-commit")["skipped"], false);
    });
}
