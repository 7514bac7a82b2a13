//! The hooks directory of a repository: whether it is ours to write into, and what is in it.
//!
//! Changes nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use super::files::{at, exists, found, is_executable, read, real};
use super::shim::{is_shim, program_of, shim, version};
use super::{InstallError, SHIM_VERSION};
use crate::git::Repo;

/// The hooks that get a shim.
pub const HOOKS: [&str; 6] =
    ["pre-commit", "pre-merge-commit", "post-commit", "post-merge", "post-rewrite", "pre-push"];

/// Where git looks for the hooks of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HooksDirectory {
    /// In the common git directory: ours to write into.
    Ours(PathBuf),
    /// In the work tree, where it is tracked or made by another hook manager.
    InWorkTree(PathBuf),
    /// Outside the repository, where other repositories use it too.
    Outside(PathBuf),
}

impl HooksDirectory {
    /// Asks git, and judges the answer.
    pub(super) fn of(repo: &Repo) -> Result<Self, InstallError> {
        let directory = repo.git_path("hooks")?;
        let resolved = real(&directory);
        let inside = |other: &Path| resolved.starts_with(real(other));
        Ok(if inside(repo.common_dir()) {
            Self::Ours(resolved)
        } else if repo.top().is_ok_and(inside) {
            Self::InWorkTree(directory)
        } else {
            Self::Outside(directory)
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        let (Self::Ours(path) | Self::InWorkTree(path) | Self::Outside(path)) = self;
        path
    }
}

/// The executable hook that was there before ours and has to run first, with the same stdin, arguments,
/// directory and environment as ours. `None` where there is none, or git would not have run it either.
pub fn chained(repo: &Repo, hook: &str) -> Result<Option<PathBuf>, InstallError> {
    // A program in the work tree is never started by us.
    let HooksDirectory::Ours(directory) = HooksDirectory::of(repo)? else { return Ok(None) };
    let path = chained_name(&directory.join(hook));
    // A shim that was chained would call us again, and again.
    if !is_executable(&path) || is_shim(&read(&path)?.unwrap_or_default()) {
        return Ok(None);
    }
    Ok(Some(path))
}

/// The name of a foreign hook that is chained behind ours.
pub(super) fn chained_name(hook: &Path) -> PathBuf {
    with_suffix(hook, ".mission-chained")
}

/// The name under which a shim is kept that was edited by hand.
pub(super) fn aside_name(hook: &Path) -> PathBuf {
    with_suffix(hook, ".mission-edited")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.to_owned();
    path.as_mut_os_string().push(suffix);
    path
}

/// What is found under the name of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing
    Nothing,
    /// A shim of this version and the program that it starts
    Shim(PathBuf),
    /// A shim that another version wrote, or that lost its executable bit
    OldShim,
    /// A shim with changes that are not ours
    EditedShim,
    /// Somebody else's hook, be it a link
    Foreign,
}

/// Looks at a hook. `written` is the hash of the shim that was last written there, if it is known.
pub(super) fn look(path: &Path, hook: &str, written: Option<&str>) -> Result<Found, InstallError> {
    let Some(metadata) = found(path.symlink_metadata()).map_err(at(path))? else { return Ok(Found::Nothing) };
    if !metadata.is_file() {
        return Ok(Found::Foreign);
    }
    let Some(bytes) = read(path)? else { return Ok(Found::Nothing) };
    Ok(if !is_shim(&bytes) {
        Found::Foreign
    } else if let Some(program) = program_of(hook, &bytes) {
        if is_executable(path) { Found::Shim(program.into()) } else { Found::OldShim }
    } else if written == Some(crate::id::sha256_hex(&bytes).as_str()) {
        Found::OldShim
    } else {
        Found::EditedShim
    })
}

/// Whether a shim that is not of this version's text says that it is of another version.
pub(super) fn is_of_another_version(path: &Path) -> Result<bool, InstallError> {
    Ok(version(&read(path)?.unwrap_or_default()).is_some_and(|version| version != SHIM_VERSION))
}

/// What has to be done for one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Write the shim; what is there may go
    Write,
    /// Chain the foreign hook, then write the shim
    Chain,
    /// Keep the edited shim under another name, then write the shim
    Aside,
}

