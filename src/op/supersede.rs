//! Rows that came from a tree and that no tip says any more: removed, with the reason.
//!
//! Tips are branches, remote-tracking refs and the HEAD of each work tree. After an amend, a rebase or a squash
//! this is all the bookkeeping there is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use super::enqueue::EnqueueError;
use super::said::{self, Said, Version, Wanted};
use super::telling::Teller;
use crate::clock::Instant;
use crate::git::{GitError, Oid};
use crate::json::{Limits, Value, parse};
use crate::mission::SPECS;
use crate::queue::{BodyId, BodyRow, Handled, Queue, QueueError, QueuedEvent, TreeBody};

/// The reason in the log and on the failure list.
pub const REASON: &str = "superseded: no tip says it any more";

/// A row that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Superseded {
    /// An event
    Event {
        /// Its id
        event_id: String,
        /// Its type
        event_type: String,
    },
    /// A body, which is on the failure list now
    Body {
        /// Whose
        mission_slug: String,
        /// Which
        artifact_path: String,
        /// In which version
        content_hash: String,
    },
}

/// Every tip of the repository: `first`, then HEADs, branches and remote-tracking refs, each once.
pub fn tips(teller: &Teller<'_>, first: Option<&Oid>) -> Result<Vec<Oid>, GitError> {
    let repo = teller.repo();
    let mut tips: Vec<Oid> = first.cloned().into_iter().collect();
    tips.extend(repo.work_tree_heads()?);
    for prefix in ["refs/heads/", "refs/remotes/"] {
        tips.extend(repo.refs_below(prefix)?.into_iter().map(|(_, tip)| tip));
    }
    let mut seen = BTreeSet::new();
    tips.retain(|tip| seen.insert(tip.clone()));
    Ok(tips)
}

/// Rows that no tip says any more.
#[derive(Debug, Default)]
pub struct Unsaid {
    events: Vec<QueuedEvent>,
    bodies: Vec<BodyRow>,
    /// Records of refs that are no longer what was handled
    moved: Vec<Handled>,
}

/// Finds what no tip says any more. Tips are asked until every row is said by one; `first` is asked first.
pub fn find(teller: &Teller<'_>, queue: &Queue, first: Option<&Oid>) -> Result<Unsaid, EnqueueError> {
    let wanted = missions_of_rows(queue)?;
    if wanted.is_empty() {
        return Ok(Unsaid::default());
    }
    // Mostly the first says nearly all of it. A commit waits for this, so what it says is compared with the rows where they
    // lie.
    let said = first.map_or(Ok(Vec::new()), |first| said::missions(teller, first, &wanted))?;
    let statements = said.iter().flat_map(|says| &says.derived.said);
    let ids: HashSet<&str> = statements.map(|statement| statement.event_id.as_str()).collect();
    let versions = said.iter().flat_map(|says| &says.bodies).map(|body| TreeBody {
        namespace: body.namespace.values(),
        artifact_path: &body.path,
        blob_id: body.blob.as_str(),
    });
    let versions: HashSet<TreeBody<'_>> = versions.collect();
    // What somebody has queued meanwhile about another mission is not known to be unsaid.
    let mut events = queue.tree_events(|id, envelope| {
        let is_asked = || mission_of(envelope).is_none_or(|id| wanted.mission_ids.contains(&*id));
        !ids.contains(id) && is_asked()
    })?;
    let mut bodies = queue.tree_bodies(|body| {
        let [_, slug, ..] = body.namespace;
        !versions.contains(body) && wanted.slugs.contains(slug)
    })?;
    if events.is_empty() && bodies.is_empty() {
        return Ok(Unsaid::default());
    }
    let wanted = self::wanted(&events, &bodies);
    let mut said = Said::default();
    for tip in tips(teller, None)?.iter().filter(|tip| Some(*tip) != first) {
        said.add(teller, tip, &wanted)?;
        events.retain(|event| !said.events.contains(&event.event_id));
        bodies.retain(|body| version(body).is_none_or(|version| !said.versions.contains(&version)));
        if events.is_empty() && bodies.is_empty() {
            return Ok(Unsaid::default());
        }
    }
    let moved = moved_refs(teller, queue)?;
    Ok(Unsaid { events, bodies, moved })
}

