//! Putting back what failed: events as they are, bodies from a tip that still says them.

use std::collections::BTreeSet;

use super::{Session, SyncError, log};
use crate::event::Statement;
use crate::git::{Oid, Repo};
use crate::op::enqueue::{self, Fresh};
use crate::op::said::Wanted;
use crate::op::supersede;
use crate::op::telling::{Body, Teller};
use crate::queue::{Failure, Origin};

/// What became of everything that had failed.
#[derive(Debug, Clone, Default)]
pub struct Retried {
    /// Events that are tried again
    pub events: u64,
    /// Entries of the failure list: queued again, or why not
    pub bodies: Vec<(Failure, Result<(), String>)>,
}

/// Puts back every failed event, and every parked body that a tip still says.
pub fn retry(repo: &Repo) -> Result<Retried, SyncError> {
    let mut session = Session::open_or_off(repo)?;
    let mut retried = Retried { events: session.queue.retry_events(None)?, bodies: Vec::new() };
    let failures = session.queue.failures()?;
    if failures.is_empty() {
        return Ok(retried);
    }
    let teller = enqueue::teller(repo, &session.config, &session.standing)?;
    let wanted = Wanted {
        slugs: failures.iter().map(|failure| failure.key.namespace.mission_slug.clone()).collect(),
        mission_ids: BTreeSet::new(),
    };
    let tips = supersede::tips(&teller, session.standing.head.tip())?;
    let (bodies, statements) = everything(&teller, &tips, &wanted)?;
    let (mut fresh, mut places) = (Fresh::default(), Vec::new());
    for failure in failures {
        let same = |body: &&Body| {
            *body.namespace.fields() == failure.key.namespace
                && body.path == failure.key.artifact_path
                && body.content_hash == failure.key.content_hash
        };
        let Some(body) = bodies.iter().find(same) else {
            retried.bodies.push((failure, Err("no tip says it any more".to_owned())));
            continue;
        };
        let index = statements.iter().find(|s| Some(&s.event_id) == body.index_event_id.as_ref());
        fresh.statements.extend(index.cloned());
        fresh.bodies.push(body.clone());
        places.push(retried.bodies.len());
        retried.bodies.push((failure, Ok(())));
    }
    let Some(envelope) = session.envelope(teller.project_uuid())? else { return Ok(retried) };
    let config = &session.config;
    let done = enqueue::enqueue(&teller, config, &mut session.queue, &envelope, fresh, Origin::Tree)?;
    for (place, handling) in places.into_iter().zip(&done.artifacts) {
        let (failure, outcome) = &mut retried.bodies[place];
        if handling.outcome.status() == "queued" {
            session.queue.forget_failure(failure.id)?;
        } else {
            *outcome = Err(handling.outcome.reason().unwrap_or_default());
        }
    }
    log::write(repo, &done);
    Ok(retried)
}

/// Queues again the events that queued bodies wait for and that are not queued: a sender may have delivered one
/// between the moment it was queued and the moment its body was. The server knows it by its id.
pub(super) fn restore_index_events(
    teller: &Teller<'_>,
    session: &mut Session<'_>,
    tips: &[Oid],
) -> Result<(), SyncError> {
    let (mut lost, mut wanted) = (BTreeSet::new(), Wanted::default());
    for body in session.queue.bodies()? {
        if let Some(event) = body.index_event_id
            && body.origin != Origin::Import
            && session.queue.event_status(&event)?.is_none()
        {
            lost.insert(event);
            wanted.slugs.insert(body.key.namespace.mission_slug);
        }
    }
    if lost.is_empty() {
        return Ok(());
    }
    let (_, mut statements) = everything(teller, tips, &wanted)?;
    statements.retain(|statement| lost.contains(&statement.event_id));
    let Some(envelope) = session.envelope(teller.project_uuid())? else { return Ok(()) };
    let fresh = Fresh { statements, ..Fresh::default() };
    let config = &session.config;
    enqueue::enqueue(teller, config, &mut session.queue, &envelope, fresh, Origin::Tree)?;
    Ok(())
}

/// Every body and every index event that some commits say about some missions.
fn everything(
    teller: &Teller<'_>,
    tips: &[Oid],
    wanted: &Wanted,
) -> Result<(Vec<Body>, Vec<Statement>), SyncError> {
    let (mut bodies, mut statements, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for tip in tips {
        let view = teller.commit(tip)?;
        for (dir, directory) in &view.missions {
            let slug = view.meta(dir).and_then(|meta| meta.text(crate::mission::key::MISSION_SLUG));
            if !slug.is_some_and(|slug| wanted.slugs.contains(slug)) {
                continue;
            }
            let (namespace, manifest) = view.circumstances(dir);
            if seen.insert((directory.clone(), namespace.cloned(), manifest.cloned())) {
                let says = teller.say(&view, dir)?;
                bodies.extend(says.bodies.iter().cloned());
                statements.extend(says.derived.said.iter().filter(|s| s.artifact.is_some()).cloned());
            }
        }
    }
    Ok((bodies, statements))
}
