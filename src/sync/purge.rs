//! Throwing away what is queued, by hand: of one mission, or all of it.

use super::{SyncError, audit};
use crate::git::Repo;
use crate::mission::handle::{Candidate, HandleError, resolve};
use crate::mission::key;
use crate::op::snapshot::Reader;
use crate::op::supersede::mission_id;

/// How many rows were thrown away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Events
    pub events: u64,
    /// Bodies
    pub bodies: u64,
}

/// Throws away the rows of one mission, or all of them. What was handled stays handled:
/// `git mission sync enqueue --all` brings back what HEAD says.
pub fn purge(repo: &Repo, handle: Option<&str>) -> Result<Purged, SyncError> {
    let Some(mut queue) = audit::open(repo)? else { return Ok(Purged::default()) };
    let Some(handle) = handle else {
        return Ok(Purged { events: queue.purge_events()?, bodies: queue.purge_bodies(None)? });
    };
    let (slug, id) = meant(repo, handle)?;
    let events = queue.events()?;
    let of_mission = events.iter().filter(|event| id.is_some() && mission_id(event) == id);
    let ids: Vec<&str> = of_mission.map(|event| event.event_id.as_str()).collect();
    let purged =
        Purged { events: queue.remove_events(&ids)?, bodies: queue.purge_bodies(Some(slug.as_str()))? };
    if id.is_none() && purged.bodies == 0 {
        return Err(SyncError::Handle(HandleError::Unknown(handle.to_owned())));
    }
    Ok(purged)
}

/// `mission_slug` and id of the mission of HEAD that is called so; a name that HEAD does not know may be one that
/// rows carry.
fn meant(repo: &Repo, handle: &str) -> Result<(String, Option<String>), SyncError> {
    let unknown = || (handle.to_owned(), None);
    let Some(head) = repo.commit("HEAD")? else { return Ok(unknown()) };
    let snapshot = Reader::new(repo).tree(&head)?;
    let candidates: Vec<Candidate<'_>> =
        snapshot.files.iter().filter_map(|(dir, file)| Some(Candidate { dir, meta: file.meta()? })).collect();
    match resolve(handle, &candidates) {
        Ok(meant) => {
            let meta = candidates[meant.at].meta;
            let slug = meta.text(key::MISSION_SLUG).unwrap_or_default().to_owned();
            Ok((slug, meta.valid_id().map(|id| id.to_string())))
        }
        Err(HandleError::Unknown(_)) => Ok(unknown()),
        Err(error @ HandleError::Ambiguous { .. }) => Err(SyncError::Handle(error)),
    }
}
