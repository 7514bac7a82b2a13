//! All missions of a commit or, without one, of the checkout: what the index holds, and what lies in the work tree
//! and is not in the index yet.
//!
//! Knows nothing about how they are shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use super::OpError;
use super::snapshot::{Content, EVENT_LOG, Reader};
use super::work_file::{Found, WorkFile};
use crate::event::lane_counts;
use crate::git::{IndexAt, Repo};
use crate::json::Limits;
use crate::mission::{MissionDir, SPECS};

/// Where the missions are listed from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A commit or tree
    Revision(&'a str),
    /// The index, and what the work tree adds to it
    Checkout,
}

/// Reads the missions, those that cannot be read included, in order of their directories.
pub fn list(repo: &Repo, source: Source<'_>) -> Result<BTreeMap<MissionDir, Rc<Content>>, OpError> {
    let reader = Reader::new(repo);
    match source {
        Source::Revision(revision) => {
            let tree = repo.object(&format!("{revision}^{{tree}}"))?;
            let tree = tree.ok_or_else(|| OpError::NoSuchRevision(revision.to_owned()))?;
            Ok(reader
                .tree(&tree)?
                .files
                .into_iter()
                .map(|(dir, file)| (dir, Rc::clone(file.content())))
                .collect())
        }
        Source::Checkout => {
            let specs = repo.top()?.join(SPECS);
            let mut missions = BTreeMap::new();
            for entry in repo.index_entries(&IndexAt::Current, &[SPECS.as_bytes()])? {
                if let Some(dir) = MissionDir::of_meta_path(&entry.path) {
                    missions.insert(dir, reader.content(entry.mode, &entry.oid)?);
                }
            }
            for (dir, content) in in_work_tree(&specs)? {
                missions.entry(dir).or_insert_with(|| Rc::new(content));
            }
            Ok(missions)
        }
    }
}

/// How many work packages stand in each lane, as the missions' logs tell. Missions without a log, and without a lane
/// in it, are left out.
pub fn lanes<'d>(
    repo: &Repo,
    source: Source<'_>,
    missions: impl Iterator<Item = &'d MissionDir>,
) -> Result<BTreeMap<MissionDir, Vec<(String, usize)>>, OpError> {
    let mut blobs = BTreeMap::new();
    let tree = match source {
        Source::Checkout => {
            for entry in repo.index_entries(&IndexAt::Current, &[SPECS.as_bytes()])? {
                blobs.insert(entry.path, entry.oid);
            }
            None
        }
        Source::Revision(revision) => {
            let tree = repo.object(&format!("{revision}^{{tree}}"))?;
            Some(tree.ok_or_else(|| OpError::NoSuchRevision(revision.to_owned()))?)
        }
    };
    let mut lanes = BTreeMap::new();
    for dir in missions {
        let path = dir.join(EVENT_LOG.as_bytes());
        let log = match &tree {
            Some(tree) => {
                let entry = repo.entry_at(tree, &path)?.filter(|entry| entry.mode.is_regular_file());
                entry.map(|entry| repo.blob(&entry.oid)).transpose()?
            }
            None => match in_checkout(repo, &path)? {
                Some(log) => Some(log),
                None => blobs.get(&path).map(|oid| repo.blob(oid)).transpose()?,
            },
        };
        let counts = log.as_deref().map(lane_counts).unwrap_or_default();
        if !counts.is_empty() {
            lanes.insert(dir.clone(), counts);
        }
    }
    Ok(lanes)
}

/// A file of the work tree, unless it is a link, lies behind one, or is not there.
fn in_checkout(repo: &Repo, path: &[u8]) -> Result<Option<Vec<u8>>, OpError> {
    match WorkFile::read(repo, path)? {
        Found::File(file) => Ok(Some(file.bytes().to_vec())),
        Found::Nothing | Found::Other => Ok(None),
    }
}

/// The missions that lie below `specs`, and not behind a link. Names that are not UTF-8 are left to the index.
fn in_work_tree(specs: &Path) -> Result<Vec<(MissionDir, Content)>, OpError> {
    if specs.is_symlink() {
        return Ok(Vec::new());
    }
    let is_directory = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let names = match fs::read_dir(specs) {
        Ok(entries) => {
            let directories = entries.flatten().filter(is_directory);
            directories.filter_map(|entry| entry.file_name().into_string().ok())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(OpError::file(specs)(error)),
    };
    let mut missions = Vec::new();
    for name in names {
        let path = specs.join(&name).join("meta.json");
        let (Some(dir), Ok(found)) = (MissionDir::from_name(name.as_bytes()), fs::symlink_metadata(&path))
        else {
            continue;
        };
        let content = if !found.is_file() {
            Content::NotRegular
        } else if found.len() > Limits::DOCUMENT.max_bytes as u64 {
            Content::read(&vec![b' '; Limits::DOCUMENT.max_bytes + 1])
        } else {
            Content::read(&fs::read(&path).map_err(OpError::file(&path))?)
        };
        missions.push((dir, content));
    }
    Ok(missions)
}
