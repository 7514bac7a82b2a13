//! Settings that name programs, each with a canary that writes down that it was started: by git, which shows that the
//! trap works, and by us.
//!
//! Where the line is: what a file of a work tree says is nobody's word, wherever git reads it from. What stands in
//! `.git/config` is the user's: no clone brings it along, git itself acts by it, and filters, hooks and signing are what
//! users put there. Even so, commands that only look start no more of it than `git diff` does.

use std::collections::BTreeSet;

use super::commands::{COMMANDS, looks};
use super::{pushed, repository, script, sound};
use crate::support::{Output, Repo, World, any_git, each_git, variable};

/// A repository and the canaries.
struct Trap<'w> {
    repo: Repo<'w>,
    /// What git reads
    config: String,
}

impl<'w> Trap<'w> {
    fn new(world: &'w World) -> Self {
        let repo = repository(world, "repo");
        repo.write("kitty-specs/old/meta.json", "{\"slug\": \"old\", \"feature_number\": \"003\"}\n");
        repo.write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-q", "--no-verify", "-m", "old"]);
        repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9"]).ok();
        let config = settings(&repo);
        Self { repo, config }
    }

    /// Runs a program as a user would who has set no variables; which canaries did it start?
    fn started(&self, program: &str, args: &[&str], stdin: &str) -> (Output, BTreeSet<String>) {
        let log = self.repo.world().path("started");
        let _ = std::fs::remove_file(&log);
        let mut all: Vec<&str> =
            ["GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER"].iter().flat_map(|name| ["-u", name]).collect();
        all.push(program);
        all.extend(args);
        let output = self.repo.stdin(stdin).run("env", &all);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        (output, text.lines().map(str::to_owned).collect())
    }

    fn by_git(&self, args: &[&str]) -> BTreeSet<String> {
        self.started("git", args, "protocol=http\nhost=127.0.0.1\n\n").1
    }

    fn by_us(&self, args: &[&str]) -> BTreeSet<String> {
        // What was touched has to be compared.
        self.repo.run("sh", &["-c", "find . -path ./.git -prune -o -type f -exec touch {} +"]).ok();
        let program = World::mission_program().to_string_lossy();
        let (output, started) = self.started(&program, args, &pushed(&self.repo));
        sound(&output);
        started
    }
}

