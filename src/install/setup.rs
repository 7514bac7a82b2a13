//! Installing: everything is looked at first, then written down in the ledger, then done; what fails is undone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::attributes::{with_block, without_block};
use super::files::{self, Exclusive, at, exists, found, real};
use super::hooks::{HOOKS, HooksDirectory, aside_name, chained_name, replaced_name};
use super::ledger::{self, Kept, Ledger};
use super::look::{Step, place_of, step, text_and_hash};
use super::neighbour::{Elsewhere, calls_us};
use super::steps::carry_out;
use super::{Change, InstallError, Report, SERVER_HOOKS, config_hooks, drivers, removal, view};
use crate::git::{Config, ConfigEdit, GitError, Repo};

/// How hooks are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// As they are installed already; else files, else, where the hooks directory is not ours, the configuration if
    /// this git runs hooks of it
    #[default]
    Auto,
    /// In the configuration, which git 2.54 and later reads
    Config,
    /// As files in the hooks directory
    Shim,
}

/// How to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The program that hooks and drivers start, absolute
    pub program: PathBuf,
    /// How hooks are installed
    pub mode: Mode,
    /// Only list what would be done
    pub dry_run: bool,
}

/// Installs hooks, drivers and attributes; what is installed already stays, what is outdated is renewed.
///
/// If a step fails, what was done before it is undone; what could not be is named by
/// [`InstallError::HalfDone`].
pub fn install(repo: &Repo, options: &Options) -> Result<Report, InstallError> {
    let program = checked(&options.program)?;
    let _alone = Exclusive::take(repo.common_dir())?;
    perform(repo, &Plan::make(repo, program, options.mode)?, options.dry_run)
}

/// Carries a plan out, or only tells it. Only under [`Exclusive`].
pub(super) fn perform(repo: &Repo, plan: &Plan, dry_run: bool) -> Result<Report, InstallError> {
    if !dry_run {
        sweep(repo)?;
        carry_out(repo, plan)?;
    }
    Ok(Report { changes: plan.changes(repo), dry_run })
}

/// Removes what killed installations left half written. Only under [`Exclusive`].
pub(super) fn sweep(repo: &Repo) -> Result<(), InstallError> {
    if let HooksDirectory::Ours(directory) = HooksDirectory::of(repo)? {
        files::sweep(&directory)?;
    }
    files::sweep(&repo.common_dir().join("info"))?;
    files::sweep(&ledger::directory(repo))
}

/// The path of a program, if it can stand in a shell script, in a configuration file, and mean one place.
pub(super) fn checked(program: &Path) -> Result<&str, InstallError> {
    program
        .to_str()
        .filter(|text| program.is_absolute() && !text.chars().any(char::is_control))
        .ok_or_else(|| InstallError::Program(program.to_owned()))
}

/// Where the attributes are that win over those of the work tree. git would follow a link there, we do not.
pub(super) fn attributes_path(repo: &Repo) -> Result<PathBuf, InstallError> {
    let directory = repo.common_dir().join("info");
    let path = directory.join("attributes");
    if !real(&directory).starts_with(real(repo.common_dir())) {
        return Err(InstallError::NotAFile(directory));
    }
    match found(path.symlink_metadata()).map_err(at(&path))? {
        Some(metadata) if !metadata.is_file() => Err(InstallError::NotAFile(path)),
        _ => Ok(path),
    }
}

/// The configuration without anything of ours.
pub(super) fn config_without_ours(
    repo: &Repo,
    ledger: Option<&Ledger>,
    present: &[u8],
) -> Result<Vec<u8>, GitError> {
    let settings = ledger.into_iter().flat_map(|ledger| &ledger.settings);
    let edits: Vec<ConfigEdit> = drivers::removals()
        .chain(HOOKS.map(config_hooks::removal))
        .chain(settings.cloned().map(ConfigEdit::Unset))
        .collect();
    repo.edited_config(present, &edits)
}

/// Whether this git runs hooks of the configuration.
pub(super) fn runs_config_hooks(repo: &Repo) -> Result<bool, GitError> {
    Ok(repo.git_version()? >= config_hooks::SINCE)
}

/// A file that gets other bytes.
pub(super) struct Rewrite {
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Vec<u8>,
}

impl Rewrite {
    fn needed(before: Option<Vec<u8>>, after: Vec<u8>) -> Option<Self> {
        (before.as_deref() != Some(&after)).then_some(Self { before, after })
    }
}

/// A hook that needs work.
pub(super) struct Hook {
    pub(super) name: &'static str,
    pub(super) path: PathBuf,
    /// What was there, with the name that it gets, in the order in which they are given
    pub(super) kept: Vec<(PathBuf, PathBuf)>,
}

