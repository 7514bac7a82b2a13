//! Pull requests and settling, step by step as the forges run them.

use std::collections::BTreeMap;

use super::{run_job, run_step};
use crate::server_hooks::merge_on_forge;
use crate::settlement::{add, bypass, equipped, fleet, numbers};
use crate::support::{Output, Repo, World, each_git};

const CHECK: (&str, &str) = ("docs/forges/github-check.yml", "Check what the pull request adds");
const SETTLE: (&str, &str) = ("docs/forges/github-settle.yml", "Settle and push");
const ASK: (&str, &str) =
    ("docs/forges/github-settle-pull-request.yml", "Settle on a branch and ask for it to be merged");

/// The two forges.
#[derive(Clone, Copy)]
enum Forge {
    GitHub,
    GitLab,
}

impl Forge {
    /// Checks a pull request for a branch, in a checkout of its own, as the forge makes it.
    #[track_caller]
    fn check(self, origin: &Repo<'_>, branch: &str) -> Output {
        let world = origin.world();
        match self {
            Self::GitHub => {
                // Detached at what the merge button would make.
                let tree = origin.ok(&["merge-tree", "--write-tree", "main", branch]).line().to_owned();
                let args = ["commit-tree", "-m", "merge", "-p", "main", "-p", branch, &tree];
                let merge = origin.ok(&args).line().to_owned();
                origin.ok(&["update-ref", "refs/pull/1/merge", &merge]);
                let runner = fresh(world, origin, "check-github");
                runner.ok(&["fetch", "-q", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge"]);
                runner.ok(&["checkout", "-q", "--force", "refs/remotes/pull/1/merge"]);
                run_step(&runner, CHECK.0, CHECK.1, &[("MAIN", "main")])
            }
            Self::GitLab => {
                let runner = fresh(world, origin, "check-gitlab");
                runner.ok(&["checkout", "-q", "--detach", &format!("origin/{branch}")]);
                run_job(&runner, "mission-check", &[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")])
            }
        }
    }

    /// Settles, in a checkout of main.
    #[track_caller]
    fn settle(self, runner: &Repo<'_>) -> Output {
        match self {
            Self::GitHub => run_step(runner, SETTLE.0, SETTLE.1, &[("MAIN", "main")]),
            Self::GitLab => run_job(runner, "mission-settle", &[("CI_DEFAULT_BRANCH", "main")]),
        }
    }
}

/// A clone without hooks, as a runner has it, made anew.
fn fresh<'w>(world: &'w World, origin: &Repo<'_>, name: &str) -> Repo<'w> {
    let _ = std::fs::remove_dir_all(world.path(name));
    world.clone(origin, name)
}

#[test]
fn a_pull_request_is_judged() {
    each_git(|git| {
        for forge in [Forge::GitHub, Forge::GitLab] {
            let world = World::new(git);
            let (origin, ada, _) = fleet(&world);
            add(&ada, "one", "A");
            ada.ok(&["push", "-q", "origin", "main"]);
            ada.ok(&["switch", "-qc", "good"]);
            add(&ada, "two", "B");
            ada.ok(&["push", "-q", "origin", "good"]);
            forge.check(&origin, "good").ok();
            ada.ok(&["switch", "-qc", "bad"]);
            bypass(&ada, "three", "C", "1");
            ada.ok(&["push", "-q", "origin", "bad"]);
            let output = forge.check(&origin, "bad").exits(1);
            assert!(output.stdout.contains("NUMBER_OFF_MAIN"), "{output}");
            if let Forge::GitHub = forge {
                let annotation = "::error file=kitty-specs/three/meta.json,title=NUMBER_OFF_MAIN::";
                assert!(output.stdout.contains(annotation), "{output}");
            }
        }
    });
}

#[test]
fn what_was_merged_is_settled_once() {
    each_git(|git| {
        for forge in [Forge::GitHub, Forge::GitLab] {
            let world = World::new(git);
            let (origin, ada, _) = fleet(&world);
            for (slug, tag) in [("one", "A"), ("two", "B")] {
                ada.ok(&["switch", "-q", "--no-track", "-c", slug, "origin/main"]);
                add(&ada, slug, tag);
                ada.ok(&["push", "-q", "origin", slug]);
                merge_on_forge(&origin, slug, true);
            }
            assert_eq!(numbers(&origin, "main"), "one=- two=-");
            let runner = fresh(&world, &origin, "runner");
            forge.settle(&runner).ok();
            assert_eq!(numbers(&origin, "main"), "one=1 two=2");
            let settled = origin.rev("main");
            forge.settle(&fresh(&world, &origin, "again")).ok();
            assert_eq!(origin.rev("main"), settled, "nothing is left to do");
        }
    });
}

#[test]
fn a_push_that_comes_between_is_settled_too() {
    each_git(|git| {
        for forge in [Forge::GitHub, Forge::GitLab] {
            let world = World::new(git);
            let (origin, ada, _) = fleet(&world);
            bypass(&ada, "one", "A", "null");
            ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
            let runner = fresh(&world, &origin, "runner");
            bypass(&ada, "two", "B", "null");
            // While the job settles, somebody pushes.
            runner.hook(
                "pre-push",
                format!(
                    "#!/bin/sh\n[ -e '{0}' ] && exit 0\n: >'{0}'\nunset GIT_DIR\ncd '{1}' && git push -q --no-verify \
                     origin main\n",
                    world.path("pushed").display(),
                    ada.path().display()
                ),
            );
            let output = forge.settle(&runner).ok();
            assert!(world.path("pushed").exists(), "{output}");
            assert_eq!(numbers(&origin, "main"), "one=1 two=2");
            assert_eq!(origin.ok(&["rev-list", "--count", "--grep=settle", "main"]).line(), "1");
        }
    });
}

#[test]
fn a_bot_keeps_one_pull_request_up_to_date() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, ben) = fleet(&world);
        // The forge's own program, as far as the workflow asks it: how many there are, and one more.
        let asked = world.path("asked");
        world.directory("").write(
            "bin/gh",
            format!(
                "#!/bin/sh\ncase \"$1 $2\" in\n'pr list') if [ -e '{0}' ]; then echo 1; else echo 0; fi ;;\n'pr create') \
                 echo \"$@\" >>'{0}' ;;\n*) exit 9 ;;\nesac\n",
                asked.display()
            ),
        );
        world.directory("").chmod("bin/gh", 0o755);
        let variables = [("MAIN", "main"), ("GH_TOKEN", "none")];
        run_step(&fresh(&world, &origin, "idle"), ASK.0, ASK.1, &variables).ok();
        assert!(!asked.exists(), "nothing to settle, nothing to ask");
        for (slug, tag) in [("one", "B"), ("two", "A")] {
            bypass(&ada, slug, tag, "null");
            ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
            run_step(&fresh(&world, &origin, slug), ASK.0, ASK.1, &variables).ok();
            // The pull request passes, though main has not given these numbers yet.
            for forge in [Forge::GitHub, Forge::GitLab] {
                forge.check(&origin, "mission-settle").ok();
            }
        }
        assert_eq!(std::fs::read_to_string(&asked).expect("a pull request").lines().count(), 1);
        assert_eq!(numbers(&origin, "main"), "one=- two=-");
        assert_eq!(numbers(&origin, "mission-settle"), "one=2 two=1");
        merge_on_forge(&origin, "mission-settle", true);
        ben.ok(&["pull", "-q"]);
        assert_eq!(numbers(&ben, "HEAD"), "one=2 two=1");
        assert_eq!(ben.rev("HEAD"), origin.rev("main"), "ben's hooks have nothing to add");
    });
}

