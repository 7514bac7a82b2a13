//! What the store takes and gives. Knows nothing about SQL.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::clock::Instant;
use crate::dossier::{MalformedBody, NamespaceFields};
use crate::gate::Violation;
use crate::json::Value;

/// Where a row came from, which decides when it may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A committed tree: leaves when a pushed tip says it, superseded when no tip does
    Tree,
    /// Another database: may leave at any time
    Import,
    /// A scan of the work tree: leaves once a pushed tip says it
    Worktree,
}

/// A body to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBody {
    /// The nine fields
    pub payload: Value,
    /// The git blob it was read from
    pub blob_id: Option<String>,
    /// The event that must be acknowledged before the body is sent
    pub index_event_id: Option<String>,
    /// Where it came from
    pub origin: Origin,
}

/// What became of one row that was to be queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It is in the queue now
    New,
    /// A row with the same key was there before and was left as it is
    AlreadyInQueue,
    /// The queue holds as many rows as it may
    QueueFull,
    /// The gate stopped it
    Refused(Violation),
    /// It passed the gate and still is no body
    Malformed(MalformedBody),
}

/// Names a row of the body queue; never used again for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BodyId(pub(super) i64);

/// What makes a body the same body. Unchecked: rows of older schemas may hold anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BodyKey {
    /// Whose artifact
    pub namespace: NamespaceFields,
    /// Where, relative to the mission directory
    pub artifact_path: String,
    /// Which content
    pub content_hash: String,
}

/// What tells a body that was read from a tree from others, as it stands in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeBody<'r> {
    /// The five fields of its namespace, in their order
    pub namespace: [&'r str; 5],
    /// Where, relative to the mission directory
    pub artifact_path: &'r str,
    /// The git blob it was read from
    pub blob_id: &'r str,
}

/// By what tells bodies of one project apart. Not by the blob alone: thousands may hold one text.
impl Hash for TreeBody<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [_, slug, ..] = self.namespace;
        (slug, self.artifact_path, self.blob_id).hash(state);
    }
}

/// A queued body without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyRow {
    /// The row
    pub id: BodyId,
    /// What makes it this body
    pub key: BodyKey,
    /// Bytes of the content
    pub size_bytes: u64,
    /// How often it was rejected
    pub retry_count: u32,
    /// The git blob it was read from
    pub blob_id: Option<String>,
    /// The event that must be acknowledged first; `None` once it was
    pub index_event_id: Option<String>,
    /// Where it came from
    pub origin: Origin,
    /// What the last try ended with
    pub last_error: Option<String>,
}

/// What is in the way of a body that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The event that must be acknowledged first
    Waiting,
    /// Nothing
    Fresh,
    /// Nothing, and yet the last try ended with an error
    Tried,
}

impl Due {
    /// The order in which they are dealt with.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Waiting => Some(Self::Fresh),
            Self::Fresh => Some(Self::Tried),
            Self::Tried => None,
        }
    }
}

/// A body that only the caller may send until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedBody {
    /// The row
    pub row: BodyRow,
    /// The nine fields, as they go over the wire
    pub payload: Value,
}

/// What is to be sent, and whether it is another's turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Who else holds rows now, if anybody does
    pub sender: Option<String>,
    /// Bodies that are due and held by nobody
    pub due: u64,
    /// The last of them
    pub last_due: Option<BodyId>,
}

/// A sender that wants to hold rows.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Who; differs between any two running senders
    pub owner: &'a str,
    /// The present time
    pub now: Instant,
    /// For how long, at most an hour: a longer lease counts as the work of a broken clock
    pub lasting: Duration,
}

/// A try that did not deliver.
#[derive(Debug, Clone, Copy)]
pub struct BackOff<'a> {
    /// How long to leave the row alone, at most a day: longer counts as the work of a broken clock
    pub wait: Duration,
    /// Whether it counts as a try: a rejection does, the network's faults do not
    pub counts: bool,
    /// What it ended with
    pub error: &'a str,
}
