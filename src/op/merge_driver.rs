//! A merge driver as git calls it: three files in, `%A` replaced or left alone, and whether a conflict is left.
//!
//! INVARIANT: `%A` changes only by a rename of a finished file over it. Knows no merge rule: those are `merge`'s.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::OpError;
use crate::git::merge_text;
use crate::merge::{ConflictStyle, Sides, meta};

/// Which rules apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `meta.json`
    Meta,
}

impl Kind {
    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        (name == "meta").then_some(Self::Meta)
    }
}

/// What git handed over.
#[derive(Debug, Clone)]
pub struct DriverCall {
    /// Which rules apply
    pub kind: Kind,
    /// `%O %A %B`
    pub files: Sides<PathBuf>,
    /// `%L`
    pub marker_size: usize,
    /// `%S`, `%X`, `%Y`, where git gave them
    pub labels: Sides<Option<String>>,
}

/// How a merge ended. `%A` holds the result in every case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Everything was decided.
    Merged,
    /// These keys are left open, between markers.
    Conflict(Vec<String>),
    /// The rules could not be applied, for this reason; git's merge by lines was used instead.
    ByLines(String),
}

/// Merges.
pub fn run(call: &DriverCall) -> Result<Ending, OpError> {
    let texts = Sides {
        base: read(&call.files.base)?,
        ours: read(&call.files.ours)?,
        theirs: read(&call.files.theirs)?,
    };
    let texts = Sides { base: texts.base.as_slice(), ours: &texts.ours, theirs: &texts.theirs };
    let style =
        ConflictStyle::new(call.marker_size, call.labels.ours.as_deref(), call.labels.theirs.as_deref());
    let merged = match call.kind {
        Kind::Meta => meta::merge(&texts, &style),
    };
    let reason = match merged {
        Ok(merged) => {
            replace(&call.files.ours, merged.text.as_bytes())?;
            let open: Vec<String> = merged.conflicts.iter().map(|conflict| conflict.path.join(".")).collect();
            return Ok(if open.is_empty() { Ending::Merged } else { Ending::Conflict(open) });
        }
        Err(refusal) => refusal.to_string(),
    };
    if let Some(text) = texts.settled_by_equality() {
        replace(&call.files.ours, text)?;
        return Ok(Ending::Merged);
    }
    let labels = [
        call.labels.ours.as_deref().unwrap_or("ours"),
        call.labels.base.as_deref().unwrap_or("base"),
        call.labels.theirs.as_deref().unwrap_or("theirs"),
    ];
    let Sides { base, ours, theirs } = &call.files;
    let (text, _) = merge_text(ours, base, theirs, style.size(), labels)?;
    replace(&call.files.ours, &text)?;
    Ok(Ending::ByLines(reason))
}

fn read(path: &Path) -> Result<Vec<u8>, OpError> {
    fs::read(path).map_err(OpError::file(path))
}

/// Writes a file beside `path`, syncs it and renames it over `path`.
fn replace(path: &Path, text: &[u8]) -> Result<(), OpError> {
    let absolute = std::path::absolute(path).map_err(OpError::file(path))?;
    let directory = absolute.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".merge_mission_")
        .tempfile_in(directory)
        .map_err(OpError::file(directory))?;
    beside
        .write_all(text)
        .and_then(|()| beside.as_file().sync_all())
        .map_err(OpError::file(beside.path()))?;
    beside.persist(&absolute).map(drop).map_err(|error| OpError::File { path: absolute, source: error.error })
}
