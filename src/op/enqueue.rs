//! What the present commit has to say and the last one had not: artifact bodies, put into the queue.
//!
//! A reconcile, not a reaction: the `kitty-specs` tree that was handled last for this work tree and branch is
//! compared with the present one, so a commit that was never looked at is caught up by the next. Everything is read
//! from committed blobs; no link is followed. Knows nothing about servers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::branch::{Standing, push_remote};
use super::project::{NoProject, project_uuid};
use super::snapshot::{Reader, Snapshot};
use crate::clock::Instant;
use crate::dossier::{
    BodyUpload, DEFAULT_MAX_BYTES, Failure, Namespace, NamespaceFields, Outcome, Queued, Skip, check_content,
    check_path,
};
use crate::env::key;
use crate::git::{Config, Entry, GitError, Mode, Oid, Repo};
use crate::mission::settle::Claim;
use crate::mission::{Meta, MissionDir, SPECS, key as meta_key};
use crate::queue::{Enqueued, Handled, NewBody, Origin, Queue, QueueError};

/// The version of the list of expected artifacts where a repository has none.
const MANIFEST_VERSION: &str = "1";
/// Rows that each table of the queue may hold.
pub const CAPACITY: u64 = 100_000;

/// Why nothing could be queued.
#[derive(Debug)]
pub enum EnqueueError {
    /// git or the repository
    Git(GitError),
    /// The queue
    Queue(QueueError),
    /// The project has no identity yet
    Project(NoProject),
}

impl fmt::Display for EnqueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(f),
            Self::Queue(error) => error.fmt(f),
            Self::Project(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EnqueueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Git(error) => error.source(),
            Self::Queue(error) => error.source(),
            Self::Project(error) => error.source(),
        }
    }
}

impl From<GitError> for EnqueueError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

impl From<QueueError> for EnqueueError {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}

/// One artifact and what became of it.
#[derive(Debug, Clone)]
pub struct Handling {
    /// The mission
    pub dir: MissionDir,
    /// The path inside its directory
    pub artifact_path: String,
    /// What became of it
    pub outcome: Outcome,
    /// The hash of its content, if it was read
    pub content_hash: Option<String>,
}

/// One artifact that a tree holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// The mission
    pub dir: MissionDir,
    /// The path inside its directory
    pub path: String,
    /// Its mode
    pub mode: Mode,
    /// Its blob
    pub blob: Oid,
}

/// Queues what HEAD's tree says and the tree that was handled before did not, and records that it was handled.
///
/// With `all`, what the remote already holds is queued too.
pub fn reconcile(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    queue: &mut Queue,
    all: bool,
) -> Result<Vec<Handling>, EnqueueError> {
    let Some(tip) = standing.head.tip() else { return Ok(Vec::new()) };
    let worktree = repo.git_dir().to_string_lossy().into_owned();
    let reference = standing.head.branch();
    let specs = repo.subtree(tip, SPECS)?;
    let handled = match reference {
        Some(reference) => queue.handled(&worktree, reference)?,
        None => None,
    };
    let specs_text = specs.as_ref().map(ToString::to_string);
    let record = reference.map(|reference| Handled {
        worktree,
        reference: reference.to_owned(),
        tip: tip.to_string(),
        specs_tree: specs_text.clone(),
    });
    if let (Some(before), Some(record), false) = (&handled, &record, all)
        && before.specs_tree == record.specs_tree
    {
        if before.tip != record.tip {
            queue.set_handled(record)?;
        }
        return Ok(Vec::new());
    }

    let before = match (&handled, all) {
        (_, true) => None,
        (Some(handled), _) => handled.specs_tree.as_deref().and_then(Oid::parse),
        (None, _) => first_sight(repo, standing, tip)?,
    };
    let reader = Reader::new(repo);
    let missions = reader.tree(tip)?;
    let known = if all { BTreeSet::new() } else { held_by_remote(repo, config)? };
    let mut fresh = Vec::new();
    if let Some(specs) = &specs {
        for artifact in new_artifacts(repo, &reader, specs, before.as_ref())? {
            if !held(repo, &known, &artifact)? {
                fresh.push(artifact);
            }
        }
    }
    let handlings =
        if fresh.is_empty() { Vec::new() } else { enqueue(repo, config, standing, queue, &missions, fresh)? };
    if let Some(record) = &record {
        queue.set_handled(record)?;
    }
    Ok(handlings)
}

