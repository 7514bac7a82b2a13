//! One token, known by its text, through every command: it goes to its server in one header, and is kept in one file.

use std::path::Path;

use super::{CANARY, acknowledgement, log_in, repository};
use crate::support::{Listener, Output, Repo, World, any_git};
use crate::threats::COMMANDS;

#[test]
fn the_token_of_the_file_stands_nowhere_else() {
    let scene = Scene::new();
    let repo = &scene.repo;
    log_in(repo, scene.server.url(), CANARY);
    scene.work(repo);
    scene.nothing_but(&["home/.spec-kitty/credentials"]);
}

#[test]
fn the_token_of_the_environment_stands_nowhere_at_all() {
    let scene = Scene::new();
    scene.work(&scene.repo.env("GIT_MISSION_TOKEN", CANARY));
    scene.nothing_but(&[]);
}

#[test]
fn a_token_that_cannot_be_used_is_not_shown_either() {
    let scene = Scene::new();
    let repo = &scene.repo;
    let broken = format!("{CANARY}\u{1b}[31m");
    scene.work(&repo.env("GIT_MISSION_TOKEN", &broken));
    scene.work(&repo.env("GIT_MISSION_TOKEN", format!("{CANARY} {CANARY}")));
    assert_eq!(scene.server.requests().len(), 0);
    for text in [
        format!("[tokens]\naccess = \"{CANARY}\n"),
        format!("[tokens]\naccess = {CANARY}\n"),
        format!("tokens = '{CANARY}'\n"),
        format!("[tokens]\naccess = ['{CANARY}']\n[server]\nurl = '{CANARY}'\n"),
        format!("[tokens]\naccess = '{CANARY} x'\n[server]\nurl = '{}'\n", scene.server.url()),
        format!("[tokens]\naccess = 'x'\n[server]\nurl = 'https://{CANARY}@host'\n"),
        format!(
            "[tokens]\naccess = 'x'\naccess_expires_at = '{CANARY}'\n[server]\nurl = '{}'\n",
            scene.server.url()
        ),
    ] {
        let home = scene.world.directory("home");
        home.write(".spec-kitty/credentials", text);
        home.chmod(".spec-kitty/credentials", 0o600);
        home.chmod(".spec-kitty", 0o700);
        for args in
            [&["sync", "status"][..], &["sync", "flush"], &["sync", "bind"], &["sync", "logout"], &["status"]]
        {
            no_canary(&repo.mission(args));
        }
        no_canary(&repo.stdin("next").mission(&["sync", "login"]));
        no_canary(&repo.git(&["push", "origin", "main"]));
        let _ = std::fs::remove_file(home.at(".spec-kitty/credentials"));
    }
    scene.nothing_but(&[]);
}

/// What the programs that are started see: their arguments and their environment, as the kernel does.
#[cfg(target_os = "linux")]
#[test]
fn no_child_process_sees_it() {
    let scene = Scene::new();
    let repo = scene.repo.env("GIT_MISSION_TOKEN", CANARY);
    if repo.run("strace", &["-o", "/dev/null", "true"]).status != 0 {
        return;
    }
    let dump = scene.world.path("dumped");
    let chained = scene.world.path("chained").to_string_lossy().into_owned();
    repo.write(&chained, format!("#!/bin/sh\nenv >>{}\necho \"$@\" >>{}\n", dump.display(), dump.display()));
    repo.chmod(&chained, 0o755);
    let repo = repo.env("GIT_MISSION_CHAINED", &chained);
    let helper = scene.world.path("helper").to_string_lossy().into_owned();
    repo.write(&helper, format!("#!/bin/sh\nenv >>{}\n", dump.display()));
    repo.chmod(&helper, 0o755);
    repo.ok(&["config", "--global", "credential.helper", &helper]);
    let mut children = 0;
    for args in COMMANDS {
        let trace = scene.world.path("trace");
        let trace = trace.to_string_lossy();
        let program = World::mission_program().to_string_lossy();
        let mut traced = vec!["-f", "-v", "-s", "65536", "-e", "trace=execve", "-o", &*trace, &*program];
        traced.extend(*args);
        repo.stdin(scene.pushed()).run("strace", &traced);
        let text = std::fs::read_to_string(&*trace).expect("a trace");
        std::fs::remove_file(&*trace).expect("removed");
        let mut starts = text.lines().filter(|line| line.contains("execve("));
        // The first is the program itself, which was given the token.
        assert!(starts.next().is_some_and(|line| line.contains(CANARY)), "{args:?}");
        for line in starts {
            children += 1;
            assert!(!line.contains(CANARY), "{args:?} starts {}", &line[..line.len().min(200)]);
        }
    }
    assert!(children > 50, "{children} programs were started");
    // The helper is not asked where the environment has a token; the hook that was there before is started.
    let dumped = std::fs::read_to_string(&dump).expect("what the chained hook saw");
    assert!(dumped.contains("PATH=") && !dumped.contains(CANARY));
}