/// What has to be done for `hook` to be a shim that starts `program`; `None` if it is one.
pub(super) fn step(
    path: &Path,
    hook: &str,
    program: &str,
    written: Option<&str>,
) -> Result<Option<Step>, InstallError> {
    let chained = chained_name(path);
    Ok(Some(match look(path, hook, written)? {
        Found::Shim(known) if known == Path::new(program) => return Ok(None),
        Found::Nothing | Found::Shim(_) | Found::OldShim => Step::Write,
        Found::EditedShim => {
            let aside = aside_name(path);
            if exists(&aside)? {
                return Err(InstallError::AsideTaken { hook: path.to_owned(), aside });
            }
            Step::Aside
        }
        Found::Foreign if !exists(&chained)? => Step::Chain,
        // The tool that owns the chained hook wrote it again, or we were killed while chaining it.
        Found::Foreign if same_file_content(path, &chained)? => Step::Write,
        Found::Foreign => return Err(InstallError::ChainTaken { hook: path.to_owned(), chained }),
    }))
}

/// Whether two files are regular files with the same bytes, or links to the same place.
pub(super) fn same_file_content(one: &Path, other: &Path) -> Result<bool, InstallError> {
    let kind = |path: &Path| path.symlink_metadata().map_err(at(path));
    let (first, second) = (kind(one)?, kind(other)?);
    if first.is_symlink() && second.is_symlink() {
        let target = |path: &Path| std::fs::read_link(path).map_err(at(path));
        return Ok(target(one)? == target(other)?);
    }
    Ok(first.is_file() && second.is_file() && read(one)? == read(other)?)
}

/// The text of the shim of a hook, and its hash.
pub(super) fn text_and_hash(hook: &str, program: &str) -> (String, String) {
    let text = shim(hook, program);
    let hash = crate::id::sha256_hex(text.as_bytes());
    (text, hash)
}

/// A hooks directory that is not ours to write into, and what its owner has to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The directory that git looks into
    pub directory: PathBuf,
    /// Whether it lies in the work tree; otherwise outside of the repository
    pub in_work_tree: bool,
    /// The files that do not call us yet, each with the line to add
    pub lines: Vec<(PathBuf, String)>,
}

impl Elsewhere {
    /// The hooks in a directory of somebody else's that do not call us; `None` if all do.
    pub(super) fn of(directory: &HooksDirectory) -> Result<Option<Self>, InstallError> {
        let mut lines = Vec::new();
        for hook in HOOKS {
            let file = own_file(directory.path(), hook);
            if !calls_us(&file, hook)? {
                lines.push((file, line(hook)));
            }
        }
        let in_work_tree = matches!(directory, HooksDirectory::InWorkTree(_));
        let directory = directory.path().to_owned();
        Ok((!lines.is_empty()).then_some(Self { directory, in_work_tree, lines }))
    }

    pub(super) fn hint(&self) -> String {
        let mut text = String::from("add these lines, then `git mission install`:");
        for (file, line) in &self.lines {
            text.push_str("\n  ");
            text.push_str(&file.display().to_string());
            text.push_str(": ");
            text.push_str(line);
        }
        text
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose =
            if self.in_work_tree { "the work tree" } else { "a directory that other repositories may use" };
        write!(f, "git runs hooks from {}, which lies in {whose}", self.directory.display())
    }
}

/// The line that makes a hook of somebody else's call us. It names no path, because it may be tracked.
pub(super) fn line(hook: &str) -> String {
    format!(
        "! command -v git-mission >/dev/null || git-mission hook {hook} --shim-version {SHIM_VERSION} -- \"$@\" || exit $?"
    )
}

/// Whether a hook of somebody else's holds a line that calls us.
pub(super) fn calls_us(file: &Path, hook: &str) -> Result<bool, InstallError> {
    let text = String::from_utf8_lossy(&read(file)?.unwrap_or_default()).into_owned();
    let calls = |line: &str| {
        let mut words = line.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        !line.trim_start().starts_with('#')
            && words.any(|word| word == "mission" || word == "git-mission" || word.ends_with("/git-mission"))
            && line.contains(&format!(" hook {hook} "))
    };
    Ok(text.lines().any(calls))
}

/// The file that the owner of a hooks directory edits: husky generates the files that git runs, in `.husky/_`,
/// and they run those above.
pub(super) fn own_file(directory: &Path, hook: &str) -> PathBuf {
    match directory.parent() {
        Some(parent) if directory.ends_with(".husky/_") => parent.join(hook),
        _ => directory.join(hook),
    }
}
