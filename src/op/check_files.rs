//! What a head adds to the contents of files: a `meta.json` that cannot be read or lacks what a new mission needs, a slug
//! that another mission has, a log that lost rows or gained lines that are none.
//!
//! Reads only what differs. Knows nothing about ids and numbers, and refuses nobody.

use std::collections::{BTreeSet, HashSet};

use super::check_trees::{Tree, Trees};
use super::shrink::put_back;
use super::snapshot::{Content, MetaFile};
use crate::git::{Entry, GitError, Oid, Repo};
use crate::id::MissionId;
use crate::merge::event_log::lost;
use crate::mission::audit::{Code, Finding, Seen, Severity, Subject, judge_alone, judge_log, path_of};
use crate::mission::{EVENT_LOGS, Meta, MissionDir};

/// The log whose rows need no `event_id`.
const WITHOUT_IDS: &str = "mission-events.jsonl";

/// All findings. `route` makes a command of what is to be done on the head's branch.
pub(super) fn findings(
    repo: &Repo,
    trees: &Trees,
    route: impl Fn(&str) -> String,
) -> Result<Vec<Finding>, GitError> {
    let comparison = Comparison { repo, trees };
    let mut findings = Vec::new();
    for (dir, tree) in trees.changed() {
        let entries = repo.tree(tree)?;
        findings.extend(comparison.of_meta(dir, &entries));
        findings.extend(comparison.of_slug(dir));
        comparison.of_logs(dir, &entries, &route, &mut findings)?;
    }
    Ok(findings)
}

/// A head beside what it came from.
struct Comparison<'a> {
    repo: &'a Repo,
    trees: &'a Trees,
}

