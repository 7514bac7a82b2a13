//! However a tree is reached, it says the same; and the queue says what the tips say.

use super::*;

/// Five commits that touch everything that something is derived from.
fn five_commits(repo: &Repo<'_>, mut after_each: impl FnMut(&Repo<'_>)) {
    let log = "kitty-specs/one/status.events.jsonl";
    let steps: [&dyn Fn(); 5] = [
        &|| mission(repo, "one", ONE),
        &|| drop(repo.commit("kitty-specs/one/tasks/WP01-a.md", "# First\n")),
        &|| drop(repo.commit(log, row(1, "planned", "claimed"))),
        &|| {
            let rows = row(1, "planned", "claimed") + &row(2, "claimed", "in_progress");
            drop(repo.commit(log, rows));
        },
        &|| {
            repo.write("kitty-specs/one/plan.md", "# Plan\n");
            mission(repo, "two", TWO);
        },
    ];
    for step in steps {
        step();
        after_each(repo);
    }
}

#[test]
fn three_clones_that_reach_one_tree_by_three_roads_say_the_same() {
    each_git(|git| {
        let world = World::new(git);
        let seed = world.init("seed");
        seed.commit("README.md", "# App\n");
        let clone = |name: &str| {
            let repo = world.clone(&seed, name);
            // Nobody has pushed anything: there is no remote to have said it.
            repo.ok(&["remote", "remove", "origin"]);
            enable(&repo);
            repo
        };
        let (ada, ben, eve) = (clone("ada"), clone("ben"), clone("eve"));
        five_commits(&ada, |repo| drop(reconcile(repo)));
        five_commits(&ben, |_| ());
        reconcile(&ben);
        eve.ok(&["switch", "-qc", "topic"]);
        five_commits(&eve, |repo| drop(reconcile(repo)));
        eve.ok(&["switch", "-q", "main"]);
        eve.commit("other", "other\n");
        eve.ok(&["switch", "-q", "topic"]);
        eve.ok(&["rebase", "-q", "main"]);
        eve.ok(&["switch", "-q", "main"]);
        eve.ok(&["merge", "-q", "--ff-only", "topic"]);
        eve.ok(&["branch", "-qD", "topic"]);
        reconcile(&eve);
        for other in [&ben, &eve] {
            assert_eq!(events(&ada), events(other));
            assert_eq!(bodies(&ada), bodies(other));
        }
        let expected = [
            ("MissionCreated", 2),
            ("MissionDossierArtifactIndexed", 4),
            ("MissionDossierSnapshotComputed", 2),
            ("WPAssigned", 1),
            ("WPCreated", 1),
            ("WPStatusChanged", 2),
        ];
        assert_eq!(kinds(&ada), expected.map(|(kind, count)| (kind.to_owned(), count)).into());
        assert_eq!(paths(&ada), ["one/plan.md", "one/spec.md", "one/tasks/WP01-a.md", "two/spec.md"]);
        let waits = "SELECT count(*) || '' FROM body_upload_queue JOIN queue ON index_event_id = event_id";
        assert_eq!(column(&ada, waits), ["4"], "every body waits for the event of its artifact");
    });
}

#[test]
fn an_older_branch_and_back_says_nothing_new() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        mission(&repo, "one", ONE);
        repo.ok(&["branch", "older"]);
        reconcile(&repo);
        repo.commit("kitty-specs/one/plan.md", "# Plan\n");
        reconcile(&repo);
        let (before, clock) = ((events(&repo), bodies(&repo)), clocks(&repo));
        repo.ok(&["switch", "-q", "older"]);
        reconcile(&repo);
        repo.ok(&["switch", "-q", "main"]);
        reconcile(&repo);
        assert_eq!(((events(&repo), bodies(&repo)), clocks(&repo)), (before, clock));
        assert_eq!(reconcile(&repo)["outcomes"], serde_json::json!([]));
    });
}

