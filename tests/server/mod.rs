//! A server for tests, which holds every request to the contract and answers by a script where it has one.
//!
//! Real HTTP on loopback. What breaks the contract is answered with 400 and kept in [`Seen::violations`], so that a test
//! fails even if the sender shrugs it off. Knows nothing about git or the program under test.

mod raw;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub(crate) use raw::{RawServer, read_request, reply};

/// The nine fields of a body.
const FIELDS: [&str; 9] = [
    "artifact_path",
    "content_body",
    "content_hash",
    "hash_algorithm",
    "manifest_version",
    "mission_slug",
    "mission_type",
    "project_uuid",
    "target_branch",
];

/// An answer that a script gives.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content: String,
    /// Whether what was sent is stored all the same
    pub(crate) stores: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, content: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), content: content.into(), stores: false }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn but_stores(mut self) -> Self {
        self.stores = true;
        self
    }
}

/// One request, as it was understood.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    /// The ids of a batch, in order
    pub(crate) events: Vec<String>,
    /// `<slug>/<path> <hash>` of a body
    pub(crate) body: Option<String>,
    /// The status that it was answered with
    pub(crate) status: u16,
}

/// Everything that a server was told.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) asked: Vec<Asked>,
    pub(crate) events: BTreeMap<String, Value>,
    pub(crate) bodies: BTreeMap<String, Value>,
    /// Every way in which a request broke the contract
    pub(crate) violations: Vec<String>,
}

/// What is answered instead of what the contract says, if anything.
pub(crate) type Script = Box<dyn Fn(&Asked) -> Option<Reply> + Send + Sync>;

struct Shared {
    seen: Mutex<Seen>,
    script: Mutex<Script>,
    token: Mutex<Option<String>>,
    /// Bodies need an index event
    orderly: bool,
}

/// A running server; stops when dropped.
pub(crate) struct TestServer {
    shared: Arc<Shared>,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// A server that does what the contract says.
    pub(crate) fn start() -> Self {
        Self::start_at(0, true)
    }

    /// As [`start`](Self::start), for bodies that come without their events.
    pub(crate) fn start_for_bodies() -> Self {
        Self::start_at(0, false)
    }

    pub(crate) fn start_at(port: u16, orderly: bool) -> Self {
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            script: Mutex::new(Box::new(|_| None)),
            token: Mutex::default(),
            orderly,
        });
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a port");
        listener.set_nonblocking(true).expect("nonblocking");
        let port = listener.local_addr().expect("an address").port();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    ended = axum::serve(listener, app).into_future() => ended.expect("serves"),
                    _ = stopped => {}
                }
            });
        });
        Self { shared, port, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Every request is answered by this from now on, where it has an answer.
    pub(crate) fn script(&self, script: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static) {
        *self.shared.script.lock().expect("a script") = Box::new(script);
    }

    /// Wants this token from now on.
    pub(crate) fn wants(&self, token: &str) {
        *self.shared.token.lock().expect("a token") = Some(token.to_owned());
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().expect("what was seen")
    }

    /// What is stored: ids of events, and bodies by mission, path and hash. Fails if any request broke the contract.
    #[track_caller]
    pub(crate) fn state(&self) -> (Vec<String>, Vec<String>) {
        let seen = self.seen();
        assert!(seen.violations.is_empty(), "against the contract: {:#?}", seen.violations);
        (seen.events.keys().cloned().collect(), seen.bodies.keys().cloned().collect())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    // A sender that was killed ends its request in the middle: it has asked for nothing.
    let Ok(content) = to_bytes(body, 64 << 20).await else {
        return Response::builder().status(400).body(Body::empty()).expect("a response");
    };
    let path = head.uri.path().to_owned();
    let reply = tokio::task::spawn_blocking(move || judge(&shared, &path, &head.headers, &content)).await;
    let reply = reply.expect("an answer");
    let mut response = Response::builder().status(reply.status).header("content-type", "application/json");
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.content)).expect("a response")
}

