//! The missions of one tree: every `kitty-specs/<name>/meta.json`, read once.
//!
//! Knows nothing about which tree it is or what is wrong with a mission.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::ops::{Deref, Range};
use std::rc::Rc;

use crate::git::{GitError, IndexAt, KnownDirectories, Mode, Oid, OidMap, OidSet, Repo};
use crate::id::MissionId;
use crate::json::{Limits, Object, Value, parse_object};
use crate::mission::legacy::{FirstEvent, id_seed};
use crate::mission::settle::Claim;
use crate::mission::{DirMap, Glance, Meta, MetaError, MissionDir, SPECS, key};

/// The file that makes a directory a mission.
const META: &[u8] = b"meta.json";
/// The file that the first event of a mission stands in.
pub(super) const EVENT_LOG: &str = "status.events.jsonl";

/// One `meta.json` as it stands in a tree or the index.
#[derive(Debug, Clone)]
pub struct MetaFile {
    /// Its mode
    pub mode: Mode,
    /// Its blob
    pub oid: Oid,
    text: Rc<Text>,
}

/// What stands in a file. What settlement asks of every mission is read at once, the rest when somebody asks: of
/// thousands of missions a commit touches a few.
#[derive(Debug)]
struct Text {
    /// `None` for what is no regular file
    bytes: Option<Bytes>,
    seen: Seen,
    content: OnceCell<Rc<Content>>,
}

/// The bytes of a text, which may share memory with others: a thousand small texts are sooner put side by side.
#[derive(Debug)]
struct Bytes {
    memory: Rc<Vec<u8>>,
    range: Range<usize>,
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.range.clone()]
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self { range: 0..bytes.len(), memory: Rc::new(bytes) }
    }
}

/// Most texts are shorter.
const USUAL_LENGTH: usize = 768;

/// What is seen of a text when it is read.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// What settlement asks of it, if it can be read
    facts: Option<Glance>,
    /// Whether it is canonical, so plainly that this was seen
    is_plain: bool,
    /// Where its `mission_slug` stands, if it is plain and has one
    slug: Option<Range<usize>>,
}

fn seen(bytes: &[u8]) -> Seen {
    match Glance::and_slug(bytes) {
        Some((facts, slug)) => Seen { facts: Some(facts), is_plain: true, slug },
        None => Seen { facts: Glance::in_full(bytes), ..Seen::default() },
    }
}

impl Text {
    fn new(bytes: Option<Vec<u8>>) -> Self {
        let seen = bytes.as_deref().map(seen).unwrap_or_default();
        Self::seen(bytes.map(Bytes::from), seen)
    }

    fn seen(bytes: Option<Bytes>, seen: Seen) -> Self {
        Self { bytes, seen, content: OnceCell::new() }
    }

    fn content(&self) -> &Rc<Content> {
        self.content.get_or_init(|| {
            Rc::new(self.bytes.as_ref().map_or(Content::NotRegular, |bytes| Content::read(bytes)))
        })
    }
}

/// What a `meta.json` says.
#[derive(Debug, Clone)]
pub enum Content {
    /// It can be read without loss; `canonical` tells whether its bytes are the canonical ones.
    Meta {
        /// What it says
        meta: Meta,
        /// Whether the bytes are the canonical form of that
        canonical: bool,
    },
    /// It cannot.
    Unreadable(MetaError),
    /// It is a link, a directory or a submodule.
    NotRegular,
}

impl Content {
    /// Reads the bytes of a regular file.
    pub fn read(bytes: &[u8]) -> Self {
        match Meta::read(bytes) {
            Ok(meta) => Self::Meta { canonical: meta.to_canonical().as_bytes() == bytes, meta },
            Err(error) => Self::Unreadable(error),
        }
    }

    /// What it says, if that can be read.
    pub fn meta(&self) -> Option<&Meta> {
        match self {
            Self::Meta { meta, .. } => Some(meta),
            _ => None,
        }
    }
}

impl MetaFile {
    /// What it says.
    pub fn content(&self) -> &Rc<Content> {
        self.text.content()
    }

