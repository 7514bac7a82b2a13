//! Installing, uninstalling, and what git does with what is installed.
//!
//! The library is called in a child that sees only the test's world (see [`Answer`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use git_mission::git::{ConfigEdit, Repo as Library};
use git_mission::install::{self, HOOKS, InstallError, Options, Report};
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
    let options = |program: &str, dry_run| Options { program: program.into(), dry_run };
    let answer = match what[..] {
        ["install", program] => {
            install::install(&repo, &options(program, false)).map(|report| lines(&report))
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

/// A state in which a repository may be found.
type Prepare = fn(&Repo<'_>);

/// States of the files that installing touches. What holds for one holds for all.
const STATES: &[(&str, Prepare)] = &[
    ("as git makes it", |_| {}),
    ("config without a last newline", |r| {
        r.write(".git/config", r.read(".git/config").trim_end());
    }),
    ("config that ends in blank lines", |r| {
        r.write(".git/config", r.read(".git/config") + "\n\n \n");
    }),
    ("config with CRLF, comments and odd indentation", |r| {
        let text = r.read(".git/config").replace('\n', "\r\n") + "# a comment\r\n  [user]\r\nname=x ; y\r\n";
        r.write(".git/config", text);
    }),
    ("config that only its owner may read", |r| r.chmod(".git/config", 0o600)),
    ("config with a section named like ours", |r| {
        r.write(".git/config", r.read(".git/config") + "[merge \"mission-meta2\"]\n\tdriver = false\n");
    }),
    ("no info directory", |r| remove_directory(r, ".git/info")),
    ("no attributes", |r| {
        let _ = std::fs::remove_file(r.at(".git/info/attributes"));
    }),
    ("empty attributes", |r| r.write(".git/info/attributes", "")),
    ("attributes without a last newline", |r| r.write(".git/info/attributes", "*.txt text")),
    ("attributes that are not UTF-8, read-only", |r| {
        r.write(".git/info/attributes", b"\xff\xfe*.x -text\n\n");
        r.chmod(".git/info/attributes", 0o444);
    }),
    ("no hooks directory", |r| remove_directory(r, ".git/hooks")),
    ("core.hooksPath in the git directory", |r| {
        r.ok(&["config", "core.hooksPath", ".git/own/deep/hooks"]);
    }),
    ("every hook is foreign", |r| HOOKS.iter().for_each(|hook| r.hook(hook, "#!/bin/sh\nexit 0\n"))),
    ("a foreign hook that is binary and read-only", |r| {
        r.hook("pre-commit", b"\x7fELF\x00\xff\xfe");
        r.chmod(".git/hooks/pre-commit", 0o555);
    }),
    ("a foreign hook that is not executable", |r| {
        r.write(".git/hooks/pre-push", "#!/bin/sh\nexit 1\n");
        r.chmod(".git/hooks/pre-push", 0o640);
    }),
    #[cfg(unix)]
    ("foreign hooks that are links", |r| {
        r.hook("shared-hook", "#!/bin/sh\nexit 0\n");
        for (hook, target) in [("post-merge", "shared-hook"), ("pre-push", "/nowhere/at/all")] {
            std::os::unix::fs::symlink(target, r.at(".git/hooks").join(hook)).expect("a link");
        }
    }),
];

fn remove_directory(repo: &Repo<'_>, path: &str) {
    let _ = std::fs::remove_dir_all(repo.at(path));
}

#[test]
fn uninstalling_puts_every_byte_back() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        for (number, (case, prepare)) in STATES.iter().enumerate() {
            let repo = world.init(&format!("repo{number}"));
            prepare(&repo);
            let git_dir = repo.at(".git");
            let before = snapshot(&git_dir);

            ask(&repo, &["install", &program]).ok();
            let installed = snapshot(&git_dir);
            assert!(ask(&repo, &["status"]).ok().contains("complete true absent false"), "{case}");

            assert_eq!(ask(&repo, &["install", &program]).ok(), "", "{case}: installing again");
            assert_same(&installed, &snapshot(&git_dir), &format!("{case}: installing again"));

            ask(&repo, &["uninstall"]).ok();
            assert_same(&before, &snapshot(&git_dir), &format!("{case}: uninstalling"));
            assert_eq!(ask(&repo, &["uninstall"]).ok(), "", "{case}: uninstalling again");
            assert_same(&before, &snapshot(&git_dir), &format!("{case}: uninstalling again"));
        }
    });
}

