//! `git mission explain`

use super::super::args;
use super::super::error::CliError;
use super::super::exit::ExitStatus;
use super::super::printer::Printer;
use super::resolve::joining;
use crate::json::{Value, line, object};
use crate::merge::{Decision, Sides, Winner};
use crate::op::explain::{Account, Explained, KeyStory, Recorded, Story, explain};
use crate::op::merged::Report;

/// Characters of a value that the table shows.
const SHOWN: usize = 60;

pub(in crate::cli) fn run(printer: &mut Printer, args: &args::Explain) -> Result<ExitStatus, CliError> {
    let repo = super::open()?;
    let path = match &args.path {
        Some(typed) => super::typed_path(&repo, typed)?,
        None => Vec::new(),
    };
    let explained = explain(&repo, &path, args.merge.as_deref())?;
    if args.output.json {
        printer.json(&document(&explained));
    } else {
        tell(printer, &explained);
    }
    Ok(ExitStatus::Done)
}

fn tell(printer: &mut Printer, explained: &Explained) {
    let Explained { commit, joining, files } = explained;
    let short = |text: &str| text[..10].to_owned();
    let what = match commit {
        Some(commit) => format!("merge {}", short(commit.as_str())),
        None => format!("{joining}, in progress"),
    };
    let bases: Vec<String> = joining.bases.iter().map(|base| short(base.as_str())).collect();
    let bases = match &bases[..] {
        [] => "none".to_owned(),
        [one] => one.clone(),
        several => format!("what git makes of {}", several.join(", ")),
    };
    printer.line(&format!(
        "{what}: ours {}, theirs {}, base {bases}",
        short(joining.ours.as_str()),
        short(joining.theirs.as_str())
    ));
    for story in files {
        printer.line("");
        tell_story(printer, story);
    }
    if files.is_empty() {
        printer.line("both sides changed no file that has rules");
    }
}

fn tell_story(printer: &mut Printer, story: &Story) {
    let path = shown(&story.path);
    printer.line(&path);
    let places =
        [("ours", &story.places.ours), ("theirs", &story.places.theirs), ("base", &story.places.base)];
    for (side, place) in places {
        if let Some(place) = place.as_ref().filter(|place| **place != story.path) {
            printer.line(&format!("  {side} has it at {}", shown(place)));
        }
    }
    match &story.account {
        Account::OneSideOnly(winner) => {
            printer.line(&format!("  only {} has it: nothing was merged", winner.as_str()));
        }
        Account::Gone => printer.line("  neither side has it"),
        Account::ByLines(reason) => printer.line(&format!("  merged by lines, a conflict: {reason}")),
        Account::Equal => printer.line("  two of the three versions are equal, and the third one was taken"),
        Account::Rules { report, keys } => {
            if keys.is_empty() {
                rows(printer, report);
            } else {
                table(printer, keys);
            }
        }
    }
    for text in recorded(story) {
        printer.line(&format!("  {text}"));
    }
}

fn table(printer: &mut Printer, keys: &[KeyStory]) {
    let rows: Vec<[String; 4]> = keys
        .iter()
        .map(|key| {
            let name = key.path.join(".");
            if let Some((rule, winner)) = key.decided {
                return [
                    name,
                    winner.as_str().to_owned(),
                    rule.as_str().to_owned(),
                    value(key.result.as_ref()),
                ];
            }
            let Sides { ours, theirs, .. } = key.values.as_ref().map(|said| value(said.as_ref()));
            [name, "open".to_owned(), "both sides changed it".to_owned(), format!("{ours} | {theirs}")]
        })
        .collect();
    let head = ["KEY", "SIDE", "RULE", "RESULT"].map(str::to_owned);
    let width = |column: usize| {
        rows.iter().chain([&head]).map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let (first, second, third) = (width(0), width(1), width(2));
    for [key, side, rule, result] in [&head].into_iter().chain(&rows) {
        printer.line(&format!("  {key:<first$}  {side:<second$}  {rule:<third$}  {result}"));
    }
}

fn rows(printer: &mut Printer, report: &Report) {
    if let Some(counts) = report.rows {
        printer.line(&format!(
            "  rows: {} of the base, {} that ours added, {} that theirs added, {} that both added",
            counts.kept, counts.ours, counts.theirs, counts.both
        ));
        if counts.restored > 0 {
            printer.line(&format!("  {} that one side left out are kept", counts.restored));
        }
    }
    for Decision { path, rule, winner } in &report.decisions {
        printer.line(&format!("  {}: {}, {}", path.join(": "), winner.as_str(), rule.as_str()));
    }
    for conflict in &report.conflicts {
        printer.line(&format!("  {}: open, both sides changed it", conflict.path.join(": ")));
    }
}

fn recorded(story: &Story) -> Vec<String> {
    match story.recorded {
        Recorded::AsMerged => vec!["recorded as merged".to_owned()],
        Recorded::Deleted => vec!["no such file was recorded".to_owned()],
        Recorded::Unmerged => vec!["not resolved yet".to_owned()],
        Recorded::Otherwise => {
            let mut lines =
                vec!["what was recorded differs: decided by hand, or corrected by a hook".to_owned()];
            lines.extend(
                differing(story)
                    .map(|key| format!("  {} is {}", key.path.join("."), value(key.recorded.as_ref()))),
            );
            lines
        }
    }
}

/// The keys of which something else was recorded than the rules gave; an object stands for itself only where none of
/// its own keys does.
fn differing(story: &Story) -> impl Iterator<Item = &KeyStory> {
    let keys = match &story.account {
        Account::Rules { keys, .. } if story.recorded == Recorded::Otherwise => keys.as_slice(),
        _ => &[],
    };
    keys.iter().filter(|key| key.recorded != key.result || key.decided.is_none())
}

fn value(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "absent".to_owned(), line);
    if text.chars().count() <= SHOWN {
        return text;
    }
    let cut: String = text.chars().take(SHOWN - 1).collect();
    format!("{cut}…")
}

