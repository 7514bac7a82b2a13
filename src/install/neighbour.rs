//! Hook managers beside us: hooks of somebody else's that call us, and hooks directories that are not ours.
//!
//! Changes nothing; what it finds in the work tree only ever keeps us from writing.

use std::fmt;
use std::path::{Path, PathBuf};

use super::files::read;
use super::hooks::HooksDirectory;
use super::{InstallError, SERVER_HOOKS};

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
    /// Those of these hooks in a directory of somebody else's that do not call us; `None` if all do.
    pub(super) fn of(directory: &HooksDirectory, hooks: &[&str]) -> Result<Option<Self>, InstallError> {
        let mut lines = Vec::new();
        for hook in hooks {
            let file = own_file(directory.path(), hook);
            if !names_us(&file, hook)? {
                lines.push((file, line(hook)));
            }
        }
        let in_work_tree = matches!(directory, HooksDirectory::InWorkTree(_));
        let directory = directory.path().to_owned();
        Ok((!lines.is_empty()).then_some(Self { directory, in_work_tree, lines }))
    }

    pub(super) fn hint(&self) -> String {
        let of_server = |file: &Path| SERVER_HOOKS.iter().any(|hook| file.ends_with(hook));
        let server = if self.lines.iter().any(|(file, _)| of_server(file)) { " --server" } else { "" };
        let mut text = format!("add these lines, then `git mission install{server}`:");
        for (file, line) in &self.lines {
            text.push_str("\n  ");
            // One line for each file, whatever its name.
            text.push_str(&file.display().to_string().replace('\n', "\\n"));
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
    format!("! command -v git-mission >/dev/null || git-mission hook {hook} -- \"$@\" || exit $?")
}

/// Where hook managers are told what to run, below the top of the work tree.
const LEFTHOOK: [&str; 10] = [
    "lefthook.yml",
    "lefthook.yaml",
    "lefthook.toml",
    "lefthook.json",
    ".lefthook.yml",
    ".lefthook.yaml",
    ".lefthook.toml",
    ".lefthook.json",
    ".config/lefthook.yml",
    "lefthook-local.yml",
];
const PRE_COMMIT: [&str; 3] = [".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml"];

/// Whether the hook that git runs, which is somebody else's, calls us: by itself, or because the configuration of the
/// manager whose it is says so. `top` is that of the work tree.
pub(super) fn calls_us(
    directory: &HooksDirectory,
    hook: &str,
    top: Option<&Path>,
) -> Result<bool, InstallError> {
    let path = directory.path().join(hook);
    if names_us(&own_file(directory.path(), hook), hook)? {
        return Ok(true);
    }
    let bytes = read(&path)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let (pre_commit, lefthook) = (text.contains("hook-impl"), text.contains("lefthook run"));
    let lefthook = lefthook || text.contains("call_lefthook run");
    let files: &[&str] = match (pre_commit, lefthook) {
        (true, _) => &PRE_COMMIT,
        (_, true) => &LEFTHOOK,
        _ => &[],
    };
    let Some(top) = top else { return Ok(false) };
    for file in files {
        let bytes = read(&top.join(file))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let id = format!("git-mission-{hook}");
        let by_id = |line: &str| line.split(|c: char| !(c.is_alphanumeric() || c == '-')).any(|w| w == id);
        if text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .any(|line| is_call(line, hook) || (pre_commit && by_id(line)))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file holds a line that calls us.
fn names_us(file: &Path, hook: &str) -> Result<bool, InstallError> {
    let bytes = read(file)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(!super::shim::is_shim(&bytes) && text.lines().any(|line| is_call(line, hook)))
}

fn is_call(line: &str, hook: &str) -> bool {
    let mut words = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', ',']));
    !line.trim_start().starts_with('#')
        && words.any(|word| word == "mission" || word == "git-mission" || word.ends_with("/git-mission"))
        && format!("{line} ").contains(&format!(" hook {hook} "))
}

/// The file that the owner of a hooks directory edits: husky generates the files that git runs, in `.husky/_`,
/// and they run those above.
fn own_file(directory: &Path, hook: &str) -> PathBuf {
    match directory.parent() {
        Some(parent) if directory.ends_with(".husky/_") => parent.join(hook),
        _ => directory.join(hook),
    }
}

#[cfg(test)]
mod tests {
    use super::super::hooks::HOOKS;
    use super::*;

    #[test]
    fn lines_that_call_us_are_told_from_lines_that_speak_of_us() {
        for (line, calls) in [
            ("git-mission hook pre-push -- \"$@\"", true),
            ("  git mission hook pre-push", true),
            ("    - run: \"/opt/git-mission\" hook pre-push -- {1} {2}", true),
            ("# git-mission hook pre-push", false),
            ("git-mission hook pre-commit -- \"$@\"", false),
            ("echo hook pre-push ", false),
            ("missionary hook pre-push ", false),
        ] {
            assert_eq!(is_call(line, "pre-push"), calls, "{line}");
        }
        assert!(HOOKS.iter().all(|hook| is_call(&line(hook), hook)));
    }
}
