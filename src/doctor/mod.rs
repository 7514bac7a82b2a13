//! The audit of a repository: its missions and logs, what is installed in it, its queue; and mending what can be
//! mended without asking.
//!
//! Brings together what `op`, `install` and `queue` see. Knows nothing about terminals.

mod error;
mod fix;
mod identity;
mod installation;
mod queue;
mod secrets;

use crate::git::Repo;
use crate::mission::audit::Finding;
use crate::op::audit::{Source, audit};
use crate::op::branch::Standing;

pub use error::DoctorError;
pub use fix::{Mended, fix};

/// What was found.
#[derive(Debug, Default)]
pub struct Examination {
    /// The findings: missions, logs, installation, queue
    pub findings: Vec<Finding>,
    /// How many missions there are
    pub missions: usize,
}

/// Examines. Of a named revision only missions and logs are judged. `progress` is told how many missions of how many
/// are done. Changes nothing.
pub fn examine(
    repo: &Repo,
    source: Source<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Examination, DoctorError> {
    let config = repo.config()?;
    let standing = Standing::find(repo, &config)?;
    let audit = audit(repo, &standing, source, progress)?;
    let mut findings = audit.findings;
    let judged = match source {
        Source::Revision(revision) => repo.commit(revision)?,
        Source::Checkout => standing.head.tip().cloned(),
    };
    if let Some(commit) = judged {
        findings.extend(secrets::judge(repo, &config, &commit)?);
    }
    if matches!(source, Source::Checkout) {
        findings
            .extend(installation::judge(&crate::install::status(repo)?, &crate::install::try_drivers(repo)?));
        findings.extend(identity::judge(repo)?);
        findings.extend(queue::judge(repo, &config)?);
    }
    Ok(Examination { findings, missions: audit.missions })
}
