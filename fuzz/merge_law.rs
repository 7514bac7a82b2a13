//! Where what a clean merge says comes from: every value from one of the versions, under the keys that it stood under
//! there; and what only one side changed is what that side says. Read from the texts alone, not from the merge.
//!
//! Knows nothing about rules between two changes, beyond which keys are taken together.

use std::collections::BTreeSet;

use git_mission::json::{self, Limits, Object, Value};
use git_mission::merge::Sides;
use git_mission::mission::Meta;

/// Keys that are taken together, and may follow a change of one another.
const UNITS: [&str; 8] = [
    "accepted_at",
    "accepted_by",
    "acceptance_mode",
    "accepted_from_commit",
    "accept_commit",
    "topology",
    "flattened",
    "coordination_branch",
];

/// A `meta.json` from three versions that can be read without markers.
pub fn meta(texts: &Sides<&[u8]>, merged: &Meta) {
    let base = match json::parse(texts.base, Limits::DOCUMENT) {
        Err(error) if error.kind == json::ErrorKind::Empty => Object::default(),
        _ => match Meta::read(texts.base) {
            Ok(base) => base.members().clone(),
            Err(_) => return,
        },
    };
    let (Ok(ours), Ok(theirs)) = (Meta::read(texts.ours), Meta::read(texts.theirs)) else { return };
    let mut known = BTreeSet::new();
    for members in [&base, ours.members(), theirs.members()] {
        leaves_of(members, "", &mut known);
    }
    let mut found = BTreeSet::new();
    leaves_of(merged.members(), "", &mut found);
    assert!(found.is_subset(&known), "from nowhere: {:?}", found.difference(&known).next());
    for key in base.keys().chain(ours.members().keys()).chain(theirs.members().keys()) {
        let [base, ours, theirs, merged] = [&base, ours.members(), theirs.members(), merged.members()]
            .map(|members| members.get(key).and_then(without_nulls));
        if UNITS.contains(&&**key) {
            continue;
        }
        if ours == theirs || theirs == base {
            assert_eq!(merged, ours, "`{key}`, which only ours changed");
        } else if ours == base {
            assert_eq!(merged, theirs, "`{key}`, which only theirs changed");
        }
    }
}

/// An event log: the ids of both sides and no others, and in each row nothing that no version of that row says.
pub fn event_log(texts: &Sides<&[u8]>, merged: &[u8]) {
    let [base, ours, theirs, merged] = [texts.base, texts.ours, texts.theirs, merged].map(rows);
    let mut known = BTreeSet::new();
    for (id, members) in [&base, &ours, &theirs].into_iter().flatten() {
        leaves_of(members, id, &mut known);
    }
    let mut found = BTreeSet::new();
    for (id, members) in &merged {
        leaves_of(members, id, &mut found);
    }
    let (known, found) = (under_new_names(&known), under_new_names(&found));
    assert!(found.is_subset(&known), "from nowhere: {:?}", found.difference(&known).next());
    let ids = |rows: &[(String, Object)]| rows.iter().map(|(id, _)| id.clone()).collect::<BTreeSet<_>>();
    let sides = &ids(&ours) | &ids(&theirs);
    assert_eq!(ids(&merged), sides, "rows");
}

/// A row may have two fields under an old name or a new one; the versions are compared under the new names.
fn under_new_names(leaves: &BTreeSet<String>) -> BTreeSet<String> {
    let renamed = |leaf: &String| {
        leaf.replace("/\"feature_slug\"", "/\"mission_slug\"").replace("/\"work_package_id\"", "/\"wp_id\"")
    };
    leaves.iter().map(renamed).collect()
}

/// The rows, each with its `event_id` (empty if it has none).
fn rows(text: &[u8]) -> Vec<(String, Object)> {
    text.split(|byte| *byte == b'\n')
        .filter_map(|line| json::parse_object(line, Limits::ROW).ok())
        .map(|row| (row.get("event_id").and_then(Value::as_str).unwrap_or_default().to_owned(), row))
        .collect()
}

/// Every scalar and empty container with the keys above it; positions in arrays do not count, and `null` is nothing.
fn leaves_of(members: &Object, path: &str, out: &mut BTreeSet<String>) {
    for (key, value) in members {
        leaves(value, &format!("{path}/{key:?}"), out);
    }
}

fn leaves(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Object(members) => leaves_of(members, path, out),
        Value::Array(items) => {
            for item in items {
                leaves(item, &format!("{path}/*"), out);
            }
        }
        scalar => drop(out.insert(format!("{path}={}", json::line(scalar)))),
    }
}

/// The value without members that are `null`, which say as much as none.
fn without_nulls(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(members) => {
            let kept = members.iter().filter_map(|(key, value)| Some((key.clone(), without_nulls(value)?)));
            Some(Value::Object(kept.collect()))
        }
        other => Some(other.clone()),
    }
}
