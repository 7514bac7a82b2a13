//! What was found out about artifacts at earlier commits: their size and hash, and the event that indexes them. A mission of
//! hundreds of artifacts is then not read, searched and judged as a whole again for each that a commit adds.
//!
//! One file a mission in `<common-dir>/mission/recalled/`, a line an artifact, which is only ever added to. INVARIANT: a line
//! is believed only where everything is the same that its answer depends on: the blob and its path, the mission and its
//! project, and the program that wrote it; and only a whole line, as its digest says. Nothing depends on a line being
//! there, and none is of use to anybody else.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::rc::Rc;

use crate::dossier::Namespace;
use crate::env::place;
use crate::git::{Oid, Repo};
use crate::id::{Sha256, sha256_hex};
use crate::mission::{Meta, MissionDir, key};

/// Lines of another form say nothing. To be raised with what is found out about an artifact: which are sent, and under which
/// id.
const FORM: &str = "2";
/// A longer file is begun anew.
const MAX_BYTES: u64 = 1 << 20;
/// Hexadecimal digits of a hash that tell one file or one set of circumstances from all others.
const DIGITS: usize = 32;
/// Hexadecimal digits of a hash that tell a line from one that was damaged.
const DIGEST: usize = 16;

/// One artifact that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The event that indexes it
    pub event_id: String,
    /// SHA-256 of its bytes
    pub content_hash: String,
    /// Bytes of it
    pub size_bytes: u64,
}

/// Where notes are kept, and by which program.
pub struct Recall<'r> {
    repo: &'r Repo,
    program: String,
    read: RefCell<HashMap<PathBuf, Rc<Notes>>>,
}

/// What is noted about one mission.
pub struct Notes {
    file: PathBuf,
    circumstances: String,
    /// By blob and path, as they stand in a line
    known: HashMap<String, Fact>,
    is_full: bool,
}

impl<'r> Recall<'r> {
    /// The notes of a repository; `None` where a program cannot be told from another.
    pub fn of(repo: &'r Repo) -> Option<Self> {
        let found = fs::metadata(std::env::current_exe().ok()?).ok()?;
        let program = format!("{} {:?}", found.len(), found.modified().ok()?);
        Some(Self { repo, program, read: RefCell::default() })
    }

    /// What is noted about the mission in `dir` of this project and namespace.
    pub fn notes(&self, dir: &MissionDir, meta: &Meta, namespace: &Namespace) -> Rc<Notes> {
        let home = self.repo.common_dir().join(place::HOME).join(place::RECALLED);
        let directory = dir.to_string();
        let text = |key| meta.text(key).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        let own = [FORM, version, &self.program, &directory, text(key::MISSION_ID), text(key::CREATED_AT)];
        let parts = own.into_iter().chain(namespace.values());
        let hash = parts
            .fold(Sha256::default(), |hash, part| hash.with(part.len().to_string()).with(":").with(part));
        let circumstances = hash.finish_hex()[..DIGITS].to_owned();
        let file = home.join(&sha256_hex(directory.as_bytes())[..DIGITS]);
        // Two trees of a mission mostly differ in nothing of that.
        if let Some(read) = self.read.borrow().get(&file).filter(|read| read.circumstances == circumstances) {
            return Rc::clone(read);
        }
        let is_full = fs::metadata(&file).is_ok_and(|found| found.len() > MAX_BYTES);
        let text = place::read(&file, MAX_BYTES).unwrap_or_default();
        let lines = text.split_inclusive('\n').filter(|line| line.starts_with(&circumstances));
        let known = lines.filter_map(|line| fact(whole(line)?.strip_prefix(&circumstances)?)).collect();
        let notes = Rc::new(Notes { file: file.clone(), circumstances, known, is_full });
        self.read.borrow_mut().insert(file, Rc::clone(&notes));
        notes
    }

