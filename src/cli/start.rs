//! From the process's arguments to its exit code. A panic is caught: of a merge driver it is 255, never 101, which
//! git would take for a conflict that left our side in place.

use std::panic;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use super::args::{Cli, Command};
use super::called;
use super::command;
use super::error::CliError;
use super::escape::escape;
use super::exit::{DriverStatus, ExitStatus};
use super::printer::Printer;

/// Runs the program.
pub fn main() -> ExitCode {
    let parsed = match called::read(std::env::args_os().skip(1)) {
        Some(command) => Ok(command),
        None => Cli::try_parse().map(|cli| cli.command),
    };
    let is_driver = match &parsed {
        Ok(command) => matches!(command, Command::MergeDriver(_)),
        // A driver that is called wrongly must not look like one that found a conflict.
        Err(_) => std::env::args_os().nth(1).is_some_and(|name| name == "merge-driver"),
    };
    panic::set_hook(Box::new(|info| {
        Printer::standard().note(&format!("error: internal error: {}", info.to_string().replace('\n', " ")));
    }));
    let code = panic::catch_unwind(panic::AssertUnwindSafe(|| match parsed {
        // git calls it for every file that both sides changed: what the other commands need is not touched.
        Ok(Command::MergeDriver(args)) => command::merge_driver::run(&mut Printer::standard(), args).code(),
        Ok(command) => dispatch(command),
        Err(error) => usage(&error, is_driver),
    }));
    ExitCode::from(code.unwrap_or(if is_driver {
        DriverStatus::Broken.code()
    } else {
        ExitStatus::Environment.code()
    }))
}

#[cold]
fn usage(error: &clap::Error, is_driver: bool) -> u8 {
    let is_question = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
    );
    let wants_json = std::env::args_os().skip(1).take_while(|arg| arg != "--").any(|arg| arg == "--json");
    let text = words(error);
    if wants_json && !is_question && !is_driver {
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "));
        let hint =
            usage.or_else(|| text.lines().map(str::trim).find(|line| line.starts_with("[possible values")));
        let translated = CliError::usage(message);
        let translated = match hint {
            Some(hint) => translated.hint(hint),
            None => translated,
        };
        translated.print(&mut Printer::standard(), true);
        return ExitStatus::Usage.code();
    }
    if is_question || text == error.to_string() {
        // A closed pipe is no error.
        let _ = error.print();
    } else {
        // An argument that git or a script took from a repository.
        text.lines().for_each(|line| Printer::standard().note(line));
    }
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitStatus::Done.code(),
        _ if is_driver => DriverStatus::Broken.code(),
        _ => ExitStatus::Usage.code(),
    }
}

/// What is wrong with the arguments; those that a terminal would obey, or that have lines of their own, are escaped.
fn words(error: &clap::Error) -> String {
    let given = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    // Of `--name=value` the value may be shown alone.
    let all = given.flat_map(|arg| {
        let value = arg.split_once('=').map(|(_, value)| value.to_owned());
        [Some(arg), value].into_iter().flatten()
    });
    let harmful = all.filter(|arg| escape(arg) != *arg);
    harmful.fold(error.to_string(), |text, arg| text.replace(&arg, &escape(&arg)))
}

#[inline(never)]
fn dispatch(command: Command) -> u8 {
    let mut printer = Printer::standard();
    let printer = &mut printer;
    // What a hook prints is for somebody who watches: no commit fails because nobody can.
    let is_hook = matches!(command, Command::Hook(_));
    let (json, outcome): (bool, Result<ExitStatus, CliError>) = match command {
        Command::MergeDriver(args) => return command::merge_driver::run(printer, args).code(),
        Command::Hook(args) => (false, command::hook::run(printer, args)),
        Command::Create(args) => (args.output.json, command::create::run(printer, args)),
        Command::List(args) => (args.output.json, command::list::run(printer, &args)),
        Command::Show(args) => (args.output.json, command::show::run(printer, &args)),
        Command::Install(args) => (false, command::install::install(printer, &args)),
        Command::Uninstall(args) => (false, command::install::uninstall(printer, &args)),
        Command::Status(args) => (args.json, command::status::run(printer, &args)),
        Command::Settle(args) => (args.output.json, command::settle::run(printer, &args)),
        Command::Resolve(args) => (args.output.json, command::resolve::run(printer, &args)),
        Command::Explain(args) => (args.output.json, command::explain::run(printer, &args)),
        Command::Doctor(args) => (args.output.json, command::doctor::run(printer, &args)),
        Command::Check(args) => (args.output.json, command::check::run(printer, &args)),
        Command::Migrate(args) => (args.output.json, command::migrate::run(printer, &args)),
        Command::Materialize(args) => (false, command::materialize::run(printer, &args)),
        Command::Sync(args) => (command::sync::wants_json(&args), command::sync::run(printer, args)),
        Command::Completions(args) => (false, Ok(command::manual::completions(printer, &args))),
        Command::Man(args) => (false, command::manual::man(printer, &args)),
        Command::Gate(args) => (command::gate::wants_json(&args), command::gate::run(printer, args)),
    };
    let status = outcome.unwrap_or_else(|error| {
        error.print(printer, json);
        error.status
    });
    match printer.finish() {
        Some(error) if !is_hook => {
            let error = CliError::unprinted(&error);
            error.print(printer, false);
            if status == ExitStatus::Done { error.status } else { status }
        }
        _ => status,
    }
    .code()
}
