//! One work package while a log is folded: where it is, who moved it there, and what is known about who works on it.

use super::annotation::Once;
use crate::gate::Contract;
use crate::json::{Object, Value};

/// The lane of a package that was annotated and never moved; no row names it.
const UNINITIALIZED: &str = "uninitialized";
const TRACKER_REFS: &str = "tracker_refs";
const LANE: &str = "lane";
const REVIEW_RESULT: &str = "review_result";
const CANCELLATION_REASON: &str = "cancellation_reason";
const REASON_SOURCE: &str = "reason_source";
/// What a reason begins with that a tool made up, in rows that do not say so themselves.
const MADE_UP: [&str; 2] = ["Force move to ", "move-task: "];
/// What a claim says about who claims, beside its row.
const CLAIM: [&str; 3] = ["shell_pid", "shell_pid_created_at", "agent"];

/// A work package.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) state: Object,
    pub(super) tracker_refs: Option<Once>,
    forced: u64,
    /// When the last move was made, as it is spelled; `None` before the first
    moved_at: Option<String>,
    rolled_back: bool,
}

impl Package {
    /// Its lane, as the contract spells it where it knows it.
    pub(super) fn lane(&self) -> Option<&str> {
        self.state.get(LANE).and_then(Value::as_str)
    }

    pub(super) fn into_value(mut self) -> Value {
        if let Some(refs) = self.tracker_refs.take() {
            self.set(TRACKER_REFS, refs.into());
        }
        self.state.into()
    }

    fn set(&mut self, key: &str, value: Value) {
        self.state.insert(key.to_owned(), value);
    }

    /// Takes a lane row, unless a rollback at the same time stands against it.
    pub(super) fn go(&mut self, contract: &Contract, row: &Object) {
        let at = row.get("at").and_then(Value::as_str).unwrap_or_default();
        let lane =
            |key: &str| row.get(key).and_then(Value::as_str).map(|name| contract.lane(name).unwrap_or(name));
        let (from, to) = (lane("from_lane"), lane("to_lane").unwrap_or_default());
        let rolls_back = to == "in_progress"
            && (from == Some("in_review")
                || (from == Some("for_review") && said(row, "review_ref").is_some()));
        if self.moved_at.as_deref() == Some(at) && self.rolled_back && !rolls_back {
            return;
        }
        self.moved_at = Some(at.to_owned());
        self.rolled_back = rolls_back;
        self.forced += u64::from(row.get("force") == Some(&Value::Bool(true)));

        self.set(LANE, to.into());
        self.set("actor", actor(row));
        self.set("last_transition_at", row.get("at").cloned().unwrap_or(Value::Null));
        self.set("last_event_id", row.get("event_id").cloned().unwrap_or(Value::Null));
        self.set("force_count", self.forced.into());
        if (from, to) == (Some("planned"), "claimed") {
            let claim = row.get("policy_metadata").and_then(Value::as_object);
            for key in CLAIM {
                if let Some(value) = claim.and_then(|claim| said(claim, key)) {
                    self.set(key, value.clone());
                }
            }
        }
        // Whoever leaves a review without a verdict leaves none behind.
        match verdict(row) {
            None if from != Some("in_review") => {}
            verdict => self.set(REVIEW_RESULT, verdict.into()),
        }
        self.state.remove(CANCELLATION_REASON);
        self.state.remove(REASON_SOURCE);
        if to == "canceled" {
            let reason = said(row, "reason").cloned().unwrap_or(Value::Null);
            let source = said(row, REASON_SOURCE).cloned().unwrap_or_else(|| source(&reason).into());
            self.set(CANCELLATION_REASON, reason);
            self.set(REASON_SOURCE, source);
        }
    }

    /// Begins a package that only annotations know.
    pub(super) fn begin(&mut self, row: &Object) {
        if self.state.is_empty() {
            self.set(LANE, UNINITIALIZED.into());
            self.set("actor", actor(row));
            self.set("last_transition_at", Value::Null);
            self.set("last_event_id", Value::Null);
            self.set("force_count", 0_u64.into());
        }
    }
}

/// A value that is neither `null` nor an empty text.
pub(super) fn said<'r>(members: &'r Object, key: &str) -> Option<&'r Value> {
    members.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

/// One text for an actor: of an object its tool, else its role.
fn actor(row: &Object) -> Value {
    match row.get("actor") {
        Some(Value::Object(actor)) => {
            let name = said(actor, "tool").or_else(|| said(actor, "role"));
            name.cloned().unwrap_or_else(|| "".into())
        }
        Some(actor) => actor.clone(),
        None => Value::Null,
    }
}

/// The outcome of a review: who, what, where.
fn verdict(row: &Object) -> Option<Value> {
    let given = row.get(REVIEW_RESULT)?.as_object().filter(|given| !given.is_empty())?;
    let always =
        ["reviewer", "verdict", "reference"].map(|key| (key, given.get(key).cloned().unwrap_or(Value::Null)));
    let path =
        given.get("feedback_path").filter(|path| !path.is_null()).map(|path| ("feedback_path", path.clone()));
    let members = always.into_iter().chain(path).map(|(key, value)| (key.to_owned(), value));
    Some(Value::Object(members.collect()))
}

/// Who gave a reason, where the row does not say.
fn source(reason: &Value) -> &'static str {
    let text = reason.as_str().unwrap_or_default();
    let made_up = text.trim().is_empty() || MADE_UP.iter().any(|begin| text.starts_with(begin));
    if made_up { "synthetic" } else { "operator" }
}
