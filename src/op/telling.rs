//! What trees say about missions: every mission directory read once, its statements derived, its artifacts judged.
//!
//! One reader for everything that asks "what does this commit say": the reconcile, what may leave, what nothing
//! says any more, what cannot be said and why. Reads committed blobs only. Knows nothing about the queue.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::recall::{Fact, Recall};
use super::snapshot::{EVENT_LOG, MetaFile, Reader};
use crate::dossier::{
    Failure, Namespace, NamespaceFields, Outcome, Skip, check_content, check_path, content_hash, find_secret,
};
use crate::event::{self, Derived, Dossier, Expected, MissionTree, Unsaid, WorkPackage};
use crate::git::{Entry, GitError, Mode, Oid, Repo};
use crate::id::MissionId;
use crate::identity::Manifest;
use crate::json::{Value, line_object, object};
use crate::mission::settle::Claim;
use crate::mission::{Meta, MissionDir, SPECS, key};

/// So many texts are kept, of at most so many bytes.
const MOST_TEXTS: usize = 64;
const LONGEST_TEXT: u64 = 16 << 10;
/// The largest log that is read, in bytes.
const MAX_LOG: u64 = 256 << 20;
/// Where a list of expected artifacts may lie, before the type of mission.
const MANIFEST_PLACES: [&str; 2] = ["", ".kittify/missions/"];

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
    /// The event that indexes it, if it is sent
    pub index_event_id: Option<String>,
}

/// One artifact of a tree that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The mission
    pub dir: MissionDir,
    /// The path inside its directory
    pub path: String,
    /// Its blob
    pub blob: Oid,
    /// The hash of its content
    pub content_hash: String,
    /// Bytes of it
    pub size_bytes: u64,
    /// Whose artifact it is
    pub namespace: Namespace,
    /// The event that indexes it
    pub index_event_id: Option<String>,
    /// Its text, where it is not in the repository
    pub text: Option<String>,
}

/// What one mission directory says.
#[derive(Debug, Clone, Default)]
pub struct MissionSays {
    /// Its events
    pub derived: Derived,
    /// What it sends
    pub bodies: Vec<Body>,
    /// What it does not send, with the blob
    pub skipped: Vec<(Oid, Handling)>,
}

/// Reads trees, each mission directory only once.
pub struct Teller<'r> {
    repo: &'r Repo,
    reader: Reader<'r>,
    project_uuid: String,
    max_bytes: u64,
    recall: Option<Recall<'r>>,
    judged: RefCell<HashMap<Oid, Rc<Judged>>>,
    /// Texts that were judged and are likely to be sent next
    texts: RefCell<HashMap<Oid, String>>,
    told: RefCell<HashMap<Key, Rc<MissionSays>>>,
    manifests: RefCell<HashMap<Oid, Option<Rc<Manifest>>>>,
}

/// Everything that what a mission directory says depends on.
type Key = (MissionDir, Oid, Option<Namespace>, Option<Oid>);
/// Hash and size of a content, or why it is not sent.
type Judged = Result<(String, u64), Skip>;

/// The missions of one tree.
pub struct TreeView {
    /// Their directories
    pub missions: BTreeMap<MissionDir, Oid>,
    files: BTreeMap<MissionDir, MetaFile>,
    namespaces: BTreeMap<MissionDir, Result<Namespace, Outcome>>,
    manifests: BTreeMap<String, (Oid, Rc<Manifest>)>,
}

impl<'r> Teller<'r> {
    /// A teller that has read nothing yet.
    pub fn new(repo: &'r Repo, project_uuid: String, max_bytes: u64) -> Self {
        Self {
            repo,
            reader: Reader::new(repo),
            project_uuid,
            max_bytes,
            recall: None,
            judged: RefCell::default(),
            texts: RefCell::default(),
            told: RefCell::default(),
            manifests: RefCell::default(),
        }
    }

    /// The same, which recalls what was found out about artifacts at earlier commits, and notes what it finds out. What it
    /// recalls has no payloads: [`Self::say_in_full`] gives them.
    #[must_use]
    pub fn recalling(self) -> Self {
        Self { recall: Recall::of(self.repo), ..self }
    }

    /// The project that all of it is about.
    pub fn project_uuid(&self) -> &str {
        &self.project_uuid
    }

    /// The repository that is read.
    pub fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// The largest artifact that is sent, in bytes.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// The missions of a commit.
    pub fn commit(&self, commit: &Oid) -> Result<TreeView, GitError> {
        let specs = self.repo.subtree(commit, SPECS)?;
        self.tree(specs.as_ref(), Some(commit))
    }

