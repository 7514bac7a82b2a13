//! What the present commit has to say and the last one had not: events and artifact bodies, put into the queue.
//!
//! A reconcile, not a reaction: the `kitty-specs` tree that was handled last for this work tree and branch is
//! compared with the present one, so a commit that was never looked at is caught up by the next. Everything is read
//! from committed blobs; no link is followed. Knows nothing about servers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use super::branch::{Standing, push_remote};
use super::project::{NoProject, project_uuid};
use super::said::{Said, Wanted};
use super::speaker;
use super::supersede::{self, Superseded};
use super::telling::{Body, Teller, TreeView};
use crate::clock::Instant;
use crate::dossier::{BodyUpload, DEFAULT_MAX_BYTES, Failure, Outcome, Queued};
use crate::env::key;
use crate::event::{Envelope, Kind, Statement};
use crate::git::{Config, GitError, Oid, Repo};
use crate::mission::{MissionDir, SPECS};
use crate::queue::{Enqueued, Handled, NewBody, NewEvent, Origin, Queue, QueueError};

pub use super::news::Fresh;
pub use super::telling::Handling;

/// Rows that each table of the queue may hold.
pub const CAPACITY: u64 = 100_000;
/// Under which key the queue keeps the id that the project went by.
const PROJECT: &str = "project_uuid";
/// Bodies that are held in memory at once.
const BATCH: usize = 100;

/// Why nothing could be queued.
#[derive(Debug)]
pub enum EnqueueError {
    /// git or the repository
    Git(GitError),
    /// The queue
    Queue(QueueError),
    /// The project has no identity yet
    Project(NoProject),
}

impl fmt::Display for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(f),
            Self::Queue(error) => error.fmt(f),
            Self::Project(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EnqueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Git(error) => error.source(),
            Self::Queue(error) => error.source(),
            Self::Project(error) => error.source(),
        }
    }
}

impl From<GitError> for EnqueueError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl From<QueueError> for EnqueueError {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}

impl From<NoProject> for EnqueueError {
    fn from(error: NoProject) -> Self {
        Self::Project(error)
    }
}

/// One event and what became of it.
#[derive(Debug, Clone)]
pub struct EventHandling {
    /// Its id
    pub event_id: String,
    /// Its type
    pub kind: Kind,
    /// What became of it
    pub outcome: Enqueued,
}

/// Everything that a reconcile did.
#[derive(Debug, Clone, Default)]
pub struct Reconciled {
    /// Every artifact that was new
    pub artifacts: Vec<Handling>,
    /// Every event that was new
    pub events: Vec<EventHandling>,
    /// Rows that were removed because nothing says them any more
    pub superseded: Vec<Superseded>,
    /// Where a damaged database was moved to, if that is why everything was said again
    pub set_aside: Option<PathBuf>,
}

impl Reconciled {
    /// Events that are in the queue now and were not before.
    pub fn new_events(&self) -> usize {
        self.events.iter().filter(|event| event.outcome == Enqueued::New).count()
    }

    /// Artifacts that wait.
    pub fn queued_bodies(&self) -> usize {
        self.artifacts.iter().filter(|artifact| matches!(artifact.outcome, Outcome::Queued(_))).count()
    }

    /// Whether something has to be asked for again, because there was no room or it could not be read.
    pub fn is_unfinished(&self) -> bool {
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(Failure::QueueFull));
        self.artifacts.iter().any(|artifact| failed(&artifact.outcome))
            || self.events.iter().any(|event| event.outcome == Enqueued::QueueFull)
    }
}

/// A teller for the project of this repository.
pub fn teller<'r>(repo: &'r Repo, config: &Config, standing: &Standing) -> Result<Teller<'r>, NoProject> {
    Ok(Teller::new(repo, project_uuid(repo, standing)?, max_body_bytes(config)))
}

/// The largest artifact that is sent, in bytes.
pub fn max_body_bytes(config: &Config) -> u64 {
    config.number(key::MAX_BODY_BYTES).unwrap_or(DEFAULT_MAX_BYTES)
}

