//! Reading and writing objects, through libgit2 or one `git cat-file --batch-command`.
//!
//! Knows nothing about refs, the index or missions.

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::rc::Rc;

use git2::ObjectType;

use super::commit_header::{self, CommitHeader};
use super::oid::SHA1_BYTES;
use super::process::Git;
use super::store::{Store, elsewhere};
use super::tree::{self, Tree};
use super::{GitError, Oid};
use crate::env;

/// The mode of a tree or index entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode(pub u32);

impl Mode {
    /// A directory.
    pub const TREE: Self = Self(0o40_000);
    /// An ordinary file.
    pub const FILE: Self = Self(0o100_644);

    /// Reads git's octal digits.
    pub fn parse(text: &str) -> Option<Self> {
        u32::from_str_radix(text, 8).ok().map(Self)
    }

    /// A file, executable or not: neither a link, a directory nor a submodule.
    pub fn is_regular_file(self) -> bool {
        self.0 & 0o170_000 == 0o100_000
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06o}", self.0)
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last component of its path
    pub name: Vec<u8>,
    /// Its mode
    pub mode: Mode,
    /// Its object
    pub oid: Oid,
}

/// The object database.
pub(super) struct Objects {
    git: Git,
    git_dir: PathBuf,
    /// Whether ids are SHA-1, which libgit2 can read
    is_sha1: bool,
    store: Store,
    library: OnceCell<Option<git2::Repository>>,
    /// Whether others may write here too
    is_shared: OnceCell<bool>,
    batch: OnceCell<RefCell<Batch>>,
    /// The trees that were asked for last, the last one first
    trees: RefCell<Vec<(Oid, Rc<Tree>)>>,
}

/// As many trees are kept: those above the files of two commits that are compared.
const TREES: usize = 8;

impl Objects {
    pub(super) fn new(git: Git, git_dir: &Path, common_dir: &Path, is_sha1: bool) -> Self {
        Self {
            git,
            git_dir: git_dir.to_owned(),
            is_sha1,
            store: Store::at(is_sha1.then(|| common_dir.join("objects"))),
            library: OnceCell::new(),
            is_shared: OnceCell::new(),
            batch: OnceCell::new(),
            trees: RefCell::default(),
        }
    }

    /// The repository as libgit2 sees it. Opened late: it reads the configuration, which most hooks can do without.
    fn library(&self) -> Option<&git2::Repository> {
        let open = || if self.is_sha1 { open_library(&self.git_dir) } else { None };
        self.library.get_or_init(open).as_ref()
    }

    /// The commit that an id names, with what of it is asked; `None` where that cannot be told here.
    pub(super) fn commit_header(&self, oid: &Oid) -> Option<CommitHeader> {
        self.store.read(oid, |kind, data| (kind == ObjectType::Commit).then(|| CommitHeader::read(data))?)
    }

    /// When a commit was committed, in seconds since 1970; `None` where that cannot be told here.
    pub(super) fn commit_seconds(&self, oid: &Oid) -> Option<i64> {
        self.store.read(oid, |kind, data| {
            (kind == ObjectType::Commit).then(|| commit_header::committed_seconds(data))?
        })
    }

    /// The tree of a commit or tree; `None` if it names neither.
    pub(super) fn tree_of(&self, treeish: &Oid) -> Result<Option<Oid>, GitError> {
        let known = self.store.read(treeish, |kind, data| match kind {
            ObjectType::Commit => CommitHeader::read(data).map(|commit| commit.tree),
            ObjectType::Tree => Some(treeish.clone()),
            _ => None,
        });
        match known {
            Some(tree) => Ok(Some(tree)),
            None => self.resolve(&format!("{treeish}^{{tree}}")),
        }
    }

    /// Asks this git from now on.
    pub(super) fn ask(&mut self, git: Git) {
        self.git = git;
        self.batch = OnceCell::new();
    }

    /// The id and kind of what a revision names; `None` if it names nothing here.
    pub(super) fn resolve(&self, revision: &str) -> Result<Option<Oid>, GitError> {
        if revision.is_empty() || revision.contains(['\n', '\0']) {
            return Ok(None);
        }
        // What is an id names nothing else.
        if let Some(oid) = Oid::parse(revision)
            && self.store.header(&oid).is_some()
        {
            return Ok(Some(oid));
        }
        if let Some(library) = self.library()
            && let Ok(object) = library.revparse_single(revision)
        {
            return Ok(Oid::from_bytes(object.id().as_bytes()));
        }
        self.batch()?.borrow_mut().info(revision)
    }

