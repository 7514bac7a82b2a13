//! Project, build and node identity, credentials, and lists of expected artifacts, as files hold them.
//!
//! The only module that names the YAML and TOML libraries. Knows nothing about git: who calls says which text is meant.

mod build;
mod credentials;
mod credentials_file;
mod edit;
mod manifest;
mod names;
mod project;
mod yaml;

pub use build::BuildRecord;
pub use credentials::{Credentials, CredentialsFault, Expiry};
pub use credentials_file::{CredentialsError, CredentialsFile};
pub use edit::{NotEdited, with_build_id};
pub use manifest::{Expectation, Manifest};
pub use names::{node_id, project_slug, repo_slug};
pub use project::{IdentityError, ProjectFile};
