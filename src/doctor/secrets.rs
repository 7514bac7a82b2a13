//! Findings about artifacts that hold something like a secret, and are therefore never sent. Never shows it.

use crate::dossier::{Outcome, Skip};
use crate::git::{Config, GitError, Oid, Repo};
use crate::mission::audit::{Code, Finding};
use crate::op::enqueue::max_body_bytes;
use crate::op::telling::artifact_faults;

/// Judges the artifacts of a commit.
pub(super) fn judge(repo: &Repo, config: &Config, commit: &Oid) -> Result<Vec<Finding>, GitError> {
    let faults = artifact_faults(repo, commit, max_body_bytes(config))?;
    let secret = |(path, id, outcome): (String, _, Outcome)| match outcome {
        Outcome::Skipped(Skip::SecretSuspected(secret)) => {
            let message = format!("looks like a secret ({}), so it is not sent", secret.rule);
            let position = Some((secret.line, 1));
            Some(Finding::new(Code::ArtifactSecret, message).at(path).position(position).of(id))
        }
        _ => None,
    };
    Ok(faults.into_iter().filter_map(secret).collect())
}