    /// Where a symbolic ref points, as far as libgit2 can tell; an error is for what git has to be asked.
    /// Saves a process for each of the questions that every hook asks.
    pub(super) fn symbolic_ref(&self, name: &str) -> Result<Option<String>, ()> {
        match self.library().ok_or(())?.find_reference(name) {
            Ok(found) => match found.symbolic_target() {
                Ok(target) => Ok(target.map(str::to_owned)),
                Err(_) => Err(()),
            },
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(_) => Err(()),
        }
    }

    /// The remote-tracking ref that a branch (full name) follows, as far as libgit2 can tell.
    pub(super) fn upstream(&self, branch: &str) -> Option<String> {
        let name = self.library()?.branch_upstream_name(branch).ok()?;
        name.as_str().ok().map(str::to_owned)
    }

    /// The content of a blob.
    pub(super) fn blob(&self, oid: &Oid) -> Result<Vec<u8>, GitError> {
        let whole = |kind, data: &[u8]| (kind == ObjectType::Blob).then(|| data.to_vec());
        if let Some(content) = self.store.read(oid, whole) {
            return Ok(content);
        }
        self.batch()?.borrow_mut().contents(oid, "blob")
    }

    /// What `look` makes of the bytes of each of these blobs. As [`Store::read_many`].
    pub(super) fn blobs<K: Send, T: Send>(
        &self,
        blobs: &[Oid],
        keep: impl Fn(usize) -> K + Sync,
        look: impl Fn(&mut K, &[u8]) -> T + Sync,
    ) -> Vec<(K, Vec<(usize, T)>)> {
        self.store.read_many(ObjectType::Blob, blobs, keep, look)
    }

    /// The entry called `name` of each of these trees, as far as it can be told here: the places of the trees, and the entries.
    pub(super) fn entries_in(&self, trees: &[Oid], name: &[u8]) -> Vec<(usize, Option<(Mode, Oid)>)> {
        let find = |(): &mut (), data: &[u8]| tree::entry_in(data, SHA1_BYTES, name);
        let runs = self.store.read_many(ObjectType::Tree, trees, |_| (), find);
        let found = runs.into_iter().flat_map(|((), found)| found);
        found.filter_map(|(place, entry)| Some((place, entry?))).collect()
    }

    /// The size of a blob in bytes, without reading it.
    pub(super) fn blob_size(&self, oid: &Oid) -> Result<u64, GitError> {
        if let Some((ObjectType::Blob, size)) = self.store.header(oid) {
            return Ok(size);
        }
        self.batch()?.borrow_mut().size(oid)
    }

    /// A tree; the last ones are kept, because paths have beginnings in common.
    pub(super) fn tree(&self, oid: &Oid) -> Result<Rc<Tree>, GitError> {
        let mut trees = self.trees.borrow_mut();
        if let Some(at) = trees.iter().position(|(known, _)| known == oid) {
            trees[..=at].rotate_right(1);
            return Ok(Rc::clone(&trees[0].1));
        }
        let tree = Rc::new(self.read_tree(oid)?);
        trees.truncate(TREES - 1);
        trees.insert(0, (oid.clone(), Rc::clone(&tree)));
        Ok(tree)
    }

    fn read_tree(&self, oid: &Oid) -> Result<Tree, GitError> {
        let id_bytes = oid.as_str().len() / 2;
        let whole =
            |kind, data: &[u8]| (kind == ObjectType::Tree).then(|| Tree::read(data.to_vec(), id_bytes))?;
        if let Some(tree) = self.store.read(oid, whole) {
            return Ok(tree);
        }
        let data = self.batch()?.borrow_mut().contents(oid, "tree")?;
        Tree::read(data, id_bytes).ok_or_else(|| GitError::Answer {
            command: format!("git cat-file tree {oid}"),
            answer: String::new(),
        })
    }

    /// Writes a blob.
    pub(super) fn write_blob(&self, content: &[u8]) -> Result<Oid, GitError> {
        // libgit2 writes where the repository has its objects, whatever the environment says.
        if env::var(env::GIT_OBJECT_DIRECTORY).is_none()
            && let Some(library) = self.library()
            && !self.is_shared.get_or_init(|| is_shared(library))
            && let Ok(id) = library.blob(content)
            && let Some(oid) = Oid::from_bytes(id.as_bytes())
        {
            return Ok(oid);
        }
        let args = ["hash-object", "-w", "-t", "blob", "--no-filters", "--stdin"];
        // An empty stdin is not piped, so an empty blob comes from /dev/null, which is the same.
        let line = self.git.line(&args, content)?;
        Oid::parse(&line).ok_or_else(|| super::process::answer(&args, line.as_bytes()))
    }

    fn batch(&self) -> Result<&RefCell<Batch>, GitError> {
        if let Some(batch) = self.batch.get() {
            return Ok(batch);
        }
        let started = Batch::start(&self.git)?;
        Ok(self.batch.get_or_init(|| RefCell::new(started)))
    }
}