/// All that has to be done.
pub(super) struct Plan {
    pub(super) program: String,
    pub(super) before: Option<Ledger>,
    pub(super) ledger: Ledger,
    pub(super) directories: Vec<PathBuf>,
    /// The configuration, and what changes in it
    pub(super) config: Option<(Rewrite, Vec<Change>)>,
    pub(super) attributes_path: PathBuf,
    pub(super) attributes: Option<Rewrite>,
    pub(super) hooks: Vec<Hook>,
    pub(super) links: Vec<view::Link>,
    /// Shims that are no longer wanted, and what they stood before
    pub(super) removals: Vec<Change>,
}

/// Which hooks are installed, and how.
enum Way {
    Shims(PathBuf, Vec<&'static str>),
    Config(Vec<&'static str>),
    /// The owner of the hooks directory calls us.
    Called,
}

impl Way {
    fn find(repo: &Repo, mode: Mode, config: &Config) -> Result<Self, InstallError> {
        let directory = HooksDirectory::of(repo)?;
        let top = repo.top().ok();
        let mut needed = Vec::new();
        for hook in HOOKS {
            let path = directory.path().join(hook);
            let foreign = !super::look::is_shim_file(&path)?;
            if !(foreign && directory != HooksDirectory::Nowhere && calls_us(&directory, hook, top)?) {
                needed.push(hook);
            }
        }
        let configured = HOOKS
            .iter()
            .any(|hook| matches!(config_hooks::configured(config, hook), config_hooks::Configured::Ours(_)));
        let elsewhere = || match directory {
            HooksDirectory::Nowhere => Err(InstallError::HooksOff),
            _ => Elsewhere::of(&directory, &HOOKS)
                .and_then(|found| found.map_or(Ok(Self::Called), |e| Err(InstallError::HooksElsewhere(e)))),
        };
        match (mode, &directory) {
            (Mode::Config, _) => {
                let version = repo.git_version()?;
                if version < config_hooks::SINCE {
                    return Err(InstallError::NoConfigHooks(version.0, version.1));
                }
                Ok(Self::Config(needed))
            }
            (Mode::Auto, _) if configured && runs_config_hooks(repo)? => Ok(Self::Config(needed)),
            (_, HooksDirectory::Ours(path)) => Ok(Self::Shims(path.clone(), needed)),
            (Mode::Auto, _) if !needed.is_empty() && runs_config_hooks(repo)? => Ok(Self::Config(needed)),
            _ => elsewhere(),
        }
    }
}

impl Plan {
    /// Looks at everything and changes nothing.
    fn make(repo: &Repo, program: &str, mode: Mode) -> Result<Self, InstallError> {
        let way = Way::find(repo, mode, &repo.config()?)?;
        let mut plan = Self::nothing(repo, program)?;
        match &way {
            Way::Shims(directory, needed) => plan.shims(repo, directory, needed)?,
            Way::Config(_) | Way::Called => plan.without_shims(repo)?,
        }
        plan.config(repo, if let Way::Config(needed) = &way { needed } else { &[] })?;
        plan.attributes()?;
        plan.note_directories(repo);
        Ok(plan)
    }

    /// Only the hooks of a server.
    pub(super) fn of_server(repo: &Repo, program: &str) -> Result<Self, InstallError> {
        let mut plan = Self::nothing(repo, program)?;
        match HooksDirectory::of(repo)? {
            HooksDirectory::Ours(directory) => plan.shims(repo, &directory, &SERVER_HOOKS)?,
            HooksDirectory::Nowhere => return Err(InstallError::HooksOff),
            theirs => {
                if let Some(elsewhere) = Elsewhere::of(&theirs, &SERVER_HOOKS)? {
                    return Err(InstallError::HooksElsewhere(elsewhere));
                }
            }
        }
        plan.note_directories(repo);
        Ok(plan)
    }

    fn nothing(repo: &Repo, program: &str) -> Result<Self, InstallError> {
        let before = ledger::load(repo)?;
        Ok(Self {
            program: program.to_owned(),
            ledger: before.clone().unwrap_or_default(),
            before,
            directories: Vec::new(),
            config: None,
            attributes_path: attributes_path(repo)?,
            attributes: None,
            hooks: Vec::new(),
            links: Vec::new(),
            removals: Vec::new(),
        })
    }

    fn note_directories(&mut self, repo: &Repo) {
        let names = self.directories.iter().filter_map(|path| ledger::name_of(repo, path));
        self.ledger.directories.extend(names);
    }

    fn shims(&mut self, repo: &Repo, directory: &Path, needed: &[&'static str]) -> Result<(), InstallError> {
        missing_directories(directory, &mut self.directories)?;
        let mut chained = view::chained(directory)?;
        for name in needed {
            let hook = directory.join(name);
            let path = place_of(&hook)?;
            let key = ledger::name_of(repo, &hook);
            let written = key.as_ref().and_then(|key| self.ledger.shims.get(key));
            if let Some(step) = step(&path, name, &self.program, written.map(String::as_str))? {
                if matches!(step, Step::Chain | Step::Replace) && !chained.contains(name) {
                    chained.push(name);
                }
                self.hooks.push(Hook { name, path: path.clone(), kept: kept_names(&path, step)? });
            }
            self.ledger.shims.extend(key.map(|key| (key, text_and_hash(name, &self.program).1)));
            let moved = removal::moved_shims(&hook)?.into_iter().filter(|moved| *moved != path);
            self.removals.extend(moved.map(Change::Remove));
        }
        self.links = view::missing(directory, &chained)?;
        // What is chained now has its name taken by the shim, so only what stays is a neighbour.
        let moved: Vec<PathBuf> = self
            .removals
            .iter()
            .filter_map(|change| if let Change::Remove(path) = change { path.file_name() } else { None })
            .map(|name| view::place(directory).join(name))
            .collect();
        self.links.retain(|(path, _)| !moved.contains(path));
        if !self.links.is_empty() {
            missing_directories(&view::place(directory), &mut self.directories)?;
        }
        Ok(())
    }

    /// The shims that were written go; what was chained behind them gets its place back.
    fn without_shims(&mut self, repo: &Repo) -> Result<(), InstallError> {
        let mut directories = BTreeSet::new();
        for (name, written) in std::mem::take(&mut self.ledger.shims) {
            let path = ledger::path_of(repo, &name);
            self.removals.extend(removal::hook_removal(&path, Some(&written))?);
            directories.extend(path.parent().map(Path::to_owned));
        }
        for hooks in directories {
            let links = view::links(&hooks)?;
            if !links.is_empty() {
                self.removals.extend(links.into_iter().map(Change::Remove));
                self.removals.push(Change::RemoveDirectory(view::place(&hooks)));
            }
        }
        Ok(())
    }

    fn config(&mut self, repo: &Repo, hooks: &[&'static str]) -> Result<(), InstallError> {
        let present = repo.config_bytes()?;
        let bytes = present.as_deref().unwrap_or_default();
        let mut changes = Vec::new();
        let config = repo.config()?;
        let mut edits = Vec::new();
        for hook in HOOKS {
            let stands = config_hooks::configured(&config, hook) != config_hooks::Configured::Nothing;
            if stands && !hooks.contains(&hook) {
                edits.push(config_hooks::removal(hook));
                changes.push(Change::Unset(config_hooks::section(hook)));
            }
        }
        let hooks = hooks.iter().flat_map(|hook| config_hooks::definition(hook, &self.program));
        for (key, value) in drivers::settings(&self.program).chain(hooks) {
            changes.push(Change::Set { key: key.clone(), value: value.clone() });
            edits.push(ConfigEdit::Set { key, value });
        }
        let after = repo.edited_config(bytes, &edits)?;
        let mut kept = match self.ledger.config.take() {
            Some(kept) if kept.covers(present.as_deref()) => kept,
            _ => {
                let ledger = self.before.as_ref();
                let original =
                    present.as_ref().map(|_| config_without_ours(repo, ledger, bytes)).transpose()?;
                Kept { original, written: Vec::new() }
            }
        };
        kept.note(&after);
        self.ledger.config = Some(kept);
        self.config = Rewrite::needed(present, after).map(|rewrite| (rewrite, changes));
        Ok(())
    }

    fn attributes(&mut self) -> Result<(), InstallError> {
        if let Some(parent) = self.attributes_path.parent() {
            missing_directories(&real(parent), &mut self.directories)?;
        }
        let present = files::read(&self.attributes_path)?;
        let after = with_block(present.as_deref().unwrap_or_default());
        let mut kept = match self.ledger.attributes.take() {
            Some(kept) if kept.covers(present.as_deref()) => kept,
            _ => Kept { original: attributes_without_ours(present.as_deref()), written: Vec::new() },
        };
        kept.note(&after);
        self.ledger.attributes = Some(kept);
        self.attributes = Rewrite::needed(present, after);
        Ok(())
    }
}

/// What is there before a shim is written, with the name that it gets.
pub(super) fn kept_names(path: &Path, step: Step) -> Result<Vec<(PathBuf, PathBuf)>, InstallError> {
    Ok(match step {
        Step::Write => Vec::new(),
        Step::Chain => vec![(path.to_owned(), chained_name(path))],
        Step::Replace => {
            vec![(chained_name(path), replaced_name(path)?), (path.to_owned(), chained_name(path))]
        }
        Step::Aside => vec![(path.to_owned(), aside_name(path))],
    })
}

/// Attributes without anything of ours; a file of ours alone counts as none.
fn attributes_without_ours(present: Option<&[u8]>) -> Option<Vec<u8>> {
    let present = present?;
    let rest = without_block(present);
    (rest == present || !rest.is_empty()).then_some(rest)
}

/// Adds the directories that are missing for `directory` to be there, outermost first.
pub(super) fn missing_directories(directory: &Path, missing: &mut Vec<PathBuf>) -> Result<(), InstallError> {
    let mut above = Vec::new();
    for path in directory.ancestors() {
        if exists(path)? || missing.iter().any(|known| known == path) {
            break;
        }
        above.push(path.to_owned());
    }
    missing.extend(above.into_iter().rev());
    Ok(())
}
