//! Missions that came to lie on one path: each is rebuilt from the commits, by its id, wherever it lies in them.
//!
//! A merge brings files together by their paths. Where one path holds a mission in one commit and another mission in
//! the other, it mixes the two, also without a conflict. Here a mission is what has its id: its three versions are
//! found in the three commits and brought together file by file, and then each mission gets a path of its own.
//! Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::files::{Openness, Outcome, Store, Target, Three, bring_together};
use super::scene::{Files, Scene, Version, below};
use crate::git::{GitError, Mode, Oid};
use crate::id::MissionId;
use crate::json::{Object, Value};
use crate::merge::Sides;
use crate::mission::{Meta, MissionDir, key, slug};
use crate::op::OpError;
use crate::op::names::Names;
use crate::op::snapshot::Snapshot;

/// What became of one mission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which
    pub id: MissionId,
    /// Where the commits have it
    pub from: MissionDir,
    /// Where it is now
    pub to: MissionDir,
    /// Why there
    pub why: Why,
}

/// Why a mission lies where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No other one wants the path
    Alone,
    /// The published main has it there
    Published,
    /// Neither or both are published, and its id is the smaller one
    SmallerId,
    /// Another one keeps the path
    GivesWay,
}

impl Why {
    /// The reason as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Published => "published",
            Self::SmallerId => "smaller_id",
            Self::GivesWay => "gives_way",
        }
    }
}

/// Missions whose paths touch.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    ids: BTreeSet<MissionId>,
    /// Every directory that one of them has in one of the commits
    pub(super) dirs: BTreeSet<MissionDir>,
}

/// What is to become of a group.
#[derive(Debug, Clone, Default)]
pub(super) struct Rebuilt {
    pub(super) missions: Vec<Placed>,
    /// Every path that the group decides, also those that go
    pub(super) targets: BTreeMap<Vec<u8>, Target>,
    /// What is left open
    pub(super) open: Vec<(Vec<u8>, Openness)>,
}

/// The groups that need to be rebuilt.
pub(super) fn groups(scene: &Scene<'_>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for seed in seeds(scene) {
        if groups.iter().any(|group| group.ids.contains(&seed)) {
            continue;
        }
        let group = closure(scene, seed);
        groups.retain(|other| other.ids.is_disjoint(&group.ids));
        groups.push(group);
    }
    groups.retain(|group| group.is_undecided(scene));
    groups
}

/// The missions that a merge by path may have mixed with another one, or torn apart.
fn seeds(scene: &Scene<'_>) -> BTreeSet<MissionId> {
    let [base, ours, theirs] = scene.versions.all();
    let mut seeds = BTreeSet::new();
    for (dir, file) in &ours.missions.files {
        let (Some(one), Some(other)) = (file.id(), theirs.id_at(dir)) else { continue };
        let changed = |version: &Version| !below(&version.files, dir).eq(below(&base.files, dir));
        // Where only one side changed anything, git takes that side whole.
        if one != other && changed(ours) && changed(theirs) {
            seeds.insert(one);
        }
    }
    let unmerged = |dir: &MissionDir| below(&scene.index, dir).any(|(_, stages)| stages.is_unmerged());
    for (dir, file) in &base.missions.files {
        let Some(id) = file.id() else { continue };
        let now: Vec<&MissionDir> = [ours, theirs].iter().flat_map(|version| version.places(id)).collect();
        let has_moved = now.iter().any(|other| *other != dir);
        if has_moved && (unmerged(dir) || now.iter().any(|dir| unmerged(dir))) {
            seeds.insert(id);
        }
    }
    seeds
}

/// A mission, those that share a directory with it, and so on.
fn closure(scene: &Scene<'_>, seed: MissionId) -> Group {
    let mut group = Group::default();
    let mut open = vec![seed];
    while let Some(id) = open.pop() {
        if !group.ids.insert(id) {
            continue;
        }
        for dir in scene.versions.all().iter().flat_map(|version| version.places(id)) {
            if group.dirs.insert(dir.clone()) {
                open.extend(
                    [&scene.versions.ours, &scene.versions.theirs].iter().filter_map(|v| v.id_at(dir)),
                );
            }
        }
    }
    group
}

