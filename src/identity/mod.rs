//! Project and build identity as files hold it.
//!
//! The only module that names the YAML library. Knows nothing about git: who calls says which text is meant.

mod project;

pub use project::{IdentityError, ProjectFile};
