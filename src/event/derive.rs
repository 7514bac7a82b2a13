//! The derivation: what one mission of a tree says, each statement with an id that every clone gives it.
//!
//! A statement that the contract or the published model would refuse is not made; why is part of the answer.

use std::collections::BTreeSet;

use super::envelope::Envelope;
use super::log::lane_rows;
use super::{Artifact, Kind, MissionTree, transition};
use crate::clock::Instant;
use crate::gate::{Context, Contract, validate};
use crate::id::derived_event_id;
use crate::json::{Object, Value, object};
use crate::mission::{Meta, NumberField, key};

const ACCEPTED_AT: &str = "accepted_at";
/// Who makes a work package, as far as a tree can tell.
const ACTOR: &str = "git-mission";

/// One thing that a tree says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id
    pub event_id: String,
    /// Its type
    pub kind: Kind,
    /// What it is about
    pub aggregate_id: String,
    /// What it says, without the time of the commit
    pub payload: Object,
    /// When it happened; `None` is the time of the commit
    pub timestamp: Option<String>,
    /// Statements with the same key say the same thing at different times
    pub coalesce_key: Option<String>,
    /// The path and blob of the artifact that it indexes
    pub artifact: Option<(String, String)>,
    /// Whether it was not made anew but is known to be said; it has no payload then
    pub is_recalled: bool,
}

/// One thing that a tree holds and that cannot be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsaid {
    /// The id that it has or would have, if there is one
    pub event_id: Option<String>,
    /// Its type
    pub kind: Kind,
    /// Where it stands: a path, or a path and a line
    pub place: String,
    /// Why
    pub reason: String,
}

/// What one mission says, and what it holds and cannot say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Derived {
    /// The statements, in the order in which they should be heard
    pub said: Vec<Statement>,
    /// The rest
    pub unsaid: Vec<Unsaid>,
}

/// What one mission of a tree says.
pub fn derive(mission: &MissionTree<'_>) -> Derived {
    derive_but(mission, &|_| None)
}

/// The same, without the payloads of those artifacts of which the id of the event is known that was made of the same
/// artifact of the same mission before.
pub fn derive_but<'a>(
    mission: &'a MissionTree<'a>,
    recall: &'a dyn Fn(&Artifact) -> Option<&'a str>,
) -> Derived {
    let meta_path = format!("{}/meta.json", mission.directory);
    let mut derived = Derived::default();
    let Some(id) = mission.meta.valid_id() else {
        derived.refuse(None, Kind::MissionCreated, &meta_path, "no mission_id: git mission migrate");
        return derived;
    };
    let contract = match Contract::embedded() {
        Ok(contract) => contract,
        Err(error) => {
            derived.refuse(None, Kind::MissionCreated, &meta_path, &error.to_string());
            return derived;
        }
    };
    let mut telling = Telling {
        mission,
        recall,
        contract,
        root: format!("mission/{id}"),
        sample: Envelope::sample(mission.project_uuid),
        judged: None,
        ids: BTreeSet::new(),
        derived,
    };
    telling.mission(&meta_path);
    telling.work_packages();
    telling.log();
    telling.dossier();
    telling.derived
}

struct Telling<'a> {
    mission: &'a MissionTree<'a>,
    recall: &'a dyn Fn(&Artifact) -> Option<&'a str>,
    contract: &'a Contract,
    /// The aggregate id of the mission
    root: String,
    sample: Envelope,
    /// The event in which the last statement was judged
    judged: Option<Value>,
    ids: BTreeSet<String>,
    derived: Derived,
}

impl Derived {
    fn refuse(&mut self, event_id: Option<&str>, kind: Kind, place: &str, reason: &str) {
        self.unsaid.push(Unsaid {
            event_id: event_id.map(str::to_owned),
            kind,
            place: place.to_owned(),
            reason: reason.to_owned(),
        });
    }
}