impl<'a> Comparison<'a> {
    /// The directory of a mission in each fork: the same path, else where its id was and nothing is now.
    fn before(&self, dir: &MissionDir) -> Vec<Option<&'a Oid>> {
        let head = self.trees.head();
        let moved_from = |fork: Tree<'a>| {
            let (old, _) = fork.with_id(head.at(dir)?.id()?)?;
            if head.at(old).is_some() { None } else { fork.directory(old) }
        };
        self.trees.forks().map(|fork| fork.directory(dir).or_else(|| moved_from(fork))).collect()
    }

    /// The mission as the forks and the base have it, by its path or its id.
    fn known(&self, dir: &MissionDir) -> Vec<&'a MetaFile> {
        let id = self.trees.head().at(dir).and_then(MetaFile::id);
        let by_id = |tree: Tree<'a>| id.and_then(|id| tree.with_id(id)).map(|(_, file)| file);
        let trees = self.trees.forks().chain([self.trees.base()]);
        trees.filter_map(|tree| tree.at(dir).or_else(|| by_id(tree))).collect()
    }

    fn of_meta(&self, dir: &MissionDir, entries: &[Entry]) -> Vec<Finding> {
        let Some(file) = self.trees.head().at(dir) else {
            let is_mission = entries.iter().any(|entry| {
                entry.name == b"spec.md" || EVENT_LOGS.iter().any(|log| log.as_bytes() == entry.name)
            });
            let was_there = self.trees.forks().any(|fork| fork.at(dir).is_some());
            let is_news = was_there || self.before(dir).iter().all(Option::is_none);
            let subject = Subject { dir, seen: Seen::Missing, is_new: true };
            return if is_mission && is_news { judge_alone(&subject) } else { Vec::new() };
        };
        let known = self.known(dir);
        if known.iter().any(|known| known.oid == file.oid && known.mode == file.mode) {
            return Vec::new();
        }
        let content = file.content();
        let is_new = known.is_empty();
        let mut shown: BTreeSet<Code> = BTreeSet::new();
        for known in &known {
            let content = known.content();
            shown.extend(
                judge_alone(&Subject { dir, seen: content.seen(), is_new: false }).iter().map(|f| f.code),
            );
        }
        let lacks = |file: &MetaFile| file.meta().map(Meta::missing_keys).unwrap_or_default();
        let lacks_more = lacks(file).iter().any(|key| !known.iter().any(|known| lacks(known).contains(key)));
        let is_news = |finding: &Finding| match finding.code {
            Code::KeyMissing => is_new || lacks_more,
            code => !shown.contains(&code),
        };
        judge_alone(&Subject { dir, seen: content.seen(), is_new }).into_iter().filter(is_news).collect()
    }

    /// Another mission with the same `mission_slug`, unless this one had it before.
    fn of_slug(&self, dir: &MissionDir) -> Option<Finding> {
        let file = self.trees.head().at(dir)?;
        let slug = file.slug()?;
        if self.known(dir).iter().any(|known| known.slug() == Some(slug)) {
            return None;
        }
        let is_other = |(other_dir, other): &(&MissionDir, &MetaFile)| {
            *other_dir != dir && (other.id().is_none() || other.id() != file.id())
        };
        let has_left = |dir: &MissionDir| {
            self.trees.head().at(dir).is_none() && self.trees.forks().any(|fork| fork.at(dir).is_some())
        };
        let in_head = self.trees.head().with_slug(slug).into_iter().find(is_other);
        let in_base = || {
            let mut of_base = self.trees.base().with_slug(slug).into_iter();
            of_base.find(|other| is_other(other) && !has_left(other.0))
        };
        let (other, _) = in_head.or_else(in_base)?;
        let message = format!("mission_slug {slug:?} is also that of {other}");
        Some(Finding::new(Code::SlugDuplicate, message).at(path_of(dir)).of(file.id()))
    }

    fn of_logs(
        &self,
        dir: &MissionDir,
        entries: &[Entry],
        route: &impl Fn(&str) -> String,
        findings: &mut Vec<Finding>,
    ) -> Result<(), GitError> {
        let id = self.trees.head().at(dir).and_then(MetaFile::id);
        let directories = self.before(dir);
        for name in EVENT_LOGS {
            let Some(log) = entries.iter().find(|entry| entry.name == name.as_bytes()) else {
                continue;
            };
            let mut before: Vec<Entry> = Vec::new();
            for tree in directories.iter().flatten() {
                let entry = self.repo.tree(tree)?.into_iter().find(|entry| entry.name == name.as_bytes());
                before.extend(entry.filter(|entry| entry.mode.is_regular_file()));
            }
            if before.iter().any(|before| before.oid == log.oid) && before.len() == directories.len() {
                continue;
            }
            let path = dir.join(name.as_bytes());
            // A link in the log's place holds no row.
            let is_regular = log.mode.is_regular_file();
            let bytes = if is_regular { self.repo.blob(&log.oid)? } else { Vec::new() };
            let texts: Vec<(Oid, Vec<u8>)> = before
                .into_iter()
                .map(|entry| Ok((entry.oid.clone(), self.repo.blob(&entry.oid)?)))
                .collect::<Result<_, GitError>>()?;
            let gone = texts.iter().find_map(|(blob, text)| Some((blob, lost(text, &bytes)?)));
            if let Some((blob, lost)) = gone {
                // A row without an id is named by its content.
                let first: String = lost.first.chars().take(80).collect();
                let rows =
                    if lost.rows == 1 { "1 row is".to_owned() } else { format!("{} rows are", lost.rows) };
                let message = format!("{rows} gone, the first is {first}");
                let command =
                    format!("{} && git commit -m 'kitty-specs: rows put back'", put_back(&path, blob));
                let path = String::from_utf8_lossy(&path).into_owned();
                findings.push(
                    Finding::new(Code::EventLogShrunk, message).at(path).of(id).fixed_by(route(&command)),
                );
            }
            if is_regular {
                let texts: Vec<&[u8]> = texts.iter().map(|(_, text)| text.as_slice()).collect();
                findings.extend(new_faults(&path, name, &bytes, &texts, id));
            }
        }
        Ok(())
    }
}

/// What is wrong with a log and was not before: lines that are no rows, one by one; the rest by kind.
fn new_faults(path: &[u8], name: &str, log: &[u8], before: &[&[u8]], id: Option<MissionId>) -> Vec<Finding> {
    let mut faults = judge_log(log);
    if faults.is_empty() {
        return Vec::new();
    }
    let is_unreadable = |code: Code| code.severity() == Severity::Error;
    let lines: Vec<&[u8]> = log.split(|b| *b == b'\n').collect();
    let known_lines: HashSet<&[u8]> = before.iter().flat_map(|text| text.split(|b| *b == b'\n')).collect();
    let known: BTreeSet<Code> =
        before.iter().flat_map(|text| judge_log(text)).map(|fault| fault.code).collect();
    faults.retain(|fault| {
        if is_unreadable(fault.code) {
            lines.get(fault.position.0 - 1).is_some_and(|line| !known_lines.contains(line))
        } else {
            name != WITHOUT_IDS && !known.contains(&fault.code)
        }
    });
    let path = String::from_utf8_lossy(path);
    faults.into_iter().map(|fault| fault.finding(&path).of(id)).collect()
}

impl Content {
    /// As the audit sees it.
    pub(super) fn seen(&self) -> Seen<'_> {
        match self {
            Self::NotRegular => Seen::NotRegular,
            Self::Unreadable(error) => Seen::Unreadable(error),
            Self::Meta { meta, canonical } => Seen::Meta { meta, canonical: *canonical },
        }
    }
}
