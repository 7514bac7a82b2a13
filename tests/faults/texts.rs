//! Files that are no JSON, or very much of it, where they are merged, migrated and delivered. `commit_modes::refusals`
//! has the same at a commit, `settlement::catching_up` after a merge, `events::artifacts` in the queue.

use crate::merging_support::{diverged, subjects};
use crate::support::{Repo, World, any_git};

const BROKEN: [(&str, &str); 5] = [
    ("NaN", "{\"mission_number\": NaN}\n"),
    ("a key twice", "{\"slug\": \"a\", \"slug\": \"b\"}\n"),
    ("no bytes", ""),
    ("cut", "{\"slug\": \"a\", "),
    ("markers", "<<<<<<< ours\n{}\n"),
];

#[test]
fn a_text_that_cannot_be_read_is_merged_by_lines_with_markers() {
    for (what, text) in BROKEN {
        for subject in &subjects()[..1] {
            let world = World::new(&any_git());
            let versions = [text.to_owned(), subject.edits[1].clone()];
            let repo = diverged(&world, "repo", subject, &versions);
            let merge = repo.git(&["merge", "-q", "theirs"]);
            assert_eq!(merge.status, 1, "{what}: {merge}");
            let merged = repo.read(&subject.path());
            assert!(merged.contains("<<<<<<< ") && merged.contains(subject.signs[1]), "{what}: {merged}");
            assert!(text.lines().all(|line| merged.contains(line)), "{what}: {merged}");
            let stages = [2, 3].map(|stage| repo.show(&format!(":{stage}:{}", subject.path())));
            assert_eq!(stages, versions, "{what}");
        }
    }
}

#[test]
fn a_text_that_cannot_be_read_is_named_by_migrate_and_stays() {
    let world = World::new(&any_git());
    let repo = world.init("repo").env("GIT_MISSION", "0");
    for (at, (_, text)) in BROKEN.into_iter().enumerate() {
        repo.write(&format!("kitty-specs/00{at}-bad/meta.json"), text);
    }
    let good = "kitty-specs/009-good/meta.json";
    repo.write(good, "{\"feature_slug\": \"good\", \"mission\": \"research\"}");
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qm", "missions"]);
    let told = repo.mission(&["migrate", "--json"]).json();
    assert_eq!(told["failed"].as_array().map(Vec::len), Some(BROKEN.len()), "{told}");
    assert_eq!(told["changed"].as_array().map(Vec::len), Some(1), "{told}");
    for (at, (what, text)) in BROKEN.into_iter().enumerate() {
        assert_eq!(repo.read(&format!("kitty-specs/00{at}-bad/meta.json")), text, "{what}");
    }
}

/// More events than one batch takes.
#[test]
fn a_long_log_is_delivered_in_batches() {
    const ROWS: usize = 1_300;
    let world = World::new(&any_git());
    let scene = world.directory("scene");
    std::fs::create_dir(scene.path()).expect("a directory");
    super::operations::started(&scene, 0);
    let repo: Repo<'_> = scene.cd("repo");
    let rows: Vec<String> = (0..ROWS)
        .map(|row| {
            format!(
                "{{\"actor\": \"ada\", \"at\": \"2026-04-06T06:00:00.{row:06}+00:00\", \"event_id\": \
                 \"01KQ47E80QJG8GTVGDCV6{row:05}\", \"execution_mode\": \"worktree\", \"force\": false, \
                 \"from_lane\": \"planned\", \"to_lane\": \"claimed\", \"wp_id\": \"WP01\"}}\n"
            )
        })
        .collect();
    repo.commit("kitty-specs/one/status.events.jsonl", rows.concat());
    repo.mission(&["sync", "enqueue"]).ok();
    repo.ok(&["push", "-q", "origin", "main"]);
    repo.mission(&["sync", "flush"]).ok();
    let stored = super::operations::stored(&scene);
    assert!(stored.len() > 2 * ROWS, "each row is a move and an assignment: {}", stored.len());
    let status = repo.mission(&["sync", "status", "--json"]).ok().json();
    assert_eq!(status["events"]["pending"], 0, "{status}");
}
