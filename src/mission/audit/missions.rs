//! Findings about missions: each by itself, and those that get in each other's way.

use std::collections::BTreeMap;
use std::fmt;

use super::{Code, Finding, Severity};
use crate::id::MissionId;
use crate::json::ErrorKind;
use crate::mission::{IdField, Meta, MetaError, MissionDir, NumberField, key};

const MIGRATE: &str = "git mission migrate";
const SETTLE: &str = "git mission settle";

/// A mission directory.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Where
    pub dir: &'a MissionDir,
    /// Its `meta.json`
    pub seen: Seen<'a>,
    /// Whether no commit holds it yet
    pub is_new: bool,
}

/// A `meta.json`, as far as it could be read.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// It says something; `canonical` tells whether in canonical form.
    Meta {
        /// What
        meta: &'a Meta,
        /// Whether its bytes are canonical
        canonical: bool,
    },
    /// It cannot be read without loss.
    Unreadable(&'a MetaError),
    /// It is a link or a directory.
    NotRegular,
    /// It is not there, though a specification or a log is.
    Missing,
}

/// All missions of one tree.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The missions, in the order of their directories
    pub subjects: &'a [Subject<'a>],
    /// Whether every mission should have a number
    pub is_main: bool,
    /// The ids that were there before
    pub before: &'a [BTreeMap<MissionDir, MissionId>],
}

/// Judges. Findings come in the order of the directories.
pub fn judge_missions(scene: Scene<'_>) -> Vec<Finding> {
    let metas: Vec<(&MissionDir, &Meta)> = scene
        .subjects
        .iter()
        .filter_map(|subject| match subject.seen {
            Seen::Meta { meta, .. } => Some((subject.dir, meta)),
            _ => None,
        })
        .collect();
    let crowd = Crowd::of(&metas, scene.subjects);
    let mut findings = Vec::new();
    for subject in scene.subjects {
        findings.extend(judge_alone(subject));
        if let Seen::Meta { meta, .. } = subject.seen {
            let mut found = identity(&scene, &crowd, subject.dir, meta);
            found.extend(number(&scene, &crowd, subject.dir, meta));
            found.extend(names(&crowd, subject.dir, meta));
            let path = path_of(subject.dir);
            findings.extend(found.into_iter().map(|finding| finding.at(path.clone()).of(meta.valid_id())));
        }
    }
    findings
}

/// What is wrong with one mission whatever else there is: a file that cannot be read, keys that are missing or old, an
/// id or a number that is none.
pub fn judge_alone(subject: &Subject<'_>) -> Vec<Finding> {
    let path = path_of(subject.dir);
    match subject.seen {
        Seen::Missing => {
            let message = "the directory has a specification or a log, and no meta.json";
            vec![Finding::new(Code::MetaMissing, message).at(subject.dir.to_string())]
        }
        Seen::NotRegular => {
            vec![Finding::new(Code::MetaNotRegular, "not a regular file").at(path)]
        }
        Seen::Unreadable(error) => vec![unreadable(error).at(path)],
        Seen::Meta { meta, canonical } => {
            let found = by_itself(subject, meta, canonical);
            found.into_iter().map(|finding| finding.at(path.clone()).of(meta.valid_id())).collect()
        }
    }
}

/// The file that a finding about a mission names.
pub fn path_of(dir: &MissionDir) -> String {
    format!("{dir}/meta.json")
}

/// The finding for a file that cannot be read, without its path.
fn unreadable(error: &MetaError) -> Finding {
    let code = match error {
        MetaError::Json(error) => code_of(&error.kind),
        MetaError::Keys(_) => Code::JsonDuplicateKey,
    };
    Finding::new(code, error.to_string()).position(error.position())
}

/// The code for a text that is refused.
pub(super) fn code_of(kind: &ErrorKind) -> Code {
    match kind {
        ErrorKind::DuplicateKey(_) => Code::JsonDuplicateKey,
        ErrorKind::ConflictMarkers => Code::ConflictMarkers,
        _ => Code::JsonInvalid,
    }
}

