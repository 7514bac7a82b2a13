//! The gate: no payload leaves, and none is queued to leave, unless it keeps the contract.
//!
//! [`validate`] is the one question. Every rule comes from `contracts/upstream-3.0.0-shape.json`, which is
//! compiled in and read once at run time: the code knows kinds of rules (required, closed, forbidden, types,
//! allowed values …) and no field of any payload. A payload that breaks a rule is refused, never corrected.
//!
//! Pure. Knows nothing about queues, servers or where payloads come from.

mod contract;
mod fields;
mod judged;
mod read;
mod shape;
#[cfg(test)]
mod tests;
mod violation;

pub use contract::{Contract, LaneMapping, validate};
pub use judged::{Judge, Judged, Unfit};
pub use read::{ContractError, Problem};
pub use violation::{Context, Reason, Violation};