/// Whether others may write here too: libgit2 makes directories of objects that only its user can write into.
fn is_shared(library: &git2::Repository) -> bool {
    let value = library.config().and_then(|config| config.get_string("core.sharedrepository"));
    value.is_ok_and(|value| !matches!(value.as_str(), "umask" | "false" | "no" | "off" | "0" | ""))
}

/// Opens the repository with libgit2, which is told where the environment says that objects lie too; unless it could not
/// be told.
fn open_library(git_dir: &Path) -> Option<git2::Repository> {
    git2::opts::strict_hash_verification(false);
    let flags = git2::RepositoryOpenFlags::NO_SEARCH;
    let library = git2::Repository::open_ext(git_dir, flags, Vec::<OsString>::new()).ok()?;
    for directory in elsewhere()? {
        library.odb().ok()?.add_disk_alternate(directory.to_str()?).ok()?;
    }
    Some(library)
}

/// A running `git cat-file --batch-command`.
struct Batch {
    git: Git,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

const BATCH: [&str; 2] = ["cat-file", "--batch-command"];

impl Batch {
    fn start(git: &Git) -> Result<Self, GitError> {
        let mut command = git.command(&BATCH);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(broken)?;
        match (child.stdin.take(), child.stdout.take()) {
            (stdin @ Some(_), Some(stdout)) => {
                Ok(Self { git: git.clone(), child, stdin, stdout: BufReader::new(stdout) })
            }
            _ => Err(broken(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Sends one request and reads the header of its answer: id, kind, size. `None` for a missing object.
    fn ask(&mut self, request: &str, object: &str) -> Result<Option<(Oid, String, u64)>, GitError> {
        let mut header = String::new();
        let sent = match &mut self.stdin {
            Some(stdin) => writeln!(stdin, "{request} {object}").and_then(|()| stdin.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        sent.and_then(|()| self.stdout.read_line(&mut header)).map_err(broken)?;
        if header.is_empty() {
            return self.bury(object).map(|()| None);
        }
        let mut words = header.trim_end().rsplitn(3, ' ');
        let (last, middle, first) = (words.next(), words.next(), words.next());
        if matches!(last, Some("missing" | "ambiguous")) {
            return Ok(None);
        }
        match (first.and_then(Oid::parse), middle, last.and_then(|size| size.parse().ok())) {
            (Some(oid), Some(kind), Some(size)) => Ok(Some((oid, kind.to_owned(), size))),
            _ => Err(super::process::answer(&BATCH, header.as_bytes())),
        }
    }

    /// After git has ended without an answer. No error if that is how it says, as git 2.39 does, that a partial
    /// clone has not fetched the object; then another git answers what else is asked.
    fn bury(&mut self, object: &str) -> Result<(), GitError> {
        let args = ["cat-file", "-s", object];
        let output = self.git.output(&args, b"")?;
        if !String::from_utf8_lossy(&output.stderr).contains("promisor remote") {
            return Err(super::process::failure(&args, &output));
        }
        let git = self.git.clone();
        *self = Self::start(&git)?;
        Ok(())
    }

    /// An object in the middle of which git has ended, asked for alone: then git says what is damaged. Another git answers what
    /// else is asked.
    fn alone(&mut self, kind: &str, oid: &Oid) -> Result<Vec<u8>, GitError> {
        let git = self.git.clone();
        *self = Self::start(&git)?;
        git.run(&["cat-file", kind, oid.as_str()], b"")
    }

    fn info(&mut self, revision: &str) -> Result<Option<Oid>, GitError> {
        Ok(self.ask("info", revision)?.map(|(oid, _, _)| oid))
    }

    fn size(&mut self, oid: &Oid) -> Result<u64, GitError> {
        let answer = self.ask("info", oid.as_str())?;
        answer.map(|(_, _, size)| size).ok_or_else(|| GitError::Missing(format!("object {oid}")))
    }

    fn contents(&mut self, oid: &Oid, wanted: &str) -> Result<Vec<u8>, GitError> {
        let Some((_, kind, size)) = self.ask("contents", oid.as_str())? else {
            return Err(GitError::Missing(format!("object {oid}")));
        };
        let size = usize::try_from(size).map_err(|_| GitError::Missing(format!("room for object {oid}")))?;
        let mut data = vec![0; size + 1];
        if self.stdout.read_exact(&mut data).is_err() {
            data = self.alone(&kind, oid)?;
        } else {
            data.pop();
        }
        if kind == wanted { Ok(data) } else { Err(GitError::Missing(format!("{wanted} {oid}"))) }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // Closing stdin ends the process; waiting keeps it from staying behind as a zombie.
        self.stdin = None;
        let _ = self.child.wait();
    }
}

fn broken(source: std::io::Error) -> GitError {
    GitError::Process { command: format!("git {}", BATCH.join(" ")), source }
}
