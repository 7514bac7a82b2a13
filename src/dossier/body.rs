//! What is sent of an artifact: exactly nine fields. Knows nothing about how it is sent.

use std::fmt;

use super::content_hash;
use crate::json::{Value, object};

/// The names of the five fields that tell one mission's artifacts from another's, in their order.
const NAMESPACE: [&str; 5] =
    ["project_uuid", "mission_slug", "target_branch", "mission_type", "manifest_version"];

/// The one algorithm that content hashes are made by.
const ALGORITHM: &str = "sha256";

/// The five fields of a namespace, unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamespaceFields {
    /// The project
    pub project_uuid: String,
    /// The mission's name
    pub mission_slug: String,
    /// The branch the mission is for
    pub target_branch: String,
    /// The kind of mission
    pub mission_type: String,
    /// The version of the list of expected artifacts
    pub manifest_version: String,
}

/// What tells one mission's artifacts from another's. INVARIANT: none of the five fields is blank.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Namespace(NamespaceFields);

/// A field of a namespace is blank; holds its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoNamespace(pub &'static str);

/// A payload that is no body upload: this field is absent or no string, or blank where it may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedBody(pub &'static str);

/// The nine fields as they stand in a payload. INVARIANT: none of the namespace is blank.
#[derive(Debug, Clone, Copy)]
pub struct BodyFields<'p> {
    /// The values of the namespace in the order of the key: project, slug, branch, type, version
    pub namespace: [&'p str; 5],
    /// See [`BodyUpload`], also for what follows
    pub artifact_path: &'p str,
    /// The declared hash
    pub content_hash: &'p str,
    /// How the hash is made
    pub hash_algorithm: &'p str,
    /// The text
    pub content_body: &'p str,
}

/// One version of one artifact on its way to the server.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyUpload {
    /// Whose artifact
    pub namespace: Namespace,
    /// Where, relative to the mission directory
    pub artifact_path: String,
    /// The hash that was declared for the content, hexadecimal
    pub content_hash: String,
    /// How the hash is made
    pub hash_algorithm: String,
    /// The text
    pub content_body: String,
}

impl Namespace {
    /// The fields.
    pub fn fields(&self) -> &NamespaceFields {
        &self.0
    }

    /// The values in the order of the key: project, slug, branch, type, version.
    pub fn values(&self) -> [&str; 5] {
        self.0.values()
    }
}

impl NamespaceFields {
    fn values(&self) -> [&str; 5] {
        [
            &self.project_uuid,
            &self.mission_slug,
            &self.target_branch,
            &self.mission_type,
            &self.manifest_version,
        ]
    }
}

impl TryFrom<NamespaceFields> for Namespace {
    type Error = NoNamespace;

    fn try_from(fields: NamespaceFields) -> Result<Self, NoNamespace> {
        not_blank(&fields.values()).map(|()| Self(fields))
    }
}

fn not_blank(values: &[&str; 5]) -> Result<(), NoNamespace> {
    match values.iter().position(|value| value.trim().is_empty()) {
        Some(at) => Err(NoNamespace(NAMESPACE[at])),
        None => Ok(()),
    }
}

impl<'p> BodyFields<'p> {
    /// Reads a payload without copying it. What else stands in it, and whether the hash is right, is not asked here.
    pub fn of(payload: &'p Value) -> Result<Self, MalformedBody> {
        let text = |key: &'static str| {
            let value = payload.as_object().and_then(|members| members.get(key)).and_then(Value::as_str);
            value.ok_or(MalformedBody(key))
        };
        let mut namespace = [""; 5];
        for (value, key) in namespace.iter_mut().zip(NAMESPACE) {
            *value = text(key)?;
        }
        not_blank(&namespace).map_err(|NoNamespace(key)| MalformedBody(key))?;
        Ok(Self {
            namespace,
            artifact_path: text("artifact_path")?,
            content_hash: text("content_hash")?,
            hash_algorithm: text("hash_algorithm")?,
            content_body: text("content_body")?,
        })
    }
}

impl BodyUpload {
    /// The upload of a text, hashed here.
    pub fn new(namespace: Namespace, artifact_path: String, content_body: String) -> Self {
        let content_hash = content_hash(content_body.as_bytes());
        Self { namespace, artifact_path, content_hash, hash_algorithm: ALGORITHM.to_owned(), content_body }
    }