fn judge(shared: &Shared, path: &str, headers: &HeaderMap, content: &[u8]) -> Reply {
    let header =
        |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let mut asked = Asked {
        path: path.to_owned(),
        authorization: header("authorization"),
        events: Vec::new(),
        body: None,
        status: 0,
    };
    let understood = understand(&mut asked, headers, content);
    let reply = {
        let scripted = (shared.script.lock().expect("a script"))(&asked);
        let mut seen = shared.seen.lock().expect("what was seen");
        let token = shared.token.lock().expect("a token").clone();
        match (scripted, understood) {
            (Some(reply), Ok(payload)) => {
                if reply.stores {
                    store(&mut seen, &asked, &payload, shared.orderly);
                }
                reply
            }
            (Some(reply), Err(_)) => reply,
            (None, Err(violation)) => {
                seen.violations.push(violation.clone());
                Reply::new(400, json!({"error": violation}).to_string())
            }
            (None, Ok(_))
                if token.is_some_and(|token| asked.authorization != Some(format!("Bearer {token}"))) =>
            {
                Reply::new(401, json!({"error": "unauthorized"}).to_string())
            }
            (None, Ok(payload)) => store(&mut seen, &asked, &payload, shared.orderly),
        }
    };
    asked.status = reply.status;
    shared.seen.lock().expect("what was seen").asked.push(asked);
    reply
}

/// Holds a request to the contract.
fn understand(asked: &mut Asked, headers: &HeaderMap, content: &[u8]) -> Result<Value, String> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    if !is("content-type", "application/json") {
        return Err("no JSON by its own account".to_owned());
    }
    match asked.path.as_str() {
        "/api/v1/events/batch/" => {
            if !is("content-encoding", "gzip") {
                return Err("a batch that is not compressed".to_owned());
            }
            let mut text = String::new();
            flate2::read::GzDecoder::new(content).read_to_string(&mut text).map_err(|e| e.to_string())?;
            let batch: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let keys: Vec<&String> = batch.as_object().map(|o| o.keys().collect()).unwrap_or_default();
            if keys != ["events"] {
                return Err(format!("a batch with the keys {keys:?}"));
            }
            let events = batch["events"].as_array().ok_or("no list of events")?;
            for event in events {
                asked.events.push(event["event_id"].as_str().ok_or("an event without an id")?.to_owned());
            }
            if events.is_empty() || events.len() > 1_000 {
                return Err(format!("a batch of {} events", events.len()));
            }
            if text.len() > 256 << 10 && events.len() > 1 {
                return Err(format!("a batch of {} bytes", text.len()));
            }
            Ok(batch)
        }
        "/api/dossier/push-content/" => {
            if headers.contains_key("content-encoding") {
                return Err("a body that is compressed".to_owned());
            }
            let body: Value = serde_json::from_slice(content).map_err(|error| error.to_string())?;
            let mut keys: Vec<&str> =
                body.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default();
            keys.sort_unstable();
            if keys != FIELDS {
                return Err(format!("a body with the fields {keys:?}"));
            }
            let text = |key: &str| body[key].as_str().unwrap_or_default();
            if git_mission::id::sha256_hex(text("content_body").as_bytes()) != text("content_hash") {
                return Err("a body with another hash".to_owned());
            }
            asked.body =
                Some(format!("{}/{} {}", text("mission_slug"), text("artifact_path"), text("content_hash")));
            Ok(body)
        }
        other => Err(format!("nothing is at {other}")),
    }
}

/// Stores what was sent, and acknowledges it as the contract says.
fn store(seen: &mut Seen, asked: &Asked, payload: &Value, orderly: bool) -> Reply {
    if let Some(name) = &asked.body {
        let echo =
            json!({"artifact_path": payload["artifact_path"], "content_hash": payload["content_hash"]});
        if orderly && !seen.events.values().any(|event| indexes(event, payload)) {
            seen.violations.push(format!("{name} came before the event that indexes it"));
            return Reply::new(404, json!({"error": "index_entry_not_found"}).to_string());
        }
        let is_new = seen.bodies.insert(name.clone(), payload.clone()).is_none();
        return Reply::new(if is_new { 201 } else { 200 }, echo.to_string());
    }
    let results: Vec<Value> = payload["events"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|event| {
            let id = event["event_id"].as_str().unwrap_or_default().to_owned();
            let is_new = !seen.events.contains_key(&id);
            if is_new {
                seen.events.insert(id.clone(), event.clone());
            }
            json!({"event_id": id, "status": if is_new { "success" } else { "duplicate" }})
        })
        .collect();
    Reply::new(200, json!({"results": results}).to_string())
}

fn indexes(event: &Value, body: &Value) -> bool {
    let payload = &event["payload"];
    event["event_type"] == "MissionDossierArtifactIndexed"
        && payload["artifact_id"]["path"] == body["artifact_path"]
        && payload["content_ref"]["hash"] == body["content_hash"]
        && payload["namespace"]["mission_slug"] == body["mission_slug"]
}