impl Group {
    /// Whether the index still is what git made, or lacks one of the missions. Once somebody has decided, a second
    /// run changes nothing.
    fn is_undecided(&self, scene: &Scene<'_>) -> bool {
        let mut inside = self.dirs.iter().flat_map(|dir| below(&scene.index, dir));
        if inside.any(|(_, stages)| stages.is_unmerged()) {
            return true;
        }
        let staged = |id: MissionId| {
            let metas = scene.index.iter().filter(|(path, _)| MissionDir::of_meta_path(path).is_some());
            let mut merged = metas.filter_map(|(_, stages)| stages.merged.clone());
            merged.any(|(mode, oid)| scene.reader.file(mode, oid).is_ok_and(|file| file.id() == Some(id)))
        };
        let survives =
            |id: &MissionId| !matches!(Self::fate(scene, *id), Ok((None, _)) | Err(_)) && !staged(*id);
        if self.ids.iter().any(survives) {
            return true;
        }
        let Some(auto) = &scene.auto else { return false };
        self.dirs.iter().all(|dir| {
            let staged = below(&scene.index, dir).map(|(inside, stages)| (inside, stages.merged.as_ref()));
            staged.eq(below(auto, dir).map(|(inside, file)| (inside, Some(file))))
        })
    }

    /// Where a mission wants to lie, and where its versions are; `None` if one side deleted it and the other left it
    /// as it was.
    fn fate(scene: &Scene<'_>, id: MissionId) -> Result<(Option<MissionDir>, Places), TwoPlaces> {
        let [base, ours, theirs] = scene.versions.all();
        let places = Sides { base, ours, theirs }.try_map(|_, version| {
            let mut places = version.places(id);
            match (places.next(), places.next()) {
                (Some(one), Some(two)) => Err(TwoPlaces { id, one: one.clone(), two: two.clone() }),
                (place, _) => Ok(place.cloned()),
            }
        })?;
        let unchanged = |version: &Version, place: &Option<MissionDir>| {
            let (Some(before), Some(now)) = (&places.base, place) else { return false };
            before == now && base.inside(before) == version.inside(now)
        };
        let wanted = match (&places.base, &places.ours, &places.theirs) {
            (_, None, None) => None,
            (Some(_), Some(_), None) if unchanged(ours, &places.ours) => None,
            (Some(_), None, Some(_)) if unchanged(theirs, &places.theirs) => None,
            (_, Some(only), None) | (_, None, Some(only)) => Some(only),
            (_, Some(one), Some(other)) if one == other => Some(one),
            (Some(before), Some(one), Some(other)) if before == one => Some(other),
            (Some(before), Some(one), Some(other)) if before == other => Some(one),
            // Moved by both: where the smaller name says.
            (_, Some(one), Some(other)) => Some(one.min(other)),
        };
        Ok((wanted.cloned(), places))
    }
}

type Places = Sides<Option<MissionDir>>;

/// Damage: one commit has a mission twice, and nothing tells which one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TwoPlaces {
    pub(super) id: MissionId,
    pub(super) one: MissionDir,
    pub(super) two: MissionDir,
}

/// Rebuilds a group.
pub(super) fn rebuild(
    scene: &Scene<'_>,
    store: &Store<'_>,
    published: Option<&Snapshot>,
    names: &mut Names,
    group: &Group,
) -> Result<Result<Rebuilt, TwoPlaces>, OpError> {
    let mut wanted: BTreeMap<MissionDir, Vec<(MissionId, Places)>> = BTreeMap::new();
    for id in &group.ids {
        match Group::fate(scene, *id) {
            Ok((Some(dir), places)) => wanted.entry(dir).or_default().push((*id, places)),
            Ok((None, _)) => {}
            Err(damage) => return Ok(Err(damage)),
        }
    }
    let mut rebuilt = Rebuilt::default();
    let mut dirs = group.dirs.clone();
    for (dir, missions) in &wanted {
        let holder = published.and_then(|tree| tree.files.get(dir)?.id());
        let is_published = |id: MissionId| holder == Some(id);
        let alone = missions.len() == 1;
        // In order of their ids.
        let keeper =
            missions.iter().map(|(id, _)| *id).find(|id| is_published(*id)).or(missions.first().map(|m| m.0));
        for (id, places) in missions {
            let (to, why) = if keeper == Some(*id) {
                let why = match (alone, is_published(*id)) {
                    (true, _) => Why::Alone,
                    (false, true) => Why::Published,
                    (false, false) => Why::SmallerId,
                };
                (dir.clone(), why)
            } else {
                (new_place(scene, names, dir, *id, places)?, Why::GivesWay)
            };
            let slug = (why == Why::GivesWay).then_some(&to);
            let versions = versions_of(scene, store, places, slug)?;
            for (inside, three) in versions {
                let path = to.join(&inside);
                let target = match bring_together(scene, store, &path, &three)? {
                    Outcome::Clean(target) => target,
                    Outcome::Gone => continue,
                    Outcome::Open(target, why) => {
                        rebuilt.open.push((path.clone(), why));
                        target
                    }
                };
                rebuilt.targets.insert(path, target);
            }
            dirs.insert(to.clone());
            rebuilt.missions.push(Placed { id: *id, from: dir.clone(), to, why });
        }
    }
    rebuilt.missions.sort_by_key(|placed| placed.id);
    take_out(scene, &dirs, &mut rebuilt.targets);
    Ok(Ok(rebuilt))
}

