//! Telling, once, that somebody replaced or removed another hook of ours.
//!
//! What was told is kept beside the traces; when it changes it is told again, and when all is well it is forgotten.

use std::fs;
use std::path::Path;

use super::Report;
use crate::env::place;
use crate::git::Repo;
use crate::install::disturbed;

/// Looks, and tells what is new. `shim` is the path by which this hook was started; a hook that was called in another
/// way knows no directory to look into.
pub(super) fn tell(repo: &Repo, shim: Option<&Path>, report: &mut Report) {
    let Some(shim) = shim else { return };
    let traces = repo.common_dir().join(place::HOME).join(place::TRACES);
    let told = traces.join(place::DISTURBED);
    let found: Vec<String> = disturbed(repo, shim).iter().map(ToString::to_string).collect();
    if found.is_empty() {
        let _ = fs::remove_file(told);
        return;
    }
    let text = found.join("\n") + "\n";
    if fs::read_to_string(&told).is_ok_and(|known| known == text) {
        return;
    }
    for line in found {
        report.warn(
            format!("the hook {line}, so git-mission does not run there"),
            Some("git mission doctor --fix"),
        );
    }
    place::replace(&told, text.as_bytes());
}
