//! What a `meta.json` must become before it may be committed: readable, identified, numbered, canonical.
//!
//! One function for pre-commit, which may refuse and may ask the clock, and for what catches up later, which may
//! neither. Changes nothing; [`super::apply`] does. Knows nothing about hooks.

use std::collections::BTreeMap;
use std::fmt;

use super::clear::{cleared, given_back};
use super::draft::Draft;
use super::snapshot::{Content, MetaFile, Reader, Snapshot};
use crate::clock::Instant;
use crate::git::{GitError, IndexEntry, Oid, OidMap};
use crate::id::MissionId;
use crate::mission::settle::{Claim, Input, Scope, settle};
use crate::mission::{DirMap, DirSet, IdField, MissionDir, NumberField, key};

/// Where ids that are missing come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mint {
    /// The clock, for missions that no parent holds; only before a commit is made.
    Clock(Instant),
    /// Always the recipe, so that every clone mints the same.
    Recipe,
    /// Nowhere: ids stay as they are.
    Never,
}

/// What happens to numbers.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// On main: settled.
    Settle {
        /// The published main, if there is one
        published: Option<&'a Snapshot>,
        /// The commit before, if there is one
        parent: Option<&'a Snapshot>,
        /// Whether published duplicates are undone
        repair: bool,
    },
    /// Elsewhere: cleared, unless one of these trees says that this mission holds this number.
    Clear(&'a [&'a Snapshot]),
    /// Elsewhere, by hand: as main has it, where main already had given one when the branch left it; else cleared.
    GiveBack {
        /// The missions of main
        main: &'a Snapshot,
        /// Those of the commit that the branch left main at
        fork: &'a Snapshot,
    },
    /// Left as they are.
    Leave,
}

/// A tree whose ids hold: a parent of the commit that is being made, or the published main.
#[derive(Debug, Clone, Copy)]
pub struct Forebear<'a> {
    /// Its commit
    pub commit: &'a Oid,
    /// Its missions
    pub missions: &'a Snapshot,
}

/// What is to be corrected.
pub struct Request<'a> {
    /// All missions of the index or tree at hand
    pub tree: &'a Snapshot,
    /// Those that may change
    pub candidates: &'a DirSet,
    /// Those of the candidates whose bytes came from a parent of a merge: neither refused nor rewritten for
    /// their content
    pub inherited: &'a DirSet,
    /// Trees whose ids hold
    pub forebears: &'a [Forebear<'a>],
    /// The commit that a deterministic id is taken from when no forebear has the file
    pub seed_from: Option<&'a Oid>,
    /// Where missing ids come from
    pub mint: Mint,
    /// What happens to numbers
    pub numbers: Numbers<'a>,
    /// Whether files that need nothing else are brought to canonical form
    pub reformat: bool,
}

/// Why a `meta.json` may not be committed. The names are those of `doctor`'s findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `JSON_INVALID`, `JSON_DUPLICATE_KEY` or `CONFLICT_MARKERS`, with the reason
    Unreadable(crate::mission::MetaError),
    /// `META_NOT_REGULAR`
    NotRegular,
    /// `KEY_MISSING`: keys that a new mission needs
    KeysMissing(Vec<&'static str>),
    /// `MISSION_ID_INVALID`, with what is there
    IdInvalid(String),
    /// `MISSION_ID_CHANGED`
    IdChanged {
        /// The id that holds
        from: MissionId,
        /// The id that was found
        to: MissionId,
    },
    /// `NUMBER_INVALID`, with what is there
    NumberInvalid(String),
}

/// A file that may not be committed as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Whose
    pub dir: MissionDir,
    /// Why
    pub fault: Fault,
}

/// One thing that was done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A new id
    Minted(MissionId),
    /// The id of a mission that was copied; the new one, and where the old one stays
    Copied(MissionId, MissionDir),
    /// The id that was there before
    Restored(MissionId),
    /// The number
    Numbered {
        /// What was there
        from: NumberField,
        /// What is there now
        to: Option<u64>,
    },
    /// A key under its new name
    Renamed(&'static str, &'static str),
    /// Only order, spaces and escapes
    Reformatted,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minted(id) => write!(f, "mission_id {id}"),
            Self::Copied(id, from) => write!(f, "mission_id {id}, because this is a copy of {from}"),
            Self::Restored(id) => write!(f, "mission_id {id} put back"),
            Self::Numbered { to: Some(to), from: NumberField::Unsettled } => write!(f, "number {to}"),
            Self::Numbered { to: Some(to), from } => write!(f, "number {to} instead of {from}"),
            Self::Numbered { to: None, from } => write!(f, "number {from} cleared, main gives numbers"),
            Self::Renamed(old, new) => write!(f, "{old} is now {new}"),
            Self::Reformatted => f.write_str("canonical form"),
        }
    }
}