/// What git put into these directories and what no mission has there goes. What only the index has was added by hand
/// and stays.
fn take_out(scene: &Scene<'_>, dirs: &BTreeSet<MissionDir>, targets: &mut BTreeMap<Vec<u8>, Target>) {
    let made = |path: &Vec<u8>| {
        scene.versions.all().iter().any(|version| version.files.contains_key(path))
            || scene.auto.as_ref().is_some_and(|auto| auto.contains_key(path))
    };
    for dir in dirs {
        for (inside, stages) in below(&scene.index, dir) {
            let path = dir.join(inside);
            if !targets.contains_key(&path) && (stages.is_unmerged() || made(&path)) {
                targets.insert(path, Target::default());
            }
        }
    }
}

/// The path of a mission that gives way.
fn new_place(
    scene: &Scene<'_>,
    names: &mut Names,
    dir: &MissionDir,
    id: MissionId,
    places: &Places,
) -> Result<MissionDir, OpError> {
    let versions = [(&scene.versions.ours, &places.ours), (&scene.versions.theirs, &places.theirs)];
    let mut metas = versions.iter().filter_map(|(version, place)| version.missions.meta(place.as_ref()?));
    let said =
        metas.find_map(|meta| meta.text(key::SLUG).filter(|text| slug::is_slug(text)).map(str::to_owned));
    let slug = said.or_else(|| slug::from_name(&dir.name_lossy())).unwrap_or_else(|| "mission".to_owned());
    let name = names.own_or_free(&scene.reader, &slug, id);
    names.give(&name, id);
    MissionDir::from_name(name.as_bytes()).ok_or(OpError::NoSlug(name))
}

/// The three versions of every file of a mission, by its path in the directory. If it gets a new path, every version
/// of its `meta.json` says so.
fn versions_of(
    scene: &Scene<'_>,
    store: &Store<'_>,
    places: &Places,
    to: Option<&MissionDir>,
) -> Result<BTreeMap<Vec<u8>, Three>, OpError> {
    let [base, ours, theirs] = scene.versions.all();
    let inside = |version: &Version, place: &Option<MissionDir>| {
        place.as_ref().map(|dir| version.inside(dir)).unwrap_or_default()
    };
    let files = Sides {
        base: inside(base, &places.base),
        ours: inside(ours, &places.ours),
        theirs: inside(theirs, &places.theirs),
    };
    // A mission that one side deleted as a whole while the other changed it is kept as a whole.
    let files = match (&places.ours, &places.theirs) {
        (None, _) => Sides { base: Files::new(), ours: files.theirs.clone(), theirs: files.theirs },
        (_, None) => Sides { base: Files::new(), ours: files.ours.clone(), theirs: files.ours },
        _ => files,
    };
    let names: BTreeSet<&Vec<u8>> =
        [&files.base, &files.ours, &files.theirs].iter().flat_map(|files| files.keys()).collect();
    let mut versions = BTreeMap::new();
    for name in names {
        let mut three = files.as_ref().map(|files| files.get(name).cloned());
        if let (b"meta.json", Some(dir)) = (name.as_slice(), to) {
            three = three.try_map(|_, entry| entry.map(|entry| renamed(store, entry, dir)).transpose())?;
        }
        versions.insert(name.clone(), three);
    }
    Ok(versions)
}

/// A `meta.json` with the name of its new directory, and nothing else of it changed. One that cannot be read stays as
/// it is.
fn renamed(store: &Store<'_>, entry: (Mode, Oid), dir: &MissionDir) -> Result<(Mode, Oid), GitError> {
    let (mode, oid) = entry;
    let Ok(meta) = Meta::read(&store.get(&oid)?) else { return Ok((mode, oid)) };
    let mut members: Object = meta.members().clone();
    members.insert(key::MISSION_SLUG.to_owned(), Value::from(dir.name_lossy()));
    // The keys are new names already, so nothing can disagree.
    let Ok(meta) = Meta::from_members(members) else { return Ok((mode, oid)) };
    Ok((mode, store.put(meta.to_canonical().into_bytes())?))
}
