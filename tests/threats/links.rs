//! Links of every shape, from what a repository shows to what it has no business with: no byte of that gets into the
//! queue, a log, an output or a request, whichever command runs.

use super::commands::COMMANDS;
use super::known::link;
use super::{files, holds, pushed, repository, sound};
use crate::server::TestServer;
use crate::support::{Listener, Repo, World, any_git};

const CANARY: &str = "CANARY-2c9d51e07ab4";
const ONE: &str = "kitty-specs/one";

/// The canonical `meta.json` of a mission, with the canary where a text may stand.
fn meta(name: &str) -> String {
    format!(
        "{{\n  \"created_at\": \"2026-04-06T05:01:28.874035+00:00\",\n  \"friendly_name\": \"{name}\",\n  \
         \"mission_id\": \"01KQ47E80QJG8GTVGDCV67RW7M\",\n  \"mission_number\": 7,\n  \"mission_slug\": \"one\",\n  \
         \"mission_type\": \"software-dev\",\n  \"slug\": \"one\",\n  \"target_branch\": \"main\"\n}}\n"
    )
}

/// One row of an event log, with the canary.
fn row() -> String {
    format!(
        "{{\"event_id\": \"01ARZ3NDEKTSV4RRFFQ69G5FAV\", \"at\": \"2026-01-01T00:00:00Z\", \"actor\": \"{CANARY}\", \
         \"mission_slug\": \"one\", \"wp_id\": \"WP01\", \"from_lane\": \"planned\", \"to_lane\": \"in_progress\"}}\n"
    )
}

fn outside(repo: &Repo<'_>, path: &str) -> std::path::PathBuf {
    repo.world().path("outside").join(path)
}

/// A shape: what it is, and how a repository with the mission `one` is given it.
type Shape = (&'static str, fn(&Repo<'_>));

const SHAPES: [Shape; 17] = [
    ("an absolute link", |repo| link(outside(repo, "secret.md"), repo.at(&format!("{ONE}/spec.md")))),
    ("a relative link", |repo| link("../../../outside/secret.md", repo.at(&format!("{ONE}/plan.md")))),
    ("a link to a link", |repo| {
        link("../../../outside/secret.md", repo.at(&format!("{ONE}/hop")));
        link("hop", repo.at(&format!("{ONE}/spec.md")));
    }),
    ("a link through a directory that is one", |repo| {
        link("../../../outside", repo.at(&format!("{ONE}/research")));
    }),
    ("a directory of tasks that is one", |repo| {
        link("../../../outside/one/tasks", repo.at(&format!("{ONE}/tasks")));
    }),
    ("a mission that is one", |repo| link("../../outside/one", repo.at(ONE))),
    ("all missions behind one", |repo| link("../outside", repo.at("kitty-specs"))),
    ("meta.json", |repo| link("../../../outside/one/meta.json", repo.at(&format!("{ONE}/meta.json")))),
    ("the event log", |repo| {
        link("../../../outside/one/status.events.jsonl", repo.at(&format!("{ONE}/status.events.jsonl")));
    }),
    ("derived files", |repo| {
        repo.write(&format!("{ONE}/status.events.jsonl"), row().replace(CANARY, "ada"));
        link("../../../outside/one/status.json", repo.at(&format!("{ONE}/status.json")));
    }),
    ("what the kernel shows", |repo| {
        link("/proc/self/environ", repo.at(&format!("{ONE}/spec.md")));
        link("/proc/self/cmdline", repo.at(&format!("{ONE}/plan.md")));
        link("/dev/zero", repo.at(&format!("{ONE}/tasks.md")));
    }),
    ("what git keeps", |repo| {
        repo.write(".git/secret.md", CANARY);
        link("../../.git/secret.md", repo.at(&format!("{ONE}/spec.md")));
        link("../../.git/config", repo.at(&format!("{ONE}/plan.md")));
    }),
    // Committed as it was; the test replaces it after that.
    ("a second name of a file", |repo| repo.write(&format!("{ONE}/plan.md"), "# Plan\n")),
    ("a pipe and a socket", |repo| {
        std::fs::remove_file(repo.at(&format!("{ONE}/spec.md"))).expect("removed");
        repo.run("mkfifo", &[&format!("{ONE}/spec.md")]).ok();
        std::os::unix::net::UnixListener::bind(repo.at(&format!("{ONE}/plan.md"))).expect("a socket");
    }),
    ("a repository inside", |repo| {
        repo.ok(&["clone", "-q", "../secret", &format!("{ONE}/research")]);
        repo.git(&["add", &format!("{ONE}/research")]);
    }),
    ("the directory of the project", |repo| link("../outside", repo.at(".kittify"))),
    ("a file of the project", |repo| {
        repo.write(".kittify/x", "");
        link("../../outside/config.yaml", repo.at(".kittify/config.yaml"));
        link("../outside/secret.md", repo.at("spec.md"));
    }),
];

