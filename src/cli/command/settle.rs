//! `git mission settle`

use std::io::IsTerminal as _;

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::json::{Value, object};
use crate::op::branch::Standing;
use crate::op::correct::{Note, Refusal, Rewrite};
use crate::op::settle::{Effect, Settled, Wanted, settle};

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Settle) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let effect = match (args.dry_run, args.stage) {
        (true, _) => Effect::Tell,
        (false, true) => Effect::Stage,
        (false, false) => Effect::Commit,
    };
    // A commit may be signed, as settings say that nothing else asks for.
    let config = if effect == Effect::Commit { repo.config()? } else { repo.settings()? };
    let standing = Standing::find(&repo, &config)?;
    let at_terminal = std::io::stdin().is_terminal();
    let wanted = Wanted { revision: args.rev.clone(), repair: args.repair, effect, at_terminal };
    let settled = settle(&repo, &config, &standing, &wanted)?;
    if args.output.json {
        printer.json(&document(&settled));
    } else {
        tell(printer, &settled, effect == Effect::Tell || args.rev.is_some());
    }
    Ok(if settled.plan.refusals.is_empty() { ExitStatus::Done } else { ExitStatus::No })
}

fn tell(printer: &mut Printer, settled: &Settled, only_told: bool) {
    for Refusal { dir, fault } in settled.plan.refusals.iter().chain(&settled.unreadable) {
        printer.note(&format!("warning: {dir}/meta.json was left as it is: {fault}"));
    }
    for rewrite in &settled.plan.rewrites {
        let notes: Vec<String> = rewrite.notes.iter().map(ToString::to_string).collect();
        printer.line(&format!("{}: {}", rewrite.dir, notes.join(", ")));
    }
    match (&settled.commit, settled.plan.rewrites.len()) {
        (_, 0) => printer.line("nothing to settle"),
        (Some(commit), _) => printer.line(&format!("committed {}", &commit.as_str()[..10])),
        (None, _) if only_told => printer.line("nothing was changed"),
        (None, _) => printer.line("staged; commit it with: git commit"),
    }
}

fn document(settled: &Settled) -> Value {
    let (mut assigned, mut repaired, mut cleared, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for rewrite in &settled.plan.rewrites {
        let Rewrite { dir, draft, notes, .. } = rewrite;
        let id = Value::from(draft.valid_id().map(|id| id.to_string()));
        let path = || Value::from(dir.to_string());
        for note in notes {
            match note {
                Note::Numbered { from, to: Some(to) } => match from.settled() {
                    None => assigned.push(object([
                        ("mission_id", id.clone()),
                        ("path", path()),
                        ("mission_number", (*to).into()),
                    ])),
                    Some(from) => repaired.push(object([
                        ("mission_id", id.clone()),
                        ("path", path()),
                        ("from", from.into()),
                        ("to", (*to).into()),
                    ])),
                },
                Note::Numbered { to: None, .. } => {
                    cleared.push(object([("mission_id", id.clone()), ("path", path())]));
                }
                Note::Minted(to) | Note::Copied(to, _) | Note::Restored(to) => {
                    let from = draft.old_id().map(|id| id.to_string());
                    ids.push(object([
                        ("path", path()),
                        ("from", from.into()),
                        ("to", to.to_string().into()),
                    ]));
                }
                Note::Renamed(..) | Note::Reformatted => {}
            }
        }
    }
    let skipped = settled.plan.refusals.iter().chain(&settled.unreadable);
    let skipped = skipped.map(|Refusal { dir, fault }| {
        object([("path", dir.to_string().into()), ("error", fault.to_string().into())])
    });
    object([
        ("skipped", Value::Array(skipped.collect())),
        ("assigned", Value::Array(assigned)),
        ("repaired", Value::Array(repaired)),
        ("cleared", Value::Array(cleared)),
        ("ids", Value::Array(ids)),
        ("commit", settled.commit.as_ref().map(ToString::to_string).into()),
    ])
}
