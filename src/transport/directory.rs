//! A directory that is a server: bodies by their hash, events as JSON lines, acknowledged as any server does.
//!
//! For teams without a network and for trying things out. Knows nothing about where the payloads come from,
//! and writes nowhere but below its root.
//!
//! ```text
//! <root>/bodies/<content hash>/<key>.json    the nine fields, canonical
//! <root>/events.jsonl                        one event a line
//! ```

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::{Ack, EventAck, EventVerdict, Refusal, RetryCause, Server, Stored};
use crate::dossier::BodyUpload;
use crate::gate::{Context, Judged, validate};
use crate::id::Sha256;
use crate::json::{Limits, Value, canonical, parse};

const BODIES: &str = "bodies";
const EVENTS: &str = "events.jsonl";
/// Hexadecimal digits of a body's key.
const KEY_LENGTH: usize = 16;

/// A server in a directory.
#[derive(Debug, Clone)]
pub struct DirectoryServer {
    root: PathBuf,
}

impl DirectoryServer {
    /// The server in `root`. The directory is made at the first delivery; the one above it must be there, so
    /// that a disk that is not mounted is not taken for an empty server.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a body is stored, if its declared hash is that of its content.
    pub fn body_path(&self, upload: &BodyUpload) -> Option<PathBuf> {
        // INVARIANT: a hash that matches is 64 hexadecimal digits, so it names one directory below the root.
        upload.hash_matches().then(|| {
            let key = format!("{}.json", body_key(upload));
            self.root.join(BODIES).join(&upload.content_hash).join(key)
        })
    }
}

impl Server for DirectoryServer {
    fn push_body(&self, payload: &Value) -> Result<Ack, Refusal> {
        validate(payload, Context::BodySync).map_err(Refusal::Contract)?;
        let upload =
            BodyUpload::from_payload(payload).map_err(|error| Refusal::Permanent(error.to_string()))?;
        let path = self
            .body_path(&upload)
            .ok_or_else(|| Refusal::Permanent("content_hash is not the hash of content_body".to_owned()))?;
        let stored = self.store(&path, canonical(payload).as_bytes())?;
        Ok(Ack { stored, artifact_path: upload.artifact_path, content_hash: upload.content_hash })
    }

    fn push_events(&self, events: &[Judged<'_>]) -> Result<Vec<EventAck>, Refusal> {
        self.root_directory()?;
        let path = self.root.join(EVENTS);
        self.append(&path, events).map_err(|error| unreachable(&path, &error))
    }
}

impl DirectoryServer {
    /// The root may be a link: whoever named the server chose it.
    fn root_directory(&self) -> Result<(), Refusal> {
        if self.root.is_dir() { Ok(()) } else { real_directory(&self.root) }
    }

    fn store(&self, path: &Path, bytes: &[u8]) -> Result<Stored, Refusal> {
        let by_hash = path.parent().unwrap_or(&self.root);
        self.root_directory()?;
        real_directory(&self.root.join(BODIES))?;
        real_directory(by_hash)?;
        if let Some(stored) = compare(path, bytes)? {
            return Ok(stored);
        }
        let written = || -> io::Result<bool> {
            let mut file = readable_by_the_team().tempfile_in(by_hash)?;
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            match file.persist_noclobber(path) {
                Ok(_) => sync_directory(by_hash).map(|()| true),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                Err(error) => Err(error.error),
            }
        };
        if written().map_err(|error| unreachable(path, &error))? {
            return Ok(Stored::New);
        }
        // Another sender was faster; what it wrote is judged as if it had always been there.
        let gone = io::Error::from(io::ErrorKind::NotFound);
        compare(path, bytes)?.ok_or_else(|| unreachable(path, &gone))
    }

    /// Adds those events that are not there. Whole batches are written in one go and synced before anything
    /// is acknowledged; what a killed writer left of a line is cut off.
    fn append(&self, path: &Path, events: &[Judged<'_>]) -> io::Result<Vec<EventAck>> {
        if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
        file.lock()?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let rows = text[..whole].split(|b| *b == b'\n').filter(|row| !row.is_empty());
        let mut known: BTreeSet<String> = rows.filter_map(event_id).collect();
        let (mut added, mut acks) = (String::new(), Vec::with_capacity(events.len()));
        for event in events {
            let event_id = event_id(event.line().as_bytes())
                .ok_or_else(|| io::Error::other("an event without an id"))?;
            let verdict = if known.insert(event_id.clone()) {
                added.push_str(event.line());
                added.push('\n');
                EventVerdict::Success
            } else {
                EventVerdict::Duplicate
            };
            acks.push(EventAck { event_id, verdict });
        }
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::Start(whole as u64))?;
        file.write_all(added.as_bytes())?;
        file.sync_all()?;
        sync_directory(&self.root)?;
        Ok(acks)
    }
}

/// A text that was within the limits has three times as many bytes at most where all of it is written in ASCII.
const LINE: Limits = Limits { max_bytes: 3 * Limits::ROW.max_bytes, max_depth: Limits::ROW.max_depth };

/// What tells one artifact's body from another's of the same content.
fn body_key(upload: &BodyUpload) -> String {
    let mut hash = Sha256::default();
    for value in upload.namespace.values() {
        hash = hash.with(value).with([0]);
    }
    let mut key = hash.with(&upload.artifact_path).finish_hex();
    key.truncate(KEY_LENGTH);
    key
}

/// The id of the event in a line; `None` if it is not JSON.
fn event_id(line: &[u8]) -> Option<String> {
    let event = parse(line, LINE).ok()?;
    let id = event.as_object().and_then(|members| members.get("event_id")).and_then(Value::as_str);
    Some(id.unwrap_or_default().to_owned())
}

/// Whether the file is there with these bytes; `None` if it is not there.
fn compare(path: &Path, bytes: &[u8]) -> Result<Option<Stored>, Refusal> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreachable(path, &error)),
        Ok(metadata) if !metadata.is_file() => return Err(not_ours(path)),
        Ok(_) => {}
    }
    match std::fs::read(path) {
        Ok(there) if there == bytes => Ok(Some(Stored::AlreadyExists)),
        Ok(_) => Err(Refusal::Permanent(format!("{} holds something else", path.display()))),
        Err(error) => Err(unreachable(path, &error)),
    }
}

/// Makes a directory if it is not there. A link is never followed: it could lead out of the root.
fn real_directory(path: &Path) -> Result<(), Refusal> {
    match std::fs::create_dir(path) {
        Ok(()) => {
            let parent = path.parent().unwrap_or(path);
            return sync_directory(parent).map_err(|error| unreachable(parent, &error));
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unreachable(path, &error)),
    }
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(not_ours(path)),
        Err(error) => Err(unreachable(path, &error)),
    }
}

fn not_ours(path: &Path) -> Refusal {
    let detail = format!("{} is a link or no directory", path.display());
    Refusal::Retry { cause: RetryCause::Unreachable, detail, after: None }
}

fn unreachable(path: &Path, error: &io::Error) -> Refusal {
    let detail = format!("{}: {error}", path.display());
    Refusal::Retry { cause: RetryCause::Unreachable, detail, after: None }
}

/// Others of the team read what is stored, as far as the umask lets them.
fn readable_by_the_team<'a, 'b>() -> tempfile::Builder<'a, 'b> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".incoming-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Makes a new name outlast a power failure. Systems that cannot open directories do it by themselves.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}
