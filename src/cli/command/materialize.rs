//! `git mission materialize`

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::op::find::find;
use crate::op::list::Source;
use crate::op::materialize::{Wanted, materialize};

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Materialize) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let wanted = if args.handles.is_empty() {
        Wanted::All
    } else {
        let found = args.handles.iter().map(|handle| Ok(find(&repo, Source::Checkout, handle)?.dir));
        Wanted::These(found.collect::<Result<_, CliError>>()?)
    };
    let mut progress = printer.progress("materializing");
    let done = materialize(&repo, wanted, args.add, &mut |done, total| progress.show(done, total))?;
    drop(progress);
    for failure in &done.failed {
        printer.note(&format!("error: {failure}; status.json was left as it is"));
    }
    for path in &done.rebuilt {
        printer.line(path);
    }
    let (rebuilt, current) = (done.rebuilt.len(), done.current);
    printer.line(&format!("{rebuilt} rebuilt, {current} up to date"));
    Ok(if done.failed.is_empty() { ExitStatus::Done } else { ExitStatus::No })
}
