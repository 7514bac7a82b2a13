//! The git programs of this machine. Knows nothing about what is done with them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// Names one more git program to test with.
const ANOTHER: &str = "GIT_MISSION_TEST_GIT";

/// One installed git.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Git {
    /// The program, absolute.
    pub(crate) program: PathBuf,
    /// What `git --version` says, without `git version `.
    pub(crate) version: String,
}

impl Git {
    fn at(program: &Path) -> Option<Self> {
        let output = Command::new(program).arg("--version").output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        let version = said.strip_prefix("git version ")?.trim().to_owned();
        Some(Self { program: program.to_owned(), version })
    }

    /// Whether this git is of version `major.minor` or later.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
    }
}

/// Runs a test body with every installed git. If it panics, the version it ran with is named.
pub(crate) fn each_git(body: impl Fn(&Git)) {
    assert!(!INSTALLED.is_empty(), "no git found");
    for git in INSTALLED.iter() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| body(git))) {
            let words = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a message");
            panic!("with git {}: {words}", git.version);
        }
    }
}

/// One installed git, for tests in which its version makes no difference.
pub(crate) fn any_git() -> Git {
    INSTALLED.last().expect("no git found").clone()
}

/// Every installed git, one for each version, oldest name first.
static INSTALLED: LazyLock<Vec<Git>> = LazyLock::new(|| {
    let mut programs: Vec<PathBuf> = variable(ANOTHER).map(PathBuf::from).into_iter().collect();
    let path = variable("PATH").unwrap_or_default();
    let fixed = ["/usr/local/bin", "/usr/bin"].map(PathBuf::from);
    programs.extend(
        std::env::split_paths(&path)
            .chain(fixed)
            .map(|directory| directory.join(if cfg!(windows) { "git.exe" } else { "git" })),
    );
    let mut by_version = BTreeMap::new();
    for program in programs.iter().filter(|program| program.is_absolute()) {
        if let Some(git) = Git::at(program) {
            by_version.entry(git.version.clone()).or_insert(git);
        }
    }
    by_version.into_values().collect()
});

/// A variable of the environment that the tests were started in.
#[expect(clippy::disallowed_methods, reason = "tests look for programs on the machine they run on")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[test]
fn versions_are_compared_as_numbers() {
    let git = Git { program: PathBuf::from("/git"), version: "2.47.3 (Apple Git-1)".to_owned() };
    assert!(git.is_at_least(2, 9) && git.is_at_least(2, 47) && !git.is_at_least(2, 54));
}

#[test]
fn a_panic_names_the_version() {
    let panic = catch_unwind(|| each_git(|_| panic!("no such thing"))).expect_err("a panic");
    let words = panic.downcast_ref::<String>().expect("a message");
    assert!(words.starts_with("with git 2.") && words.ends_with(": no such thing"), "{words}");
}
