//! Installing, uninstalling, and what git does with what is installed.
//!
//! The library is called in a child that sees only the test's world (see [`Answer`]).

mod chaining;
mod configured;
mod merging;
mod naming;
mod places;
mod refusing;
mod restoring;
mod watching;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use git_mission::git::{ConfigEdit, Repo as Library};
use git_mission::install::{self, HOOKS, InstallError, Mode, Options, Report};
use git_mission::merge::Kind;

use crate::support::{Git, Output, Repo, World, each_git};

/// What the child is to do.
const ASK: &str = "TEST_INSTALL_ASK";

/// The file that it answers into.
const ANSWER: &str = "TEST_INSTALL_ANSWER";

/// What the library answered.
#[derive(Debug)]
struct Answer {
    /// Whether it was no error.
    ok: bool,
    /// The changes, states, or the error with its hint.
    text: String,
}

impl Answer {
    #[track_caller]
    fn ok(self) -> String {
        assert!(self.ok, "{}", self.text);
        self.text
    }

    #[track_caller]
    fn fails(self, words: &str) -> String {
        assert!(!self.ok && self.text.contains(words), "{words:?} not in {}", self.text);
        self.text
    }
}

/// Calls the library where `repo` is, in a process with the environment of its world.
#[track_caller]
fn ask(repo: &Repo<'_>, what: &[&str]) -> Answer {
    let file = repo.world().path("tmp/answer");
    let this = std::env::current_exe().expect("the test program");
    repo.env(ASK, what.join("\n"))
        .env(ANSWER, &file)
        .run(this, &["--exact", "install::answering_child", "--test-threads=1"])
        .ok();
    let text = std::fs::read_to_string(&file).expect("an answer");
    let (ok, text) = text.split_once('\n').expect("a first line");
    Answer { ok: ok == "ok", text: text.to_owned() }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own protocol with its child")]
fn answering_child() {
    let (Ok(what), Ok(file)) = (std::env::var(ASK), std::env::var(ANSWER)) else { return };
    let repo = Library::discover(Path::new(".")).expect("a repository");
    let what: Vec<&str> = what.split('\n').collect();
    let options = |program: &str, dry_run| Options { program: program.into(), mode: Mode::Auto, dry_run };
    let answer = match what[..] {
        ["install", program] => {
            install::install(&repo, &options(program, false)).map(|report| lines(&report))
        }
        ["install", program, mode] => {
            let mode = if mode == "config" { Mode::Config } else { Mode::Shim };
            install::install(&repo, &Options { mode, ..options(program, false) }).map(|report| lines(&report))
        }
        ["dry-run", program] => install::install(&repo, &options(program, true)).map(|report| lines(&report)),
        ["uninstall"] => install::uninstall(&repo, false).map(|report| lines(&report)),
        ["purge"] => install::uninstall(&repo, true).map(|report| lines(&report)),
        ["status"] => install::status(&repo).map(|status| states(&status)),
        ["chained", hook] => install::chained(&repo, hook).map(|path| format!("{path:?}")),
        ["set", key, value] => {
            let edit = ConfigEdit::Set { key: key.to_owned(), value: value.to_owned() };
            install::write_settings(&repo, &[edit]).map(|()| String::new())
        }
        ["unset", key] => {
            install::write_settings(&repo, &[ConfigEdit::Unset(key.to_owned())]).map(|()| String::new())
        }
        _ => panic!("{what:?}"),
    };
    let text = match answer {
        Ok(text) => format!("ok\n{text}"),
        Err(error) => format!("error\n{error}\n{}", hint(&error)),
    };
    std::fs::write(file, text).expect("an answer written");
}

fn lines(report: &Report) -> String {
    report.changes.iter().fold(String::new(), |text, change| text + &change.to_string() + "\n")
}

fn hint(error: &InstallError) -> String {
    error.hint().unwrap_or_default()
}

fn states(status: &install::InstallStatus) -> String {
    let mut text = String::new();
    for hook in &status.hooks {
        let chained = match (&hook.chained, hook.chained_runs) {
            (None, _) => "",
            (Some(_), true) => " +chained",
            (Some(_), false) => " +idle",
        };
        let _ = writeln!(text, "{} {:?}{chained}", hook.name, hook.state);
    }
    for driver in &status.drivers {
        let _ = writeln!(text, "driver {} {:?}", driver.driver.0.name(), driver.state);
    }
    for attribute in &status.attributes {
        let _ = writeln!(text, "attribute {} {:?}", attribute.attribute.driver.0.name(), attribute.answer);
    }
    let _ = writeln!(text, "complete {} absent {}", status.is_complete(), status.is_absent());
    text
}

/// Everything in a git directory but what git's own commands write: type, permissions, content.
fn snapshot(git_dir: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut open = vec![git_dir.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("metadata");
            let content = if metadata.is_symlink() {
                std::fs::read_link(&path).expect("a link").to_string_lossy().into_owned().into_bytes()
            } else if metadata.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else {
                std::fs::read(&path).expect("a file")
            };
            all.insert(path.strip_prefix(git_dir).expect("below").to_owned(), (mode(&metadata), content));
        }
    }
    all
}

#[cfg(unix)]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata)
}

#[cfg(not(unix))]
fn mode(metadata: &std::fs::Metadata) -> u32 {
    u32::from(metadata.is_dir())
}

/// Asserts that two snapshots are equal, naming only what differs.
#[track_caller]
fn assert_same(
    before: &BTreeMap<PathBuf, (u32, Vec<u8>)>,
    after: &BTreeMap<PathBuf, (u32, Vec<u8>)>,
    case: &str,
) {
    let names = before.keys().chain(after.keys());
    let shown = |entry: Option<&(u32, Vec<u8>)>| {
        entry.map_or("nothing".to_owned(), |(mode, bytes)| {
            format!("{mode:o} {:?}", String::from_utf8_lossy(bytes))
        })
    };
    let differing: Vec<String> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|n| format!("{}: {} -> {}", n.display(), shown(before.get(n)), shown(after.get(n))))
        .collect();
    assert!(differing.is_empty(), "{case}:\n{}", differing.join("\n"));
}

/// A program that writes what it was called with into `log` and ends with `status`.
fn recorder(world: &World, name: &str, status: u8) -> String {
    let log = world.path("log").display().to_string();
    let script = format!(
        "#!/bin/sh\n{{ printf '[%s]' \"$@\"; printf ' in %s: ' \"$PWD\"; cat; }} >>'{log}'\nexit {status}\n"
    );
    program(world, name, &script)
}

fn program(world: &World, name: &str, script: &str) -> String {
    let directory = world.directory("programs");
    directory.write(name, script);
    directory.chmod(name, 0o755);
    directory.at(name).display().to_string()
}

fn log(world: &World) -> String {
    std::fs::read_to_string(world.path("log")).unwrap_or_default()
}

/// A clone with one mission in one commit, and its origin.
fn with_origin(world: &World) -> (Repo<'_>, Repo<'_>) {
    let origin = world.bare("origin.git");
    let repo = world.clone(&origin, "repo");
    repo.commit(META, "{\n  \"a\": 1\n}\n");
    repo.ok(&["push", "-q", "origin", "HEAD"]);
    (origin, repo)
}

const META: &str = "kitty-specs/a mission's/meta.json";

fn remove_directory(repo: &Repo<'_>, path: &str) {
    let _ = std::fs::remove_dir_all(repo.at(path));
}