    /// The missions of a `kitty-specs` tree; the lists of expected artifacts are those of `root`, if it is known.
    pub fn tree(&self, specs: Option<&Oid>, root: Option<&Oid>) -> Result<TreeView, GitError> {
        let (mut missions, mut files) = (BTreeMap::new(), BTreeMap::new());
        let entries = specs.map(|specs| self.repo.tree(specs)).transpose()?.unwrap_or_default();
        for entry in entries.into_iter().filter(|entry| entry.mode == Mode::TREE) {
            let Some(dir) = MissionDir::from_name(&entry.name) else { continue };
            if let Some(file) = self.reader.directory(&entry.oid)? {
                files.insert(dir.clone(), file);
            }
            missions.insert(dir, entry.oid);
        }
        let mut manifests = BTreeMap::new();
        let types: BTreeSet<&str> =
            files.values().filter_map(|file| file.meta()?.text(key::MISSION_TYPE)).collect();
        for kind in types {
            if let Some(root) = root
                && let Some(found) = self.manifest(root, kind)?
            {
                manifests.insert(kind.to_owned(), found);
            }
        }
        let metas = files.iter().filter_map(|(dir, file)| Some((dir, file.meta()?)));
        let version = |kind: &str| manifests.get(kind).map(|(_, manifest)| manifest.version.clone());
        let namespaces = namespaces(metas, &self.project_uuid, version);
        Ok(TreeView { missions, files, namespaces, manifests })
    }

    /// The list of expected artifacts of a type of mission. One that cannot be read counts as none.
    fn manifest(&self, root: &Oid, kind: &str) -> Result<Option<(Oid, Rc<Manifest>)>, GitError> {
        let plain = !kind.contains(['/', '\\', '\0']) && kind != "." && kind != "..";
        for place in MANIFEST_PLACES.iter().filter(|_| plain) {
            let path = format!("{place}{kind}/{}", Manifest::FILE);
            let Some(entry) = self.repo.entry_at(root, path.as_bytes())? else { continue };
            if !entry.mode.is_regular_file() {
                continue;
            }
            let known = self.manifests.borrow().get(&entry.oid).cloned();
            let manifest = match known {
                Some(known) => known,
                None if self.repo.blob_size(&entry.oid)? > Manifest::MAX_BYTES => None,
                None => Manifest::parse(&self.repo.blob(&entry.oid)?).ok().map(Rc::new),
            };
            self.manifests.borrow_mut().insert(entry.oid.clone(), manifest.clone());
            return Ok(manifest.map(|manifest| (entry.oid, manifest)));
        }
        Ok(None)
    }

    /// What one mission of a tree says; nothing if it is not there.
    pub fn say(&self, view: &TreeView, dir: &MissionDir) -> Result<Rc<MissionSays>, GitError> {
        self.tell(view, dir, self.recall.as_ref())
    }

    /// The same, with all payloads.
    pub fn say_in_full(&self, view: &TreeView, dir: &MissionDir) -> Result<Rc<MissionSays>, GitError> {
        self.tell(view, dir, None)
    }

    fn tell(
        &self,
        view: &TreeView,
        dir: &MissionDir,
        recall: Option<&Recall<'_>>,
    ) -> Result<Rc<MissionSays>, GitError> {
        let Some(directory) = view.missions.get(dir) else { return Ok(Rc::default()) };
        let namespace = view.namespaces.get(dir).and_then(|namespace| namespace.as_ref().ok());
        let manifest = view.manifest_of(dir);
        let key = (dir.clone(), directory.clone(), namespace.cloned(), manifest.map(|(oid, _)| oid.clone()));
        if let Some(known) = self.told.borrow().get(&key)
            && (recall.is_some() || known.is_in_full())
        {
            return Ok(Rc::clone(known));
        }
        let says = Rc::new(self.read(view, dir, directory, recall)?);
        self.told.borrow_mut().insert(key, Rc::clone(&says));
        Ok(says)
    }

