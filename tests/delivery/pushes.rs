//! What a push delivers: exactly what the pushed refs say, whatever was pushed how, and never at the push's expense.

use std::collections::BTreeSet;

use super::*;
use crate::server::TestServer;
use crate::support::{any_git, each_git};

const TWO: &str = "01KQ47E90QJG8GTVGDCV67RW7M";

/// A mission with one artifact; committed.
fn mission(repo: &Repo<'_>, slug: &str, id: &str, text: &str) {
    repo.write(&format!("kitty-specs/{slug}/meta.json"), meta(slug, id));
    repo.commit(&format!("kitty-specs/{slug}/spec.md"), text);
}

/// The bodies that the trees of some commits say, as the server names them.
fn said_by(repo: &Repo<'_>, revisions: &[&str]) -> Vec<String> {
    let mut said = BTreeSet::new();
    for revision in revisions {
        let files = repo.ok(&["ls-tree", "-r", "--name-only", revision, "kitty-specs"]).stdout;
        for path in files.lines().filter(|path| !path.ends_with("meta.json")) {
            let text = repo.show(&format!("{revision}:{path}"));
            let name = path.strip_prefix("kitty-specs/").expect("below it");
            said.insert(format!("{name} {}", git_mission::id::sha256_hex(text.as_bytes())));
        }
    }
    said.into_iter().collect()
}

#[track_caller]
fn arrived(server: &TestServer, repo: &Repo<'_>, revisions: &[&str]) {
    let (_, bodies) = server.state();
    assert_eq!(bodies, said_by(repo, revisions));
}

#[test]
fn three_pushes_without_a_server_and_one_with_it() {
    each_git(|git| {
        let world = World::new(git);
        let port = TestServer::start().port();
        let repo = started(&world, "base", &format!("http://127.0.0.1:{port}"));
        repo.ok(&["switch", "-qc", "wip"]);
        mission(&repo, "two", TWO, "# Not pushed\n");
        repo.ok(&["switch", "-q", "main"]);
        for step in 1..=3 {
            mission(&repo, "one", ONE, &format!("# One {step}\n"));
            repo.commit(&format!("kitty-specs/one/research/{step}.md"), format!("# {step}\n"));
            let push = repo.ok(&["push", "-q", "origin", "main"]);
            assert!(push.stderr.contains("cannot be reached"), "{push}");
            assert_eq!(push.stderr.lines().count(), 1, "{push}");
        }
        let server = TestServer::start_at(port, true);
        make_due(&repo);
        mission(&repo, "one", ONE, "# One at last\n");
        let push = repo.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(push.stderr.lines().count(), 1, "{push}");
        arrived(&server, &repo, &["main"]);
        // Up to now the other side still said what was pushed before.
        repo.mission(&["sync", "flush"]).ok();
        let left: Vec<String> = column(&repo, "SELECT mission_slug FROM body_upload_queue");
        assert_eq!(left, ["two"], "what was not pushed stays");
        let events: Vec<String> = column(&repo, "SELECT data FROM queue");
        assert!(!events.is_empty() && events.iter().all(|event| event.contains(TWO)), "{events:?}");
        repo.ok(&["push", "-q", "origin", "wip"]);
        arrived(&server, &repo, &["main", "wip"]);
        assert_eq!(rows(&repo), (vec![], vec![]));
    });
}

