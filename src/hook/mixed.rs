//! pre-commit and pre-merge-commit: closed for a merge that put the work of one mission into the directory of another.

use super::Report;
use super::report::in_one_line;
use crate::git::Repo;
use crate::op::OpError;
use crate::op::resolve::mixed;
use crate::op::stage::Staged;

/// Refuses a merge in which two missions met and that is still as git made it, by paths.
pub(super) fn refuse(repo: &Repo, staged: &Staged, report: &mut Report) {
    if !staged.is_merge() {
        return;
    }
    let found = repo.config().map_err(OpError::from).and_then(|config| mixed(repo, &config));
    match found {
        Ok(dirs) => {
            for dir in dirs {
                let text = format!("{dir}: the merge mixed two missions here; nothing was committed");
                report.refuse(text, Some("git mission resolve"));
            }
        }
        Err(error) => {
            let text = format!("whether two missions met was not checked: {}", in_one_line(&error));
            report.warn(text, Some("git mission resolve --dry-run"));
        }
    }
}
