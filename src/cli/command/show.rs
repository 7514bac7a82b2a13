//! `git mission show`

use super::super::args::Show;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use super::list::summary;
use crate::json::{Value, line, object};
use crate::mission::handle::By;
use crate::op::find::{Found, find};
use crate::op::list::Source;

pub(in crate::cli) fn run(printer: &mut Printer, args: &Show) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let source = args.rev.as_deref().map_or(Source::Checkout, Source::Revision);
    let found = find(&repo, source, &args.handle)?;
    if found.by == By::Number {
        printer.note(&format!(
            "hint: a number can change until it is pushed; {} always means this mission",
            found.handle
        ));
    }
    if args.output.json {
        printer.json(&object([("mission", summary(&found.dir, &found.meta))]));
    } else {
        tell(printer, &found);
    }
    Ok(ExitStatus::Done)
}

/// Characters that keys are padded to, at most.
const WIDEST: usize = 100;

/// Every key of the file, then where it lies.
fn tell(printer: &mut Printer, found: &Found) {
    let members = found.meta.members();
    let width = members.keys().map(|key| key.chars().count()).max().unwrap_or(0).clamp("path".len(), WIDEST);
    for (key, value) in members {
        let text = match value {
            Value::String(text) => text.clone(),
            other => line(other),
        };
        printer.line(&format!("{key:<width$}  {text}"));
    }
    printer.line(&format!("{:<width$}  {}", "path", found.dir));
}