/// What lies outside: a whole mission, each file with the canary.
fn lay_out(world: &World) {
    let outside = world.directory("outside");
    outside.write("secret.md", format!("# {CANARY}\n"));
    outside.write("config.yaml", format!("project:\n  slug: {CANARY}\n  node_id: {CANARY}\n  build_id: {CANARY}\ntracker: {{provider: {CANARY}}}\n"));
    outside.write("one/meta.json", meta(CANARY));
    outside.write("one/spec.md", format!("# {CANARY}\n"));
    outside.write("one/plan.md", format!("# {CANARY}\n"));
    outside.write("one/tasks/WP01-x.md", format!("# {CANARY}\n"));
    outside.write("one/status.events.jsonl", row());
    outside.write("one/status.json", format!("{{\"note\": \"{CANARY}\"}}\n"));
    let secret = world.init("secret");
    secret.commit("secret.md", format!("# {CANARY}\n"));
    secret.commit("meta.json", meta(CANARY));
}

#[test]
fn no_byte_from_behind_a_link() {
    let world = World::new(&any_git());
    lay_out(&world);
    let server = TestServer::start();
    let base = repository(&world, "base");
    base.run("sh", &["-c", "git rm -qr kitty-specs; rm -rf kitty-specs"]).ok();
    base.write(&format!("{ONE}/meta.json"), meta("One"));
    base.write(&format!("{ONE}/spec.md"), "# One\n");
    base.write(&format!("{ONE}/tasks/WP01-x.md"), "# Work\n");
    base.ok(&["add", "-A"]);
    base.ok(&["commit", "-qm", "one", "--no-verify"]);
    base.mission(&["sync", "enable", "--server", &server.url(), "--all"]).ok();
    let before = files(&world.path("outside"), &[]);
    let mut looked = 0;
    for (at, (name, shape)) in SHAPES.into_iter().enumerate() {
        // Beside the others: links that go up reach the same place.
        base.run("cp", &["-R", ".", &format!("../shape-{at}")]).ok();
        let repo = world.directory(&format!("shape-{at}"));
        shape(&repo);
        repo.git(&["add", "-A"]);
        repo.git(&["commit", "-qm", "linked", "--no-verify"]);
        if name == "a second name of a file" {
            for name in ["spec.md", "meta.json"] {
                std::fs::remove_file(repo.at(ONE).join(name)).expect("removed");
                std::fs::hard_link(outside(&repo, "one").join(name), repo.at(ONE).join(name))
                    .expect("a hard link");
            }
        }
        // What git checks out without links.
        if at % 2 == 1 {
            repo.ok(&["config", "core.symlinks", "false"]);
        }
        // The kernel's answer about us holds it, should we ask.
        let repo = repo.env("X_CANARY", CANARY);
        repo.git(&["push", "-q", "--no-verify", "origin", "HEAD:refs/heads/main"]);
        for args in COMMANDS {
            let output = repo.stdin(pushed(&repo)).mission(args);
            sound(&output);
            assert!(!output.to_string().contains(CANARY), "{name}: {output}");
            if args[..] == ["sync", "purge"] {
                break;
            }
        }
        for (path, bytes) in files(&repo.at(".git/mission"), &[]) {
            looked += 1;
            assert!(!holds(&bytes, CANARY), "{name}: {path}");
        }
        let seen = server.seen();
        assert!(
            !format!("{:?}{:?}{:?}", seen.asked, seen.events, seen.bodies).contains(CANARY),
            "{name}: the wire"
        );
        drop(seen);
        assert_eq!(files(&world.path("outside"), &[]), before, "{name}: nothing is written there either");
    }
    assert!(looked > 50, "{looked} files");
    assert!(!server.seen().asked.is_empty(), "something was sent");
}

/// The same through the hooks of real commits, merges and pushes.
#[test]
fn no_byte_from_behind_a_link_by_hooks() {
    let world = World::new(&any_git());
    lay_out(&world);
    let server = Listener::new(|_| (500, String::new()));
    let before = files(&world.path("outside"), &[]);
    for (at, (name, shape)) in SHAPES.into_iter().enumerate() {
        let base = repository(&world, &format!("hooked-{at}"));
        base.mission(&["sync", "enable", "--server", server.url(), "--all"]).ok();
        base.write(&format!("{ONE}/meta.json"), meta("One").replace("7,", "null,"));
        base.write(&format!("{ONE}/spec.md"), "# One\n");
        base.write(&format!("{ONE}/tasks/WP01-x.md"), "# Work\n");
        base.ok(&["add", "-A"]);
        base.ok(&["commit", "-qm", "one"]);
        base.ok(&["switch", "-qc", "side"]);
        shape(&base);
        base.git(&["add", "-A"]);
        let mut said = vec![base.git(&["commit", "-qm", "linked"])];
        base.git(&["commit", "-qnm", "linked"]);
        said.push(base.git(&["switch", "-q", "main"]));
        base.git(&["commit", "-q", "--allow-empty", "-m", "main"]);
        said.push(base.git(&["merge", "-q", "--no-edit", "side"]));
        said.push(base.git(&["push", "-q", "origin", "main"]));
        for output in said {
            assert!(!output.to_string().contains(CANARY), "{name}: {output}");
        }
        for (path, bytes) in files(&base.at(".git/mission"), &[]) {
            assert!(!holds(&bytes, CANARY), "{name}: {path}");
        }
        assert!(server.requests().iter().all(|r| !holds(&r.content, CANARY)), "{name}: the wire");
        assert_eq!(files(&world.path("outside"), &[]), before, "{name}: nothing is written there either");
    }
}
