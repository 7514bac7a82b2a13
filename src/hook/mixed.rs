//! pre-commit and pre-merge-commit: closed for a merge that put the work of one mission into the directory of another.

use super::Report;
use super::report::in_one_line;
use crate::git::Repo;
use crate::mission::MissionDir;
use crate::op::OpError;
use crate::op::resolve::mixed;
use crate::op::stage::Staged;

/// The directories in which two missions met, of a merge that is still as git made it, by paths.
pub(super) fn found(repo: &Repo, staged: &Staged, report: &mut Report) -> Vec<MissionDir> {
    if !staged.is_merge() {
        return Vec::new();
    }
    let found = repo.config().map_err(OpError::from).and_then(|config| mixed(repo, &config));
    found.unwrap_or_else(|error| {
        let text = format!("whether two missions met was not checked: {}", in_one_line(&error));
        report.warn(text, Some("git mission resolve --dry-run"));
        Vec::new()
    })
}

/// Refuses the merge because of them.
pub(super) fn refuse<'a>(dirs: impl IntoIterator<Item = &'a MissionDir>, report: &mut Report) {
    for dir in dirs {
        let text = format!("{dir}: the merge mixed two missions here; nothing was committed");
        report.refuse(text, Some("git mission resolve"));
    }
}
