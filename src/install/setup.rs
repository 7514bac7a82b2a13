//! Installing: everything is looked at first, then written down in the ledger, then done; what fails is undone.

use std::path::{Path, PathBuf};

use super::attributes::{with_block, without_block};
use super::files::{self, Exclusive, Permissions, at, exists, found, real};
use super::hooks::{Elsewhere, HOOKS, HooksDirectory, Step, aside_name, chained_name, step, text_and_hash};
use super::ledger::{self, Kept, Ledger};
use super::{Change, InstallError, Report, drivers};
use crate::git::{ConfigEdit, GitError, Repo};

/// How to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The program that hooks and drivers start, absolute
    pub program: PathBuf,
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
    let plan = Plan::make(repo, program)?;
    if !options.dry_run {
        sweep(repo)?;
        plan.carry_out(repo)?;
    }
    Ok(Report { changes: plan.changes(repo), dry_run: options.dry_run })
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
    let edits: Vec<ConfigEdit> =
        drivers::removals().chain(settings.cloned().map(ConfigEdit::Unset)).collect();
    repo.edited_config(present, &edits)
}

/// A file that gets other bytes.
struct Rewrite {
    before: Option<Vec<u8>>,
    after: Vec<u8>,
}

impl Rewrite {
    fn needed(before: Option<Vec<u8>>, after: Vec<u8>) -> Option<Self> {
        (before.as_deref() != Some(&after)).then_some(Self { before, after })
    }
}

/// A hook that needs work.
struct Hook {
    name: &'static str,
    path: PathBuf,
    step: Step,
}

/// All that has to be done.
struct Plan {
    program: String,
    before: Option<Ledger>,
    ledger: Ledger,
    directories: Vec<PathBuf>,
    config: Option<Rewrite>,
    attributes_path: PathBuf,
    attributes: Option<Rewrite>,
    hooks: Vec<Hook>,
}

impl Plan {
    /// Looks at everything and changes nothing.
    fn make(repo: &Repo, program: &str) -> Result<Self, InstallError> {
        let before = ledger::load(repo)?;
        let mut ledger = before.clone().unwrap_or_default();
        let mut directories = Vec::new();

        let hooks_directory = HooksDirectory::of(repo)?;
        let hooks = if let HooksDirectory::Ours(directory) = &hooks_directory {
            missing_directories(directory, &mut directories)?;
            hooks(repo, directory, program, &mut ledger)?
        } else if let Some(elsewhere) = Elsewhere::of(&hooks_directory)? {
            return Err(InstallError::HooksElsewhere(elsewhere));
        } else {
            Vec::new()
        };

        let present = repo.config_bytes()?;
        let bytes = present.as_deref().unwrap_or_default();
        let after = repo.edited_config(bytes, &drivers::definitions(program))?;
        let mut kept = match ledger.config.take() {
            Some(kept) if kept.covers(present.as_deref()) => kept,
            _ => {
                let original = present
                    .as_ref()
                    .map(|_| config_without_ours(repo, before.as_ref(), bytes))
                    .transpose()?;
                Kept { original, written: Vec::new() }
            }
        };
        kept.note(&after);
        ledger.config = Some(kept);
        let config = Rewrite::needed(present, after);

        let attributes_path = attributes_path(repo)?;
        if let Some(parent) = attributes_path.parent() {
            missing_directories(&real(parent), &mut directories)?;
        }
        let present = files::read(&attributes_path)?;
        let after = with_block(present.as_deref().unwrap_or_default());
        let mut kept = match ledger.attributes.take() {
            Some(kept) if kept.covers(present.as_deref()) => kept,
            _ => Kept { original: attributes_without_ours(present.as_deref()), written: Vec::new() },
        };
        kept.note(&after);
        ledger.attributes = Some(kept);
        let attributes = Rewrite::needed(present, after);

        ledger.directories.extend(directories.iter().filter_map(|path| ledger::name_of(repo, path)));
        let program = program.to_owned();
        Ok(Self { program, before, ledger, directories, config, attributes_path, attributes, hooks })
    }