/// A file that gets new bytes.
#[derive(Debug, Clone)]
pub struct Rewrite {
    /// Whose
    pub dir: MissionDir,
    /// The entry that is replaced
    pub old: IndexEntry,
    /// What it becomes
    pub draft: Draft,
    /// What was done
    pub notes: Vec<Note>,
}

/// What has to be done.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Files that may not be committed
    pub refusals: Vec<Refusal>,
    /// Files that get new bytes
    pub rewrites: Vec<Rewrite>,
}

/// What is being made of each file, and why.
pub(super) type Work = DirMap<(Draft, Vec<Note>)>;

/// Decides what the candidates must become.
pub fn correct(reader: &Reader<'_>, request: &Request<'_>) -> Result<Plan, GitError> {
    let mut plan = Plan::default();
    let mut work = Work::default();
    let origins = Origins::of(request);
    for dir in request.candidates.keys() {
        let Some(file) = request.tree.files.get(dir) else { continue };
        match judge(request, &origins, dir, file) {
            Ok(Some(draft)) => drop(work.insert(dir.clone(), (draft, Vec::new()))),
            Ok(None) => {}
            Err(fault) => plan.refusals.push(Refusal { dir: dir.clone(), fault }),
        }
    }
    if request.mint != Mint::Never {
        identify(request, &origins, reader, &mut work, &mut plan)?;
    }
    number(request, &mut work);
    for (dir, (draft, mut notes)) in work {
        let Some(file) = request.tree.files.get(&dir) else { continue };
        if notes.is_empty() && (!request.reformat || request.inherited.contains(&dir)) {
            continue;
        }
        if !draft.changes() {
            continue;
        }
        notes.extend(draft.renamed().iter().map(|(old, new)| Note::Renamed(old, new)));
        if notes.is_empty() {
            notes.push(Note::Reformatted);
        }
        let old = IndexEntry { path: dir.meta_path(), mode: file.mode, oid: file.oid.clone() };
        plan.rewrites.push(Rewrite { dir, old, draft, notes });
    }
    plan.rewrites.sort_by(|a, b| a.dir.cmp(&b.dir));
    Ok(plan)
}

/// Where files were before, in trees whose ids hold.
struct Origins<'a> {
    request: &'a Request<'a>,
    /// Files of forebears that are gone from where they were, by what they held
    departed: BTreeMap<&'a Oid, (&'a Oid, &'a MissionDir)>,
}

impl<'a> Origins<'a> {
    fn of(request: &'a Request<'a>) -> Self {
        let mut departed = BTreeMap::new();
        for Forebear { commit, missions } in request.forebears {
            // Both in order of their directories.
            let mut present = request.tree.files.keys().peekable();
            for (dir, file) in &missions.files {
                while present.next_if(|at| *at < dir).is_some() {}
                if present.peek() != Some(&dir) {
                    departed.entry(&file.oid).or_insert((*commit, dir));
                }
            }
        }
        Self { request, departed }
    }

    /// The commits that have the mission, each with its path there: the same path, else one that it was moved
    /// from unchanged. None if it is new.
    fn find(&self, dir: &'a MissionDir) -> Vec<(&'a Oid, &'a MissionDir)> {
        let holders = self.request.forebears.iter().filter(|f| f.missions.files.contains_key(dir));
        let here: Vec<_> = holders.map(|forebear| (forebear.commit, dir)).collect();
        let file = self.request.tree.files.get(dir);
        match file.and_then(|file| self.departed.get(&file.oid)) {
            Some(moved) if here.is_empty() => vec![*moved],
            _ => here,
        }
    }
}

/// Whether a file can be worked on; `None` if it is to be left alone.
fn judge<'a>(
    request: &Request<'_>,
    origins: &Origins<'a>,
    dir: &'a MissionDir,
    file: &MetaFile,
) -> Result<Option<Draft>, Fault> {
    let inherited = request.inherited.contains(dir);
    let Some(mut draft) = Draft::of(file) else {
        return match &**file.content() {
            _ if inherited => Ok(None),
            Content::Unreadable(error) => Err(Fault::Unreadable(error.clone())),
            Content::NotRegular | Content::Meta { .. } => Err(Fault::NotRegular),
        };
    };
    let before = || request.forebears.iter().find_map(|forebear| forebear.missions.files.get(dir)?.glance());
    // What catches up later puts back what a forebear holds; nobody is there to be asked.
    let restores = request.mint == Mint::Recipe;
    if let IdField::Invalid(text) = draft.id()
        && !inherited
        && !(restores && before().is_some_and(|before| before.id.is_some()))
    {
        return Err(Fault::IdInvalid(text));
    }
    let mut forebears = request.forebears.iter().filter_map(|forebear| forebear.missions.meta(dir));
    if let NumberField::Invalid(text) = draft.number()
        && !inherited
        && !forebears.any(|before| before.number() == draft.number())
        && !(restores && before().is_some_and(|before| before.number.is_some()))
    {
        return Err(Fault::NumberInvalid(text));
    }
    if matches!(request.mint, Mint::Clock(_))
        && origins.find(dir).is_empty()
        && let Some(meta) = draft.before()
    {
        let missing = meta.missing_keys();
        if !missing.is_empty() {
            return Err(Fault::KeysMissing(missing));
        }
        if !meta.members().contains_key(key::MISSION_NUMBER) {
            draft.set_number(None);
        }
    }
    Ok(Some(draft))
}