#[test]
fn what_was_amended_rebased_or_squashed_arrives_as_it_was_pushed() {
    type Change = (&'static str, fn(&Repo<'_>));
    let changes: [Change; 4] = [
        ("amend", |repo| {
            repo.write("kitty-specs/one/spec.md", "# Amended\n");
            repo.ok(&["commit", "-qa", "--amend", "--no-edit"]);
        }),
        ("rebase", |repo| {
            repo.ok(&["switch", "-qc", "topic"]);
            repo.commit("kitty-specs/one/plan.md", "# Plan\n");
            repo.commit("kitty-specs/one/spec.md", "# Changed\n");
            repo.ok(&["switch", "-q", "main"]);
            repo.commit("kitty-specs/one/research/a.md", "# A\n");
            repo.ok(&["switch", "-q", "topic"]);
            repo.ok(&["rebase", "-q", "main"]);
            repo.ok(&["switch", "-q", "main"]);
            repo.ok(&["merge", "-q", "--ff-only", "topic"]);
        }),
        ("squash", |repo| {
            repo.ok(&["switch", "-qc", "topic"]);
            repo.commit("kitty-specs/one/plan.md", "# Plan\n");
            repo.commit("kitty-specs/one/plan.md", "# A better plan\n");
            repo.ok(&["switch", "-q", "main"]);
            repo.ok(&["merge", "-q", "--squash", "topic"]);
            repo.ok(&["commit", "-qm", "squashed"]);
        }),
        ("drop", |repo| {
            repo.commit("kitty-specs/one/plan.md", "# Plan\n");
            repo.ok(&["reset", "-q", "--hard", "HEAD~1"]);
        }),
    ];
    each_git(|git| {
        let world = World::new(git);
        let base = started(&world, "base", "http://127.0.0.1:9");
        mission(&base, "one", ONE, "# One\n");
        for (name, change) in changes {
            let server = TestServer::start();
            let repo = copy(&base, name, &server.url());
            change(&repo);
            repo.ok(&["push", "-q", "origin", &format!("main:refs/heads/{name}")]);
            arrived(&server, &repo, &["main"]);
            // What the final tree does not say was never told: neither content nor events about it.
            let hashes: Vec<String> = said_by(&repo, &["main"]);
            for event in server.seen().events.values() {
                let hash = event["payload"]["content_ref"]["hash"].as_str();
                assert!(
                    hash.is_none_or(|hash| hashes.iter().any(|body| body.ends_with(hash))),
                    "{name}: {event}"
                );
            }
        }
    });
}

#[test]
fn a_row_that_breaks_the_contract_is_parked_and_the_push_goes_on() {
    each_git(|git| {
        let world = World::new(git);
        let server = TestServer::start();
        let repo = copy(&with_backlog(&world), "old", &server.url());
        mission(&repo, "two", TWO, "# Two\n");
        // As an older program might have left them.
        execute(
            &repo,
            "UPDATE queue SET data = replace(data, '\"payload\": {', '\"payload\": {\"feature_slug\": \"x\", ')
             WHERE event_type = 'MissionCreated' AND data LIKE '%/01KQ47E80Q%';
             UPDATE body_upload_queue SET manifest_version = '' WHERE mission_slug = 'one';",
        );
        let push = repo.ok(&["push", "-q", "origin", "main"]);
        assert_eq!(push.stderr.lines().count(), 1, "{push}");
        assert!(push.stderr.contains("1 rejected") && push.stderr.contains("feature_slug"), "{push}");
        let (events, bodies) = rows(&repo);
        assert_eq!(events, [Row::Parked], "{push}");
        let reasons: Vec<String> = column(&repo, "SELECT last_error FROM queue");
        assert!(reasons[0].contains("payload.feature_slug"), "{reasons:?}");
        let (delivered, contents) = server.state();
        assert_eq!((delivered.len(), contents.len()), (5, 1), "{push}");
        assert!(contents[0].starts_with("two/spec.md"), "{contents:?}");
        // A body that no longer says whose it is is said by no tip: it stays where it can be looked at.
        assert_eq!(bodies.len(), 1, "{bodies:?}");
    });
}

#[test]
fn an_imported_body_that_breaks_the_contract_is_parked() {
    let world = World::new(&any_git());
    let server = TestServer::start_for_bodies();
    let repo = copy(&with_backlog(&world), "old", &server.url());
    execute(
        &repo,
        "UPDATE body_upload_queue SET manifest_version = '', origin = 'import', index_event_id = NULL;
         UPDATE queue SET origin = 'import';",
    );
    let push = call_pre_push(&repo).ok();
    assert_eq!(push.stderr.lines().count(), 1, "{push}");
    assert!(push.stderr.contains("manifest_version") && push.stderr.contains("1 failed"), "{push}");
    assert_eq!(rows(&repo), (vec![], vec![Row::Parked]), "{push}");
    assert_eq!(server.state().1, Vec::<String>::new());
}

