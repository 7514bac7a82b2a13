//! The one writer of all output. A closed pipe is no error.

use std::io::{self, Write as _};

use super::escape::{escape, escape_json};
use super::progress::Progress;
use crate::json::{Value, canonical};

/// Who may print: whoever was handed this. What git calls often says nothing, so nothing is made ready before.
pub(super) struct Printer(());

#[expect(clippy::unused_self, reason = "who has it may print, nobody else")]
impl Printer {
    pub(super) fn standard() -> Self {
        Self(())
    }

    /// A line for people on stdout.
    pub(super) fn line(&mut self, text: &str) {
        // Nobody is there to be told that nobody is there.
        let _ = io::stdout().write_all(&ended(text));
    }

    /// The one document of `--json` on stdout.
    pub(super) fn json(&mut self, value: &Value) {
        let mut out = io::stdout();
        let _ = out.write_all(escape_json(&canonical(value)).as_bytes());
        let _ = out.flush();
    }

    /// Text for programs on stdout, as it is.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let _ = io::stdout().write_all(bytes);
    }

    /// A diagnostic line on stderr.
    pub(super) fn note(&mut self, text: &str) {
        let _ = io::stderr().write_all(&ended(text));
    }

    /// Progress of work that may last.
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
