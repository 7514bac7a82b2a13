//! `git mission list`

use super::super::args::List;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::json::{Value, object};
use crate::mission::{IdField, Meta, MissionDir, NumberField, key};
use crate::op::list::{Source, lanes, list};
use crate::op::snapshot::Content;

pub(in crate::cli) fn run(printer: &mut Printer, args: &List) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let source = args.rev.as_deref().map_or(Source::Checkout, Source::Revision);
    let missions = list(&repo, source)?;
    let lanes = lanes(&repo, source, missions.keys())?;
    let lanes = |dir: &MissionDir| lanes.get(dir).map(Vec::as_slice).unwrap_or_default();
    if args.output.json {
        let readable = missions.iter().filter_map(|(dir, content)| {
            let mut members = summary(dir, content.meta()?);
            let counts = lanes(dir).iter().map(|(lane, count)| (lane.clone(), (*count).into()));
            if let Value::Object(members) = &mut members {
                members.insert("lanes".to_owned(), Value::Object(counts.collect()));
            }
            Some(members)
        });
        printer.json(&object([("missions", Value::Array(readable.collect()))]));
        return Ok(ExitStatus::Done);
    }
    let mut rows = vec![["NUMBER", "MID8", "SLUG", "TYPE", "LANES", "PATH"].map(str::to_owned)];
    for (dir, content) in &missions {
        match &**content {
            Content::Meta { meta, .. } => rows.push(row(dir, meta, lanes(dir))),
            Content::Unreadable(error) => {
                let at =
                    error.position().map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
                printer.note(&format!("warning: {dir}/meta.json{at}: {error}"));
            }
            Content::NotRegular => printer.note(&format!("warning: {dir}/meta.json is not a regular file")),
        }
    }
    if rows.len() == 1 {
        printer.line("no missions; make one with: git mission create NAME");
        return Ok(ExitStatus::Done);
    }
    for line in table(&rows) {
        printer.line(&line);
    }
    Ok(ExitStatus::Done)
}

fn row(dir: &MissionDir, meta: &Meta, lanes: &[(String, usize)]) -> [String; 6] {
    let number = match meta.number() {
        NumberField::Unsettled => "-".to_owned(),
        NumberField::Settled(number) => number.to_string(),
        NumberField::Invalid(text) => text,
    };
    let mid8 = meta.valid_id().map_or_else(|| "-".to_owned(), |id| id.mid8().to_owned());
    let text = |key| meta.text(key).unwrap_or("-").to_owned();
    let lanes: Vec<String> = lanes.iter().map(|(lane, count)| format!("{lane} {count}")).collect();
    let lanes = if lanes.is_empty() { "-".to_owned() } else { lanes.join(", ") };
    [number, mid8, text(key::SLUG), text(key::MISSION_TYPE), lanes, dir.to_string()]
}

/// Characters that a column is padded to, at most: a longer cell makes its own row long, not every row.
const WIDEST: usize = 100;

/// Columns padded to their widest cell; the first to the right.
fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count().min(WIDEST)).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .enumerate()
                .map(
                    |(at, (cell, width))| {
                        if at == 0 { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
                    },
                )
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

/// A mission as `--json` shows it.
pub(super) fn summary(dir: &MissionDir, meta: &Meta) -> Value {
    let text = |key| Value::from(meta.text(key));
    let id = match meta.id() {
        IdField::Valid(id) => Some(id),
        IdField::Missing | IdField::Invalid(_) => None,
    };
    object([
        ("mission_id", id.map(|id| id.to_string()).into()),
        ("mid8", id.map(|id| id.mid8().to_owned()).into()),
        ("mission_number", meta.number().settled().into()),
        ("mission_slug", text(key::MISSION_SLUG)),
        ("slug", text(key::SLUG)),
        ("friendly_name", text(key::FRIENDLY_NAME)),
        ("mission_type", text(key::MISSION_TYPE)),
        ("target_branch", text(key::TARGET_BRANCH)),
        ("path", dir.to_string().into()),
    ])
}
