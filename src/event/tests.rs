//! The derivation as a whole: what is said, what is not and why.

use super::*;
use crate::json::{Value, object};
use crate::mission::Meta;

const META: &str = r#"{"slug": "one", "mission_slug": "one", "friendly_name": "One", "mission_type": "software-dev",
    "target_branch": "main", "mission_number": null, "mission_id": "01KQ47E80QJG8GTVGDCV67RW7M",
    "created_at": "2026-04-06T05:01:28.874035+00:00"}"#;

/// The sample with some keys replaced, or removed where the value is `null`.
fn meta(changes: &[(&str, Value)]) -> Meta {
    let mut members = Meta::read(META.as_bytes()).expect("a meta.json").members().clone();
    for (key, value) in changes {
        members.remove(*key);
        if !value.is_null() {
            members.insert((*key).to_owned(), value.clone());
        }
    }
    Meta::from_members(members).expect("a meta.json")
}

fn derived(meta: &Meta, log: &str) -> Derived {
    let package = WorkPackage::read("tasks/WP01.md", Some("# First\n")).expect("a work package");
    derive(&MissionTree {
        project_uuid: "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        directory: "kitty-specs/one",
        meta,
        work_packages: &[package],
        log: log.as_bytes(),
        dossier: Err("namespace_ambiguous"),
    })
}

fn said(derived: &Derived) -> Vec<Kind> {
    derived.said.iter().map(|statement| statement.kind).collect()
}

fn reasons(derived: &Derived) -> Vec<(Kind, &str)> {
    derived.unsaid.iter().map(|unsaid| (unsaid.kind, unsaid.reason.as_str())).collect()
}

const AMBIGUOUS: (Kind, &str) = (Kind::SnapshotComputed, "namespace_ambiguous");

#[test]
fn ids_are_of_content_alone() {
    let one = derived(&meta(&[]), "");
    assert_eq!(said(&one), [Kind::MissionCreated, Kind::WorkPackageCreated]);
    assert_eq!(reasons(&one), [AMBIGUOUS]);
    // What may change while the mission stays the mission is no part of its id.
    let changes =
        [("friendly_name", "Other".into()), ("mission_number", 7_u64.into()), ("mission_slug", "x".into())];
    let other = derived(&meta(&changes), "");
    let ids = |derived: &Derived| derived.said.iter().map(|s| s.event_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&other));
    assert_ne!(one.said[0].payload, other.said[0].payload);
    let copy = derived(&meta(&[("mission_id", "01KQ47E80QJG8GTVGDCV67RW7N".into())]), "");
    assert!(ids(&copy).iter().all(|id| !ids(&one).contains(id)));
}

#[test]
fn what_a_model_needs_and_the_tree_does_not_hold_is_named() {
    let no_id = derived(&meta(&[("mission_id", Value::Null)]), "");
    assert_eq!(reasons(&no_id), [(Kind::MissionCreated, "no mission_id: git mission migrate")]);
    assert_eq!(said(&no_id), []);

    let no_time = derived(&meta(&[("created_at", "2026-04-06T05:01:28".into())]), "");
    let words = "created_at \"2026-04-06T05:01:28\" names no time";
    assert_eq!(
        reasons(&no_time),
        [(Kind::MissionCreated, words), (Kind::WorkPackageCreated, words), AMBIGUOUS]
    );

    let no_name = derived(&meta(&[("friendly_name", " ".into())]), "");
    let words = "meta.json says nothing under friendly_name";
    assert_eq!(reasons(&no_name), [(Kind::MissionCreated, words), AMBIGUOUS]);
    assert_eq!(said(&no_name), [Kind::WorkPackageCreated]);

    let no_number = derived(&meta(&[("mission_number", "TBD".into())]), "");
    assert_eq!(reasons(&no_number)[0], (Kind::MissionCreated, "mission_number \"TBD\" is no number"));
}

#[test]
fn a_mission_is_closed_when_it_is_accepted_and_numbered() {
    let accepted = ("accepted_at", Value::from("2026-04-07T00:00:00Z"));
    let open = derived(&meta(std::slice::from_ref(&accepted)), "");
    assert_eq!(reasons(&open)[0], (Kind::MissionClosed, "accepted, and its number is not settled"));
    let closed = derived(&meta(&[accepted, ("mission_number", "007".into())]), "");
    assert_eq!(said(&closed), [Kind::MissionCreated, Kind::MissionClosed, Kind::WorkPackageCreated]);
    let scoped = object([
        ("mission_slug", "one".into()),
        ("mission_number", 7_u64.into()),
        ("mission_type", "software-dev".into()),
    ]);
    assert_eq!(Value::Object(closed.said[1].payload.clone()), scoped);
    let never = derived(&meta(&[("accepted_at", "soon".into()), ("mission_number", 7_u64.into())]), "");
    assert_eq!(reasons(&never)[0].0, Kind::MissionClosed);
}

#[test]
fn rows_keep_their_ids_and_are_said_once() {
    let row = |id: &str, more: &str| {
        format!(
            "{{\"event_id\": \"{id}\", \"wp_id\": \"WP01\", \"from_lane\": \"planned\", \"to_lane\": \"claimed\", \
             \"at\": \"2026-04-06T06:00:00Z\", \"actor\": \"ada\", \"execution_mode\": \"worktree\"{more}}}\n"
        )
    };
    let (first, second) = ("01KQ47E80QJG8GTVGDCV67R001", "01KQ47E80QJG8GTVGDCV67R002");
    let log =
        row(first, "") + &row(first, ", \"force\": true") + &row(second, "") + &row("", "") + &row("7", "");
    let derived = derived(&meta(&[]), &log);
    let moves: Vec<&str> = derived
        .said
        .iter()
        .filter(|statement| statement.kind == Kind::StatusChanged)
        .map(|statement| statement.event_id.as_str())
        .collect();
    assert_eq!(moves, [first, second]);
    assert_eq!(said(&derived).iter().filter(|kind| **kind == Kind::Assigned).count(), 3);
    let wrong = reasons(&derived);
    assert_eq!(wrong[0], (Kind::StatusChanged, "the row has no event_id"));
    assert!(wrong[1].1.contains("is not a ulid"), "{wrong:?}");
    assert_eq!(derived.unsaid[0].place, "kitty-specs/one/status.events.jsonl:4");
}
