//! A merge driver as git calls it: three files in, `%A` replaced or left alone, and whether a conflict is left.
//!
//! INVARIANT: `%A` changes only when a finished file takes its place. Knows no merge rule: those are `merge`'s.

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::OpError;
use super::log_files::LogFiles;
use crate::git::{Beside, merge_text};
use crate::merge::event_log::Rest;
use crate::merge::{self, Conflict, ConflictStyle, Kind, Sides, event_log};

/// What the name of a result has after that of `%A` until it is finished. The registered command line knows it too.
const BESIDE: &str = ".mission";

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
    let style =
        ConflictStyle::new(call.marker_size, call.labels.ours.as_deref(), call.labels.theirs.as_deref());
    let attempt = match call.kind {
        Kind::EventLog => logs(&call.files, &style)?,
        kind => whole(kind, &call.files, &style)?,
    };
    match attempt {
        Attempt::Ended(ending) => Ok(ending),
        Attempt::Refused(reason) => by_lines(call, &style, reason),
    }
}

/// What came of the rules.
enum Attempt {
    /// `%A` holds the result.
    Ended(Ending),
    /// They could not be applied, for this reason; `%A` is what it was.
    Refused(String),
}

/// Merges texts that are short enough to be held whole.
fn whole(kind: Kind, files: &Sides<PathBuf>, style: &ConflictStyle) -> Result<Attempt, OpError> {
    let texts = files.as_ref().try_map(|_, path| fs::read(path).map_err(OpError::file(path)))?;
    texts_in(kind, &texts, &files.ours, style)
}

fn texts_in(
    kind: Kind,
    texts: &Sides<Vec<u8>>,
    path: &Path,
    style: &ConflictStyle,
) -> Result<Attempt, OpError> {
    match merge::run(kind, &texts.as_ref().map(Vec::as_slice), style) {
        Ok(merged) => {
            replace(path, &merged.text)?;
            Ok(Attempt::Ended(ending(&merged.conflicts)))
        }
        Err(refusal) => Ok(Attempt::Refused(refusal.to_string())),
    }
}

fn logs(paths: &Sides<PathBuf>, style: &ConflictStyle) -> Result<Attempt, OpError> {
    let files = LogFiles::open(paths)?;
    if !files.can_be_read_again()? {
        return texts_in(Kind::EventLog, &files.whole()?, &paths.ours, style);
    }
    if let Some(ended) = logs_in_parts(files, paths, style)? {
        return Ok(ended);
    }
    // The shared beginning may end inside a hunk, and what is wrong is told by its place in the whole text.
    whole(Kind::EventLog, paths, style)
}

/// Merges logs without keeping three whole texts; `None` if that cannot be done.
fn logs_in_parts(
    files: LogFiles<'_>,
    paths: &Sides<PathBuf>,
    style: &ConflictStyle,
) -> Result<Option<Attempt>, OpError> {
    let (beside, mut file) = create_beside(&paths.ours, files.permissions())?;
    // Most rows stand as they are: they are written while they are read.
    if let Some(texts) = files.read(Some((&mut file, beside.path())))?
        && let Some(merged) = event_log::merge_behind(texts.beginning(), texts.shared(), &texts.rest(), style)
    {
        return finish_log(beside, file, &paths.ours, &merged).map(Some);
    }
    drop((file, beside));
    // Something new belongs between them.
    let files = LogFiles::open(paths)?;
    let permissions = files.permissions().clone();
    let Some(texts) = files.read(None)? else { return Ok(None) };
    let merged = match texts.rest() {
        Rest::Texts(rest) => event_log::merge_after(texts.shared(), &rest, style),
        Rest::Parts(parts) => event_log::merge_parts(texts.shared(), &parts, style),
    };
    let Ok(merged) = merged else { return Ok(None) };
    let (beside, file) = create_beside(&paths.ours, &permissions)?;
    finish_log(beside, file, &paths.ours, &merged).map(Some)
}

fn finish_log(
    beside: Beside,
    mut file: fs::File,
    path: &Path,
    merged: &event_log::Merged<'_>,
) -> Result<Attempt, OpError> {
    fill(&mut file, merged.pieces()).map_err(OpError::file(beside.path()))?;
    beside.put(file, path).map_err(OpError::file(path))?;
    Ok(Attempt::Ended(ending(&merged.conflicts)))
}

fn ending(conflicts: &[Conflict]) -> Ending {
    if conflicts.is_empty() {
        Ending::Merged
    } else {
        Ending::Conflict(conflicts.iter().map(|conflict| conflict.path.join(".")).collect())
    }
}

/// git's merge by lines. Always a conflict: nothing proves that what it takes for clean is right.
fn by_lines(call: &DriverCall, style: &ConflictStyle, reason: String) -> Result<Ending, OpError> {
    let labels = [
        call.labels.ours.as_deref().unwrap_or("ours"),
        call.labels.base.as_deref().unwrap_or("base"),
        call.labels.theirs.as_deref().unwrap_or("theirs"),
    ];
    let Sides { base, ours, theirs } = &call.files;
    for path in [base, ours, theirs] {
        // What was read once would be taken for empty.
        let metadata = fs::metadata(path).map_err(OpError::file(path))?;
        if !metadata.is_file() && path != Path::new("/dev/null") {
            let why = format!(
                "{reason}; to be merged by lines it has to be read again, and it is no regular file: \
                 write it into one first"
            );
            return Err(OpError::file(path)(io::Error::new(ErrorKind::InvalidInput, why)));
        }
    }
    let (text, _) = merge_text(ours, base, theirs, style.size(), labels)?;
    replace(ours, &text)?;
    Ok(Ending::ByLines(reason))
}

/// Writes a file beside `path`, whose permissions it keeps, and puts it in its place.
fn replace(path: &Path, text: &[u8]) -> Result<(), OpError> {
    let permissions = fs::metadata(path).map_err(OpError::file(path))?.permissions();
    let (beside, mut file) = create_beside(path, &permissions)?;
    file.write_all(text).map_err(OpError::file(beside.path()))?;
    beside.put(file, path).map_err(OpError::file(path))
}

fn fill<'a>(file: &mut fs::File, mut pieces: impl Iterator<Item = &'a [u8]> + Clone) -> io::Result<()> {
    // Pieces that are longer than the buffer are not copied into it.
    let bytes = pieces.clone().map(<[u8]>::len).sum::<usize>().min(1 << 14);
    let mut writer = BufWriter::with_capacity(bytes, file);
    pieces.try_for_each(|piece| writer.write_all(piece))?;
    writer.flush()
}

/// Creates the file that [`replace`] writes. Its name is known, so that the command line that git calls can remove it
/// when the program was killed; git gives every merge an `%A` of its own.
fn create_beside(path: &Path, permissions: &fs::Permissions) -> Result<(Beside, fs::File), OpError> {
    let mut name = path.as_os_str().to_owned();
    name.push(BESIDE);
    let name = PathBuf::from(name);
    match Beside::create(name.clone(), permissions) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(&name).map_err(OpError::file(&name))?;
            Beside::create(name.clone(), permissions)
        }
        created => created,
    }
    .map_err(OpError::file(name))
}