/// What the directory server was told: event type and mission, each with how often.
fn told(world: &World) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    let mut open = vec![world.path("server")];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                for line in std::fs::read_to_string(path).expect("events").lines() {
                    let event: serde_json::Value = serde_json::from_str(line).expect("JSON");
                    let text = |key: &str| event[key].as_str().expect("a text").to_owned();
                    if text("event_type").starts_with("MissionCreated")
                        || text("event_type").starts_with("WP")
                    {
                        *told
                            .entry(format!("{} {}", text("event_type"), text("aggregate_id")))
                            .or_default() += 1;
                    }
                }
            }
        }
    }
    told
}

#[test]
fn squashed_settled_and_told_once() {
    each_git(|git| {
        for forge in [Forge::GitHub, Forge::GitLab] {
            let world = World::new(git);
            let origin = world.bare("origin.git");
            let seed = world.clone(&origin, "seed");
            seed.commit("README.md", "# Product\n");
            seed.ok(&["push", "-q", "origin", "HEAD:main"]);
            origin.mission(&["install", "--server"]).ok();
            let url = format!("file://{}", world.path("server").display());
            let [ada, ben] = ["ada", "ben"].map(|name| {
                let clone = equipped(&world, &origin, name);
                clone.mission(&["sync", "enable", "--server", &url]).ok();
                clone
            });
            // Two branches with missions and work packages; each passes the check, each is squashed.
            for (clone, branch, missions) in
                [(&ada, "ours", ["one", "two"]), (&ben, "theirs", ["three", "four"])]
            {
                clone.ok(&["switch", "-qc", branch]);
                for slug in missions {
                    clone.mission(&["create", slug, "--add"]).ok();
                    let dir = clone.ok(&["diff", "--cached", "--name-only", "--", "kitty-specs/*/meta.json"]);
                    let dir = dir.line().trim_end_matches("/meta.json").to_owned();
                    clone.write(&format!("{dir}/tasks/WP01.md"), format!("# {slug}\n"));
                    clone.ok(&["add", "."]);
                    clone.ok(&["commit", "-qm", slug]);
                }
                clone.ok(&["push", "-q", "origin", branch]);
                forge.check(&origin, branch).ok();
                merge_on_forge(&origin, branch, true);
            }
            let ids = |revision: &str| {
                let list = origin.mission(&["list", "--rev", revision, "--json"]).ok().json();
                let missions = list["missions"].as_array().expect("missions").clone();
                missions
                    .iter()
                    .map(|m| (m["slug"].to_string(), m["mission_id"].to_string()))
                    .collect::<BTreeMap<_, _>>()
            };
            let before = ids("main");
            // Ada pulls what nobody has settled yet, and leaves it to the job.
            ada.ok(&["switch", "-q", "main"]);
            ada.ok(&["pull", "-q"]);
            assert_eq!(ada.rev("HEAD"), origin.rev("main"), "main is simply at what is published");
            let runner = fresh(&world, &origin, "runner");
            runner.ok(&["pull", "-q"]);
            forge.settle(&runner).ok();
            let mut given: Vec<String> = numbers(&origin, "main")
                .split(' ')
                .filter_map(|w| Some(w.split_once('=')?.1.to_owned()))
                .collect();
            given.sort();
            assert_eq!(given, ["1", "2", "3", "4"]);
            assert_eq!(ids("main"), before, "ids stay");
            // Everybody pulls, works on and pushes: nothing is said twice.
            for clone in [&ada, &ben] {
                clone.ok(&["switch", "-q", "main"]);
                clone.ok(&["pull", "-q"]);
                clone.mission(&["sync", "enqueue", "--json"]).ok();
                clone.commit(&format!("notes-{}", clone.path().ends_with("ada")), "more\n");
                clone.ok(&["push", "-q", "origin", "main"]);
                clone.mission(&["sync", "flush"]).ok();
            }
            let told = told(&world);
            assert_eq!(told.len(), 8, "a mission and a work package each: {told:?}");
            assert!(told.values().all(|times| *times == 1), "{told:?}");
        }
    });
}
