//! The tables of schema version 1. Knows nothing about how they are used.

/// The version that this program writes. A database with a higher one is read and never written.
pub(super) const VERSION: i64 = 1;

/// The tables that may hold rows of an older schema.
pub(super) const QUEUE: &str = "queue";
/// See [`QUEUE`].
pub(super) const BODIES: &str = "body_upload_queue";
/// See [`QUEUE`].
pub(super) const FAILURES: &str = "body_upload_failure_log";

/// `content_body` comes last, so that scans over the other columns never read the pages it overflows into.
/// Ids are never used twice (AUTOINCREMENT): a late acknowledgement cannot remove another row.
pub(super) const CREATE: &str = "
CREATE TABLE IF NOT EXISTS queue(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT UNIQUE NOT NULL,
    event_type TEXT NOT NULL,
    status TEXT NOT NULL CHECK(status IN ('pending', 'failed')),
    retry_count INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    last_attempt_at TEXT,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    last_error TEXT,
    error_category TEXT,
    coalesce_key TEXT,
    origin TEXT NOT NULL DEFAULT 'tree' CHECK(origin IN ('tree', 'import', 'worktree')),
    lease_owner TEXT,
    lease_until REAL,
    data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS body_upload_queue(
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_uuid TEXT NOT NULL,
    mission_slug TEXT NOT NULL,
    target_branch TEXT NOT NULL,
    mission_type TEXT NOT NULL,
    manifest_version TEXT NOT NULL,
    artifact_path TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    hash_algorithm TEXT NOT NULL DEFAULT 'sha256',
    size_bytes INTEGER NOT NULL,
    retry_count INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    last_error TEXT,
    blob_id TEXT,
    index_event_id TEXT,
    origin TEXT NOT NULL DEFAULT 'tree' CHECK(origin IN ('tree', 'import', 'worktree')),
    lease_owner TEXT,
    lease_until REAL,
    content_body TEXT NOT NULL,
    UNIQUE(project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, content_hash)
);
CREATE TABLE IF NOT EXISTS body_upload_failure_log(
    row_id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_uuid TEXT NOT NULL,
    mission_slug TEXT NOT NULL,
    target_branch TEXT NOT NULL,
    mission_type TEXT NOT NULL,
    manifest_version TEXT NOT NULL,
    artifact_path TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    hash_algorithm TEXT NOT NULL DEFAULT 'sha256',
    size_bytes INTEGER NOT NULL DEFAULT 0,
    failure_reason TEXT NOT NULL,
    failure_count INTEGER NOT NULL DEFAULT 1,
    first_failed_at REAL NOT NULL,
    last_failed_at REAL NOT NULL,
    UNIQUE(project_uuid, mission_slug, target_branch, mission_type, manifest_version, artifact_path, content_hash,
           failure_reason)
);
CREATE TABLE IF NOT EXISTS handled(
    worktree TEXT NOT NULL,
    ref TEXT NOT NULL,
    tip TEXT NOT NULL,
    specs_tree TEXT,
    PRIMARY KEY(worktree, ref)
);
CREATE TABLE IF NOT EXISTS state(
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS body_upload_by_index_event ON body_upload_queue(index_event_id)
    WHERE index_event_id IS NOT NULL;
";