fn clocks(repo: &Repo<'_>) -> Vec<u64> {
    envelopes(repo).iter().map(|event| event["lamport_clock"].as_u64().expect("a clock")).collect()
}

#[test]
fn a_detached_head_says_nothing_and_every_clock_is_used_once() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        mission(&repo, "one", ONE);
        repo.ok(&["switch", "-q", "--detach"]);
        reconcile(&repo);
        assert_eq!((events(&repo).len(), paths(&repo).len()), (0, 0));
        repo.ok(&["switch", "-q", "main"]);
        reconcile(&repo);
        let clocks = clocks(&repo);
        assert_eq!(clocks, (1..=clocks.len() as u64).collect::<Vec<_>>());
    });
}

#[test]
fn two_work_trees_are_two_builds_and_one_node() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        repo.ok(&["worktree", "add", "-q", "-b", "topic", "../linked"]);
        let linked = world.directory("linked");
        mission(&repo, "one", ONE);
        mission(&linked, "two", TWO);
        reconcile(&repo);
        reconcile(&linked);
        let of = |key: &str| -> BTreeMap<String, String> {
            let text = |event: &serde_json::Value, key: &str| event[key].as_str().expect(key).to_owned();
            envelopes(&repo).iter().map(|event| (text(event, "git_branch"), text(event, key))).collect()
        };
        let (builds, nodes) = (of("build_id"), of("node_id"));
        assert_eq!(builds.len(), 2, "{builds:?}");
        assert_ne!(builds["main"], builds["topic"]);
        assert_eq!(nodes["main"], nodes["topic"]);
        assert_eq!(nodes["main"].len(), 12);
        // The same checkout stays the same build.
        repo.commit("kitty-specs/one/plan.md", "# Plan\n");
        reconcile(&repo);
        assert_eq!(of("build_id"), builds);
    });
}

/// With hooks, as people use it.
fn hooked(world: &World) -> Repo<'_> {
    let repo = world.init("repo");
    repo.commit("README.md", "# App\n");
    repo.mission(&["install"]).ok();
    enable(&repo);
    repo
}

#[track_caller]
fn says_what_the_tips_say(repo: &Repo<'_>, what: &str) {
    let queued = (events(repo), bodies(repo));
    assert_eq!(queued, from_scratch(repo), "{what}");
}

#[test]
fn after_an_amend_the_queue_says_what_the_tips_say() {
    each_git(|git| {
        let world = World::new(git);
        let repo = hooked(&world);
        mission(&repo, "one", ONE);
        let spec = bodies(&repo);
        repo.write("kitty-specs/one/spec.md", "# Another\n");
        repo.ok(&["commit", "-qa", "--amend", "-m", "another"]);
        assert!(bodies(&repo).is_disjoint(&spec));
        let failures = repo.mission(&["sync", "failures", "--json"]).ok().json();
        let reason = failures["bodies"][0]["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("superseded"), "{failures}");
        let log = repo.read(".git/mission/sync.log");
        assert!(log.contains("MissionDossierArtifactIndexed\" removed: superseded"), "{log}");
        says_what_the_tips_say(&repo, "amend");
    });
}

#[test]
fn after_a_rebase_and_a_squash_the_queue_says_what_the_tips_say() {
    each_git(|git| {
        let world = World::new(git);
        let repo = hooked(&world);
        repo.ok(&["switch", "-qc", "topic"]);
        mission(&repo, "one", ONE);
        repo.commit("kitty-specs/one/plan.md", "# Draft\n");
        repo.commit("kitty-specs/one/plan.md", "# Plan\n");
        repo.ok(&["switch", "-q", "main"]);
        repo.commit("other", "other\n");
        repo.ok(&["switch", "-q", "topic"]);
        repo.ok(&["rebase", "-q", "main"]);
        says_what_the_tips_say(&repo, "rebase");

        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["merge", "-q", "--squash", "topic"]);
        repo.ok(&["commit", "-qm", "squashed"]);
        repo.ok(&["branch", "-qD", "topic"]);
        repo.commit("more", "more\n");
        says_what_the_tips_say(&repo, "squash");
        assert_eq!(kinds(&repo)["MissionDossierSnapshotComputed"], 1);
    });
}

