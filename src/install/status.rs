//! What is installed: looked at, never remembered.

use std::path::{Path, PathBuf};

use super::config_hooks::{Configured, configured};
use super::hooks::{HOOKS, HooksDirectory, chained_name};
use super::look::{Found, is_of_another_version, look, place_of};
use super::neighbour::calls_us;
use super::setup::runs_config_hooks;
use super::{Attribute, Driver, InstallError, SERVER_HOOKS, drivers, files};
use crate::git::{Config, Repo};

/// What is installed in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallStatus {
    /// Where git looks for hooks
    pub directory: HooksDirectory,
    /// Whether this is a server: a bare repository with a server's hook of ours, and with nothing of a clone's
    pub is_server: bool,
    /// Every hook of ours, in the order of [`HOOKS`], then those of a server that are there; of a server only these
    pub hooks: Vec<HookStatus>,
    /// Every merge driver, in the order of [`crate::merge::Kind::ALL`]; none of a server, which merges nothing
    pub drivers: Vec<DriverStatus>,
    /// Every attribute, in the order of [`crate::merge::Kind::ALL`]; none of a server
    pub attributes: Vec<AttributeStatus>,
}

/// One hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStatus {
    /// Its name
    pub name: &'static str,
    /// The file
    pub path: PathBuf,
    /// What is there
    pub state: HookState,
    /// The program that a shim starts
    pub program: Option<PathBuf>,
    /// The foreign hook that runs before ours
    pub chained: Option<PathBuf>,
    /// Whether git would have run that foreign hook (it is executable)
    pub chained_runs: bool,
}

/// What is found under the name of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookState {
    /// Our shim, and its program is there
    Installed,
    /// Our shim, and its program is not there
    ProgramMissing,
    /// A shim of another version, or one that is not executable
    Outdated,
    /// A shim that was edited by hand
    Edited,
    /// A hook of somebody else's that calls us
    CallsUs,
    /// A hook of the configuration, switched off
    Disabled,
    /// A hook of somebody else's that does not call us
    Foreign,
    /// Nothing
    Missing,
}

/// One merge driver, as git's configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverStatus {
    /// Which
    pub driver: Driver,
    /// What is configured
    pub state: DriverState,
    /// The command line, if one is configured
    pub command: Option<String>,
    /// The program in it, if it is of our form
    pub program: Option<PathBuf>,
}

/// What is configured for a merge driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverState {
    /// Our command line, and its program is there
    Installed,
    /// Our command line, and its program is not there
    ProgramMissing,
    /// Some other command line
    Outdated,
    /// A section without a command line: every merge of such a file fails
    Fatal,
    /// Nothing
    Missing,
}

/// One attribute, as git answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeStatus {
    /// What it should be
    pub attribute: Attribute,
    /// The driver that git would use for such a file, if it is not its own text merge
    pub answer: Option<String>,
}

impl AttributeStatus {
    /// Whether git would use our driver.
    pub fn is_installed(&self) -> bool {
        self.answer == Some(self.attribute.driver.name())
    }
}

impl InstallStatus {
    /// Whether every part is there and works.
    pub fn is_complete(&self) -> bool {
        self.hooks.iter().all(|hook| matches!(hook.state, HookState::Installed | HookState::CallsUs))
            && self.drivers.iter().all(|driver| driver.state == DriverState::Installed)
            && self.attributes.iter().all(AttributeStatus::is_installed)
    }

    /// Whether no part is there.
    pub fn is_absent(&self) -> bool {
        self.hooks.iter().all(|hook| matches!(hook.state, HookState::Missing | HookState::Foreign))
            && self.drivers.iter().all(|driver| driver.state == DriverState::Missing)
            && !self.attributes.iter().any(AttributeStatus::is_installed)
    }
}

