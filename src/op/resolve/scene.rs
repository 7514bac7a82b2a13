//! What there is before anything is resolved: the commits that come together, what they hold, what the index says.
//!
//! Knows nothing about what is to become of it.

use std::collections::BTreeMap;

use crate::git::{GitError, Mode, Oid, Repo, Stages};
use crate::id::MissionId;
use crate::mission::{MissionDir, SPECS};
use crate::op::joining::Joining;
use crate::op::snapshot::{Reader, Snapshot};

/// Files by path.
pub(super) type Files = BTreeMap<Vec<u8>, (Mode, Oid)>;

/// The repository in the middle of a merge.
pub(super) struct Scene<'r> {
    pub(super) repo: &'r Repo,
    pub(super) reader: Reader<'r>,
    /// What comes together, as far as git noted it
    pub(super) joining: Option<Joining>,
    /// What it holds; all empty if it was not noted
    pub(super) versions: Versions,
    /// What the index says about every path below `kitty-specs`
    pub(super) index: BTreeMap<Vec<u8>, Stages>,
    /// What git's merge made of it, if it kept that
    pub(super) auto: Option<Files>,
}

/// The three versions.
#[derive(Debug, Default)]
pub(super) struct Versions {
    pub(super) base: Version,
    pub(super) ours: Version,
    pub(super) theirs: Version,
}

/// `kitty-specs` of one commit.
#[derive(Debug, Clone, Default)]
pub(super) struct Version {
    pub(super) missions: Snapshot,
    pub(super) files: Files,
}

impl Versions {
    pub(super) fn all(&self) -> [&Version; 3] {
        [&self.base, &self.ours, &self.theirs]
    }
}

impl Version {
    fn read(repo: &Repo, reader: &Reader<'_>, commit: &Oid) -> Result<Self, GitError> {
        Ok(Self { missions: reader.tree(commit)?, files: files_of(repo, commit)? })
    }

    /// What several merge bases agree on. Where they do not, there is no base, and whoever differs is asked.
    fn common(repo: &Repo, reader: &Reader<'_>, commits: &[Oid]) -> Result<Self, GitError> {
        let Some((first, others)) = commits.split_first() else { return Ok(Self::default()) };
        let mut common = Self::read(repo, reader, first)?;
        for other in others {
            let other = Self::read(repo, reader, other)?;
            common.files.retain(|path, file| other.files.get(path) == Some(file));
            let same = |dir: &MissionDir, id| other.id_at(dir) == id;
            common.missions.files.retain(|dir, file| same(dir, file.id()));
        }
        Ok(common)
    }

    /// The id of the mission in `dir`.
    pub(super) fn id_at(&self, dir: &MissionDir) -> Option<MissionId> {
        self.missions.files.get(dir)?.id()
    }

    /// The directories of the mission with this id: one, or there is damage.
    pub(super) fn places(&self, id: MissionId) -> impl Iterator<Item = &MissionDir> {
        self.missions.files.iter().filter(move |(_, file)| file.id() == Some(id)).map(|(dir, _)| dir)
    }

    /// The files of a directory, by their path in it.
    pub(super) fn inside(&self, dir: &MissionDir) -> Files {
        below(&self.files, dir).map(|(inside, file)| (inside.to_vec(), file.clone())).collect()
    }
}

/// The entries of a map by path that lie below a directory, with their paths in it.
pub(super) fn below<'m, T>(
    map: &'m BTreeMap<Vec<u8>, T>,
    dir: &MissionDir,
) -> impl Iterator<Item = (&'m [u8], &'m T)> {
    let prefix = dir.join(b"");
    let length = prefix.len();
    let start = map.range(prefix.clone()..);
    start
        .take_while(move |(path, _)| path.starts_with(&prefix))
        .map(move |(path, value)| (&path[length..], value))
}

impl<'r> Scene<'r> {
    /// Looks.
    pub(super) fn look(repo: &'r Repo) -> Result<Self, GitError> {
        repo.top()?;
        let reader = Reader::new(repo);
        let joining = Joining::find(repo)?;
        let versions = match &joining {
            // What an octopus merge has brought together so far is no commit.
            Some(joining) if joining.more == 0 => Versions {
                base: Version::common(repo, &reader, &joining.bases)?,
                ours: Version::read(repo, &reader, &joining.ours)?,
                theirs: Version::read(repo, &reader, &joining.theirs)?,
            },
            _ => Versions::default(),
        };
        let auto = match (&joining, repo.auto_merged()?) {
            (Some(_), Some(tree)) => Some(files_of(repo, &tree)?),
            _ => None,
        };
        Ok(Self { repo, reader, joining, versions, index: repo.stages(SPECS)?, auto })
    }
}

/// All files below `kitty-specs` of a commit or tree, by path from the top.
fn files_of(repo: &Repo, treeish: &Oid) -> Result<Files, GitError> {
    let Some(specs) = repo.subtree(treeish, SPECS)? else { return Ok(Files::new()) };
    let files = repo.files_below(&specs)?.into_iter();
    let path = |name: &[u8]| [SPECS.as_bytes(), b"/", name].concat();
    Ok(files.map(|entry| (path(&entry.name), (entry.mode, entry.oid))).collect())
}
