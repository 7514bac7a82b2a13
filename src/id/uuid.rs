//! UUIDs of projects and builds. Knows nothing about YAML or git.

use uuid::Uuid;

/// A random (version 4) UUID in lower-case hyphenated form.
pub fn random_uuid() -> String {
    Uuid::new_v4().to_string()
}

/// The version 5 UUID of `name` in the URL namespace, in lower-case hyphenated form.
pub fn uuid_from_url_name(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// Whether `text` is a UUID in hyphenated form.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}
