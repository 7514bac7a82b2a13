//! `git mission check`

use super::super::args::{self, CheckFormat};
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::findings;
use super::super::printer::Printer;
use crate::mission::audit::{Finding, Severity};
use crate::op::branch::Standing;
use crate::op::check::{Wanted, check};

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Check) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let standing = Standing::find(&repo, &repo.config()?)?;
    let wanted =
        Wanted { base: args.base.clone(), head: args.head.clone(), require_settled: args.require_settled };
    let checked = check(&repo, &standing, &wanted)?;
    if args.output.json {
        printer.json(&findings::document(&checked.findings, checked.missions));
    } else if args.format == CheckFormat::Github {
        findings::annotate(printer, &checked.findings, checked.missions);
    } else {
        findings::tell(printer, &checked.findings, checked.missions);
    }
    let is_no = |finding: &Finding| finding.severity == Severity::Error;
    Ok(if checked.findings.iter().any(is_no) { ExitStatus::No } else { ExitStatus::Done })
}
