//! Repositories with one mission, and how a `meta.json` is spelled. The canonical form comes from `serde_json`, not
//! from the program under test.

use serde_json::{Map, Value, json};

use crate::support::{Output, Repo, World};

/// The mission that every repository of these tests has, with number 1 on main.
pub(super) const META: &str = "kitty-specs/alpha/meta.json";
/// Its id.
pub(super) const ALPHA: &str = "01KQ47E80QJG8GTVGDCV67RW7M";
/// Further ids.
pub(super) const BETA: &str = "01KQ47E80QJG8GTVGDCV67RW7N";
pub(super) const GAMMA: &str = "01KQ47E80QJG8GTVGDCV67RW7P";

/// A `meta.json`.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Meta(Map<String, Value>);

impl Meta {
    /// A complete one for the mission directory `name`; without `id` if that is empty.
    pub(super) fn new(name: &str, id: &str) -> Self {
        let Value::Object(mut members) = json!({
            "created_at": "2026-04-06T05:01:28.874035+00:00",
            "friendly_name": format!("Über {name}"),
            "mission_id": id,
            "mission_number": null,
            "mission_slug": name,
            "mission_type": "software-dev",
            "slug": name,
            "target_branch": "main",
        }) else {
            unreachable!("an object")
        };
        members.retain(|_, value| value != "");
        Self(members)
    }

    /// The same, with another value under `key`.
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// The same, without `key`.
    pub(super) fn without(mut self, key: &str) -> Self {
        self.0.remove(key);
        self
    }

    /// A text under `key`; empty if there is none.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The number, if there is one.
    pub(super) fn number(&self) -> Option<u64> {
        self.0["mission_number"].as_u64()
    }

    /// As someone might write it: on one line, last key first, without a last newline.
    pub(super) fn rough(&self) -> String {
        let members: Vec<String> = self
            .0
            .iter()
            .rev()
            .map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())))
            .collect();
        format!("{{{}}}", members.join(" ,"))
    }

    /// As it has to be committed.
    pub(super) fn canonical(&self) -> String {
        serde_json::to_string_pretty(&self.0).expect("JSON") + "\n"
    }

    /// What a revision's or the index's file says.
    #[track_caller]
    pub(super) fn at(repo: &Repo<'_>, object: &str) -> Self {
        let text = repo.show(object);
        Self(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

/// A repository on main with everything installed and nothing committed.
pub(super) fn empty<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let repo = world.init(name);
    repo.mission(&["install"]).ok();
    repo
}

/// Gives a repository whose hooks are installed its first commit: `alpha` with number 1, and a file that is no mission.
#[track_caller]
pub(super) fn furnish(repo: &Repo<'_>) {
    repo.write("other", "one\n");
    repo.commit(META, Meta::new("alpha", ALPHA).rough());
    assert_eq!(repo.show(&format!("HEAD:{META}")), alpha().canonical());
}

/// A furnished repository on main.
#[track_caller]
pub(super) fn on_main(world: &World) -> Repo<'_> {
    let repo = empty(world, "repo");
    furnish(&repo);
    repo
}

/// A furnished repository on branch `work`.
#[track_caller]
pub(super) fn on_branch(world: &World) -> Repo<'_> {
    let repo = on_main(world);
    repo.ok(&["switch", "-qc", "work"]);
    repo
}

/// What `alpha` says after [`furnish`].
pub(super) fn alpha() -> Meta {
    Meta::new("alpha", ALPHA).with("mission_number", 1)
}

/// Where a mission's `meta.json` lies.
pub(super) fn path(name: &str) -> String {
    format!("kitty-specs/{name}/meta.json")
}

/// The lines that hooks of ours printed.
pub(super) fn said(output: &Output) -> Vec<String> {
    let ours = |line: &&str| {
        line.starts_with("git-mission: ") || line.starts_with("error: ") || line.starts_with("hint: ")
    };
    output.stderr.lines().filter(ours).map(str::to_owned).collect()
}

/// Everything that a refused commit must leave as it is: HEAD, the whole index, and the bytes of some files.
#[track_caller]
pub(super) fn standing(repo: &Repo<'_>, paths: &[&str]) -> (String, String, Vec<Vec<u8>>) {
    let index = repo.ok(&["ls-files", "--stage", "-v"]).stdout;
    let files = paths.iter().map(|path| std::fs::read(repo.at(path)).unwrap_or_default()).collect();
    (repo.git(&["rev-parse", "HEAD"]).stdout, index, files)
}