#[test]
fn uninstalling_without_the_ledger_removes_what_is_ours() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\nexit 0\n");
        repo.write(".git/info/attributes", "*.txt text\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).ok();
        remove_directory(&repo, ".git/mission");
        ask(&repo, &["uninstall"]).ok();
        assert_same(&before, &snapshot(&repo.at(".git")), "without the ledger");
    });
}

#[test]
fn a_dry_run_lists_everything_and_changes_nothing() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        remove_directory(&repo, ".git/info");
        repo.hook("pre-push", "#!/bin/sh\n");
        let before = snapshot(&repo.at(".git"));
        let listed = ask(&repo, &["dry-run", &program]).ok();
        assert_same(&before, &snapshot(&repo.at(".git")), "a dry run");

        for words in
            ["mission/install/ledger.json", "make directory", "info/attributes", "pre-push.mission-chained"]
        {
            assert!(listed.contains(words), "{words} in {listed}");
        }
        for hook in HOOKS {
            assert!(
                listed.lines().any(|l| l.starts_with("write ") && l.ends_with(&format!("/{hook}"))),
                "{listed}"
            );
        }
        let driver = listed.find("set merge.mission-meta.driver = '").expect("the driver");
        let name = listed.find("set merge.mission-meta.name = ").expect("the name");
        assert!(driver < name, "{listed}");
        assert_eq!(ask(&repo, &["install", &program]).ok(), listed);
    });
}

#[test]
fn what_others_changed_since_stays() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        let config = repo.read(".git/config");
        ask(&repo, &["install", &program]).ok();
        repo.ok(&["config", "user.nickname", "me"]);
        repo.write(".git/info/attributes", repo.read(".git/info/attributes") + "*.mine text\n");
        repo.write(".git/hooks/commit-msg", "#!/bin/sh\n");
        let listed = ask(&repo, &["uninstall"]).ok();
        assert!(listed.contains("remove our lines from"), "{listed}");

        assert_eq!(repo.read(".git/config"), config + "[user]\n\tnickname = me\n");
        assert_eq!(repo.read(".git/info/attributes"), "*.mine text\n");
        assert!(repo.at(".git/hooks/commit-msg").exists());
        assert!(!repo.at(".git/mission").exists());
        assert!(ask(&repo, &["status"]).ok().contains("complete false absent true"));
    });
}

#[test]
fn installing_over_the_changes_of_others_keeps_them() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        ask(&repo, &["install", &program]).ok();
        repo.ok(&["config", "user.nickname", "me"]);
        repo.write(".git/info/attributes", "*.mine text\n");
        ask(&repo, &["install", &program]).ok();
        assert_eq!(ask(&repo, &["install", &program]).ok(), "");
        assert!(repo.read(".git/info/attributes").starts_with("*.mine text\n# >>> "));
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(repo.ok(&["config", "user.nickname"]).line(), "me");
        assert_eq!(repo.git(&["config", "--get-regexp", "^merge[.]"]).stdout, "");
        assert_eq!(repo.read(".git/info/attributes"), "*.mine text\n");
    });
}