    /// What it says, if that can be read.
    pub fn meta(&self) -> Option<&Meta> {
        self.text.seen.facts.and_then(|_| self.content().meta())
    }

    /// What settlement asks of it, if it can be read.
    pub fn glance(&self) -> Option<Glance> {
        self.text.seen.facts
    }

    /// Whether it is canonical, so plainly that nobody has to look further.
    pub fn is_plain(&self) -> bool {
        self.text.seen.is_plain
    }

    /// Its id, if it can be read and has a valid one.
    pub fn id(&self) -> Option<MissionId> {
        self.text.seen.facts?.id
    }

    /// Its number, if it can be read and has a valid one.
    pub fn number(&self) -> Option<u64> {
        self.text.seen.facts?.number
    }

    /// What can only be its `mission_slug`, if it has one: asked of thousands, of which a few are then read.
    pub fn likely_slug(&self) -> Option<Cow<'_, str>> {
        const NAME: &str = "_slug\"";
        let bytes = self.text.bytes.as_deref()?;
        if self.is_plain() {
            return Some(String::from_utf8_lossy(&bytes[self.text.seen.slug.clone()?]));
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let mut names = text.match_indices(NAME);
        match (names.next(), names.next()) {
            (None, _) => None,
            (Some((at, _)), None) if !text.contains('\\') => {
                let rest = text[at + NAME.len()..].trim_start().strip_prefix(':')?.trim_start();
                rest.strip_prefix('"')?.split('"').next().map(Cow::Borrowed)
            }
            _ => self.slug().map(Cow::Borrowed),
        }
    }

    /// Its `mission_slug`, if it can be read and has one.
    pub fn slug(&self) -> Option<&str> {
        self.meta()?.text(key::MISSION_SLUG)
    }

    /// What it says about the number of the mission in `dir`, if it can be read.
    pub fn claim(&self, dir: &MissionDir) -> Option<Claim> {
        let Glance { id, number, created_at, .. } = self.text.seen.facts?;
        Some(Claim { dir: dir.clone(), id, number, created_at })
    }
}

/// All missions of one tree.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// By directory
    pub files: DirMap<MetaFile>,
}

impl Snapshot {
    /// What the readable ones say about numbers.
    pub fn claims(&self) -> Vec<Claim> {
        self.files.iter().filter_map(|(dir, file)| file.claim(dir)).collect()
    }

    /// What the mission in `dir` says, if it is there and can be read.
    pub fn meta(&self, dir: &MissionDir) -> Option<&Meta> {
        self.files.get(dir)?.meta()
    }
}

/// Reads snapshots, each blob only once: trees of one repository share most of them.
pub struct Reader<'r> {
    repo: &'r Repo,
    texts: RefCell<OidMap<Oid, Rc<Text>>>,
    directories: RefCell<OidMap<Oid, Option<(Mode, Oid)>>>,
    index: Option<KnownDirectories>,
    met_unreadable: Cell<bool>,
}

impl<'r> Reader<'r> {
    /// A reader with nothing read yet.
    pub fn new(repo: &'r Repo) -> Self {
        Self {
            repo,
            texts: RefCell::default(),
            directories: RefCell::default(),
            index: None,
            met_unreadable: Cell::new(false),
        }
    }

    /// The same, told which files the mission directories hold that the current index knows: they are read from no
    /// tree.
    pub fn beside_index(repo: &'r Repo) -> Self {
        Self { index: repo.known_directories(&IndexAt::Current, SPECS), ..Self::new(repo) }
    }

    /// The missions of a commit or tree, but for those whose file was not fetched into a partial clone: as if
    /// their last commits had not been fetched either. For what is published; never for what is committed.
    pub fn tree_as_fetched(&self, treeish: &Oid) -> Result<Snapshot, GitError> {
        self.read_tree(treeish, |read| match read {
            Err(GitError::Missing(_)) => Ok(None),
            other => other,
        })
    }

    /// The missions of a commit or tree.
    pub fn tree(&self, treeish: &Oid) -> Result<Snapshot, GitError> {
        self.read_tree(treeish, |read| read)
    }

