//! `git mission status`

use super::super::args::Json;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use super::sync;
use crate::hook::{Trace, traces};
use crate::install::{self, DriverState, HookState, HookStatus, InstallStatus};
use crate::json::{Value, object};
use crate::op::branch::Standing;
use crate::op::identity::identity;
use crate::op::project::project_uuid;
use crate::op::settle::unsettled;
use crate::op::snapshot::Reader;

pub(in crate::cli) fn run(printer: &mut Printer, args: &Json) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let config = repo.config()?;
    let standing = Standing::find(&repo, &config)?;
    let installed = install::status(&repo)?;
    let sync = crate::sync::status(&repo)?;
    let hooks = traces(&repo);
    let open = match standing.head.tip() {
        Some(tip) => unsettled(&Reader::new(&repo), tip)?.into_iter().map(|dir| dir.to_string()).collect(),
        None => Vec::new(),
    };
    let identity = identity(&repo, &config, &standing)?;
    if args.json {
        let project = project_uuid(&repo, &standing);
        printer.json(&object([
            (
                "identity",
                object([
                    ("project_uuid", project.ok().into()),
                    ("project_slug", identity.project_slug.into()),
                    ("repo_slug", identity.repo_slug.into()),
                    ("node_id", identity.node_id.into()),
                    ("build_id", identity.build_id.into()),
                ]),
            ),
            ("installed", installed.is_complete().into()),
            ("hooks", Value::Array(installed.hooks.iter().map(|hook| hook_json(hook, &hooks)).collect())),
            ("main", standing.main.clone().into()),
            ("on_main", standing.on_main().into()),
            ("published", standing.published.as_ref().map(|(name, _)| name.clone()).into()),
            ("unsettled", open.into()),
            (
                "ignored_settings",
                Value::from(config.ignored().iter().map(|i| i.key.clone()).collect::<Vec<_>>()),
            ),
            ("sync", sync::document(&sync)),
        ]));
        return Ok(ExitStatus::Done);
    }
    tell_installation(printer, &installed);
    for trace in hooks.iter().filter(|trace| trace.skipped) {
        printer
            .line(&format!("skipped:    {} was switched off by the environment the last time", trace.hook));
    }
    for trace in &hooks {
        let at = trace.at.map_or_else(|| "some time".to_owned(), crate::clock::Instant::to_iso);
        printer.line(&format!("last run:   {:<16}  {at}", trace.hook));
    }
    match (&standing.main, &standing.published) {
        (None, _) => printer.line("main:       no branch counts as main, so no number is settled"),
        (Some(main), None) => printer.line(&format!("main:       {main}, published nowhere")),
        (Some(main), Some((name, _))) => printer.line(&format!("main:       {main}, published as {name}")),
    }
    match open.len() {
        0 => printer.line("numbers:    all missions of HEAD have one"),
        count => printer.line(&format!("numbers:    {count} missions of HEAD have none; main gives them")),
    }
    for ignored in config.ignored() {
        printer.note(&format!(
            "warning: {} is ignored, because {} lies in the work tree",
            ignored.key,
            ignored.origin.display()
        ));
    }
    sync::tell(printer, &sync);
    Ok(ExitStatus::Done)
}

fn tell_installation(printer: &mut Printer, installed: &InstallStatus) {
    let verdict = match (installed.is_complete(), installed.is_absent()) {
        (true, _) if installed.is_server => "the hook of a server",
        (false, _) if installed.is_server => "in part; mend it with: git mission install --server",
        (true, _) => "hooks, merge drivers and attributes",
        (_, true) => "nothing; set this repository up with: git mission install",
        _ => "in part; mend it with: git mission install",
    };
    printer.line(&format!("installed:  {verdict}"));
    for hook in &installed.hooks {
        if let Some(chained) = hook.chained.as_ref().filter(|_| hook.chained_runs) {
            printer.line(&format!("chained:    {} runs before ours", chained.display()));
        }
        if !installed.is_absent() && !matches!(hook.state, HookState::Installed | HookState::CallsUs) {
            printer.line(&format!("wrong:      {} {}", hook.name, hook_words(hook.state)));
        }
    }
    for driver in installed.drivers.iter().filter(|_| !installed.is_absent()) {
        if driver.state != DriverState::Installed {
            printer.line(&format!("wrong:      merge driver {}: {:?}", driver.driver.name(), driver.state));
        }
    }
    for attribute in installed.attributes.iter().filter(|a| !installed.is_absent() && !a.is_installed()) {
        printer.line(&format!("wrong:      {} is not set", attribute.attribute.line()));
    }
}

const fn hook_words(state: HookState) -> &'static str {
    match state {
        HookState::Installed => "is installed",
        HookState::ProgramMissing => "calls a program that is not there",
        HookState::Outdated => "is of another version",
        HookState::Disabled => "is switched off in the configuration",
        HookState::Edited => "was edited by hand",
        HookState::CallsUs => "calls us",
        HookState::Foreign => "was replaced by another tool",
        HookState::Missing => "is missing",
    }
}

fn hook_json(hook: &HookStatus, traces: &[Trace]) -> Value {
    let trace = traces.iter().find(|trace| trace.hook.as_str() == hook.name);
    object([
        ("name", hook.name.into()),
        ("state", hook_words(hook.state).into()),
        ("installed", matches!(hook.state, HookState::Installed | HookState::CallsUs).into()),
        ("chained", hook.chained.as_ref().map(|path| path.display().to_string()).into()),
        ("last_run", trace.and_then(|trace| trace.at).map(crate::clock::Instant::to_iso).into()),
        ("skipped", trace.is_some_and(|trace| trace.skipped).into()),
    ])
}
