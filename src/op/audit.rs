//! The missions and logs of a commit or of the checkout, read for judging.
//!
//! In the checkout the work-tree version counts, as git sees it; a file that a sparse checkout hides is read from
//! the index. Knows nothing about installation and queue, and mends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::OpError;
use super::branch::Standing;
use super::materialize::{DERIVED, snapshot};
use super::snapshot::{Content, EVENT_LOG, Reader};
use super::work_file::{Found, WorkFile};
use crate::event;
use crate::git::{GitError, IndexAt, IndexEntry, Mode, Oid, Repo};
use crate::id::MissionId;
use crate::mission::audit::{Code, Finding, Scene, Seen, Subject, judge_log, judge_missions};
use crate::mission::{Meta, MissionDir, SPECS};

/// Files that show that a directory is a mission, besides `meta.json`.
const SPEC: &[u8] = b"spec.md";
/// The logs whose rows are judged.
const LOGS: [&str; 2] = [EVENT_LOG, "decisions.events.jsonl"];

/// Which missions are judged.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Those of a commit or tree
    Revision(&'a str),
    /// Those of the checkout
    Checkout,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Audit {
    /// The findings: missions in the order of their directories, then logs
    pub findings: Vec<Finding>,
    /// How many missions there are, unreadable ones included
    pub missions: usize,
}

/// Reads and judges. `progress` is told how many missions of how many are done.
pub fn audit(
    repo: &Repo,
    standing: &Standing,
    source: Source<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Audit, OpError> {
    let reader = Reader::new(repo);
    let (seen, is_main, head) = match source {
        Source::Revision(revision) => {
            let tree = repo.object(&format!("{revision}^{{tree}}"))?;
            let tree = tree.ok_or_else(|| OpError::NoSuchRevision(revision.to_owned()))?;
            (of_tree(repo, &tree)?, names_main(repo, standing, revision)?, None)
        }
        Source::Checkout => (of_checkout(repo)?, standing.on_main(), standing.head.tip()),
    };
    let mut audit = Audit::default();
    let mut missions = Vec::new();
    let mut ids: BTreeMap<MissionDir, Option<MissionId>> = BTreeMap::new();
    for (done, (dir, files)) in seen.iter().enumerate() {
        progress(done, seen.len());
        let content = match &files.meta {
            Some(file) => Some(file.content(&reader)?),
            None => None,
        };
        if content.is_some() {
            audit.missions += 1;
        } else if !files.has_spec && files.logs.is_empty() {
            continue;
        }
        let id = content.as_deref().and_then(Content::meta).and_then(Meta::valid_id);
        ids.insert(dir.clone(), id);
        missions.push((dir, content));
    }
    let before = held_before(&reader, standing, head, matches!(source, Source::Checkout))?;
    let known = head.map(|head| reader.tree(head)).transpose()?;
    let subjects: Vec<Subject<'_>> = missions
        .iter()
        .map(|(dir, content)| Subject {
            dir,
            seen: seen_as(content.as_deref()),
            is_new: matches!(source, Source::Checkout)
                && known.as_ref().is_none_or(|known| !known.files.contains_key(dir)),
        })
        .collect();
    audit.findings = judge_missions(Scene { subjects: &subjects, is_main, before: &before });
    for (dir, files) in &seen {
        let id = ids.get(dir).copied().flatten();
        audit.findings.extend(stale(repo, &reader, dir, files)?.map(|finding| finding.of(id)));
        for (name, log) in &files.logs {
            if let Some(bytes) = log.bytes(repo)? {
                let path = format!("{dir}/{name}");
                audit.findings.extend(judge_log(&bytes).into_iter().map(|fault| fault.finding(&path).of(id)));
                if *name == EVENT_LOG {
                    audit.findings.extend(illegal_moves(&bytes, &path).map(|f| f.of(id)));
                }
            }
        }
    }
    progress(seen.len(), seen.len());
    Ok(audit)
}

/// The finding for a derived file that does not say what its log says. A log that cannot be read is named as such.
fn stale(
    repo: &Repo,
    reader: &Reader<'_>,
    dir: &MissionDir,
    files: &Files,
) -> Result<Option<Finding>, GitError> {
    let log = files.logs.iter().find(|(name, _)| *name == EVENT_LOG);
    let (Some(derived), Some((_, log))) = (&files.derived, log) else { return Ok(None) };
    let (Some(derived), Some(log)) = (derived.bytes(repo)?, log.bytes(repo)?) else { return Ok(None) };
    let content = files.meta.as_ref().map(|meta| meta.content(reader)).transpose()?;
    let Ok(snapshot) = snapshot(dir, &log, content.as_deref().and_then(Content::meta)) else {
        return Ok(None);
    };
    if snapshot.is_said_by(&derived) {
        return Ok(None);
    }
    let message = "does not say what the event log says";
    let name = dir.name_lossy();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let handle = if name.bytes().all(is_plain) { format!(" {name}") } else { String::new() };
    let finding = Finding::new(Code::DerivedStale, message).at(format!("{dir}/{DERIVED}"));
    Ok(Some(finding.fixed_by(format!("git mission materialize{handle}"))))
}

/// One finding for all moves of a log that are against the rules: they happened, and nobody is refused for them.
fn illegal_moves(log: &[u8], path: &str) -> Option<Finding> {
    let moves = event::illegal_moves(log);
    let first = moves.first()?;
    let from = first.from.as_deref().unwrap_or("nowhere");
    let more = if moves.len() > 1 { format!(" (and {} more)", moves.len() - 1) } else { String::new() };
    let message = format!("{} went from {from} to {} without force{more}", first.wp_id, first.to);
    Some(Finding::new(Code::LaneTransitionIllegal, message).at(path).position(Some((first.line, 1))))
}

fn seen_as(content: Option<&Content>) -> Seen<'_> {
    match content {
        None => Seen::Missing,
        Some(Content::NotRegular) => Seen::NotRegular,
        Some(Content::Unreadable(error)) => Seen::Unreadable(error),
        Some(Content::Meta { meta, canonical }) => Seen::Meta { meta, canonical: *canonical },
    }
}

/// Whether a revision is main: its commit is that of main, here or published.
fn names_main(repo: &Repo, standing: &Standing, revision: &str) -> Result<bool, GitError> {
    let Some(commit) = repo.commit(revision)? else { return Ok(false) };
    if standing.published_commit() == Some(&commit) {
        return Ok(true);
    }
    match standing.main_ref() {
        Some(main) => Ok(repo.commit(&main)? == Some(commit)),
        None => Ok(false),
    }
}

/// The ids that HEAD and the published main hold.
fn held_before(
    reader: &Reader<'_>,
    standing: &Standing,
    head: Option<&Oid>,
    in_checkout: bool,
) -> Result<Vec<BTreeMap<MissionDir, MissionId>>, GitError> {
    let published = standing.published_commit().filter(|_| in_checkout);
    let commits: BTreeSet<&Oid> = head.into_iter().chain(published).collect();
    commits
        .into_iter()
        .map(|commit| {
            let files = reader.tree(commit)?.files;
            Ok(files.into_iter().filter_map(|(dir, file)| Some((dir, file.meta()?.valid_id()?))).collect())
        })
        .collect()
}

/// What lies in one mission directory, as far as it is judged.
#[derive(Default)]
struct Files {
    meta: Option<File>,
    has_spec: bool,
    logs: Vec<(&'static str, File)>,
    derived: Option<File>,
}

impl Files {
    /// Takes note of a file, if it is one of those.
    fn add(
        &mut self,
        inside: &[u8],
        file: impl FnOnce() -> Result<Option<File>, GitError>,
    ) -> Result<(), GitError> {
        if inside == SPEC {
            self.has_spec = file()?.is_some();
        } else if inside == b"meta.json" {
            self.meta = file()?;
        } else if let Some(name) = LOGS.into_iter().find(|name| name.as_bytes() == inside) {
            self.logs.extend(file()?.map(|file| (name, file)));
        } else if inside == DERIVED.as_bytes() {
            self.derived = file()?;
        } else if inside.starts_with(b"meta.json/") {
            self.meta = Some(File::Other);
        }
        Ok(())
    }
}

/// A file and where its bytes are.
enum File {
    /// In the object database
    Blob(Mode, Oid),
    /// Read from the work tree
    Text(Vec<u8>),
    /// A link or a directory
    Other,
}

impl File {
    fn content(&self, reader: &Reader<'_>) -> Result<Rc<Content>, GitError> {
        match self {
            Self::Blob(mode, oid) => reader.content(*mode, oid),
            Self::Text(bytes) => Ok(Rc::new(Content::read(bytes))),
            Self::Other => Ok(Rc::new(Content::NotRegular)),
        }
    }

    fn bytes(&self, repo: &Repo) -> Result<Option<Vec<u8>>, GitError> {
        match self {
            Self::Blob(mode, oid) if mode.is_regular_file() => repo.blob(oid).map(Some),
            Self::Text(bytes) => Ok(Some(bytes.clone())),
            Self::Blob(..) | Self::Other => Ok(None),
        }
    }
}

type ByMission = BTreeMap<MissionDir, Files>;

fn of_tree(repo: &Repo, tree: &Oid) -> Result<ByMission, GitError> {
    let mut missions = ByMission::new();
    let Some(specs) = repo.subtree(tree, SPECS)? else { return Ok(missions) };
    for directory in repo.tree(&specs)? {
        let Some(dir) = MissionDir::from_name(&directory.name).filter(|_| directory.mode == Mode::TREE)
        else {
            continue;
        };
        let mut files = Files::default();
        for entry in repo.tree(&directory.oid)? {
            files.add(&entry.name, || Ok(Some(File::Blob(entry.mode, entry.oid.clone()))))?;
        }
        missions.insert(dir, files);
    }
    Ok(missions)
}

fn of_checkout(repo: &Repo) -> Result<ByMission, GitError> {
    repo.top()?;
    let modified = repo.modified_paths(SPECS)?;
    let mut missions = ByMission::new();
    for IndexEntry { path, mode, oid } in repo.index_entries(&IndexAt::Current, &[SPECS.as_bytes()])? {
        let Some((dir, inside)) = MissionDir::containing(&path) else { continue };
        if modified.contains(&path) {
            continue;
        }
        missions.entry(dir).or_default().add(inside, || Ok(Some(File::Blob(mode, oid))))?;
    }
    let elsewhere = repo.unmerged_paths(SPECS)?.into_iter().chain(repo.untracked_paths(SPECS)?);
    let in_work_tree: BTreeSet<Vec<u8>> = modified.into_iter().chain(elsewhere).collect();
    for path in &in_work_tree {
        if let Some((dir, inside)) = MissionDir::containing(path) {
            let read = || {
                Ok(match WorkFile::read(repo, path)? {
                    Found::File(file) => Some(File::Text(with_plain_line_ends(file.bytes()))),
                    Found::Other => Some(File::Other),
                    Found::Nothing => None,
                })
            };
            missions.entry(dir).or_default().add(inside, read)?;
        }
    }
    Ok(missions)
}

/// Line ends are git's business: what is committed of this file may have others than the work tree.
fn with_plain_line_ends(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    plain
}
