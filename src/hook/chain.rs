//! The hook that was there before ours: it runs first, with the same arguments, stdin and directory, and its
//! exit status counts. It does not get our token: whoever wants it to have one gives it one of its own.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::env;

/// Runs `hook`; returns its exit status, 128 plus the signal's number if one ended it.
pub(super) fn call(hook: &Path, args: &[OsString], stdin: &[u8]) -> std::io::Result<u8> {
    let mut child = Command::new(hook)
        .args(args)
        .env_remove(env::GIT_MISSION_CHAINED)
        .env_remove(env::GIT_MISSION_TOKEN)
        .stdin(Stdio::piped())
        .spawn()?;
    let pipe = child.stdin.take();
    let status = std::thread::scope(|scope| {
        // A hook that does not read its stdin closes the pipe, which is its right.
        scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(stdin)));
        child.wait()
    })?;
    Ok(status.code().map_or_else(|| killed(status), |code| u8::try_from(code).unwrap_or(1)))
}

#[cfg(unix)]
fn killed(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().and_then(|signal| u8::try_from(128 + signal).ok()).unwrap_or(1)
}

#[cfg(not(unix))]
fn killed(_: std::process::ExitStatus) -> u8 {
    1
}
