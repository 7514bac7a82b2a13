//! What an annotation changes about a work package: never its lane.

use std::collections::HashSet;

use super::package::{Package, said};
use crate::gate::Contract;
use crate::json::{Object, Value};

/// The last one that says something counts.
const REPLACED: [&str; 9] = [
    "shell_pid",
    "shell_pid_created_at",
    "agent",
    "assignee",
    "role",
    "agent_profile",
    "agent_profile_version",
    "model",
    "provider",
];
/// What a claim that is given up leaves empty.
const RELEASED: [&str; 3] = ["agent", "shell_pid", "shell_pid_created_at"];
const SUBTASKS: &str = "subtasks";
const NOTES: &str = "notes";
const REVIEW: &str = "review";
/// Who overrides a review, when and why.
const OVERRIDE: [&str; 4] = ["at", "actor", "wp_id", "reason"];

impl Package {
    /// Takes an annotation.
    pub(super) fn annotate(&mut self, contract: &Contract, row: &Object) {
        self.begin(row);
        let Some(delta) = row.get("delta").and_then(Value::as_object) else { return };
        let state = &mut self.state;
        if delta.get("release_runtime_claim") == Some(&Value::Bool(true)) {
            state.extend(RELEASED.map(|key| (key.to_owned(), Value::Null)));
        }
        for key in REPLACED {
            if let Some(value) = said(delta, key) {
                state.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(Value::Object(changed)) = delta.get(SUBTASKS) {
            let mut subtasks = match state.remove(SUBTASKS) {
                Some(Value::Object(subtasks)) => subtasks,
                _ => Object::new(),
            };
            let lane = |status: &Value| match status.as_str() {
                Some(name) => contract.lane(name).unwrap_or(name).into(),
                None => status.clone(),
            };
            subtasks.extend(changed.iter().map(|(task, status)| (task.clone(), lane(status))));
            state.insert(SUBTASKS.to_owned(), subtasks.into());
        }
        if let Some(note) = delta.get("note").filter(|note| !note.is_null()) {
            // Taken out and put back: a log may hold as many notes as it has rows.
            let mut notes = match state.remove(NOTES) {
                Some(Value::Array(notes)) => notes,
                _ => Vec::new(),
            };
            notes.push(note.clone());
            state.insert(NOTES.to_owned(), Value::Array(notes));
        }
        if let Some(Value::Array(refs)) = delta.get("tracker_refs_replace") {
            self.tracker_refs = Some(Once::default());
            self.refer(refs);
        } else if let Some(Value::Array(refs)) = delta.get("tracker_refs") {
            self.refer(refs);
        }
        if let Some(Value::Object(given)) = delta.get(REVIEW) {
            let given: Object = OVERRIDE
                .iter()
                .map(|key| ((*key).to_owned(), given.get(*key).cloned().unwrap_or_else(|| "".into())))
                .collect();
            let is_taken_back = given.values().all(|value| value.as_str() == Some(""));
            self.state.insert(REVIEW.to_owned(), if is_taken_back { Value::Null } else { given.into() });
        }
    }

    fn refer(&mut self, refs: &[Value]) {
        let once = self.tracker_refs.get_or_insert_default();
        for value in refs {
            once.add(value);
        }
    }
}

/// Values in the order in which they were first said.
#[derive(Debug, Default)]
pub(super) struct Once {
    values: Vec<Value>,
    seen: HashSet<Value>,
}

impl Once {
    fn add(&mut self, value: &Value) {
        if self.seen.insert(value.clone()) {
            self.values.push(value.clone());
        }
    }
}

impl From<Once> for Value {
    fn from(once: Once) -> Self {
        Self::Array(once.values)
    }
}
