//! `git mission sync bind`

use super::super::args::SyncBind;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::git::Repo;
use crate::json::{Value, object};
use crate::sync::{self, Bound, Choice};

pub(super) fn run(printer: &mut Printer, repo: &Repo, args: &SyncBind) -> Result<ExitStatus, CliError> {
    let choice = Choice { provider: args.provider.clone(), select: args.select };
    let request = sync::bind_request(repo, &choice)?;
    if args.dry_run {
        printer.json(&request);
        return Ok(ExitStatus::Done);
    }
    let bound = sync::bind(repo, &request, &choice)?;
    if args.output.json {
        printer.json(&document(&bound));
    } else {
        tell(printer, &bound);
    }
    Ok(if matches!(bound, Bound::Bound { .. }) { ExitStatus::Done } else { ExitStatus::No })
}

fn tell(printer: &mut Printer, bound: &Bound) {
    match bound {
        Bound::Bound { binding_ref, label } => {
            let name = label.as_deref().unwrap_or(binding_ref);
            printer.line(&format!("bound to {name} ({binding_ref})"));
        }
        Bound::Candidates(candidates) => {
            printer.line("several trackers could be meant:");
            for candidate in candidates {
                printer.line(&format!("{:>3}  {}  {}", candidate.number, candidate.label, candidate.reason));
            }
            printer.note("hint: git mission sync bind --select N");
        }
        Bound::Nothing => printer.line("the server knows no tracker for this project; nothing was bound"),
        Bound::Invalid { binding_ref, reason } => {
            let reason = reason.as_deref().unwrap_or("the server does not say why");
            printer.line(&format!("the binding {binding_ref} is not good: {reason}"));
        }
    }
}

fn document(bound: &Bound) -> Value {
    let mut candidates = Vec::new();
    let (mut binding_ref, mut label, mut reason) = (None, None, None);
    match bound {
        Bound::Bound { binding_ref: name, label: words } => {
            binding_ref = Some(name.clone());
            label.clone_from(words);
        }
        Bound::Invalid { binding_ref: name, reason: words } => {
            binding_ref = Some(name.clone());
            reason.clone_from(words);
        }
        Bound::Candidates(rows) => {
            candidates.extend(rows.iter().map(|row| {
                object([
                    ("number", row.number.into()),
                    ("label", row.label.as_str().into()),
                    ("reason", row.reason.as_str().into()),
                ])
            }));
        }
        Bound::Nothing => {}
    }
    object([
        ("bound", matches!(bound, Bound::Bound { .. }).into()),
        ("binding_ref", binding_ref.into()),
        ("label", label.into()),
        ("reason", reason.into()),
        ("candidates", Value::Array(candidates)),
    ])
}
