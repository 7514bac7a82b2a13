//! `git mission sync`

use std::fs;

use super::super::args::{Sync, SyncEnqueue, SyncFlush, SyncImport, SyncPurge};
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use super::{sync_bind, sync_json as shape, sync_login};
use crate::env::key;
use crate::git::{ConfigEdit, Repo};
use crate::install::write_settings;
use crate::json::{canonical, object};
use crate::op::enqueue::Reconciled;
use crate::sync::{self, Diagnosis, Flushed, LoginState, Status};

pub(in crate::cli) fn wants_json(args: &Sync) -> bool {
    match args {
        Sync::Enable { .. } | Sync::Disable | Sync::Login { .. } | Sync::Logout => false,
        Sync::Bind(args) => args.output.json,
        Sync::Status(output) | Sync::Failures(output) | Sync::Retry(output) | Sync::Diagnose(output) => {
            output.json
        }
        Sync::Enqueue(args) => args.output.json,
        Sync::Flush(args) => args.output.json,
        Sync::Import(args) => args.output.json,
        Sync::Purge(args) => args.output.json,
    }
}

pub(in crate::cli) fn run(printer: &mut Printer, args: Sync) -> Result<ExitStatus, CliError> {
    // A login is the user's, not a repository's.
    match &args {
        Sync::Login { server } => return sync_login::log_in(printer, server.as_deref()),
        Sync::Logout => return sync_login::log_out(printer),
        _ => {}
    }
    let repo = super::open()?;
    let repo = &repo;
    match args {
        Sync::Login { .. } | Sync::Logout => {}
        Sync::Bind(args) => return sync_bind::run(printer, repo, &args),
        Sync::Enable { server, all } => {
            let server = sync::check_server(&server)?;
            let set = |key: &str, value: String| ConfigEdit::Set { key: key.to_owned(), value };
            write_settings(repo, &[set(key::SERVER, server.clone()), set(key::SYNC, "true".to_owned())])?;
            match sync::enqueue(repo, all) {
                Ok(done) => {
                    let (bodies, events) = (done.queued_bodies(), done.new_events());
                    printer.line(&format!(
                        "sync is on, for {server}; {bodies} bodies and {events} events queued"
                    ));
                }
                Err(error) => {
                    printer.line(&format!("sync is on, for {server}; nothing is queued yet"));
                    return Err(error.into());
                }
            }
        }
        Sync::Disable => {
            write_settings(repo, &[ConfigEdit::Unset(key::SYNC.to_owned())])?;
            printer.line("sync is off; what is queued stays");
        }
        Sync::Status(output) => {
            let status = sync::status(repo)?;
            if output.json {
                printer.json(&document(&status));
            } else {
                tell(printer, &status);
            }
        }
        Sync::Enqueue(args) => return enqueue(printer, repo, &args),
        Sync::Flush(args) => return flush(printer, repo, &args),
        Sync::Failures(output) => failures(printer, repo, output.json)?,
        Sync::Retry(output) => return retry(printer, repo, output.json),
        Sync::Diagnose(output) => return diagnose(printer, repo, output.json),
        Sync::Import(args) => import(printer, repo, &args)?,
        Sync::Purge(args) => purge(printer, repo, &args)?,
    }
    Ok(ExitStatus::Done)
}

fn enqueue(printer: &mut Printer, repo: &Repo, args: &SyncEnqueue) -> Result<ExitStatus, CliError> {
    let done =
        if args.worktree { sync::enqueue_work_tree(repo)? } else { sync::enqueue_by_hand(repo, args.all)? };
    if args.output.json {
        printer.json(&shape::enqueued(&done));
    } else {
        tell_enqueued(printer, &done);
    }
    let failed = done.artifacts.iter().any(|artifact| artifact.outcome.status() == "failed");
    Ok(if failed { ExitStatus::No } else { ExitStatus::Done })
}

fn tell_enqueued(printer: &mut Printer, done: &Reconciled) {
    for artifact in &done.artifacts {
        let reason = artifact.outcome.reason().unwrap_or_default();
        let status = artifact.outcome.status();
        printer.line(&format!("{status:<8}  {}/{}: {reason}", artifact.dir, artifact.artifact_path));
    }
    printer.line(&format!(
        "{} bodies and {} events queued, {} rows superseded",
        done.queued_bodies(),
        done.new_events(),
        done.superseded.len()
    ));
}

fn flush(printer: &mut Printer, repo: &Repo, args: &SyncFlush) -> Result<ExitStatus, CliError> {
    let mut progress = printer.progress("delivering");
    let flushed = sync::flush(repo, &mut |done, total| progress.show(done, total));
    drop(progress);
    let flushed = flushed?;
    let document = shape::flushed(&flushed);
    if let Some(file) = &args.report {
        fs::write(file, canonical(&document)).map_err(|error| {
            let words = format!("cannot write {}: {error}; the flush itself was done", file.display());
            CliError::new(ExitStatus::Environment, "file", words)
        })?;
    }
    if args.output.json {
        printer.json(&document);
    } else {
        tell_flushed(printer, &flushed);
    }
    Ok(if flushed.met.refusal {
        ExitStatus::Refused
    } else if flushed.is_deferred() {
        ExitStatus::Deferred
    } else if flushed.has_failures() {
        ExitStatus::No
    } else {
        ExitStatus::Done
    })
}

