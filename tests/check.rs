//! `git mission check`: only what a head adds, by the same rules as the push to main, with the command that gets out.

mod branches;
mod faults;
mod histories;
mod output;

use crate::settlement::meta;
use crate::support::{Output, Repo};

/// The codes of the findings, each with its path and severity, in the order in which they are printed.
#[track_caller]
fn findings(output: &Output) -> Vec<String> {
    let document = output.json();
    let findings = document["findings"].as_array().expect("findings");
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or("-").to_owned();
    let shown = |finding| {
        let path = text(finding, "path").replace("kitty-specs/", "").replace("/meta.json", "");
        format!("{} {} {path}", text(finding, "severity"), text(finding, "code"))
    };
    findings.iter().map(shown).collect()
}

/// `check --json` with these arguments finds exactly this, and its exit status says whether there is an error.
#[track_caller]
fn check(repo: &Repo<'_>, args: &[&str], expected: &[&str]) -> Output {
    let output = repo.mission(&[&["check", "--json"], args].concat());
    assert_eq!(findings(&output), expected, "{output}");
    let has_error = expected.iter().any(|finding| finding.starts_with("error"));
    output.exits(i32::from(has_error))
}

/// The one command that the findings name.
#[track_caller]
fn way_out(output: &Output) -> String {
    let document = output.json();
    let findings = document["findings"].as_array().expect("findings");
    let mut fixes: Vec<&str> = findings.iter().filter_map(|finding| finding["fix"].as_str()).collect();
    fixes.dedup();
    assert_eq!(fixes.len(), 1, "{output}");
    fixes[0].to_owned()
}

/// Commits a mission as it is, on the present branch, past pre-commit.
#[track_caller]
fn commit(repo: &Repo<'_>, files: &[(&str, String)]) {
    for (path, text) in files {
        repo.write(&format!("kitty-specs/{path}"), text);
    }
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-q", "--no-verify", "-m", "work"]);
}

/// A file of a mission, for [`commit`].
fn mission(slug: &str, tag: &str, number: &str) -> (&'static str, String) {
    (Box::leak(format!("{slug}/meta.json").into_boxed_str()), meta(slug, tag, number))
}

/// Goes to a new branch, cut from what is published.
#[track_caller]
fn branch(repo: &Repo<'_>, name: &str) {
    repo.ok(&["switch", "-q", "--no-track", "-c", name, "origin/main"]);
}