#[test]
fn every_way_to_push() {
    each_git(|git| {
        let world = World::new(git);
        let server = TestServer::start();
        let repo = started(&world, "base", &server.url());
        let asked = || server.seen().asked.len();
        mission(&repo, "one", ONE, "# One\n");
        mission(&repo, "one", ONE, "# One, changed\n");
        // An expression: what it names is pushed, not what the branch says now.
        repo.ok(&["push", "-q", "origin", "HEAD~1:refs/heads/earlier"]);
        arrived(&server, &repo, &["HEAD~1"]);
        // A tag, with and without a message.
        repo.ok(&["tag", "light"]);
        repo.ok(&["tag", "-am", "heavy", "heavy"]);
        repo.ok(&["push", "-q", "origin", "heavy"]);
        arrived(&server, &repo, &["HEAD~1", "HEAD"]);
        let before = asked();
        repo.ok(&["push", "-q", "origin", "light"]);
        // Nothing to push, and a deletion.
        repo.ok(&["push", "-q", "origin", "HEAD~1:refs/heads/earlier"]);
        repo.ok(&["push", "-q", "origin", ":refs/heads/earlier", ":refs/tags/heavy"]);
        // A tag of a blob says nothing.
        let blob = repo.rev("HEAD:README.md");
        repo.ok(&["tag", "blob", &blob]);
        repo.ok(&["push", "-q", "origin", "blob"]);
        assert_eq!(asked(), before, "nothing new was said");
        // Many refs, one of them deleted, among them branches that no hook of ours has seen.
        repo.ok(&["push", "-q", "origin", "HEAD:refs/heads/doomed"]);
        for at in 0..20 {
            repo.ok(&["switch", "-qc", &format!("topic-{at}"), "main"]);
            let unseen = repo.env("GIT_MISSION", "0");
            unseen.commit(&format!("kitty-specs/one/research/{at}.md"), format!("# {at}\n"));
        }
        repo.ok(&["switch", "-q", "main"]);
        let push = repo.ok(&["push", "-q", "origin", "refs/heads/*:refs/heads/*", ":refs/heads/doomed"]);
        assert_eq!(push.stderr.lines().count(), 1, "{push}");
        let mut tips = vec!["HEAD~1".to_owned(), "main".to_owned()];
        tips.extend((0..20).map(|at| format!("topic-{at}")));
        arrived(&server, &repo, &tips.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(rows(&repo), (vec![], vec![]));
        // A dry run cannot be told from a push, and is none the worse for it.
        repo.ok(&["push", "-q", "--dry-run", "origin", "main:refs/heads/dry"]);
        // Who skips the hook is caught up.
        mission(&repo, "one", ONE, "# One, once more\n");
        repo.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        assert_eq!(rows(&repo).1.len(), 1);
        repo.mission(&["sync", "flush"]).ok();
        assert_eq!(rows(&repo), (vec![], vec![]));
    });
}

#[test]
fn a_repository_of_longer_ids_delivers_too() {
    each_git(|git| {
        let world = World::new(git);
        let server = TestServer::start();
        world.directory("").ok(&["init", "-q", "--bare", "--object-format=sha256", "origin.git"]);
        world.directory("").ok(&["init", "-q", "--object-format=sha256", "repo"]);
        let repo = world.directory("repo");
        repo.ok(&["remote", "add", "origin", "../origin.git"]);
        repo.commit("README.md", "# App\n");
        repo.mission(&["install"]).ok();
        repo.mission(&["sync", "enable", "--server", &server.url()]).ok();
        mission(&repo, "one", ONE, "# One\n");
        repo.ok(&["push", "-q", "origin", "main"]);
        arrived(&server, &repo, &["main"]);
        repo.ok(&["push", "-q", "origin", "main:refs/heads/other", ":refs/heads/none"]);
        repo.ok(&["push", "-q", "origin", ":refs/heads/other"]);
        assert_eq!(rows(&repo), (vec![], vec![]));
    });
}

#[test]
fn shallow_and_partial_clones_push() {
    each_git(|git| {
        let world = World::new(git);
        let server = TestServer::start();
        let seed = started(&world, "base", &server.url());
        mission(&seed, "one", ONE, "# One\n");
        seed.commit("kitty-specs/one/plan.md", "# Plan\n");
        seed.ok(&["push", "-q", "origin", "main"]);
        world.directory("base.git").ok(&["config", "uploadpack.allowFilter", "true"]);
        let from = format!("file://{}", world.path("base.git").display());
        for (name, how) in [("shallow", "--depth=1"), ("partial", "--filter=blob:none")] {
            world.directory("").ok(&["clone", "-q", how, &from, name]);
            let repo = world.directory(name);
            // Somebody else has pushed what this clone does not know.
            seed.ok(&["pull", "-q", "--no-edit", "origin", "main"]);
            seed.commit(&format!("other-{name}"), "x\n");
            seed.ok(&["push", "-q", "origin", "HEAD:main", &format!("HEAD:refs/heads/{name}")]);
            repo.mission(&["install"]).ok();
            let enabled = repo.mission(&["sync", "enable", "--server", &server.url()]);
            repo.commit("kitty-specs/one/research/a.md", format!("# {name}\n"));
            repo.ok(&["push", "-q", "-f", "origin", &format!("HEAD:refs/heads/{name}")]);
            let (_, bodies) = server.state();
            let research = bodies.iter().filter(|body| body.starts_with("one/research/")).count();
            // A shallow clone cannot tell which project it is of: it waits, and has said so.
            if name == "shallow" {
                assert!(enabled.status != 0 && enabled.stderr.contains("shallow"), "{enabled}");
                assert_eq!(research, 0);
            } else {
                enabled.ok();
                assert_eq!(research, 1, "{bodies:?}");
            }
        }
    });
}

#[test]
fn the_hook_that_was_there_before_gets_the_same_input() {
    each_git(|git| {
        let world = World::new(git);
        let server = TestServer::start();
        let origin = world.bare("base.git");
        let repo = world.clone(&origin, "base");
        repo.commit("README.md", "# App\n");
        repo.hook("pre-push", "#!/bin/sh\ncat >> ../stdin; printf '%s|' \"$@\" >> ../args\n");
        repo.mission(&["install"]).ok();
        repo.mission(&["sync", "enable", "--server", &server.url()]).ok();
        mission(&repo, "one", ONE, "# One\n");
        let head = repo.head();
        repo.ok(&["push", "-q", "origin", "main", "main:refs/heads/other"]);
        let zeros = "0".repeat(40);
        let mut lines: Vec<String> = repo.read("../stdin").lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(
            lines,
            ["main", "other"].map(|name| format!("refs/heads/main {head} refs/heads/{name} {zeros}"))
        );
        assert!(repo.read("../args").starts_with("origin|"));
        arrived(&server, &repo, &["main"]);
        // If it refuses, nothing is pushed and nothing is delivered.
        let asked = server.seen().asked.len();
        let hooks = repo.ok(&["rev-parse", "--git-path", "hooks"]);
        let names = std::fs::read_dir(repo.at(hooks.line())).expect("hooks").flatten();
        let before = names
            .map(|entry| entry.path())
            .find(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("../stdin")));
        std::fs::write(before.expect("the hook"), "#!/bin/sh\nexit 7\n").expect("written");
        mission(&repo, "two", TWO, "# Two\n");
        assert_ne!(repo.git(&["push", "-q", "origin", "main"]).status, 0);
        assert_eq!(server.seen().asked.len(), asked);
    });
}
