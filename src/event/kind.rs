//! The types of events that are derived, and what each is about. Knows no payload.

use std::fmt;

/// A type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A mission is there
    MissionCreated,
    /// A mission was accepted and has its number
    MissionClosed,
    /// A work package is there
    WorkPackageCreated,
    /// A work package moved to another lane
    StatusChanged,
    /// A work package was claimed by somebody
    Assigned,
    /// An artifact is there in this version
    ArtifactIndexed,
    /// An artifact that is expected is not there
    ArtifactMissing,
    /// The artifacts of a mission as a whole
    SnapshotComputed,
}

impl Kind {
    /// `event_type`
    pub const fn event_type(self) -> &'static str {
        match self {
            Self::MissionCreated => "MissionCreated",
            Self::MissionClosed => "MissionClosed",
            Self::WorkPackageCreated => "WPCreated",
            Self::StatusChanged => "WPStatusChanged",
            Self::Assigned => "WPAssigned",
            Self::ArtifactIndexed => "MissionDossierArtifactIndexed",
            Self::ArtifactMissing => "MissionDossierArtifactMissing",
            Self::SnapshotComputed => "MissionDossierSnapshotComputed",
        }
    }

    /// `aggregate_type`
    pub const fn aggregate_type(self) -> &'static str {
        match self {
            Self::MissionCreated | Self::MissionClosed => "Mission",
            Self::WorkPackageCreated | Self::StatusChanged | Self::Assigned => "WorkPackage",
            Self::ArtifactIndexed | Self::ArtifactMissing | Self::SnapshotComputed => "MissionDossier",
        }
    }

    /// The key of the payload that holds the time of the commit, where there is one.
    pub const fn commit_time_key(self) -> Option<&'static str> {
        match self {
            Self::ArtifactIndexed => Some("indexed_at"),
            Self::ArtifactMissing => Some("checked_at"),
            Self::SnapshotComputed => Some("computed_at"),
            _ => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.event_type())
    }
}