#[test]
fn settings_of_ours_do_not_count_as_changes_of_others() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        repo.ok(&["config", "mission.server", "https://example.com"]);
        repo.write(".git/config", repo.read(".git/config") + "\n\n");
        let before = snapshot(&repo.at(".git"));

        ask(&repo, &["install", &program]).ok();
        ask(&repo, &["set", "mission.sync", "true"]).ok();
        ask(&repo, &["set", "mission.server", "https://example.org"]).ok();
        assert_eq!(repo.ok(&["config", "mission.sync"]).line(), "true");
        ask(&repo, &["uninstall"]).ok();
        assert_same(&before, &snapshot(&repo.at(".git")), "after settings");

        // Where somebody else wrote too, the keys that we added still go; the one that was there stays.
        ask(&repo, &["install", &program]).ok();
        repo.ok(&["config", "user.nickname", "me"]);
        ask(&repo, &["set", "mission.sync", "true"]).ok();
        ask(&repo, &["set", "mission.pushBudget", "1"]).ok();
        ask(&repo, &["unset", "mission.pushBudget"]).ok();
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(
            repo.git(&["config", "--get-regexp", "^(mission|merge)[.]"]).stdout,
            "mission.server https://example.com\n"
        );
        assert_eq!(repo.ok(&["config", "user.nickname"]).line(), "me");

        // Where nothing is installed, it is only an edit.
        ask(&repo, &["set", "mission.sync", "false"]).ok();
        assert_eq!(repo.ok(&["config", "mission.sync"]).line(), "false");
        assert!(!repo.at(".git/mission").exists());
    });
}

#[test]
fn another_program_renews_shims_and_driver() {
    each_git(|git| {
        let world = World::new(git);
        let (old, new) = (recorder(&world, "old", 0), recorder(&world, "it's 100% $new/git-mission", 0));
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\nexit 0\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &old]).ok();
        std::fs::remove_file(&old).expect("removed");
        let status = ask(&repo, &["status"]).ok();
        assert!(status.contains("pre-commit ProgramMissing +chained"), "{status}");
        assert!(status.contains("driver meta ProgramMissing"), "{status}");

        let listed = ask(&repo, &["install", &new]).ok();
        assert!(!listed.contains("rename") && !listed.contains("attributes"), "{listed}");
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "one"]);
        let directory = repo.path().display().to_string();
        let ran = log(&world);
        assert!(
            ran.contains(&format!("[hook][pre-commit][--shim-version][1][--] in {directory}: ")),
            "{ran}"
        );
        assert!(ran.contains("[hook][post-commit]"), "{ran}");

        // Not executable: git would ignore it.
        repo.chmod(".git/hooks/post-commit", 0o644);
        assert!(ask(&repo, &["status"]).ok().contains("post-commit Outdated"));
        assert!(ask(&repo, &["install", &new]).ok().ends_with("/post-commit\n"));

        let after = |path: &str| before.get(Path::new(path)).cloned();
        ask(&repo, &["uninstall"]).ok();
        let now = snapshot(&repo.at(".git"));
        for path in ["config", "hooks/pre-commit", "hooks/post-commit", "info/attributes"] {
            assert_eq!(now.get(Path::new(path)).cloned(), after(path), "{path}");
        }
    });
}

#[test]
fn programs_that_a_hook_cannot_name_are_refused() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let before = snapshot(&repo.at(".git"));
        for program in ["git-mission", "./git-mission", "/a\u{7}b", ""] {
            ask(&repo, &["install", program]).fails("a hook cannot name the program");
        }
        assert_same(&before, &snapshot(&repo.at(".git")), "refused");
    });
}

