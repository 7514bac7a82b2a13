//! Queue and delivery: what is queued when, and what may leave.
//!
//! Brings the queue, the trees and the server together. Off until `git mission sync enable` named a server. Knows
//! nothing about hooks and terminals.

mod audit;
mod bind;
mod connection;
mod error;
mod flush;
mod import;
mod log;
mod login;
mod purge;
mod rebuild;
mod retry;
mod settings;
mod status;

use std::path::Path;

use crate::clock::{Deadline, Instant};
use crate::git::{Config, Head, Oid, Repo};
use crate::op::branch::Standing;
use crate::op::enqueue::{self, Reconciled};
use crate::op::identity::build_id;
use crate::op::{speaker, supersede, work_tree_scan};
use crate::queue::{Access, Opened, Origin, Queue, QueueError, set_aside_if_corrupt};

use rebuild::Rebuild;

pub use audit::{Diagnosis, Failures, diagnose, failures};
pub use bind::{BindError, Bound, Candidate, Choice, Tracker, bind, bind_with, request as bind_request};
pub use connection::{configured_server, web_server};
pub use error::SyncError;
pub use flush::{
    Category, Delivery, EventResult, Flushed, Met, SystemTiming, Timing, Trouble, check_server, deliver,
};
pub use import::{ImportedFrom, import};
pub use log::log_path;
pub use login::{Keeper, LoggedIn, Login, LoginState, NoLogin, log_in, log_out};
pub use purge::{Purged, purge};
pub use retry::{Retried, retry};
pub use settings::Settings;
pub use status::{Status, status};

/// What a flush is part of, which says how long it may take.
enum When<'a> {
    /// A push, which waits until then
    Pushing(Deadline),
    /// A command, which shows how many of how many rows are done
    ByHand(&'a mut dyn FnMut(usize, usize)),
}

/// A ref as it is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// What is pushed
    pub object: Oid,
    /// The full name of the local branch, if it is one
    pub branch: Option<String>,
    /// The full name of the ref on the other side
    pub remote_ref: String,
}

/// How the store is opened.
type OpenStore = fn(&Path, Instant) -> Result<Opened, QueueError>;

/// Everything that a run needs, opened once.
struct Session<'r> {
    repo: &'r Repo,
    config: Config,
    settings: Settings,
    standing: Standing,
    queue: Queue,
}

impl<'r> Session<'r> {
    /// Opens everything, the store as it is given; `None` while sync is off.
    fn open(repo: &'r Repo, open_store: OpenStore) -> Result<Option<Self>, SyncError> {
        let config = repo.settings()?;
        let settings = Settings::of(&config);
        if !settings.enabled {
            return Ok(None);
        }
        let standing = Standing::find(repo, &config)?;
        // Whoever queues speaks for this checkout, which gets its name now if it has none.
        build_id(repo)?;
        let path = settings::queue_path(repo);
        if let Some(directory) = path.parent().filter(|directory| !directory.is_dir()) {
            repo.make_directory(directory)?;
        }
        let queue = open_store(&path, Instant::now())?.queue;
        Ok(Some(Self { repo, config, settings, standing, queue }))
    }

    fn open_or_off(repo: &'r Repo) -> Result<Self, SyncError> {
        Self::open(repo, Queue::open)?.ok_or(SyncError::Off)
    }

    fn reconcile(&mut self, all: bool) -> Result<Reconciled, SyncError> {
        if let Access::ReadOnly { found } = self.queue.access() {
            return Err(QueueError::Newer { path: self.queue.path().to_owned(), found }.into());
        }
        // After a damaged database was set aside, what it held is read from the trees again.
        let rebuild = Rebuild::pending(self.repo, &self.queue)?;
        let reference = self.standing.head.branch();
        let all = all || rebuild.as_ref().is_some_and(|rebuild| rebuild.concerns(reference));
        let mut done = enqueue::reconcile(self.repo, &self.config, &self.standing, &mut self.queue, all)?;
        if let Some(mut rebuild) = rebuild.filter(|_| !done.is_unfinished()) {
            done.set_aside = rebuild.news.take();
            rebuild.done(&mut self.queue, reference)?;
        }
        log::write(self.repo, &done);
        Ok(done)
    }

    /// Queues what pushed refs say that HEAD's branch does not: commits may have been made where no hook looked.
    fn catch_up(&mut self, pushed: &[Pushed]) -> Result<(), SyncError> {
        for pushed in pushed {
            let branch = pushed.branch.as_ref().unwrap_or(&pushed.remote_ref);
            if pushed.branch.is_some() && self.standing.head.branch() == Some(branch) {
                continue;
            }
            let head = Head::Branch(branch.clone(), Some(pushed.object.clone()));
            let there = Standing { head, ..self.standing.clone() };
            let recorded = pushed.branch.is_some();
            let done = if recorded {
                enqueue::reconcile(self.repo, &self.config, &there, &mut self.queue, false)?
            } else {
                enqueue::look_at(self.repo, &self.config, &there, &mut self.queue)?
            };
            log::write(self.repo, &done);
        }
        Ok(())
    }

