//! More than 500 strings that a terminal, a log or a build server would obey or not show, in every place whose text is
//! printed. What is printed is one's own words and harmless text; what is JSON says the same string in JSON's escapes.

mod list;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{repository, sound};
use crate::server::{Reply, TestServer};
use crate::support::{Listener, Output, Repo, World, any_git};
use list::{harm, naughty};

/// Nothing harmful is in it, and no line of it is a command to a build server.
#[track_caller]
fn harmless(output: &Output) {
    sound(output);
    for text in [&output.stdout, &output.stderr] {
        if let Some(found) = harm(text) {
            panic!("{found} in `{}`: {:?}", output.command, text.chars().take(2000).collect::<String>());
        }
        for line in text.lines() {
            let is_ours =
                ["::error file=kitty-specs/", "::warning file=kitty-specs/", "::notice file=kitty-specs/"];
            let is_command =
                line.trim_start().starts_with("::") && !is_ours.iter().any(|start| line.starts_with(start));
            assert!(!is_command, "{line:?} of `{}`", output.command);
            assert!(!line.starts_with("hint: curl") && !line.starts_with("error: forged"), "{line:?}");
        }
    }
    if output.command.contains("--json") && !output.stdout.is_empty() {
        output.json();
    }
}

/// A few of them, of every kind.
fn some() -> Vec<String> {
    naughty().into_iter().step_by(13).collect()
}

/// What a directory may be called.
fn name_of(at: usize, text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c != '/' && *c != '\0').take(60).collect();
    format!("{at:03}{kept}")
}

fn meta(at: usize, text: &str) -> String {
    json!({
        "created_at": "2026-04-06T05:01:28.874035+00:00",
        "friendly_name": text,
        "mission_id": format!("01KQ47E80Q{at:016}"),
        "mission_number": null,
        "mission_slug": name_of(at, text),
        "mission_type": text,
        "slug": text,
        "target_branch": text,
        "purpose_tldr": text,
        "vcs_locked_at": text,
        text: text,
    })
    .to_string()
}

/// A repository whose every mission says one of the strings wherever it can.
fn haunted(world: &World) -> Repo<'_> {
    let repo = repository(world, "repo");
    for (at, text) in naughty().iter().enumerate() {
        let dir = format!("kitty-specs/{}", name_of(at, text));
        repo.write(&format!("{dir}/meta.json"), meta(at, text));
        if at % 4 == 0 {
            let row = json!({
                "event_id": format!("01ARZ3NDEK{at:016}"), "at": text, "actor": text, "mission_slug": text,
                "wp_id": text, "from_lane": text, "to_lane": "in_progress", "reason": text, text: text,
            });
            repo.write(&format!("{dir}/status.events.jsonl"), format!("{row}\n{row}\n{{ {text}\n"));
            repo.write(
                &format!("{dir}/tasks/WP01-{}.md", name_of(at, text)),
                format!("---\ntitle: {text}\n---\n# {text}\n"),
            );
            repo.write(&format!("{dir}/{}", name_of(at, text)), text);
        }
        if at % 4 == 1 {
            // A key that stands twice is named.
            let key = Value::from(text.as_str());
            repo.write(
                &format!("kitty-specs/x{}/meta.json", name_of(at, text)),
                format!("{{{key}: 1,\n{key}: 2}}"),
            );
        }
        if at % 4 == 2 {
            repo.write(
                &format!("kitty-specs/y{}/meta.json", name_of(at, text)),
                format!("{{ \"a\": 1 {text}"),
            );
        }
    }
    #[cfg(target_os = "linux")]
    for (at, bytes) in list::no_text().into_iter().enumerate() {
        use std::os::unix::ffi::OsStringExt as _;
        let name = std::ffi::OsString::from_vec([b"kitty-specs/z".as_slice(), &bytes].concat());
        let dir = repo.path().join(name);
        std::fs::create_dir(&dir).expect("a directory");
        std::fs::write(dir.join("meta.json"), meta(900 + at, "z")).expect("written");
    }
    repo.ok(&["add", "-A"]);
    repo
}

#[test]
fn there_are_more_than_five_hundred() {
    let all = naughty();
    let different: BTreeSet<&String> = all.iter().collect();
    assert!(different.len() >= 500, "{}", different.len());
    assert!(all.iter().filter(|text| harm(text).is_some()).count() >= 500);
    assert_eq!(harm("plain text, é 日本 ⚠️ e\u{301} # ## [x] ::\n"), None);
}