#[test]
fn directories_of_others_are_refused_with_the_lines_to_add() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let shared = world.path("shared-hooks").display().to_string();
        let cases = [("in-tree", "tracked", "the work tree"), ("shared", &shared, "other repositories")];
        for (name, path, words) in cases {
            let repo = world.init(name);
            repo.ok(&["config", "core.hooksPath", path]);
            let before = snapshot(repo.path());
            let said = ask(&repo, &["install", &program]).fails(words);
            assert!(said.contains("git-mission hook pre-push --shim-version 1 -- \"$@\""), "{said}");
            assert_same(&before, &snapshot(repo.path()), name);
            assert!(ask(&repo, &["status"]).ok().contains("pre-push Missing"));

            // The lines that the hint names, added by hand, are enough.
            for line in said.lines().filter(|line| line.contains(": ! command")) {
                let (file, line) = line.trim().split_once(": ").expect("a file and a line");
                repo.hook(file.rsplit('/').next().expect("a name"), format!("#!/bin/sh\n{line}\n"));
            }
            let by_hand = snapshot(&repo.at(".git"));
            ask(&repo, &["install", &program]).ok();
            let status = ask(&repo, &["status"]).ok();
            assert!(status.contains("pre-push CallsUs") && status.contains("complete true"), "{status}");
            repo.ok(&["commit", "-q", "--allow-empty", "-m", "the lines work"]);
            let nowhere = repo.env("PATH", std::env::join_paths(["/bin", "/usr/bin"]).expect("a path"));
            nowhere.ok(&["commit", "-q", "--allow-empty", "-m", "also without git-mission"]);
            ask(&repo, &["uninstall"]).ok();
            let now = snapshot(&repo.at(".git"));
            assert_eq!(by_hand.get(Path::new("config")), now.get(Path::new("config")));
        }
    });
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_git_directory_are_seen_through() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        remove_directory(&repo, ".git/hooks");
        repo.write("githooks/README", "tracked\n");
        std::os::unix::fs::symlink("../githooks", repo.at(".git/hooks")).expect("a link");
        ask(&repo, &["install", &program]).fails("the work tree");
        std::fs::remove_file(repo.at(".git/hooks")).expect("removed");

        std::fs::create_dir_all(repo.at(".git/info")).expect("a directory");
        std::os::unix::fs::symlink("../../attributes", repo.at(".git/info/attributes")).expect("a link");
        ask(&repo, &["install", &program]).fails("is a link or no file");
        assert!(!repo.at(".git/hooks").exists() && !repo.at(".git/mission").exists());
    });
}

#[test]
fn husky_keeps_its_own_files_one_level_up() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.ok(&["config", "core.hooksPath", ".husky/_"]);
        let said = ask(&repo, &["install", "/nowhere/git-mission"]).fails("the work tree");
        assert!(said.contains("/.husky/pre-commit: "), "{said}");
        for hook in HOOKS {
            repo.write(&format!(".husky/{hook}"), format!("git mission hook {hook} -- \"$@\"\n"));
        }
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("pre-push CallsUs"));
    });
}

#[test]
fn a_foreign_hook_runs_also_when_the_program_is_missing() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, repo) = with_origin(&world);
        let tip = repo.head();
        for (status, pushed) in [(3, false), (0, true)] {
            let script = std::fs::read(recorder(&world, "hook", status)).expect("a script");
            repo.hook("pre-push", &script);
            ask(&repo, &["install", "/nowhere/git-mission"]).ok();
            let output = repo.git(&["push", "origin", "HEAD:refs/heads/new"]);
            assert_eq!(output.status == 0, pushed, "{output}");
            assert_eq!(output.stderr.matches("/nowhere/git-mission is missing").count(), 1, "{output}");
            let url = origin.path().display().to_string();
            let zeros = "0".repeat(40);
            let expected =
                format!("[origin][{url}] in {}: HEAD {tip} refs/heads/new {zeros}\n", repo.path().display());
            assert_eq!(log(&world), expected);
            std::fs::remove_file(world.path("log")).expect("removed");
            ask(&repo, &["uninstall"]).ok();
            assert!(!repo.at(".git/hooks/pre-push.mission-chained").exists());
        }
    });
}

#[test]
fn without_program_and_foreign_hook_nothing_stands_in_the_way() {
    each_git(|git| {
        let world = World::new(git);
        let (_, repo) = with_origin(&world);
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        repo.write(".git/hooks/pre-commit.mission-chained", "#!/bin/sh\nexit 1\n");
        let output = repo.ok(&["commit", "-q", "--allow-empty", "-m", "two"]);
        assert_eq!(output.stderr.lines().count(), 2, "one line for each of two hooks: {output}");
        let output = repo.ok(&["push", "-q", "origin", "HEAD"]);
        assert_eq!(output.stderr.lines().count(), 1, "{output}");
    });
}

