//! A repository of a world (or any directory of it): running commands in it, its files, what git says of it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::world::Run;
use super::{Output, World};

/// A directory of a world, mostly a repository, and how commands are run there.
#[derive(Clone)]
pub(crate) struct Repo<'w> {
    world: &'w World,
    path: PathBuf,
    variables: Vec<(String, OsString)>,
    stdin: Vec<u8>,
}

impl<'w> Repo<'w> {
    pub(super) fn new(world: &'w World, path: PathBuf) -> Self {
        Self { world, path, variables: Vec::new(), stdin: Vec::new() }
    }

    /// The world that this lies in.
    pub(crate) fn world(&self) -> &'w World {
        self.world
    }

    /// Where it is, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A path in it, absolute.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// The same, with one more environment variable for the commands.
    pub(crate) fn env(&self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut other = self.clone();
        other.variables.push((name.to_owned(), value.as_ref().to_owned()));
        other
    }

    /// The same, with this on the stdin of the commands.
    pub(crate) fn stdin(&self, bytes: impl AsRef<[u8]>) -> Self {
        Self { stdin: bytes.as_ref().to_vec(), ..self.clone() }
    }

    /// The same, with another directory (relative to this one, or absolute) to run the commands in.
    pub(crate) fn cd(&self, directory: impl AsRef<Path>) -> Self {
        Self { path: self.path.join(directory), ..self.clone() }
    }

    /// Runs git, whatever its status.
    pub(crate) fn git(&self, args: &[&str]) -> Output {
        self.run(self.world.path("bin/git"), args)
    }

    /// Runs git, which has to succeed.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Output {
        self.git(args).ok()
    }

    /// Runs the program under test, whatever its status.
    pub(crate) fn mission(&self, args: &[&str]) -> Output {
        self.run(World::mission_program(), args)
    }

    /// Runs any program, whatever its status.
    pub(crate) fn run(&self, program: impl AsRef<OsStr>, args: &[&str]) -> Output {
        self.world.run(&Run {
            program: program.as_ref(),
            args,
            directory: &self.path,
            variables: &self.variables,
            stdin: &self.stdin,
        })
    }

    /// Writes a file, with the directories above it.
    #[track_caller]
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.at(path);
        let parent = path.parent().expect("a file in a directory");
        std::fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.at(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// What `git status --porcelain` prints; empty if the work tree is clean.
    #[track_caller]
    pub(crate) fn status(&self) -> String {
        self.ok(&["status", "--porcelain"]).stdout
    }

    /// The object id of HEAD.
    #[track_caller]
    pub(crate) fn head(&self) -> String {
        self.rev("HEAD")
    }

    /// The object id that a revision names.
    #[track_caller]
    pub(crate) fn rev(&self, revision: &str) -> String {
        self.ok(&["rev-parse", "--verify", revision]).line().to_owned()
    }

    /// The text of a blob, named like `HEAD:path` or `:path`.
    #[track_caller]
    pub(crate) fn show(&self, object: &str) -> String {
        self.ok(&["cat-file", "blob", object]).stdout
    }

    /// Writes a file, stages everything and commits it; returns the commit.
    #[track_caller]
    pub(crate) fn commit(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        self.write(path, content);
        self.ok(&["add", "-A"]);
        self.ok(&["commit", "-q", "-m", path]);
        self.head()
    }

    /// Writes an executable hook where git looks for hooks.
    #[track_caller]
    pub(crate) fn hook(&self, name: &str, script: impl AsRef<[u8]>) {
        let path = self.ok(&["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
        let path = format!("{}/{name}", path.line());
        self.write(&path, script);
        self.chmod(&path, 0o755);
    }

    /// Sets the permissions of a file (nothing where there are none).
    #[track_caller]
    pub(crate) fn chmod(&self, path: &str, mode: u32) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = self.at(path);
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, permissions).expect("permissions set");
        }
        #[cfg(not(unix))]
        let _ = (path, mode);
    }
}

#[test]
fn clones_talk_to_each_other_and_to_nobody_else() {
    super::each_git(|git| {
        let world = World::new(git);
        let origin = world.bare("origin.git");
        let (one, two) = (world.clone(&origin, "one"), world.clone(&origin, "two"));
        one.commit("dir/a", "a\n");
        one.ok(&["push", "-q", "origin", "HEAD"]);
        two.ok(&["pull", "-q"]);
        assert_eq!((two.read("dir/a").as_str(), two.show("HEAD:dir/a").as_str()), ("a\n", "a\n"));
        assert_eq!((two.head(), two.status()), (origin.rev("main"), String::new()));
        assert_eq!(two.cd("dir").ok(&["rev-parse", "--show-prefix"]).line(), "dir/");
        assert!(two.at("dir/a").starts_with(two.path()));
    });
}

#[test]
fn a_test_inside_a_hook_sees_no_repository_but_its_own() {
    super::each_git(|git| {
        let world = World::new(git);
        let outer = world.init("outer").env("GIT_DIR", world.path("outer/.git"));
        assert_eq!(outer.ok(&["rev-parse", "--git-dir"]).line(), world.path("outer/.git").to_string_lossy());
        // Variables belong to one view, never to the world.
        assert_eq!(world.init("inner").ok(&["rev-parse", "--git-dir"]).line(), ".git");
        assert_eq!(outer.world().git().version, git.version);
        assert_eq!(world.directory("home").git(&["status"]).exits(128).stdout, "");
    });
}

#[test]
fn stdin_and_status_are_passed_on() {
    super::each_git(|git| {
        let world = World::new(git);
        let output = world.directory("home").stdin("{\"a\": 1}").run("sh", &["-c", "cat; exit 3"]).exits(3);
        assert_eq!(output.json()["a"], 1);
        assert!(output.to_string().contains("status 3"), "{output}");
        assert_eq!(world.directory("home").run("sh", &["-c", "kill -9 $$"]).status, 137);
        world.directory("home").mission(&["--version"]);
    });
}
