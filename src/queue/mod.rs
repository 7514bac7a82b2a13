//! The queue: what waits to be sent, in one `SQLite` database for all worktrees of a repository.
//!
//! The only module that names `rusqlite`. A row that was accepted here stays until it is acknowledged or
//! moved to the failure list; nothing is evicted. Bodies and events pass the gate before they are stored.
//!
//! Knows nothing about git, servers or the clock: every time is passed in. Times are instants outside and
//! seconds since 1970 inside.

mod bodies;
mod error;
mod events;
mod failures;
mod files;
mod handled;
mod import;
mod legacy;
mod log;
mod open;
mod row;
mod schema;
mod stats;
mod transaction;
mod types;

pub use error::QueueError;
pub use events::{EventStatus, NewEvent, QueuedEvent, Rejection};
pub use failures::Failure;
pub use files::SET_ASIDE_PREFIX;
pub use handled::Handled;
pub use import::{Imported, Tally};
pub use open::{Access, GONE, Health, Opened, Queue, health, library_version, place, set_aside_if_corrupt};
pub use stats::{BodyStats, EventStats};
pub use types::{
    BackOff, BodyId, BodyKey, BodyRow, Claim, Due, Enqueued, LeasedBody, NewBody, Origin, Survey, TreeBody,
};
