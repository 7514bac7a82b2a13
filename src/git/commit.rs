//! Commits made by plumbing: a tree from another tree and some files, a commit, and the ref moved to it only
//! if it is still where it was.
//!
//! Knows nothing about why a commit is made.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{GitError, IndexAt, IndexEntry, Oid, Repo};

/// How long a signing program may take. It gets no terminal, so one that asks something never answers.
const SIGNING_TIME: Duration = Duration::from_secs(5);

/// Whether the commit is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// Not signed.
    Off,
    /// Signed as git's configuration says, if that takes no terminal and at most five seconds.
    Brief,
    /// Signed as git's configuration says, however long that takes: somebody sits at the terminal.
    Patient,
}

/// A commit to be made on top of another.
#[derive(Debug)]
pub struct NewCommit<'a> {
    /// The commit it follows, whose tree and dates it takes
    pub parent: &'a Oid,
    /// The files that differ from the parent's
    pub files: &'a [IndexEntry],
    /// The message
    pub message: &'a str,
    /// Whether it is signed
    pub signing: Signing,
}

impl Repo {
    /// Makes a commit object; moves no ref. Author and committer are the user's, both dates are the committer
    /// date of the parent, so that equal users make equal commits.
    pub fn make_commit(&self, new: &NewCommit<'_>) -> Result<Oid, GitError> {
        let scratch = self.scratch_index()?;
        let index = IndexAt::File(scratch.path().join("index"));
        self.git_on(&index).run(&["read-tree", new.parent.as_str()], b"")?;
        self.update_index(&index, new.files)?;
        let tree = self.git_on(&index).line(&["write-tree"], b"")?;
        let date = format!(
            "@{}",
            self.git.line(
                &["show", "-s", "--no-show-signature", "--format=%cd", "--date=raw", new.parent.as_str()],
                b"",
            )?
        );

        let message = scratch.path().join("message");
        std::fs::write(&message, new.message).map_err(GitError::file(&message))?;
        let message = message.to_string_lossy();
        let sign = match new.signing {
            Signing::Off => "--no-gpg-sign",
            Signing::Brief | Signing::Patient => "-S",
        };
        // The encoding would be a header of the commit.
        let utf8 = "i18n.commitEncoding=UTF-8";
        let args = ["-c", utf8, "commit-tree", "-p", new.parent.as_str(), "-F", &message, sign, &tree];
        let git = self.git.with("GIT_AUTHOR_DATE", &date).with("GIT_COMMITTER_DATE", &date);
        let line = match new.signing {
            Signing::Off => git.line(&args, b"")?,
            Signing::Brief => signed(git.command(&args))?,
            Signing::Patient => match git.line(&args, b"") {
                Err(GitError::Failed { stderr, .. }) => return Err(GitError::Signing(stderr)),
                other => other?,
            },
        };
        Oid::parse(&line).ok_or_else(|| super::process::answer(&args, line.as_bytes()))
    }

    /// Moves a ref from `old` to `new`; [`GitError::Moved`] if it is not at `old` any more.
    pub fn move_ref(&self, name: &str, new: &Oid, old: &Oid, reason: &str) -> Result<(), GitError> {
        let args = ["update-ref", "-m", reason, name, new.as_str(), old.as_str()];
        let output = self.git.output(&args, b"")?;
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        if stderr.contains("but expected") || stderr.contains("unable to resolve reference") {
            return Err(GitError::Moved { name: name.to_owned() });
        }
        Err(super::process::failure(&args, &output))
    }
}

/// Puts a command and all that it will start (the signing program, and what that starts) into a process group.
#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// Ends a command with everything that it started.
fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Runs a commit that is being signed, at most [`SIGNING_TIME`].
fn signed(mut command: Command) -> Result<String, GitError> {
    let broken = |error: std::io::Error| GitError::Signing(error.to_string());
    own_group(&mut command);
    let mut child =
        command.stdin(Stdio::null()).env_remove("GPG_TTY").env_remove("DISPLAY").spawn().map_err(broken)?;
    let mut waited = Duration::ZERO;
    let step = Duration::from_millis(20);
    let status = loop {
        match child.try_wait().map_err(broken)? {
            Some(status) => break status,
            None if waited >= SIGNING_TIME => {
                end_group(&mut child);
                return Err(GitError::Signing(format!("no answer within {} s", SIGNING_TIME.as_secs())));
            }
            None => {
                std::thread::sleep(step);
                waited += step;
            }
        }
    };
    let (mut stdout, mut stderr) = (String::new(), String::new());
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_string(&mut stdout).map_err(broken)?;
    }
    if let Some(mut pipe) = child.stderr.take() {
        pipe.read_to_string(&mut stderr).map_err(broken)?;
    }
    if status.success() {
        Ok(stdout.trim_end().to_owned())
    } else {
        Err(GitError::Signing(stderr.trim_end().to_owned()))
    }
}
