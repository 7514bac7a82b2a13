//! A repository as the process finds it: where it is, how it is read, what lies in its trees.
//!
//! Knows nothing about missions beyond the bytes of a path.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::discover::{self, Found};
use super::objects::{Entry, Mode, Objects};
use super::process::{Git, failure};
use super::tree::Tree;
use super::{Config, GitError, Oid, strange};
use crate::env;

/// An open repository.
pub struct Repo {
    pub(super) git: Git,
    pub(super) objects: Objects,
    top: Option<PathBuf>,
    git_dir: PathBuf,
    common_dir: PathBuf,
    /// Whether each ref that is not packed is a file of its own
    pub(super) has_ref_files: bool,
    /// What git said about the configuration when it was opened, and the state of each file that it came from
    pub(super) heard: RefCell<Option<(Config, Vec<String>)>>,
    /// The length of an id in its binary form
    pub(super) id_bytes: usize,
    /// The tree without entries: git knows it even where no such object is stored.
    pub(super) empty_tree: &'static str,
}

const SHA1_BYTES: usize = 20;
const SHA256_BYTES: usize = 32;
const EMPTY_TREE_SHA1: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const EMPTY_TREE_SHA256: &str = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";

impl Repo {
    /// The repository that git itself finds from `directory` and the environment, in a work tree, a linked
    /// work tree, a submodule, or bare.
    pub fn discover(directory: &Path) -> Result<Self, GitError> {
        let git = Git::find(directory)?;
        let found = match discover::find(directory) {
            Some(Found { top, git_dir, common_dir }) => {
                Self { has_ref_files: true, ..Self::at(git, Some(top), git_dir, common_dir, SHA1_BYTES) }
            }
            None => Self::ask(git)?,
        };
        found.guarded()
    }