/// The missions that the rows are about that came from a tree.
fn missions_of_rows(queue: &Queue) -> Result<Wanted, QueueError> {
    let mut wanted = Wanted::default();
    let note = |names: &mut BTreeSet<String>, name: &str| {
        if !names.contains(name) {
            names.insert(name.to_owned());
        }
    };
    queue.tree_slugs(|slug| note(&mut wanted.slugs, slug))?;
    queue.tree_events(|_, envelope| {
        if let Some(id) = mission_of(envelope) {
            note(&mut wanted.mission_ids, &id);
        }
        false
    })?;
    Ok(wanted)
}

impl Unsaid {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.bodies.is_empty()
    }

    /// Removes them.
    pub fn remove(self, queue: &mut Queue) -> Result<Vec<Superseded>, QueueError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        // First the records, so that what comes back is seen as new even if this is the last thing we do.
        for record in &self.moved {
            queue.forget_handled(&record.worktree, &record.reference)?;
        }
        let event_ids: Vec<&str> = self.events.iter().map(|event| event.event_id.as_str()).collect();
        queue.remove_events(&event_ids)?;
        let body_ids: Vec<BodyId> = self.bodies.iter().map(|body| body.id).collect();
        queue.park_bodies(&body_ids, REASON, Instant::now())?;
        let events = self
            .events
            .into_iter()
            .map(|event| Superseded::Event { event_id: event.event_id, event_type: event.event_type });
        let bodies = self.bodies.into_iter().map(|body| Superseded::Body {
            mission_slug: body.key.namespace.mission_slug,
            artifact_path: body.key.artifact_path,
            content_hash: body.key.content_hash,
        });
        Ok(events.chain(bodies).collect())
    }
}

/// The records of refs that no longer are what was handled: if they come back, they are looked at again.
fn moved_refs(teller: &Teller<'_>, queue: &Queue) -> Result<Vec<Handled>, EnqueueError> {
    let mut moved = Vec::new();
    for record in queue.all_handled()? {
        let tip = teller.repo().commit(&record.reference)?;
        let specs = match &tip {
            Some(tip) => teller.repo().subtree(tip, SPECS)?.map(|specs| specs.to_string()),
            None => None,
        };
        if tip.is_none() || specs != record.specs_tree {
            moved.push(record);
        }
    }
    Ok(moved)
}

/// The missions that rows are about.
pub fn wanted(events: &[QueuedEvent], bodies: &[BodyRow]) -> Wanted {
    Wanted {
        slugs: bodies.iter().map(|body| body.key.namespace.mission_slug.clone()).collect(),
        mission_ids: events.iter().filter_map(mission_id).collect(),
    }
}

/// The mission that an event is about.
pub fn mission_id(event: &QueuedEvent) -> Option<String> {
    mission_of(&event.data).map(Cow::into_owned)
}

/// The mission that an envelope is about. Those of ours start with it; others are parsed.
fn mission_of(envelope: &str) -> Option<Cow<'_, str>> {
    if let Some(rest) = envelope.strip_prefix("{\"aggregate_id\": \"mission/") {
        return Some(id_at_start(rest).into());
    }
    // A row of another program may hold anything.
    let parsed = parse(envelope.as_bytes(), Limits::ROW).ok()?;
    let aggregate = parsed.as_object()?.get("aggregate_id").and_then(Value::as_str)?;
    aggregate.strip_prefix("mission/").map(|rest| id_at_start(rest).to_owned().into())
}

fn id_at_start(text: &str) -> &str {
    text.split(['/', '"']).next().unwrap_or_default()
}

/// The version of an artifact that a row holds.
pub fn version(body: &BodyRow) -> Option<Version> {
    Some((body.key.namespace.clone(), body.key.artifact_path.clone(), body.blob_id.clone()?))
}
