//! The corpus of real data, where it lies beside the checkout.

use std::path::{Path, PathBuf};

use super::git::variable;

/// A directory of the corpus (`GIT_MISSION_CORPUS`, else `../shared/corpus`), or `None` with a line that says so.
///
/// # Panics
///
/// If `GIT_MISSION_CORPUS` names a place without it: who names one does not want the tests to be skipped.
#[expect(clippy::print_stderr, reason = "says that a test was skipped")]
pub(crate) fn corpus(path: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let directory = variable("GIT_MISSION_CORPUS").map_or_else(beside, PathBuf::from).join(path);
    if directory.is_dir() {
        return Some(directory);
    }
    assert!(variable("GIT_MISSION_CORPUS").is_none(), "no corpus at {}", directory.display());
    eprintln!("skipped: no corpus at {}", directory.display());
    None
}
