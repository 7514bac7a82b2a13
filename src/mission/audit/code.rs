//! The codes of findings. They are relied on from outside.

use std::fmt;

use crate::id::MissionId;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Must be mended
    Error,
    /// Should be mended
    Warning,
    /// Worth knowing
    Info,
}

impl Severity {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $text:literal])+ $name:ident = $code:literal, $severity:ident;)+) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $text])+ $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// How bad it is where nothing else is said.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),+ }
            }
        }
    };
}

codes! {
    /// A file or row is not JSON that can be read without loss.
    JsonInvalid = "JSON_INVALID", Error;
    /// A key stands twice, or under its old and its new name with different values.
    JsonDuplicateKey = "JSON_DUPLICATE_KEY", Error;
    /// A file holds the markers of an unfinished merge.
    ConflictMarkers = "CONFLICT_MARKERS", Error;
    /// A mission directory has no `meta.json`.
    MetaMissing = "META_MISSING", Warning;
    /// A `meta.json` is a link or a directory.
    MetaNotRegular = "META_NOT_REGULAR", Error;
    /// A required key is absent or empty.
    KeyMissing = "KEY_MISSING", Warning;
    /// The bytes are not the canonical form of what they say.
    NotCanonical = "NOT_CANONICAL", Warning;
    /// A key has its old name.
    LegacyKey = "LEGACY_KEY", Warning;
    /// A mission has no id.
    MissionIdMissing = "MISSION_ID_MISSING", Error;
    /// An id is not of the pattern.
    MissionIdInvalid = "MISSION_ID_INVALID", Error;
    /// Two paths share an id.
    MissionIdDuplicate = "MISSION_ID_DUPLICATE", Error;
    /// An id is not the one that was there before.
    MissionIdChanged = "MISSION_ID_CHANGED", Error;
    /// Two missions hold one number.
    NumberDuplicate = "NUMBER_DUPLICATE", Error;
    /// A number is no number.
    NumberInvalid = "NUMBER_INVALID", Error;
    /// A mission of main has no number.
    NumberUnsettled = "NUMBER_UNSETTLED", Info;
    /// A branch gives a number that main has not given.
    NumberOffMain = "NUMBER_OFF_MAIN", Error;
    /// A published number is another one now.
    NumberChanged = "NUMBER_CHANGED", Error;
    /// `mission_slug` is not the name of the directory.
    SlugMismatch = "SLUG_MISMATCH", Info;
    /// Two missions share their `mission_slug`.
    SlugDuplicate = "SLUG_DUPLICATE", Error;
    /// Two ids share their first 8 characters.
    Mid8Ambiguous = "MID8_AMBIGUOUS", Info;
    /// Two directories share their numeric prefix.
    PrefixDuplicate = "PREFIX_DUPLICATE", Info;
    /// A row of a log has no `event_id`.
    EventIdMissing = "EVENT_ID_MISSING", Warning;
    /// Two rows of a log share their `event_id`.
    EventIdDuplicate = "EVENT_ID_DUPLICATE", Warning;
    /// The rows of a log are not in the order of their times.
    EventLogUnsorted = "EVENT_LOG_UNSORTED", Warning;
    /// A log has lost rows.
    EventLogShrunk = "EVENT_LOG_SHRUNK", Error;
    /// A work package moved as no rule allows.
    LaneTransitionIllegal = "LANE_TRANSITION_ILLEGAL", Info;
    /// A derived file does not say what its log says.
    DerivedStale = "DERIVED_STALE", Warning;
    /// A hook of ours is not there.
    HookMissing = "HOOK_MISSING", Error;
    /// A hook of ours was replaced by another tool.
    HookForeign = "HOOK_FOREIGN", Error;
    /// A hook of ours is of another version, or was edited.
    HookOutdated = "HOOK_OUTDATED", Warning;
    /// A merge driver is not configured.
    DriverMissing = "DRIVER_MISSING", Error;
    /// A merge driver is configured and cannot work.
    DriverBroken = "DRIVER_BROKEN", Error;
    /// git does not use a merge driver of ours for its files.
    AttributeMissing = "ATTRIBUTE_MISSING", Error;
    /// Checkouts share one build id.
    BuildIdShared = "BUILD_ID_SHARED", Warning;
    /// The queue's database is damaged.
    QueueCorrupt = "QUEUE_CORRUPT", Error;
    /// The queue's database was written by a newer version.
    QueueNewer = "QUEUE_NEWER", Warning;
    /// The queue takes no more rows.
    QueueFull = "QUEUE_FULL", Warning;
    /// Rows of the queue have been waiting for long.
    QueueStranded = "QUEUE_STRANDED", Warning;
    /// An artifact was not queued because it seems to hold a secret.
    ArtifactSecret = "ARTIFACT_SECRET", Warning;
}

impl Code {
    /// The code of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that is wrong, or worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What
    pub code: Code,
    /// How bad
    pub severity: Severity,
    /// The file or directory, from the top of the repository; absent for what concerns no file of it
    pub path: Option<String>,
    /// Line and column, where it has a place
    pub position: Option<(usize, usize)>,
    /// The mission, if it has a valid id
    pub mission_id: Option<MissionId>,
    /// What is wrong, in words
    pub message: String,
    /// A command that helps
    pub fix: Option<String>,
}

impl Finding {
    /// A finding of the code's own severity.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            path: None,
            position: None,
            mission_id: None,
            message: message.into(),
            fix: None,
        }
    }

    /// The same, about this file or directory.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// The same, at this line and column.
    #[must_use]
    pub fn position(self, position: Option<(usize, usize)>) -> Self {
        Self { position, ..self }
    }

    /// The same, about this mission.
    #[must_use]
    pub fn of(self, mission_id: Option<MissionId>) -> Self {
        Self { mission_id, ..self }
    }

    /// The same, with a command that helps.
    #[must_use]
    pub fn fixed_by(self, command: impl Into<String>) -> Self {
        Self { fix: Some(command.into()), ..self }
    }

    /// `path:line:column`, as far as they are known.
    pub fn place(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        match self.position {
            Some((line, column)) => format!("{path}:{line}:{column}"),
            None => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_of_one_code_each() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
        assert_eq!((Code::ALL.len(), Code::parse("json_invalid")), (39, None));
    }
}