    /// The repository that git says is there.
    fn ask(git: Git) -> Result<Self, GitError> {
        const ARGS: [&str; 7] = [
            "rev-parse",
            "--is-inside-work-tree",
            "--show-object-format",
            "--path-format=absolute",
            "--git-dir",
            "--git-common-dir",
            "--show-toplevel",
        ];
        // Without a work tree git prints the other answers, then fails at the last question.
        let output = git.output(&ARGS, b"")?;
        // What a git that fails on the way has not ended with a newline is no answer.
        let mut lines =
            output.stdout.split_inclusive(|b| *b == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
        let mut next = || {
            lines.next().map(path_of).ok_or_else(|| match failure(&ARGS, &output) {
                GitError::Failed { stderr, .. } => {
                    GitError::NoRepository(stderr.trim_start_matches("fatal: ").to_owned())
                }
                other => other,
            })
        };
        let (inside, format, git_dir, common_dir) = (next()?, next()?, next()?, next()?);
        let top = if inside.as_os_str() == "true" { Some(next()?) } else { None };
        // Whoever names it by the environment means it.
        if top.is_none()
            && env::var(env::GIT_DIR).is_none()
            && let Some(around) = strange::embracing(&git_dir)
        {
            return Err(GitError::Embedded { bare: git_dir.clone(), around: around.to_owned() });
        }
        let id_bytes = if format.as_os_str() == "sha1" { SHA1_BYTES } else { SHA256_BYTES };
        Ok(Self::at(git, top, git_dir, common_dir, id_bytes))
    }

    fn at(git: Git, top: Option<PathBuf>, git_dir: PathBuf, common_dir: PathBuf, id_bytes: usize) -> Self {
        let mut variables = vec![("GIT_DIR", git_dir.clone().into_os_string())];
        if let Some(top) = &top {
            variables.push(("GIT_WORK_TREE", top.clone().into_os_string()));
        }
        let git = git.located(top.as_deref().unwrap_or(&git_dir), variables);
        let is_sha1 = id_bytes == SHA1_BYTES;
        let empty_tree = if is_sha1 { EMPTY_TREE_SHA1 } else { EMPTY_TREE_SHA256 };
        let objects = Objects::new(git.clone(), &git_dir, &common_dir, is_sha1);
        Self {
            git,
            objects,
            top,
            git_dir,
            common_dir,
            has_ref_files: false,
            heard: RefCell::default(),
            id_bytes,
            empty_tree,
        }
    }

    /// Every git that is started from now on is told these settings, which win over those of files.
    pub(super) fn overrule(&mut self, settings: Vec<(String, String)>) {
        self.git = self.git.clone().overruled(settings);
        self.objects.ask(self.git.clone());
    }

    /// The top of the work tree.
    pub fn top(&self) -> Result<&Path, GitError> {
        self.top.as_deref().ok_or(GitError::Bare)
    }

    /// The git directory of this work tree, absolute.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The git directory that all linked work trees share, absolute.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The version of git, major and minor.
    pub fn git_version(&self) -> Result<(u32, u32), GitError> {
        let said = self.git.line(&["version"], b"")?;
        let mut parts =
            said.trim_start_matches("git version ").split('.').map(|part| part.parse().unwrap_or(0));
        Ok((parts.next().unwrap_or(0), parts.next().unwrap_or(0)))
    }

    /// A path of git's own (`hooks`, `info/attributes`), where this repository keeps it. Absolute.
    pub fn git_path(&self, name: &str) -> Result<PathBuf, GitError> {
        let args = ["rev-parse", "--path-format=absolute", "--git-path", name];
        let mut stdout = self.git.run(&args, b"")?;
        if stdout.ends_with(b"\n") {
            stdout.pop();
        }
        Ok(path_of(&stdout))
    }

    /// The commit that a revision names; `None` if it names none.
    pub fn commit(&self, revision: &str) -> Result<Option<Oid>, GitError> {
        if let Some(known) = self.commit_by_reading(revision) {
            return Ok(known);
        }
        self.objects.resolve(&format!("{revision}^{{commit}}"))
    }

    /// The object that a revision with a path (`HEAD:kitty-specs`) or without names; `None` if there is none.
    pub fn object(&self, revision: &str) -> Result<Option<Oid>, GitError> {
        self.objects.resolve(revision)
    }

    /// The tree at `path` of a commit or tree; `None` if there is no directory there.
    pub fn subtree(&self, treeish: &Oid, path: &str) -> Result<Option<Oid>, GitError> {
        let Some(mut tree) = self.objects.tree_of(treeish)? else {
            return Err(GitError::Missing(format!("tree of {treeish}")));
        };
        for component in path.split('/').filter(|component| !component.is_empty()) {
            match self.objects.tree(&tree)?.entry(component.as_bytes()) {
                Some(entry) if entry.mode == Mode::TREE => tree = entry.oid,
                _ => return Ok(None),
            }
        }
        Ok(Some(tree))
    }

    /// The entry at `path` (bytes, `/` between components) of a commit or tree.
    pub fn entry_at(&self, treeish: &Oid, path: &[u8]) -> Result<Option<Entry>, GitError> {
        let Some(mut tree) = self.objects.tree_of(treeish)? else {
            return Err(GitError::Missing(format!("tree of {treeish}")));
        };
        let mut components = path.split(|b| *b == b'/').peekable();
        while let Some(component) = components.next() {
            match self.objects.tree(&tree)?.entry(component) {
                Some(entry) if components.peek().is_none() => return Ok(Some(entry)),
                Some(entry) if entry.mode == Mode::TREE => tree = entry.oid,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The entries of a tree, in git's order.
    pub fn tree(&self, tree: &Oid) -> Result<Vec<Entry>, GitError> {
        Ok(self.objects.tree(tree)?.entries().filter_map(|entry| entry.to_owned()).collect())
    }

    /// The same, its entries left where they stand.
    pub fn whole_tree(&self, tree: &Oid) -> Result<Rc<Tree>, GitError> {
        self.objects.tree(tree)
    }

    /// All files below a tree, with their paths relative to it.
    pub fn files_below(&self, tree: &Oid) -> Result<Vec<Entry>, GitError> {
        let mut files = Vec::new();
        let mut open = vec![(Vec::new(), tree.clone())];
        while let Some((prefix, tree)) = open.pop() {
            for entry in self.tree(&tree)? {
                let mut path = prefix.clone();
                path.extend_from_slice(&entry.name);
                if entry.mode == Mode::TREE {
                    path.push(b'/');
                    open.push((path, entry.oid));
                } else {
                    files.push(Entry { name: path, ..entry });
                }
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// The content of a blob.
    pub fn blob(&self, oid: &Oid) -> Result<Vec<u8>, GitError> {
        self.objects.blob(oid)
    }

    /// What `look` makes of the bytes of each of these blobs, several at a time: in a few runs, with the places of the blobs. For
    /// one that is not among them [`Self::blob`] has to be asked. `keep` makes the place in which `look` keeps what it wants kept
    /// of a run, told how many blobs that has.
    pub fn blobs<K: Send, T: Send>(
        &self,
        blobs: &[Oid],
        keep: impl Fn(usize) -> K + Sync,
        look: impl Fn(&mut K, &[u8]) -> T + Sync,
    ) -> Vec<(K, Vec<(usize, T)>)> {
        self.objects.blobs(blobs, keep, look)
    }

    /// What each of these trees has under a name, several at a time, with the places of the trees. For one that is not among
    /// them [`Self::whole_tree`] has to be asked.
    pub fn entries_in(&self, trees: &[Oid], name: &[u8]) -> Vec<(usize, Option<(Mode, Oid)>)> {
        self.objects.entries_in(trees, name)
    }

    /// The size of a blob in bytes, without reading it.
    pub fn blob_size(&self, oid: &Oid) -> Result<u64, GitError> {
        self.objects.blob_size(oid)
    }

    /// Writes a blob.
    pub fn write_blob(&self, content: &[u8]) -> Result<Oid, GitError> {
        self.objects.write_blob(content)
    }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// A path of git's (bytes, `/` between components) as one of the system's.
pub(super) fn system_path(bytes: &[u8]) -> PathBuf {
    path_of(bytes)
}