impl Telling<'_> {
    fn mission(&mut self, place: &str) {
        let (root, created) = (self.root.clone(), Kind::MissionCreated);
        let id = self.derived_id(created, &root, &[""]);
        match self.created(&root) {
            Ok((payload, at)) => self.say(created, root, id, payload, Some(at), place, None),
            Err(reason) => self.derived.refuse(Some(&id), created, place, &reason),
        }
        let Some(accepted) = self.mission.meta.text(ACCEPTED_AT).map(str::to_owned) else { return };
        let (root, closed) = (self.root.clone(), Kind::MissionClosed);
        let id = self.derived_id(closed, &root, &[&accepted]);
        match (self.mission.meta.number(), scoped(self.mission.meta)) {
            (NumberField::Settled(_), Ok(payload)) => {
                self.say(closed, root, id, payload, Some(accepted), place, None);
            }
            (NumberField::Settled(_), Err(reason)) => self.derived.refuse(Some(&id), closed, place, &reason),
            _ => self.derived.refuse(Some(&id), closed, place, "accepted, and its number is not settled"),
        }
    }

    fn created(&self, root: &str) -> Result<(Object, String), String> {
        let meta = self.mission.meta;
        let mut payload = scoped(meta)?;
        let friendly = text(meta, key::FRIENDLY_NAME)?;
        let created_at = self.created_at()?;
        let purpose = |key: &str| meta.text(key).filter(|text| !text.trim().is_empty()).unwrap_or(friendly);
        let packages: BTreeSet<&str> = self.mission.work_packages.iter().map(|p| p.id.as_str()).collect();
        let rest = object([
            ("mission_id", root.trim_start_matches("mission/").into()),
            ("target_branch", text(meta, key::TARGET_BRANCH)?.into()),
            ("wp_count", packages.len().into()),
            ("friendly_name", friendly.into()),
            ("purpose_tldr", purpose("purpose_tldr").into()),
            ("purpose_context", purpose("purpose_context").into()),
            ("created_at", created_at.into()),
        ]);
        payload.extend(rest.as_object().cloned().unwrap_or_default());
        Ok((payload, created_at.to_owned()))
    }

    fn work_packages(&mut self) {
        let mission = self.mission;
        for package in mission.work_packages {
            let kind = Kind::WorkPackageCreated;
            let aggregate = format!("{}/wp/{}", self.root, package.id);
            let id = self.derived_id(kind, &aggregate, &[""]);
            let path = format!("{}/{}", mission.directory, package.path);
            let known = || -> Result<(Value, &str), String> {
                let number = number(mission.meta)?;
                let slug = text(mission.meta, key::MISSION_SLUG)?;
                Ok((number, slug))
            };
            let made = known().and_then(|known| Ok((known, self.created_at()?)));
            match made {
                Err(reason) => self.derived.refuse(Some(&id), kind, &path, &reason),
                Ok(((number, slug), at)) => {
                    let payload = object([
                        ("mission_slug", slug.into()),
                        ("mission_number", number),
                        ("wp_id", package.id.as_str().into()),
                        ("wp_title", package.title.as_str().into()),
                        ("wp_path", path.as_str().into()),
                        ("depends_on", package.depends_on.clone().into()),
                        ("actor", ACTOR.into()),
                        ("created_at", at.into()),
                    ]);
                    let payload = payload.as_object().cloned().unwrap_or_default();
                    self.say(kind, aggregate, id, payload, Some(at.to_owned()), &path, None);
                }
            }
        }
    }

    fn log(&mut self) {
        let mission = self.mission;
        for (line, row) in lane_rows(mission.log) {
            let place = format!("{}/status.events.jsonl:{line}", mission.directory);
            let kind = Kind::StatusChanged;
            let row = match row {
                Ok(row) => row,
                Err(error) => {
                    self.derived.refuse(None, kind, &place, &format!("no JSON object: {}", error.kind));
                    continue;
                }
            };
            let Some(id) = transition::text(&row, "event_id").map(str::to_owned) else {
                self.derived.refuse(None, kind, &place, "the row has no event_id");
                continue;
            };
            if self.ids.contains(&id) {
                continue;
            }
            let at = transition::text(&row, "at").unwrap_or_default().to_owned();
            let made = text(mission.meta, key::MISSION_SLUG)
                .and_then(|slug| transition::payload(self.contract, slug, &row));
            let aggregate =
                format!("{}/wp/{}", self.root, transition::text(&row, "wp_id").unwrap_or_default());
            match made {
                Err(reason) => self.derived.refuse(Some(&id), kind, &place, &reason),
                Ok(payload) => {
                    self.say(kind, aggregate.clone(), id.clone(), payload, Some(at.clone()), &place, None);
                }
            }
            if let Some(payload) = transition::assignment(self.contract, &row) {
                let assigned = self.derived_id(Kind::Assigned, &aggregate, &[&id]);
                self.say(Kind::Assigned, aggregate, assigned, payload, Some(at), &place, None);
            }
        }
    }

    fn dossier(&mut self) {
        let mission = self.mission;
        let dossier = match mission.dossier {
            Ok(dossier) => dossier,
            Err(reason) => {
                let place = format!("{}/", mission.directory);
                return self.derived.refuse(None, Kind::SnapshotComputed, &place, reason);
            }
        };
        let mission_type = mission.meta.text(key::MISSION_TYPE).unwrap_or_default();
        let aggregate = format!("{}/dossier", self.root);
        for artifact in &dossier.artifacts {
            let kind = Kind::ArtifactIndexed;
            if let Some(id) = (self.recall)(artifact) {
                self.recalled(id, artifact, &aggregate);
                continue;
            }
            let id = self.derived_id(kind, &aggregate, &[&artifact.path, &artifact.blob]);
            let payload = dossier.indexed(mission_type, artifact);
            let place = format!("{}/{}", mission.directory, artifact.path);
            let about = (artifact.path.clone(), artifact.blob.clone());
            self.say(kind, aggregate.clone(), id, payload, None, &place, Some(about));
        }
        for expected in &dossier.missing {
            let kind = Kind::ArtifactMissing;
            let id = self.derived_id(kind, &aggregate, &[&expected.path, &expected.step]);
            let place = format!("{}/{}", mission.directory, expected.path);
            let payload = dossier.absent(mission_type, expected);
            self.say(kind, aggregate.clone(), id, payload, None, &place, None);
        }
        if !dossier.artifacts.is_empty() {
            let kind = Kind::SnapshotComputed;
            let hash = dossier.snapshot_hash();
            let id = self.derived_id(kind, &aggregate, &[&hash]);
            let place = format!("{}/", mission.directory);
            self.say(kind, aggregate, id, dossier.snapshot(&hash), None, &place, None);
        }
    }

    /// Says that an artifact is indexed by an event that was made before.
    fn recalled(&mut self, id: &str, artifact: &Artifact, aggregate: &str) {
        if self.ids.insert(id.to_owned()) {
            self.derived.said.push(Statement {
                event_id: id.to_owned(),
                kind: Kind::ArtifactIndexed,
                aggregate_id: aggregate.to_owned(),
                payload: Object::new(),
                timestamp: None,
                coalesce_key: None,
                artifact: Some((artifact.path.clone(), artifact.blob.clone())),
                is_recalled: true,
            });
        }
    }

    /// The id of an event that has none of its own.
    fn derived_id(&self, kind: Kind, aggregate: &str, content_key: &[&str]) -> String {
        let fixed = [self.mission.project_uuid, kind.event_type(), aggregate];
        let parts: Vec<&str> = fixed.iter().chain(content_key).copied().collect();
        derived_event_id(self.mission.meta.created_at(), &parts)
    }

    /// When the mission was created, as the file spells it, if that names a point in time.
    fn created_at(&self) -> Result<&str, String> {
        let spelled = text(self.mission.meta, key::CREATED_AT)?;
        Instant::parse(spelled)
            .map(|_| spelled)
            .ok_or_else(|| format!("created_at {spelled:?} names no time"))
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a statement, named at every call")]
    fn say(
        &mut self,
        kind: Kind,
        aggregate_id: String,
        event_id: String,
        payload: Object,
        timestamp: Option<String>,
        place: &str,
        artifact: Option<(String, String)>,
    ) {
        let coalesce_key = match (&artifact, kind) {
            (Some((path, _)), _) => Some(format!("{kind} {aggregate_id} {path}")),
            (None, Kind::SnapshotComputed) => Some(format!("{kind} {aggregate_id}")),
            _ => None,
        };
        let mut statement = Statement {
            event_id,
            kind,
            aggregate_id,
            payload,
            timestamp,
            coalesce_key,
            artifact,
            is_recalled: false,
        };
        let whole = cfg!(debug_assertions).then(|| self.sample.wrap(&statement, 0));
        let event = self.judged.get_or_insert_with(|| self.sample.wrap(&statement, 0));
        self.sample.rewrap(event, &mut statement);
        debug_assert!(whole.is_none_or(|whole| whole == *event), "both ways make {event:?}");
        // The chokepoint of emission.
        let verdict = validate(event, Context::Event);
        Envelope::give_back(event, &mut statement);
        if let Err(violation) = verdict {
            return self.derived.refuse(Some(&statement.event_id), kind, place, &violation.to_string());
        }
        if self.ids.insert(statement.event_id.clone()) {
            self.derived.said.push(statement);
        }
    }
}

/// What every payload about a mission has.
fn scoped(meta: &Meta) -> Result<Object, String> {
    let fields = object([
        ("mission_slug", text(meta, key::MISSION_SLUG)?.into()),
        ("mission_number", number(meta)?),
        ("mission_type", text(meta, key::MISSION_TYPE)?.into()),
    ]);
    Ok(fields.as_object().cloned().unwrap_or_default())
}

fn text<'a>(meta: &'a Meta, key: &str) -> Result<&'a str, String> {
    meta.text(key)
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| format!("meta.json says nothing under {key}"))
}

fn number(meta: &Meta) -> Result<Value, String> {
    match meta.number() {
        NumberField::Unsettled => Ok(Value::Null),
        NumberField::Settled(number) => Ok(number.into()),
        NumberField::Invalid(spelled) => Err(format!("mission_number {spelled} is no number")),
    }
}
