//! A temporary directory with its own home, configuration, git and calendar.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use super::git::variable;
use super::{Git, Output, Repo};

/// The program under test.
const GIT_MISSION: &str = env!("CARGO_BIN_EXE_git-mission");
/// Seconds since 1970 of the first command in a world: 2026-01-01T00:00:00Z.
const FIRST_SECOND: u64 = 1_767_225_600;
/// The user's configuration in a world.
const CONFIG: &str = "\
[init]
\tdefaultBranch = main
[protocol \"file\"]
\tallow = always
[gc]
\tauto = 0
[maintenance]
\tauto = false
";

/// Everything a test sees of the machine. Gone when it is dropped.
pub(crate) struct World {
    directory: TempDir,
    git: Git,
    commands: AtomicU64,
}

impl World {
    /// An empty world in which `git` is the git, also for hooks and for `git-mission`.
    pub(crate) fn new(git: &Git) -> Self {
        let directory = tempfile::Builder::new().prefix("world-").tempdir().expect("a temporary directory");
        let world = Self { directory, git: git.clone(), commands: AtomicU64::new(0) };
        for name in ["bin", "home", "tmp"] {
            std::fs::create_dir(world.path(name)).expect("a directory of the world");
        }
        std::fs::write(world.path("gitconfig"), CONFIG).expect("the user's configuration");
        link(&git.program, &world.path("bin/git"));
        link(Path::new(GIT_MISSION), &world.path("bin/git-mission"));
        world
    }

    /// The git of this world.
    pub(crate) fn git(&self) -> &Git {
        &self.git
    }

    /// A path in the world, absolute, without symbolic links.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().expect("the world's directory").join(name)
    }

    /// A new bare repository.
    #[track_caller]
    pub(crate) fn bare(&self, name: &str) -> Repo<'_> {
        self.made(name, &["init", "-q", "--bare", name])
    }

    /// A new, empty repository on branch `main`.
    #[track_caller]
    pub(crate) fn init(&self, name: &str) -> Repo<'_> {
        self.made(name, &["init", "-q", name])
    }

    /// A clone of another repository of this world.
    #[track_caller]
    pub(crate) fn clone(&self, origin: &Repo<'_>, name: &str) -> Repo<'_> {
        let from = origin.path().to_string_lossy().into_owned();
        self.made(name, &["clone", "-q", &from, name])
    }

    /// A directory of this world that commands run in, whether or not it is a repository.
    pub(crate) fn directory(&self, name: &str) -> Repo<'_> {
        Repo::new(self, self.path(name))
    }

    #[track_caller]
    fn made(&self, name: &str, args: &[&str]) -> Repo<'_> {
        Repo::new(self, self.path("")).ok(args);
        Repo::new(self, self.path(name))
    }

    /// The program under test.
    pub(crate) fn mission_program() -> &'static Path {
        Path::new(GIT_MISSION)
    }

    /// Runs a program to its end in this world's environment, which nothing else gets into.
    pub(super) fn run(&self, run: &Run<'_>) -> Output {
        let date = format!("{} +0000", FIRST_SECOND + 60 * self.commands.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(run.program);
        command
            .args(run.args)
            .current_dir(run.directory)
            .env_clear()
            .env("PATH", self.search_path())
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("home/.config"))
            .env("TMPDIR", self.path("tmp"))
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_CEILING_DIRECTORIES", self.path(""))
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_MERGE_AUTOEDIT", "no")
            .env("GIT_EDITOR", ":")
            .env("GIT_SEQUENCE_EDITOR", ":")
            .env("GIT_PAGER", "cat")
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.com")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .envs(run.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ["LLVM_PROFILE_FILE", "SystemRoot"].into_iter().filter(|name| variable(name).is_some()) {
            command.env(name, variable(name).unwrap_or_default());
        }
        let typed = run.typed();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start `{typed}`: {error}"));
        let mut pipe = child.stdin.take().expect("a piped stdin");
        let output = std::thread::scope(|scope| {
            // A child that does not read its stdin closes it; that is its right.
            scope.spawn(move || std::io::Write::write_all(&mut pipe, run.stdin));
            child.wait_with_output()
        });
        Output::new(typed, output.expect("the end of a child"))
    }

    /// The world's own programs first, then what the machine has (`sh`, `sed`, …).
    fn search_path(&self) -> OsString {
        let path = variable("PATH").unwrap_or_default();
        let all = [self.path("bin")].into_iter().chain(std::env::split_paths(&path));
        std::env::join_paths(all).expect("a search path")
    }
}

/// One program to be run.
pub(super) struct Run<'a> {
    pub(super) program: &'a OsStr,
    pub(super) args: &'a [&'a str],
    pub(super) directory: &'a Path,
    pub(super) variables: &'a [(String, OsString)],
    pub(super) stdin: &'a [u8],
}

impl Run<'_> {
    fn typed(&self) -> String {
        let name = Path::new(self.program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        [name].into_iter().chain(self.args.iter().map(|arg| (*arg).to_owned())).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(unix)]
fn link(target: &Path, name: &Path) {
    std::os::unix::fs::symlink(target, name).expect("a link to a program");
}

#[cfg(not(unix))]
fn link(target: &Path, name: &Path) {
    std::fs::copy(target, name.with_extension("exe")).expect("a copy of a program");
}

#[test]
fn two_worlds_make_the_same_commits() {
    super::each_git(|git| {
        let heads = [(); 2].map(|()| {
            let world = World::new(git);
            let repo = world.init("repo");
            repo.write("a", "a\n");
            repo.ok(&["add", "."]);
            repo.ok(&["commit", "-q", "-m", "one"]);
            repo.head()
        });
        assert_eq!(heads[0], heads[1]);
    });
}

#[test]
fn hooks_see_the_chosen_git() {
    super::each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.hook("pre-commit", "#!/bin/sh\ngit --version >&2\n");
        let output = repo.ok(&["commit", "-q", "--allow-empty", "-m", "one"]);
        assert_eq!(output.stderr, format!("git version {}\n", git.version));
    });
}
