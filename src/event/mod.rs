//! Events: what a tree has to say about its missions, as ids and payloads that every clone derives alike.
//!
//! Pure: what a mission directory holds in, a set of [`Statement`]s out. Ids come from content alone, never from
//! the commit or the clock; who says it and when ([`Envelope`]) is filled in when a statement is queued. Lanes,
//! their other names and their legal moves come from the contract. Knows nothing about git, queues or servers.

mod derive;
mod dossier;
mod envelope;
mod kind;
mod lane;
mod log;
mod reduce;
mod standing;
#[cfg(test)]
mod tests;
mod transition;
mod work_package;

pub use derive::{Derived, Statement, Unsaid, derive, derive_but};
pub use dossier::{Artifact, Dossier, Expected, artifact_class};
pub use envelope::Envelope;
pub use kind::Kind;
pub use lane::{IllegalMove, illegal_moves, is_legal};
pub use reduce::{Identity, ReduceError, Snapshot, reduce};
pub use standing::lane_counts;
pub use work_package::WorkPackage;

use crate::mission::Meta;

/// What a tree holds of one mission.
#[derive(Debug, Clone, Copy)]
pub struct MissionTree<'a> {
    /// The project's UUID
    pub project_uuid: &'a str,
    /// `kitty-specs/<name>`
    pub directory: &'a str,
    /// Its `meta.json`
    pub meta: &'a Meta,
    /// Its work packages, in the order of their paths
    pub work_packages: &'a [WorkPackage],
    /// Its event log, empty if there is none
    pub log: &'a [u8],
    /// Its artifacts, or why nothing can be said about them
    pub dossier: Result<&'a Dossier, &'a str>,
}