/// What was delivered, and one line with one command for each kind of trouble.
fn tell_flushed(printer: &mut Printer, flushed: &Flushed) {
    if flushed.is_empty() || flushed.elsewhere {
        printer.line(&flushed.to_string());
        return;
    }
    let count = |status| flushed.events_with(status);
    let pending = match count("pending") {
        0 => String::new(),
        pending => format!(", Pending: {pending}"),
    };
    let [synced, duplicates, rejected] = ["success", "duplicate", "rejected"].map(count);
    printer.line(&format!("Synced: {synced}, Duplicates: {duplicates}, Failed: {rejected}{pending}"));
    if flushed.uploaded + flushed.already_exists + flushed.kept + flushed.failed > 0 {
        printer.line(&format!(
            "Bodies: {} uploaded, {} there already, {} kept, {} failed",
            flushed.uploaded, flushed.already_exists, flushed.kept, flushed.failed
        ));
    }
    for (category, trouble) in &flushed.troubles {
        let (word, action) = (category.word(), category.action());
        printer.line(&format!("{word}: {} ({}); next: {action}", trouble.rows, trouble.reason));
    }
}

fn failures(printer: &mut Printer, repo: &Repo, json: bool) -> Result<(), CliError> {
    let failures = sync::failures(repo)?;
    if json {
        printer.json(&shape::failures(&failures));
        return Ok(());
    }
    for event in &failures.events {
        let error = event.last_error.as_deref().unwrap_or("no reason was kept");
        printer.line(&format!("event     {} {}: {error}", event.event_id, event.event_type));
    }
    for body in &failures.bodies {
        let key = &body.key;
        printer.line(&format!(
            "body      {}/{}: {}",
            key.namespace.mission_slug, key.artifact_path, body.reason
        ));
    }
    if failures.events.is_empty() && failures.bodies.is_empty() {
        printer.line("nothing has failed");
    } else {
        printer.line("put back what can be put back with: git mission sync retry");
    }
    Ok(())
}

fn retry(printer: &mut Printer, repo: &Repo, json: bool) -> Result<ExitStatus, CliError> {
    let retried = sync::retry(repo)?;
    if json {
        printer.json(&shape::retried(&retried));
    } else {
        printer.line(&format!("{} events are tried again", retried.events));
        for (body, outcome) in &retried.bodies {
            let name = format!("{}/{}", body.key.namespace.mission_slug, body.key.artifact_path);
            match outcome {
                Ok(()) => printer.line(&format!("queued    {name}")),
                Err(why) => printer.line(&format!("left      {name}: {why}")),
            }
        }
    }
    Ok(ExitStatus::Done)
}

fn diagnose(printer: &mut Printer, repo: &Repo, json: bool) -> Result<ExitStatus, CliError> {
    let found = sync::diagnose(repo)?;
    let wrong = |diagnosis: &&Diagnosis| !diagnosis.errors.is_empty();
    if json {
        printer.json(&shape::diagnosed(&found));
    } else {
        for diagnosis in found.iter().filter(wrong) {
            let name = diagnosis.event_id.as_deref().or(diagnosis.place.as_deref()).unwrap_or_default();
            let place = diagnosis.place.as_deref().unwrap_or("queued");
            let errors = diagnosis.errors.join("; ");
            printer.line(&format!("{name} {} ({place}): {errors}", diagnosis.event_type));
        }
        let count = found.iter().filter(wrong).count();
        printer.line(&format!("{} events can be sent, {count} cannot", found.len() - count));
    }
    // What a tree cannot say is for its authors to know; what is queued and wrong will fail.
    let fails = found.iter().filter(|diagnosis| diagnosis.queued).any(|diagnosis| wrong(&diagnosis));
    Ok(if fails { ExitStatus::No } else { ExitStatus::Done })
}

fn import(printer: &mut Printer, repo: &Repo, args: &SyncImport) -> Result<(), CliError> {
    let taken = sync::import(repo, args.file.as_deref())?;
    if args.output.json {
        printer.json(&shape::imported(&taken));
        return Ok(());
    }
    if taken.is_empty() {
        printer.line("no other program left a queue");
    }
    for from in &taken {
        printer.line(&format!("from {}:", from.path.display()));
        for (name, tally) in [("events", from.imported.events), ("bodies", from.imported.bodies)] {
            printer.line(&format!(
                "  {name}: {} taken over, {} known, {} refused, {} without room",
                tally.taken, tally.known, tally.refused, tally.no_room
            ));
        }
    }
    Ok(())
}

fn purge(printer: &mut Printer, repo: &Repo, args: &SyncPurge) -> Result<(), CliError> {
    let purged = sync::purge(repo, args.handle.as_deref())?;
    if args.output.json {
        printer.json(&object([("events", purged.events.into()), ("bodies", purged.bodies.into())]));
    } else {
        printer.line(&format!("{} events and {} bodies thrown away", purged.events, purged.bodies));
    }
    Ok(())
}

/// The figures for people.
pub(super) fn tell(printer: &mut Printer, status: &Status) {
    match (&status.settings.server, status.settings.enabled) {
        (Some(server), true) => printer.line(&format!("sync:       on, for {server}")),
        _ => printer.line("sync:       off; turn it on with: git mission sync enable --server URL"),
    }
    match &status.login {
        None => {}
        Some(LoginState::Unusable(why)) => printer.line(&format!("login:      {why}")),
        Some(LoginState::In(keeper)) => printer.line(&format!("login:      token from {keeper}")),
        Some(LoginState::Out(why)) => {
            printer.line(&format!("login:      not logged in: {why}; log in with: git mission sync login"));
        }
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
pub(super) fn document(status: &Status) -> crate::json::Value {
    shape::status(status)
}
