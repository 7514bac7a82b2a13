//! Which missions of the newest commit on main went past pre-commit and are not what it would have made of them.
//!
//! Only tells. Knows nothing about hooks and messages.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::branch::Standing;
use super::catch_up::{self, Reach, Wanted};
use super::snapshot::Reader;
use crate::env::{key, place};
use crate::git::{GitError, Oid, Repo};
use crate::mission::{MissionDir, SPECS};

/// Noted where there is no commit yet.
const NONE: &str = "none";
/// What a note that was read is overwritten with.
const FORGOTTEN: &str = "-";

/// Where pre-commit notes the commit that it found under the index it passed.
fn mark_path(repo: &Repo) -> PathBuf {
    repo.git_dir().join(place::HOME).join(place::PASSED)
}

/// Notes that pre-commit has passed what will be committed on top of `tip`. A note that cannot be written costs
/// time later, nothing else.
pub fn passed(repo: &Repo, tip: Option<&Oid>) {
    let path = mark_path(repo);
    let text = tip.map_or(NONE, Oid::as_str);
    let write = || write(&path, text);
    if write().is_err() && path.parent().is_some_and(|parent| fs::create_dir_all(parent).is_ok()) {
        let _ = write();
    }
}

/// Writes over what is there, which is mostly as long: to give back what a file took is what takes a disk long. A new note
/// may be written over by whoever may write where it lies.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = place::options().write(true).create(true).truncate(false).open(path)?;
    let before = file.metadata()?.len();
    file.write_all(text.as_bytes())?;
    let length = text.len() as u64;
    if before == 0 {
        place::share(path);
    } else if before > length {
        file.set_len(length)?;
    }
    Ok(())
}

/// The missions that HEAD's commit brought to main past pre-commit and that are not caught up. Forgets the note.
pub fn bypassed(repo: &Repo) -> Result<Vec<MissionDir>, GitError> {
    let path = mark_path(repo);
    let mark = fs::read_to_string(&path).ok();
    // What cannot be forgotten is gone.
    if let Some(mark) = &mark
        && write(&path, &FORGOTTEN.repeat(mark.len())).is_err()
    {
        let _ = fs::remove_file(&path);
    }
    let parent = repo.commit("HEAD^1")?;
    if mark.is_some_and(|mark| mark == parent.as_ref().map_or(NONE, Oid::as_str)) {
        return Ok(Vec::new());
    }
    let specs = |commit: Option<Oid>| match commit {
        Some(commit) => repo.subtree(&commit, SPECS),
        None => Ok(None),
    };
    let now = specs(repo.commit("HEAD")?)?;
    if now.is_none() || now == specs(parent.clone())? {
        return Ok(Vec::new());
    }
    let config = repo.settings()?;
    let standing = Standing::find(repo, &config)?;
    let off = config.get(key::SETTLE).is_some_and(|mode| mode.eq_ignore_ascii_case("off"));
    let Some(commit) = standing.head.tip().filter(|_| standing.on_main() && !off) else {
        return Ok(Vec::new());
    };
    let reader = Reader::new(repo);
    let before = parent.as_ref().map(|parent| reader.tree(parent)).transpose()?.unwrap_or_default();
    let after = reader.tree(commit)?;
    let (published, parent) = (standing.published_commit(), parent.as_ref());
    let wanted = Wanted { commit, published, parent, reach: Reach::Unpublished, repair: false };
    let plan = catch_up::plan(&reader, wanted)?;
    let changed = |dir: &MissionDir| match (before.files.get(dir), after.files.get(dir)) {
        (Some(before), Some(after)) => before.oid != after.oid,
        _ => true,
    };
    let refused = plan.refusals.into_iter().map(|refusal| refusal.dir);
    let mut dirs: Vec<MissionDir> =
        plan.rewrites.into_iter().map(|rewrite| rewrite.dir).chain(refused).filter(changed).collect();
    dirs.sort();
    Ok(dirs)
}