/// Settings of more than 15 keys, each with a program of its own.
fn settings(repo: &Repo<'_>) -> String {
    let log = repo.world().path("started");
    let canary = |name: &str, then: &str| {
        let text = format!("echo '{name}' >>'{}'\n{then}", log.display());
        script(repo, &repo.world().path("canaries").join(name), &text)
    };
    for hook in [
        "pre-commit",
        "pre-merge-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "post-checkout",
        "post-merge",
        "post-rewrite",
        "pre-push",
        "pre-receive",
        "update",
        "post-receive",
        "post-update",
        "reference-transaction",
        "post-index-change",
        "pre-auto-gc",
        "pre-rebase",
        "applypatch-msg",
        "pre-applypatch",
        "post-applypatch",
        "fsmonitor-watchman",
        "proc-receive",
        "push-to-checkout",
    ] {
        canary(&format!("core.hooksPath/{hook}"), "exit 0");
    }
    let hooks = repo.world().path("canaries/core.hooksPath").to_string_lossy().into_owned();
    let fails = "exit 1";
    let mut all: Vec<(String, String, String)> = Vec::new();
    let mut set = |section: &str, key: &str, value: String| all.push((section.into(), key.into(), value));
    for key in ["pager", "editor"] {
        set("core", key, canary(&format!("core.{key}"), "cat"));
    }
    for key in ["fsmonitor", "sshCommand", "askPass", "gitProxy", "alternateRefsCommand"] {
        set("core", key, canary(&format!("core.{key}"), fails));
    }
    set("core", "hooksPath", hooks);
    for command in ["log", "show", "diff", "config", "for-each-ref"] {
        set("pager", command, canary(&format!("pager.{command}"), "cat"));
    }
    set("sequence", "editor", canary("sequence.editor", "cat"));
    let helper = canary("credential.helper", "echo username=a\necho password=b");
    set("credential", "helper", format!("!{helper}"));
    set("credential \"http://127.0.0.1:9\"", "helper", format!("!{}", canary("credential.URL.helper", "")));
    set("gpg", "program", canary("gpg.program", fails));
    set("gpg \"ssh\"", "program", canary("gpg.ssh.program", fails));
    set("gpg \"ssh\"", "defaultKeyCommand", canary("gpg.ssh.defaultKeyCommand", fails));
    set("commit", "gpgsign", "true".into());
    set("log", "showSignature", "true".into());
    set("filter \"evil\"", "clean", canary("filter.clean", "cat"));
    set("filter \"evil\"", "smudge", canary("filter.smudge", "cat"));
    set("diff", "external", canary("diff.external", ""));
    set("diff \"evil\"", "textconv", canary("diff.textconv", "cat"));
    set("diff \"evil\"", "command", canary("diff.command", ""));
    set("merge \"evil\"", "driver", canary("merge.driver", fails));
    set("merge \"mission-meta\"", "driver", canary("merge.mission-meta.driver", fails));
    set("merge", "default", "evil".into());
    for name in ["x", "rev-parse", "cat-file", "config", "status"] {
        set("alias", name, format!("!{}", canary(&format!("alias.{name}"), "")));
    }
    set("interactive", "diffFilter", canary("interactive.diffFilter", "cat"));
    set("uploadpack", "packObjectsHook", canary("uploadpack.packObjectsHook", "\"$@\""));
    set("remote \"origin\"", "uploadpack", canary("remote.uploadpack", fails));
    set("remote \"origin\"", "receivepack", canary("remote.receivepack", fails));
    set("remote \"ext\"", "url", format!("ext::{} x", canary("protocol.ext", fails)));
    set("protocol \"ext\"", "allow", "always".into());
    set("remote \"ssh\"", "url", "ssh://127.0.0.1/x".into());
    set("ssh", "variant", "simple".into());
    set("remote \"proxied\"", "url", "git://127.0.0.1/x".into());
    set("trailer \"x\"", "command", canary("trailer.command", ""));
    set("hook \"evil\"", "command", canary("hook.command", "exit 0"));
    for hook in ["pre-commit", "post-commit", "reference-transaction", "post-index-change"] {
        set("hook \"evil\"", "event", hook.into());
    }
    set("submodule \"x\"", "update", format!("!{}", canary("submodule.update", "")));
    set("tar \"x\"", "command", canary("tar.command", "cat"));
    let lines = all.iter().map(|(section, key, value)| format!("[{section}]\n\t{key} = \"{value}\"\n"));
    lines.collect::<Vec<_>>().concat()
}

/// Has a file of the work tree read by git, in one of the ways in which it may be.
fn included(trap: &Trap<'_>, how: &str) {
    let repo = &trap.repo;
    repo.write("evil.gitconfig", &trap.config);
    repo.ok(&["add", "evil.gitconfig"]);
    repo.ok(&["commit", "-q", "--no-verify", "-m", "evil"]);
    repo.ok(&["config", how, "../evil.gitconfig"]);
}

#[test]
fn git_itself_falls_into_the_trap() {
    let world = World::new(&any_git());
    let trap = Trap::new(&world);
    trap.repo.write(".git/config", format!("{}{}", trap.repo.read(".git/config"), trap.config));
    trap.repo.write("kitty-specs/more", "more\n");
    let mut started = BTreeSet::new();
    for args in [
        &["add", "."][..],
        &["status"],
        &["diff", "HEAD"],
        &["log", "-p", "--ext-diff"],
        &["log", "-p"],
        &["-p", "log"],
        &["config", "core.editor"],
        &["x"],
        &["commit", "--allow-empty", "--no-gpg-sign"],
        &["commit", "--allow-empty", "-m", "signed"],
        &["-c", "gpg.format=ssh", "commit", "--allow-empty", "-m", "signed"],
        &["archive", "--format=x", "HEAD"],
        &["credential", "fill"],
        &["-c", "credential.helper=", "credential", "fill"],
        &["fetch", "origin"],
        &["push", "origin", "main"],
        &["fetch", "ext"],
        &["fetch", "ssh"],
        &["fetch", "proxied"],
        &["checkout", "HEAD~1", "--", "kitty-specs"],
    ] {
        started.extend(trap.by_git(args));
    }
    let keys: BTreeSet<&str> =
        started.iter().map(|name| name.split('/').next().unwrap_or_default()).collect();
    assert!(keys.len() >= 15, "{keys:?}");
}

