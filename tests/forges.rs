//! The workflows that the documentation offers, read from their own files: they are sound, and every step of theirs that
//! is a shell script does what it says against a local bare repository. Only the installation is left out, because the
//! program is on the PATH already; the action's installation is run against a release in a directory.

mod flows;
mod release;
mod sound;

use std::path::{Path, PathBuf};

use yaml_serde::Value;

use crate::support::{Output, Repo};

/// A file of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[track_caller]
fn yaml(path: &str) -> Value {
    let path = project(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a value that is one.
fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

/// All steps of all jobs of a workflow of GitHub's, or of a composite action.
#[track_caller]
fn steps(workflow: &Value) -> Vec<&Value> {
    match workflow["jobs"].as_mapping() {
        Some(jobs) => {
            jobs.values().flat_map(|job| job["steps"].as_sequence().into_iter().flatten()).collect()
        }
        None => workflow["runs"]["steps"].as_sequence().into_iter().flatten().collect(),
    }
}

/// Runs the shell step of this name as the forge would. `variables` are those that the step takes from the forge: each
/// has to be one that it names.
#[track_caller]
fn run_step(repo: &Repo<'_>, path: &str, name: &str, variables: &[(&str, &str)]) -> Output {
    let workflow = yaml(path);
    let step = steps(&workflow)
        .into_iter()
        .find(|step| text(&step["name"]) == Some(name))
        .unwrap_or_else(|| panic!("{path} has no step {name:?}"));
    let script = text(&step["run"]).unwrap_or_else(|| panic!("{name:?} is no script"));
    let mut repo = repo.clone();
    if let Some(wanted) = step["env"].as_mapping() {
        for (variable, _) in wanted {
            let variable = text(variable).expect("a name");
            let given = variables.iter().find(|(name, _)| *name == variable);
            let (_, value) = given.unwrap_or_else(|| panic!("{name:?} wants {variable}"));
            repo = repo.env(variable, value);
        }
    }
    for (variable, value) in variables {
        repo = repo.env(variable, value);
    }
    if text(&step["shell"]) == Some("bash") {
        repo.run("bash", &["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
    } else {
        repo.run("sh", &["-e", "-c", script])
    }
}

/// Runs the `script` of a job of GitLab's, as its runner does: one shell for all lines.
#[track_caller]
fn run_job(repo: &Repo<'_>, job: &str, variables: &[(&str, &str)]) -> Output {
    let pipeline = yaml("docs/forges/gitlab-ci.yml");
    let lines = pipeline[job]["script"].as_sequence().unwrap_or_else(|| panic!("no job {job:?}"));
    let lines: Vec<&str> = lines.iter().map(|line| text(line).expect("a line")).collect();
    let mut repo = repo.clone();
    for (variable, value) in variables {
        repo = repo.env(variable, value);
    }
    repo.run("sh", &["-e", "-c", &lines.join("\n")])
}
