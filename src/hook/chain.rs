//! The hook that was there before ours: it runs first, with the same arguments, stdin and directory, and its
//! exit status counts. It finds itself under its own name, beside what lies in the hooks directory. It does not get our
//! token: whoever wants it to have one gives it one of its own.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::HookName;
use crate::{env, install};

/// Whether `hook` runs already: a manager moved our shim away and called it, and is chained behind it as well.
pub(super) fn is_running(name: HookName, hook: &Path, shim: Option<&Path>) -> bool {
    let Some(shim) = shim.filter(|shim| !shim.ends_with(name.as_str())) else { return false };
    let above = std::fs::read(shim.with_file_name(name.as_str()));
    above.is_ok_and(|above| std::fs::read(hook).is_ok_and(|chained| chained == above))
}

/// Runs `hook`; returns its exit status, 128 plus the signal's number if one ended it.
pub(super) fn call(
    name: HookName,
    hook: &Path,
    args: &[OsString],
    stdin: &[u8],
    shim: Option<&Path>,
) -> std::io::Result<u8> {
    if let Some(hooks) = shim.and_then(Path::parent) {
        install::refresh_view(hooks);
    }
    let mut child = Command::new(hook)
        .args(args)
        .env_remove(env::GIT_MISSION_CHAINED)
        .env_remove(env::GIT_MISSION_SHIM)
        .env(env::GIT_MISSION_WITHIN, name.as_str())
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