    fn read(
        &self,
        view: &TreeView,
        dir: &MissionDir,
        directory: &Oid,
        recall: Option<&Recall<'_>>,
    ) -> Result<MissionSays, GitError> {
        let files = self.repo.files_below(directory)?;
        let mut says = MissionSays::default();
        let namespace = view.namespace(dir);
        let notes = match (recall, view.meta(dir), &namespace) {
            (Some(recall), Some(meta), Ok(namespace)) => Some(recall.notes(dir, meta, namespace)),
            _ => None,
        };
        let known = |path: &str, blob: &Oid| {
            notes.as_ref()?.get(path, blob).filter(|fact| fact.size_bytes <= self.max_bytes)
        };
        let (mut artifacts, mut packages) = (Vec::new(), Vec::new());
        for file in &files {
            let Ok(path) = String::from_utf8(file.name.clone()) else { continue };
            let judged = self.judge(&path, file, known(&path, &file.oid));
            let readable = judged.is_ok();
            if let Some(package) = WorkPackage::read(&path, None) {
                packages.push(self.work_package(package, file, readable)?);
            }
            let outcome = match (judged, &namespace) {
                (Ok((content_hash, size_bytes)), Ok(_)) => {
                    let blob = file.oid.to_string();
                    artifacts.push(event::Artifact { path, blob, content_hash, size_bytes });
                    continue;
                }
                (Ok(_), Err(outcome)) => outcome.clone(),
                (Err(outcome), _) => outcome,
            };
            let handling = Handling {
                dir: dir.clone(),
                artifact_path: path,
                outcome,
                content_hash: None,
                index_event_id: None,
            };
            says.skipped.push((file.oid.clone(), handling));
        }
        let dossier = namespace.clone().map(|namespace| Dossier {
            namespace: namespace_value(&namespace),
            missing: missing(view.manifest_of(dir).map(|(_, manifest)| &**manifest), &files),
            artifacts,
        });
        let Some(meta) = view.files.get(dir).and_then(MetaFile::meta) else { return Ok(says) };
        let reason = dossier.as_ref().err().map(|outcome| outcome.reason().unwrap_or_default());
        let log = self.log(&files)?;
        let tree = MissionTree {
            project_uuid: &self.project_uuid,
            directory: &dir.to_string(),
            meta,
            work_packages: &packages,
            log: &log,
            dossier: dossier.as_ref().map_err(|_| reason.as_deref().unwrap_or_default()),
        };
        let event_of = |artifact: &event::Artifact| {
            let fact = known(&artifact.path, &Oid::parse(&artifact.blob)?)?;
            Some(fact.event_id.as_str())
        };
        says.derived = event::derive_but(&tree, &event_of);
        keep_secrets(&mut says.derived);
        if let (Some(recall), Some(notes), Ok(dossier)) = (recall, &notes, &dossier) {
            recall.add(notes, found_out(&says.derived, dossier));
        }
        if let (Ok(dossier), Ok(namespace)) = (dossier, namespace) {
            add_bodies(&mut says, dir, &dossier, &namespace, &files);
        }
        Ok(says)
    }

    /// Whether a file is sent, and if so the hash and size of its content.
    fn judge(&self, path: &str, file: &Entry, known: Option<&Fact>) -> Result<(String, u64), Outcome> {
        let unreadable = |error: GitError| Outcome::Failed(Failure::Read(error.to_string()));
        check_path(path).map_err(Outcome::Skipped)?;
        if !file.mode.is_regular_file() {
            return Err(Outcome::Skipped(Skip::NotRegularFile));
        }
        if let Some(fact) = known {
            return Ok((fact.content_hash.clone(), fact.size_bytes));
        }
        let known = self.judged.borrow().get(&file.oid).cloned();
        let judged = if let Some(known) = known {
            known
        } else {
            let size = self.repo.blob_size(&file.oid).map_err(unreadable)?;
            let judged = if size > self.max_bytes {
                Err(Skip::Oversized { size, limit: self.max_bytes })
            } else {
                let bytes = self.repo.blob(&file.oid).map_err(unreadable)?;
                check_content(bytes, self.max_bytes).map(|text| {
                    let hash = content_hash(text.as_bytes());
                    let mut texts = self.texts.borrow_mut();
                    if self.recall.is_some() && size <= LONGEST_TEXT && texts.len() < MOST_TEXTS {
                        texts.insert(file.oid.clone(), text);
                    }
                    (hash, size)
                })
            };
            let judged = Rc::new(judged);
            self.judged.borrow_mut().insert(file.oid.clone(), Rc::clone(&judged));
            judged
        };
        (*judged).clone().map_err(Outcome::Skipped)
    }

