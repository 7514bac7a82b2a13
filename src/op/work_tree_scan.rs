//! The artifacts of the work tree, by hand: what lies there now, committed or not.
//!
//! Every file is hashed when it is found and again when it is read, so that one that changes meanwhile is skipped.
//! No link is followed, a file with a second name is not taken (its other name may lie anywhere), and neither is one of
//! another repository inside. What is queued leaves once a pushed tip says it. Knows nothing about the queue.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::enqueue::Fresh;
use super::telling::{Body, Handling, Teller, TreeView, namespaces};
use crate::dossier::{Failure, Outcome, Skip, check_content, check_path, content_hash};
use crate::event::{self, Dossier, MissionTree};
use crate::git::GitError;
use crate::json::{Limits, object};
use crate::mission::{Meta, MissionDir, SPECS};

/// One file that was found.
struct Found {
    path: String,
    place: PathBuf,
    judged: Result<String, Outcome>,
}

/// What the work tree holds, ready to be queued. Lists of expected artifacts are those of `head`.
pub fn scan(teller: &Teller<'_>, head: Option<&TreeView>) -> Result<Fresh, GitError> {
    let specs = teller.repo().top()?.join(SPECS);
    let mut missions = Vec::new();
    // Behind a link lies somebody else's.
    let found = if specs.is_symlink() { Ok(Vec::new()) } else { entries(&specs) };
    for (name, place, metadata) in found.unwrap_or_default() {
        if metadata.is_dir()
            && !is_repository(&place)
            && let Some(dir) = MissionDir::from_name(name.as_bytes())
        {
            missions.push((dir, meta(&place), place));
        }
    }
    let metas = missions.iter().filter_map(|(dir, meta, _)| Some((dir, meta.as_ref()?)));
    let namespaces = namespaces(metas, teller.project_uuid(), |kind| head?.manifest_version(kind));
    let mut fresh = Fresh::default();
    for (dir, meta, place) in &missions {
        let unreadable = || Outcome::Failed(Failure::Read("no readable meta.json beside it".to_owned()));
        let namespace = namespaces.get(dir).cloned().unwrap_or_else(|| Err(unreadable()));
        let mut found = Vec::new();
        walk(place, "", teller.max_bytes(), &mut found);
        for file in found {
            let taken = file.judged.and_then(|hash| {
                let text = read_again(&file.place, &hash, teller.max_bytes())?;
                Ok((hash, text, namespace.clone()?))
            });
            let (hash, text, namespace) = match taken {
                Ok(taken) => taken,
                Err(outcome) => {
                    fresh.skipped.push(Handling {
                        dir: dir.clone(),
                        artifact_path: file.path,
                        outcome,
                        content_hash: None,
                        index_event_id: None,
                    });
                    continue;
                }
            };
            let blob = teller.repo().blob_id(text.as_bytes())?;
            let body = Body {
                dir: dir.clone(),
                path: file.path,
                blob,
                content_hash: hash,
                size_bytes: text.len() as u64,
                namespace,
                index_event_id: None,
                text: Some(text),
            };
            index(teller, meta.as_ref(), body, &mut fresh);
        }
    }
    Ok(fresh)
}

/// Adds a body with the event that indexes it.
fn index(teller: &Teller<'_>, meta: Option<&Meta>, mut body: Body, fresh: &mut Fresh) {
    let fields = body.namespace.fields();
    let dossier = Dossier {
        namespace: object([
            ("project_uuid", fields.project_uuid.as_str().into()),
            ("mission_slug", fields.mission_slug.as_str().into()),
            ("target_branch", fields.target_branch.as_str().into()),
            ("mission_type", fields.mission_type.as_str().into()),
            ("manifest_version", fields.manifest_version.as_str().into()),
        ]),
        artifacts: vec![event::Artifact {
            path: body.path.clone(),
            blob: body.blob.to_string(),
            content_hash: body.content_hash.clone(),
            size_bytes: body.size_bytes,
        }],
        missing: Vec::new(),
    };
    let derived = meta.map(|meta| {
        event::derive(&MissionTree {
            project_uuid: teller.project_uuid(),
            directory: &body.dir.to_string(),
            meta,
            work_packages: &[],
            log: b"",
            dossier: Ok(&dossier),
        })
    });
    let statements = derived.map(|derived| derived.said).unwrap_or_default();
    if let Some(statement) = statements.into_iter().find(|statement| statement.artifact.is_some()) {
        body.index_event_id = Some(statement.event_id.clone());
        fresh.statements.push(statement);
    }
    fresh.bodies.push(body);
}

/// The entries of a directory by name; what is not UTF-8 is none of ours.
fn entries(directory: &Path) -> io::Result<Vec<(String, PathBuf, Metadata)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path(), entry.path().symlink_metadata()?));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Whether a directory is the top of a repository of its own, whose files are not this one's.
fn is_repository(directory: &Path) -> bool {
    directory.join(".git").symlink_metadata().is_ok()
}

fn walk(directory: &Path, prefix: &str, max_bytes: u64, found: &mut Vec<Found>) {
    for (name, place, metadata) in entries(directory).unwrap_or_default() {
        let path = format!("{prefix}{name}");
        if metadata.is_dir() && is_repository(&place) {
            found.push(Found { path, place, judged: Err(Outcome::Skipped(Skip::NotRegularFile)) });
            continue;
        }
        if metadata.is_dir() && check_path(&path).is_err() {
            walk(&place, &format!("{path}/"), max_bytes, found);
            continue;
        }
        let judged = check_path(&path)
            .map_err(Outcome::Skipped)
            .and_then(|()| read(&place, max_bytes))
            .and_then(|bytes| check_content(bytes, max_bytes).map_err(Outcome::Skipped))
            .map(|text| content_hash(text.as_bytes()));
        found.push(Found { path, place, judged });
    }
}

/// The bytes of a regular file that has this one name.
fn read(place: &Path, max_bytes: u64) -> Result<Vec<u8>, Outcome> {
    let failed = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => Outcome::Skipped(Skip::DeletedAfterScan),
        _ => Outcome::Failed(Failure::Read(error.to_string())),
    };
    let metadata = place.symlink_metadata().map_err(|error| failed(&error))?;
    if !metadata.is_file() || has_other_names(&metadata) {
        return Err(Outcome::Skipped(Skip::NotRegularFile));
    }
    if metadata.len() > max_bytes {
        return Err(Outcome::Skipped(Skip::Oversized { size: metadata.len(), limit: max_bytes }));
    }
    fs::read(place).map_err(|error| failed(&error))
}

/// Reads a file that was judged before; it must still be what it was.
fn read_again(place: &Path, hash: &str, max_bytes: u64) -> Result<String, Outcome> {
    let bytes = read(place, max_bytes)?;
    if content_hash(&bytes) != hash {
        return Err(Outcome::Skipped(Skip::ContentHashMismatch));
    }
    check_content(bytes, max_bytes).map_err(Outcome::Skipped)
}

fn meta(directory: &Path) -> Option<Meta> {
    let bytes = read(&directory.join("meta.json"), Limits::DOCUMENT.max_bytes as u64).ok()?;
    Meta::read(&bytes).ok()
}

#[cfg(unix)]
fn has_other_names(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    metadata.nlink() > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}
