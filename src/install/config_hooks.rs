//! Hooks in the configuration: git 2.54 and later runs them before the hook file, wherever `core.hooksPath` points.
//!
//! Knows nothing about files.

use std::path::PathBuf;

use super::SHIM_VERSION;
use super::shim::{shell_quoted, shell_unquoted};
use crate::git::{Config, ConfigEdit};

/// The first git that runs hooks of the configuration.
pub(super) const SINCE: (u32, u32) = (2, 54);

/// The section of a hook: `hook.mission-pre-commit`. A name of an event alone would mean the event.
pub(super) fn section(hook: &str) -> String {
    format!("hook.mission-{hook}")
}

fn before(program: &str) -> String {
    format!(
        "mission() {{ program={}; if [ -f \"$program\" ] && [ -x \"$program\" ]; then ",
        shell_quoted(program)
    )
}

fn after(hook: &str) -> String {
    format!(
        "exec \"$program\" hook {hook} --shim-version {SHIM_VERSION} -- \"$@\"; fi; printf '%s\\n' \"git-mission: $program is \
         missing, so its {hook} hook does nothing\" >&2; }}; mission"
    )
}

/// The command line, to which git adds the arguments.
pub(super) fn command(hook: &str, program: &str) -> String {
    before(program) + &after(hook)
}

/// The program of a command line that [`command`] made.
pub(super) fn program_of(hook: &str, text: &str) -> Option<PathBuf> {
    let (start, end) = ("mission() { program=", "; if [ -f \"$program\" ]");
    let rest = text.strip_prefix(start)?;
    let program = shell_unquoted(&rest[..rest.find(end)?])?;
    (command(hook, &program) == text).then(|| program.into())
}

/// The edits that define a hook. The command first: an event without one is an error.
pub(super) fn definition(hook: &str, program: &str) -> [(String, String); 2] {
    [
        (format!("{}.command", section(hook)), command(hook, program)),
        (format!("{}.event", section(hook)), hook.to_owned()),
    ]
}

/// The edit that removes a hook.
pub(super) fn removal(hook: &str) -> ConfigEdit {
    ConfigEdit::RemoveSection(section(hook))
}

/// A hook as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Configured {
    /// Not at all
    Nothing,
    /// With our command line, and the program in it
    Ours(PathBuf),
    /// With another command line, or for another event
    Other,
    /// Switched off
    Disabled,
}

/// Looks a hook up.
pub(super) fn configured(config: &Config, hook: &str) -> Configured {
    let key = |name: &str| format!("{}.{name}", section(hook));
    let command = config.get(&key("command"));
    let events: Vec<&str> = config.with_prefix(&key("event")).map(|(_, value)| value).collect();
    match (command, config.flag(&key("enabled"))) {
        (None, _) if events.is_empty() => Configured::Nothing,
        (_, Some(false)) => Configured::Disabled,
        (Some(text), _) if events == [hook] => {
            program_of(hook, text).map_or(Configured::Other, Configured::Ours)
        }
        _ => Configured::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_again() {
        for program in ["/bin/git-mission", "/a b/it's $x; \"y\"/git-mission"] {
            assert_eq!(program_of("pre-push", &command("pre-push", program)), Some(program.into()));
            assert_eq!(program_of("pre-commit", &command("pre-push", program)), None);
        }
    }
}
