//! What a hook has to say.

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What was done.
    Info,
    /// What was not done, and goes on without.
    Warning,
    /// Why git is stopped.
    Error,
}

/// One line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How much it matters
    pub level: Level,
    /// What happened and what was not done
    pub text: String,
    /// A command that helps
    pub hint: Option<String>,
}

/// All that a hook has to say, and whether git may go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In order
    pub lines: Vec<Line>,
    /// The exit status that stops git, if it is to stop
    pub stop: Option<u8>,
}

impl Report {
    pub(super) fn info(&mut self, text: impl Into<String>) {
        self.lines.push(Line { level: Level::Info, text: text.into(), hint: None });
    }

    pub(super) fn warn(&mut self, text: impl Into<String>, hint: Option<&str>) {
        self.lines.push(Line { level: Level::Warning, text: text.into(), hint: hint.map(str::to_owned) });
    }

    pub(super) fn refuse(&mut self, text: impl Into<String>, hint: Option<&str>) {
        self.lines.push(Line { level: Level::Error, text: text.into(), hint: hint.map(str::to_owned) });
        self.stop = Some(1);
    }
}

/// An error with its causes in one line.
pub(super) fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
