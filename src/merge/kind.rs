//! The kinds of files that have a merge of their own: their names, and which files they are.
//!
//! The one table of them: the command line, the attributes that git is given and whoever merges a path by itself read
//! it. Knows nothing about how anything is merged.

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `meta.json`
    Meta,
    /// `status.events.jsonl` and its like
    EventLog,
    /// Notes below `traces/`
    Traces,
    /// `issue-matrix.json`
    IssueMatrix,
    /// `acceptance-matrix.json`
    AcceptanceMatrix,
    /// Reviews of work packages
    ReviewCycle,
    /// `status.json`
    Derived,
}

impl Kind {
    /// All of them. To add one, add it here, in [`Kind::facts`] and in [`super::run`].
    pub const ALL: &'static [Self] = &[
        Self::Meta,
        Self::EventLog,
        Self::Traces,
        Self::IssueMatrix,
        Self::AcceptanceMatrix,
        Self::ReviewCycle,
        Self::Derived,
    ];

    /// Name, words for people, and files as attribute patterns: from the top of the repository, `*` within one name.
    const fn facts(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Self::Meta => ("meta", "mission meta.json", &["kitty-specs/*/meta.json"]),
            Self::EventLog => (
                "event-log",
                "mission event logs",
                &[
                    "kitty-specs/*/status.events.jsonl",
                    "kitty-specs/*/decisions.events.jsonl",
                    "kitty-specs/*/mission-events.jsonl",
                ],
            ),
            Self::Traces => ("traces", "mission traces", &["kitty-specs/*/traces/*.md"]),
            Self::IssueMatrix => {
                ("issue-matrix", "mission issue matrices", &["kitty-specs/*/issue-matrix.json"])
            }
            Self::AcceptanceMatrix => (
                "acceptance-matrix",
                "mission acceptance matrices",
                &["kitty-specs/*/acceptance-matrix.json"],
            ),
            Self::ReviewCycle => {
                ("review-cycle", "mission review cycles", &["kitty-specs/*/tasks/*/review-cycle-*.md"])
            }
            Self::Derived => ("derived", "derived mission files", &["kitty-specs/*/status.json"]),
        }
    }

    /// What the command line and the configuration call it.
    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        self.facts().1
    }

    /// The files, as attribute patterns.
    pub const fn patterns(self) -> &'static [&'static str] {
        self.facts().2
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The kind of the file at this path (of git, from the top of the repository).
    pub fn of_path(path: &[u8]) -> Option<Self> {
        let is_one = |kind: &Self| kind.patterns().iter().any(|pattern| matches(pattern.as_bytes(), path));
        Self::ALL.iter().copied().find(is_one)
    }
}

/// Whether an attribute pattern matches a path, name by name.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let names = || (pattern.split(|b| *b == b'/'), path.split(|b| *b == b'/'));
    let (wanted, found) = names();
    wanted.count() == found.count() && {
        let (wanted, found) = names();
        wanted.zip(found).all(|(pattern, name)| matches_name(pattern, name))
    }
}

/// Whether a name is what stands before and after the one `*` of a pattern, or the pattern itself.
fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.iter().position(|b| *b == b'*') {
        None => pattern == name,
        Some(star) => {
            let (before, after) = (&pattern[..star], &pattern[star + 1..]);
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(*kind));
        }
        assert_eq!((Kind::Meta.name(), Kind::Meta.title()), ("meta", "mission meta.json"));
        assert_eq!(Kind::parse("Meta"), None);
    }

    #[test]
    fn a_path_has_one_kind() {
        for kind in Kind::ALL {
            for pattern in kind.patterns() {
                assert_eq!(Kind::of_path(pattern.replace('*', "any").as_bytes()), Some(*kind));
            }
        }
        for other in [
            "kitty-specs/meta.json",
            "kitty-specs/a/b/meta.json",
            "x/kitty-specs/a/meta.json",
            "kitty-specs/a/tasks/WP01/another-long-name.md",
            "kitty-specs/a/tasks/WP01/review-cycle-1.txt",
        ] {
            assert_eq!(Kind::of_path(other.as_bytes()), None, "{other}");
        }
        assert!(matches(b"a/x-*.md", b"a/x-.md") && !matches(b"a/x-*.md", b"a/x.md"));
        assert!(matches(b"x-*-x", b"x--x") && !matches(b"x-*-x", b"x-x"));
    }
}