#[test]
fn in_a_repository() {
    let world = World::new(&any_git());
    let repo = haunted(&world);
    // The hook has a word to say of every one of them.
    harmless(&repo.git(&["commit", "-qm", "refused"]));
    harmless(&repo.mission(&["hook", "pre-commit"]));
    repo.ok(&["commit", "-q", "--no-verify", "-m", "haunted"]);
    repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9", "--all"]);
    let head = repo.head();
    for args in [
        &["list"][..],
        &["list", "--rev", "HEAD"],
        &["status"],
        &["status", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["doctor", "--rev", "HEAD"],
        &["check"],
        &["check", "--json"],
        &["check", "--format", "github"],
        &["settle", "--dry-run"],
        &["settle", "--dry-run", "--json"],
        &["migrate", "--dry-run"],
        &["migrate", "--dry-run", "--json"],
        &["materialize"],
        &["materialize", "--add"],
        &["explain"],
        &["resolve"],
        &["sync", "status"],
        &["sync", "enqueue", "--all", "--json"],
        &["sync", "enqueue", "--worktree"],
        &["sync", "diagnose"],
        &["sync", "diagnose", "--json"],
        &["sync", "flush", "--json"],
        &["sync", "failures"],
        &["sync", "failures", "--json"],
        &["hook", "post-commit"],
        &["hook", "post-merge", "--", "0"],
        &["doctor", "--fix"],
        &["migrate"],
        &["migrate", "--stage", "--json"],
        &["settle", "--commit"],
        &["settle", "--repair", "--json"],
    ] {
        harmless(&repo.mission(args));
    }
    let refs = format!("refs/heads/main {head} refs/heads/main {}\n", "0".repeat(40));
    harmless(&repo.stdin(&refs).mission(&["hook", "pre-push", "--", "origin", "url"]));
    harmless(
        &repo.stdin(format!("{} {head} refs/heads/main\n", "0".repeat(40))).mission(&["hook", "pre-receive"]),
    );
    harmless(&repo.git(&["push", "-q", "origin", "main"]));
}

#[test]
fn json_says_the_same_string() {
    let world = World::new(&any_git());
    let repo = haunted(&world);
    let document = repo.mission(&["list", "--json"]).json();
    let missions = document["missions"].as_array().expect("missions").iter();
    let told: BTreeSet<&str> = missions.filter_map(|mission| mission["friendly_name"].as_str()).collect();
    let wanted = naughty();
    let missing: Vec<&String> = wanted.iter().filter(|text| !told.contains(text.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for text in some() {
        let shown = repo.mission(&["show", &name_of(13, &text), "--json"]);
        harmless(&shown);
    }
    for (at, text) in wanted.iter().enumerate().step_by(11) {
        let output = repo.mission(&["show", &format!("01KQ47E80Q{at:016}"), "--json"]).ok();
        harmless(&output);
        assert_eq!(output.json()["mission"]["friendly_name"], json!(text), "{output}");
        harmless(&repo.mission(&["show", &format!("01KQ47E80Q{at:016}")]).ok());
    }
}

#[test]
fn in_arguments_and_payloads() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    for text in some().iter().filter(|text| !text.contains('\0')) {
        for args in [
            &["show", text.as_str()][..],
            &["show", text, "--json"],
            &["list", "--rev", text],
            &["list", "--json", text],
            &["create", text, "--json"],
            &["create", "x", "--type", text],
            &["explain", text],
            &["explain", "--merge", text, "--json"],
            &["check", "--base", text],
            &["resolve", text],
            &["materialize", text],
            &["doctor", "--fail-on", text],
            &["settle", "--rev", text],
            &["sync", "enable", "--server", text],
            &["sync", "import", text],
            &["hook", text],
            &["hook", "pre-push", "--", text, text],
            &["merge-driver", text],
            &["merge-driver", "meta", "--base", "a", "--ours", text, "--theirs", "c", "--path", text],
            &[text],
        ] {
            harmless(&repo.mission(args));
        }
        let pushed = format!(
            "{text} {0} {text} {0}\nrefs/heads/{text} {0} refs/heads/main {1}\n",
            repo.head(),
            "0".repeat(40)
        );
        harmless(&repo.stdin(&pushed).mission(&["hook", "pre-push", "--", text, text]));
        harmless(&repo.stdin(&pushed).mission(&["hook", "pre-receive"]));
        let payload =
            json!({text.as_str(): text, "event_type": text, "event_id": text, "feature_slug": text});
        for json in [&[][..], &["--json"]] {
            let args = [&["gate", "check", "--kind", "event", "-"], json].concat();
            harmless(&repo.stdin(payload.to_string()).mission(&args));
            harmless(&repo.stdin(format!("{{\"a\": {text}")).mission(&args));
        }
    }
}

#[test]
fn in_settings_and_project_files() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    repo.mission(&["sync", "enable", "--server", "http://127.0.0.1:9"]).ok();
    let config = repo.read(".git/config");
    for (at, text) in some().iter().enumerate() {
        let quoted: String = text
            .chars()
            .filter(|c| *c != '\0')
            .map(|c| match c {
                '\\' => "\\\\".to_owned(),
                '"' => "\\\"".to_owned(),
                '\n' => "\\n".to_owned(),
                c => c.to_string(),
            })
            .collect();
        let keys =
            ["server", "mainBranch", "authority", "settle", "prePush", "pushBudget", "sync", "queueCapacity"];
        let key = keys[at % keys.len()];
        repo.write(
            ".git/config",
            format!("{config}[mission]\n\t{key} = \"{quoted}\"\n[remote \"{quoted}\"]\n\turl = x\n"),
        );
        for args in [
            &["status"][..],
            &["status", "--json"],
            &["doctor"],
            &["settle"],
            &["check"],
            &["sync", "status"],
            &["sync", "bind"],
            &["hook", "pre-commit"],
            &["hook", "post-commit"],
        ] {
            harmless(&repo.mission(args));
        }
        // What a file of the work tree sets is named.
        repo.write("evil\u{202e}.gitconfig", format!("[mission \"{quoted}\"]\n\tserver = x\n"));
        repo.write(".git/config", format!("{config}[include]\n\tpath = ../evil\u{202e}.gitconfig\n"));
        harmless(&repo.mission(&["status"]));
        repo.write(".git/config", &config);
        for yaml in [
            format!("project:\n  uuid: {text}\n"),
            format!("project: {{uuid: {}}}\n", Value::from(text.as_str())),
            format!("{text}: [\n"),
            format!("build: {{id: {}}}\n", Value::from(text.as_str())),
        ] {
            repo.write(".kittify/config.yaml", yaml);
            harmless(&repo.mission(&["sync", "bind", "--dry-run"]));
            harmless(&repo.mission(&["doctor"]));
        }
    }
}

#[test]
fn in_names_of_branches() {
    let world = World::new(&any_git());
    let repo = repository(&world, "repo");
    let head = repo.head();
    let mut tried = 0;
    for text in naughty().iter().step_by(5) {
        let name = format!("refs/heads/b{text}");
        if name.contains('\0')
            || repo.git(&["check-ref-format", &name]).status != 0
            || repo.git(&["update-ref", &name, &head]).status != 0
        {
            continue;
        }
        tried += 1;
        repo.ok(&["symbolic-ref", "HEAD", &name]);
        for args in [&["settle"][..], &["status"], &["check"], &["create", "x"], &["hook", "post-commit"]] {
            harmless(&repo.mission(args));
        }
        repo.ok(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    }
    assert!(tried >= 10, "{tried}");
}

#[test]
fn from_a_server() {
    let world = World::new(&any_git());
    let all = naughty();
    // Each event of a batch is refused in words of its own.
    let server = TestServer::start();
    let words = all.clone();
    server.script(move |asked| {
        let results: Vec<Value> = asked
            .events
            .iter()
            .enumerate()
            .map(|(at, id)| json!({"event_id": id, "status": "rejected", "error": words[at % words.len()]}))
            .collect();
        Some(Reply::new(200, json!({"results": results}).to_string()))
    });
    let repo = repository(&world, "repo");
    for (at, _) in all.iter().enumerate().step_by(2) {
        repo.write(&format!("kitty-specs/one/research/{at}.md"), format!("# {at}\n"));
    }
    repo.write("kitty-specs/one/meta.json", meta(0, "one").replace("null", "5"));
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-q", "--no-verify", "-m", "many"]);
    repo.ok(&["push", "-q", "--no-verify", "origin", "main"]);
    repo.mission(&["sync", "enable", "--server", &server.url(), "--all"]).ok();
    let flush = repo.mission(&["sync", "flush", "--json"]);
    harmless(&flush);
    let errors = flush.json();
    let told: BTreeSet<&str> =
        errors["results"].as_array().expect("results").iter().filter_map(|r| r["error"].as_str()).collect();
    assert!(told.len() > 200, "{}", told.len());
    for args in [
        &["sync", "status"][..],
        &["sync", "failures"],
        &["sync", "failures", "--json"],
        &["sync", "diagnose"],
        &["doctor"],
        &["status"],
    ] {
        harmless(&repo.mission(args));
    }
    // Whole answers, and what stands in their heads.
    for text in some() {
        let words = text.clone();
        let server = Listener::new(move |request| {
            let said = json!({"error": words, "detail": words, "message": words, "error_code": words,
                "candidates": [{"id": words, "name": words, "ref": words}], "match_type": words, words.as_str(): [words]});
            (if request.path().contains("tracker") { 400 } else { 422 }, said.to_string())
        });
        repo.ok(&["config", "mission.server", server.url()]);
        for args in [&["sync", "bind"][..], &["sync", "bind", "--json"], &["sync", "flush"]] {
            harmless(&repo.mission(args));
        }
        repo.mission(&["sync", "retry"]);
        let words = text.replace(['\0', '\r', '\n'], " ");
        let server = crate::server::RawServer::start(move |stream| {
            let head = format!(
                "HTTP/1.1 429 {words}\r\nRetry-After: {words}\r\nContent-Type: {words}\r\nX: {words}\r\nContent-Length: 2\r\n\r\n{{}}"
            );
            crate::server::reply(stream, head.as_bytes());
        });
        repo.ok(&["config", "mission.server", &server.url()]);
        harmless(&repo.mission(&["sync", "flush"]));
        harmless(&repo.mission(&["sync", "bind"]));
    }
    harmless(&repo.mission(&["sync", "failures"]));
}
