//! What is said about a mission's artifacts: which are there, which are missing, and all of them as one hash.
//!
//! Knows nothing about which files are artifacts: whoever asks has judged them.

use crate::id::sha256_hex;
use crate::json::{Object, Value, object};

/// One artifact that is sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// The path inside the mission directory
    pub path: String,
    /// Its blob
    pub blob: String,
    /// SHA-256 of its bytes
    pub content_hash: String,
    /// Bytes of it
    pub size_bytes: u64,
}

/// One artifact that a manifest expects and the tree does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// The path or pattern
    pub path: String,
    /// What kind of artifact
    pub class: String,
    /// The step that needs it
    pub step: String,
}

/// The artifacts of one mission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// The five fields
    pub namespace: Value,
    /// What is there
    pub artifacts: Vec<Artifact>,
    /// What is not
    pub missing: Vec<Expected>,
}

/// What kind of artifact lies at this path.
pub fn artifact_class(path: &str) -> &'static str {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match (first, rest.is_empty()) {
        ("spec.md" | "research.md" | "data-model.md" | "quickstart.md", true)
        | ("research" | "contracts", false) => "input",
        ("plan.md" | "tasks.md", true) | ("tasks", false) => "workflow",
        ("checklists", false) => "evidence",
        _ => "output",
    }
}

impl Dossier {
    /// SHA-256 over the sorted lines `path TAB content_hash`.
    pub fn snapshot_hash(&self) -> String {
        let mut lines: Vec<String> =
            self.artifacts.iter().map(|a| [&a.path, "\t", &a.content_hash, "\n"].concat()).collect();
        lines.sort_unstable();
        sha256_hex(lines.concat().as_bytes())
    }

    pub(super) fn indexed(&self, mission_type: &str, artifact: &Artifact) -> Object {
        let content = object([
            ("hash", artifact.content_hash.as_str().into()),
            ("algorithm", "sha256".into()),
            ("size_bytes", artifact.size_bytes.into()),
        ]);
        let id = identity(mission_type, &artifact.path, artifact_class(&artifact.path));
        self.payload([("artifact_id", id), ("content_ref", content)])
    }

    pub(super) fn absent(&self, mission_type: &str, expected: &Expected) -> Object {
        let id = identity(mission_type, &expected.path, &expected.class);
        self.payload([("expected_identity", id), ("manifest_step", expected.step.as_str().into())])
    }

    /// The payload of a snapshot of this [hash](Self::snapshot_hash).
    pub(super) fn snapshot(&self, hash: &str) -> Object {
        self.payload([
            ("snapshot_hash", hash.into()),
            ("artifact_count", self.artifacts.len().into()),
            ("anomaly_count", self.missing.len().into()),
            ("algorithm", "sha256".into()),
        ])
    }

    fn payload<const N: usize>(&self, members: [(&str, Value); N]) -> Object {
        let members = members.into_iter().chain([("namespace", self.namespace.clone())]);
        members.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

fn identity(mission_type: &str, path: &str, class: &str) -> Value {
    object([("mission_type", mission_type.into()), ("path", path.into()), ("artifact_class", class.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_told_by_the_path() {
        for (path, class) in [
            ("spec.md", "input"),
            ("research/a/b.csv", "input"),
            ("contracts/api.yaml", "input"),
            ("plan.md", "workflow"),
            ("tasks/WP01.md", "workflow"),
            ("checklists/x.md", "evidence"),
            ("analysis-report.md", "output"),
            ("research", "output"),
        ] {
            assert_eq!(artifact_class(path), class, "{path}");
        }
    }

    #[test]
    fn the_snapshot_does_not_depend_on_the_order() {
        let one = |path: &str, hash: &str| Artifact {
            path: path.into(),
            blob: "b".into(),
            content_hash: hash.into(),
            size_bytes: 1,
        };
        let dossier =
            |artifacts| Dossier { namespace: Value::Null, artifacts, missing: Vec::new() }.snapshot_hash();
        let hash = dossier(vec![one("spec.md", "aa"), one("plan.md", "bb")]);
        assert_eq!(hash, dossier(vec![one("plan.md", "bb"), one("spec.md", "aa")]));
        assert_ne!(hash, dossier(vec![one("plan.md", "aa"), one("spec.md", "bb")]));
        assert_eq!(hash, sha256_hex(b"plan.md\tbb\nspec.md\taa\n"));
    }
}