/// Looks at what is installed. Changes nothing.
pub fn status(repo: &Repo) -> Result<InstallStatus, InstallError> {
    let directory = HooksDirectory::of(repo)?;
    let config = repo.config()?;
    let in_config = |hook: &&str| configured(&config, hook) != Configured::Nothing;
    let known = HOOKS.iter().any(in_config) && runs_config_hooks(repo)?;
    let top = repo.top().ok();
    let hooks: Vec<HookStatus> = HOOKS
        .iter()
        .map(|name| {
            let configured = if known { configured(&config, name) } else { Configured::Nothing };
            hook(&directory, name, &configured, top)
        })
        .collect::<Result<_, _>>()?;
    let mut of_server = Vec::new();
    for name in SERVER_HOOKS {
        let status = hook(&directory, name, &Configured::Nothing, top)?;
        of_server
            .extend((!matches!(status.state, HookState::Missing | HookState::Foreign)).then_some(status));
    }
    let drivers = drivers::all().map(|known| driver(&config, known)).collect();
    let attributes = Attribute::all()
        .map(|attribute| {
            let answer = repo.attribute("merge", &attribute.example())?;
            Ok(AttributeStatus { attribute, answer })
        })
        .collect::<Result<_, InstallError>>()?;
    let mut status = InstallStatus { directory, is_server: false, hooks, drivers, attributes };
    status.is_server = top.is_none() && !of_server.is_empty() && status.is_absent();
    if status.is_server {
        status.hooks.clear();
        status.drivers.clear();
        status.attributes.clear();
    }
    status.hooks.extend(of_server);
    Ok(status)
}

fn hook(
    directory: &HooksDirectory,
    name: &'static str,
    configured: &Configured,
    top: Option<&Path>,
) -> Result<HookStatus, InstallError> {
    let hook = directory.path().join(name);
    let ours = matches!(directory, HooksDirectory::Ours(_));
    let path = if ours { place_of(&hook)? } else { hook.clone() };
    let mut program = None;
    let in_config = match configured {
        Configured::Nothing => None,
        Configured::Ours(known) => {
            program = Some(known.clone());
            Some(if is_there(known) { HookState::Installed } else { HookState::ProgramMissing })
        }
        Configured::Other => Some(HookState::Outdated),
        Configured::Disabled => Some(HookState::Disabled),
    };
    let state = match look(&path, name, None)? {
        _ if *directory == HooksDirectory::Nowhere => HookState::Missing,
        // A manager is there, and nothing beneath it.
        Found::Nothing if path != hook => HookState::Foreign,
        Found::Nothing => HookState::Missing,
        Found::Shim(known) => {
            let state = if is_there(&known) { HookState::Installed } else { HookState::ProgramMissing };
            program = Some(known);
            state
        }
        Found::OldShim => HookState::Outdated,
        Found::EditedShim if is_of_another_version(&path)? => HookState::Outdated,
        Found::EditedShim => HookState::Edited,
        Found::Foreign => HookState::Foreign,
    };
    let state = match (in_config, state) {
        (None, HookState::Foreign | HookState::Missing)
            if *directory != HooksDirectory::Nowhere && calls_us(directory, name, top)? =>
        {
            HookState::CallsUs
        }
        (configured, state) => configured.unwrap_or(state),
    };
    let chained = chained_name(&hook);
    let chained = (ours && files::exists(&chained)?).then_some(chained);
    let chained_runs = chained.as_deref().is_some_and(files::is_executable);
    Ok(HookStatus { name, path, state, program, chained, chained_runs })
}

fn driver(config: &Config, driver: Driver) -> DriverStatus {
    let command = config.get(&driver.command_key()).map(str::to_owned);
    let program = command.as_deref().and_then(|command| driver.program_of(command));
    let section = format!("{}.", driver.section());
    let state = match (&command, &program) {
        (_, Some(program)) if is_there(program) => DriverState::Installed,
        (_, Some(_)) => DriverState::ProgramMissing,
        (Some(_), None) => DriverState::Outdated,
        (None, _) if config.with_prefix(&section).next().is_some() => DriverState::Fatal,
        (None, _) => DriverState::Missing,
    };
    DriverStatus { driver, state, command, program }
}

fn is_there(program: &Path) -> bool {
    files::is_executable(program)
}
