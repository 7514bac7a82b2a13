//! Starting the merge drivers for a trial, as git would start them.

use super::{Driver, InstallError, drivers};
use crate::git::{Config, DriverFiles, Repo, run_driver};

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Which driver
    pub driver: Driver,
    /// Why it does not work; `None` if it does
    pub fault: Option<String>,
}

/// Lets every driver that is configured merge something tiny: through `sh -c`, in a directory of its own, with nothing
/// in the environment but the `PATH` that a graphical program gives its children. Only one side changed, so every kind
/// of file merges clean; the command line ends with status 0 only if our program answered.
///
/// Only a command line of ours is started, and only if its program lies outside the work tree: the answer to how
/// things stand is not worth running whatever stands there.
pub fn try_drivers(repo: &Repo) -> Result<Vec<Trial>, InstallError> {
    let config: Config = repo.config()?;
    let mut trials = Vec::new();
    for driver in drivers::all() {
        let Some(command) = config.get(&driver.command_key()) else { continue };
        if driver.program_of(command).is_none_or(|program| repo.may_have_brought(&program)) {
            continue;
        }
        let path = driver.attributes().next().map(|attribute| attribute.example()).unwrap_or_default();
        let files = DriverFiles { base: b"{}\n", ours: b"{}\n", theirs: b"{\"a\": 1}\n", path: &path };
        let fault = match run_driver(command, &files)? {
            None => None,
            Some(answer) if answer.status == Some(0) && contains(&answer.merged, b"\"a\": 1") => None,
            Some(answer) => Some(match (answer.said.lines().next(), answer.status) {
                (Some(line), _) => line.to_owned(),
                (None, Some(status)) => format!("it ended with status {status}"),
                (None, None) => "a signal ended it".to_owned(),
            }),
        };
        trials.push(Trial { driver, fault });
    }
    Ok(trials)
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}
