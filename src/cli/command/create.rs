//! `git mission create`

use super::super::args::Create;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use super::list::summary;
use crate::json::{Value, object};
use crate::op::branch::Standing;
use crate::op::create::{Wanted, create};

pub(in crate::cli) fn run(printer: &mut Printer, args: Create) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let standing = Standing::find(&repo, &repo.config()?)?;
    let wanted = Wanted {
        name: args.name,
        mission_type: args.mission_type,
        target_branch: args.target_branch,
        friendly_name: args.friendly_name,
        stage: args.add,
    };
    let created = create(&repo, &wanted, standing.main.as_deref())?;
    if args.output.json {
        let mut mission = summary(&created.dir, &created.meta);
        if let Value::Object(members) = &mut mission {
            members.insert("files".to_owned(), created.files.into());
        }
        printer.json(&object([("mission", mission)]));
        return Ok(ExitStatus::Done);
    }
    printer.line(&format!("created {} with mission_id {}", created.dir, created.id));
    for file in &created.files {
        printer.line(&format!("  {file}"));
    }
    if wanted.stage {
        printer.line("staged; commit it with: git commit");
    } else {
        printer.line(&format!("commit it with: git add {0} && git commit", created.dir));
    }
    Ok(ExitStatus::Done)
}
