//! Missions: what a `meta.json` says, where it lies, what it is called and which number it shows.
//!
//! Pure: bytes and values in, bytes and values out. Knows nothing about files, git or clocks.

pub mod audit;
pub mod breach;
mod dir_map;
mod glance;
pub mod handle;
pub mod legacy;
pub mod merged;
mod meta;
mod number;
mod path;
pub mod settle;
pub mod slug;

pub use dir_map::{DirMap, DirSet};
pub use glance::Glance;
pub use legacy::KeyConflict;
pub use meta::{IdField, Meta, MetaError, REQUIRED_TEXT, key};
pub use number::{NumberField, number_of};
pub use path::{EVENT_LOGS, MissionDir, SPECS, is_event_log};
