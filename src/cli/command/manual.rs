//! `git mission completions` and `git mission man`: both from the one definition of the command line.

use clap::CommandFactory as _;

use super::super::args::{Cli, Completions, Man};
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;

/// What git's own completion for bash looks for when it meets `git mission`.
const AS_GIT_ASKS: &str = "
_git_mission() {
    local at=${__git_cmd_idx:-1}
    local COMP_WORDS=(git-mission \"${words[@]:at + 1}\") COMP_CWORD=$((cword - at))
    _git__mission git-mission \"$cur\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
}
";

pub(in crate::cli) fn completions(printer: &mut Printer, args: &Completions) -> ExitStatus {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "git-mission", &mut text);
    printer.raw(&text);
    if args.shell == clap_complete::Shell::Bash {
        printer.raw(AS_GIT_ASKS.as_bytes());
    }
    ExitStatus::Done
}

pub(in crate::cli) fn man(printer: &mut Printer, args: &Man) -> Result<ExitStatus, CliError> {
    let command = Cli::command().disable_help_subcommand(true);
    std::fs::create_dir_all(&args.directory)
        .and_then(|()| clap_mangen::generate_to(command, &args.directory))
        .map_err(|error| {
            let text = format!("cannot write to {}: {error}", args.directory.display());
            CliError::new(ExitStatus::Environment, "file", text)
        })?;
    printer.line(&format!("wrote the man pages into {}", args.directory.display()));
    Ok(ExitStatus::Done)
}