/// What a branch that was never looked at is compared with: its merge base with the published main, else nothing.
fn first_sight(repo: &Repo, standing: &Standing, tip: &Oid) -> Result<Option<Oid>, GitError> {
    let Some(published) = standing.published_commit() else { return Ok(None) };
    match repo.merge_base(published, tip)? {
        Some(base) => repo.subtree(&base, SPECS),
        None => Ok(None),
    }
}

/// The artifacts of `specs` that are not in `before`, by path and blob; all of a mission whose namespace changed.
fn new_artifacts(
    repo: &Repo,
    reader: &Reader<'_>,
    specs: &Oid,
    before: Option<&Oid>,
) -> Result<Vec<Artifact>, GitError> {
    let directories = |tree: &Oid| -> Result<BTreeMap<Vec<u8>, Entry>, GitError> {
        let entries = repo.tree(tree)?.into_iter().filter(|entry| entry.mode == Mode::TREE);
        Ok(entries.map(|entry| (entry.name.clone(), entry)).collect())
    };
    let old = before.map(directories).transpose()?.unwrap_or_default();
    let mut fresh = Vec::new();
    for (name, entry) in directories(specs)? {
        let Some(dir) = MissionDir::from_name(&name) else { continue };
        let known = match old.get(&name) {
            Some(old) if old.oid == entry.oid => continue,
            Some(old) => artifacts_of(repo, &dir, &old.oid)?,
            None => Vec::new(),
        };
        let renamed = match old.get(&name) {
            Some(old) => namespace_of(reader, &old.oid)? != namespace_of(reader, &entry.oid)?,
            None => false,
        };
        let known: BTreeSet<Artifact> = if renamed { BTreeSet::new() } else { known.into_iter().collect() };
        fresh.extend(
            artifacts_of(repo, &dir, &entry.oid)?.into_iter().filter(|artifact| !known.contains(artifact)),
        );
    }
    Ok(fresh)
}

/// The three values of a mission's namespace that its own `meta.json` decides.
fn namespace_of(reader: &Reader<'_>, directory: &Oid) -> Result<Option<[Option<String>; 3]>, GitError> {
    Ok(reader.directory(directory)?.map(|file| {
        let text = |key| file.meta()?.text(key).map(str::to_owned);
        [text(meta_key::MISSION_SLUG), text(meta_key::TARGET_BRANCH), text(meta_key::MISSION_TYPE)]
    }))
}

/// The files of a mission directory that lie on a surface that is sent.
pub fn artifacts_of(repo: &Repo, dir: &MissionDir, directory: &Oid) -> Result<Vec<Artifact>, GitError> {
    let files = repo.files_below(directory)?.into_iter();
    Ok(files
        .filter_map(|file| {
            let path = String::from_utf8(file.name).ok()?;
            let on_surface = !matches!(check_path(&path), Err(Skip::UnsupportedSurface));
            on_surface.then(|| Artifact { dir: dir.clone(), path, mode: file.mode, blob: file.oid })
        })
        .collect())
}

/// The `kitty-specs` trees that remote-tracking refs of the push remote hold: whoever pushed them has said it.
fn held_by_remote(repo: &Repo, config: &Config) -> Result<BTreeSet<Oid>, GitError> {
    let Some(remote) = push_remote(config) else { return Ok(BTreeSet::new()) };
    let mut trees = BTreeSet::new();
    for (_, tip) in repo.refs_below(&format!("refs/remotes/{remote}/"))? {
        trees.extend(repo.subtree(&tip, SPECS)?);
    }
    Ok(trees)
}

