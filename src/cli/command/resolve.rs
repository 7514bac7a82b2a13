//! `git mission resolve`

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use crate::json::{Value, object};
use crate::op::joining::{Doing, Joining};
use crate::op::resolve::{InTheWay, Openness, Placed, Refusal, Refused, Resolved, Wanted, Why, resolve};

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Resolve) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let config = repo.config()?;
    let mut paths = Vec::new();
    for typed in &args.paths {
        let path = super::typed_path(&repo, typed)?;
        if !repo.is_known_path(&path)? {
            return Err(CliError::new(
                ExitStatus::Usage,
                "no_such_path",
                format!("git knows no file at {}", typed.display()),
            )
            .hint("git status"));
        }
        paths.push(path);
    }
    let resolved = resolve(&repo, &config, &Wanted { paths, dry_run: args.dry_run })?;
    if args.output.json {
        printer.json(&document(&resolved, args.dry_run));
    } else {
        tell(printer, &resolved, args.dry_run);
    }
    Ok(if resolved.is_complete() { ExitStatus::Done } else { ExitStatus::No })
}

fn tell(printer: &mut Printer, resolved: &Resolved, dry_run: bool) {
    for path in &resolved.finished {
        printer.line(&format!("{}: written, as an interrupted run had decided", shown(path)));
    }
    for placed in resolved.splits.iter().flatten() {
        printer.line(&place(placed));
    }
    for (path, kind) in &resolved.files {
        printer.line(&format!("{}: merged by the rules for {}", shown(path), kind.name()));
    }
    for (path, why) in &resolved.open {
        printer.line(&format!("{}: {}", shown(path), words(why)));
        for (command, effect) in ways_out(path, why) {
            printer.line(&format!("  {command}   {effect}"));
        }
    }
    for Refused { path, why } in &resolved.refused {
        printer.note(&format!("error: {}: {}; it was left as it is", shown(path), refusal(why)));
        printer.note(&format!("hint: {}", way_around(path, why)));
    }
    if resolved.elsewhere > 0 {
        printer.line(&format!("{} more unmerged: git status", resolved.elsewhere));
    }
    printer.line(&ending(resolved, dry_run));
}

fn place(placed: &Placed) -> String {
    let Placed { id, from, to, why } = placed;
    match why {
        Why::Alone if from == to => format!("{to}: {id}, brought together again"),
        Why::Alone => format!("{to}: {id}"),
        Why::Published => format!("{to}: {id} stays, it is published"),
        Why::SmallerId => format!("{to}: {id} stays, its id is the smaller one"),
        Why::GivesWay => format!("{to}: {id} moved here from {from}"),
    }
}

fn ending(resolved: &Resolved, dry_run: bool) -> String {
    let next = match resolved.joining.as_ref().map(|joining| joining.doing) {
        Some(Doing::Merge) | None => "git commit",
        Some(Doing::Rebase) => "git rebase --continue",
        Some(Doing::CherryPick) => "git cherry-pick --continue",
        Some(Doing::Revert) => "git revert --continue",
    };
    match (resolved.is_complete(), resolved.changed) {
        (_, true) if dry_run => "nothing was changed".to_owned(),
        (false, _) => "something is left to be decided".to_owned(),
        (true, false) => "nothing to resolve".to_owned(),
        (true, true) if resolved.elsewhere > 0 => "staged".to_owned(),
        (true, true) => format!("staged; go on with: {next}"),
    }
}

fn words(why: &Openness) -> String {
    match why {
        Openness::Keys(keys) => format!("both sides changed {}; the file shows both", keys.join(", ")),
        Openness::Lines(None) => "both sides changed it; nothing but its lines can be compared".to_owned(),
        Openness::Lines(Some(reason)) => format!("merged by lines, because {reason}"),
        Openness::NotText => "both sides changed it, and it is no text".to_owned(),
        Openness::DeletedByOurs => "our side (HEAD) deleted it, the other side changed it".to_owned(),
        Openness::DeletedByTheirs => "the other side deleted it, our side (HEAD) changed it".to_owned(),
        Openness::OnlyOurs => "only our side (HEAD) has it here".to_owned(),
        Openness::OnlyTheirs => "only the other side has it here".to_owned(),
        Openness::OnlyBase => "neither side has it here any more".to_owned(),
    }
}

/// The two commands that decide, where a file is there or not.
fn ways_out(path: &[u8], why: &Openness) -> Vec<(String, &'static str)> {
    let path = quoted(path);
    match why {
        Openness::Keys(_) | Openness::Lines(_) => Vec::new(),
        Openness::NotText => vec![
            (format!("git checkout --ours -- {path} && git add -- {path}"), "takes our side's"),
            (format!("git checkout --theirs -- {path} && git add -- {path}"), "takes the other side's"),
        ],
        Openness::OnlyBase => vec![(format!("git rm -q -- {path}"), "takes it away")],
        _ => vec![(format!("git add -- {path}"), "keeps it"), (format!("git rm -q -- {path}"), "deletes it")],
    }
}

