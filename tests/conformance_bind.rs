//! The request that binds a project to a tracker, as it goes over the wire, compared as a whole.

use serde_json::{Value, json};

use crate::support::{Listener, Repo, World, any_git, each_git};

const PROJECT: &str = "0b5c1d0e-8f1a-4a5e-9d53-0c5c9b1f2a10";
const RESOLVE: &str = "/api/v1/tracker/bind-resolve/";
const CONFIRM: &str = "/api/v1/tracker/bind-confirm/";
const VALIDATE: &str = "/api/v1/tracker/bind-validate/";

fn repo<'w>(world: &'w World, listener: &Listener) -> Repo<'w> {
    let repo = world.init("My_Repo");
    repo.ok(&["remote", "add", "origin", "git@host.example:Owner/my-project.git"]);
    repo.commit(".kittify/config.yaml", format!("project: {{uuid: '{PROJECT}', slug: my-project}}\n"));
    repo.ok(&["config", "mission.server", listener.url()]);
    repo.env("GIT_MISSION_TOKEN", "token-of-the-listener")
}

fn identity(repo: &Repo<'_>) -> Value {
    let build = std::fs::read_to_string(repo.at(".git/mission/build-id")).expect("a build id");
    let node = repo.run("sh", &["-c", "printf '%s:%s' \"$(uname -n)\" \"${LOGNAME-${USER-}}\""]).stdout;
    json!({
        "uuid": PROJECT, "slug": "my-project", "repo_slug": "Owner/my-project",
        "build_id": build.lines().next(),
        "node_id": git_mission::id::sha256_hex(node.as_bytes())[..12],
    })
}

/// Answers like a server that knows one candidate by name.
fn tracker(path: &str, request: &Value) -> (u16, Value) {
    match path {
        RESOLVE => (200, json!({"match_type": "exact", "candidate_token": "c1", "display_label": "Team"})),
        CONFIRM if request["candidate_token"] == "c1" => {
            let ref_ =
                json!({"binding_ref": "b1", "display_label": "Team", "provider": "jira", "bound_at": "now"});
            (200, ref_)
        }
        VALIDATE if request["binding_ref"] == "b1" => (200, json!({"valid": true, "binding_ref": "b1"})),
        _ => (404, json!({"error": "not_found"})),
    }
}

fn listen(answer: impl Fn(&str, &Value) -> (u16, Value) + Send + Sync + 'static) -> Listener {
    Listener::new(move |request| {
        let (status, answer) = answer(request.path(), &request.json());
        (status, answer.to_string())
    })
}

#[test]
fn a_bind_has_exactly_this_shape() {
    each_git(|git| {
        let world = World::new(git);
        let listener = listen(tracker);
        let repo = repo(&world, &listener);
        let shown = repo.mission(&["sync", "bind", "--dry-run"]).ok().json();
        assert_eq!(listener.requests().len(), 0, "a dry run sends nothing");
        let expected = json!({"project_identity": identity(&repo)});
        assert_eq!(shown, expected);

        repo.mission(&["sync", "bind"]).ok();
        let requests = listener.requests();
        let with = |key: &str, text: &str| {
            let mut request = expected.clone();
            request[key] = json!(text);
            request
        };
        let wanted = [
            (RESOLVE, expected.clone()),
            (CONFIRM, with("candidate_token", "c1")),
            (VALIDATE, with("binding_ref", "b1")),
        ];
        assert_eq!(requests.len(), wanted.len());
        for (request, (path, content)) in requests.iter().zip(wanted) {
            assert_eq!((request.path(), request.json()), (path, content));
            assert!(request.head.starts_with("POST "), "{}", request.head);
            assert_eq!(request.header("content-type"), Some("application/json"));
            assert_eq!(request.header("authorization"), Some("Bearer token-of-the-listener"));
        }
        let judged =
            repo.stdin(shown.to_string()).mission(&["gate", "check", "--kind", "tracker_bind", "--json"]);
        assert_eq!(judged.ok().json()["valid"], true);

        // No origin: null, never left out. A tracker that the project names goes along.
        repo.ok(&["remote", "remove", "origin"]);
        repo.commit(
            ".kittify/config.yaml",
            format!("project: {{uuid: '{PROJECT}', slug: my-project}}\ntracker: {{provider: jira}}\n"),
        );
        let mut expected = json!({"project_identity": identity(&repo), "provider": "jira"});
        expected["project_identity"]["repo_slug"] = Value::Null;
        assert_eq!(repo.mission(&["sync", "bind", "--dry-run"]).ok().json(), expected);
        expected["provider"] = json!("linear");
        let named = repo.mission(&["sync", "bind", "--dry-run", "--provider", "linear"]).ok().json();
        assert_eq!(named, expected);
    });
}