#[test]
fn no_program_that_a_file_of_the_work_tree_names() {
    each_git(|git| {
        for how in ["include.path", "includeIf.onbranch:main.path"] {
            let world = World::new(git);
            let trap = Trap::new(&world);
            included(&trap, how);
            assert!(!trap.by_git(&["status"]).is_empty(), "git reads it");
            for args in COMMANDS {
                let started = trap.by_us(args);
                assert_eq!(started, BTreeSet::new(), "{how}: {args:?}");
            }
        }
    });
}

#[test]
fn the_users_own_programs_stay() {
    each_git(|git| {
        let world = World::new(git);
        let trap = Trap::new(&world);
        included(&trap, "include.path");
        let used = world.path("used");
        let mine =
            script(&trap.repo, &world.path("mine"), &format!("echo \"$1\" >>'{}'\ncat", used.display()));
        for key in ["clean", "smudge"] {
            trap.repo.ok(&["config", "--global", &format!("filter.evil.{key}"), &format!("{mine} {key}")]);
        }
        trap.repo.write("kitty-specs/old/meta.json", "{\"slug\": \"old\", \"feature_number\": \"004\"}\n");
        assert_eq!(trap.by_us(&["migrate", "--stage"]), BTreeSet::new());
        let used = std::fs::read_to_string(&used).unwrap_or_default();
        assert!(used.contains("clean"), "the user's filter, not the one of the work tree: {used}");
    });
}

#[test]
fn of_the_repositorys_own_configuration_only_what_writing_takes() {
    each_git(|git| {
        let world = World::new(git);
        let trap = Trap::new(&world);
        let config = format!("{}{}", trap.repo.read(".git/config"), trap.config);
        trap.repo.write(".git/config", config);
        for args in COMMANDS {
            let mut started = trap.by_us(args);
            // The one program that is asked on purpose: who is logged in.
            if args[0] == "sync" || args[0] == "status" || args.starts_with(&["hook", "pre-push"]) {
                started.retain(|name| !name.starts_with("credential."));
            }
            // Whoever compares or writes files of the work tree does so through the filters that are set for them, and
            // whoever writes index, refs and commits is seen by the hooks for that, and signs.
            if !looks(args) {
                started.retain(|name| {
                    !matches!(
                        name.as_str(),
                        "filter.clean"
                            | "filter.smudge"
                            | "core.hooksPath/post-index-change"
                            | "core.hooksPath/reference-transaction"
                            | "hook.command"
                            | "gpg.program"
                    )
                });
            } else if matches!(args[0], "doctor" | "migrate" | "resolve") {
                // Compared as `git diff` does it, which notes in the index what it found unchanged.
                started.retain(|name| name != "filter.clean" && name != "core.hooksPath/post-index-change");
            }
            assert_eq!(started, BTreeSet::new(), "{args:?}");
        }
    });
}

#[test]
fn a_commit_with_hooks_starts_nothing_that_one_without_does_not() {
    each_git(|git| {
        let world = World::new(git);
        let trap = Trap::new(&world);
        // Ours have to run.
        let config = trap
            .config
            .replace("hooksPath", "hooksPathX")
            .replace("gpgsign = \"true\"", "gpgsign = \"false\"");
        trap.repo.write("evil.gitconfig", config);
        trap.repo.ok(&["add", "-A"]);
        trap.repo.ok(&["commit", "-q", "--no-verify", "-m", "evil"]);
        trap.repo.ok(&["config", "include.path", "../evil.gitconfig"]);
        let mut number = 0;
        let mut commit = |hooks: bool| {
            number += 1;
            let name = format!("kitty-specs/new{number}");
            trap.repo.write(&format!("{name}/meta.json"), format!("{{\"slug\": \"new{number}\", \"mission_slug\": \"new{number}\", \"friendly_name\": \"x\", \"mission_type\": \"y\", \"target_branch\": \"main\", \"created_at\": \"2026-01-01T00:00:00Z\"}}"));
            trap.repo.ok(&["add", &name]);
            let switch = if hooks { "GIT_MISSION=1" } else { "GIT_MISSION=0" };
            trap.started("env", &[switch, "git", "commit", "-m", "new"], "")
        };
        let (_, without) = commit(false);
        let (output, with) = commit(true);
        assert!(output.stderr.contains("git-mission: kitty-specs/new2/meta.json"), "the hook ran: {output}");
        // What the hook has written anew git compares anew; that the hook starts no filter is the test before this.
        let more: Vec<_> = with.difference(&without).filter(|name| *name != "filter.clean").collect();
        assert!(more.is_empty(), "{more:?}");
    });
}

