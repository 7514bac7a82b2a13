//! The one writer of all output. A closed pipe is no error.

use std::io::{self, Write};

use super::escape::{escape, escape_json};
use super::progress::Progress;
use crate::json::{Value, canonical};

/// Where output goes.
pub(super) struct Printer {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
}

impl Printer {
    pub(super) fn standard() -> Self {
        Self { out: Box::new(io::stdout()), err: Box::new(io::stderr()) }
    }

    /// A line for people on stdout.
    pub(super) fn line(&mut self, text: &str) {
        // Nobody is there to be told that nobody is there.
        let _ = writeln!(self.out, "{}", escape(text));
    }

    /// The one document of `--json` on stdout.
    pub(super) fn json(&mut self, value: &Value) {
        let _ = write!(self.out, "{}", escape_json(&canonical(value)));
        let _ = self.out.flush();
    }

    /// Text for programs on stdout, as it is.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let _ = self.out.write_all(bytes);
    }

    /// A diagnostic line on stderr.
    pub(super) fn note(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", escape(text));
    }

    /// Progress of work that may last.
    #[expect(clippy::unused_self, reason = "who may print may show progress, nobody else")]
    pub(super) fn progress(&self, what: &'static str) -> Progress {
        Progress::new(what)
    }
}