fn held(repo: &Repo, trees: &BTreeSet<Oid>, artifact: &Artifact) -> Result<bool, GitError> {
    let path = [artifact.dir.name(), b"/", artifact.path.as_bytes()].concat();
    for tree in trees {
        if repo.entry_at(tree, &path)?.is_some_and(|entry| entry.oid == artifact.blob) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn enqueue(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    queue: &mut Queue,
    missions: &Snapshot,
    artifacts: Vec<Artifact>,
) -> Result<Vec<Handling>, EnqueueError> {
    let project = project_uuid(repo, standing).map_err(EnqueueError::Project)?;
    let max_bytes = config.number(key::MAX_BODY_BYTES).unwrap_or(DEFAULT_MAX_BYTES);
    let capacity = config.number(key::QUEUE_CAPACITY).unwrap_or(CAPACITY);
    let namespaces = Namespaces::of(missions, &project);
    let mut handlings = Vec::new();
    let mut bodies = Vec::new();
    for artifact in artifacts {
        let read = namespaces.get(&artifact.dir).cloned().and_then(|namespace| {
            let text = text_of(repo, &artifact, max_bytes)?;
            Ok(BodyUpload::new(namespace, artifact.path.clone(), text))
        });
        let (outcome, content_hash) = match read {
            Ok(upload) => {
                bodies.push((
                    handlings.len(),
                    NewBody {
                        payload: upload.payload(),
                        blob_id: Some(artifact.blob.to_string()),
                        index_event_id: None,
                        origin: Origin::Tree,
                    },
                ));
                (Outcome::Queued(Queued::Enqueued), Some(upload.content_hash))
            }
            Err(outcome) => (outcome, None),
        };
        handlings.push(Handling { dir: artifact.dir, artifact_path: artifact.path, outcome, content_hash });
    }
    let (places, bodies): (Vec<usize>, Vec<NewBody>) = bodies.into_iter().unzip();
    for (place, enqueued) in
        places.into_iter().zip(queue.enqueue_bodies(&bodies, capacity, Instant::now())?)
    {
        handlings[place].outcome = match enqueued {
            Enqueued::New => Outcome::Queued(Queued::Enqueued),
            Enqueued::AlreadyInQueue => Outcome::Queued(Queued::AlreadyInQueue),
            Enqueued::QueueFull => Outcome::Failed(Failure::QueueFull),
            Enqueued::Refused(violation) => Outcome::Failed(Failure::Refused(violation.to_string())),
            Enqueued::Malformed(body) => Outcome::Failed(Failure::Refused(format!("malformed: {}", body.0))),
        };
    }
    Ok(handlings)
}

fn text_of(repo: &Repo, artifact: &Artifact, max_bytes: u64) -> Result<String, Outcome> {
    let unreadable = |error: GitError| Outcome::Failed(Failure::Read(error.to_string()));
    check_path(&artifact.path).map_err(Outcome::Skipped)?;
    if !artifact.mode.is_regular_file() {
        return Err(Outcome::Skipped(Skip::NotRegularFile));
    }
    let size = repo.blob_size(&artifact.blob).map_err(unreadable)?;
    if size > max_bytes {
        return Err(Outcome::Skipped(Skip::Oversized { size, limit: max_bytes }));
    }
    let bytes = repo.blob(&artifact.blob).map_err(unreadable)?;
    check_content(bytes, max_bytes).map_err(Outcome::Skipped)
}

/// The namespace of every mission of a tree, or why it has none. Two missions never share one: the oldest keeps it.
struct Namespaces(BTreeMap<MissionDir, Result<Namespace, Outcome>>);

impl Namespaces {
    fn of(missions: &Snapshot, project_uuid: &str) -> Self {
        let mut by_age: Vec<(&MissionDir, &Meta)> =
            missions.files.iter().filter_map(|(dir, file)| Some((dir, file.meta()?))).collect();
        by_age.sort_by_cached_key(|(dir, meta)| Claim::of((*dir).clone(), meta).seniority());
        let mut taken = BTreeSet::new();
        let mut namespaces = BTreeMap::new();
        for (dir, meta) in by_age {
            let text = |key| meta.text(key).unwrap_or_default().to_owned();
            let fields = NamespaceFields {
                project_uuid: project_uuid.to_owned(),
                mission_slug: text(meta_key::MISSION_SLUG),
                target_branch: text(meta_key::TARGET_BRANCH),
                mission_type: text(meta_key::MISSION_TYPE),
                manifest_version: MANIFEST_VERSION.to_owned(),
            };
            let namespace = match Namespace::try_from(fields) {
                Err(blank) => Err(Outcome::Failed(Failure::Read(format!(
                    "the meta.json says nothing under {}",
                    blank.0
                )))),
                Ok(namespace) if taken.insert(namespace.clone()) => Ok(namespace),
                Ok(_) => Err(Outcome::Skipped(Skip::NamespaceAmbiguous)),
            };
            namespaces.insert(dir.clone(), namespace);
        }
        Self(namespaces)
    }

    fn get(&self, dir: &MissionDir) -> Result<&Namespace, Outcome> {
        match self.0.get(dir) {
            Some(Ok(namespace)) => Ok(namespace),
            Some(Err(outcome)) => Err(outcome.clone()),
            None => Err(Outcome::Failed(Failure::Read("no readable meta.json beside it".to_owned()))),
        }
    }
}