/// Gives every mission the id that it must have.
fn identify(
    request: &Request<'_>,
    origins: &Origins<'_>,
    reader: &Reader<'_>,
    work: &mut Work,
    plan: &mut Plan,
) -> Result<(), GitError> {
    let mut refused = Vec::new();
    let ids = ids_of(request, work);
    let lives_elsewhere =
        |id: MissionId, dir: &MissionDir| ids.get(&id).is_some_and(|at| at.iter().any(|other| other != dir));
    for (dir, (meta, notes)) in work.iter_mut() {
        let held: Vec<MissionId> =
            request.forebears.iter().filter_map(|forebear| forebear.missions.files.get(dir)?.id()).collect();
        // An id that a forebear holds here stays here, unless it has moved to another path.
        let lost = |id: &MissionId| meta.valid_id() != Some(*id) && !lives_elsewhere(*id, dir);
        match (meta.valid_id(), held.iter().copied().find(lost)) {
            (Some(now), Some(before)) if matches!(request.mint, Mint::Clock(_)) => {
                refused.push((dir.clone(), Fault::IdChanged { from: before, to: now }));
            }
            (_, Some(before)) => {
                // Where two missions meet, putting one id back would lose the other.
                let mut others = held.iter().copied().filter(|id| *id != before && lost(id));
                if let Some(other) = others.next().filter(|_| matches!(request.mint, Mint::Clock(_))) {
                    refused.push((dir.clone(), Fault::IdChanged { from: other, to: before }));
                    continue;
                }
                meta.set_id(before);
                notes.push(Note::Restored(before));
            }
            // Only a new path can be a copy: an id that is committed here never changes.
            (Some(id), None) if matches!(request.mint, Mint::Clock(_)) && held.contains(&id) => {}
            (Some(id), None) => {
                if let Some(keeper) = keeper_of(request, ids.get(&id), id).filter(|keeper| *keeper != dir) {
                    let fresh = match request.mint {
                        Mint::Clock(now) => MissionId::mint(now),
                        Mint::Recipe | Mint::Never => MissionId::of_copy(id, dir.as_bytes()),
                    };
                    meta.set_id(fresh);
                    notes.push(Note::Copied(fresh, keeper.clone()));
                }
            }
            (None, None) => {
                if let IdField::Invalid(text) = meta.id() {
                    // What stands there instead of an id is never overwritten; from a parent it may come.
                    if !request.inherited.contains(dir) {
                        refused.push((dir.clone(), Fault::IdInvalid(text)));
                    }
                    continue;
                }
                if passes_by(request, dir) {
                    continue;
                }
                let id = missing_id(request, origins, reader, dir)?;
                meta.set_id(id);
                notes.push(Note::Minted(id));
            }
        }
    }
    work.update(refused.iter().map(|(dir, _)| (dir.clone(), None)));
    plan.refusals.extend(refused.into_iter().map(|(dir, fault)| Refusal { dir, fault }));
    Ok(())
}

/// Where missions with one id lie, in order.
#[derive(Default)]
struct Paths<'a> {
    /// Mostly there is no other
    first: Option<&'a MissionDir>,
    others: Vec<&'a MissionDir>,
}

impl<'a> Paths<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a MissionDir> {
        self.first.into_iter().chain(self.others.iter().copied())
    }
}

/// Where the ids lie that the work is about: those that it shows, and those that forebears have at the same paths.
fn ids_of<'a>(request: &Request<'a>, work: &Work) -> OidMap<MissionId, Paths<'a>> {
    let mut ids: OidMap<MissionId, Paths<'_>> = OidMap::with_capacity_and_hasher(work.len(), <_>::default());
    for (dir, (meta, _)) in work {
        let held = request.forebears.iter().filter_map(|forebear| forebear.missions.files.get(dir)?.id());
        for id in held.chain(meta.valid_id()) {
            ids.entry(id).or_default();
        }
    }
    for (dir, file) in &request.tree.files {
        if let Some(paths) = file.id().and_then(|id| ids.get_mut(&id)) {
            match paths.first {
                None => paths.first = Some(dir),
                Some(_) => paths.others.push(dir),
            }
        }
    }
    ids
}

