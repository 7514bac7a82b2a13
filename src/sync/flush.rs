//! One flush: the rows that a pushed commit still says are leased, handed to the server one by one, and removed only
//! when its answer names them.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::SyncError;
use super::settings::Settings;
use crate::clock::{Instant, Stopwatch};
use crate::git::{Oid, Repo};
use crate::id::random_uuid;
use crate::op::said::Said;
use crate::queue::{BackOff, BodyId, BodyRow, Claim, LeasedBody, Origin, Queue};
use crate::transport::{DirectoryServer, Refusal, RetryCause, Server, ServerUrl, Stored, UrlError};

/// Rows that are leased at once.
const BATCH: usize = 50;
/// How much longer than the budget a lease lasts: a sender that is killed holds its rows no longer.
const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// Rejections after which a body is not tried again.
const MAX_TRIES: u32 = 20;
/// The longest wait between two tries.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// What a flush did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Bodies that the server stored
    pub uploaded: u64,
    /// Bodies that it had
    pub already_exists: u64,
    /// Bodies that stay queued although they could leave
    pub kept: u64,
    /// Bodies that were moved to the failure list
    pub failed: u64,
    /// Why bodies were kept or failed; the first reason of each
    pub reasons: Vec<String>,
    /// Whether another sender was at work, so that nothing was tried
    pub elsewhere: bool,
}

impl Flushed {
    /// Whether there was nothing to do.
    pub fn is_empty(&self) -> bool {
        self.uploaded + self.already_exists + self.kept + self.failed == 0 && !self.elsewhere
    }

    /// Whether something that could leave is still there.
    pub fn is_deferred(&self) -> bool {
        self.kept > 0
    }
}

impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.elsewhere {
            return f.write_str("another flush is running");
        }
        if self.is_empty() {
            return f.write_str("nothing to deliver");
        }
        write!(f, "bodies: {} delivered, {} there already", self.uploaded, self.already_exists)?;
        if self.kept > 0 {
            write!(f, ", {} kept for later", self.kept)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        match self.reasons.first() {
            Some(reason) => write!(f, " ({reason})"),
            None => Ok(()),
        }
    }
}

/// The address in its one spelling, if it is one of a server that can be used.
pub fn check_server(text: &str) -> Result<String, UrlError> {
    ServerUrl::parse(text).map(|_| text.to_owned())
}

/// Delivers what the commits `tips` say.
pub(super) fn flush(
    repo: &Repo,
    queue: &mut Queue,
    settings: &Settings,
    tips: &[Oid],
) -> Result<Flushed, SyncError> {
    let mut flushed = Flushed::default();
    let Some(address) = &settings.server else { return Err(SyncError::Off) };
    let ready = queue.ready_bodies(Instant::now())?;
    let may_leave = sayable(repo, tips, &ready)?;
    if may_leave.is_empty() {
        return Ok(flushed);
    }
    let server: Box<dyn Server> = match ServerUrl::parse(address)? {
        ServerUrl::Directory(root) => Box::new(DirectoryServer::new(root)),
    };
    let owner = random_uuid();
    if queue.other_sender(&owner, Instant::now())?.is_some() {
        flushed.elsewhere = true;
        return Ok(flushed);
    }
    let watch = Stopwatch::start();
    let mut sender = Sender { queue, owner: &owner, server: &*server, flushed: &mut flushed };
    let outcome = sender.send_all(&may_leave, settings, &watch);
    queue.release(&owner)?;
    outcome.map(|()| flushed)
}

/// Those of the rows that may leave: what came from a tree only while a pushed commit says it.
fn sayable(repo: &Repo, tips: &[Oid], rows: &[BodyRow]) -> Result<Vec<BodyId>, SyncError> {
    let slugs: BTreeSet<String> = rows.iter().map(|row| row.key.namespace.mission_slug.clone()).collect();
    if slugs.is_empty() {
        return Ok(Vec::new());
    }
    let said = Said::by(repo, tips, &slugs)?;
    let may_leave = |row: &&BodyRow| match (row.origin, &row.blob_id) {
        (Origin::Import, _) => true,
        (Origin::Tree | Origin::Worktree, Some(blob)) => {
            said.holds(&row.key.namespace.mission_slug, &row.key.artifact_path, blob)
        }
        (Origin::Tree | Origin::Worktree, None) => false,
    };
    Ok(rows.iter().filter(may_leave).map(|row| row.id).collect())
}

struct Sender<'a> {
    queue: &'a mut Queue,
    owner: &'a str,
    server: &'a dyn Server,
    flushed: &'a mut Flushed,
}

impl Sender<'_> {
    fn send_all(&mut self, ids: &[BodyId], settings: &Settings, watch: &Stopwatch) -> Result<(), SyncError> {
        for (at, batch) in ids.chunks(BATCH).enumerate() {
            let claim =
                Claim { owner: self.owner, now: Instant::now(), lasting: settings.budget + LEASE_MARGIN };
            let mut leased = self.queue.lease_bodies(batch, claim)?.into_iter();
            while let Some(body) = leased.next() {
                let stopped = watch.elapsed() >= settings.budget;
                if stopped {
                    self.keep("the time of this push is used up");
                }
                if stopped || !self.send(&body)? {
                    let left = leased.len() + ids.len().saturating_sub((at + 1) * BATCH);
                    self.flushed.kept += left as u64;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Sends one body. False if the next one would meet the same obstacle.
    fn send(&mut self, body: &LeasedBody) -> Result<bool, SyncError> {
        let id = body.row.id;
        let refusal = match self.server.push_body(&body.payload) {
            Ok(ack) if ack.confirms(&body.payload) => {
                self.queue.acknowledge_body(id)?;
                match ack.stored {
                    Stored::New => self.flushed.uploaded += 1,
                    Stored::AlreadyExists => self.flushed.already_exists += 1,
                }
                return Ok(true);
            }
            Ok(_) => Refusal::Retry { cause: RetryCause::Unconfirmed, detail: String::new(), after: None },
            Err(refusal) => refusal,
        };
        let reason = refusal.to_string();
        let tries = body.row.retry_count + u32::from(refusal.counts_as_try());
        let now = Instant::now();
        match &refusal {
            Refusal::Permanent(_) | Refusal::Contract(_) => {
                self.queue.fail_body(id, self.owner, &reason, now)?;
                self.fail(&reason);
            }
            Refusal::Retry { .. } if tries >= MAX_TRIES => {
                self.queue.fail_body(id, self.owner, &reason, now)?;
                self.fail(&reason);
            }
            Refusal::Retry { after, .. } => {
                let wait = after.unwrap_or_else(|| wait_after(tries));
                let back_off = BackOff { wait, counts: refusal.counts_as_try(), error: &reason };
                self.queue.back_off_body(id, self.owner, back_off, now)?;
                self.keep(&reason);
            }
            Refusal::AuthNeeded => self.keep(&reason),
        }
        Ok(!refusal.stops_the_run())
    }

    fn keep(&mut self, reason: &str) {
        self.flushed.kept += 1;
        self.flushed.reasons.push(reason.to_owned());
    }

    fn fail(&mut self, reason: &str) {
        self.flushed.failed += 1;
        self.flushed.reasons.push(reason.to_owned());
    }
}

/// One second, doubled with every rejection, at most five minutes.
fn wait_after(tries: u32) -> Duration {
    Duration::from_secs(1_u64 << tries.min(9)).min(MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<u64> =
            [0, 1, 2, 8, 9, 100].into_iter().map(|tries| wait_after(tries).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 256, 300, 300]);
    }
}