#[test]
fn the_program_gets_arguments_and_stdin_and_decides() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, repo) = with_origin(&world);
        let program = recorder(&world, "git-mission", 1);
        ask(&repo, &["install", &program]).ok();
        let output = repo.git(&["push", "origin", "HEAD:refs/heads/new"]);
        assert_ne!(output.status, 0, "{output}");
        let expected = format!(
            "[hook][pre-push][--shim-version][1][--][origin][{}] in {}: HEAD {} refs/heads/new {}\n",
            origin.path().display(),
            repo.path().display(),
            repo.head(),
            "0".repeat(40)
        );
        assert_eq!(log(&world), expected);
    });
}

#[test]
fn chained_names_only_what_git_would_have_run() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\nexit 0\n");
        repo.write(".git/hooks/pre-push", "#!/bin/sh\nexit 0\n");
        repo.chmod(".git/hooks/pre-push", 0o644);
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        let expected = repo.at(".git/hooks/pre-commit.mission-chained");
        assert_eq!(ask(&repo, &["chained", "pre-commit"]).ok(), format!("{:?}", Some(expected)));
        assert_eq!(ask(&repo, &["chained", "pre-push"]).ok(), "None");
        assert_eq!(ask(&repo, &["chained", "post-merge"]).ok(), "None");
        let status = ask(&repo, &["status"]).ok();
        assert!(status.contains("pre-push ProgramMissing +idle\n"), "{status}");

        // A shim behind a shim would start us for ever.
        std::fs::copy(repo.at(".git/hooks/post-merge"), repo.at(".git/hooks/post-merge.mission-chained"))
            .expect("a copy");
        assert_eq!(ask(&repo, &["chained", "post-merge"]).ok(), "None");

        // A program in the work tree is none that we start.
        repo.ok(&["config", "core.hooksPath", "hooks"]);
        repo.hook("pre-commit.mission-chained", "#!/bin/sh\n");
        assert_eq!(ask(&repo, &["chained", "pre-commit"]).ok(), "None");
    });
}

#[test]
fn a_tool_that_replaces_a_shim_loses_nothing_and_neither_do_we() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let program = recorder(&world, "git-mission", 0);
        repo.hook("pre-commit", "#!/bin/sh\n# theirs\n");
        ask(&repo, &["install", &program]).ok();

        // The same hook again: it is chained already.
        std::fs::remove_file(repo.at(".git/hooks/pre-commit")).expect("removed");
        repo.hook("pre-commit", "#!/bin/sh\n# theirs\n");
        assert!(ask(&repo, &["status"]).ok().contains("pre-commit Foreign +chained"));
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        assert!(repo.read(".git/hooks/pre-commit.mission-chained").contains("# theirs"));

        // A new one: neither may be lost, so neither is touched.
        std::fs::remove_file(repo.at(".git/hooks/pre-commit")).expect("removed");
        repo.hook("pre-commit", "#!/bin/sh\n# new\n");
        let before = snapshot(&repo.at(".git"));
        let said = ask(&repo, &["install", &program]).fails("was replaced by another tool");
        assert!(said.contains("git mission install"), "{said}");
        assert_same(&before, &snapshot(&repo.at(".git")), "refused");
        let listed = ask(&repo, &["uninstall"]).ok();
        assert!(listed.contains("leave ") && listed.contains("pre-commit.mission-chained"), "{listed}");
        assert!(repo.read(".git/hooks/pre-commit").contains("# new"));
        assert!(repo.read(".git/hooks/pre-commit.mission-chained").contains("# theirs"));

        // Nothing chained: a hook that replaced a shim is chained like any other.
        ask(&world.init("other"), &["install", &program]).ok();
        let other = world.directory("other");
        std::fs::remove_file(other.at(".git/hooks/pre-commit")).expect("removed");
        other.hook("pre-commit", "#!/bin/sh\n# new\n");
        ask(&other, &["install", &program]).ok();
        assert!(other.read(".git/hooks/pre-commit.mission-chained").contains("# new"));
    });
}

