//! The one writer of all output. A closed pipe is no error; anything else that keeps stdout from being written is kept for
//! the end.

use std::io::{self, ErrorKind, Write as _};

use super::escape::{escape, escape_json};
use super::progress::Progress;
use crate::json::{Value, canonical};

/// Who may print: whoever was handed this. What git calls often says nothing, so nothing is made ready before.
pub(super) struct Printer {
    /// Why something did not get to stdout
    lost: Option<io::Error>,
}

impl Printer {
    pub(super) fn standard() -> Self {
        Self { lost: None }
    }

    /// A line for people on stdout.
    pub(super) fn line(&mut self, text: &str) {
        let written = io::stdout().write_all(&ended(text));
        self.note_lost(written);
    }

    /// The one document of `--json` on stdout.
    pub(super) fn json(&mut self, value: &Value) {
        let written = io::stdout().write_all(escape_json(&canonical(value)).as_bytes());
        self.note_lost(written);
    }

    /// Text for programs on stdout, as it is.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let written = io::stdout().write_all(bytes);
        self.note_lost(written);
    }

    /// Why what was printed on stdout is not whole there, if it is not. Nothing is printed there afterwards.
    pub(super) fn finish(&mut self) -> Option<io::Error> {
        let written = io::stdout().flush();
        self.note_lost(written);
        self.lost.take()
    }

    fn note_lost(&mut self, written: io::Result<()>) {
        // Nobody is there to be told that nobody is there.
        self.lost = self.lost.take().or(written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe));
    }

    /// A diagnostic line on stderr.
    #[expect(clippy::unused_self, reason = "who has it may print, nobody else")]
    pub(super) fn note(&mut self, text: &str) {
        let _ = io::stderr().write_all(&ended(text));
    }

    /// Progress of work that may last.
    #[expect(clippy::unused_self, reason = "who has it may print, nobody else")]
    pub(super) fn progress(&self, what: &'static str) -> Progress {
        Progress::new(what)
    }
}

/// A line as it is written, in one go: programs that write to the same terminal do not come between.
fn ended(text: &str) -> Vec<u8> {
    let mut line = escape(text).into_bytes();
    line.push(b'\n');
    line
}