/// Of several paths with one id, the one that keeps it: the path that a forebear holds, in their order, else the
/// smallest.
fn keeper_of<'a>(request: &Request<'_>, paths: Option<&Paths<'a>>, id: MissionId) -> Option<&'a MissionDir> {
    let paths = paths?;
    let holds = |forebear: &Forebear<'_>, dir: &MissionDir| {
        forebear.missions.files.get(dir).and_then(MetaFile::id) == Some(id)
    };
    let held = request.forebears.iter().find_map(|forebear| paths.iter().find(|dir| holds(forebear, dir)));
    held.or(paths.first)
}

/// Whether a mission only passes by: what a merge brings from a parent gets its id where numbers are settled, not on
/// each branch that it comes by.
fn passes_by(request: &Request<'_>, dir: &MissionDir) -> bool {
    matches!(request.mint, Mint::Clock(_))
        && !matches!(request.numbers, Numbers::Settle { .. })
        && request.inherited.contains(dir)
}

/// The id of a mission without one: from the version that a forebear has, else from the clock or, where the clock
/// may not be asked, from the version at hand.
fn missing_id(
    request: &Request<'_>,
    origins: &Origins<'_>,
    reader: &Reader<'_>,
    dir: &MissionDir,
) -> Result<MissionId, GitError> {
    for (commit, dir) in origins.find(dir) {
        if let Some(seed) = reader.id_seed(commit, dir)? {
            return Ok(MissionId::from_seed(&seed));
        }
    }
    if let Mint::Clock(now) = request.mint {
        return Ok(MissionId::mint(now));
    }
    match request.seed_from {
        Some(commit) => Ok(reader
            .id_seed(commit, dir)?
            .map_or_else(|| MissionId::from_seed(&dir.name_lossy()), |seed| MissionId::from_seed(&seed))),
        None => Ok(MissionId::from_seed(&dir.name_lossy())),
    }
}

/// Settles or clears numbers.
fn number(request: &Request<'_>, work: &mut Work) {
    let changes: Vec<(MissionDir, Option<u64>)> = match request.numbers {
        Numbers::Leave => Vec::new(),
        Numbers::Settle { published, parent, repair } => settled(request, work, published, parent, repair),
        Numbers::Clear(trees) => cleared(work, trees),
        Numbers::GiveBack { main, fork } => given_back(work, main, fork),
    };
    for (dir, to) in changes {
        if let Some((meta, notes)) = work.get_mut(&dir) {
            notes.push(Note::Numbered { from: meta.number(), to });
            meta.set_number(to);
        }
    }
}

fn settled(
    request: &Request<'_>,
    work: &Work,
    published: Option<&Snapshot>,
    parent: Option<&Snapshot>,
    repair: bool,
) -> Vec<(MissionDir, Option<u64>)> {
    let claim = |(dir, file): (&MissionDir, &MetaFile)| match work.get(dir) {
        Some((draft, _)) => Some(draft.claim(dir)),
        None => file.claim(dir),
    };
    let tree: Vec<Claim> = request.tree.files.iter().filter_map(claim).collect();
    // A number that cannot be read is nobody's to replace, unless a forebear knows what it was.
    let known = |dir: &MissionDir| {
        let mut before = request.forebears.iter().filter_map(|forebear| forebear.missions.meta(dir));
        request.mint == Mint::Recipe && before.any(|before| before.number().settled().is_some())
    };
    let may_change =
        |dir: &MissionDir, draft: &Draft| !matches!(draft.number(), NumberField::Invalid(_)) || known(dir);
    let scope = work.iter().filter(|(dir, (draft, _))| may_change(dir, draft)).map(|(dir, _)| dir.clone());
    let scope = Scope::Only(scope.collect());
    // All numbers of a parent that is the published main are protected: it has nothing more to say.
    let parent = parent.filter(|parent| !published.is_some_and(|published| std::ptr::eq(*parent, published)));
    let (published, parent) = (published.map(Snapshot::claims), parent.map(Snapshot::claims));
    let assignments = settle(Input {
        tree: &tree,
        published: published.as_deref(),
        parent: parent.as_deref(),
        scope: &scope,
        repair,
    });
    assignments.into_iter().map(|assignment| (assignment.dir, Some(assignment.to))).collect()
}
