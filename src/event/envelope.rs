//! Who says a statement, where and when: what is filled in at enqueue and is no part of an id.

use super::Statement;
use crate::gate::Contract;
use crate::json::{Object, Value, object};

/// How far an event may travel; statements about missions carry nothing personal.
const DATA_TIER: u64 = 0;

/// Everything around a payload that one checkout says at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The checkout
    pub build_id: String,
    /// The machine and its user
    pub node_id: String,
    /// The project
    pub project_uuid: String,
    /// The project's name
    pub project_slug: Option<String>,
    /// `owner/name` of the origin
    pub repo_slug: Option<String>,
    /// The branch, without `refs/heads/`
    pub git_branch: String,
    /// The commit
    pub head_commit_sha: String,
    /// When it was committed
    pub commit_time: String,
}

impl Envelope {
    /// The event: a statement in this envelope, with its place in the sender's order.
    pub fn wrap(&self, statement: &Statement, lamport_clock: u64) -> Value {
        let mut payload: Object = statement.payload.clone();
        if let Some(key) = statement.kind.commit_time_key() {
            payload.insert(key.to_owned(), self.commit_time.as_str().into());
        }
        // Without a contract the gate stops every event; what its version would be does not matter then.
        let version = Contract::embedded().map(Contract::version).unwrap_or_default();
        let timestamp = statement.timestamp.as_deref().unwrap_or(&self.commit_time);
        object([
            ("event_id", statement.event_id.as_str().into()),
            ("event_type", statement.kind.event_type().into()),
            ("aggregate_id", statement.aggregate_id.as_str().into()),
            ("aggregate_type", statement.kind.aggregate_type().into()),
            ("schema_version", version.into()),
            ("build_id", self.build_id.as_str().into()),
            ("payload", payload.into()),
            ("node_id", self.node_id.as_str().into()),
            ("lamport_clock", lamport_clock.into()),
            ("causation_id", Value::Null),
            ("correlation_id", statement.event_id.as_str().into()),
            ("timestamp", timestamp.into()),
            ("team_slug", Value::Null),
            ("project_uuid", self.project_uuid.as_str().into()),
            ("project_slug", self.project_slug.clone().into()),
            ("git_branch", self.git_branch.as_str().into()),
            ("head_commit_sha", self.head_commit_sha.as_str().into()),
            ("repo_slug", self.repo_slug.clone().into()),
            ("data_tier", DATA_TIER.into()),
        ])
    }

    /// The statement in this envelope where another one was before, whose payload that was: what stands around all of them
    /// is made once. The payload is given back by [`Self::give_back`].
    pub(super) fn rewrap(&self, event: &mut Value, statement: &mut Statement) {
        let Value::Object(members) = event else { return };
        if let Some(key) = statement.kind.commit_time_key() {
            statement.payload.insert(key.to_owned(), self.commit_time.as_str().into());
        }
        let timestamp = statement.timestamp.as_deref().unwrap_or(&self.commit_time);
        for (key, text) in [
            ("event_id", statement.event_id.as_str()),
            ("event_type", statement.kind.event_type()),
            ("aggregate_id", statement.aggregate_id.as_str()),
            ("aggregate_type", statement.kind.aggregate_type()),
            ("correlation_id", statement.event_id.as_str()),
            ("timestamp", timestamp),
        ] {
            if let Some(value) = members.get_mut(key) {
                *value = text.into();
            }
        }
        if let Some(payload) = members.get_mut("payload") {
            *payload = std::mem::take(&mut statement.payload).into();
        }
    }

    /// Takes the payload out again that [`Self::rewrap`] put in.
    pub(super) fn give_back(event: &mut Value, statement: &mut Statement) {
        let Value::Object(members) = event else { return };
        if let Some(Value::Object(payload)) = members.get_mut("payload") {
            statement.payload = std::mem::take(payload);
        }
        if let Some(key) = statement.kind.commit_time_key() {
            statement.payload.remove(key);
        }
    }

    /// An envelope in which a payload is judged before anybody says it.
    pub(super) fn sample(project_uuid: &str) -> Self {
        let some = || "x".to_owned();
        Self {
            build_id: some(),
            node_id: some(),
            project_uuid: project_uuid.to_owned(),
            project_slug: None,
            repo_slug: None,
            git_branch: some(),
            head_commit_sha: some(),
            commit_time: "1970-01-01T00:00:00+00:00".to_owned(),
        }
    }
}
