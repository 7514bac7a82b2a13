//! Project, build and node identity, and lists of expected artifacts, as files hold them.
//!
//! The only module that names the YAML libraries. Knows nothing about git: who calls says which text is meant.

mod build;
mod edit;
mod manifest;
mod names;
mod project;

pub use build::BuildRecord;
pub use edit::{NotEdited, with_build_id};
pub use manifest::{Expectation, Manifest};
pub use names::{node_id, project_slug, repo_slug};
pub use project::{IdentityError, ProjectFile};