/// CVE-2022-41953 and its like: `git` in the work tree.
#[test]
fn no_git_of_the_work_tree() {
    each_git(|git| {
        let world = World::new(git);
        let repo = repository(&world, "repo");
        let log = world.path("started");
        for place in ["git", "git.exe", "node_modules/.bin/git", "node_modules/.bin/sh", "sub/git"] {
            script(&repo, &repo.at(place), &format!("echo {place} >>'{}'", log.display()));
        }
        let path = variable("PATH").unwrap_or_default();
        let path = path.to_string_lossy();
        let bin = world.path("bin");
        let modules = repo.at("node_modules/.bin");
        for search in [
            format!(".:{}:{path}", bin.display()),
            format!(":{}:{path}", bin.display()),
            format!("./node_modules/.bin:{}:{path}", bin.display()),
            format!("{}:{}:{path}", repo.path().display(), bin.display()),
            format!("{}:{}:{path}", modules.display(), bin.display()),
            format!("{}/../repo/node_modules/.bin:{}:{path}", repo.path().display(), bin.display()),
        ] {
            for directory in ["", "sub"] {
                for args in [&["list"][..], &["status"], &["doctor"], &["hook", "pre-commit"], &["settle"]] {
                    let program = World::mission_program().to_string_lossy();
                    let output = repo.cd(directory).env("PATH", &search).run(&*program, args);
                    sound(&output);
                    assert!(!log.exists(), "{search}: {args:?} started {:?}", std::fs::read_to_string(&log));
                }
            }
        }
    });
}

/// A bare repository among the files of a clone, with a configuration of its own: git takes it for what it is.
#[test]
fn no_program_of_a_bare_repository_in_a_work_tree() {
    each_git(|git| {
        let world = World::new(git);
        let trap = Trap::new(&world);
        let repo = &trap.repo;
        repo.ok(&["clone", "-q", "--bare", ".", "docs/site"]);
        repo.write(
            "docs/site/config",
            format!(
                "{}{}\n[mission]\n\tsync = true\n\tserver = http://127.0.0.1:9\n",
                repo.read("docs/site/config"),
                trap.config
            ),
        );
        repo.ok(&["-c", "core.hooksPath=/", "add", "-f", "docs"]);
        let inside = Trap { repo: repo.cd("docs/site"), config: String::new() };
        assert!(!inside.by_git(&["log", "-p", "--ext-diff"]).is_empty(), "git takes it");
        for args in COMMANDS {
            let program = World::mission_program().to_string_lossy();
            let (output, started) = inside.started(&program, args, "");
            sound(&output);
            assert_eq!(started, BTreeSet::new(), "{args:?}: {output}");
        }
        let refused = inside.repo.mission(&["list", "--rev", "HEAD"]).exits(3);
        assert!(refused.stderr.contains("may have brought it along"), "{refused}");
        // Whoever says that it is theirs is believed.
        inside.repo.env("GIT_DIR", ".").mission(&["list", "--rev", "HEAD"]).ok();
        // Submodules and linked work trees are none.
        repo.ok(&["worktree", "add", "-q", "linked"]);
        repo.cd("linked").mission(&["list"]).ok();
        repo.cd(".git/worktrees/linked").mission(&["list", "--rev", "HEAD"]).ok();
    });
}
