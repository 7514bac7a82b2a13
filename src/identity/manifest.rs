//! `expected-artifacts.yaml`: which artifacts a type of mission is expected to have. Read only.

use yaml_serde::Value;

use super::{IdentityError, yaml};

/// The version of a list that names none.
const DEFAULT_VERSION: &str = "1";
/// The step of what is needed from the beginning.
const ALWAYS: &str = "required_always";

/// The list of one type of mission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `manifest_version`
    pub version: String,
    /// What must be there
    pub expected: Vec<Expectation>,
}

/// One artifact that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// A path inside the mission directory; `*` stands for any text within one part
    pub path: String,
    /// `artifact_class`
    pub class: String,
    /// `required_always`, or the step that needs it
    pub step: String,
}

impl Manifest {
    /// The name of the file, in a directory named after the type.
    pub const FILE: &'static str = "expected-artifacts.yaml";
    /// The largest file that is read, in bytes.
    pub const MAX_BYTES: u64 = 1 << 20;

    /// Reads the text of the file. Entries without a path are left out: they expect nothing that could be missing.
    pub fn parse(text: &[u8]) -> Result<Self, IdentityError> {
        let document = yaml::parse(text).map_err(IdentityError::Syntax)?;
        let version = document.get("manifest_version").or_else(|| document.get("version"));
        let version = version.and_then(scalar).unwrap_or_else(|| DEFAULT_VERSION.to_owned());
        let mut expected = Vec::new();
        collect(document.get(ALWAYS), ALWAYS, &mut expected);
        if let Some(Value::Mapping(steps)) = document.get("required_by_step") {
            for (step, list) in steps {
                if let Some(step) = step.as_str() {
                    collect(Some(list), step, &mut expected);
                }
            }
        }
        Ok(Self { version, expected })
    }
}

impl Expectation {
    /// Whether a path is what is expected.
    pub fn matches(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        let whole = self.path.split('/').all(|pattern| parts.next().is_some_and(|part| glob(pattern, part)));
        whole && parts.next().is_none()
    }
}

fn collect(list: Option<&Value>, step: &str, into: &mut Vec<Expectation>) {
    let Some(Value::Sequence(entries)) = list else { return };
    for entry in entries {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(path) = entry.as_str().or_else(|| text("path_pattern")).or_else(|| text("path")) {
            let class = text("artifact_class").unwrap_or("output").to_owned();
            into.push(Expectation { path: path.to_owned(), class, step: step.to_owned() });
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether `text` matches a pattern in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = text.strip_prefix(start).and_then(|text| text.strip_suffix(end));
    let Some(mut text) = inner else { return false };
    // Each part where it comes first leaves the most for those that follow: nothing is tried twice.
    middle.split('*').all(|part| {
        let found = text.find(part).map(|at| &text[at + part.len()..]);
        found.map(|rest| text = rest).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_every_form_are_read() {
        let text = concat!(
            "manifest_version: 2\n",
            "required_always:\n  - {path_pattern: spec.md, artifact_class: input}\n  - plan.md\n  - {note: none}\n",
            "required_by_step:\n  tasks:\n    - path: tasks/WP*.md\n      artifact_class: workflow\n",
        );
        let manifest = Manifest::parse(text.as_bytes()).expect("YAML");
        assert_eq!(manifest.version, "2");
        let shown: Vec<_> =
            manifest.expected.iter().map(|e| (e.path.as_str(), e.class.as_str(), e.step.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("spec.md", "input", "required_always"),
                ("plan.md", "output", "required_always"),
                ("tasks/WP*.md", "workflow", "tasks")
            ]
        );
        assert!(manifest.expected[2].matches("tasks/WP01-x.md"));
        for other in ["tasks/README.md", "tasks/WP01/x.md", "WP01.md", "tasks/WP01.md/x"] {
            assert!(!manifest.expected[2].matches(other), "{other}");
        }
        assert_eq!(Manifest::parse(b"").expect("empty").version, "1");
        assert!(Manifest::parse(b"a: [").is_err());
    }
}
