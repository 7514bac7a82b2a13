//! Binding the project to a tracker: what the server knows it by is looked up, confirmed where it has to be, and
//! checked. The server keeps the result; nothing is written here.
//!
//! Knows nothing about terminals.

use std::fmt;

use super::connection::{client, configured_server};
use super::login::NoLogin;
use super::{Settings, SyncError};
use crate::gate::{Context, validate};
use crate::git::Repo;
use crate::json::{Limits, Object, Value, canonical, object, parse};
use crate::op::branch::Standing;
use crate::op::identity::{build_id, identity};
use crate::op::project::project_uuid;
use crate::transport::{Answer, Client, Encoding, Patience, Refusal};

const RESOLVE: &str = "/api/v1/tracker/bind-resolve/";
const CONFIRM: &str = "/api/v1/tracker/bind-confirm/";
const VALIDATE: &str = "/api/v1/tracker/bind-validate/";
/// What a server says of a candidate that it has forgotten since it named it.
const FORGOTTEN: &str = "invalid_candidate_token";
/// Most of a server's words that are passed on, in characters.
const MAX_WORDS: usize = 300;

/// A server that is asked about trackers: a path and a request in, its whole answer out.
pub trait Tracker {
    /// Posts a request; an answer of any status but a redirect is one.
    fn post(&self, path: &str, request: &Value) -> Result<Answer, Refusal>;
}

impl Tracker for Client {
    fn post(&self, path: &str, request: &Value) -> Result<Answer, Refusal> {
        Self::post(self, path, &canonical(request), Encoding::Plain)
    }
}

/// What to bind to, as far as the user says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The kind of tracker: `linear`, `jira`, `github`, `gitlab`
    pub provider: Option<String>,
    /// Which of several candidates, from 1
    pub select: Option<u64>,
}

/// How a binding ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// The project is bound, and the server says that the binding is good
    Bound {
        /// What the server calls the binding
        binding_ref: String,
        /// Its name for people
        label: Option<String>,
    },
    /// There are several, and none was chosen
    Candidates(Vec<Candidate>),
    /// The server knows nothing to bind to
    Nothing,
    /// There is a binding, and it is not good
    Invalid {
        /// What the server calls the binding
        binding_ref: String,
        /// Why
        reason: Option<String>,
    },
}

/// Something to bind to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its number, from 1
    pub number: u64,
    /// Its name for people
    pub label: String,
    /// Why it is one
    pub reason: String,
    token: String,
}

