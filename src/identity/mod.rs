//! Project and build identity as files hold it.
//!
//! The only module that names the YAML libraries. Knows nothing about git: who calls says which text is meant.

mod build;
mod edit;
mod names;
mod project;

pub use build::BuildRecord;
pub use edit::{NotEdited, with_build_id};
pub use names::{node_id, project_slug, repo_slug};
pub use project::{IdentityError, ProjectFile};
