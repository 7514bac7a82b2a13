//! The JSON shapes of `git mission sync`. Keys are promised; more may be added.

use crate::json::{Object, Value, object};
use crate::op::enqueue::{Reconciled, outcome_of};
use crate::queue::Tally;
use crate::sync::{Diagnosis, Failures, Flushed, ImportedFrom, LoginState, Retried, Status};

/// `sync status`
pub(super) fn status(status: &Status) -> Value {
    let histogram = |counts: &std::collections::BTreeMap<u32, u64>| {
        Value::Object(
            counts.iter().map(|(tries, rows)| (tries.to_string(), (*rows).into())).collect::<Object>(),
        )
    };
    let types = status.events.top_event_types.iter();
    let types =
        types.map(|(name, rows)| object([("event_type", name.as_str().into()), ("count", (*rows).into())]));
    object([
        ("enabled", status.settings.enabled.into()),
        ("server", status.settings.server.clone().into()),
        ("logged_in", matches!(status.login, Some(LoginState::In(_))).into()),
        (
            "events",
            object([
                ("pending", status.events.pending.into()),
                ("failed", status.events.failed.into()),
                ("oldest_age_seconds", status.events.oldest_age_seconds.into()),
                ("retry_distribution", histogram(&status.events.retry_distribution)),
                ("top_event_types", Value::Array(types.collect())),
            ]),
        ),
        (
            "bodies",
            object([
                ("total", status.bodies.total.into()),
                ("ready", status.bodies.ready.into()),
                ("backoff", status.bodies.backoff.into()),
                ("max_retry_count", u64::from(status.bodies.max_retry_count).into()),
                ("retry_histogram", histogram(&status.bodies.retry_histogram)),
                (
                    "oldest_created_at",
                    status.bodies.oldest_created_at.map(crate::clock::Instant::to_iso).into(),
                ),
            ]),
        ),
        ("failures", status.failures.into()),
    ])
}

/// `sync flush`
pub(super) fn flushed(flushed: &Flushed) -> Value {
    let results = flushed.events.iter().map(|event| {
        object([
            ("event_id", event.event_id.as_str().into()),
            ("status", event.status.into()),
            ("error", event.error.clone().into()),
            ("error_category", event.error_category.into()),
        ])
    });
    object([
        ("synced", flushed.events_with("success").into()),
        ("duplicates", flushed.events_with("duplicate").into()),
        ("rejected", flushed.events_with("rejected").into()),
        ("pending", flushed.events_with("pending").into()),
        (
            "bodies",
            object([
                ("uploaded", flushed.uploaded.into()),
                ("already_exists", flushed.already_exists.into()),
                ("kept", flushed.kept.into()),
                ("failed", flushed.failed.into()),
            ]),
        ),
        ("results", Value::Array(results.collect())),
    ])
}

/// `sync enqueue`
pub(super) fn enqueued(done: &Reconciled) -> Value {
    let outcomes = done.artifacts.iter().map(|artifact| {
        object([
            ("mission", artifact.dir.to_string().into()),
            ("artifact_path", artifact.artifact_path.as_str().into()),
            ("status", artifact.outcome.status().into()),
            ("reason", artifact.outcome.reason().into()),
            ("content_hash", artifact.content_hash.clone().into()),
            ("index_event_id", artifact.index_event_id.clone().into()),
        ])
    });
    let events = done.events.iter().map(|event| {
        let outcome = outcome_of(event.outcome.clone());
        object([
            ("event_id", event.event_id.as_str().into()),
            ("event_type", event.kind.event_type().into()),
            ("status", outcome.status().into()),
            ("reason", outcome.reason().into()),
        ])
    });
    object([
        ("outcomes", Value::Array(outcomes.collect())),
        ("events", Value::Array(events.collect())),
        ("superseded", done.superseded.len().into()),
    ])
}

/// `sync failures`
pub(super) fn failures(failures: &Failures) -> Value {
    let events = failures.events.iter().map(|event| {
        object([
            ("event_id", event.event_id.as_str().into()),
            ("event_type", event.event_type.as_str().into()),
            ("retry_count", u64::from(event.retry_count).into()),
            ("reason", event.last_error.clone().into()),
            ("error_category", event.error_category.clone().into()),
        ])
    });
    let bodies = failures.bodies.iter().map(body_failure);
    object([("events", Value::Array(events.collect())), ("bodies", Value::Array(bodies.collect()))])
}

fn body_failure(failure: &crate::queue::Failure) -> Value {
    let (key, fields) = (&failure.key, &failure.key.namespace);
    object([
        ("project_uuid", fields.project_uuid.as_str().into()),
        ("mission_slug", fields.mission_slug.as_str().into()),
        ("target_branch", fields.target_branch.as_str().into()),
        ("mission_type", fields.mission_type.as_str().into()),
        ("manifest_version", fields.manifest_version.as_str().into()),
        ("artifact_path", key.artifact_path.as_str().into()),
        ("content_hash", key.content_hash.as_str().into()),
        ("reason", failure.reason.as_str().into()),
        ("failure_count", failure.count.into()),
        ("last_failed_at", failure.last_failed_at.map(crate::clock::Instant::to_iso).into()),
    ])
}

/// `sync retry`
pub(super) fn retried(retried: &Retried) -> Value {
    let bodies = retried.bodies.iter().map(|(failure, outcome)| {
        object([
            ("mission_slug", failure.key.namespace.mission_slug.as_str().into()),
            ("artifact_path", failure.key.artifact_path.as_str().into()),
            ("content_hash", failure.key.content_hash.as_str().into()),
            ("queued", outcome.is_ok().into()),
            ("reason", outcome.as_ref().err().cloned().into()),
        ])
    });
    object([("events", retried.events.into()), ("bodies", Value::Array(bodies.collect()))])
}

/// `sync diagnose`
pub(super) fn diagnosed(found: &[Diagnosis]) -> Value {
    let events = found.iter().map(|diagnosis| {
        object([
            ("event_id", diagnosis.event_id.clone().into()),
            ("event_type", diagnosis.event_type.as_str().into()),
            ("valid", diagnosis.errors.is_empty().into()),
            ("errors", diagnosis.errors.clone().into()),
            ("queued", diagnosis.queued.into()),
            ("place", diagnosis.place.clone().into()),
        ])
    });
    object([("events", Value::Array(events.collect()))])
}

/// `sync import`
pub(super) fn imported(taken: &[ImportedFrom]) -> Value {
    let tally = |tally: Tally| {
        object([
            ("taken", tally.taken.into()),
            ("known", tally.known.into()),
            ("refused", tally.refused.into()),
            ("no_room", tally.no_room.into()),
        ])
    };
    let sources = taken.iter().map(|from| {
        object([
            ("path", from.path.display().to_string().into()),
            ("events", tally(from.imported.events)),
            ("bodies", tally(from.imported.bodies)),
        ])
    });
    object([("sources", Value::Array(sources.collect()))])
}
