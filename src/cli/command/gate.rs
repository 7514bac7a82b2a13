//! `git mission gate`

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::super::args::{Gate, GateKind};
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::gate::{Context, validate};
use crate::json::{Limits, Value, object, parse};

pub(in crate::cli) fn wants_json(args: &Gate) -> bool {
    let Gate::Check { output, .. } = args;
    output.json
}

pub(in crate::cli) fn run(printer: &mut Printer, args: Gate) -> Result<ExitStatus, CliError> {
    let Gate::Check { kind, file, output } = args;
    let context = match kind {
        GateKind::Event => Context::Event,
        GateKind::Envelope => Context::Envelope,
        GateKind::Payload => Context::Payload,
        GateKind::BodySync => Context::BodySync,
        GateKind::TrackerBind => Context::TrackerBind,
        GateKind::OrchestratorApi => Context::OrchestratorApi,
    };
    let (name, bytes) = read(file.as_deref())?;
    let payload = parse(&bytes, Limits::ROW)
        .map_err(|error| CliError::usage(format!("{name}:{error}; nothing was judged")))?;
    let verdict = validate(&payload, context);
    if output.json {
        printer.json(&match &verdict {
            Ok(()) => document(true, None, None, None),
            Err(violation) => document(
                false,
                Some(violation.context.name().to_owned()),
                Some(violation.field.clone()),
                Some(violation.reason.to_string()),
            ),
        });
    } else {
        match &verdict {
            Ok(()) => printer.line("valid"),
            Err(violation) => printer.line(&violation.to_string()),
        }
    }
    Ok(if verdict.is_ok() { ExitStatus::Done } else { ExitStatus::No })
}

fn document(valid: bool, context: Option<String>, field: Option<String>, reason: Option<String>) -> Value {
    object([
        ("valid", valid.into()),
        ("context", context.into()),
        ("field", field.into()),
        ("reason", reason.into()),
    ])
}

fn read(file: Option<&Path>) -> Result<(String, Vec<u8>), CliError> {
    let (name, read) = if let Some(file) = file.filter(|file| file.as_os_str() != "-") {
        (file.display().to_string(), fs::read(file))
    } else {
        let mut bytes = Vec::new();
        ("stdin".to_owned(), std::io::stdin().read_to_end(&mut bytes).map(|_| bytes))
    };
    match read {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => {
            Err(CliError::new(ExitStatus::Environment, "file", format!("cannot read {name}: {error}")))
        }
    }
}
