//! What every workflow has to keep to: as few rights as it needs, actions pinned to a commit, no text of a stranger in a
//! script, and nothing that only one machine knows.

use yaml_serde::Value;

use super::{project, steps, text, yaml};

/// The workflows of GitHub's that the project has, and the rights that each may ask for.
const WORKFLOWS: [(&str, &[&str]); 4] = [
    ("docs/forges/github-check.yml", &["contents: read"]),
    ("docs/forges/github-settle.yml", &["contents: write"]),
    ("docs/forges/github-settle-pull-request.yml", &["contents: write", "pull-requests: write"]),
    (".github/workflows/release.yml", &["contents: read", "contents: write"]),
];

fn rights(owner: &Value) -> Option<Vec<String>> {
    let rights = owner["permissions"].as_mapping()?;
    let shown = |(name, value): (&Value, &Value)| {
        format!("{}: {}", text(name).unwrap_or_default(), text(value).unwrap_or_default())
    };
    Some(rights.iter().map(shown).collect())
}

#[test]
fn no_workflow_is_forgotten() {
    for directory in ["docs/forges", ".github/workflows"] {
        for entry in std::fs::read_dir(project(directory)).expect("a directory") {
            let name = format!("{directory}/{}", entry.expect("an entry").file_name().to_string_lossy());
            let known = WORKFLOWS.iter().any(|(path, _)| *path == name);
            assert!(known || name == "docs/forges/gitlab-ci.yml", "{name} is not tested");
            let documented = std::fs::read_to_string(project("docs/forges.md")).expect("the documentation");
            if let Some(relative) = name.strip_prefix("docs/") {
                assert!(documented.contains(&format!("]({relative})")), "{name} is not documented");
            }
        }
    }
}

#[test]
fn rights_are_few_and_said() {
    for (path, allowed) in WORKFLOWS {
        let workflow = yaml(path);
        // Without this every job has the rights of the repository's settings.
        let top = rights(&workflow).unwrap_or_else(|| panic!("{path} does not say its permissions"));
        let jobs = workflow["jobs"].as_mapping().expect("jobs");
        let all = top.into_iter().chain(jobs.values().filter_map(rights).flatten());
        for right in all {
            assert!(allowed.contains(&right.as_str()), "{path} asks for {right}");
        }
        for (name, job) in jobs {
            let name = text(name).expect("a name");
            assert!(text(&job["runs-on"]).is_some(), "{path}: {name} runs nowhere");
        }
        let settles = path.contains("settle");
        if settles || path.contains("release") {
            assert_eq!(workflow["concurrency"]["cancel-in-progress"].as_bool(), Some(false), "{path}");
        }
        let triggers = workflow["on"].as_mapping().expect("triggers");
        assert!(triggers.keys().all(|name| text(name) != Some("pull_request_target")), "{path}");
    }
}

#[test]
fn actions_are_pinned_and_scripts_hold_no_foreign_text() {
    for path in WORKFLOWS.map(|(path, _)| path).into_iter().chain(["action.yml"]) {
        let workflow = yaml(path);
        let steps = steps(&workflow);
        assert!(!steps.is_empty(), "{path}");
        for step in steps {
            match (text(&step["uses"]), text(&step["run"])) {
                (Some(uses), None) => {
                    let (_, commit) = uses.split_once('@').unwrap_or_default();
                    let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
                    assert!(is_commit, "{path}: {uses} is not pinned");
                    // Only what pushes keeps the token.
                    if uses.starts_with("actions/checkout@") && !path.contains("settle") {
                        assert_eq!(step["with"]["persist-credentials"].as_bool(), Some(false), "{path}");
                    }
                }
                (None, Some(run)) => {
                    assert!(!run.contains("${{"), "{path}: an expression in a script: {run}");
                    assert!(text(&step["name"]).is_some(), "{path}: a script without a name");
                }
                _ => panic!("{path}: a step is one of both"),
            }
        }
    }
}

#[test]
fn the_history_is_whole_where_the_merge_base_decides() {
    for path in ["docs/forges/github-check.yml", "docs/forges/github-settle.yml"] {
        let workflow = yaml(path);
        let steps = steps(&workflow);
        let checkout = steps.iter().find(|step| text(&step["uses"]).is_some_and(|u| u.contains("checkout")));
        assert_eq!(checkout.expect("a checkout")["with"]["fetch-depth"].as_u64(), Some(0), "{path}");
    }
    let pipeline = yaml("docs/forges/gitlab-ci.yml");
    assert_eq!(text(&pipeline["variables"]["GIT_DEPTH"]), Some("0"));
    assert_eq!(text(&pipeline["mission-settle"]["resource_group"]), Some("mission-settle"));
    for job in ["mission-check", "mission-settle"] {
        assert_eq!(text(&pipeline[job]["extends"]), Some(".git-mission"));
        assert!(pipeline[job]["rules"].as_sequence().is_some_and(|rules| rules.len() == 1), "{job}");
    }
}
