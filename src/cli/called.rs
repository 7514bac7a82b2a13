//! The calls that git makes, told apart by a glance at their arguments: building the command line that people use costs
//! more than most of these calls do. What does not look as `install` writes it is left to that command line, so this
//! accepts less, and means the same. Knows no rules.

use std::ffi::OsString;

use super::args::{Command, Hook, MergeDriver};

/// The call that the arguments after the program's name make; `None` if it is not one of git's.
pub(super) fn read(args: impl IntoIterator<Item = OsString>) -> Option<Command> {
    let mut args = args.into_iter();
    let name = args.next()?;
    match name.to_str()? {
        "merge-driver" => driver(args).map(Command::MergeDriver),
        "hook" => hook(args).map(Command::Hook),
        _ => None,
    }
}

fn driver(mut args: impl Iterator<Item = OsString>) -> Option<MergeDriver> {
    let kind = word(args.next()?)?;
    let (mut base, mut ours, mut theirs, mut size, mut path) = (None, None, None, None, None);
    let (mut label_base, mut label_ours, mut label_theirs) = (None, None, None);
    while let Some(flag) = args.next() {
        let slot = match flag.to_str()? {
            "--base" => &mut base,
            "--ours" => &mut ours,
            "--theirs" => &mut theirs,
            "--marker-size" => &mut size,
            "--path" => &mut path,
            "--label-base" => &mut label_base,
            "--label-ours" => &mut label_ours,
            "--label-theirs" => &mut label_theirs,
            _ => return None,
        };
        let value = args.next().filter(|value| !is_option(value))?;
        if slot.replace(value).is_some() {
            return None;
        }
    }
    let text = |value: Option<OsString>| value.map(OsString::into_string).transpose().ok();
    let file = |value: Option<OsString>| value.filter(|name| !name.is_empty()).map(Into::into);
    Some(MergeDriver {
        kind,
        base: file(base)?,
        ours: file(ours)?,
        theirs: file(theirs)?,
        marker_size: size.map_or(Some(7), |size| size.to_str()?.parse().ok())?,
        path,
        label_base: text(label_base)?,
        label_ours: text(label_ours)?,
        label_theirs: text(label_theirs)?,
    })
}

fn hook(mut args: impl Iterator<Item = OsString>) -> Option<Hook> {
    let name = word(args.next()?)?;
    if args.next()? != "--shim-version" {
        return None;
    }
    let version = args.next()?.to_str().filter(|text| !text.starts_with('+'))?.parse().ok()?;
    let is_last = args.next()? == "--";
    is_last.then(|| Hook { name, shim_version: Some(version), args: args.collect() })
}

fn word(arg: OsString) -> Option<String> {
    if is_option(&arg) { None } else { arg.into_string().ok() }
}

fn is_option(arg: &OsString) -> bool {
    arg.as_encoded_bytes().starts_with(b"-")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::args::Cli;
    use super::*;

    const DRIVER: &str = "merge-driver meta --base .merge_file_b --ours .merge_file_o --theirs .merge_file_t";
    const LABELS: &str =
        " --marker-size 12 --path a/meta.json --label-base %S --label-ours HEAD --label-theirs side";

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    /// What both say, as text; the second is that of the command line that people use.
    fn both(args: &[OsString]) -> (Option<String>, Option<String>) {
        let program = OsString::from("git-mission");
        let whole = Cli::try_parse_from(std::iter::once(&program).chain(args)).ok();
        (read(args.to_vec()).map(|it| format!("{it:?}")), whole.map(|cli| format!("{:?}", cli.command)))
    }

    #[test]
    fn what_install_writes_is_read_alike() {
        for line in [
            DRIVER.to_owned(),
            DRIVER.to_owned() + LABELS,
            DRIVER.replace("meta", "event-log") + " --path  --label-ours  --label-theirs é",
            "hook pre-commit --shim-version 4 --".to_owned(),
            "hook pre-push --shim-version 0 -- origin --json -x".to_owned(),
        ] {
            let (ours, theirs) = both(&words(&line));
            assert!(ours.is_some(), "{line}");
            assert_eq!(ours, theirs, "{line}");
        }
    }

    #[test]
    fn anything_else_is_left_alone_or_read_alike() {
        let mut lines =
            vec![String::new(), "list --json".to_owned(), "hook".to_owned(), "merge-driver".to_owned()];
        for line in [DRIVER.to_owned() + LABELS, "hook post-commit --shim-version 4 -- a b".to_owned()] {
            let parts: Vec<&str> = line.split(' ').collect();
            for at in 0..parts.len() {
                for other in
                    ["", "-h", "--help", "--", "-1", "+1", "x", "--path", "--path=x", "--shim-version", "1e3"]
                {
                    let mut changed = parts.clone();
                    changed[at] = other;
                    lines.push(changed.join(" "));
                    changed.insert(at, parts[at]);
                    lines.push(changed.join(" "));
                }
                let mut shorter = parts.clone();
                shorter.remove(at);
                lines.push(shorter.join(" "));
            }
        }
        for line in lines {
            let (ours, theirs) = both(&words(&line));
            assert!(ours.is_none() || ours == theirs, "{line:?}: {ours:?}, {theirs:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_read_alike() {
        use std::os::unix::ffi::OsStringExt as _;
        for at in 0..words(&(DRIVER.to_owned() + LABELS)).len() {
            let mut args = words(&(DRIVER.to_owned() + LABELS));
            args[at] = OsString::from_vec(vec![b'a', 0xff]);
            let (ours, theirs) = both(&args);
            assert!(ours.is_none() || ours == theirs, "{args:?}");
        }
    }
}
