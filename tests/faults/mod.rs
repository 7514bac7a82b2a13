//! Pull the plug: operations that are killed, or fail, at every system call; disks that are full, read-only, or lose
//! what was not synced; databases that are damaged on every page; damaged packs; locks that somebody holds; clocks that jump; pipes
//! that are closed. Nothing acknowledged is lost, nothing is left half done.
//!
//! A selection runs with all tests. `GIT_MISSION_FAULTS=all` runs every point and prints the table of
//! `docs/reliability.md`; a failed point prints the line that runs it alone.

mod clocks;
mod crowd;
mod damage;
mod disks;
mod locks;
mod operation;
mod operations;
mod packs;
mod pipes;
mod points;
mod power;
mod strace;
mod texts;

use crate::support::variable;

/// Which points are tried: a selection where this is not set, `all`, or one (`<operation>: <point>`).
const WHICH: &str = "GIT_MISSION_FAULTS";

fn which() -> String {
    variable(WHICH).map(|which| which.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Says what was tried, or that a test was skipped.
#[expect(clippy::print_stderr, reason = "says what was tried, or that a test was skipped")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
