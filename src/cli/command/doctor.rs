//! `git mission doctor`

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::findings;
use super::super::printer::Printer;
use crate::doctor::{Examination, Mended, examine, fix};
use crate::mission::audit::{Code, Finding, Severity};
use crate::op::audit::Source;

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Doctor) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let fail_on = codes(&args.fail_on)?;
    let source = args.rev.as_deref().map_or(Source::Checkout, Source::Revision);
    let mut progress = printer.progress("examining");
    let mut show = |done, total| progress.show(done, total);
    let mut examined = examine(&repo, source, &mut show)?;
    let mut mended = Mended::default();
    if args.fix {
        mended = fix(&repo, &examined.findings, super::this_program()?, &mut show)?;
        if !mended.done.is_empty() {
            // What git, the index and the work tree say now.
            examined = examine(&super::open()?, source, &mut show)?;
        }
    }
    drop(progress);
    if args.output.json {
        printer.json(&findings::document(&examined.findings, examined.missions));
        for line in &mended.left {
            printer.note(&format!("warning: left as it is: {line}"));
        }
    } else {
        tell(printer, &examined, &mended);
    }
    let is_no = |finding: &Finding| finding.severity == Severity::Error || fail_on.contains(&finding.code);
    Ok(if examined.findings.iter().any(is_no) { ExitStatus::No } else { ExitStatus::Done })
}

fn codes(names: &[String]) -> Result<Vec<Code>, CliError> {
    let parse = |name: &String| {
        Code::parse(&name.trim().to_ascii_uppercase()).ok_or_else(|| {
            let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
            CliError::usage(format!("no finding has the code {name:?}"))
                .hint(format!("the codes are {}", known.join(", ")))
        })
    };
    names.iter().map(parse).collect()
}

fn tell(printer: &mut Printer, examined: &Examination, mended: &Mended) {
    for line in &mended.done {
        printer.line(&format!("fixed    {line}"));
    }
    for line in &mended.left {
        printer.note(&format!("warning: left as it is: {line}"));
    }
    findings::tell(printer, &examined.findings, examined.missions);
}
