//! Whose token is used, where it is kept, and where it never gets to.

mod canary;
mod helpers;
mod hostile;
mod login;

use serde_json::{Value, json};

use crate::support::{Listener, Repo, Request, World};

/// What must stand nowhere but in the header of a request to its server, and in the file that keeps it.
const CANARY: &str = "canary-4f1c9a7e2b8d6035-token";

/// A server that takes everything.
fn good() -> Listener {
    Listener::new(|request| (200, acknowledgement(request).to_string()))
}

/// Every event and body is acknowledged, every binding is good.
fn acknowledgement(request: &Request) -> Value {
    if request.path().contains("/tracker/") {
        return json!({"match_type": "exact", "binding_ref": "b1", "valid": true});
    }
    if request.path().contains("push-content") {
        let body = request.json();
        return json!({"artifact_path": body["artifact_path"], "content_hash": body["content_hash"]});
    }
    let events = request.unpacked();
    let events = events["events"].as_array().expect("events").iter();
    let results = events.map(|event| json!({"event_id": event["event_id"], "status": "success"}));
    json!({"results": results.collect::<Vec<_>>()})
}

/// A clone with one mission on main and sync on for a server; nothing is pushed yet.
fn repository<'w>(world: &'w World, server: &str) -> Repo<'w> {
    let origin = world.bare("origin.git");
    let repo = world.clone(&origin, "repo");
    repo.mission(&["install"]).ok();
    repo.mission(&["create", "One", "--add"]).ok();
    repo.ok(&["commit", "-q", "-m", "one"]);
    repo.mission(&["sync", "enable", "--server", server]).ok();
    repo
}

/// Logs in through stdin.
fn log_in(repo: &Repo<'_>, server: &str, token: &str) {
    repo.stdin(format!("{token}\n")).mission(&["sync", "login", "--server", server]).ok();
}

fn status(repo: &Repo<'_>) -> Value {
    repo.mission(&["sync", "status", "--json"]).ok().json()
}
