//! Findings about hooks, merge drivers and attributes.

use crate::install::{DriverState, HookState, InstallStatus, Trial};
use crate::mission::audit::{Code, Finding};

const INSTALL: &str = "git mission install";

/// Judges what is installed. Where nothing is, that is said once for each part. `trials` says what came of starting
/// the drivers.
pub(super) fn judge(status: &InstallStatus, trials: &[Trial]) -> Vec<Finding> {
    if status.is_absent() {
        let nothing = [
            (Code::HookMissing, "no hook is installed"),
            (Code::DriverMissing, "no merge driver is configured"),
            (Code::AttributeMissing, "no mission file is merged by a driver"),
        ];
        return nothing.map(|(code, message)| Finding::new(code, message).fixed_by(INSTALL)).to_vec();
    }
    let hooks = status.hooks.iter().filter_map(|hook| {
        let (code, what) = match hook.state {
            HookState::Installed | HookState::CallsUs => return None,
            HookState::Missing => (Code::HookMissing, "is not installed"),
            HookState::ProgramMissing => (Code::HookMissing, "calls a program that is not there"),
            HookState::Foreign => (Code::HookForeign, "was replaced by another tool"),
            HookState::Outdated => (Code::HookOutdated, "is of another version or not executable"),
            HookState::Disabled => (Code::HookMissing, "is switched off in the configuration"),
            HookState::Edited => (Code::HookOutdated, "was edited by hand"),
        };
        let message = format!("hook {} {what}: {}", hook.name, hook.path.display());
        Some(Finding::new(code, message).fixed_by(INSTALL))
    });
    let drivers = status.drivers.iter().filter_map(|driver| {
        let trial = trials.iter().find(|trial| trial.driver == driver.driver);
        let fault = trial.and_then(|trial| trial.fault.as_deref());
        let (code, what) = match (driver.state, fault) {
            (DriverState::Installed, Some(fault)) => {
                let name = driver.driver.name();
                let message = format!("merge driver {name} does not work when git starts it: {fault}");
                return Some(Finding::new(Code::DriverBroken, message).fixed_by(INSTALL));
            }
            (DriverState::Installed, None) => return None,
            (DriverState::Missing, _) => (Code::DriverMissing, "is not configured"),
            (DriverState::ProgramMissing, _) => (Code::DriverBroken, "starts a program that is not there"),
            (DriverState::Outdated, _) => (Code::DriverBroken, "has another command line"),
            (DriverState::Fatal, _) => (Code::DriverBroken, "has no command line, so such merges fail"),
        };
        let message = format!("merge driver {} {what}", driver.driver.name());
        Some(Finding::new(code, message).fixed_by(INSTALL))
    });
    let attributes =
        status.attributes.iter().filter(|attribute| !attribute.is_installed()).map(|attribute| {
            let instead = match &attribute.answer {
                Some(other) => format!("git uses {other:?} instead"),
                None => "git merges such files as text".to_owned(),
            };
            let message = format!("{} does not hold: {instead}", attribute.attribute.line());
            Finding::new(Code::AttributeMissing, message).fixed_by(INSTALL)
        });
    hooks.chain(drivers).chain(attributes).collect()
}
