//! What became of an artifact, in the words that reports promise. Knows nothing about how it came about.

use std::fmt;

use super::Secret;

/// What became of one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server stored the body
    Uploaded,
    /// The server had it already
    AlreadyExists,
    /// It waits in the queue
    Queued(Queued),
    /// It is not sent
    Skipped(Skip),
    /// It should have been sent and was not
    Failed(Failure),
}

/// How an artifact came to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    /// It was put into the queue now
    Enqueued,
    /// It was there before
    AlreadyInQueue,
}

/// Why an artifact is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// The path is none that is sent
    UnsupportedSurface,
    /// The extension (lower case, without dot) is none that is sent; `None` where there is none
    UnsupportedFormat(Option<String>),
    /// More bytes than allowed
    Oversized {
        /// Bytes found
        size: u64,
        /// Bytes allowed
        limit: u64,
    },
    /// Not UTF-8
    NotValidUtf8,
    /// Holds a NUL
    BinaryContent,
    /// Nothing, or nothing but white space
    EmptyContent,
    /// A link, a directory, a submodule …
    NotRegularFile,
    /// The file changed between scan and reading
    ContentHashMismatch,
    /// The file went away between scan and reading
    DeletedAfterScan,
    /// Something in it looks like a secret
    SecretSuspected(Secret),
    /// Two missions would send it under one name
    NamespaceAmbiguous,
}

/// Why an artifact that should have been sent was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The queue holds as many rows as it may
    QueueFull,
    /// The file could not be read; holds what the system said
    Read(String),
    /// The server or the gate refused it; holds the reason
    Refused(String),
}

impl Outcome {
    /// The status in reports.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Uploaded => "uploaded",
            Self::AlreadyExists => "already_exists",
            Self::Queued(_) => "queued",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    /// The reason in reports; a delivered artifact has none.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Uploaded | Self::AlreadyExists => None,
            Self::Queued(queued) => Some(queued.to_string()),
            Self::Skipped(skip) => Some(skip.to_string()),
            Self::Failed(failure) => Some(failure.to_string()),
        }
    }
}

impl fmt::Display for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enqueued => "enqueued",
            Self::AlreadyInQueue => "already_in_queue",
        })
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsupportedSurface => f.write_str("unsupported_surface"),
            Self::UnsupportedFormat(Some(extension)) => write!(f, "unsupported_format: .{extension}"),
            Self::UnsupportedFormat(None) => f.write_str("unsupported_format: (none)"),
            Self::Oversized { size, limit } => write!(f, "oversized: {size} bytes > {limit} limit"),
            Self::NotValidUtf8 => f.write_str("not_valid_utf8"),
            Self::BinaryContent => f.write_str("binary_content"),
            Self::EmptyContent => f.write_str("empty_content"),
            Self::NotRegularFile => f.write_str("not_regular_file"),
            Self::ContentHashMismatch => f.write_str("content_hash_mismatch"),
            Self::DeletedAfterScan => f.write_str("deleted_after_scan"),
            Self::SecretSuspected(secret) => write!(f, "secret_suspected: {}", secret.rule),
            Self::NamespaceAmbiguous => f.write_str("namespace_ambiguous"),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QueueFull => f.write_str("queue_full"),
            Self::Read(error) => write!(f, "read_error: {error}"),
            Self::Refused(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Skip {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_use_the_promised_words() {
        let secret = Secret { rule: "jwt", line: 3 };
        for (outcome, status, reason) in [
            (Outcome::Uploaded, "uploaded", None),
            (Outcome::AlreadyExists, "already_exists", None),
            (Outcome::Queued(Queued::Enqueued), "queued", Some("enqueued")),
            (Outcome::Queued(Queued::AlreadyInQueue), "queued", Some("already_in_queue")),
            (Outcome::Skipped(Skip::SecretSuspected(secret)), "skipped", Some("secret_suspected: jwt")),
            (Outcome::Skipped(Skip::DeletedAfterScan), "skipped", Some("deleted_after_scan")),
            (Outcome::Skipped(Skip::ContentHashMismatch), "skipped", Some("content_hash_mismatch")),
            (Outcome::Skipped(Skip::NamespaceAmbiguous), "skipped", Some("namespace_ambiguous")),
            (Outcome::Failed(Failure::QueueFull), "failed", Some("queue_full")),
            (Outcome::Failed(Failure::Read("gone".into())), "failed", Some("read_error: gone")),
        ] {
            assert_eq!((outcome.status(), outcome.reason().as_deref()), (status, reason));
        }
    }
}
