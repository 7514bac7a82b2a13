//! A new mission: its directory, its `meta.json`, an empty specification.
//!
//! Writes below `kitty-specs/` only. Knows nothing about how it is asked for.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::OpError;
use super::names::Names;
use crate::clock::Instant;
use crate::git::{GitError, Head, IndexAt, IndexEntry, Mode, Repo};
use crate::id::MissionId;
use crate::json::{Object, Value};
use crate::mission::{Meta, MissionDir, SPECS, key, slug};

/// What the mission is to be.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The name that the slug is made of
    pub name: String,
    /// The kind of mission; `software-dev` if absent
    pub mission_type: Option<String>,
    /// The branch that its work goes to; main, or the current branch, if absent
    pub target_branch: Option<String>,
    /// The name for people; `name` if absent
    pub friendly_name: Option<String>,
    /// Whether its files are staged
    pub stage: bool,
}

/// What was made.
#[derive(Debug, Clone)]
pub struct Created {
    /// Its id
    pub id: MissionId,
    /// Its directory
    pub dir: MissionDir,
    /// What its `meta.json` says
    pub meta: Meta,
    /// Its files, relative to the top
    pub files: Vec<String>,
}

/// Makes the mission. On failure nothing of it is left.
pub fn create(repo: &Repo, wanted: &Wanted, main: Option<&str>) -> Result<Created, OpError> {
    let top = repo.top()?;
    let slug = slug::from_name(&wanted.name).ok_or_else(|| OpError::NoSlug(wanted.name.clone()))?;
    let friendly_name = one_line("--friendly-name", wanted.friendly_name.as_deref().unwrap_or(&wanted.name))?;
    let mission_type = one_line("--type", wanted.mission_type.as_deref().unwrap_or("software-dev"))?;
    let branch = match (&wanted.target_branch, main) {
        (Some(branch), _) => branch.clone(),
        (None, Some(main)) => main.to_owned(),
        (None, None) => current_branch(repo)?,
    };
    let target_branch = one_line("--target-branch", &branch)?;

    let now = Instant::now();
    let id = MissionId::mint(now);
    let name = Names::taken(repo)?.free(&slug, id);
    let dir = MissionDir::from_name(name.as_bytes()).ok_or_else(|| OpError::NoSlug(wanted.name.clone()))?;
    let members = Object::from([
        (key::CREATED_AT.to_owned(), now.to_iso().into()),
        (key::FRIENDLY_NAME.to_owned(), friendly_name.into()),
        (key::MISSION_ID.to_owned(), id.as_str().into()),
        (key::MISSION_NUMBER.to_owned(), Value::Null),
        (key::MISSION_SLUG.to_owned(), name.as_str().into()),
        (key::MISSION_TYPE.to_owned(), mission_type.into()),
        (key::SLUG.to_owned(), slug.as_str().into()),
        (key::TARGET_BRANCH.to_owned(), target_branch.into()),
    ]);
    // No legacy key is among them, so nothing can disagree.
    let meta = Meta::from_members(members).map_err(|_| OpError::NoSlug(wanted.name.clone()))?;
    let files = [
        ("meta.json", meta.to_canonical()),
        ("spec.md", format!("# {friendly_name}\n")),
        ("tasks/.gitkeep", String::new()),
    ];
    write_all(top, &name, &files)?;
    if wanted.stage {
        stage(repo, &dir, &files)?;
    }
    let files = files.iter().map(|(file, _)| format!("{SPECS}/{name}/{file}")).collect();
    Ok(Created { id, dir, meta, files })
}

fn one_line<'a>(option: &'static str, text: &'a str) -> Result<&'a str, OpError> {
    let text = text.trim();
    if text.is_empty() || text.contains(char::is_control) {
        Err(OpError::BadValue { option })
    } else {
        Ok(text)
    }
}

fn current_branch(repo: &Repo) -> Result<String, GitError> {
    Ok(match repo.head()? {
        Head::Branch(name, _) => name.trim_start_matches("refs/heads/").to_owned(),
        Head::Detached(_) => "main".to_owned(),
    })
}

/// Writes the files into a directory of their own beside the place, then renames it there.
fn write_all(top: &Path, name: &str, files: &[(&str, String)]) -> Result<(), OpError> {
    let specs = top.join(SPECS);
    let place = specs.join(name);
    match fs::symlink_metadata(&specs) {
        Ok(found) if !found.is_dir() => {
            return Err(OpError::File { path: specs, source: std::io::ErrorKind::NotADirectory.into() });
        }
        Ok(_) => {}
        Err(_) => fs::create_dir(&specs).map_err(OpError::file(&specs))?,
    }
    let beside =
        tempfile::Builder::new().prefix(".new-").tempdir_in(&specs).map_err(OpError::file(&specs))?;
    let inside = beside.path().join(name);
    for (file, text) in files {
        let path: PathBuf = inside.join(file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(OpError::file(parent))?;
        }
        let mut handle =
            fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(OpError::file(&path))?;
        handle.write_all(text.as_bytes()).map_err(OpError::file(&path))?;
    }
    fs::rename(&inside, &place).map_err(OpError::file(&place))
}

fn stage(repo: &Repo, dir: &MissionDir, files: &[(&str, String)]) -> Result<(), GitError> {
    let entries = files
        .iter()
        .map(|(file, text)| {
            Ok(IndexEntry {
                path: dir.join(file.as_bytes()),
                mode: Mode::FILE,
                oid: repo.write_blob(text.as_bytes())?,
            })
        })
        .collect::<Result<Vec<_>, GitError>>()?;
    repo.add_to_index(&IndexAt::Current, &entries)
}