fn document(explained: &Explained) -> Value {
    object([
        ("commit", explained.commit.as_ref().map(ToString::to_string).into()),
        ("merging", joining(Some(&explained.joining))),
        ("files", Value::Array(explained.files.iter().map(file).collect())),
    ])
}

fn file(story: &Story) -> Value {
    let places = story.places.as_ref().map(|place| Value::from(place.as_ref().map(|path| shown(path))));
    let (outcome, reason) = match &story.account {
        Account::OneSideOnly(Winner::Theirs) => ("only_theirs", None),
        Account::OneSideOnly(_) => ("only_ours", None),
        Account::Gone => ("absent", None),
        Account::ByLines(reason) => ("by_lines", Some(reason.clone())),
        Account::Equal => ("equal", None),
        Account::Rules { report, .. } if report.conflicts.is_empty() => ("merged", None),
        Account::Rules { .. } => ("conflict", None),
    };
    let (keys, report) = match &story.account {
        Account::Rules { keys, report } => (keys.as_slice(), Some(report)),
        _ => (&[][..], None),
    };
    let rows = report.and_then(|report| {
        let counts = report.rows?;
        Some(object([
            ("base", counts.kept.into()),
            ("ours", counts.ours.into()),
            ("theirs", counts.theirs.into()),
            ("both", counts.both.into()),
            ("restored", counts.restored.into()),
        ]))
    });
    let decided = report.filter(|report| report.rows.is_some()).map(decisions).unwrap_or_default();
    object([
        ("path", shown(&story.path).into()),
        ("kind", story.kind.name().into()),
        ("outcome", outcome.into()),
        ("reason", reason.into()),
        ("places", object([("base", places.base), ("ours", places.ours), ("theirs", places.theirs)])),
        ("keys", Value::Array(keys.iter().map(key).collect())),
        ("rows", rows.unwrap_or(Value::Null)),
        ("decided", Value::Array(decided)),
        (
            "recorded",
            match story.recorded {
                Recorded::AsMerged => "as_merged",
                Recorded::Otherwise => "otherwise",
                Recorded::Deleted => "deleted",
                Recorded::Unmerged => "unmerged",
            }
            .into(),
        ),
    ])
}

/// One key. An absent value is an absent member: `null` is a value.
fn key(story: &KeyStory) -> Value {
    let rule = story.decided.map_or("open", |(rule, _)| rule.code());
    let mut members = vec![
        ("key", path_json(&story.path)),
        ("rule", rule.into()),
        ("side", story.decided.map(|(_, winner)| winner.as_str().to_owned()).into()),
    ];
    let Sides { base, ours, theirs } = &story.values;
    let values = [
        ("base", base),
        ("ours", ours),
        ("theirs", theirs),
        ("result", &story.result),
        ("recorded", &story.recorded),
    ];
    members.extend(values.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn decisions(report: &Report) -> Vec<Value> {
    let decided = report.decisions.iter().map(|Decision { path, rule, winner }| {
        object([("key", path_json(path)), ("rule", rule.code().into()), ("side", winner.as_str().into())])
    });
    let open = report.conflicts.iter().map(|conflict| {
        object([("key", path_json(&conflict.path)), ("rule", "open".into()), ("side", Value::Null)])
    });
    decided.chain(open).collect()
}

fn path_json(path: &[String]) -> Value {
    Value::Array(path.iter().map(|key| key.as_str().into()).collect())
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
