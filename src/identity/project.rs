//! `.kittify/config.yaml`, read only.
//!
//! Two forms are in use: `project: {uuid, slug}`, `build: {id}`, `node: {id}`, and one flat map
//! `project: {uuid, slug, node_id, build_id, repo_slug}`.

use std::fmt;

use super::yaml;
use crate::id::is_uuid;

/// What the file says, as far as it concerns identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFile {
    /// `project.uuid`, lower case
    pub uuid: Option<String>,
    /// `project.slug`
    pub slug: Option<String>,
    /// `build.id`, else `project.build_id`
    pub build_id: Option<String>,
    /// `node.id`, else `project.node_id`
    pub node_id: Option<String>,
    /// `tracker.provider`, the kind of tracker
    pub tracker: Option<String>,
}

/// Why the file cannot be used.
#[derive(Debug)]
pub enum IdentityError {
    /// It is not YAML, or not UTF-8; holds the parser's words, which name line and column.
    Syntax(String),
    /// `project.uuid` is no UUID.
    NotAUuid(String),
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(words) => f.write_str(words),
            Self::NotAUuid(text) => write!(f, "project.uuid {text:?} is not a UUID"),
        }
    }
}

impl std::error::Error for IdentityError {}

impl ProjectFile {
    /// Where the file lies in a repository.
    pub const PATH: &'static str = ".kittify/config.yaml";
    /// The largest file that is read, in bytes.
    pub const MAX_BYTES: u64 = 1 << 20;

    /// Reads the text of the file. An empty file says nothing.
    pub fn parse(text: &[u8]) -> Result<Self, IdentityError> {
        let document = yaml::parse(text).map_err(IdentityError::Syntax)?;
        let at = |section: &str, key: &str| {
            let value = document.get(section)?.get(key)?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        let uuid = match at("project", "uuid") {
            Some(text) if !is_uuid(&text) => return Err(IdentityError::NotAUuid(text)),
            other => other.map(|text| text.to_ascii_lowercase()),
        };
        Ok(Self {
            uuid,
            slug: at("project", "slug"),
            build_id: at("build", "id").or_else(|| at("project", "build_id")),
            node_id: at("node", "id").or_else(|| at("project", "node_id")),
            tracker: at("tracker", "provider"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0b5c1d0e-8f1a-4a5e-9d53-0c5c9b1f2a10";

    #[test]
    fn both_forms_are_read() {
        let nested =
            format!("# ours\nproject:\n  uuid: {UUID}\n  slug: a\nbuild:\n  id: b\nnode:\n  id: c\n");
        let flat = format!(
            "project: {{uuid: '{}', slug: a, build_id: b, node_id: c}}\nother: [1]\n",
            UUID.to_uppercase()
        );
        let expected = ProjectFile {
            uuid: Some(UUID.into()),
            slug: Some("a".into()),
            build_id: Some("b".into()),
            node_id: Some("c".into()),
            tracker: None,
        };
        let tracker = ProjectFile::parse(b"tracker: {provider: jira}\n").expect("YAML").tracker;
        assert_eq!(tracker.as_deref(), Some("jira"));
        assert_eq!(ProjectFile::parse(nested.as_bytes()).expect("YAML"), expected);
        assert_eq!(ProjectFile::parse(flat.as_bytes()).expect("YAML"), expected);
        assert_eq!(ProjectFile::parse(b"").expect("empty"), ProjectFile::default());
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        assert!(matches!(ProjectFile::parse(b"project: {uuid: x}"), Err(IdentityError::NotAUuid(_))));
        assert!(matches!(ProjectFile::parse(b"project: ["), Err(IdentityError::Syntax(_))));
    }
}
