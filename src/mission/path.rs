//! Where missions lie. Knows nothing about what a path holds.

use std::fmt;
use std::sync::Arc;

/// The directory at the repository's root that holds one directory a mission.
pub const SPECS: &str = "kitty-specs";

/// The event logs of a mission, in its directory.
pub const EVENT_LOGS: [&str; 3] = ["status.events.jsonl", "decisions.events.jsonl", "mission-events.jsonl"];

const META: &[u8] = b"meta.json";

/// Whether a path is that of a mission's event log.
pub fn is_event_log(path: &[u8]) -> bool {
    MissionDir::containing(path)
        .is_some_and(|(_, inside)| EVENT_LOGS.iter().any(|name| name.as_bytes() == inside))
}

/// The directory of a mission, relative to the repository's root: `kitty-specs/<name>`.
///
/// Bytes, because git's paths are bytes; [`fmt::Display`] shows them lossily. Only `kitty-specs/<name>/meta.json`
/// makes a mission; deeper files of that name are somebody else's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MissionDir(Arc<[u8]>);

impl MissionDir {
    /// The mission directory called `name`; `None` if that is no single path component.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let single =
            !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && !name.contains(&0);
        single.then(|| Self([SPECS.as_bytes(), b"/", name].concat().into()))
    }

    /// The mission whose `meta.json` has this path, if it is one.
    pub fn of_meta_path(path: &[u8]) -> Option<Self> {
        let name = path
            .strip_prefix(SPECS.as_bytes())?
            .strip_prefix(b"/")?
            .strip_suffix(META)?
            .strip_suffix(b"/")?;
        Self::from_name(name)
    }

    /// The mission that holds this path (of a file somewhere below its directory), and the path inside it.
    pub fn containing(path: &[u8]) -> Option<(Self, &[u8])> {
        let below = path.strip_prefix(SPECS.as_bytes())?.strip_prefix(b"/")?;
        let slash = below.iter().position(|b| *b == b'/')?;
        Some((Self::from_name(&below[..slash])?, &below[slash + 1..]))
    }

    /// `kitty-specs/<name>`
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `<name>`
    pub fn name(&self) -> &[u8] {
        &self.0[SPECS.len() + 1..]
    }

    /// `<name>` as text; bytes that are not UTF-8 are replaced.
    pub fn name_lossy(&self) -> String {
        String::from_utf8_lossy(self.name()).into_owned()
    }

    /// `kitty-specs/<name>/meta.json`
    pub fn meta_path(&self) -> Vec<u8> {
        self.join(META)
    }

    /// `kitty-specs/<name>/<inside>`
    pub fn join(&self, inside: &[u8]) -> Vec<u8> {
        [self.as_bytes(), b"/", inside].concat()
    }
}

impl fmt::Display for MissionDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for MissionDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_second_level_is_a_mission() {
        let dir = MissionDir::of_meta_path(b"kitty-specs/a b/meta.json").expect("a mission");
        assert_eq!((dir.as_bytes(), dir.name()), (b"kitty-specs/a b".as_slice(), b"a b".as_slice()));
        assert_eq!(dir.meta_path(), b"kitty-specs/a b/meta.json");
        for other in [
            "kitty-specs/meta.json",
            "kitty-specs/a/b/meta.json",
            "x/kitty-specs/a/meta.json",
            "kitty-specs/a/Meta.json",
            "kitty-specs/../meta.json",
        ] {
            assert_eq!(MissionDir::of_meta_path(other.as_bytes()), None, "{other}");
        }
        let (dir, inside) = MissionDir::containing(b"kitty-specs/a/tasks/WP01.md").expect("inside a mission");
        assert_eq!((dir.name(), inside), (b"a".as_slice(), b"tasks/WP01.md".as_slice()));
        assert!(is_event_log(b"kitty-specs/a/status.events.jsonl"));
        assert!(
            !is_event_log(b"kitty-specs/a/b/status.events.jsonl") && !is_event_log(b"status.events.jsonl")
        );
    }
}