/// Queues what HEAD's tree says and the tree that was handled before did not, removes what nothing says any more,
/// and records that it was handled. A detached HEAD says nothing.
///
/// With `all`, everything that HEAD's tree says is queued, also what the remote already holds.
pub fn reconcile(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    queue: &mut Queue,
    all: bool,
) -> Result<Reconciled, EnqueueError> {
    let (Some(tip), Some(reference)) = (standing.head.tip(), standing.head.branch()) else {
        return Ok(Reconciled::default());
    };
    let worktree = repo.git_dir().to_string_lossy().into_owned();
    let specs = repo.subtree(tip, SPECS)?;
    let handled = queue.handled(&worktree, reference)?;
    let record = Handled {
        worktree,
        reference: reference.to_owned(),
        tip: tip.to_string(),
        specs_tree: specs.as_ref().map(ToString::to_string),
    };
    if !all && handled.as_ref() == Some(&record) {
        return Ok(Reconciled::default());
    }
    let same_missions = handled.as_ref().map_or(specs.is_none(), |old| old.specs_tree == record.specs_tree);
    if !all && same_missions && queue.is_empty()? {
        queue.set_handled(&record)?;
        return Ok(Reconciled::default());
    }

    let teller = teller(repo, config, standing)?.recalling();
    let renamed = is_renamed(&teller, queue)?;
    let present = teller.commit(tip)?;
    let before = match &handled {
        _ if all || renamed => None,
        Some(handled) => Some(tree_before(&teller, handled)?),
        None => first_sight(&teller, standing, tip)?,
    };
    let mut fresh = Fresh::of(&teller, &present, before.as_ref(), standing.on_main());
    if !all && !fresh.is_empty() {
        fresh.leave_out(&held_by_remote(&teller, config, &fresh.wanted)?);
    }
    let says = || speaker::envelope(repo, config, standing, teller.project_uuid(), tip);
    let envelope = if fresh.is_empty() { None } else { Some(says()?) };
    let gone = supersede::find(&teller, queue, Some(tip))?;
    let (unread, is_little) = (fresh.unread, fresh.bodies.len() <= BATCH);
    let put = |queue: &mut Queue| -> Result<Reconciled, EnqueueError> {
        let mut done = match envelope {
            None => Reconciled { artifacts: fresh.skipped, ..Reconciled::default() },
            Some(envelope) => enqueue(&teller, config, queue, &envelope, fresh, Origin::Tree)?,
        };
        done.superseded = gone.remove(queue)?;
        if !unread && !done.is_unfinished() {
            queue.set_handled(&record)?;
            if queue.state(PROJECT)?.as_deref() != Some(teller.project_uuid()) {
                queue.set_state(PROJECT, Some(teller.project_uuid()))?;
            }
        }
        Ok(done)
    };
    // A commit waits for the disk once; others wait for the store no longer than that takes.
    if is_little { queue.together(put) } else { put(queue) }
}

/// Queues what a commit says that is pushed under a name but is no branch here: an expression, a tag. It is compared with
/// the published main, and nothing is recorded.
pub fn look_at(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    queue: &mut Queue,
) -> Result<Reconciled, EnqueueError> {
    let Some(tip) = standing.head.tip() else { return Ok(Reconciled::default()) };
    let specs = repo.subtree(tip, SPECS)?.map(|specs| specs.to_string());
    if queue.all_handled()?.iter().any(|handled| handled.specs_tree == specs) {
        return Ok(Reconciled::default());
    }
    let teller = teller(repo, config, standing)?;
    let present = teller.commit(tip)?;
    let before = first_sight(&teller, standing, tip)?;
    let mut fresh = Fresh::of(&teller, &present, before.as_ref(), standing.on_main());
    if !fresh.is_empty() {
        fresh.leave_out(&held_by_remote(&teller, config, &fresh.wanted)?);
    }
    if fresh.is_empty() {
        return Ok(Reconciled { artifacts: fresh.skipped, ..Reconciled::default() });
    }
    let envelope = speaker::envelope(repo, config, standing, teller.project_uuid(), tip)?;
    enqueue(&teller, config, queue, &envelope, fresh, Origin::Tree)
}

/// Whether the project goes by another id than when it was last looked at: its first commit was amended, or the id
/// was written down. Then nothing was said yet under the new one, on no branch.
fn is_renamed(teller: &Teller<'_>, queue: &mut Queue) -> Result<bool, QueueError> {
    let renamed = queue.state(PROJECT)?.is_some_and(|project| project != teller.project_uuid());
    if renamed {
        for record in queue.all_handled()? {
            queue.forget_handled(&record.worktree, &record.reference)?;
        }
    }
    Ok(renamed)
}

/// The tree that was handled last. If git has dropped it meanwhile, everything counts as new.
fn tree_before(teller: &Teller<'_>, handled: &Handled) -> Result<TreeView, GitError> {
    let known = |text: &str| teller.repo().object(text).ok().flatten();
    let specs = handled.specs_tree.as_deref().and_then(known);
    let root = known(&handled.tip);
    teller.tree(specs.as_ref(), root.as_ref())
}

/// What a branch that was never looked at is compared with: its merge base with the published main, else nothing.
fn first_sight(teller: &Teller<'_>, standing: &Standing, tip: &Oid) -> Result<Option<TreeView>, GitError> {
    let Some(published) = standing.published_commit() else { return Ok(None) };
    match teller.repo().merge_base(published, tip)? {
        Some(base) => teller.commit(&base).map(Some),
        None => Ok(None),
    }
}

/// What the remote-tracking refs of the push remote hold: whoever pushed it has said it.
fn held_by_remote(teller: &Teller<'_>, config: &Config, wanted: &Wanted) -> Result<Said, GitError> {
    let Some(remote) = push_remote(config) else { return Ok(Said::default()) };
    let tips: Vec<Oid> = teller
        .repo()
        .refs_below(&format!("refs/remotes/{remote}/"))?
        .into_iter()
        .map(|(_, tip)| tip)
        .collect();
    let distinct: BTreeSet<&Oid> = tips.iter().collect();
    Said::by(teller, distinct, wanted)
}

