//! `git mission hook`: what the shims call.

use std::io::Read as _;
use std::path::PathBuf;

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::env;
use crate::hook::{Call, HookName, Level, run as answer};
use crate::install::SHIM_VERSION;

pub(in crate::cli) fn run(printer: &mut Printer, args: args::Hook) -> Result<ExitStatus, CliError> {
    let Some(hook) = HookName::parse(&args.name) else {
        return Err(
            CliError::usage(format!("no hook of ours is called {:?}", args.name)).hint("git mission install")
        );
    };
    let repo = super::open()?;
    let chained = env::var(env::GIT_MISSION_CHAINED).filter(|path| !path.is_empty()).map(PathBuf::from);
    let shim = env::var(env::GIT_MISSION_SHIM).filter(|path| !path.is_empty()).map(PathBuf::from);
    let mut stdin = Vec::new();
    if hook.reads_stdin() {
        // What cannot be read was not said.
        let _ = std::io::stdin().read_to_end(&mut stdin);
    }
    if let Some(version) = args.shim_version.filter(|version| *version > SHIM_VERSION) {
        printer.note(&format!(
            "git-mission: warning: a newer git-mission wrote this hook (version {version}; this one writes {SHIM_VERSION})"
        ));
        printer.note("hint: install the newer one again, or: git mission install");
    }
    let report = answer(&repo, &Call { hook, args: args.args, stdin, chained, shim });
    // stdout of some hooks is the user's; what hooks say goes to stderr.
    for line in &report.lines {
        let text = match line.level {
            Level::Info => format!("git-mission: {}", line.text),
            Level::Warning => format!("git-mission: warning: {}", line.text),
            Level::Error => format!("error: {}", line.text),
        };
        printer.note(&text);
        if let Some(hint) = &line.hint {
            printer.note(&format!("hint: {hint}"));
        }
    }
    Ok(report.stop.map_or(ExitStatus::Done, ExitStatus::Chained))
}
