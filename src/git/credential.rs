//! What the user's credential helpers hold for a server: `git credential fill`, which never asks anybody.
//!
//! Knows nothing about what the credential opens.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Config, GitError, Repo};
use crate::env;
use crate::secret::Secret;

/// How long all helpers together may take.
const FILL_TIME: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;
/// What keeps helpers from asking: on the terminal, by a window, by a page in the browser.
const ASK_NOBODY: [(&str, &str); 4] =
    [("GIT_ASKPASS", ""), ("SSH_ASKPASS", ""), ("GCM_INTERACTIVE", "never"), ("GIT_TERMINAL_PROMPT", "0")];

impl Repo {
    /// The password that the user's helpers hold for `protocol://authority`. `None` if they hold none, if they do not
    /// answer within `time` or 5 seconds, or if a file of the work tree has a say in who is asked
    /// ([`Config::credentials_are_the_users`]).
    pub fn stored_password(
        &self,
        config: &Config,
        protocol: &str,
        authority: &str,
        time: Duration,
    ) -> Result<Option<Secret>, GitError> {
        let has_helper = config
            .with_prefix("credential.")
            .any(|(key, value)| key.ends_with(".helper") && !value.is_empty());
        if !has_helper || !config.credentials_are_the_users() {
            return Ok(None);
        }
        let args = ["credential", "fill"];
        let mut command = self.git.command(&args);
        for (name, value) in ASK_NOBODY {
            command.env(name, value);
        }
        // git looks helpers up in it, and `.` would be the work tree.
        let path = env::var(env::PATH).unwrap_or_default();
        let absolute = std::env::split_paths(&path).filter(|directory| directory.is_absolute());
        command.env(env::PATH, std::env::join_paths(absolute).unwrap_or_default());
        let failed = |source| GitError::Process { command: "git credential fill".to_owned(), source };
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
        if let Some(mut pipe) = child.stdin.take() {
            // Helpers that ask nothing close the pipe.
            let _ = pipe.write_all(format!("protocol={protocol}\nhost={authority}\n\n").as_bytes());
        }
        // What went wrong with a helper is between it and the user; its words could hold what it keeps.
        Ok(answer(&mut child, time.min(FILL_TIME)).map_err(failed)?.and_then(|text| password(&text)))
    }
}

/// What it printed, if it ended well and in time.
fn answer(child: &mut Child, time: Duration) -> std::io::Result<Option<String>> {
    let (mut waited, step) = (Duration::ZERO, Duration::from_millis(10));
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if waited >= time => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(None);
            }
            None => {
                std::thread::sleep(step);
                waited += step;
            }
        }
    };
    let mut text = String::new();
    let read = child.stdout.take().map(|pipe| pipe.take(MAX_ANSWER).read_to_string(&mut text));
    Ok((status.success() && matches!(read, Some(Ok(_)))).then_some(text))
}

fn password(text: &str) -> Option<Secret> {
    let line = text.lines().find_map(|line| line.strip_prefix("password="))?;
    Secret::new(line.to_owned()).ok()
}