#[test]
fn an_edited_shim_is_kept_aside() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        for action in ["install", "uninstall"] {
            let repo = world.init(action);
            ask(&repo, &["install", &program]).ok();
            let edited = repo.read(".git/hooks/pre-push") + "echo mine\n";
            repo.write(".git/hooks/pre-push", &edited);
            assert!(ask(&repo, &["status"]).ok().contains("pre-push Edited"));
            if action == "install" {
                ask(&repo, &["install", &program]).ok();
                assert!(ask(&repo, &["status"]).ok().contains("complete true"));
            } else {
                ask(&repo, &["uninstall"]).ok();
                assert!(!repo.at(".git/hooks/pre-push").exists());
            }
            assert_eq!(repo.read(".git/hooks/pre-push.mission-edited"), edited);
        }
    });
}

#[test]
fn shims_of_another_version_are_outdated() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        ask(&repo, &["install", &program]).ok();
        repo.hook("pre-push", "#!/bin/sh\n# git-mission shim 0: pre-push.\nexit 0\n");
        assert!(ask(&repo, &["status"]).ok().contains("pre-push Outdated"));
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
    });
}

#[test]
fn a_locked_configuration_stops_everything() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        remove_directory(&repo, ".git/hooks");
        repo.write(".git/config.lock", "");
        let before = snapshot(&repo.at(".git"));
        let said = ask(&repo, &["install", &program]).fails("config.lock");
        assert!(said.contains("another process holds"), "{said}");
        assert_same(&before, &snapshot(&repo.at(".git")), "locked");

        std::fs::remove_file(repo.at(".git/config.lock")).expect("removed");
        ask(&repo, &["install", &program]).ok();
        repo.write(".git/config.lock", "");
        let said = ask(&repo, &["uninstall"]).fails("config.lock");
        assert!(
            said.contains("done before: remove ") && said.contains("run the same command again"),
            "{said}"
        );
        std::fs::remove_file(repo.at(".git/config.lock")).expect("removed");
        ask(&repo, &["uninstall"]).ok();
        std::fs::write(repo.at(".git/config.lock"), "").expect("written");
        assert_same(&before, &snapshot(&repo.at(".git")), "uninstalled in two goes");
    });
}

#[test]
fn what_was_done_before_a_failing_step_is_undone() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        let repo = world.init("repo");
        repo.hook("post-commit", "#!/bin/sh\n# theirs\n");
        // The attributes cannot be written: a file is where their directory should be.
        remove_directory(&repo, ".git/info");
        repo.write(".git/info", "no directory\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).fails("info");
        assert_same(&before, &snapshot(&repo.at(".git")), "attributes failed");
        std::fs::remove_file(repo.at(".git/info")).expect("removed");

        // Nor can the hooks.
        remove_directory(&repo, ".git/hooks");
        repo.write(".git/hooks", "no directory\n");
        let before = snapshot(&repo.at(".git"));
        ask(&repo, &["install", &program]).fails("hooks");
        assert_same(&before, &snapshot(&repo.at(".git")), "hooks failed");
    });
}

#[test]
fn a_killed_installation_is_finished_or_taken_back() {
    each_git(|git| {
        let world = World::new(git);
        let program = recorder(&world, "git-mission", 0);
        for finish in [true, false] {
            let repo = world.init(if finish { "finish" } else { "back" });
            repo.hook("pre-push", "#!/bin/sh\n# theirs\n");
            let before = snapshot(&repo.at(".git"));
            ask(&repo, &["install", &program]).ok();
            let complete = snapshot(&repo.at(".git"));

            // As if killed between giving the foreign hook its second name and writing the shim.
            std::fs::remove_file(repo.at(".git/hooks/pre-push")).expect("removed");
            std::fs::hard_link(
                repo.at(".git/hooks/pre-push.mission-chained"),
                repo.at(".git/hooks/pre-push"),
            )
            .expect("a second name");
            std::fs::remove_file(repo.at(".git/hooks/post-merge")).expect("removed");
            for directory in ["hooks", "info", "mission/install"] {
                repo.write(&format!(".git/{directory}/.mission-tmp-Xy12Zz"), "half a f");
            }
            if finish {
                ask(&repo, &["install", &program]).ok();
                assert_same(&complete, &snapshot(&repo.at(".git")), "finished");
            }
            ask(&repo, &["uninstall"]).ok();
            assert_same(&before, &snapshot(&repo.at(".git")), "taken back");
        }
    });
}

