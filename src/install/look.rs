//! What is found under the name of a hook, and what has to be done for it to be a shim of ours.
//!
//! Changes nothing.

use std::path::{Path, PathBuf};

use super::files::{at, exists, found, is_executable, read};
use super::hooks::{LEGACY, aside_name, chained_name, with_suffix};
use super::shim::{is_shim, program_of, shim, version};
use super::{InstallError, SHIM_VERSION};

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

/// Whether a file is a shim of ours, of whatever version.
pub(super) fn is_shim_file(path: &Path) -> Result<bool, InstallError> {
    let is_file = found(path.symlink_metadata()).map_err(at(path))?.is_some_and(|found| found.is_file());
    Ok(is_file && is_shim(&read(path)?.unwrap_or_default()))
}

/// Where our shim of a hook belongs, `path` being where git looks. pre-commit and prek run what they found in their
/// place, under another name: there it works beneath them, and their uninstalling puts it back. Where they run
/// somebody else's hook so, ours goes on top.
pub(super) fn place_of(path: &Path) -> Result<PathBuf, InstallError> {
    let bytes = read(path)?.unwrap_or_default();
    let is_manager = !is_shim(&bytes) && contains(&bytes, b"hook-impl");
    let beneath = with_suffix(path, LEGACY);
    let is_free = is_manager && (is_shim_file(&beneath)? || !exists(&beneath)?);
    Ok(if is_free { beneath } else { path.to_owned() })
}

fn contains(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
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
    /// Keep the hook that was chained until now under another name, chain the foreign hook, then write the shim
    Replace,
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
        Found::Foreign => Step::Replace,
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