/// Puts events, then bodies into the queue: a body never waits for an event that was not queued before it.
pub fn enqueue(
    teller: &Teller<'_>,
    config: &Config,
    queue: &mut Queue,
    envelope: &Envelope,
    fresh: Fresh,
    origin: Origin,
) -> Result<Reconciled, EnqueueError> {
    let capacity = config.number(key::QUEUE_CAPACITY).unwrap_or(CAPACITY);
    let events = enqueue_events(queue, envelope, fresh.statements, origin, capacity)?;
    let homeless: BTreeMap<&str, &Enqueued> = events
        .iter()
        .filter(|event| !matches!(event.outcome, Enqueued::New | Enqueued::AlreadyInQueue))
        .map(|event| (event.event_id.as_str(), &event.outcome))
        .collect();
    let mut artifacts = fresh.skipped;
    for batch in fresh.bodies.chunks(BATCH) {
        enqueue_bodies(teller, queue, batch, origin, capacity, &homeless, &mut artifacts)?;
    }
    Ok(Reconciled { artifacts, events, ..Reconciled::default() })
}

fn enqueue_events(
    queue: &mut Queue,
    envelope: &Envelope,
    statements: Vec<Statement>,
    origin: Origin,
    capacity: u64,
) -> Result<Vec<EventHandling>, QueueError> {
    let (mut handlings, mut fresh) = (Vec::new(), Vec::new());
    let ids: Vec<&str> = statements.iter().map(|statement| statement.event_id.as_str()).collect();
    let queued = queue.are_queued(&ids)?;
    for (statement, is_queued) in statements.into_iter().zip(queued) {
        let (event_id, kind) = (statement.event_id.clone(), statement.kind);
        if is_queued {
            handlings.push(EventHandling { event_id, kind, outcome: Enqueued::AlreadyInQueue });
        } else {
            fresh.push(statement);
        }
    }
    if fresh.is_empty() {
        return Ok(handlings);
    }
    let amount = u32::try_from(fresh.len()).unwrap_or(u32::MAX);
    let first = queue.take_numbers(&format!("lamport:{}", envelope.node_id), amount)?;
    let events: Vec<NewEvent> = fresh
        .iter()
        .zip(first..)
        .map(|(statement, lamport)| NewEvent {
            event: envelope.wrap(statement, lamport),
            coalesce_key: statement.coalesce_key.clone(),
            origin,
        })
        .collect();
    let outcomes = queue.enqueue_events(&events, capacity, Instant::now())?;
    handlings.extend(fresh.into_iter().zip(outcomes).map(|(statement, outcome)| EventHandling {
        event_id: statement.event_id,
        kind: statement.kind,
        outcome,
    }));
    Ok(handlings)
}

fn enqueue_bodies(
    teller: &Teller<'_>,
    queue: &mut Queue,
    bodies: &[Body],
    origin: Origin,
    capacity: u64,
    homeless: &BTreeMap<&str, &Enqueued>,
    handlings: &mut Vec<Handling>,
) -> Result<(), EnqueueError> {
    let (mut places, mut rows) = (Vec::new(), Vec::new());
    for body in bodies {
        let waits_for = body.index_event_id.as_deref().and_then(|id| homeless.get(id));
        let outcome = match (waits_for, teller.text(body)) {
            (Some(event), _) => outcome_of((*event).clone()),
            (None, Err(error)) => Outcome::Failed(Failure::Read(error.to_string())),
            (None, Ok(text)) => {
                let upload = BodyUpload::new(body.namespace.clone(), body.path.clone(), text);
                places.push(handlings.len());
                rows.push(NewBody {
                    payload: upload.payload(),
                    blob_id: Some(body.blob.to_string()),
                    index_event_id: body.index_event_id.clone(),
                    origin,
                });
                Outcome::Queued(Queued::Enqueued)
            }
        };
        handlings.push(handling(body.dir.clone(), body, outcome));
    }
    for (place, enqueued) in places.into_iter().zip(queue.enqueue_bodies(&rows, capacity, Instant::now())?) {
        handlings[place].outcome = outcome_of(enqueued);
    }
    Ok(())
}

fn handling(dir: MissionDir, body: &Body, outcome: Outcome) -> Handling {
    Handling {
        dir,
        artifact_path: body.path.clone(),
        outcome,
        content_hash: Some(body.content_hash.clone()),
        index_event_id: body.index_event_id.clone(),
    }
}

/// What became of a row, in the words of reports.
pub fn outcome_of(enqueued: Enqueued) -> Outcome {
    match enqueued {
        Enqueued::New => Outcome::Queued(Queued::Enqueued),
        Enqueued::AlreadyInQueue => Outcome::Queued(Queued::AlreadyInQueue),
        Enqueued::QueueFull => Outcome::Failed(Failure::QueueFull),
        Enqueued::Refused(violation) => Outcome::Failed(Failure::Refused(violation.to_string())),
        Enqueued::Malformed(body) => Outcome::Failed(Failure::Refused(format!("malformed: {}", body.0))),
    }
}
