//! What commits say, as a set: asked before a row may leave, and before one is taken to be said by nothing.
//!
//! Knows nothing about the queue.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::telling::{MissionSays, Teller};
use crate::dossier::NamespaceFields;
use crate::git::{GitError, Oid};
use crate::mission::key;

/// Which missions are asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By the name that their bodies carry
    pub slugs: BTreeSet<String>,
    /// By id
    pub mission_ids: BTreeSet<String>,
}

/// A version of an artifact: whose, which path, which blob.
pub type Version = (NamespaceFields, String, String);

/// Everything that some commits say about some missions.
#[derive(Debug, Default)]
pub struct Said {
    /// Ids of events
    pub events: HashSet<String>,
    /// Versions of artifacts
    pub versions: HashSet<Version>,
}

impl Wanted {
    /// Whether anything is asked about.
    pub fn is_empty(&self) -> bool {
        self.slugs.is_empty() && self.mission_ids.is_empty()
    }
}

impl Said {
    /// What the commits say. Commits that hold the same missions cost nothing more.
    pub fn by<'o>(
        teller: &Teller<'_>,
        commits: impl IntoIterator<Item = &'o Oid>,
        wanted: &Wanted,
    ) -> Result<Self, GitError> {
        let mut said = Self::default();
        for commit in commits {
            said.add(teller, commit, wanted)?;
        }
        Ok(said)
    }

    /// Adds what one more commit says.
    pub fn add(&mut self, teller: &Teller<'_>, commit: &Oid, wanted: &Wanted) -> Result<(), GitError> {
        if wanted.is_empty() {
            return Ok(());
        }
        for says in missions(teller, commit, wanted)? {
            self.events.extend(says.derived.said.iter().map(|statement| statement.event_id.clone()));
            self.versions.extend(
                says.bodies
                    .iter()
                    .map(|body| (body.namespace.fields().clone(), body.path.clone(), body.blob.to_string())),
            );
        }
        Ok(())
    }
}

/// What a commit says about the missions that are asked about, each for itself.
pub(super) fn missions(
    teller: &Teller<'_>,
    commit: &Oid,
    wanted: &Wanted,
) -> Result<Vec<Rc<MissionSays>>, GitError> {
    let view = teller.commit(commit)?;
    let mut missions = Vec::new();
    for dir in view.missions.keys() {
        let Some(meta) = view.meta(dir) else { continue };
        let by_slug = meta.text(key::MISSION_SLUG).is_some_and(|slug| wanted.slugs.contains(slug));
        let by_id = meta.valid_id().is_some_and(|id| wanted.mission_ids.contains(id.as_str()));
        if by_slug || by_id {
            missions.push(teller.say(&view, dir)?);
        }
    }
    Ok(missions)
}