    /// Reads a payload. What else stands in it, and whether the hash is right, is not asked here.
    pub fn from_payload(payload: &Value) -> Result<Self, MalformedBody> {
        let fields = BodyFields::of(payload)?;
        let [project_uuid, mission_slug, target_branch, mission_type, manifest_version] =
            fields.namespace.map(str::to_owned);
        Ok(Self {
            namespace: Namespace(NamespaceFields {
                project_uuid,
                mission_slug,
                target_branch,
                mission_type,
                manifest_version,
            }),
            artifact_path: fields.artifact_path.to_owned(),
            content_hash: fields.content_hash.to_owned(),
            hash_algorithm: fields.hash_algorithm.to_owned(),
            content_body: fields.content_body.to_owned(),
        })
    }

    /// The payload: these nine fields and no other.
    pub fn payload(&self) -> Value {
        let fields = self.namespace.fields();
        object([
            ("project_uuid", fields.project_uuid.as_str().into()),
            ("mission_slug", fields.mission_slug.as_str().into()),
            ("target_branch", fields.target_branch.as_str().into()),
            ("mission_type", fields.mission_type.as_str().into()),
            ("manifest_version", fields.manifest_version.as_str().into()),
            ("artifact_path", self.artifact_path.as_str().into()),
            ("content_hash", self.content_hash.as_str().into()),
            ("hash_algorithm", self.hash_algorithm.as_str().into()),
            ("content_body", self.content_body.as_str().into()),
        ])
    }

    /// Whether the declared hash is that of the content.
    pub fn hash_matches(&self) -> bool {
        self.hash_algorithm == ALGORITHM && self.content_hash == content_hash(self.content_body.as_bytes())
    }
}

/// Shows everything but the content.
impl fmt::Debug for BodyUpload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyUpload")
            .field("namespace", &self.namespace)
            .field("artifact_path", &self.artifact_path)
            .field("content_hash", &self.content_hash)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for NoNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the namespace has no `{}`", self.0)
    }
}

impl std::error::Error for NoNamespace {}

impl fmt::Display for MalformedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no body upload: `{}` is absent, blank or no text", self.0)
    }
}

impl std::error::Error for MalformedBody {}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> NamespaceFields {
        NamespaceFields {
            project_uuid: "p".into(),
            mission_slug: "s".into(),
            target_branch: "main".into(),
            mission_type: "t".into(),
            manifest_version: "1".into(),
        }
    }

    fn upload() -> BodyUpload {
        let namespace = fields().try_into().expect("a namespace");
        BodyUpload::new(namespace, "spec.md".into(), "# é\n".into())
    }

    #[test]
    fn no_field_of_a_namespace_is_blank() {
        let blank = |change: fn(&mut NamespaceFields)| {
            let mut fields = fields();
            change(&mut fields);
            Namespace::try_from(fields).map(|_| ())
        };
        assert_eq!(blank(|f| f.project_uuid.clear()), Err(NoNamespace("project_uuid")));
        assert_eq!(blank(|f| f.mission_slug.clear()), Err(NoNamespace("mission_slug")));
        assert_eq!(blank(|f| f.target_branch.clear()), Err(NoNamespace("target_branch")));
        assert_eq!(blank(|f| f.mission_type.clear()), Err(NoNamespace("mission_type")));
        assert_eq!(blank(|f| f.manifest_version = " ".into()), Err(NoNamespace("manifest_version")));
        assert_eq!(blank(|_| ()), Ok(()));
    }

    #[test]
    fn a_payload_has_exactly_nine_fields() {
        let payload = upload().payload();
        assert_eq!(payload.as_object().map(crate::json::Object::len), Some(9));
        assert_eq!(BodyUpload::from_payload(&payload), Ok(upload()));
    }

    #[test]
    fn the_hash_is_checked_against_the_content() {
        let mut upload = upload();
        assert!(upload.hash_matches());
        upload.content_body.push('x');
        assert!(!upload.hash_matches());
    }

    #[test]
    fn other_payloads_are_malformed() {
        let without = object([("project_uuid", "p".into()), ("mission_slug", 7_u64.into())]);
        assert_eq!(BodyUpload::from_payload(&without), Err(MalformedBody("mission_slug")));
        assert_eq!(BodyUpload::from_payload(&Value::Null), Err(MalformedBody("project_uuid")));
    }
}
