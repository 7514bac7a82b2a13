//! One flush: the rows that a pushed commit still says are leased, handed to the server, and removed only when its
//! answer names them. Events first, then the bodies whose artifact is indexed.

mod batch;
mod bodies;
mod category;
mod circuit;
mod events;
mod listing;
mod outcome;
mod presence;
mod run;
mod timing;

use std::collections::BTreeSet;
use std::time::Duration;

use super::connection::connect;
use super::settings::Settings;
use super::{SyncError, When};
use crate::git::{Oid, Repo};
use crate::op::said::Said;
use crate::op::supersede;
use crate::op::telling::Teller;
use crate::queue::{BodyRow, Origin, Queue, QueuedEvent};
use crate::transport::{Patience, ServerUrl, UrlError};

pub use category::Category;
pub use outcome::{EventResult, Flushed, Met, Trouble};
pub use run::{Delivery, deliver};
pub use timing::{SystemTiming, Timing};

/// The least that a push gives the server, however long it took to find out what to send.
const LEAST: Duration = Duration::from_millis(500);

/// The address in its one spelling, if it is one of a server that can be used.
pub fn check_server(text: &str) -> Result<String, UrlError> {
    ServerUrl::parse(text).map(|url| url.to_string())
}

/// Delivers what the commits `tips` say.
pub(super) fn flush(
    repo: &Repo,
    teller: &Teller<'_>,
    queue: &mut Queue,
    settings: &Settings,
    tips: &[Oid],
    when: When<'_>,
) -> Result<Flushed, SyncError> {
    let Some(address) = &settings.server else { return Err(SyncError::Off) };
    let timing = &SystemTiming;
    if run::someone_else_sends(queue, timing)? {
        return Ok(Flushed { elsewhere: true, ..Flushed::default() });
    }
    let (events, bodies) = (queue.ready_events(timing.now(), u32::MAX)?, queue.ready_bodies(timing.now())?);
    if events.is_empty() && bodies.is_empty() {
        return Ok(Flushed::default());
    }
    let distinct: BTreeSet<&Oid> = tips.iter().collect();
    let said = Said::by(teller, distinct, &supersede::wanted(&events, &bodies))?;
    let events: Vec<QueuedEvent> = events.into_iter().filter(|event| event_may_leave(event, &said)).collect();
    if events.is_empty() && !bodies.iter().any(|body| body_may_leave(body, &said)) {
        return Ok(Flushed::default());
    }
    drop(bodies);
    let mut unseen = |_: usize, _: usize| ();
    let (patience, progress): (Patience, &mut dyn FnMut(usize, usize)) = match when {
        When::Pushing(deadline) => {
            let budget = circuit::budget(queue, settings.budget)?;
            // What it took to find out what to send counts, but some time the server must have.
            let until = deadline.at_most(budget).at_least(LEAST.min(budget));
            (Patience { request: budget, until: Some(until) }, &mut unseen)
        }
        When::ByHand(progress) => (Patience { request: settings.request_by_hand(), until: None }, progress),
    };
    let server = connect(repo, &ServerUrl::parse(address)?, patience)?;
    let delivery = Delivery { server: &*server, timing, patience, progress };
    let flushed = deliver(queue, delivery, &events, &|body| body_may_leave(body, &said))?;
    circuit::remember(queue, &flushed)?;
    Ok(flushed)
}

/// What came from a tree leaves only while a pushed commit says it.
fn event_may_leave(event: &QueuedEvent, said: &Said) -> bool {
    match event.origin {
        Origin::Import => true,
        Origin::Tree | Origin::Worktree => said.events.contains(&event.event_id),
    }
}

fn body_may_leave(body: &BodyRow, said: &Said) -> bool {
    match body.origin {
        Origin::Import => true,
        Origin::Tree | Origin::Worktree => {
            supersede::version(body).is_some_and(|version| said.versions.contains(&version))
        }
    }
}
