//! Artifacts: which files of a mission are sent, why not, and what is sent of them.
//!
//! Pure: a path, a mode and bytes in, a verdict out. Knows nothing about git, files, the queue or servers.

mod body;
mod content;
mod outcome;
mod secret;
mod surface;

pub use body::{BodyFields, BodyUpload, MalformedBody, Namespace, NamespaceFields, NoNamespace};
pub use content::{DEFAULT_MAX_BYTES, check_content, check_regular, content_hash, examine};
pub use outcome::{Failure, Outcome, Queued, Skip};
pub use secret::{Secret, find_secret};
pub use surface::{check_path, is_surface};
