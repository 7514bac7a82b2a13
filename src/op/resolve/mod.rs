//! What a merge left open: two missions on one path get a path each, and files that have rules are merged by them.
//!
//! Everything is computed before anything is written. Knows nothing about how it is shown.

mod carry_out;
mod files;
mod guard;
mod scene;
mod split;

use std::collections::{BTreeMap, BTreeSet};

use self::carry_out::{Change, Changes, carry_out, finish_interrupted};
use self::files::{Outcome, Store, Target, Three, bring_together};
use self::guard::Guard;
use self::scene::Scene;
use self::split::{Rebuilt, TwoPlaces, groups, rebuild};
use super::OpError;
use super::branch::Standing;
use super::joining::Joining;
use super::names::Names;
use super::snapshot::Reader;
use super::work_file;
use crate::git::{Config, Mode, Oid, Repo, Stages};
use crate::merge::{Kind, Sides};
use crate::mission::{MissionDir, SPECS};

pub use files::Openness;
pub use guard::InTheWay;
pub use split::{Placed, Why};

/// What is to be resolved.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Files or directories, from the top; none: all that there is. A file that is named itself is merged anew even
    /// if it was edited since.
    pub paths: Vec<Vec<u8>>,
    /// Whether everything stays as it is
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// Which commits come together, if git noted them
    pub joining: Option<Joining>,
    /// Groups of missions whose paths touched
    pub splits: Vec<Vec<Placed>>,
    /// Files that were merged
    pub files: Vec<(Vec<u8>, Kind)>,
    /// What is left open
    pub open: Vec<(Vec<u8>, Openness)>,
    /// What was left as it is because something is in the way
    pub refused: Vec<Refused>,
    /// Paths that a run that was killed had left, now written
    pub finished: Vec<Vec<u8>>,
    /// Whether index or work tree changed, or would
    pub changed: bool,
    /// Unmerged paths outside of what was asked for
    pub elsewhere: usize,
}

/// Something that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where
    pub path: Vec<u8>,
    /// Why
    pub why: Refusal,
}

/// Why something was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A file is in the way
    File(InTheWay),
    /// One of the commits has this mission at a second path
    TwoPlaces(MissionDir),
    /// Two missions meet, and git did not note which commits come together
    NoCommits,
    /// Two missions meet in a merge of more than two commits
    Octopus,
}

impl Resolved {
    /// Whether nothing is left to be decided.
    pub fn is_complete(&self) -> bool {
        self.open.is_empty() && self.refused.is_empty()
    }
}

/// Resolves.
pub fn resolve(repo: &Repo, config: &Config, wanted: &Wanted) -> Result<Resolved, OpError> {
    repo.top()?;
    let _lock = if wanted.dry_run { None } else { Some(work_file::lock(repo)?.ok_or(OpError::Busy)?) };
    let finished = if wanted.dry_run { Vec::new() } else { finish_interrupted(repo)? };
    let scene = Scene::look(repo)?;
    let store = Store::new(repo);
    let mut plan =
        Plan { scene: &scene, store: &store, wanted, done: Resolved::default(), changes: Changes::new() };
    let decided = plan.split(config)?;
    plan.merge_files(&decided)?;
    let Plan { mut done, changes, .. } = plan;
    if !wanted.dry_run {
        carry_out(repo, &store, &changes)?;
    }
    done.changed = !changes.is_empty() || !finished.is_empty();
    done.finished = finished;
    done.elsewhere = repo.unmerged_paths(".")?.iter().filter(|path| !wanted.holds(path)).count();
    done.joining = scene.joining;
    Ok(done)
}

/// The directories in which the merge in progress mixed two missions and nobody has looked yet: git's own result, which
/// a merge by paths also makes without a conflict. Asks little where no mission met another one.
pub fn mixed(repo: &Repo, config: &Config) -> Result<Vec<MissionDir>, OpError> {
    match Joining::find(repo)? {
        Some(joining) if joining.more == 0 && have_met(repo, &joining)? => {}
        _ => return Ok(Vec::new()),
    }
    let scene = Scene::look(repo)?;
    let store = Store::new(repo);
    let standing = Standing::find(repo, config)?;
    let published = match standing.published_commit() {
        Some(commit) => Some(scene.reader.tree_as_fetched(commit)?),
        None => None,
    };
    let mut names = Names::taken(repo)?;
    let mut mixed = Vec::new();
    for group in groups(&scene) {
        let Ok(rebuilt) = rebuild(&scene, &store, published.as_ref(), &mut names, &group)? else { continue };
        let is_there = |(path, target): (&Vec<u8>, &Target)| {
            scene.index.get(path).cloned().unwrap_or_default() == target.stages
        };
        let wrong: BTreeSet<MissionDir> = rebuilt
            .targets
            .iter()
            .filter(|entry| !is_there(*entry))
            .filter_map(|(path, _)| MissionDir::containing(path).map(|(dir, _)| dir))
            .collect();
        mixed.extend(wrong.into_iter().filter(|dir| group.dirs.contains(dir)));
    }
    Ok(mixed)
}

