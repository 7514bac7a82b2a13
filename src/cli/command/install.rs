//! `git mission install` and `git mission uninstall`

use super::super::args::{Install, InstallMode, Uninstall};
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::install::{self, Mode, Options, Report};

pub(in crate::cli) fn install(printer: &mut Printer, args: &Install) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let program = super::this_program()?;
    let mode = match args.mode {
        InstallMode::Auto => Mode::Auto,
        InstallMode::Config => Mode::Config,
        InstallMode::Shim => Mode::Shim,
    };
    let options = Options { program, mode, dry_run: args.dry_run };
    let report = if args.server {
        install::install_server(&repo, &options)?
    } else {
        install::install(&repo, &options)?
    };
    tell(printer, &report);
    if report.is_unchanged() {
        printer.line("everything is installed already");
    } else if !report.dry_run {
        printer.line("installed; take it out again with: git mission uninstall");
    }
    Ok(ExitStatus::Done)
}

pub(in crate::cli) fn uninstall(printer: &mut Printer, args: &Uninstall) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let report = install::uninstall(&repo, args.purge)?;
    tell(printer, &report);
    printer.line(if report.is_unchanged() { "nothing of ours was installed" } else { "uninstalled" });
    Ok(ExitStatus::Done)
}

fn tell(printer: &mut Printer, report: &Report) {
    let would = if report.dry_run { "would " } else { "" };
    for change in &report.changes {
        printer.line(&format!("{would}{change}"));
    }
}