fn by_itself(subject: &Subject<'_>, meta: &Meta, canonical: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut missing = meta.missing_keys();
    if !meta.members().contains_key(key::MISSION_NUMBER) {
        missing.push(key::MISSION_NUMBER);
    }
    if !missing.is_empty() {
        let finding = Finding::new(Code::KeyMissing, format!("absent or empty: {}", missing.join(", ")));
        let severity = if subject.is_new { Severity::Error } else { Severity::Warning };
        found.push(Finding { severity, ..finding });
    }
    if !meta.renamed().is_empty() {
        let words: Vec<String> = meta.renamed().iter().map(|(old, new)| format!("{old} is {new}")).collect();
        let message = format!("old names of keys: {}", words.join(", "));
        found.push(Finding::new(Code::LegacyKey, message).fixed_by(MIGRATE));
    }
    if !canonical {
        found.push(Finding::new(Code::NotCanonical, "not in canonical form").fixed_by(MIGRATE));
    }
    if let IdField::Invalid(text) = meta.id() {
        let message = format!("mission_id {text} is not 26 characters of Crockford base 32");
        found.push(Finding::new(Code::MissionIdInvalid, message));
    }
    if let NumberField::Invalid(text) = meta.number() {
        let message = format!("mission_number {text} is not null, an integer from 1 or a string of digits");
        found.push(Finding::new(Code::NumberInvalid, message));
    }
    found
}

fn identity(scene: &Scene<'_>, crowd: &Crowd<'_>, dir: &MissionDir, meta: &Meta) -> Vec<Finding> {
    let mut found = Vec::new();
    match meta.id() {
        IdField::Missing => {
            found.push(Finding::new(Code::MissionIdMissing, "no mission_id").fixed_by(MIGRATE));
        }
        IdField::Invalid(_) => {}
        IdField::Valid(id) => {
            if let Some(others) = others(crowd.ids.get(&id), dir) {
                let message = format!("mission_id {id} is also that of {others}");
                found.push(Finding::new(Code::MissionIdDuplicate, message).fixed_by(SETTLE));
            }
        }
    }
    let now = meta.valid_id();
    let lost = |before: &MissionId| Some(*before) != now && !crowd.ids.contains_key(before);
    let before = scene.before.iter().find_map(|ids| ids.get(dir).copied().filter(lost));
    if let (Some(before), true) = (before, meta.id() != IdField::Missing) {
        let message = format!("mission_id was {before} and never changes");
        found.push(Finding::new(Code::MissionIdChanged, message).fixed_by("git mission resolve"));
    }
    found
}

fn number(scene: &Scene<'_>, crowd: &Crowd<'_>, dir: &MissionDir, meta: &Meta) -> Vec<Finding> {
    match meta.number() {
        NumberField::Unsettled if scene.is_main => {
            vec![Finding::new(Code::NumberUnsettled, "no number on main yet").fixed_by(SETTLE)]
        }
        NumberField::Unsettled | NumberField::Invalid(_) => Vec::new(),
        NumberField::Settled(number) => {
            let Some(others) = others(crowd.numbers.get(&number), dir) else { return Vec::new() };
            let message = format!("number {number} is also that of {others}");
            let finding = Finding::new(Code::NumberDuplicate, message);
            vec![finding.fixed_by("git fetch && git mission settle --commit --repair")]
        }
    }
}

fn names(crowd: &Crowd<'_>, dir: &MissionDir, meta: &Meta) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(slug) = meta.text(key::MISSION_SLUG) {
        if slug.as_bytes() != dir.name() {
            let message = format!("mission_slug {slug:?} is not the name of the directory");
            found.push(Finding::new(Code::SlugMismatch, message));
        }
        if let Some(others) = others(crowd.slugs.get(slug), dir) {
            let message = format!("mission_slug {slug:?} is also that of {others}");
            found.push(Finding::new(Code::SlugDuplicate, message));
        }
    }
    if let Some(id) = meta.valid_id()
        && let Some(alike) = crowd.mid8s.get(id.mid8())
    {
        let same =
            alike.iter().filter(|(other, _)| **other != id).map(|(other, dir)| format!("{other} ({dir})"));
        if let Some(others) = Others::of(same, alike.len() - 1) {
            let message = format!("{} also begins {others}", id.mid8());
            found.push(Finding::new(Code::Mid8Ambiguous, message));
        }
    }
    if let Some(prefix) = prefix(dir)
        && let Some(others) = others(crowd.prefixes.get(prefix), dir)
    {
        let message = format!("{prefix}- also begins {others}");
        found.push(Finding::new(Code::PrefixDuplicate, message));
    }
    found
}

