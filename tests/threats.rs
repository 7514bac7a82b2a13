//! What a hostile repository, server or neighbour may try, and that it comes to nothing. The table of threats is in
//! SECURITY.md; every row of it names its tests.

#[cfg(unix)]
mod bombs;
mod commands;
#[cfg(unix)]
mod known;
#[cfg(unix)]
mod links;
mod names;
#[cfg(unix)]
mod neighbours;
mod programs;
mod servers;
mod strings;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Output, Repo, World};

pub(crate) use commands::COMMANDS;

/// A clone with a mission that is numbered and pushed, hooks and drivers installed.
fn repository<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let origin = world.bare(&format!("{name}.git"));
    let repo = world.clone(&origin, name);
    repo.mission(&["install"]).ok();
    repo.mission(&["create", "One", "--add"]).ok();
    repo.ok(&["commit", "-q", "-m", "one"]);
    repo.ok(&["push", "-q", "origin", "main"]);
    repo.ok(&["remote", "set-head", "origin", "main"]);
    repo
}

/// What git tells pre-push of a push of main.
fn pushed(repo: &Repo<'_>) -> String {
    let head = repo.git(&["rev-parse", "HEAD"]);
    format!("refs/heads/main {} refs/heads/main {}\n", head.line(), "0".repeat(40))
}

/// A script that can be started. Its directory is made.
fn script(repo: &Repo<'_>, path: &Path, text: &str) -> String {
    let path = path.to_string_lossy().into_owned();
    repo.write(&path, format!("#!/bin/sh\n{text}\n"));
    repo.chmod(&path, 0o755);
    path
}

/// Whether bytes stand anywhere in others.
fn holds(bytes: &[u8], wanted: &str) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

/// Every file below a directory with its bytes (of a link: where it points), but for those `beside`.
fn files(directory: &Path, beside: &[&Path]) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut open) = (BTreeMap::new(), vec![directory.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory").flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("a kind"));
            if beside.contains(&path.as_path()) {
                continue;
            }
            let bytes = if kind.is_dir() {
                open.push(path.clone());
                Vec::new()
            } else if kind.is_symlink() {
                std::fs::read_link(&path).expect("a link").as_os_str().as_encoded_bytes().to_vec()
            } else if kind.is_file() {
                std::fs::read(&path).expect("readable")
            } else {
                b"special".to_vec()
            };
            found.insert(path.to_string_lossy().into_owned(), bytes);
        }
    }
    found
}

/// It ended by itself, in words of its own: what a panic or a signal leaves is another status. git has more of them.
#[track_caller]
fn sound(output: &Output) {
    let is_ours = matches!(output.status, 0..=3 | 75 | 77 | 255);
    assert!(is_ours || output.status <= 128 && output.command.starts_with("git "), "{output}");
    assert!(!output.stderr.contains("internal error"), "{output}");
}