    /// Removes what no tip says any more. A push moves the tips of the other side only after the hook has run.
    fn forget_superseded(&mut self) -> Result<(), SyncError> {
        let teller = enqueue::teller(self.repo, &self.config, &self.standing)?;
        let unsaid = supersede::find(&teller, &self.queue, self.standing.head.tip())?;
        let superseded = unsaid.remove(&mut self.queue)?;
        log::write(self.repo, &Reconciled { superseded, ..Reconciled::default() });
        Ok(())
    }

    /// Delivers what `tips` say.
    fn flush(&mut self, tips: &[Oid], when: When<'_>) -> Result<Flushed, SyncError> {
        let teller = enqueue::teller(self.repo, &self.config, &self.standing)?;
        retry::restore_index_events(&teller, self, tips)?;
        flush::flush(self.repo, &teller, &mut self.queue, &self.settings, tips, when)
    }

    /// The envelope of what is said now.
    fn envelope(&self, project_uuid: &str) -> Result<Option<crate::event::Envelope>, SyncError> {
        let Some(tip) = self.standing.head.tip() else { return Ok(None) };
        Ok(Some(speaker::envelope(self.repo, &self.config, &self.standing, project_uuid, tip)?))
    }
}

/// Does something with an open session; `None` while sync is off. A database that turns out to be damaged on the way
/// is set aside, and it is tried once more.
fn with_session<T>(
    repo: &Repo,
    open_store: OpenStore,
    mut act: impl FnMut(&mut Session<'_>) -> Result<T, SyncError>,
) -> Result<Option<T>, SyncError> {
    let mut once = || Session::open(repo, open_store)?.map(|mut session| act(&mut session)).transpose();
    match once() {
        Err(error) if error.is_damage() => {
            set_aside_if_corrupt(&settings::queue_path(repo), Instant::now())?;
            once()
        }
        other => other,
    }
}

/// Queues what HEAD's tree says and the tree that was handled before did not. Nothing while sync is off.
pub fn enqueue(repo: &Repo, all: bool) -> Result<Reconciled, SyncError> {
    Ok(with_session(repo, Queue::open, |session| session.reconcile(all))?.unwrap_or_default())
}

/// The same for a hook that git waits for and that sends nothing.
pub fn enqueue_at_commit(repo: &Repo) -> Result<Reconciled, SyncError> {
    let done = with_session(repo, Queue::open_briefly, |session| session.reconcile(false))?;
    Ok(done.unwrap_or_default())
}

/// The same by hand: an error while sync is off.
pub fn enqueue_by_hand(repo: &Repo, all: bool) -> Result<Reconciled, SyncError> {
    with_session(repo, Queue::open, |session| session.reconcile(all))?.ok_or(SyncError::Off)
}

/// Queues the artifacts that lie in the work tree, committed or not.
pub fn enqueue_work_tree(repo: &Repo) -> Result<Reconciled, SyncError> {
    let mut session = Session::open_or_off(repo)?;
    let teller = enqueue::teller(repo, &session.config, &session.standing)?;
    let Some(envelope) = session.envelope(teller.project_uuid())? else { return Ok(Reconciled::default()) };
    let head = session.standing.head.tip().map(|tip| teller.commit(tip)).transpose()?;
    let fresh = work_tree_scan::scan(&teller, head.as_ref())?;
    let config = &session.config;
    let done = enqueue::enqueue(&teller, config, &mut session.queue, &envelope, fresh, Origin::Worktree)?;
    log::write(repo, &done);
    Ok(done)
}

/// What pre-push does: catches up, then delivers what the pushed commits say. `None` if there was nothing to do.
pub fn push(repo: &Repo, pushed: &[Pushed]) -> Result<Option<Flushed>, SyncError> {
    let config = repo.config()?;
    let settings = Settings::of(&config);
    if !settings.enabled {
        return Ok(None);
    }
    let deadline = Deadline::after(settings.budget);
    // A tag may name anything; only commits say something.
    let mut commits = Vec::new();
    for one in pushed {
        if let Some(object) = repo.commit(one.object.as_str())? {
            commits.push(Pushed { object, ..one.clone() });
        }
    }
    let tips: Vec<Oid> = commits.iter().map(|one| one.object.clone()).collect();
    let flushed = with_session(repo, Queue::open, |session| {
        session.reconcile(false)?;
        session.catch_up(&commits)?;
        if session.settings.budget.is_zero() {
            return Ok(Flushed::default());
        }
        session.flush(&tips, When::Pushing(deadline))
    })?;
    Ok(flushed.filter(|flushed| !flushed.is_empty()))
}

/// By hand: delivers what the remote-tracking refs say. `progress` is told how many of how many rows are done.
pub fn flush(repo: &Repo, progress: &mut dyn FnMut(usize, usize)) -> Result<Flushed, SyncError> {
    let mut tips = Vec::new();
    for (name, _) in repo.refs_below("refs/remotes/")? {
        tips.extend(repo.commit(&name)?);
    }
    let flushed = with_session(repo, Queue::open, |session| {
        session.forget_superseded()?;
        session.flush(&tips, When::ByHand(&mut *progress))
    })?;
    flushed.ok_or(SyncError::Off)
}