/// `NNN` of `kitty-specs/NNN-<slug>`.
fn prefix(dir: &MissionDir) -> Option<&str> {
    let name = std::str::from_utf8(dir.name()).ok()?;
    let (digits, rest) = name.split_once('-')?;
    (digits.len() >= 3 && digits.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty()).then_some(digits)
}

/// Who shares what.
struct Crowd<'a> {
    ids: BTreeMap<MissionId, Vec<&'a MissionDir>>,
    mid8s: BTreeMap<String, BTreeMap<MissionId, &'a MissionDir>>,
    numbers: BTreeMap<u64, Vec<&'a MissionDir>>,
    slugs: BTreeMap<&'a str, Vec<&'a MissionDir>>,
    prefixes: BTreeMap<&'a str, Vec<&'a MissionDir>>,
}

impl<'a> Crowd<'a> {
    fn of(metas: &[(&'a MissionDir, &'a Meta)], subjects: &[Subject<'a>]) -> Self {
        let ids = group(metas.iter().filter_map(|(dir, meta)| Some((meta.valid_id()?, *dir))));
        let mut mid8s: BTreeMap<String, BTreeMap<MissionId, &MissionDir>> = BTreeMap::new();
        for (id, dirs) in &ids {
            mid8s.entry(id.mid8().to_owned()).or_default().extend(dirs.first().map(|dir| (*id, *dir)));
        }
        Self {
            ids,
            mid8s,
            numbers: group(metas.iter().filter_map(|(dir, meta)| Some((meta.number().settled()?, *dir)))),
            slugs: group(metas.iter().filter_map(|(dir, meta)| Some((meta.text(key::MISSION_SLUG)?, *dir)))),
            prefixes: group(subjects.iter().filter_map(|subject| Some((prefix(subject.dir)?, subject.dir)))),
        }
    }
}

fn group<'a, K: Ord>(items: impl Iterator<Item = (K, &'a MissionDir)>) -> BTreeMap<K, Vec<&'a MissionDir>> {
    let mut groups: BTreeMap<K, Vec<&MissionDir>> = BTreeMap::new();
    for (key, dir) in items {
        groups.entry(key).or_default().push(dir);
    }
    groups
}

/// Those that share something with a mission: a thousand are no thousand names in each finding, nor are they looked at.
struct Others {
    shown: Vec<String>,
    count: usize,
}

impl Others {
    /// `count` is how many `names` there are.
    fn of(names: impl Iterator<Item = String>, count: usize) -> Option<Self> {
        const SHOWN: usize = 3;
        (count > 0).then(|| Self { shown: names.take(SHOWN).collect(), count })
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown.join(", "))?;
        match self.count - self.shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Those of a group beside `dir`, which is one of it.
fn others(dirs: Option<&Vec<&MissionDir>>, dir: &MissionDir) -> Option<Others> {
    let dirs = dirs?;
    let names = dirs.iter().filter(|other| ***other != *dir).map(ToString::to_string);
    Others::of(names, dirs.len().checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01KQ47E80QJG8GTVGDCV67RW7M";

    fn codes(files: &[(&str, &str)], is_main: bool, before: &[(&str, &str)]) -> Vec<(String, Code)> {
        let dirs: Vec<MissionDir> = files
            .iter()
            .map(|(name, _)| MissionDir::from_name(name.as_bytes()).expect("a directory"))
            .collect();
        let read: Vec<Result<Meta, MetaError>> =
            files.iter().map(|(_, text)| Meta::read(text.as_bytes())).collect();
        let subjects: Vec<Subject<'_>> = dirs
            .iter()
            .zip(&read)
            .zip(files)
            .map(|((dir, read), (_, text))| Subject {
                dir,
                seen: match read {
                    Ok(meta) => Seen::Meta { meta, canonical: meta.to_canonical() == *text },
                    Err(error) => Seen::Unreadable(error),
                },
                is_new: false,
            })
            .collect();
        let before = before
            .iter()
            .map(|(name, id)| {
                (
                    MissionDir::from_name(name.as_bytes()).expect("a directory"),
                    MissionId::parse(id).expect("an id"),
                )
            })
            .collect();
        let findings = judge_missions(Scene { subjects: &subjects, is_main, before: &[before] });
        findings.iter().map(|finding| (finding.place(), finding.code)).collect()
    }

    fn only(text: &str) -> Vec<Code> {
        codes(&[("a", text)], true, &[]).into_iter().map(|(_, code)| code).collect()
    }

    fn whole(slug: &str, id: &str, number: &str) -> String {
        let text = format!(
            r#"{{"slug":"a","mission_slug":"{slug}","friendly_name":"A","mission_type":"t","target_branch":"m",
            "created_at":"2026-01-01T00:00:00Z","mission_id":"{id}","mission_number":{number}}}"#
        );
        Meta::read(text.as_bytes()).expect("a meta").to_canonical()
    }