fn refusal(why: &Refusal) -> String {
    match why {
        Refusal::File(InTheWay::Edited) => "it was edited since the merge".to_owned(),
        Refusal::File(InTheWay::Staged) => "something was staged there that is in neither commit".to_owned(),
        Refusal::File(InTheWay::Untracked) => "a file that git does not have lies in the way".to_owned(),
        Refusal::File(InTheWay::NotAFile) => "a link or a directory lies in the way".to_owned(),
        Refusal::TwoPlaces(other) => format!("one of the commits has the same mission in {other} too"),
        Refusal::NoCommits => {
            "two missions meet, and git did not note which commits come together".to_owned()
        }
        Refusal::Octopus => "two missions meet in a merge of more than two commits".to_owned(),
    }
}

fn way_around(path: &[u8], why: &Refusal) -> String {
    let quoted = quoted(path);
    match why {
        Refusal::File(InTheWay::Edited | InTheWay::Staged) => {
            format!("to keep the edit: git add -- {quoted}; to lose it: git mission resolve -- {quoted}")
        }
        Refusal::File(InTheWay::Untracked | InTheWay::NotAFile) => format!("mv -- {quoted} {quoted}.mine"),
        Refusal::TwoPlaces(_) => "git mission doctor".to_owned(),
        Refusal::NoCommits => format!("git checkout --ours -- {quoted} && git add -- {quoted}"),
        Refusal::Octopus => "git merge --abort, then merge one branch after the other".to_owned(),
    }
}

fn document(resolved: &Resolved, dry_run: bool) -> Value {
    let paths = |paths: &[Vec<u8>]| Value::Array(paths.iter().map(|path| shown(path).into()).collect());
    let missions = resolved.splits.iter().flatten().map(|placed| {
        object([
            ("mission_id", placed.id.as_str().into()),
            ("from", placed.from.to_string().into()),
            ("to", placed.to.to_string().into()),
            ("reason", placed.why.as_str().into()),
        ])
    });
    let merged = resolved
        .files
        .iter()
        .map(|(path, kind)| object([("path", shown(path).into()), ("kind", kind.name().into())]));
    let conflicts = resolved.open.iter().map(|(path, why)| {
        let keys = match why {
            Openness::Keys(keys) => keys.as_slice(),
            _ => &[],
        };
        let commands = ways_out(path, why).into_iter().map(|(command, _)| command.into());
        object([
            ("path", shown(path).into()),
            ("reason", code(why).into()),
            ("keys", Value::Array(keys.iter().map(|key| key.as_str().into()).collect())),
            ("message", words(why).into()),
            ("commands", Value::Array(commands.collect())),
        ])
    });
    let refused = resolved.refused.iter().map(|Refused { path, why }| {
        object([
            ("path", shown(path).into()),
            ("reason", refusal_code(why).into()),
            ("message", refusal(why).into()),
            ("hint", way_around(path, why).into()),
        ])
    });
    object([
        ("merging", joining(resolved.joining.as_ref())),
        ("missions", Value::Array(missions.collect())),
        ("merged", Value::Array(merged.collect())),
        ("conflicts", Value::Array(conflicts.collect())),
        ("refused", Value::Array(refused.collect())),
        ("finished", paths(&resolved.finished)),
        ("elsewhere", resolved.elsewhere.into()),
        ("changed", (resolved.changed && !dry_run).into()),
    ])
}

/// The commits that come together, as `--json` shows them.
pub(super) fn joining(joining: Option<&Joining>) -> Value {
    joining.map_or(Value::Null, |joining| {
        object([
            ("command", joining.doing.as_str().into()),
            ("ours", joining.ours.as_str().into()),
            ("theirs", joining.theirs.as_str().into()),
            ("bases", Value::Array(joining.bases.iter().map(|base| base.as_str().into()).collect())),
        ])
    })
}

fn code(why: &Openness) -> &'static str {
    match why {
        Openness::Keys(_) => "keys",
        Openness::Lines(_) => "lines",
        Openness::NotText => "not_text",
        Openness::DeletedByOurs => "deleted_by_ours",
        Openness::DeletedByTheirs => "deleted_by_theirs",
        Openness::OnlyOurs => "only_ours",
        Openness::OnlyTheirs => "only_theirs",
        Openness::OnlyBase => "only_base",
    }
}

fn refusal_code(why: &Refusal) -> &'static str {
    match why {
        Refusal::File(InTheWay::Edited) => "edited",
        Refusal::File(InTheWay::Staged) => "staged",
        Refusal::File(InTheWay::Untracked) => "untracked",
        Refusal::File(InTheWay::NotAFile) => "not_a_file",
        Refusal::TwoPlaces(_) => "two_places",
        Refusal::NoCommits => "no_commits",
        Refusal::Octopus => "octopus",
    }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn quoted(path: &[u8]) -> String {
    let path = shown(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