    fn read_tree(
        &self,
        treeish: &Oid,
        heed: impl Fn(Result<Option<MetaFile>, GitError>) -> Result<Option<MetaFile>, GitError>,
    ) -> Result<Snapshot, GitError> {
        let Some(specs) = self.repo.subtree(treeish, SPECS)? else { return Ok(Snapshot::default()) };
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        let known = self.index.as_ref().map(KnownDirectories::trees);
        for entry in self.repo.whole_tree(&specs)?.entries().filter(|entry| entry.mode == Mode::TREE) {
            let Some(dir) = MissionDir::from_name(entry.name) else { continue };
            let file = known.as_ref().and_then(|known| known.file(entry, META));
            if file.is_none() {
                unknown.extend(entry.oid().map(|directory| (found.len(), directory)));
            }
            found.push((dir, Ok(file)));
        }
        self.directories_ahead(unknown.iter().map(|(_, directory)| directory));
        for (place, directory) in unknown {
            found[place].1 = self.meta_of_directory(&directory);
        }
        self.texts_ahead(found.iter().filter_map(|(_, file)| file.as_ref().ok()?.as_ref()));
        // Nearly in the map's order, which makes it in one go.
        let mut files = Vec::with_capacity(found.len());
        for (dir, file) in found {
            let file = match file {
                Ok(None) => continue,
                Ok(Some((mode, oid))) => self.file(mode, oid).map(Some),
                Err(error) => Err(error),
            };
            if let Some(file) = heed(file)? {
                files.push((dir, file));
            }
        }
        Ok(Snapshot { files: files.into_iter().collect() })
    }