    #[test]
    fn each_mission_by_itself() {
        assert_eq!(only(&whole("a", ID, "1")), []);
        assert_eq!(only(&whole("b", ID, "1")), [Code::SlugMismatch]);
        assert_eq!(only(&whole("a", ID, "null")), [Code::NumberUnsettled]);
        assert_eq!(only(&whole("a", ID, "\"TBD\"")), [Code::NumberInvalid]);
        assert_eq!(only(&whole("a", "x", "1")), [Code::MissionIdInvalid]);
        assert_eq!(only(&whole("a", "", "1")), [Code::MissionIdMissing]);
        assert_eq!(
            only("{\"mission\": \"x\"}"),
            [
                Code::KeyMissing,
                Code::LegacyKey,
                Code::NotCanonical,
                Code::MissionIdMissing,
                Code::NumberUnsettled
            ]
        );
        assert_eq!(only("{\"mission\": \"x\", \"mission_type\": \"y\"}"), [Code::JsonDuplicateKey]);
        assert_eq!(
            codes(&[("a", "{\n \"a\": 1, \"a\": 2}")], true, &[]),
            [("kitty-specs/a/meta.json:2:10".to_owned(), Code::JsonDuplicateKey)]
        );
        assert_eq!(only("{\n<<<<<<< a\n}"), [Code::ConflictMarkers]);
        assert_eq!(only("[]"), [Code::JsonInvalid]);
    }

    #[test]
    fn missions_that_get_in_each_others_way() {
        let near = "01KQ47E80QJG8GTVGDCV67RW7N";
        let (a, b) = (whole("s", ID, "1"), whole("s", near, "\"01\""));
        let found = codes(&[("001-a", &a), ("001-b", &b)], false, &[]);
        for path in ["kitty-specs/001-a/meta.json", "kitty-specs/001-b/meta.json"] {
            let of_path: Vec<Code> =
                found.iter().filter(|(place, _)| place == path).map(|(_, code)| *code).collect();
            assert_eq!(
                of_path,
                [
                    Code::NumberDuplicate,
                    Code::SlugMismatch,
                    Code::SlugDuplicate,
                    Code::Mid8Ambiguous,
                    Code::PrefixDuplicate
                ]
            );
        }
        let (a, b) = (whole("a", ID, "1"), whole("b", ID, "2"));
        let found = codes(&[("a", &a), ("b", &b)], false, &[]);
        assert_eq!(found.iter().filter(|(_, code)| *code == Code::MissionIdDuplicate).count(), 2);
    }

    #[test]
    fn an_id_may_move_and_may_not_change() {
        let other = "01KQ0000000000000000000000";
        let (a, b) = (whole("a", other, "1"), whole("b", ID, "2"));
        let changed = |found: Vec<(String, Code)>| found.iter().any(|(_, c)| *c == Code::MissionIdChanged);
        assert!(changed(codes(&[("a", &a)], false, &[("a", ID)])));
        assert!(!changed(codes(&[("a", &a), ("b", &b)], false, &[("a", ID)])));
    }
    /// A finding for each of several kinds, and none looks at all the others.
    #[test]
    fn thousands_that_share_everything_end_soon() {
        const MANY: usize = 30_000;
        let files: Vec<(String, String)> = (0..MANY)
            .map(|at| (format!("001-{at:05}"), whole("s", &format!("01KQ47E8{at:018}"), "1")))
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
        let found = codes(&files, true, &[]);
        assert_eq!(found.iter().filter(|(_, code)| *code == Code::Mid8Ambiguous).count(), MANY);
        assert_eq!(found.len(), 5 * MANY);
    }
}
