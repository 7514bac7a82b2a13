//! What commits say: which artifact versions their trees hold, asked by the queue before a row may leave.
//!
//! Knows nothing about the queue.

use std::collections::BTreeSet;

use super::enqueue::artifacts_of;
use super::snapshot::Reader;
use crate::git::{GitError, Mode, Oid, Repo};
use crate::mission::{MissionDir, SPECS, key};

/// Artifact versions that some commits hold, by mission slug, path inside the mission, and blob id.
#[derive(Debug, Default)]
pub struct Said(BTreeSet<(String, String, String)>);

impl Said {
    /// What the trees of `tips` hold of the missions called `slugs`.
    pub fn by(repo: &Repo, tips: &[Oid], slugs: &BTreeSet<String>) -> Result<Self, GitError> {
        let reader = Reader::new(repo);
        let (mut said, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for tip in tips {
            let Some(specs) = repo.subtree(tip, SPECS)? else { continue };
            if !seen.insert(specs.clone()) {
                continue;
            }
            for entry in repo.tree(&specs)?.into_iter().filter(|entry| entry.mode == Mode::TREE) {
                // Most missions of most tips are the same trees.
                if !seen.insert(entry.oid.clone()) {
                    continue;
                }
                let file = reader.directory(&entry.oid)?;
                let slug =
                    file.as_ref().and_then(|file| file.meta()?.text(key::MISSION_SLUG).map(str::to_owned));
                let (Some(slug), Some(dir)) = (slug, MissionDir::from_name(&entry.name)) else { continue };
                if slugs.contains(&slug) {
                    let artifacts = artifacts_of(repo, &dir, &entry.oid)?;
                    said.extend(artifacts.into_iter().map(|a| (slug.clone(), a.path, a.blob.to_string())));
                }
            }
        }
        Ok(Self(said))
    }

    /// Whether one of the commits holds this version.
    pub fn holds(&self, mission_slug: &str, artifact_path: &str, blob: &str) -> bool {
        self.0.contains(&(mission_slug.to_owned(), artifact_path.to_owned(), blob.to_owned()))
    }
}
