//! Findings about the id of the checkout.

use crate::git::{GitError, Repo};
use crate::identity::ProjectFile;
use crate::mission::audit::{Code, Finding};
use crate::op::identity::{is_copied, shared_build_id};

/// Judges it.
pub(super) fn judge(repo: &Repo) -> Result<Vec<Finding>, GitError> {
    let mut findings = Vec::new();
    if let Some(id) = shared_build_id(repo)? {
        let message =
            format!("the file is tracked, so every clone is given the build id {id}; it is not used");
        findings.push(Finding::new(Code::BuildIdShared, message).at(ProjectFile::PATH));
    }
    if is_copied(repo)? {
        let message = "this checkout was copied with its build id; it gets one of its own when it is needed";
        findings.push(Finding::new(Code::BuildIdShared, message));
    }
    Ok(findings)
}
