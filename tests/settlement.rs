//! Numbers that stay true: settlement with real git, one test a clause.

mod by_hand;
mod catching_up;
mod push;
mod real_size;

use std::collections::BTreeMap;

use crate::support::{Output, Repo, World};

/// An id of our choice; `tag` is one to ten characters of Crockford's base 32.
pub(crate) fn id(tag: &str) -> String {
    format!("01KQ{tag:0>22}")
}

/// A canonical `meta.json`. `number` is any JSON.
pub(crate) fn meta(slug: &str, tag: &str, number: &str) -> String {
    let day = 1 + tag.bytes().map(usize::from).sum::<usize>() % 28;
    format!(
        "{{\n  \"created_at\": \"2026-01-{day:02}T00:00:00+00:00\",\n  \"friendly_name\": \"{slug}\",\n  \
         \"mission_id\": \"{}\",\n  \"mission_number\": {number},\n  \"mission_slug\": \"{slug}\",\n  \
         \"mission_type\": \"software-dev\",\n  \"slug\": \"{slug}\",\n  \"target_branch\": \"main\"\n}}\n",
        id(tag)
    )
}

pub(crate) fn path(slug: &str) -> String {
    format!("kitty-specs/{slug}/meta.json")
}

/// A bare origin with one commit, and two clones of it with hooks and drivers.
pub(crate) fn fleet(world: &World) -> (Repo<'_>, Repo<'_>, Repo<'_>) {
    let origin = world.bare("origin.git");
    let seed = world.clone(&origin, "seed");
    seed.commit("README.md", "# Product\n");
    seed.ok(&["push", "-q", "origin", "HEAD:main"]);
    let (ada, ben) = (equipped(world, &origin, "ada"), equipped(world, &origin, "ben"));
    (origin, ada, ben)
}

/// A clone with hooks and drivers.
pub(crate) fn equipped<'w>(world: &'w World, origin: &Repo<'_>, name: &str) -> Repo<'w> {
    let clone = world.clone(origin, name);
    clone.mission(&["install"]).ok();
    clone
}

/// Writes and stages a mission without committing it.
#[track_caller]
pub(crate) fn stage(repo: &Repo<'_>, slug: &str, tag: &str, number: &str) {
    repo.write(&path(slug), meta(slug, tag, number));
    repo.ok(&["add", "--", &path(slug)]);
}

/// Commits a mission with the hooks.
#[track_caller]
pub(crate) fn add(repo: &Repo<'_>, slug: &str, tag: &str) {
    stage(repo, slug, tag, "null");
    repo.ok(&["commit", "-qm", slug]);
}

/// Commits a mission as it is, past pre-commit.
#[track_caller]
pub(crate) fn bypass(repo: &Repo<'_>, slug: &str, tag: &str, number: &str) -> Output {
    stage(repo, slug, tag, number);
    repo.ok(&["commit", "--no-verify", "-qm", slug])
}

/// What a commit says: slug and number, `slug=1 other=-`.
#[track_caller]
pub(crate) fn numbers(repo: &Repo<'_>, revision: &str) -> String {
    let listing = repo.mission(&["list", "--rev", revision, "--json"]).ok().json();
    let missions = listing["missions"].as_array().expect("missions");
    let sorted: BTreeMap<&str, String> = missions
        .iter()
        .map(|m| {
            let number = m["mission_number"].as_u64().map_or("-".to_owned(), |n| n.to_string());
            (m["slug"].as_str().expect("a slug"), number)
        })
        .collect();
    sorted.iter().map(|(slug, number)| format!("{slug}={number}")).collect::<Vec<_>>().join(" ")
}

/// The last hint that was printed.
#[track_caller]
pub(crate) fn hint(output: &Output) -> String {
    let hint = output.stderr.lines().rev().find_map(|line| line.strip_prefix("hint: ").filter(|_| true));
    hint.unwrap_or_else(|| panic!("no hint in {output}")).to_owned()
}

/// Runs what a hint says, as if it were pasted.
#[track_caller]
pub(crate) fn follow(repo: &Repo<'_>, hint: &str) -> Output {
    repo.run("sh", &["-c", hint]).ok()
}