#[test]
fn what_is_gone_from_every_tip_leaves_and_comes_back_with_it() {
    each_git(|git| {
        let world = World::new(git);
        let repo = hooked(&world);
        repo.ok(&["switch", "-qc", "topic"]);
        mission(&repo, "one", ONE);
        let tip = repo.head();
        let said = (events(&repo), bodies(&repo));
        repo.ok(&["switch", "-q", "main"]);
        repo.ok(&["branch", "-qD", "topic"]);
        repo.commit("other", "other\n");
        assert_eq!((events(&repo).len(), bodies(&repo).len()), (0, 0));
        repo.ok(&["switch", "-qc", "topic", &tip]);
        reconcile(&repo);
        assert_eq!((events(&repo), bodies(&repo)), said);
    });
}

#[test]
fn a_new_first_commit_makes_a_new_project_and_everything_is_said_again() {
    let world = World::new(&any_git());
    let repo = world.init("repo");
    enable(&repo);
    mission(&repo, "one", ONE);
    reconcile(&repo);
    let before = events(&repo);
    repo.ok(&["commit", "-q", "--amend", "-m", "another first commit"]);
    reconcile(&repo);
    let after = events(&repo);
    assert_eq!(after.len(), before.len());
    assert!(after.is_disjoint(&before), "every id carries the project");
    assert_eq!(paths(&repo), ["one/spec.md"]);
}

#[test]
fn a_sparse_checkout_hides_and_does_not_delete() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    mission(&repo, "two", TWO);
    reconcile(&repo);
    let said = (events(&repo), bodies(&repo));
    repo.ok(&["sparse-checkout", "set", "--no-cone", "/README.md"]);
    assert!(!repo.at("kitty-specs").exists());
    repo.write("README.md", "# Other\n");
    repo.ok(&["commit", "-qam", "other"]);
    reconcile(&repo);
    assert_eq!((events(&repo), bodies(&repo)), said);
}

#[test]
fn two_missions_never_share_a_namespace_and_a_deletion_is_told_on_main_only() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    repo.write("software-dev/expected-artifacts.yaml", "manifest_version: 3\nrequired_always: [plan.md]\n");
    mission(&repo, "one", ONE);
    let copy = meta("one", TWO).replace("05:01:28", "05:01:29");
    repo.write("kitty-specs/younger/meta.json", copy);
    repo.commit("kitty-specs/younger/spec.md", "# Younger\n");
    let outcomes = reconcile(&repo);
    let younger = outcomes["outcomes"].as_array().expect("outcomes").iter();
    let younger: Vec<_> = younger
        .filter(|o| o["mission"] == "kitty-specs/younger" && o["artifact_path"] == "spec.md")
        .collect();
    assert_eq!(younger[0]["reason"], "namespace_ambiguous", "{outcomes}");
    assert_eq!(column(&repo, "SELECT DISTINCT manifest_version FROM body_upload_queue"), ["3"]);
    assert_eq!(kinds(&repo)["MissionDossierArtifactMissing"], 1);

    repo.ok(&["switch", "-qc", "topic"]);
    repo.ok(&["rm", "-q", "kitty-specs/one/spec.md"]);
    repo.write(
        "software-dev/expected-artifacts.yaml",
        "manifest_version: 3\nrequired_always: [plan.md, spec.md]\n",
    );
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-qm", "gone"]);
    reconcile(&repo);
    assert_eq!(kinds(&repo)["MissionDossierArtifactMissing"], 1, "{:?}", kinds(&repo));
    repo.ok(&["switch", "-q", "main"]);
    repo.ok(&["merge", "-q", "--ff-only", "topic"]);
    reconcile(&repo);
    assert_eq!(kinds(&repo)["MissionDossierArtifactMissing"], 2, "{:?}", kinds(&repo));
}
