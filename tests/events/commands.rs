//! `git mission sync`: every command, and what its JSON says.

use super::*;

/// A repository whose origin has everything, so that all of it may leave.
fn pushed(world: &World) -> Repo<'_> {
    let origin = world.bare("origin.git");
    let repo = world.clone(&origin, "repo");
    repo.commit("README.md", "# App\n");
    enable(&repo);
    mission(&repo, "one", ONE);
    reconcile(&repo);
    repo.ok(&["push", "-q", "origin", "main"]);
    repo
}

#[test]
fn events_leave_before_bodies_and_only_once() {
    each_git(|git| {
        let world = World::new(git);
        let repo = pushed(&world);
        let queued = events(&repo);
        let report = world.path("report.json");
        let flushed =
            repo.mission(&["sync", "flush", "--json", "--report", &report.to_string_lossy()]).ok().json();
        assert_eq!(
            (flushed["synced"].as_u64(), flushed["pending"].as_u64()),
            (Some(3), Some(0)),
            "{flushed}"
        );
        assert_eq!(flushed["bodies"]["uploaded"], 1, "{flushed}");
        assert_eq!(flushed["results"].as_array().map(Vec::len), Some(3));
        let written = std::fs::read_to_string(&report).expect("the report");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written).expect("JSON"), flushed);
        let stored = std::fs::read_to_string(world.path("server/events.jsonl")).expect("events");
        let ids: BTreeSet<String> = stored
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
            .map(|event| event["event_id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(ids, queued);
        assert_eq!((events(&repo).len(), paths(&repo).len()), (0, 0));

        // Everything again: the server knows it.
        repo.mission(&["sync", "enqueue", "--all"]).ok();
        let again = repo.mission(&["sync", "flush", "--json"]).ok().json();
        assert_eq!((again["synced"].as_u64(), again["duplicates"].as_u64()), (Some(0), Some(3)), "{again}");
        assert_eq!(again["bodies"]["already_exists"], 1, "{again}");
        assert_eq!(stored, std::fs::read_to_string(world.path("server/events.jsonl")).expect("events"));
    });
}

#[test]
fn a_body_waits_for_its_event_and_is_parked_with_it() {
    let world = World::new(&any_git());
    let repo = pushed(&world);
    let index = column(&repo, "SELECT index_event_id FROM body_upload_queue");
    let database = database(&repo);
    database
        .execute(
            "UPDATE queue SET next_attempt_at = strftime('%s', 'now') + 3600 WHERE event_id = ?1",
            [&index[0]],
        )
        .expect("an update");
    let flushed = repo.mission(&["sync", "flush", "--json"]).exits(75).json();
    assert_eq!(
        (flushed["synced"].as_u64(), flushed["bodies"]["kept"].as_u64()),
        (Some(2), Some(1)),
        "{flushed}"
    );
    // An event that breaks the contract by now is stopped on its way out, and its body with it.
    database
        .execute("UPDATE queue SET next_attempt_at = 0, data = replace(data, '3.0.0', '2.0.0')", [])
        .expect("an update");
    let diagnosed = repo.mission(&["sync", "diagnose", "--json"]).exits(1).json();
    assert_eq!(diagnosed["events"][0]["valid"], false, "{diagnosed}");
    assert_eq!(diagnosed["events"][0]["event_id"], index[0].as_str());
    let flushed = repo.mission(&["sync", "flush", "--json"]).json();
    assert_eq!(flushed["rejected"], 1, "{flushed}");
    assert_eq!(flushed["results"][0]["error_category"], "schema_mismatch", "{flushed}");
    assert_eq!(flushed["bodies"]["failed"], 1, "{flushed}");
    let failures = repo.mission(&["sync", "failures", "--json"]).ok().json();
    assert_eq!(failures["events"][0]["event_id"], index[0].as_str(), "{failures}");
    assert_eq!(failures["bodies"][0]["artifact_path"], "spec.md", "{failures}");

    database.execute("UPDATE queue SET data = replace(data, '2.0.0', '3.0.0')", []).expect("an update");
    let retried = repo.mission(&["sync", "retry", "--json"]).ok().json();
    assert_eq!((retried["events"].as_u64(), retried["bodies"][0]["queued"].as_bool()), (Some(1), Some(true)));
    let flushed = repo.mission(&["sync", "flush", "--json"]).ok().json();
    assert_eq!((flushed["synced"].as_u64(), flushed["bodies"]["uploaded"].as_u64()), (Some(1), Some(1)));
    let left = repo.mission(&["sync", "failures", "--json"]).ok().json();
    assert_eq!(left, serde_json::json!({"events": [], "bodies": []}));
}

