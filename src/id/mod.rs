//! Identifiers: mission ids (ULID), project and build ids (UUID), digests.
//!
//! Pure, except that [`MissionId::mint`] and [`random_uuid`] ask the system for random bits. The only module
//! that names `ulid`, `uuid` and `sha2`. Knows nothing about where identifiers are stored.

mod digest;
mod event_id;
mod mission_id;
mod uuid;

pub use self::digest::{Sha256, sha256_hex};
pub use self::event_id::derived_event_id;
pub use self::mission_id::{MID8_LENGTH, MissionId};
pub use self::uuid::{is_uuid, random_uuid, uuid_from_url_name};
