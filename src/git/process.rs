//! Starting git: one absolute program, fixed settings, bytes in and bytes out.
//!
//! INVARIANT: no shell is started, and no program that a repository names (`core.fsmonitor` is off). No git, and so
//! no program that git starts, gets our token.
//! Knows nothing about what the commands mean.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use super::{GitError, strange};
use crate::env;

/// Settings that hold for every git that is started here.
const SETTINGS: [&str; 2] = ["-c", "core.fsmonitor=false"];

/// How long a lock of another process is waited for.
pub(super) const LOCK_TIME: Duration = Duration::from_millis(1500);
pub(super) const LOCK_STEP: Duration = Duration::from_millis(50);

/// So many bytes a pipe always takes before anybody reads.
const PIPE: usize = if cfg!(target_os = "linux") { 4096 } else { 0 };

/// Writes all of it. A child that ends early closes the pipe; its status tells why.
fn write_whole(pipe: Option<ChildStdin>, bytes: &[u8]) -> io::Result<()> {
    match pipe.map_or(Ok(()), |mut pipe| pipe.write_all(bytes)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// A git program and where it is run.
#[derive(Debug, Clone)]
pub(super) struct Git {
    program: PathBuf,
    directory: PathBuf,
    variables: Vec<(&'static str, OsString)>,
    /// Keys and values that win over those of files
    settings: Vec<(String, String)>,
}

impl Git {
    /// The first `git` in an absolute directory of `PATH` that does not lie in the work tree around `directory`.
    pub(super) fn find(directory: &Path) -> Result<Self, GitError> {
        let path = env::var(env::PATH).unwrap_or_default();
        let name = if cfg!(windows) { "git.exe" } else { "git" };
        let program = std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(name))
            .find(|candidate| candidate.is_file() && !strange::lies_in_the_work_tree(candidate, directory))
            .ok_or(GitError::NoGit)?;
        Ok(Self { program, directory: directory.to_owned(), variables: Vec::new(), settings: Vec::new() })
    }

    /// The same git, run elsewhere and with further environment variables.
    pub(super) fn located(mut self, directory: &Path, variables: Vec<(&'static str, OsString)>) -> Self {
        directory.clone_into(&mut self.directory);
        self.variables.extend(variables);
        self
    }

    /// The same git, which is told these settings too.
    pub(super) fn overruled(mut self, settings: Vec<(String, String)>) -> Self {
        self.settings.extend(settings);
        self
    }

    /// The program, absolute.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The same git with one more environment variable.
    pub(super) fn with(&self, name: &'static str, value: impl Into<OsString>) -> Self {
        let mut git = self.clone();
        git.variables.push((name, value.into()));
        git
    }

    /// A command that is not started yet.
    pub(super) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        // Who need not go elsewhere is started without a copy of this process being made.
        if std::env::current_dir().ok().as_deref() != Some(&self.directory) {
            command.current_dir(&self.directory);
        }
        command
            .args(SETTINGS)
            .args(args)
            .env_remove(env::GIT_MISSION_TOKEN)
            .env("LC_ALL", "C")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        if !self.settings.is_empty() {
            self.tell_settings(&mut command);
        }
        command
    }

    /// As variables: in a name that is given with `-c` nothing may be a `=`. They come after the user's own.
    fn tell_settings(&self, command: &mut Command) {
        let own = env::text(env::GIT_CONFIG_COUNT).and_then(|count| count.parse::<usize>().ok()).unwrap_or(0);
        for (at, (key, value)) in (own..).zip(&self.settings) {
            command.env(format!("{}{at}", env::GIT_CONFIG_KEY), key);
            command.env(format!("{}{at}", env::GIT_CONFIG_VALUE), value);
        }
        command.env(env::GIT_CONFIG_COUNT, (own + self.settings.len()).to_string());
    }

    /// Runs a command to its end, whatever its status.
    pub(super) fn output<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> Result<Output, GitError> {
        let failed = |source| GitError::Process { command: typed(args), source };
        let mut command = self.command(args);
        if stdin.is_empty() {
            return command.output().map_err(failed);
        }
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(failed)?;
        let pipe = child.stdin.take();
        let (written, output) = if stdin.len() <= PIPE {
            (write_whole(pipe, stdin), child.wait_with_output())
        } else {
            thread::scope(|scope| {
                let writer = scope.spawn(move || write_whole(pipe, stdin));
                let output = child.wait_with_output();
                (writer.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())), output)
            })
        };
        // What read only a part does not know that there was more.
        written.and(output).map_err(failed)
    }

    /// Runs a command that has to succeed; returns its stdout.
    pub(super) fn run<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> Result<Vec<u8>, GitError> {
        let output = self.output(args, stdin)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failure(args, &output)) }
    }

    /// Runs a command that takes git's lock of a file, and has to succeed. While another process holds the lock it
    /// is tried again, for [`LOCK_TIME`].
    pub(super) fn run_locking<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> Result<(), GitError> {
        let mut waited = Duration::ZERO;
        loop {
            let output = self.output(args, stdin)?;
            if output.status.success() {
                return Ok(());
            }
            let Some(path) = lock_in_the_way(&output.stderr) else { return Err(failure(args, &output)) };
            if waited >= LOCK_TIME {
                return Err(GitError::Locked { path });
            }
            thread::sleep(LOCK_STEP);
            waited += LOCK_STEP;
        }
    }

    /// Runs a command that has to succeed and answers with one line.
    pub(super) fn line<S: AsRef<OsStr>>(&self, args: &[S], stdin: &[u8]) -> Result<String, GitError> {
        let stdout = self.run(args, stdin)?;
        match String::from_utf8(stdout) {
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(answer(args, error.as_bytes())),
        }
    }
}

/// The lock file that git found in its way, if that is what it says.
fn lock_in_the_way(stderr: &[u8]) -> Option<PathBuf> {
    let stderr = String::from_utf8_lossy(stderr);
    let (_, rest) = stderr.split_once("Unable to create '")?;
    let (path, _) = rest.split_once(".lock': File exists")?;
    Some(PathBuf::from(format!("{path}.lock")))
}

/// The error for a command that ended with a failure.
pub(super) fn failure<S: AsRef<OsStr>>(args: &[S], output: &Output) -> GitError {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = stderr.lines().rev().take(3).collect();
    let stderr = tail.into_iter().rev().collect::<Vec<_>>().join(" ");
    GitError::Failed { command: typed(args), status: output.status.code(), stderr }
}

/// The error for an answer of unknown form.
pub(super) fn answer<S: AsRef<OsStr>>(args: &[S], bytes: &[u8]) -> GitError {
    let shown = bytes.get(..200).unwrap_or(bytes);
    GitError::Answer { command: typed(args), answer: String::from_utf8_lossy(shown).into_owned() }
}

/// A command as it would be typed, for messages.
fn typed<S: AsRef<OsStr>>(args: &[S]) -> String {
    let mut text = String::from("git");
    for arg in args.iter().take(6) {
        text.push(' ');
        text.push_str(&arg.as_ref().to_string_lossy());
    }
    text
}