/// Why nothing was bound.
#[derive(Debug)]
pub enum BindError {
    /// The gate: nothing was sent
    Contract(crate::gate::Violation),
    /// The server could not be asked, or not now
    Unasked(Refusal),
    /// The server will not
    Refused {
        /// The status of its answer
        status: u16,
        /// Its name for the reason
        code: Option<String>,
        /// Its words for people
        words: Option<String>,
    },
    /// The server's answer says nothing that can be understood; holds what was asked
    Unintelligible(&'static str),
    /// There is no candidate of this number
    NoSuchCandidate(u64),
}

/// The request that opens a binding, which is also what a dry run shows.
///
/// ```text
/// {"project_identity": {"uuid", "slug", "node_id", "repo_slug"|null, "build_id"}, "provider"?}
/// ```
///
/// The checkout gets its build id if it has none: another one in the real run would be another request.
pub fn request(repo: &Repo, choice: &Choice) -> Result<Value, SyncError> {
    let config = repo.config()?;
    let standing = Standing::find(repo, &config)?;
    let who = identity(repo, &config, &standing)?;
    let identity = object([
        ("uuid", project_uuid(repo, &standing)?.into()),
        ("slug", who.project_slug.into()),
        ("node_id", who.node_id.into()),
        ("repo_slug", who.repo_slug.into()),
        ("build_id", build_id(repo)?.into()),
    ]);
    let mut request: Object = [("project_identity".to_owned(), identity)].into_iter().collect();
    if let Some(provider) = choice.provider.clone().or(who.tracker) {
        request.insert("provider".to_owned(), provider.into());
    }
    Ok(Value::Object(request))
}

/// Binds this repository's project on the server that sync is on for.
pub fn bind(repo: &Repo, request: &Value, choice: &Choice) -> Result<Bound, SyncError> {
    let server = configured_server(repo)?.ok_or(SyncError::Off)?;
    let patience = Patience { request: Settings::of(&repo.config()?).budget, until: None };
    let client = client(repo, &server, patience)?;
    bind_with(&client, request, choice).map_err(|error| match error {
        BindError::Unasked(Refusal::AuthNeeded) => {
            SyncError::NotLoggedIn { server: server.origin().to_string(), why: NoLogin::Refused }
        }
        other => SyncError::Bind(other),
    })
}

/// Binds: resolve, confirm where the server wants it, validate.
pub fn bind_with(tracker: &dyn Tracker, request: &Value, choice: &Choice) -> Result<Bound, BindError> {
    let resolved = ask(tracker, RESOLVE, request, None)?;
    let outcome = match confirm(tracker, request, &resolved, choice) {
        // The candidate was named a moment ago: it is looked up once more, and only once.
        Err(BindError::Refused { code: Some(code), .. }) if code == FORGOTTEN => {
            let again = ask(tracker, RESOLVE, request, None)?;
            confirm(tracker, request, &again, choice)?
        }
        other => other?,
    };
    let Bound::Bound { binding_ref, label } = outcome else { return Ok(outcome) };
    let judged = ask(tracker, VALIDATE, request, Some(("binding_ref", &binding_ref)))?;
    match judged.get("valid") {
        Some(Value::Bool(true)) => {
            Ok(Bound::Bound { binding_ref, label: words(&judged, "display_label").or(label) })
        }
        Some(Value::Bool(false)) => {
            let reason = [words(&judged, "reason"), words(&judged, "guidance")];
            let reason = reason.into_iter().flatten().collect::<Vec<_>>().join(": ");
            Ok(Bound::Invalid { binding_ref, reason: (!reason.is_empty()).then_some(reason) })
        }
        _ => Err(BindError::Unintelligible(VALIDATE)),
    }
}

/// From what was resolved to a binding, or to what stands in its way.
fn confirm(
    tracker: &dyn Tracker,
    request: &Value,
    resolved: &Object,
    choice: &Choice,
) -> Result<Bound, BindError> {
    let token = match text(resolved, "match_type").as_deref() {
        Some("exact") => {
            if let Some(binding_ref) = text(resolved, "binding_ref") {
                return Ok(Bound::Bound { binding_ref, label: words(resolved, "display_label") });
            }
            text(resolved, "candidate_token").ok_or(BindError::Unintelligible(RESOLVE))?
        }
        Some("candidates") => {
            let mut candidates = candidates(resolved).ok_or(BindError::Unintelligible(RESOLVE))?;
            if candidates.is_empty() {
                return Ok(Bound::Nothing);
            }
            let Some(number) = choice.select else { return Ok(Bound::Candidates(candidates)) };
            candidates.retain(|candidate| candidate.number == number);
            candidates.pop().ok_or(BindError::NoSuchCandidate(number))?.token
        }
        Some("none") => return Ok(Bound::Nothing),
        _ => return Err(BindError::Unintelligible(RESOLVE)),
    };
    let confirmed = ask(tracker, CONFIRM, request, Some(("candidate_token", &token)))?;
    let binding_ref = text(&confirmed, "binding_ref").ok_or(BindError::Unintelligible(CONFIRM))?;
    Ok(Bound::Bound { binding_ref, label: words(&confirmed, "display_label") })
}

/// Asks one question, through the gate. Only an object that a 2xx brought is an answer.
fn ask(
    tracker: &dyn Tracker,
    path: &'static str,
    request: &Value,
    more: Option<(&str, &str)>,
) -> Result<Object, BindError> {
    let mut request = request.clone();
    if let (Value::Object(members), Some((key, text))) = (&mut request, more) {
        members.insert(key.to_owned(), text.into());
    }
    validate(&request, Context::TrackerBind).map_err(BindError::Contract)?;
    let answer = tracker.post(path, &request).map_err(BindError::Unasked)?;
    let content = parse(&answer.content, Limits::DOCUMENT).ok();
    let content = content.as_ref().and_then(Value::as_object);
    match answer.status {
        200..300 => content.cloned().ok_or(BindError::Unintelligible(path)),
        401 => Err(BindError::Unasked(Refusal::AuthNeeded)),
        status => {
            let first = |keys: &[&str]| keys.iter().find_map(|key| words(content?, key));
            Err(BindError::Refused {
                status,
                code: first(&["error_category", "error_code"]),
                words: first(&["message", "detail", "error"]),
            })
        }
    }
}

fn candidates(resolved: &Object) -> Option<Vec<Candidate>> {
    let rows = resolved.get("candidates")?.as_array()?;
    let mut candidates = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        let row = row.as_object()?;
        let position = match row.get("sort_position") {
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        let position = position.unwrap_or(place as u64);
        candidates.push(Candidate {
            number: position.saturating_add(1),
            label: words(row, "display_label").unwrap_or_default(),
            reason: words(row, "match_reason").unwrap_or_default(),
            token: text(row, "candidate_token")?,
        });
    }
    candidates.sort_by_key(|candidate| candidate.number);
    Some(candidates)
}

/// A text that is there and not empty.
fn text(members: &Object, key: &str) -> Option<String> {
    members.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The same, cut to a length that can be shown.
fn words(members: &Object, key: &str) -> Option<String> {
    text(members, key).map(|text| text.chars().take(MAX_WORDS).collect())
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract(violation) => write!(f, "contract violation: {violation}; nothing was sent"),
            Self::Unasked(refusal) => refusal.fmt(f),
            Self::Refused { status, code, words } => {
                write!(f, "the server refused ({status})")?;
                match words.as_ref().or(code.as_ref()) {
                    Some(words) => write!(f, ": {words}"),
                    None => Ok(()),
                }
            }
            Self::Unintelligible(path) => write!(f, "the server's answer to {path} cannot be understood"),
            Self::NoSuchCandidate(number) => write!(f, "there is no candidate {number}"),
        }
    }
}

impl std::error::Error for BindError {}