#[test]
fn a_newer_ledger_is_not_touched() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        let path = ".git/mission/install/ledger.json";
        repo.write(path, "{\"version\": 2}\n");
        for action in [&["install", "/nowhere/git-mission"][..], &["uninstall"]] {
            ask(&repo, action).fails("is of version 2");
        }
        assert_eq!(repo.read(path), "{\"version\": 2}\n");
        repo.write(path, "{\"version\": 1}\n");
        ask(&repo, &["uninstall"]).fails("cannot read");
    });
}

#[test]
fn the_queue_stays_unless_purged() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        repo.write(".git/mission/queue.db", "rows");
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(repo.read(".git/mission/queue.db"), "rows");
        assert!(!repo.at(".git/mission/install").exists());
        repo.write(".git/worktrees/w/mission/build-id", "id");
        ask(&repo, &["purge"]).ok();
        assert!(!repo.at(".git/mission").exists() && !repo.at(".git/worktrees/w/mission").exists());
    });
}

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

/// A clone with one mission in one commit, and its origin.
fn with_origin(world: &World) -> (Repo<'_>, Repo<'_>) {
    let origin = world.bare("origin.git");
    let repo = world.clone(&origin, "repo");
    repo.commit(META, "{\n  \"a\": 1\n}\n");
    repo.ok(&["push", "-q", "origin", "HEAD"]);
    (origin, repo)
}

const META: &str = "kitty-specs/a mission's/meta.json";

/// A repository in which merging `theirs` needs the driver, with this program installed.
fn diverged<'w>(world: &'w World, name: &str, program: &str) -> Repo<'w> {
    let repo = world.init(name);
    repo.commit(META, "{\n  \"a\": 1\n}\n");
    repo.ok(&["switch", "-q", "-c", "theirs"]);
    repo.commit(META, "{\n  \"a\": \"theirs\"\n}\n");
    repo.ok(&["switch", "-q", "main"]);
    repo.commit(META, "{\n  \"a\": \"ours\"\n}\n");
    ask(&repo, &["install", program]).ok();
    repo
}

/// Asserts that a merge stopped at a conflict that holds both sides between markers.
#[track_caller]
fn assert_both_sides(repo: &Repo<'_>, merge: &Output, case: &str) {
    assert_eq!(merge.status, 1, "{case}: {merge}");
    let text = repo.read(META);
    for words in ["<<<<<<< ", "\"ours\"", "=======", "\"theirs\"", ">>>>>>> "] {
        assert!(text.contains(words), "{case}: {words} in {text}");
    }
    assert_eq!(repo.ok(&["ls-files", "-u"]).stdout.lines().count(), 3, "{case}: unmerged");
}

#[test]
fn a_driver_that_dies_leaves_both_sides() {
    each_git(|git| {
        let world = World::new(git);
        let dying = [
            ("missing", None),
            ("not a program", Some("")),
            ("panics", Some("exit 101")),
            ("wrong usage", Some("exit 2")),
            ("killed", Some("kill -SEGV $$")),
            ("128", Some("exit 128")),
        ];
        for (case, script) in dying {
            let path = match script {
                None => "/nowhere/it's 100%P gone/git-mission".to_owned(),
                Some("") => {
                    let path = program(&world, "nothing", "");
                    world.directory("programs").chmod("nothing", 0o644);
                    path
                }
                // Hooks are not what this is about.
                Some(script) => program(
                    &world,
                    &format!("{case}/git-mission"),
                    &format!("#!/bin/sh\n[ \"$1\" = hook ] && exit 0\n{script}\n"),
                ),
            };
            let repo = diverged(&world, &format!("repo {case}"), &path);
            let merge = repo.git(&["merge", "theirs"]);
            assert_both_sides(&repo, &merge, case);
        }
    });
}