    /// The text of a body; what was judged was UTF-8.
    pub fn text(&self, body: &Body) -> Result<String, GitError> {
        if let Some(text) = &body.text {
            return Ok(text.clone());
        }
        if let Some(text) = self.texts.borrow_mut().remove(&body.blob) {
            return Ok(text);
        }
        self.repo.blob(&body.blob).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The same work package with its title, if its file may be read.
    fn work_package(&self, bare: WorkPackage, file: &Entry, readable: bool) -> Result<WorkPackage, GitError> {
        if !readable {
            return Ok(bare);
        }
        let text = String::from_utf8(self.repo.blob(&file.oid)?).ok();
        Ok(WorkPackage::read(&bare.path, text.as_deref()).unwrap_or(bare))
    }

    fn log(&self, files: &[Entry]) -> Result<Vec<u8>, GitError> {
        let log = files.iter().find(|file| file.name == EVENT_LOG.as_bytes() && file.mode.is_regular_file());
        match log {
            Some(log) if self.repo.blob_size(&log.oid)? <= MAX_LOG => self.repo.blob(&log.oid),
            _ => Ok(Vec::new()),
        }
    }
}

impl MissionSays {
    fn is_in_full(&self) -> bool {
        !self.derived.said.iter().any(|statement| statement.is_recalled)
    }
}

/// What is new to know about the artifacts of a mission: those that are said to be there.
fn found_out<'a>(
    derived: &'a Derived,
    dossier: &'a Dossier,
) -> impl Iterator<Item = (&'a str, &'a str, Fact)> {
    let by_path: HashMap<&str, &event::Artifact> =
        dossier.artifacts.iter().map(|artifact| (artifact.path.as_str(), artifact)).collect();
    derived.said.iter().filter(|statement| !statement.is_recalled).filter_map(move |statement| {
        let (path, blob) = statement.artifact.as_ref()?;
        let artifact = by_path.get(path.as_str()).filter(|artifact| artifact.blob == *blob)?;
        let fact = Fact {
            event_id: statement.event_id.clone(),
            content_hash: artifact.content_hash.clone(),
            size_bytes: artifact.size_bytes,
        };
        Some((path.as_str(), blob.as_str(), fact))
    })
}

impl TreeView {
    /// What the mission's `meta.json` says, if it can be read.
    pub fn meta(&self, dir: &MissionDir) -> Option<&Meta> {
        self.files.get(dir)?.meta()
    }

    /// The namespace of a mission, or why it has none.
    pub fn namespace(&self, dir: &MissionDir) -> Result<Namespace, Outcome> {
        match self.namespaces.get(dir) {
            Some(namespace) => namespace.clone(),
            None => Err(Outcome::Failed(Failure::Read("no readable meta.json beside it".to_owned()))),
        }
    }

    /// The version of the list of expected artifacts of a type of mission, if there is one.
    pub fn manifest_version(&self, mission_type: &str) -> Option<String> {
        self.manifests.get(mission_type).map(|(_, manifest)| manifest.version.clone())
    }

    /// What a mission says depends on this beside its directory.
    pub fn circumstances(&self, dir: &MissionDir) -> (Option<&Namespace>, Option<&Oid>) {
        let namespace = self.namespaces.get(dir).and_then(|namespace| namespace.as_ref().ok());
        (namespace, self.manifest_of(dir).map(|(oid, _)| oid))
    }

    fn manifest_of(&self, dir: &MissionDir) -> Option<&(Oid, Rc<Manifest>)> {
        self.manifests.get(self.meta(dir)?.text(key::MISSION_TYPE)?)
    }
}

/// The namespace of every mission, or why it has none. Two missions never share one: the oldest keeps it.
pub fn namespaces<'m>(
    metas: impl Iterator<Item = (&'m MissionDir, &'m Meta)>,
    project_uuid: &str,
    manifest_version: impl Fn(&str) -> Option<String>,
) -> BTreeMap<MissionDir, Result<Namespace, Outcome>> {
    /// The version of the list of expected artifacts where a repository has none.
    const DEFAULT_VERSION: &str = "1";
    let mut by_age: Vec<(&MissionDir, &Meta)> = metas.collect();
    by_age.sort_by_cached_key(|(dir, meta)| Claim::of((*dir).clone(), meta).seniority());
    let mut taken = BTreeSet::new();
    let mut namespaces = BTreeMap::new();
    for (dir, meta) in by_age {
        let text = |key| meta.text(key).unwrap_or_default().to_owned();
        let mission_type = text(key::MISSION_TYPE);
        let fields = NamespaceFields {
            project_uuid: project_uuid.to_owned(),
            mission_slug: text(key::MISSION_SLUG),
            target_branch: text(key::TARGET_BRANCH),
            manifest_version: manifest_version(&mission_type).unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
            mission_type,
        };
        let namespace = match Namespace::try_from(fields) {
            Err(blank) => {
                Err(Outcome::Failed(Failure::Read(format!("the meta.json says nothing under {}", blank.0))))
            }
            Ok(namespace) if taken.insert(namespace.clone()) => Ok(namespace),
            Ok(_) => Err(Outcome::Skipped(Skip::NamespaceAmbiguous)),
        };
        namespaces.insert(dir.clone(), namespace);
    }
    namespaces
}

