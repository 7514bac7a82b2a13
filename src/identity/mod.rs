//! Project, build and node identity, and lists of expected artifacts, as files hold them.
//!
//! The only module that names the YAML library. Knows nothing about git: who calls says which text is meant.

mod build_id;
mod manifest;
mod node;
mod project;

pub use build_id::build_id;
pub use manifest::{Expectation, Manifest};
pub use node::node_id;
pub use project::{IdentityError, ProjectFile};