struct Scene {
    repo: Repo<'static>,
    server: Listener,
    world: &'static World,
}

impl Scene {
    /// A server that says the token back in whatever it refuses, and a repository with things to say.
    fn new() -> Self {
        let world: &'static World = Box::leak(Box::new(World::new(&any_git())));
        let server = Listener::new(|request| {
            let said = request.header("authorization").unwrap_or_default().to_owned();
            if request.path().contains("push-content") || request.path().contains("tracker") {
                let refusal =
                    serde_json::json!({"error": said, "detail": said, "message": said, "error_code": said});
                return (400, refusal.to_string());
            }
            let mut answer = acknowledgement(request);
            answer["note"] = said.clone().into();
            if let Some(results) = answer["results"].as_array_mut() {
                for result in results.iter_mut().step_by(2) {
                    result["status"] = "rejected".into();
                    result["error"] = said.clone().into();
                }
            }
            (200, answer.to_string())
        });
        let repo = repository(world, server.url());
        Self { repo, server, world }
    }

    /// What git tells pre-push.
    fn pushed(&self) -> String {
        let head = self.repo.git(&["rev-parse", "HEAD"]);
        format!("refs/heads/main {} refs/heads/main {}\n", head.line(), "0".repeat(40))
    }

    /// Commits, pushes and every command; what they print is looked at.
    fn work(&self, repo: &Repo<'_>) {
        no_canary(&repo.git(&["commit", "--allow-empty", "-m", "more"]));
        no_canary(&repo.git(&["push", "origin", "main"]));
        for args in COMMANDS {
            no_canary(&repo.stdin(self.pushed()).mission(args));
            if args == &["sync", "bind", "--dry-run"] {
                // A commit after the last flush: the push has something to say.
                no_canary(&repo.git(&["commit", "--allow-empty", "-m", "again"]));
                no_canary(&repo.git(&["push", "origin", "main"]));
            }
        }
        repo.mission(&["install"]).ok();
        no_canary(&repo.mission(&["sync", "enable", "--server", self.server.url(), "--all"]));
        no_canary(&repo.mission(&["sync", "flush"]));
        no_canary(&repo.mission(&["sync", "flush"]));
    }

    /// Every request had it in its one header and nowhere else; no file but these holds it.
    #[track_caller]
    fn nothing_but(&self, allowed: &[&str]) {
        for request in self.server.requests() {
            assert_eq!(request.head.matches(CANARY).count(), 1, "{}", request.head);
            assert_eq!(request.header("authorization"), Some(&*format!("Bearer {CANARY}")));
            assert!(!contains(&request.content), "in the content of a request");
            if request.header("content-encoding").is_some() {
                assert!(!request.unpacked().to_string().contains(CANARY));
            }
        }
        let mut holding = Vec::new();
        files_with_canary(&self.world.path(""), &mut holding);
        let allowed: Vec<_> = allowed.iter().map(|name| self.world.path(name)).collect();
        assert_eq!(holding, allowed);
    }
}

#[track_caller]
fn no_canary(output: &Output) {
    let shown = output.to_string();
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(!output.stderr.contains("internal error"), "{shown}");
}

fn contains(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}

fn files_with_canary(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            files_with_canary(&entry.path(), found);
        } else if kind.is_file() && contains(&std::fs::read(entry.path()).expect("readable")) {
            found.push(entry.path());
        }
    }
}