    /// Adds what was found out. What cannot be written costs time later, nothing else.
    pub fn add<'f>(&self, notes: &Notes, facts: impl Iterator<Item = (&'f str, &'f str, Fact)>) {
        let mut text = String::new();
        for (path, blob, Fact { event_id, content_hash, size_bytes }) in facts {
            let circumstances = &notes.circumstances;
            if !path.contains(char::is_control) {
                let line = format!("{circumstances} {blob} {event_id} {content_hash} {size_bytes} {path}");
                text.extend([line.as_str(), " ", digest(&line).as_str(), "\n"]);
            }
        }
        let Some(directory) = notes.file.parent().filter(|_| !text.is_empty()) else { return };
        if !directory.is_dir() && self.repo.make_directory(directory).is_err() {
            return;
        }
        let mut options = place::options();
        let options = options.create(true).append(!notes.is_full).write(true).truncate(notes.is_full);
        let is_new = !notes.file.exists();
        let _ = options.open(&notes.file).and_then(|mut file| file.write_all(text.as_bytes()));
        if is_new {
            place::share(&notes.file);
        }
    }
}

impl Notes {
    /// What is noted about a blob at a path.
    pub fn get(&self, path: &str, blob: &Oid) -> Option<&Fact> {
        self.known.get([blob.as_str(), " ", path].concat().as_str())
    }
}

fn digest(line: &str) -> String {
    let mut digest = sha256_hex(line.as_bytes());
    digest.truncate(DIGEST);
    digest
}

/// The line without LF and the digest at its end, if that is its own.
fn whole(line: &str) -> Option<&str> {
    let (line, found) = line.strip_suffix('\n')?.rsplit_once(' ')?;
    (digest(line) == found).then_some(line)
}

/// Reads ` <blob> <event id> <hash> <size> <path>`, what stands after the circumstances.
fn fact(line: &str) -> Option<(String, Fact)> {
    const EVENT_ID: usize = 26;
    const HASH: usize = 64;
    let mut words = line.strip_prefix(' ')?.splitn(5, ' ');
    let mut word = || words.next();
    let (blob, event_id, content_hash) = (Oid::parse(word()?)?, word()?, word()?);
    let (size_bytes, path) = (word()?.parse().ok()?, word()?);
    let is_hex = content_hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let is_id =
        event_id.len() == EVENT_ID && event_id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (is_id && is_hex && content_hash.len() == HASH && !path.is_empty()).then(|| {
        let fact = Fact { event_id: event_id.to_owned(), content_hash: content_hash.to_owned(), size_bytes };
        ([blob.as_str(), " ", path].concat(), fact)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_damaged_is_not_believed() {
        let line = "c 1 01KQ a 12 research/a b.md";
        let written = format!("{line} {}\n", digest(line));
        assert_eq!(whole(&written), Some(line));
        for at in 0..written.len() {
            assert_eq!(whole(&written[..at]), None, "cut off at {at}");
            let mut damaged = written.clone();
            damaged.replace_range(at..=at, if written[at..].starts_with('x') { "y" } else { "x" });
            assert_eq!(whole(&damaged), None, "{damaged}");
        }
    }

    #[test]
    fn only_a_line_of_this_form_is_read() {
        let (blob, hash) = ("1".repeat(40), "a".repeat(64));
        let line = format!(" {blob} 01KQ47E80QJG8GTVGDCV67RW7M {hash} 12 research/a b.md");
        let (of, known) = fact(&line).expect("a fact");
        assert_eq!((of, known.size_bytes), (format!("{blob} research/a b.md"), 12));
        // Cut off anywhere before the path, or run into the next one.
        let start = line.len() - "research/a b.md".len();
        assert!((0..=start).all(|end| fact(&line[..end]).is_none()));
        for odd in [
            line.replace("12", "x"),
            line.replace(&hash, &hash[1..]),
            line.replace("01KQ", "01kq"),
            line[1..].to_owned(),
        ] {
            assert_eq!(fact(&odd), None, "{odd}");
        }
    }
}