    /// What is done, in order.
    fn changes(&self, repo: &Repo) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.before.as_ref() != Some(&self.ledger) {
            changes.push(Change::Write(ledger::path(repo)));
        }
        changes.extend(self.directories.iter().cloned().map(Change::MakeDirectory));
        if self.config.is_some() {
            let settings = drivers::all().flat_map(|driver| driver.settings(&self.program));
            changes.extend(settings.map(|(key, value)| Change::Set { key, value }));
        }
        if self.attributes.is_some() {
            changes.push(Change::Write(self.attributes_path.clone()));
        }
        for Hook { path, step, .. } in &self.hooks {
            changes.extend(kept_name(path, *step).map(|to| Change::Rename { from: path.clone(), to }));
            changes.push(Change::Write(path.clone()));
        }
        changes
    }

    fn carry_out(&self, repo: &Repo) -> Result<(), InstallError> {
        if self.changes(repo).is_empty() {
            return Ok(());
        }
        let mut done = Vec::new();
        let Err(cause) = self.steps(repo, &mut done) else { return Ok(()) };
        let left: Vec<Change> =
            done.into_iter().rev().filter(|done| done.undo(repo).is_err()).map(|d| d.change(repo)).collect();
        Err(if left.is_empty() { cause } else { InstallError::HalfDone { cause: cause.into(), done: left } })
    }

    /// Does everything. `done` grows before each step, so that also a step that fails halfway is undone.
    fn steps(&self, repo: &Repo, done: &mut Vec<Done>) -> Result<(), InstallError> {
        done.push(Done::Ledger(self.before.clone()));
        ledger::save(repo, &self.ledger)?;

        for path in &self.directories {
            std::fs::create_dir(path).map_err(at(path))?;
            done.push(Done::Directory(path.clone()));
        }

        // Drivers before the attributes that name them.
        if let Some(Rewrite { before, after }) = &self.config {
            let (before, after) = (before.clone(), Some(after.clone()));
            replace_config(repo, before.as_deref(), after.as_deref())?;
            done.push(Done::Config { before, after });
        }

        if let Some(Rewrite { before, after }) = &self.attributes {
            let path = &self.attributes_path;
            if files::read(path)? != *before {
                return Err(InstallError::Changed(path.clone()));
            }
            files::write(path, after, Permissions::Like(path))?;
            done.push(Done::File { path: path.clone(), before: before.clone() });
        }

        for Hook { name, path, step } in &self.hooks {
            let (text, _) = text_and_hash(name, &self.program);
            match kept_name(path, *step) {
                Some(to) => {
                    files::keep_as(path, &to)?;
                    done.push(Done::Rename { from: path.clone(), to });
                }
                None => done.push(Done::File { path: path.clone(), before: files::read(path)? }),
            }
            files::write(path, text.as_bytes(), Permissions::Executable)?;
        }
        Ok(())
    }
}

/// The hooks that need work; notes all of them in the ledger.
fn hooks(
    repo: &Repo,
    directory: &Path,
    program: &str,
    ledger: &mut Ledger,
) -> Result<Vec<Hook>, InstallError> {
    let mut hooks = Vec::new();
    for name in HOOKS {
        let path = directory.join(name);
        let key = ledger::name_of(repo, &path);
        let written = key.as_ref().and_then(|key| ledger.shims.get(key));
        if let Some(step) = step(&path, name, program, written.map(String::as_str))? {
            hooks.push(Hook { name, path, step });
        }
        ledger.shims.extend(key.map(|key| (key, text_and_hash(name, program).1)));
    }
    Ok(hooks)
}

/// The name under which what is there before a shim is written is kept.
pub(super) fn kept_name(path: &Path, step: Step) -> Option<PathBuf> {
    match step {
        Step::Write => None,
        Step::Chain => Some(chained_name(path)),
        Step::Aside => Some(aside_name(path)),
    }
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
        if exists(path)? {
            break;
        }
        above.push(path.to_owned());
    }
    missing.extend(above.into_iter().rev());
    Ok(())
}

/// Replaces the configuration, if it is still what it was.
fn replace_config(repo: &Repo, from: Option<&[u8]>, to: Option<&[u8]>) -> Result<(), InstallError> {
    repo.rewrite_config(|present| {
        if present == from {
            Ok(to.map(<[u8]>::to_vec))
        } else {
            Err(InstallError::Changed(repo.config_file()))
        }
    })
}

/// A step that was taken, and how to take it back.
enum Done {
    Ledger(Option<Ledger>),
    Directory(PathBuf),
    Config { before: Option<Vec<u8>>, after: Option<Vec<u8>> },
    File { path: PathBuf, before: Option<Vec<u8>> },
    Rename { from: PathBuf, to: PathBuf },
}

impl Done {
    fn undo(&self, repo: &Repo) -> Result<(), InstallError> {
        match self {
            Self::Ledger(Some(before)) => ledger::save(repo, before),
            Self::Ledger(None) => ledger::remove(repo).map(drop),
            Self::Directory(path) => files::remove_empty_directory(path).map(drop),
            Self::Config { before, after } => replace_config(repo, after.as_deref(), before.as_deref()),
            Self::File { path, before: Some(bytes) } => files::write(path, bytes, Permissions::Like(path)),
            Self::File { path, before: None } => files::remove(path).map(drop),
            Self::Rename { from, to } => files::rename(to, from),
        }
    }

    fn change(&self, repo: &Repo) -> Change {
        match self {
            Self::Ledger(_) => Change::Write(ledger::path(repo)),
            Self::Directory(path) => Change::MakeDirectory(path.clone()),
            Self::Config { .. } => Change::Write(repo.config_file()),
            Self::File { path, .. } => Change::Write(path.clone()),
            Self::Rename { from, to } => Change::Rename { from: from.clone(), to: to.clone() },
        }
    }
}
