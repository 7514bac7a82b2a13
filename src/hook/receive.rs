//! pre-receive and update: the server's side of a push. Main gets nothing that the push to it would be refused for, and
//! no other branch brings numbers that main has not given.
//!
//! The pushed objects may lie in git's quarantine: they are read, and nothing is written. Missions without a number
//! pass, as they do from a forge. An error of ours stops nobody's push.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Write as _;

use super::Report;
use super::report::in_one_line;
use crate::git::{GitError, Oid, Repo};
use crate::mission::SPECS;
use crate::mission::audit::{Code, Finding, Severity};
use crate::op::branch::Standing;
use crate::op::check::{Case, Given, Route, judge};
use crate::op::snapshot::Reader;

const HEADS: &str = "refs/heads/";
/// How many findings of one ref are shown.
const SHOWN: usize = 10;

/// One ref that is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Update {
    old: Option<Oid>,
    new: Option<Oid>,
    name: String,
}

/// Reads `<old id> <new id> <ref>` lines, all zeros where there is no object.
fn updates(stdin: &[u8]) -> Vec<Update> {
    let text = String::from_utf8_lossy(stdin);
    let read = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let (old, new, name) = (words.next()?, words.next()?, words.next()?);
        Some(Update { old: Oid::parse(old), new: Oid::parse(new), name: name.to_owned() })
    };
    text.lines().filter_map(read).collect()
}

/// Judges all refs of a push at once.
pub(super) fn pre_receive(repo: &Repo, stdin: &[u8], report: &mut Report) {
    refuse(repo, &updates(stdin), report);
}

/// Judges one ref; the arguments are its name, the old and the new id.
pub(super) fn update(repo: &Repo, args: &[OsString], report: &mut Report) {
    let words: Vec<String> = args.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if let [name, old, new] = &words[..] {
        let update = Update { old: Oid::parse(old), new: Oid::parse(new), name: name.clone() };
        refuse(repo, &[update], report);
    }
}

fn refuse(repo: &Repo, updates: &[Update], report: &mut Report) {
    if let Err(error) = try_refuse(repo, updates, report) {
        report.warn(format!("the push was not checked: {}", in_one_line(&error)), None);
    }
}

fn try_refuse(repo: &Repo, updates: &[Update], report: &mut Report) -> Result<(), GitError> {
    if !updates.iter().any(|update| update.new.is_some() && update.name.starts_with(HEADS)) {
        return Ok(());
    }
    let standing = Standing::find(repo, &repo.config()?)?;
    let Some(main) = standing.main_ref() else { return Ok(()) };
    let reader = Reader::new(repo);
    let mut tip = repo.commit(&main)?;
    if let Some(update) = updates.iter().find(|update| update.name == main) {
        let old = existing(repo, update.old.as_ref())?;
        let new = existing(repo, update.new.as_ref())?;
        if let Some(new) = &new {
            let findings = findings(repo, &reader, old.as_ref(), new, true)?;
            tell(&main, &findings, report);
        }
        tip = new;
    }
    let Some(tip) = tip else { return Ok(()) };
    let mut given: Option<Given> = None;
    let mut passed: HashSet<Option<Oid>> = [repo.subtree(&tip, SPECS)?].into();
    for update in updates.iter().filter(|update| update.name != main && update.name.starts_with(HEADS)) {
        let Some(new) = existing(repo, update.new.as_ref())? else { continue };
        let specs = repo.subtree(&new, SPECS)?;
        if passed.contains(&specs) {
            continue;
        }
        let given = match &mut given {
            Some(given) => given,
            none => none.insert(Given::by(repo, &reader, &tip)?),
        };
        if given.covers(&new)? {
            passed.insert(specs);
            continue;
        }
        let mut findings = findings(repo, &reader, Some(&tip), &new, false)?;
        findings.retain(|finding| finding.code == Code::NumberOffMain);
        tell(&update.name, &findings, report);
    }
    Ok(())
}

/// The commit, if that is what it is.
fn existing(repo: &Repo, oid: Option<&Oid>) -> Result<Option<Oid>, GitError> {
    oid.map_or(Ok(None), |oid| repo.commit(oid.as_str()))
}

fn findings(
    repo: &Repo,
    reader: &Reader<'_>,
    base: Option<&Oid>,
    head: &Oid,
    is_main: bool,
) -> Result<Vec<Finding>, GitError> {
    let forks = base.map_or(Ok(Vec::new()), |base| repo.merge_bases(base, head))?;
    let case = Case {
        base,
        head,
        forks: &forks,
        is_main,
        // What a repository begins with is not judged file by file: it may be decades old.
        files: is_main && base.is_some(),
        require_settled: false,
        route: Route::of_pusher(),
    };
    Ok(judge(repo, reader, &case)?.findings)
}

fn tell(name: &str, findings: &[Finding], report: &mut Report) {
    // A key that is missing harms nobody else, and can be added any time.
    let is_refused =
        |finding: &&Finding| finding.severity == Severity::Error && finding.code != Code::KeyMissing;
    let refused: Vec<&Finding> = findings.iter().filter(is_refused).collect();
    for (at, finding) in refused.iter().take(SHOWN).enumerate() {
        let place = finding.place();
        let mut text = format!("{}: {place}: {}", finding.code, finding.message);
        let is_last = at + 1 == refused.len().min(SHOWN);
        if is_last {
            if refused.len() > SHOWN {
                // Writing to a String cannot fail.
                let _ = write!(text, "; and {} more", refused.len() - SHOWN);
            }
            let _ = write!(text, "; {name} was not updated");
        }
        let next = refused.get(at + 1).filter(|_| !is_last).and_then(|next| next.fix.as_ref());
        let hint = finding.fix.as_deref().filter(|fix| next.is_none_or(|next| next != fix));
        report.refuse(text, hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind() {
        let (a, zeros) = ("a".repeat(40), "0".repeat(64));
        let read = updates(format!("{a} {zeros} refs/heads/x\n{zeros} {a} refs/heads/main\n\n").as_bytes());
        let shown: Vec<_> =
            read.iter().map(|u| (u.old.is_some(), u.new.is_some(), u.name.as_str())).collect();
        assert_eq!(shown, [(true, false, "refs/heads/x"), (false, true, "refs/heads/main")]);
    }
}