/// Whether a directory holds one mission on our side and another one on the other.
fn have_met(repo: &Repo, joining: &Joining) -> Result<bool, OpError> {
    let reader = Reader::new(repo);
    let directories = |commit| -> Result<BTreeMap<Vec<u8>, Oid>, OpError> {
        let Some(specs) = repo.subtree(commit, SPECS)? else { return Ok(BTreeMap::new()) };
        Ok(repo.tree(&specs)?.into_iter().filter(|e| e.mode == Mode::TREE).map(|e| (e.name, e.oid)).collect())
    };
    let (ours, theirs) = (directories(&joining.ours)?, directories(&joining.theirs)?);
    for (name, one) in &ours {
        let Some(other) = theirs.get(name).filter(|other| *other != one) else { continue };
        let id = |tree| -> Result<_, OpError> { Ok(reader.directory(tree)?.and_then(|file| file.id())) };
        if let (Some(one), Some(other)) = (id(one)?, id(other)?)
            && one != other
        {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Wanted {
    /// Whether a path is asked for.
    fn holds(&self, path: &[u8]) -> bool {
        let below = |path: &[u8], above: &[u8]| {
            above.is_empty()
                || path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        if self.paths.is_empty() {
            return below(path, SPECS.as_bytes());
        }
        self.paths.iter().any(|above| below(path, above))
    }
}

/// The plan as far as it is made.
struct Plan<'p> {
    scene: &'p Scene<'p>,
    store: &'p Store<'p>,
    wanted: &'p Wanted,
    done: Resolved,
    changes: Changes,
}

impl Plan<'_> {
    /// Gives missions that share a path a path each; returns the paths that this decides.
    fn split(&mut self, config: &Config) -> Result<BTreeSet<Vec<u8>>, OpError> {
        let Self { scene, store, .. } = *self;
        let mut decided = self.refuse_where_commits_are_unknown();
        let groups = groups(scene);
        let asked = |dir: &MissionDir| {
            self.wanted.holds(dir.as_bytes()) || self.wanted.paths.iter().any(|path| is_inside(path, dir))
        };
        let groups: Vec<_> = groups.into_iter().filter(|group| group.dirs.iter().any(asked)).collect();
        if groups.is_empty() {
            return Ok(decided);
        }
        let standing = Standing::find(scene.repo, config)?;
        let published = match standing.published_commit() {
            Some(commit) => Some(scene.reader.tree_as_fetched(commit)?),
            None => None,
        };
        let mut names = Names::taken(scene.repo)?;
        for group in groups {
            let inside = |path: &&Vec<u8>| group.dirs.iter().any(|dir| is_inside(path, dir));
            decided.extend(scene.index.keys().filter(inside).cloned());
            match rebuild(scene, store, published.as_ref(), &mut names, &group)? {
                Ok(rebuilt) => self.take(rebuilt)?,
                Err(TwoPlaces { one, two, .. }) => {
                    let path = one.as_bytes().to_vec();
                    self.done.refused.push(Refused { path, why: Refusal::TwoPlaces(two) });
                }
            }
        }
        Ok(decided)
    }

    /// Takes a group over into the plan: all of it, or if something is in the way nothing.
    fn take(&mut self, rebuilt: Rebuilt) -> Result<(), OpError> {
        let (changes, refused) = self.changes_to(rebuilt.targets)?;
        if refused.is_empty() {
            self.done.splits.push(rebuilt.missions);
            self.done.open.extend(rebuilt.open);
            self.changes.extend(changes);
        } else {
            self.done.refused.extend(refused);
        }
        Ok(())
    }

    /// What has to be done for these targets, and what is in the way.
    fn changes_to(&self, targets: BTreeMap<Vec<u8>, Target>) -> Result<(Changes, Vec<Refused>), OpError> {
        let scene = self.scene;
        let is_there = |path: &[u8], target: &Target| {
            target.shown.is_none() && scene.index.get(path).cloned().unwrap_or_default() == target.stages
        };
        let targets: BTreeMap<_, _> =
            targets.into_iter().filter(|(path, target)| !is_there(path, target)).collect();
        let named: BTreeSet<Vec<u8>> = self.wanted.paths.iter().cloned().collect();
        let guard = Guard::new(scene, self.store, &named, &targets.keys().cloned().collect())?;
        let (mut changes, mut refused) = (Changes::new(), Vec::new());
        for (path, target) in targets {
            match guard.pass(&path, &target)? {
                Ok(before) => {
                    let staged = scene.index.get(&path).cloned().unwrap_or_default();
                    if staged != target.stages || !guard.shows(&path, &target)? {
                        changes.insert(path, Change { target, before });
                    }
                }
                Err(why) => refused.push(Refused { path, why: Refusal::File(why) }),
            }
        }
        Ok((changes, refused))
    }

    /// Two missions in the stages of one path cannot be rebuilt without the commits; returns the paths.
    fn refuse_where_commits_are_unknown(&mut self) -> BTreeSet<Vec<u8>> {
        let why = match &self.scene.joining {
            Some(joining) if joining.more > 0 => Refusal::Octopus,
            Some(_) => return BTreeSet::new(),
            None => Refusal::NoCommits,
        };
        let mut refused = BTreeSet::new();
        for (path, stages) in &self.scene.index {
            let id = |stage: usize| {
                let (mode, oid) = stages.open[stage].clone()?;
                self.scene.reader.file(mode, oid).ok()?.id()
            };
            if MissionDir::of_meta_path(path).is_some()
                && self.wanted.holds(path)
                && let (Some(ours), Some(theirs)) = (id(1), id(2))
                && ours != theirs
            {
                self.done.refused.push(Refused { path: path.clone(), why: why.clone() });
                refused.insert(path.clone());
            }
        }
        refused
    }

    /// Merges the unmerged files that rules are known for, but for those that are decided already.
    fn merge_files(&mut self, decided: &BTreeSet<Vec<u8>>) -> Result<(), OpError> {
        let scene = self.scene;
        let is_asked = |(path, stages): &(&Vec<u8>, &Stages)| {
            stages.is_unmerged() && !decided.contains(*path) && self.wanted.holds(path)
        };
        let asked: Vec<_> = scene.index.iter().filter(is_asked).collect();
        for (path, stages) in asked {
            let [base, ours, theirs] = stages.open.clone();
            let kind = Kind::of_path(path);
            let why = match (&base, &ours, &theirs) {
                (Some(_), None, None) => Openness::OnlyBase,
                (None, Some(_), None) => Openness::OnlyOurs,
                (None, None, Some(_)) => Openness::OnlyTheirs,
                (Some(_), Some(_), None) => Openness::DeletedByTheirs,
                (Some(_), None, Some(_)) => Openness::DeletedByOurs,
                (_, Some(_), Some(_)) => match kind {
                    Some(kind) => {
                        self.merge_file(path, kind, &Sides { base, ours, theirs })?;
                        continue;
                    }
                    None => Openness::Lines(None),
                },
                (None, None, None) => continue,
            };
            self.done.open.push((path.clone(), why));
        }
        Ok(())
    }

    fn merge_file(&mut self, path: &[u8], kind: Kind, three: &Three) -> Result<(), OpError> {
        let (target, why) = match bring_together(self.scene, self.store, path, three)? {
            Outcome::Clean(target) => (target, None),
            Outcome::Open(target, why) => (target, Some(why)),
            Outcome::Gone => return Ok(()),
        };
        let (changes, refused) = self.changes_to(BTreeMap::from([(path.to_vec(), target)]))?;
        if refused.is_empty() {
            match why {
                None => self.done.files.push((path.to_vec(), kind)),
                Some(why) => self.done.open.push((path.to_vec(), why)),
            }
            self.changes.extend(changes);
        }
        self.done.refused.extend(refused);
        Ok(())
    }
}

/// Whether a path lies in a mission's directory.
fn is_inside(path: &[u8], dir: &MissionDir) -> bool {
    path.strip_prefix(dir.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'/'))
}
