//! `git mission merge-driver`: what git calls.

use super::super::args;
use super::super::error::CliError;
use super::super::exit::DriverStatus;
use super::super::printer::Printer;
#[cfg(debug_assertions)]
use crate::env;
use crate::merge::{Kind, Sides};
use crate::op::merge_driver::{DriverCall, Ending, run as merge};

pub(in crate::cli) fn run(printer: &mut Printer, args: args::MergeDriver) -> DriverStatus {
    // For tests of what a panic looks like; no user's program has it.
    #[cfg(debug_assertions)]
    assert!(env::text(env::GIT_MISSION_TEST_PANIC).as_deref() != Some("merge-driver"), "asked to panic");
    let name = args.path.unwrap_or_else(|| args.ours.clone().into_os_string());
    let path = name.to_string_lossy();
    let Some(kind) = Kind::parse(&args.kind) else {
        printer.note(&format!("error: no merge driver is called {:?}; {path} was not merged", args.kind));
        printer.note("hint: git mission install");
        return DriverStatus::Broken;
    };
    let call = DriverCall {
        kind,
        files: Sides { base: args.base, ours: args.ours, theirs: args.theirs },
        marker_size: args.marker_size,
        labels: Sides {
            base: label(args.label_base, "%S"),
            ours: label(args.label_ours, "%X"),
            theirs: label(args.label_theirs, "%Y"),
        },
    };
    match merge(&call) {
        Ok(Ending::Merged) => DriverStatus::Merged,
        Ok(Ending::Conflict(keys)) => {
            printer.note(&format!("git-mission: {path}: both sides changed {}", keys.join(", ")));
            DriverStatus::Conflict
        }
        Ok(Ending::ByLines(reason)) => {
            printer
                .note(&format!("git-mission: {path}: merged by lines, because {reason}; look at the result"));
            DriverStatus::Conflict
        }
        Err(error) => {
            CliError::from(error).print(printer, false);
            DriverStatus::Broken
        }
    }
}

/// git before 2.44 passes the placeholder itself.
fn label(given: Option<String>, placeholder: &str) -> Option<String> {
    given.filter(|text| text != placeholder && !text.is_empty())
}
