//! What the command line itself promises: usage errors, completions, man pages, the columns of a list.

use crate::support::{World, any_git, each_git};

#[test]
fn wrong_usage_is_one_json_document_with_json() {
    let git = any_git();
    let world = World::new(&git);
    let repo = world.init("repo");
    for args in [
        &["list", "--json", "--nonsense"][..],
        &["show", "--json"],
        &["doctor", "--json", "--rev", "HEAD", "--fix"],
        &["gate", "check", "--json", "--kind", "nonsense"],
        &["nonsense", "--json"],
    ] {
        let output = repo.mission(args).exits(2);
        let error = output.json()["error"].clone();
        assert_eq!((error["code"].as_str(), output.stderr.as_str()), (Some("usage"), ""), "{output}");
        let message = error["message"].as_str().expect("a message");
        assert!(!message.is_empty() && !message.starts_with("error"), "{output}");
        assert!(error["hint"].is_string(), "{output}");
    }
    // Without it, and behind `--`, it is a text for people.
    for args in [&["list", "--nonsense"][..], &["create", "--", "--json", "x"]] {
        let output = repo.mission(args).exits(2);
        assert!(output.stdout.is_empty() && output.stderr.starts_with("error: "), "{output}");
    }
    repo.mission(&["list", "--json", "--help"]).ok();
}

#[test]
#[cfg(target_os = "linux")]
fn what_does_not_get_to_stdout_is_an_error_and_a_closed_pipe_is_none() {
    let git = any_git();
    let world = World::new(&git);
    let repo = world.init("repo");
    repo.mission(&["install"]).ok();
    repo.mission(&["create", "One", "--add"]).ok();
    let typed = |line: &str| repo.git(&["-c", &format!("alias.typed=!{line}"), "typed"]);
    for args in ["list", "list --json", "status", "completions bash"] {
        let output = typed(&format!("git-mission {args} >/dev/full")).exits(3);
        assert!(output.stderr.contains("error: standard output cannot be written"), "{output}");
        assert!(output.stderr.contains("caused by: No space left on device"), "{output}");
        let output = typed(&format!("git-mission {args} | :")).ok();
        assert_eq!(output.stderr, "", "{output}");
    }
    // A command that fails ends as it would.
    let output = typed("git-mission show nonsense --json >/dev/full");
    assert_eq!(output.status, repo.mission(&["show", "nonsense", "--json"]).status, "{output}");
    // No commit fails because nobody can see what a hook prints.
    typed(".git/hooks/pre-commit >/dev/full").ok();
}

#[test]
fn hints_of_several_lines_are_several_lines() {
    let git = any_git();
    let world = World::new(&git);
    let repo = world.init("repo");
    repo.ok(&["config", "core.hooksPath", "hooks"]);
    let said = repo.mission(&["install", "--mode", "shim"]).exits(3).stderr;
    assert_eq!(said.lines().filter(|line| line.contains(": ! command -v git-mission")).count(), 6, "{said}");
}

#[test]
fn a_list_shows_where_the_work_stands() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        repo.mission(&["create", "One", "--add"]).ok();
        repo.mission(&["create", "Two", "--add"]).ok();
        let files = repo.ok(&["ls-files", "kitty-specs/one-*/meta.json"]).line().to_owned();
        let row = |id: u8, package: &str, to: &str| {
            format!(
                "{{\"at\": \"2026-01-0{id}\", \"event_id\": \"01KBF5G000000000000000000{id}\", \"to_lane\": \"{to}\", \"wp_id\": \"{package}\"}}\n"
            )
        };
        let log = [row(1, "WP01", "planned"), row(2, "WP02", "planned"), row(3, "WP01", "done")].concat();
        repo.write(&files.replace("meta.json", "status.events.jsonl"), log);
        // In the work tree before it is in a commit.
        for commit in [false, true] {
            if commit {
                repo.ok(&["add", "."]);
                repo.ok(&["commit", "-qm", "work"]);
            }
            let args: &[&str] = if commit { &["list", "--rev", "HEAD"] } else { &["list"] };
            let table = repo.mission(args).ok().stdout;
            let lines: Vec<&str> = table.lines().collect();
            assert!(
                lines[0].contains("TYPE") && lines[0].contains("LANES") && lines[0].ends_with("PATH"),
                "{table}"
            );
            assert!(lines[1].contains("planned 1, done 1  kitty-specs/one-"), "{table}");
            assert!(lines[2].contains("  -   "), "{table}");
            let listing = repo.mission(&[args, &["--json"]].concat()).ok().json();
            assert_eq!(listing["missions"][0]["lanes"], serde_json::json!({"planned": 1, "done": 1}));
            assert_eq!(listing["missions"][1]["lanes"], serde_json::json!({}));
        }
    });
}

#[test]
fn completions_for_every_shell() {
    let git = any_git();
    let world = World::new(&git);
    let anywhere = world.directory("");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = anywhere.mission(&["completions", shell]).ok().stdout;
        assert!(text.contains("git-mission") && text.contains("settle"), "{shell}: {text}");
    }
    anywhere.mission(&["completions", "nonsense"]).exits(2);
    // A shell that is there takes them, and knows the commands.
    let script = "command -v bash >/dev/null || exit 0\n\
        git-mission completions bash >completions && bash -c '. ./completions\n\
        COMP_WORDS=(git-mission set); COMP_CWORD=1\n\
        _git__mission git-mission set git-mission; echo \"${COMPREPLY[*]}\"\n\
        words=(git mission sync fl); cword=3; cur=fl\n\
        _git_mission; echo \"${COMPREPLY[*]}\"'";
    assert_eq!(anywhere.run("sh", &["-c", script]).ok().stdout, "settle\nflush\n", "also as git asks");
}

#[test]
fn git_shows_the_man_page() {
    each_git(|git| {
        let world = World::new(git);
        let anywhere = world.directory("home");
        anywhere.mission(&["man", "share/man/man1"]).ok();
        for page in ["git-mission", "git-mission-install", "git-mission-sync-flush"] {
            let text = anywhere.read(&format!("share/man/man1/{page}.1"));
            assert!(text.contains(".TH") && text.contains(".SH SYNOPSIS"), "{page}: {text}");
        }
        assert!(
            !anywhere.at("share/man/man1/git-mission-hook.1").exists(),
            "what only git calls has no page"
        );
        // `git mission --help` asks for the page of that name; the viewer is ours, for want of a terminal.
        let viewer = anywhere.env("GIT_CONFIG_COUNT", "2");
        let viewer = viewer.env("GIT_CONFIG_KEY_0", "man.viewer").env("GIT_CONFIG_VALUE_0", "shown");
        let viewer = viewer.env("GIT_CONFIG_KEY_1", "man.shown.cmd");
        let viewer = viewer.env("GIT_CONFIG_VALUE_1", "sh -c 'cat \"share/man/man1/$1.1\"' sh");
        let shown = viewer.ok(&["mission", "--help"]);
        assert!(shown.stdout.contains("git\\-mission") && shown.stdout.contains("settle"), "{shown}");
    });
}
