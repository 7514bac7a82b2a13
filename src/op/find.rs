//! The one mission that a handle means, in a commit or the checkout.

use std::fmt;

use super::OpError;
use super::list::{Source, list};
use crate::git::Repo;
use crate::mission::handle::{By, Candidate, HandleError, resolve, unmistakable};
use crate::mission::{Meta, MissionDir};

/// A mission that was found by a handle.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where
    pub dir: MissionDir,
    /// What it says
    pub meta: Meta,
    /// In which way it was named
    pub by: By,
    /// The shortest beginning of its id that no other mission has, else its directory
    pub handle: String,
}

/// Why none was found.
#[derive(Debug)]
pub enum FindError {
    /// The missions could not be read.
    Op(OpError),
    /// The handle means none, or several.
    Handle(HandleError),
}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op(error) => error.fmt(f),
            Self::Handle(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FindError {}

/// Finds it. Missions that cannot be read have no handle.
pub fn find(repo: &Repo, source: Source<'_>, handle: &str) -> Result<Found, FindError> {
    let missions = list(repo, source).map_err(FindError::Op)?;
    let candidates: Vec<Candidate<'_>> =
        missions.iter().filter_map(|(dir, content)| Some(Candidate { dir, meta: content.meta()? })).collect();
    let meant = resolve(handle, &candidates).map_err(FindError::Handle)?;
    let Candidate { dir, meta } = candidates[meant.at];
    let handle = unmistakable(meant.at, &candidates);
    Ok(Found { dir: dir.clone(), meta: meta.clone(), by: meant.by, handle })
}
