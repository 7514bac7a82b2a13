//! `git mission sync login` and `logout`

use std::io::{IsTerminal as _, Read as _};

use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::env;
use crate::secret::{MAX_BYTES, Secret};
use crate::sync;

pub(super) fn log_in(printer: &mut Printer, server: Option<&str>) -> Result<ExitStatus, CliError> {
    let server = match server {
        Some(text) => sync::web_server(text)?,
        None => super::open()
            .and_then(|repo| Ok(sync::configured_server(&repo)?))?
            .ok_or_else(|| no_server("there is no server to log in to"))?,
    };
    let token = read_token(&server.to_string())?;
    let done = sync::log_in(&server, &token)?;
    printer.line(&format!("logged in to {server}; the token is kept in {}", done.path.display()));
    if let Some(former) = done.replaced {
        printer.line(&format!("it takes the place of the login to {former}"));
    }
    if env::var(env::GIT_MISSION_TOKEN).is_some_and(|text| !text.is_empty()) {
        printer.note(&format!("{} is set, and is used instead", env::GIT_MISSION_TOKEN));
    }
    Ok(ExitStatus::Done)
}

pub(super) fn log_out(printer: &mut Printer) -> Result<ExitStatus, CliError> {
    match sync::log_out()? {
        Some(path) => printer.line(&format!("logged out; the tokens are gone from {}", path.display())),
        None => printer.line("nobody was logged in"),
    }
    if env::var(env::GIT_MISSION_TOKEN).is_some_and(|text| !text.is_empty()) {
        printer.note(&format!("{} is still set", env::GIT_MISSION_TOKEN));
    }
    Ok(ExitStatus::Done)
}

fn no_server(words: &str) -> CliError {
    CliError::usage(words).hint("git mission sync login --server https://HOST")
}

/// From the terminal without showing it, or all of stdin but its last line end.
fn read_token(server: &str) -> Result<Secret, CliError> {
    let unreadable = |error: std::io::Error| {
        CliError::new(ExitStatus::Environment, "file", format!("cannot read the token: {error}"))
            .hint("git mission sync login < FILE")
    };
    let text = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("Token for {server}: ")).map_err(unreadable)?
    } else {
        let mut bytes = Vec::new();
        std::io::stdin().take(MAX_BYTES as u64 + 3).read_to_end(&mut bytes).map_err(unreadable)?;
        // What is not UTF-8 is no token either.
        let mut text = String::from_utf8(bytes).unwrap_or_else(|_| "\0".to_owned());
        let end =
            text.strip_suffix('\n').map_or(text.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
        text.truncate(end);
        text
    };
    Secret::new(text).map_err(|error| {
        CliError::usage(format!("{error}; nothing was kept")).hint("git mission sync login < FILE")
    })
}
