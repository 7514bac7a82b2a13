//! `git mission completions` and `git mission man`: both from the one definition of the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::super::args::{Cli, Completions, Man};
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;

/// The name without what separates words in other names.
const PLAIN: &str = "gitmission";
/// What git's own completion for bash looks for when it meets `git mission`.
const AS_GIT_ASKS: &str = "
_git_mission() {
    local at=${__git_cmd_idx:-1}
    local COMP_WORDS=(git-mission \"${words[@]:at + 1}\") COMP_CWORD=$((cword - at))
    _git__mission git-mission \"$cur\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
}
";

pub(in crate::cli) fn completions(printer: &mut Printer, args: &Completions) -> ExitStatus {
    let generate = |name: &str| {
        let mut text = Vec::new();
        let mut command = Cli::command();
        if name == PLAIN {
            command = command.name(PLAIN);
        }
        clap_complete::generate(args.shell, &mut command, name, &mut text);
        text
    };
    if args.shell == Shell::Bash {
        // clap_complete 4.6 loses the commands below the first level of a program with a hyphen in its name.
        let text =
            String::from_utf8_lossy(&generate(PLAIN)).replace(&format!(" {PLAIN}\n"), " git-mission\n");
        printer.raw(text.replace(&format!("_{PLAIN}"), "_git__mission").as_bytes());
        printer.raw(AS_GIT_ASKS.as_bytes());
    } else {
        printer.raw(&generate("git-mission"));
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