/// The bodies of what is indexed. What cannot be indexed cannot be sent: a server takes no body that it does
/// not know the artifact of.
fn add_bodies(
    says: &mut MissionSays,
    dir: &MissionDir,
    dossier: &Dossier,
    namespace: &Namespace,
    files: &[Entry],
) {
    let index: HashMap<&str, &str> = says
        .derived
        .said
        .iter()
        .filter_map(|statement| Some((statement.artifact.as_ref()?.0.as_str(), statement.event_id.as_str())))
        .collect();
    for artifact in &dossier.artifacts {
        let blob = files.iter().find(|file| file.name == artifact.path.as_bytes()).map(|file| &file.oid);
        let Some(blob) = blob.cloned() else { continue };
        let content_hash = artifact.content_hash.clone();
        if let Some(index_event_id) = index.get(artifact.path.as_str()) {
            says.bodies.push(Body {
                dir: dir.clone(),
                path: artifact.path.clone(),
                blob,
                content_hash,
                size_bytes: artifact.size_bytes,
                namespace: namespace.clone(),
                index_event_id: Some((*index_event_id).to_owned()),
                text: None,
            });
        } else {
            let why = "it cannot be indexed; see: git mission sync diagnose".to_owned();
            let outcome = Outcome::Failed(Failure::Refused(why));
            let (dir, artifact_path) = (dir.clone(), artifact.path.clone());
            let content_hash = Some(content_hash);
            let handling = Handling { dir, artifact_path, outcome, content_hash, index_event_id: None };
            says.skipped.push((blob, handling));
        }
    }
}

/// Every file on a surface that is sent whose content is not, with its mission's id. Needs no project.
pub fn artifact_faults(
    repo: &Repo,
    commit: &Oid,
    max_bytes: u64,
) -> Result<Vec<(String, Option<MissionId>, Outcome)>, GitError> {
    let teller = Teller::new(repo, String::new(), max_bytes);
    let view = teller.commit(commit)?;
    let mut faults = Vec::new();
    for (dir, directory) in &view.missions {
        for file in repo.files_below(directory)? {
            let Ok(path) = std::str::from_utf8(&file.name) else { continue };
            match teller.judge(path, &file, None) {
                Ok(_) | Err(Outcome::Skipped(Skip::UnsupportedSurface)) => {}
                Err(outcome) => {
                    faults.push((format!("{dir}/{path}"), view.meta(dir).and_then(Meta::valid_id), outcome));
                }
            }
        }
    }
    Ok(faults)
}

fn namespace_value(namespace: &Namespace) -> Value {
    let fields = namespace.fields();
    object([
        ("project_uuid", fields.project_uuid.as_str().into()),
        ("mission_slug", fields.mission_slug.as_str().into()),
        ("target_branch", fields.target_branch.as_str().into()),
        ("mission_type", fields.mission_type.as_str().into()),
        ("manifest_version", fields.manifest_version.as_str().into()),
    ])
}

/// What a list expects and no regular file is.
fn missing(manifest: Option<&Manifest>, files: &[Entry]) -> Vec<Expected> {
    let paths: Vec<&str> = files
        .iter()
        .filter(|file| file.mode.is_regular_file())
        .filter_map(|file| std::str::from_utf8(&file.name).ok())
        .collect();
    let expected = manifest.map(|manifest| manifest.expected.as_slice()).unwrap_or_default();
    expected
        .iter()
        .filter(|expectation| !paths.iter().any(|path| expectation.matches(path)))
        .map(|expectation| Expected {
            path: expectation.path.clone(),
            class: expectation.class.clone(),
            step: expectation.step.clone(),
        })
        .collect()
}

/// A row of a log, or a title, may hold what an artifact may not.
fn keep_secrets(derived: &mut Derived) {
    let (said, unsaid) = (std::mem::take(&mut derived.said), &mut derived.unsaid);
    for statement in said {
        // What is recalled was looked through when it was made.
        if statement.is_recalled {
            derived.said.push(statement);
            continue;
        }
        match find_secret(&line_object(&statement.payload)) {
            None => derived.said.push(statement),
            Some(secret) => unsaid.push(Unsaid {
                event_id: Some(statement.event_id),
                kind: statement.kind,
                place: statement.aggregate_id,
                reason: format!("secret_suspected: {}", secret.rule),
            }),
        }
    }
}