    /// Reads the `meta.json` of these mission directories, several at a time, for whoever asks for each with
    /// [`Self::directory`].
    pub fn look_ahead<'t>(&self, directories: impl Iterator<Item = &'t Oid> + Clone) {
        self.directories_ahead(directories.clone());
        let known = self.directories.borrow();
        self.texts_ahead(directories.filter_map(|directory| known.get(directory)?.as_ref()));
    }

    /// Finds the `meta.json` of these mission directories. Those that cannot be read so are left to
    /// [`Self::meta_of_directory`].
    fn directories_ahead<'t>(&self, directories: impl Iterator<Item = &'t Oid>) {
        let mut known = self.directories.borrow_mut();
        let unknown: Vec<Oid> = directories.filter(|tree| !known.contains_key(*tree)).cloned().collect();
        let found = self.repo.entries_in(&unknown, META);
        known.extend(found.into_iter().map(|(place, entry)| (unknown[place].clone(), entry)));
    }

    /// Reads the texts of these files that were not read yet, several at a time. Those that cannot be read so are left
    /// to [`Self::text`].
    fn texts_ahead<'f>(&self, files: impl Iterator<Item = &'f (Mode, Oid)>) {
        let mut texts = self.texts.borrow_mut();
        let (mut asked, mut blobs) = (OidSet::default(), Vec::new());
        for (mode, oid) in files {
            if mode.is_regular_file() && !texts.contains_key(oid) && asked.insert(oid) {
                blobs.push(oid.clone());
            }
        }
        let keep = |count: usize| Vec::with_capacity(count * USUAL_LENGTH);
        let runs = self.repo.blobs(&blobs, keep, |memory, bytes| {
            let from = memory.len();
            memory.extend_from_slice(bytes);
            (from..memory.len(), seen(bytes))
        });
        for (memory, read) in runs {
            let memory = Rc::new(memory);
            texts.extend(read.into_iter().map(|(place, (range, seen))| {
                let bytes = Bytes { memory: Rc::clone(&memory), range };
                (blobs[place].clone(), Rc::new(Text::seen(Some(bytes), seen)))
            }));
        }
    }

    /// The `meta.json` of the mission directory that is this tree.
    pub fn directory(&self, tree: &Oid) -> Result<Option<MetaFile>, GitError> {
        let Some((mode, oid)) = self.meta_of_directory(tree)? else { return Ok(None) };
        self.file(mode, oid).map(Some)
    }

    fn meta_of_directory(&self, directory: &Oid) -> Result<Option<(Mode, Oid)>, GitError> {
        if let Some(known) = self.directories.borrow().get(directory) {
            return Ok(known.clone());
        }
        let found = self.repo.whole_tree(directory)?.entry(META).map(|entry| (entry.mode, entry.oid));
        self.directories.borrow_mut().insert(directory.clone(), found.clone());
        Ok(found)
    }

    /// An entry of the index or a tree as a `meta.json`.
    pub fn file(&self, mode: Mode, oid: Oid) -> Result<MetaFile, GitError> {
        let text = self.text(mode, &oid)?;
        if text.seen.facts.is_none() {
            self.met_unreadable.set(true);
        }
        Ok(MetaFile { mode, oid, text })
    }

    /// Whether a file that cannot be read was among those that were read so far.
    pub fn met_unreadable(&self) -> bool {
        self.met_unreadable.get()
    }

    /// What a blob says as a `meta.json`.
    pub fn content(&self, mode: Mode, oid: &Oid) -> Result<Rc<Content>, GitError> {
        Ok(Rc::clone(self.text(mode, oid)?.content()))
    }

    fn text(&self, mode: Mode, oid: &Oid) -> Result<Rc<Text>, GitError> {
        if !mode.is_regular_file() {
            return Ok(Rc::new(Text::new(None)));
        }
        if let Some(known) = self.texts.borrow().get(oid) {
            return Ok(Rc::clone(known));
        }
        let text = Rc::new(Text::new(Some(self.repo.blob(oid)?)));
        self.texts.borrow_mut().insert(oid.clone(), Rc::clone(&text));
        Ok(text)
    }

    /// The seed of the deterministic id of the mission in `dir`, as the commit or tree `treeish` has it; `None` if
    /// its `meta.json` is not there or cannot be read.
    pub fn id_seed(&self, treeish: &Oid, dir: &MissionDir) -> Result<Option<String>, GitError> {
        let Some(meta) = self.repo.entry_at(treeish, &dir.meta_path())? else { return Ok(None) };
        let log = self.repo.entry_at(treeish, &dir.join(EVENT_LOG.as_bytes()))?;
        self.id_seed_of(dir, (meta.mode, &meta.oid), log.as_ref().map(|log| (log.mode, &log.oid)))
    }

    /// The seed of the deterministic id of the mission in `dir` whose `meta.json` and event log these are; `None` if
    /// the `meta.json` cannot be read.
    pub fn id_seed_of(
        &self,
        dir: &MissionDir,
        meta: (Mode, &Oid),
        log: Option<(Mode, &Oid)>,
    ) -> Result<Option<String>, GitError> {
        if !meta.0.is_regular_file() {
            return Ok(None);
        }
        let log = match log.filter(|(mode, _)| mode.is_regular_file()) {
            Some((_, oid)) => Some(self.repo.blob(oid)?),
            None => None,
        };
        Ok(seed_of_texts(dir, &self.repo.blob(meta.1)?, log.as_deref()))
    }
}

/// The seed of the deterministic id of the mission in `dir` whose `meta.json` and event log have these bytes; `None`
/// if the former cannot be read.
pub fn seed_of_texts(dir: &MissionDir, meta: &[u8], log: Option<&[u8]>) -> Option<String> {
    // As it stands in the file: once legacy keys are renamed, an old name would go before `slug`.
    let members = parse_object(meta, Limits::DOCUMENT).ok()?;
    let first = log.map(first_event).unwrap_or_default();
    Some(id_seed(&members, &dir.name_lossy(), &first))
}

/// The first non-blank row of a log, and the smallest `at` of all its rows.
fn first_event(log: &[u8]) -> FirstEvent {
    let rows = log.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let mut rows = rows.map(|line| parse_object(line, Limits::ROW).ok()).peekable();
    let first = rows.peek().cloned().flatten().unwrap_or_default();
    let at = |row: Object| row.get("at").and_then(Value::as_str).map(str::to_owned);
    FirstEvent {
        id: first.get("event_id").cloned(),
        at: first.get("at").cloned(),
        smallest_at: rows.flatten().filter_map(at).filter(|at| !at.is_empty()).min(),
    }
}