#[test]
fn a_driver_that_lives_decides() {
    each_git(|git| {
        let world = World::new(git);
        // The path has everything that a shell, git or its configuration could trip over.
        let name = "it's \"100%P\" of; $HOME #/git-mission";
        let script = |end: &str| format!("#!/bin/sh\n[ \"$1\" = hook ] && exit 0\n{end}\n");

        let seen = world.path("seen").display().to_string();
        let merged = program(
            &world,
            name,
            &script(&format!("printf '[%s]' \"$@\" >'{seen}'; echo merged >\"$6\"; exit 0")),
        );
        let repo = diverged(&world, "merged", &merged);
        repo.ok(&["merge", "-q", "theirs"]);
        assert_eq!(repo.show(&format!("HEAD:{META}")), "merged\n");
        let seen = std::fs::read_to_string(seen).expect("arguments");
        assert!(seen.starts_with("[merge-driver][meta][--base]["), "{seen}");
        assert!(seen.contains(&format!("[--marker-size][7][--path][{META}][--label-base][")), "{seen}");
        assert_eq!(
            seen.contains("[--label-ours][%X][--label-theirs][%Y]"),
            !git.is_at_least(2, 44),
            "{seen}"
        );

        let conflict = program(&world, name, &script("echo '<<<<<<< mine' >\"$6\"; exit 1"));
        let repo = diverged(&world, "conflict", &conflict);
        repo.git(&["merge", "theirs"]).exits(1);
        assert_eq!(repo.read(META), "<<<<<<< mine\n");

        // Newer git stops the whole merge; older git takes it for a conflict, and must find one.
        let broken = program(&world, name, &script("exit 255"));
        let repo = diverged(&world, "broken", &broken);
        let merge = repo.git(&["merge", "theirs"]);
        if git.is_at_least(2, 47) {
            assert!(merge.status > 1, "{merge}");
            assert_eq!((repo.status(), repo.read(META)), (String::new(), repo.show(&format!("HEAD:{META}"))));
        } else if repo.status().is_empty() {
            assert_eq!(repo.read(META), repo.show(&format!("HEAD:{META}")), "{merge}");
        } else {
            assert_both_sides(&repo, &merge, "255 taken for a conflict");
        }
    });
}

#[test]
fn only_the_files_of_missions_have_drivers() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        ask(&repo, &["install", "/nowhere/git-mission"]).ok();
        // The lines of other tools in the work tree lose against ours.
        repo.write(".gitattributes", "kitty-specs/**/meta.json merge=spec-kitty-meta\n");
        let answer = |path: &str| {
            let said = repo.ok(&["check-attr", "merge", "--", path]).stdout;
            said.trim_end().rsplit(": ").next().map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(answer("kitty-specs/a/meta.json"), "mission-meta");
        assert_eq!(answer("kitty-specs/a/b/meta.json"), "spec-kitty-meta");
        assert_eq!(answer("kitty-specs/meta.json"), "spec-kitty-meta");
        assert_eq!(answer("deep/kitty-specs/a/meta.json"), "unspecified");
        for log in ["status.events.jsonl", "decisions.events.jsonl", "mission-events.jsonl"] {
            assert_eq!(answer(&format!("kitty-specs/a/{log}")), "mission-event-log");
            assert_eq!(answer(&format!("kitty-specs/a/b/{log}")), "unspecified");
        }
        assert_eq!(Kind::ALL.len(), 2, "another driver needs its own line here");
    });
}

#[test]
fn status_names_a_section_that_breaks_every_merge() {
    each_git(|git: &Git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.ok(&["config", "merge.mission-meta.name", "no driver"]);
        assert!(ask(&repo, &["status"]).ok().contains("driver meta Fatal"));
        repo.ok(&["config", "merge.mission-meta.driver", "true"]);
        assert!(ask(&repo, &["status"]).ok().contains("driver meta Outdated"));
        let program = recorder(&world, "git-mission", 0);
        ask(&repo, &["install", &program]).ok();
        assert!(ask(&repo, &["status"]).ok().contains("complete true"));
        ask(&repo, &["uninstall"]).ok();
        assert_eq!(repo.git(&["config", "--get-regexp", "^merge[.]"]).stdout, "");
    });
}
