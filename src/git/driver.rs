//! Starting a merge driver the way git does, for a trial. Knows nothing about what it merges.

use std::process::{Command, Stdio};

use super::GitError;

/// What graphical programs give their children as `PATH`.
const BARE_PATH: &str = "/usr/bin:/bin";

/// The three files that a driver is given, and the path that they have in the repository.
#[derive(Debug, Clone, Copy)]
pub struct DriverFiles<'a> {
    /// `%O`
    pub base: &'a [u8],
    /// `%A`
    pub ours: &'a [u8],
    /// `%B`
    pub theirs: &'a [u8],
    /// `%P`
    pub path: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverAnswer {
    /// The exit status; `None` if a signal ended it
    pub status: Option<i32>,
    /// What it left in `%A`
    pub merged: Vec<u8>,
    /// What it wrote to stderr
    pub said: String,
}

/// Runs the command line of a driver through `sh -c` in a directory of its own, with an environment that holds a bare
/// `PATH` and nothing else. `None` where there is no shell to run it.
pub fn run_driver(command: &str, files: &DriverFiles<'_>) -> Result<Option<DriverAnswer>, GitError> {
    if cfg!(windows) {
        return Ok(None);
    }
    let directory = tempfile::Builder::new()
        .prefix("mission-driver-")
        .tempdir()
        .map_err(GitError::file("a temporary directory"))?;
    for (name, bytes) in [("O", files.base), ("A", files.ours), ("B", files.theirs)] {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).map_err(GitError::file(&path))?;
    }
    let output = Command::new("/bin/sh")
        .args(["-c", &expanded(command, files.path)])
        .current_dir(directory.path())
        .env_clear()
        .env("PATH", BARE_PATH)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Process { command: "sh".to_owned(), source })?;
    let ours = directory.path().join("A");
    Ok(Some(DriverAnswer {
        status: output.status.code(),
        merged: std::fs::read(&ours).map_err(GitError::file(&ours))?,
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }))
}

/// A command line with what git puts in place of `%O` and the like. It quotes the last four for the shell.
fn expanded(command: &str, path: &str) -> String {
    let mut text = String::new();
    let mut rest = command.chars();
    while let Some(character) = rest.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some(which @ ('O' | 'A' | 'B')) => text.push(which),
            Some('L') => text.push('7'),
            Some('P') => text.push_str(&quoted(path)),
            Some('S' | 'X' | 'Y') => text.push_str(&quoted("trial")),
            Some('%') => text.push('%'),
            other => {
                text.push('%');
                text.extend(other);
            }
        }
    }
    text
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_expanded_as_git_does() {
        assert_eq!(
            expanded("x %O %A %B %L %P %S 100%% %q %", "it's"),
            r"x O A B 7 'it'\''s' 'trial' 100% %q %"
        );
    }
}
