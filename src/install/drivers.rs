//! The merge drivers: the command line by which git starts one, and what tells git when.
//!
//! Knows nothing about how anything is merged.

use std::path::PathBuf;

use super::shim::{shell_quoted, shell_unquoted};
use crate::git::ConfigEdit;
use crate::merge::Kind;

/// The merge driver of a kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driver(pub Kind);

/// Every merge driver.
pub(super) fn all() -> impl Iterator<Item = Driver> {
    Kind::ALL.iter().copied().map(Driver)
}

/// What follows the program: the arguments, and what happens if the program is missing or dies. Exit status 1
/// means that the program left markers. After anything else what it left half written beside `%A` is removed, and
/// the text merge leaves markers, so that no side is ever lost. 255, also where the text merge itself fails because
/// the disk is full, goes on to git, which stops the whole merge (git 2.39 takes it for a conflict like any other, so
/// markers have to be there). git itself quotes `%P`, `%S`, `%X` and `%Y`.
const ARGUMENTS: &str = "--base %O --ours %A --theirs %B --marker-size %L --path %P \
    --label-base %S --label-ours %X --label-theirs %Y \
    || { rc=$?; [ $rc -eq 1 ] && exit 1; rm -f %A.mission; \
    git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B; [ $? -lt 128 ] || rc=255; \
    [ $rc -eq 255 ] && exit 255; exit 1; }";

impl Driver {
    /// The name in attributes and configuration: `mission-meta`.
    pub fn name(&self) -> String {
        format!("mission-{}", self.0.name())
    }

    /// The attributes that make git use it, one a pattern.
    pub fn attributes(self) -> impl Iterator<Item = Attribute> {
        self.0.patterns().iter().map(move |pattern| Attribute { driver: self, pattern })
    }

    /// The section of the configuration: `merge.mission-meta`.
    pub fn section(&self) -> String {
        format!("merge.{}", self.name())
    }

    /// The key whose value is [`Driver::command`].
    pub fn command_key(&self) -> String {
        format!("{}.driver", self.section())
    }

    /// The command line, for a program that is named by its absolute path.
    pub fn command(&self, program: &str) -> String {
        // git expands `%`, also inside quotes.
        let program = shell_quoted(program).replace('%', "%%");
        format!("{program} merge-driver {} {ARGUMENTS}", self.0.name())
    }

    /// The program of a command line that [`Driver::command`] made.
    pub fn program_of(&self, command: &str) -> Option<PathBuf> {
        let quoted = command.strip_suffix(&format!(" merge-driver {} {ARGUMENTS}", self.0.name()))?;
        Some(shell_unquoted(&quoted.replace("%%", "%"))?.into())
    }

    /// The keys, `driver` first: a section with a name and no driver is fatal for every merge.
    pub(super) fn settings(self, program: &str) -> [(String, String); 2] {
        [
            (self.command_key(), self.command(program)),
            (format!("{}.name", self.section()), self.0.title().to_owned()),
        ]
    }
}

/// A line of `info/attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// The driver that it names
    pub driver: Driver,
    /// The files that it is about
    pub pattern: &'static str,
}

impl Attribute {
    /// Those of all drivers, in the order of [`all`].
    pub fn all() -> impl Iterator<Item = Self> {
        all().flat_map(Driver::attributes)
    }

    /// The line, without its newline.
    pub fn line(&self) -> String {
        format!("{} merge={}", self.pattern, self.driver.name())
    }

    /// A path that the pattern matches.
    pub fn example(&self) -> String {
        self.pattern.replace('*', "any")
    }
}

/// The keys that define all drivers, with their values.
pub(super) fn settings(program: &str) -> impl Iterator<Item = (String, String)> {
    all().flat_map(move |driver| driver.settings(program))
}

/// The edits that remove all drivers.
pub(super) fn removals() -> impl Iterator<Item = ConfigEdit> {
    all().map(|driver| ConfigEdit::RemoveSection(driver.section()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mission::{EVENT_LOGS, SPECS};

    #[test]
    fn command_line_is_pinned() {
        assert_eq!(
            Driver(Kind::Meta).command("/opt/it's 100%/git-mission"),
            "'/opt/it'\\''s 100%%/git-mission' merge-driver meta --base %O --ours %A --theirs %B \
             --marker-size %L --path %P --label-base %S --label-ours %X --label-theirs %Y \
             || { rc=$?; [ $rc -eq 1 ] && exit 1; rm -f %A.mission; \
             git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B; [ $? -lt 128 ] || rc=255; \
             [ $rc -eq 255 ] && exit 255; exit 1; }"
        );
    }

    #[test]
    fn every_event_log_has_an_attribute() {
        let lines: Vec<String> = Attribute::all().map(|attribute| attribute.line()).collect();
        for name in EVENT_LOGS {
            let line = format!("{SPECS}/*/{name} merge=mission-event-log");
            assert_eq!(lines.iter().filter(|known| **known == line).count(), 1, "{line}");
        }
        for driver in all() {
            let name = format!(" merge={}", driver.name());
            assert!(lines.iter().any(|line| line.ends_with(&name)), "{name}");
        }
        assert_eq!(
            Attribute::all().next().map(|a| a.example()).as_deref(),
            Some("kitty-specs/any/meta.json")
        );
    }

    #[test]
    fn the_program_is_found_again() {
        let driver = Driver(Kind::Meta);
        let program = "/opt/it's 100%/git-mission";
        assert_eq!(driver.program_of(&driver.command(program)), Some(program.into()));
        assert_eq!(driver.program_of("git-mission merge-driver meta"), None);
    }
}
