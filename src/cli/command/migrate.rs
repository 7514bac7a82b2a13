//! `git mission migrate`

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::json::{Value, object};
use crate::op::migrate::{Change, Effect, Migrated, Source, migrate};

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Migrate) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let effect = match (args.dry_run, args.stage) {
        (true, _) => Effect::Tell,
        (false, true) => Effect::Stage,
        (false, false) => Effect::Write,
    };
    let source = args.rev.as_deref().map_or(Source::Checkout(effect), Source::Revision);
    let mut progress = printer.progress("migrating");
    let migrated = migrate(&repo, source, &mut |done, total| progress.show(done, total))?;
    drop(progress);
    if args.output.json {
        printer.json(&document(&migrated));
    } else {
        tell(printer, &migrated, source);
    }
    Ok(if migrated.failed.is_empty() { ExitStatus::Done } else { ExitStatus::No })
}

fn tell(printer: &mut Printer, migrated: &Migrated, source: Source<'_>) {
    for failure in &migrated.failed {
        printer.note(&format!("error: {failure}"));
    }
    for change in &migrated.changed {
        printer.line(&format!("{}: {}", change.dir, words(change)));
    }
    let (changed, failed) = (migrated.changed.len(), migrated.failed.len());
    let then = match source {
        _ if changed == 0 => "",
        Source::Revision(_) | Source::Checkout(Effect::Tell) => "; nothing was changed",
        Source::Checkout(Effect::Write) => "; stage them with: git add -u kitty-specs",
        Source::Checkout(Effect::Stage) => "; commit them with: git commit",
    };
    let left = if failed == 0 { String::new() } else { format!(", {failed} left as they are") };
    printer.line(&format!("{changed} migrated, {} in order before{left}{then}", migrated.unchanged));
}

fn words(change: &Change) -> String {
    let minted = change.minted.map(|id| format!("mission_id {id}"));
    let renamed = change.renamed.iter().map(|(old, new)| format!("{old} is now {new}"));
    let words: Vec<String> = minted.into_iter().chain(renamed).collect();
    if words.is_empty() { "canonical form".to_owned() } else { words.join(", ") }
}

fn document(migrated: &Migrated) -> Value {
    let changed = migrated.changed.iter().map(|change| {
        let renamed = change.renamed.iter().map(|(old, new)| Value::from(vec![*old, *new]));
        object([
            ("path", change.dir.to_string().into()),
            ("minted", change.minted.map(|id| id.to_string()).into()),
            ("renamed", Value::Array(renamed.collect())),
        ])
    });
    let failed = migrated.failed.iter().map(|failure| {
        object([("path", failure.dir.to_string().into()), ("error", failure.to_string().into())])
    });
    object([
        ("changed", Value::Array(changed.collect())),
        ("unchanged", migrated.unchanged.into()),
        ("failed", Value::Array(failed.collect())),
    ])
}
