//! One line of progress on stderr: only on a terminal, only when work lasts over a second.
//!
//! Knows nothing about what is being done.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use crate::clock::Stopwatch;

/// How long work may last unseen.
const PATIENCE: Duration = Duration::from_secs(1);
/// The shortest time between two drawings.
const PAUSE: Duration = Duration::from_millis(100);

/// Shows how far something is; the line is gone when this is dropped.
pub(super) struct Progress {
    what: &'static str,
    since: Option<Stopwatch>,
    drawn_at: Option<Duration>,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, since: io::stderr().is_terminal().then(Stopwatch::start), drawn_at: None }
    }

    /// Draws, if it is time to.
    pub(super) fn show(&mut self, done: usize, total: usize) {
        let Some(elapsed) = self.since.map(|since| since.elapsed()) else { return };
        if is_due(elapsed, self.drawn_at) {
            self.drawn_at = Some(elapsed);
            // Nobody is there to be told that nobody is there.
            let _ = write!(io::stderr(), "\r{} {done} of {total}", self.what);
        }
    }
}

fn is_due(elapsed: Duration, drawn_at: Option<Duration>) -> bool {
    elapsed >= PATIENCE && drawn_at.is_none_or(|before| elapsed >= before + PAUSE)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn_at.is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_work_shows_nothing() {
        let at = Duration::from_millis;
        assert!(!is_due(at(999), None) && is_due(at(1000), None));
        assert!(!is_due(at(1050), Some(at(1000))) && is_due(at(1100), Some(at(1000))));
    }
}