/// Name, status and content of the first answer, further arguments, exit status, words of the output.
type Case<'a> = (&'a str, u16, Value, &'a [&'a str], i32, &'a str);

#[test]
fn every_answer_has_its_end() {
    let world = World::new(&any_git());
    let candidates = json!({"match_type": "candidates", "candidates": [
        {"candidate_token": "c2", "display_label": "Second", "match_reason": "name", "sort_position": 1},
        {"candidate_token": "c1", "display_label": "First\u{1b}[2J", "match_reason": "slug", "sort_position": 0},
    ]});
    let exact = json!({"match_type": "exact", "binding_ref": "b1", "display_label": "Team"});
    let many = candidates.clone();
    let cases: [Case; 11] = [
        ("none", 200, json!({"match_type": "none"}), &[], 1, "no tracker for this project"),
        ("several", 200, candidates, &[], 1, "  1  First\\u{1b}[2J  slug"),
        ("second", 200, many.clone(), &["--select", "2"], 1, "(404)"),
        ("third", 200, many, &["--select", "3"], 2, "no candidate 3"),
        ("bound before", 200, exact, &[], 0, "bound to Team (b1)"),
        ("junk", 200, json!(["x"]), &[], 75, "cannot be understood"),
        ("login", 401, json!({"detail": "who?"}), &[], 77, "git mission sync login"),
        ("not allowed", 403, json!({"message": "not yours"}), &[], 77, "(403): not yours"),
        ("bad", 400, json!({"message": "provider is required"}), &[], 1, "git mission sync bind --provider"),
        ("fault", 503, json!({}), &[], 75, "(503)"),
        ("elsewhere", 302, json!({}), &[], 75, "not"),
    ];
    for (name, status, answer, more, exit, words) in cases {
        let listener =
            listen(
                move |path, request| {
                    if path == RESOLVE { (status, answer.clone()) } else { tracker(path, request) }
                },
            );
        let world_repo = world.path(name);
        std::fs::create_dir(&world_repo).expect("a directory");
        let repo = world.init(&format!("{name}/repo"));
        repo.commit(".kittify/config.yaml", format!("project: {{uuid: '{PROJECT}'}}\n"));
        repo.ok(&["config", "mission.server", listener.url()]);
        let repo = repo.env("GIT_MISSION_TOKEN", "token-of-the-listener");
        let args = [&["sync", "bind"], more].concat();
        let output = repo.mission(&args).exits(exit);
        assert!(output.to_string().contains(words), "{name}: {output}");
        assert!(!output.to_string().contains("token-of-the-listener"), "{output}");
        let json = repo.mission(&[&args[..], &["--json"]].concat()).exits(exit).json();
        assert_eq!(json["bound"] == true, exit == 0, "{name}: {json}");
    }
}

#[test]
fn a_forgotten_candidate_is_looked_up_once_more() {
    let world = World::new(&any_git());
    let listener = listen(|path, request| {
        if path == CONFIRM {
            (409, json!({"error_code": "invalid_candidate_token"}))
        } else {
            tracker(path, request)
        }
    });
    let repo = repo(&world, &listener);
    repo.mission(&["sync", "bind"]).exits(1);
    let paths: Vec<String> = listener.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, [RESOLVE, CONFIRM, RESOLVE, CONFIRM]);
    let invalid = listen(|path, request| {
        if path == VALIDATE {
            (200, json!({"valid": false, "binding_ref": "b1", "reason": "disabled", "guidance": "ask Ada"}))
        } else {
            tracker(path, request)
        }
    });
    repo.ok(&["config", "mission.server", invalid.url()]);
    let output = repo.mission(&["sync", "bind"]).exits(1);
    assert!(output.stdout.contains("b1 is not good: disabled: ask Ada"), "{output}");
}