#[test]
fn a_body_whose_event_was_lost_gets_it_back() {
    let world = World::new(&any_git());
    let repo = pushed(&world);
    database(&repo).execute("DELETE FROM queue", []).expect("a deletion");
    let flushed = repo.mission(&["sync", "flush", "--json"]).ok().json();
    assert_eq!((flushed["synced"].as_u64(), flushed["bodies"]["uploaded"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn what_no_tip_says_is_not_put_back_and_why_is_said() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    reconcile(&repo);
    repo.commit("kitty-specs/one/spec.md", "# Another\n");
    reconcile(&repo);
    let retried = repo.mission(&["sync", "retry", "--json"]).ok().json();
    assert_eq!(retried["bodies"][0]["queued"], false, "{retried}");
    assert_eq!(retried["bodies"][0]["reason"], "no tip says it any more");
}

#[test]
fn what_a_tree_cannot_say_is_named() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    let rows = row(1, "planned", "claimed") + &row(2, "claimed", "done") + &row(3, "done", "DONE") + "{\n";
    repo.commit("kitty-specs/one/status.events.jsonl", rows);
    reconcile(&repo);
    let diagnosed = repo.mission(&["sync", "diagnose", "--json"]).ok().json();
    let wrong: Vec<_> = diagnosed["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter(|event| event["valid"] == false)
        .map(|event| {
            (event["place"].as_str().expect("a place"), event["errors"][0].as_str().expect("an error"))
        })
        .collect();
    let log = "kitty-specs/one/status.events.jsonl";
    let shown: Vec<_> = wrong.iter().map(|(place, error)| (place.replace(log, ""), *error)).collect();
    assert_eq!(shown.len(), 3, "{diagnosed}");
    assert_eq!(shown[0], (":2".to_owned(), "a move to done needs evidence"));
    assert_eq!(shown[1], (":3".to_owned(), "to_lane is \"DONE\", which is no lane"));
    assert_eq!(shown[2].0, ":4");
    let doctor = repo.mission(&["doctor", "--json"]).json();
    let illegal: Vec<_> = doctor["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|finding| finding["code"] == "LANE_TRANSITION_ILLEGAL")
        .collect();
    assert_eq!((illegal.len(), &illegal[0]["severity"]), (1, &serde_json::json!("info")), "{doctor}");
}

#[test]
fn rows_are_thrown_away_by_mission_and_taken_over_from_elsewhere() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    mission(&repo, "two", TWO);
    reconcile(&repo);
    let (all, bodies_before) = (events(&repo), bodies(&repo));
    let other = repo.world().path("elsewhere.db");
    let elsewhere = other.to_string_lossy().into_owned();
    database(&repo).execute("VACUUM INTO ?1", [&elsewhere]).expect("a copy");

    let purged = repo.mission(&["sync", "purge", &TWO[..10], "--json"]).ok().json();
    assert_eq!(purged, serde_json::json!({"events": 3, "bodies": 1}));
    assert_eq!(paths(&repo), ["one/spec.md"]);
    repo.mission(&["sync", "purge", "nobody"]).exits(2);

    let imported = repo.mission(&["sync", "import", &elsewhere, "--json"]).ok().json();
    let from = &imported["sources"][0];
    assert_eq!((from["events"]["taken"].as_u64(), from["events"]["known"].as_u64()), (Some(3), Some(3)));
    assert_eq!((events(&repo), bodies(&repo)), (all, bodies_before));
    repo.mission(&["sync", "import", "/nowhere.db"]).exits(2);
    assert_eq!(repo.mission(&["sync", "import", "--json"]).ok().json()["sources"], serde_json::json!([]));
    repo.write("../home/.spec-kitty/queues/x", "");
    std::fs::copy(&other, world.path("home/.spec-kitty/queues/queue-0123456789abcdef.db")).expect("a copy");
    let found = repo.mission(&["sync", "import", "--json"]).ok().json();
    assert_eq!(found["sources"][0]["bodies"]["known"], 2, "{found}");

    assert_eq!(repo.mission(&["sync", "purge", "--json"]).ok().json()["bodies"], 2);
    assert_eq!((events(&repo).len(), paths(&repo).len()), (0, 0));
    repo.mission(&["sync", "disable"]).ok();
    repo.mission(&["sync", "enqueue"]).exits(3);
}

#[test]
fn the_lines_for_people_name_what_was_done() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    for (args, part) in [
        (&["sync", "enqueue"][..], "1 bodies and 3 events queued, 0 rows superseded"),
        (&["sync", "diagnose"], "3 events can be sent, 0 cannot"),
        (&["sync", "failures"], "nothing has failed"),
        (&["sync", "retry"], "0 events are tried again"),
        (&["sync", "status"], "3 events, 1 bodies"),
        (&["sync", "import"], "no other program left a queue"),
        (&["sync", "flush"], "nothing to deliver"),
        (&["sync", "purge"], "3 events and 1 bodies thrown away"),
    ] {
        let output = repo.mission(args).ok();
        assert!(output.stdout.contains(part), "{part} in {output}");
    }
}

#[test]
fn with_all_what_the_remote_holds_is_queued_too() {
    let world = World::new(&any_git());
    let repo = pushed(&world);
    let origin = world.directory("origin.git");
    let ben = world.clone(&origin, "ben");
    enable(&ben);
    assert_eq!((events(&ben).len(), paths(&ben).len()), (0, 0), "whoever pushed it has said it");
    let url = format!("file://{}", world.path("server").display());
    let output = ben.mission(&["sync", "enable", "--all", "--server", &url]).ok();
    assert!(output.stdout.contains("1 bodies and 3 events queued"), "{output}");
    assert_eq!(events(&ben), events(&repo));
    // A branch that changes one artifact says that artifact only.
    ben.mission(&["sync", "purge"]).ok();
    ben.ok(&["switch", "-qc", "topic"]);
    ben.commit("kitty-specs/one/plan.md", "# Plan\n");
    reconcile(&ben);
    assert_eq!(paths(&ben), ["one/plan.md"]);
    assert_eq!(events(&ben).len(), 2, "{:?}", kinds(&ben));
}
