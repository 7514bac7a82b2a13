//! `git mission sync`

use super::super::args::Sync;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::env::key;
use crate::git::ConfigEdit;
use crate::install::write_settings;
use crate::json::{Object, Value, object};
use crate::sync::{self, Flushed, Status};

pub(in crate::cli) fn wants_json(args: &Sync) -> bool {
    match args {
        Sync::Status(output) | Sync::Flush(output) => output.json,
        Sync::Enable { .. } | Sync::Disable => false,
    }
}

pub(in crate::cli) fn run(printer: &mut Printer, args: Sync) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    match args {
        Sync::Enable { server } => {
            let server = sync::check_server(&server)?;
            let set = |key: &str, value: String| ConfigEdit::Set { key: key.to_owned(), value };
            write_settings(&repo, &[set(key::SERVER, server.clone()), set(key::SYNC, "true".to_owned())])?;
            let handlings = sync::enqueue(&repo, false)?;
            let queued = handlings.iter().filter(|handling| handling.outcome.status() == "queued").count();
            printer.line(&format!("sync is on, for {server}; {queued} bodies queued"));
        }
        Sync::Disable => {
            write_settings(&repo, &[ConfigEdit::Unset(key::SYNC.to_owned())])?;
            printer.line("sync is off; what is queued stays");
        }
        Sync::Status(output) => {
            let status = sync::status(&repo)?;
            if output.json {
                printer.json(&document(&status));
            } else {
                tell(printer, &status);
            }
        }
        Sync::Flush(output) => {
            let flushed = sync::flush(&repo)?;
            if output.json {
                printer.json(&flushed_document(&flushed));
            } else {
                printer.line(&flushed.to_string());
            }
            return Ok(if flushed.is_deferred() { ExitStatus::Deferred } else { ExitStatus::Done });
        }
    }
    Ok(ExitStatus::Done)
}

/// The figures for people.
pub(super) fn tell(printer: &mut Printer, status: &Status) {
    match (&status.settings.server, status.settings.enabled) {
        (Some(server), true) => printer.line(&format!("sync:       on, for {server}")),
        _ => printer.line("sync:       off; turn it on with: git mission sync enable --server URL"),
    }
    let (events, bodies) = (&status.events, &status.bodies);
    if events.pending + events.failed + bodies.total + status.failures > 0 {
        printer.line(&format!(
            "queued:     {} events, {} bodies ({} of them wait for their next try)",
            events.pending, bodies.total, bodies.backoff
        ));
        printer.line(&format!("failed:     {} events, {} bodies", events.failed, status.failures));
    }
}

/// The figures of `sync status --json`.
pub(super) fn document(status: &Status) -> Value {
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
        ("logged_in", false.into()),
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

fn flushed_document(flushed: &Flushed) -> Value {
    object([
        ("synced", 0_u64.into()),
        ("duplicates", 0_u64.into()),
        ("rejected", 0_u64.into()),
        ("pending", 0_u64.into()),
        (
            "bodies",
            object([
                ("uploaded", flushed.uploaded.into()),
                ("already_exists", flushed.already_exists.into()),
                ("kept", flushed.kept.into()),
                ("failed", flushed.failed.into()),
            ]),
        ),
        ("results", Value::Array(Vec::new())),
    ])
}
