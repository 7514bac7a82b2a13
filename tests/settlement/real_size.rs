//! A repository with the distribution of a real one: 412 missions, 158 without a number, ten that share one.

use std::collections::BTreeMap;

use super::{add, equipped, id, meta, path};
use crate::support::{Repo, World, any_git};

const MISSIONS: usize = 412;

/// The number of every mission: 10 share one, 106 share 53 by two, 19 of those a third, 119 stand alone.
fn distribution() -> Vec<Option<u64>> {
    let mut numbers = vec![Some(1); 10];
    numbers.extend((2..=54).chain(2..=54).chain(2..=20).map(Some));
    numbers.extend((55..=173).map(Some));
    numbers.extend([None; 158]);
    // Neighbours in the listing are not neighbours in number.
    (0..MISSIONS).map(|at| numbers[at * 151 % MISSIONS]).collect()
}

fn slug(at: usize) -> String {
    format!("m{at:03}")
}

/// Commits it to the repository, as people without our hooks did.
fn fill(repo: &Repo<'_>) {
    for (at, number) in distribution().into_iter().enumerate() {
        let number = number.map_or("null".to_owned(), |number| number.to_string());
        repo.write(&path(&slug(at)), meta(&slug(at), &format!("{at:04}"), &number));
    }
    repo.commit("README.md", "# A past\n");
}

/// Number of every mission of HEAD, by slug.
fn numbers(repo: &Repo<'_>) -> BTreeMap<String, Option<u64>> {
    let listing = repo.mission(&["list", "--rev", "HEAD", "--json"]).ok().json();
    let missions = listing["missions"].as_array().expect("missions");
    missions
        .iter()
        .map(|m| (m["slug"].as_str().expect("a slug").to_owned(), m["mission_number"].as_u64()))
        .collect()
}

/// Who keeps a number when duplicates are undone: the earliest `created_at`, then the smallest id.
fn oldest(before: &BTreeMap<String, Option<u64>>, number: u64) -> String {
    let age = |slug: &String| {
        let at: usize = slug[1..].parse().expect("digits");
        let text = meta(slug, &format!("{at:04}"), "null");
        (text.lines().nth(1).expect("created_at").to_owned(), id(&format!("{at:04}")))
    };
    let holders = before.iter().filter(|(_, held)| **held == Some(number)).map(|(slug, _)| slug);
    holders.min_by_key(|slug| age(slug)).expect("a holder").clone()
}

fn settles_and_repairs(repo: &Repo<'_>) {
    let before = numbers(repo);
    assert_eq!((before.len(), before.values().filter(|n| n.is_none()).count()), (MISSIONS, 158));
    let json = repo.mission(&["settle", "--json"]).ok().json();
    assert_eq!(json["assigned"].as_array().map(Vec::len), Some(158));
    assert_eq!(json["repaired"].as_array().map(Vec::len), Some(0));
    let settled = numbers(repo);
    assert!(before.iter().all(|(slug, number)| number.is_none() || settled[slug] == *number), "renumbered");
    let given: Vec<u64> = (174..174 + 158).collect();
    let mut new: Vec<u64> =
        settled.iter().filter(|(slug, _)| before[*slug].is_none()).filter_map(|(_, n)| *n).collect();
    new.sort_unstable();
    assert_eq!(new, given);
    assert_eq!(repo.status(), "");
    stands(repo, &settled, &["settle"]);

    let json = repo.mission(&["settle", "--repair", "--json"]).ok().json();
    assert_eq!(json["repaired"].as_array().map(Vec::len), Some(135 - 54));
    let repaired = numbers(repo);
    let mut all: Vec<u64> = repaired.values().map(|number| number.expect("a number")).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), repaired.len(), "distinct");
    for number in 1..=173 {
        assert_eq!(repaired[&oldest(&before, number)], Some(number), "the oldest keeps {number}");
    }
    stands(repo, &repaired, &["settle", "--repair"]);
    stands(repo, &numbers(repo), &["settle"]);
}

/// Neither the next hooks nor another run change what is settled.
fn stands(repo: &Repo<'_>, settled: &BTreeMap<String, Option<u64>>, again: &[&str]) {
    assert_eq!(repo.mission(again).ok().stdout, "nothing to settle\n");
    let count = numbers(repo).len();
    let (there, here) = (format!("there{count}"), format!("here{count}"));
    repo.ok(&["switch", "-qc", &there]);
    add(repo, &there, &format!("T{count}"));
    repo.ok(&["switch", "-q", "main"]);
    add(repo, &here, &format!("H{count}"));
    repo.ok(&["merge", "-q", "--no-edit", &there]);
    let now = numbers(repo);
    assert_eq!(now.len(), count + 2);
    assert!(settled.iter().all(|(slug, number)| now[slug] == *number), "a hook undid it");
    assert_eq!(
        (repo.mission(again).ok().stdout.as_str(), repo.status().as_str()),
        ("nothing to settle\n", "")
    );
}

#[test]
fn settled_and_repaired_without_a_remote() {
    let world = World::new(&any_git());
    let repo = world.init("repo");
    fill(&repo);
    repo.mission(&["install"]).ok();
    settles_and_repairs(&repo);
}

#[test]
fn settled_and_repaired_with_a_remote() {
    let world = World::new(&any_git());
    let origin = world.bare("origin.git");
    let seed = world.clone(&origin, "seed");
    fill(&seed);
    seed.ok(&["push", "-q", "origin", "HEAD:main"]);
    let repo = equipped(&world, &origin, "repo");
    settles_and_repairs(&repo);
    repo.ok(&["push", "-q", "origin", "main"]);
    let other = equipped(&world, &origin, "other");
    assert_eq!(other.mission(&["settle", "--repair"]).ok().stdout, "nothing to settle\n");
}

#[test]
fn unrelated_work_beside_a_published_backlog_touches_no_other_mission() {
    let world = World::new(&any_git());
    let origin = world.bare("origin.git");
    let seed = world.clone(&origin, "seed");
    fill(&seed);
    seed.ok(&["push", "-q", "origin", "HEAD:main"]);
    let repo = equipped(&world, &origin, "repo");
    let specs = repo.rev("HEAD:kitty-specs");
    repo.ok(&["switch", "-qc", "side"]);
    repo.commit("src", "side\n");
    repo.ok(&["switch", "-q", "main"]);
    repo.commit("README.md", "# More\n");
    repo.ok(&["merge", "-q", "--no-edit", "side"]);
    seed.commit("theirs", "theirs\n");
    seed.ok(&["push", "-q", "origin", "HEAD:main"]);
    repo.ok(&["pull", "-q", "--no-rebase"]);
    assert_eq!(repo.rev("HEAD:kitty-specs"), specs);
    assert_eq!(repo.ok(&["push", "-q", "origin", "main"]).stderr, "");
    add(&repo, "new", "N");
    repo.ok(&["push", "-q", "origin", "main"]);
    let changed = repo.ok(&["diff", "--name-only", &specs, "HEAD:kitty-specs"]).stdout;
    assert_eq!((changed.as_str(), numbers(&repo)["new"]), ("new/meta.json\n", Some(174)));
}
