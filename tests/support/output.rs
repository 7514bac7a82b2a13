//! What a command answered, with everything that a failed assertion has to show.

use std::fmt;

/// The end of a command.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Output {
    /// The command, as it would be typed.
    pub(crate) command: String,
    /// Exit status; 128 plus the signal's number if a signal ended it.
    pub(crate) status: i32,
    /// What it printed on stdout, byte for byte.
    pub(crate) bytes: Vec<u8>,
    /// What it printed on stdout, as text.
    pub(crate) stdout: String,
    /// What it printed on stderr, as text.
    pub(crate) stderr: String,
}

impl Output {
    pub(super) fn new(command: String, output: std::process::Output) -> Self {
        Self {
            command,
            status: status(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
        }
    }

    /// This, if the command succeeded; panics with all it said if not.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.exits(0)
    }

    /// This, if the command ended with this status; panics with all it said if not.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "status of {self}");
        self
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error} in the stdout of {self}"))
    }

    /// Stdout without its last newline.
    pub(crate) fn line(&self) -> &str {
        self.stdout.trim_end_matches(['\r', '\n'])
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}`\n--- status {}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.command, self.status, self.stdout, self.stderr
        )
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(unix)]
fn status(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(not(unix))]
fn status(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}
