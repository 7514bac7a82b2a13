//! Finding an ordinary repository without starting git: a work tree with its `.git`, also a linked one, of ids in
//! SHA-1 and of the user's own.
//!
//! INVARIANT: an answer is the one that `git rev-parse` gives. What is not ordinary (bare, another's, a submodule,
//! any extension, a variable or setting that moves things) has no answer here, and git is asked. Every hook starts
//! with this question, and asking git costs as much as all the rest.

use std::fs;
use std::path::{Path, PathBuf};

use super::repo::system_path;
use crate::env;

/// Where a repository is: absolute, without symbolic links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The top of the work tree
    pub(super) top: PathBuf,
    /// The git directory of this work tree
    pub(super) git_dir: PathBuf,
    /// The git directory that linked work trees share
    pub(super) common_dir: PathBuf,
}

/// Variables that change what is found, or what a repository's configuration says.
const UNUSUAL: [&str; 9] = [
    env::GIT_WORK_TREE,
    env::GIT_COMMON_DIR,
    env::GIT_IMPLICIT_WORK_TREE,
    env::GIT_NAMESPACE,
    env::GIT_DISCOVERY_ACROSS_FILESYSTEM,
    env::GIT_CONFIG,
    env::GIT_CONFIG_COUNT,
    env::GIT_CONFIG_PARAMETERS,
    env::GIT_TEST_ASSUME_DIFFERENT_OWNER,
];

/// The repository that git finds from `directory`; `None` if git has to be asked.
pub(super) fn find(directory: &Path) -> Option<Found> {
    if UNUSUAL.iter().any(|name| env::var(name).is_some()) {
        return None;
    }
    let here = directory.canonicalize().ok()?;
    let found = match env::var(env::GIT_DIR) {
        // Without a word about the work tree, it is where the process is.
        Some(git_dir) => Found::of(&here.join(git_dir), &here)?,
        None => walk_up(&here)?,
    };
    is_ordinary(&fs::read(found.common_dir.join("config")).ok()?).then_some(found)
}

/// From `here` upwards, on one file system, to the first directory with a `.git` of the user's own.
fn walk_up(here: &Path) -> Option<Found> {
    let first = Stat::of(here)?;
    for top in here.ancestors() {
        // A ceiling never hides where the process is, but may hide what lies above.
        if top != here && env::var(env::GIT_CEILING_DIRECTORIES).is_some() {
            return None;
        }
        let stat = Stat::of(top)?;
        // Beyond the file system git does not look.
        if stat.device != first.device {
            return None;
        }
        let dot_git = top.join(".git");
        match fs::metadata(&dot_git) {
            Ok(found) => {
                let git_dir = if found.is_dir() { dot_git.clone() } else { named_by(&dot_git, top)? };
                let is_own = stat.is_own() && Stat::of(&dot_git)?.is_own() && Stat::of(&git_dir)?.is_own();
                return if is_own { Found::of(&git_dir, top) } else { None };
            }
            // Not a work tree, but perhaps a bare repository.
            Err(_) if top.join("HEAD").exists() => return None,
            Err(_) => {}
        }
    }
    None
}

/// What the file `.git` of a linked work tree names.
fn named_by(file: &Path, top: &Path) -> Option<PathBuf> {
    let text = fs::read(file).ok()?;
    let path = without_line_end(text.strip_prefix(b"gitdir: ")?);
    (!path.is_empty()).then(|| top.join(system_path(path)))
}

/// A path may end in any other blank.
fn without_line_end(line: &[u8]) -> &[u8] {
    let kept = line.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |last| last + 1);
    &line[..kept]
}

impl Found {
    fn of(git_dir: &Path, top: &Path) -> Option<Self> {
        let git_dir = git_dir.canonicalize().ok()?;
        let head = fs::read(git_dir.join("HEAD")).ok()?;
        let is_head = head.starts_with(b"ref: refs/")
            || head.trim_ascii_end().len() == 40 && head.trim_ascii_end().iter().all(u8::is_ascii_hexdigit);
        let common_dir = match fs::read(git_dir.join("commondir")) {
            Ok(path) => git_dir.join(system_path(without_line_end(&path))).canonicalize().ok()?,
            Err(_) => git_dir.clone(),
        };
        let is_repository = common_dir.join("objects").is_dir() && common_dir.join("refs").is_dir();
        (is_head && is_repository && !top.starts_with(&git_dir)).then(|| Self {
            top: top.to_owned(),
            git_dir,
            common_dir,
        })
    }
}

/// Whether a repository's own configuration file says nothing that changes where or in which form things are. Looks
/// for words where a key may stand; in doubt the answer is no.
fn is_ordinary(config: &[u8]) -> bool {
    let config = config.to_ascii_lowercase();
    let may_precede_a_key = |b: u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b']');
    let mut before = b'\n';
    for (at, byte) in config.iter().copied().enumerate() {
        let rest = &config[at..];
        let is_unusual = match byte {
            b'[' => rest.starts_with(b"[extensions"),
            _ if !may_precede_a_key(before) => false,
            b'w' => value(rest, b"worktree").is_some(),
            b'b' => value(rest, b"bare").is_some_and(|value| value != b"false"),
            b'r' => {
                value(rest, b"repositoryformatversion").is_some_and(|value| !matches!(value, b"0" | b"1"))
            }
            _ => false,
        };
        if is_unusual {
            return false;
        }
        before = byte;
    }
    true
}

/// What stands after `=` if `text` begins with a key of this name; nothing for one without `=`.
fn value<'c>(text: &'c [u8], key: &[u8]) -> Option<&'c [u8]> {
    let rest = text.strip_prefix(key)?;
    let rest = &rest[rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count()..];
    match rest {
        [b'=', value @ ..] => Some(value.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii()),
        [] | [b'\n' | b'#' | b';', ..] => Some(b""),
        _ => None,
    }
}

/// What git asks of a directory before it trusts it.
struct Stat {
    device: u64,
    owner: u32,
}

#[cfg(unix)]
impl Stat {
    /// Of the thing itself, not of what a link names.
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let found = fs::symlink_metadata(path).ok()?;
        Some(Self { device: found.dev(), owner: found.uid() })
    }

    fn is_own(&self) -> bool {
        self.owner == rustix::process::geteuid().as_raw()
    }
}

#[cfg(not(unix))]
impl Stat {
    /// Who owns what is no number here: git is asked.
    fn of(_: &Path) -> Option<Self> {
        None
    }

    fn is_own(&self) -> bool {
        self.device == u64::from(self.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::is_ordinary;

    #[test]
    fn what_moves_things_is_not_ordinary() {
        let plain = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n";
        assert!(is_ordinary(plain.as_bytes()));
        assert!(is_ordinary(b"") && is_ordinary(b"[branch \"worktree\"]\n\tmerge = refs/heads/bare\n"));
        assert!(is_ordinary(b"[core]\nworktrees=1\n[alias]\n\tx = worktree list"));
        for unusual in [
            "[core]\n\tbare = true\n",
            "[core]\n\tBare\n",
            "[core] bare = yes\n",
            "[core]bare=true",
            "[core]\n\tbare = fal\\\nse\n",
            "[core]\n\tworktree = ../../x\n",
            "[core]\n\tworkTree=../../x\n",
            "[core]\n\trepositoryformatversion = 2\n",
            "[extensions]\n\tobjectformat = sha256\n",
            "[Extensions]\n\tworktreeConfig = true\n",
        ] {
            assert!(!is_ordinary(unusual.as_bytes()), "{unusual}");
        }
    }
}
