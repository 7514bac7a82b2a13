//! `status.json`: what the reducer makes of a log, `git mission materialize`, and what happens to the file when its
//! mission is committed or merged.

use std::fs;

use git_mission::event::{Identity, reduce};
use git_mission::mission::Meta;
use serde_json::{Value, json};

use crate::merging_support::installed;
use crate::support::{Repo, World, any_git, corpus, each_git};

const DIRECTORY: &str = "kitty-specs/login-page";
const LOG: &str = "kitty-specs/login-page/status.events.jsonl";
const STATUS: &str = "kitty-specs/login-page/status.json";
const META: &str = "kitty-specs/login-page/meta.json";

fn meta(number: &str) -> String {
    format!(
        "{{\n  \"created_at\": \"2026-01-01T00:00:00+00:00\",\n  \"friendly_name\": \"Log in\",\n  \
         \"mission_id\": \"01KQ47E80QJG8GTVGDCV67RW7M\",\n  \"mission_number\": {number},\n  \
         \"mission_slug\": \"login-page\",\n  \"mission_type\": \"software-dev\",\n  \"slug\": \"login-page\",\n  \
         \"target_branch\": \"main\"\n}}\n"
    )
}

fn reduced(log: &str) -> String {
    let meta = Meta::read(meta("7").as_bytes()).expect("a meta");
    let identity = Identity::of(Some(&meta), "login-page");
    reduce(log.as_bytes(), &identity).expect("readable").to_canonical()
}

/// A lane row with what the rules look at.
fn moved(id: &str, at: &str, wp: &str, from: &str, to: &str, more: &str) -> String {
    format!(
        "{{\"actor\": \"ada\", \"at\": \"{at}\", \"event_id\": \"{id}\"{more}, \"force\": false, \
         \"from_lane\": \"{from}\", \"to_lane\": \"{to}\", \"wp_id\": \"{wp}\"}}\n"
    )
}

fn noted(id: &str, at: &str, wp: &str, delta: &str) -> String {
    format!(
        "{{\"actor\": {{\"role\": \"r\", \"tool\": \"codex\"}}, \"at\": \"{at}\", \"delta\": {delta}, \
         \"event_id\": \"{id}\", \"kind\": \"annotation\", \"wp_id\": \"{wp}\"}}\n"
    )
}

#[track_caller]
fn packages(log: &str, expected: &Value) {
    let snapshot: Value = serde_json::from_str(&reduced(log)).expect("JSON");
    assert_eq!(snapshot["work_packages"], *expected);
}

/// A package after its last move.
fn state(lane: &str, id: &str, at: &str) -> Value {
    json!({"actor": "ada", "force_count": 0, "lane": lane, "last_event_id": id, "last_transition_at": at})
}

fn with(mut state: Value, more: &Value) -> Value {
    let more = more.as_object().expect("an object").clone();
    state.as_object_mut().expect("an object").extend(more);
    state
}

#[test]
fn the_whole_file_is_pinned() {
    let log = [
        moved("B", "2", "WP01", "planned", "claimed", ""),
        moved("A", "1", "WP01", "genesis", "planned", ""),
        moved("C", "3", "WP02", "planned", "doing", ""),
        "{\"aggregate_id\": \"x\", \"event_id\": \"Z\", \"event_type\": \"WPCreated\", \"timestamp\": \"9\"}\n".into(),
        noted("D", "4", "WP01", r#"{"note": "é"}"#),
    ]
    .concat();
    assert_eq!(
        reduced(&log),
        r#"{
  "event_count": 3,
  "last_event_id": "C",
  "materialized_at": "3",
  "mission_number": 7,
  "mission_slug": "login-page",
  "mission_type": "software-dev",
  "summary": {
    "approved": 0,
    "blocked": 0,
    "canceled": 0,
    "claimed": 1,
    "done": 0,
    "for_review": 0,
    "in_progress": 1,
    "in_review": 0,
    "planned": 0
  },
  "work_packages": {
    "WP01": {
      "actor": "ada",
      "force_count": 0,
      "lane": "claimed",
      "last_event_id": "B",
      "last_transition_at": "2",
      "notes": [
        "é"
      ]
    },
    "WP02": {
      "actor": "ada",
      "force_count": 0,
      "lane": "in_progress",
      "last_event_id": "C",
      "last_transition_at": "3"
    }
  }
}
"#
    );
}

#[test]
fn of_a_repeated_id_the_first_row_counts() {
    let log = [
        moved("A", "1", "WP01", "planned", "claimed", ""),
        moved("A", "2", "WP01", "claimed", "done", ""),
        noted("N", "3", "WP01", r#"{"note": "once"}"#),
        noted("N", "3", "WP01", r#"{"note": "twice"}"#),
    ]
    .concat();
    packages(&log, &json!({"WP01": with(state("claimed", "A", "1"), &json!({"notes": ["once"]}))}));
}

#[test]
fn at_one_time_a_rollback_wins() {
    let forward = |id| moved(id, "5", "WP01", "in_review", "approved", "");
    let back = |id| moved(id, "5", "WP01", "in_review", "in_progress", "");
    let rolled_back =
        |id| json!({"WP01": with(state("in_progress", id, "5"), &json!({"review_result": null}))});
    // Whatever its id, and wherever it stands.
    packages(&(forward("A") + &back("B")), &rolled_back("B"));
    packages(&(forward("B") + &back("A")), &rolled_back("A"));
    packages(&(back("A") + &forward("B")), &rolled_back("A"));
    // Of two rollbacks the later id.
    packages(&(back("A") + &back("C") + &forward("D")), &rolled_back("C"));
    // Once time goes on, anything may follow.
    let later = moved("E", "6", "WP01", "in_progress", "for_review", "");
    packages(
        &(back("A") + &forward("B") + &later),
        &json!({"WP01": with(state("for_review", "E", "6"), &json!({"review_result": null}))}),
    );
    // As older tools spell it: with a reference it is one, without it is none.
    let old = |more| moved("A", "5", "WP01", "for_review", "in_progress", more);
    let done = moved("B", "5", "WP01", "for_review", "done", "");
    packages(
        &(old(", \"review_ref\": \"feedback://x\"") + &done),
        &json!({"WP01": state("in_progress", "A", "5")}),
    );
    packages(&(old("") + &done), &json!({"WP01": state("done", "B", "5")}));
    packages(&(old(", \"review_ref\": null") + &done), &json!({"WP01": state("done", "B", "5")}));
    // Another work package is another matter.
    let other = moved("B", "5", "WP02", "in_review", "approved", "");
    let both = json!({
        "WP01": with(state("in_progress", "A", "5"), &json!({"review_result": null})),
        "WP02": with(state("approved", "B", "5"), &json!({"review_result": null})),
    });
    packages(&(back("A") + &other), &both);
}

/// As many notes and references as there are rows: what each adds does not cost what all before it said.
#[test]
fn a_long_story_of_one_package_ends_soon() {
    const ROWS: usize = 150_000;
    let log: String = (0..ROWS)
        .map(|at| {
            let delta = format!(
                r#"{{"note": "n{at}", "tracker_refs": ["T-{at}"], "subtasks": {{"T{at}": "done"}}}}"#
            );
            noted(&format!("N{at:06}"), "1", "WP01", &delta)
        })
        .collect();
    let snapshot: Value = serde_json::from_str(&reduced(&log)).expect("JSON");
    for key in ["notes", "tracker_refs"] {
        assert_eq!(snapshot["work_packages"]["WP01"][key].as_array().map(Vec::len), Some(ROWS), "{key}");
    }
}

#[test]
fn annotations_come_after_all_moves_and_in_their_own_order() {
    let log = [
        noted("N2", "2", "WP01", r#"{"agent": "zoë", "note": "b", "subtasks": {"T1": "done", "T2": "doing"}}"#),
        noted("N1", "1", "WP01", r#"{"agent": "bob", "note": "a", "subtasks": {"T1": "planned"}, "tracker_refs": ["T-1", "T-2"]}"#),
        noted("N3", "3", "WP01", r#"{"agent": "", "model": null, "tracker_refs": ["T-2", "T-3"], "review": {"at": "3", "actor": "x", "wp_id": "WP01", "reason": "r"}}"#),
        moved("A", "9", "WP01", "planned", "claimed", ", \"policy_metadata\": {\"agent\": \"ada\", \"shell_pid\": 17}"),
        noted("N4", "4", "WP02", r#"{"role": "reviewer"}"#),
    ]
    .concat();
    let expected = json!({
        "WP01": with(state("claimed", "A", "9"), &json!({
            "agent": "zoë", "shell_pid": 17, "notes": ["a", "b"], "subtasks": {"T1": "done", "T2": "in_progress"},
            "tracker_refs": ["T-1", "T-2", "T-3"],
            "review": {"at": "3", "actor": "x", "wp_id": "WP01", "reason": "r"},
        })),
        "WP02": {"actor": "codex", "force_count": 0, "lane": "uninitialized", "last_event_id": null,
            "last_transition_at": null, "role": "reviewer"},
    });
    packages(&log, &expected);

    let log = log
        + &noted(
            "N5",
            "5",
            "WP01",
            r#"{"release_runtime_claim": true, "agent": "eve", "tracker_refs_replace": ["T-9", "T-9"], "review": {"at": "", "actor": "", "wp_id": "", "reason": ""}}"#,
        );
    let expected = with(
        expected["WP01"].clone(),
        &json!({
            "agent": "eve", "shell_pid": null, "shell_pid_created_at": null, "tracker_refs": ["T-9"], "review": null,
        }),
    );
    let snapshot: Value = serde_json::from_str(&reduced(&log)).expect("JSON");
    assert_eq!(snapshot["work_packages"]["WP01"], expected);
}

#[test]
fn what_a_move_leaves_behind() {
    let verdict = r#", "review_result": {"reviewer": "eve", "verdict": "approved", "reference": "r", "feedback_path": null}"#;
    let log = [
        moved("A", "1", "WP01", "in_progress", "approved", verdict),
        moved("B", "2", "WP01", "approved", "blocked", ""),
    ]
    .concat();
    let reviewed = json!({"review_result": {"reviewer": "eve", "verdict": "approved", "reference": "r"}});
    packages(&log, &json!({"WP01": with(state("blocked", "B", "2"), &reviewed)}));
    // Leaving a review without a verdict takes the last one away.
    let log = log + &moved("C", "3", "WP01", "in_review", "blocked", "");
    packages(&log, &json!({"WP01": with(state("blocked", "C", "3"), &json!({"review_result": null}))}));
    for (reason, source) in
        [("\"too late\"", "operator"), ("\"Force move to canceled\"", "synthetic"), ("null", "synthetic")]
    {
        let log = moved("A", "1", "WP01", "planned", "canceled", &format!(", \"reason\": {reason}"))
            .replace("\"force\": false", "\"force\": true");
        let reason: Value = serde_json::from_str(reason).expect("JSON");
        let canceled = json!({"cancellation_reason": reason, "reason_source": source, "force_count": 1});
        packages(&log, &json!({"WP01": with(state("canceled", "A", "1"), &canceled)}));
        let log = log + &moved("B", "2", "WP01", "canceled", "planned", "");
        packages(&log, &json!({"WP01": with(state("planned", "B", "2"), &json!({"force_count": 1}))}));
    }
}

#[test]
fn rows_that_break_rules_are_folded_and_rows_that_cannot_be_read_are_named() {
    let odd = moved("A", "1", "WP01", "done", "somewhere", "") + "{\"to_lane\": \"done\"}\n\n";
    let snapshot: Value = serde_json::from_str(&reduced(&odd)).expect("JSON");
    assert_eq!(snapshot["work_packages"], json!({"WP01": state("somewhere", "A", "1")}));
    assert_eq!(snapshot["event_count"], 2);
    let identity = Identity::of(None, "a");
    let error = reduce(b"{}\n\n{\"a\": 1, \"a\": 2}\n", &identity).expect_err("not readable");
    assert_eq!(error.to_string(), "3:10: the key \"a\" stands twice in one object");
    let empty: Value =
        serde_json::from_str(&reduce(b"", &identity).expect("readable").to_canonical()).expect("JSON");
    assert_eq!((&empty["mission_slug"], &empty["last_event_id"]), (&json!("a"), &Value::Null));
    assert_eq!((&empty["mission_number"], &empty["materialized_at"]), (&Value::Null, &Value::Null));
}

/// Every log that there is: no error, the same bytes twice and in any order of its rows, no old name of a key.
#[test]
#[expect(clippy::print_stderr, reason = "the figure is the point")]
fn every_real_log_has_a_snapshot() {
    let Some(root) = corpus("merge/events") else { return };
    let root = root.parent().and_then(|merge| merge.parent()).expect("the corpus").to_owned();
    let mut logs: Vec<_> = crate::corpus::files_below(&root)
        .into_iter()
        .filter(|path| path.ends_with("status.events.jsonl") || path.starts_with("merge/events"))
        .collect();
    logs.sort();
    let mut packages = 0;
    for path in &logs {
        let log = fs::read_to_string(root.join(path)).expect("UTF-8");
        let identity = Identity::of(None, "a");
        let once = reduce(log.as_bytes(), &identity).unwrap_or_else(|e| panic!("{}:{e}", path.display()));
        let text = once.to_canonical();
        assert_eq!(reduce(log.as_bytes(), &identity).expect("readable").to_canonical(), text);
        let snapshot: Value = serde_json::from_str(&text).expect("JSON");
        for old in ["feature_slug", "feature_number", "work_package_id"] {
            assert!(!text.contains(&format!("\"{old}\"")), "{}: {old}", path.display());
        }
        packages += snapshot["work_packages"].as_object().map_or(0, serde_json::Map::len);
        // Repeated ids apart, the order of the rows says nothing.
        let mut rows: Vec<&str> = log.lines().collect();
        rows.sort_unstable();
        rows.dedup();
        let ids = |rows: &[&str]| {
            let mut ids: Vec<String> = rows
                .iter()
                .filter_map(|row| {
                    serde_json::from_str::<Value>(row).ok()?["event_id"].as_str().map(str::to_owned)
                })
                .collect();
            let all = ids.len();
            ids.sort();
            ids.dedup();
            all == ids.len()
        };
        if ids(&rows) {
            let shuffled = rows.join("\n");
            assert_eq!(reduce(shuffled.as_bytes(), &identity).expect("readable").to_canonical(), text);
        }
    }
    eprintln!("{} real logs reduced, {packages} work packages", logs.len());
    assert!(logs.len() > 150);
}

fn started<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let repo = world.init(name);
    repo.mission(&["install"]).ok();
    repo.write(META, meta("1"));
    repo.write(LOG, moved("A", "1", "WP01", "planned", "claimed", ""));
    repo.ok(&["add", "-A"]);
    repo.ok(&["commit", "-q", "-m", "mission"]);
    repo
}

fn lane(text: &str) -> String {
    let snapshot: Value = serde_json::from_str(text).expect("JSON");
    snapshot["work_packages"]["WP01"]["lane"].as_str().expect("a lane").to_owned()
}

fn codes(repo: &Repo<'_>) -> Vec<String> {
    let document = repo.mission(&["doctor", "--json"]).json();
    let findings = document["findings"].as_array().expect("findings").clone();
    findings.iter().map(|f| f["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn the_command_writes_each_place_from_what_lies_beside_it() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        let done = repo.mission(&["materialize", "login-page"]).ok();
        assert_eq!(done.stdout, format!("{STATUS}\n1 rebuilt, 0 up to date\n"));
        let text = repo.read(STATUS);
        assert_eq!(text, reduced(&repo.read(LOG)).replace("\"mission_number\": 7", "\"mission_number\": 1"));
        assert_eq!(repo.status(), format!("?? {STATUS}\n"));
        assert_eq!(repo.cd("kitty-specs").mission(&["materialize"]).ok().stdout, "0 rebuilt, 1 up to date\n");
        assert_eq!(repo.read(STATUS), text);

        // Staged, the log in the index counts.
        repo.write(LOG, repo.read(LOG) + &moved("B", "2", "WP01", "claimed", "in_progress", ""));
        repo.mission(&["materialize", "--add"]).ok();
        assert_eq!(lane(&repo.read(STATUS)), "in_progress");
        assert_eq!(lane(&repo.show(&format!(":{STATUS}"))), "claimed");
        repo.ok(&["add", LOG]);
        repo.mission(&["materialize", "01KQ47E8", "--add"]).ok();
        assert_eq!(repo.show(&format!(":{STATUS}")), repo.read(STATUS));
        assert_eq!(repo.status(), format!("M  {LOG}\nA  {STATUS}\n"));
        assert_eq!(repo.mission(&["materialize", "--add"]).ok().stdout, "0 rebuilt, 1 up to date\n");

        // A log that cannot be read is named, and its file stays as it is.
        let before = repo.read(STATUS);
        repo.write(LOG, repo.read(LOG) + "not a row\n");
        let failed = repo.mission(&["materialize"]).exits(1);
        assert!(failed.stderr.contains(&format!("error: {LOG}: 3:1: expected ")), "{failed}");
        assert_eq!(repo.read(STATUS), before);
        let unknown = repo.mission(&["materialize", "nobody"]);
        assert_ne!(unknown.status, 0);
        repo.write(
            "kitty-specs/empty/meta.json",
            meta("2").replace("login-page", "empty").replace("7M", "7N"),
        );
        let failed = repo.mission(&["materialize", "empty"]).exits(1);
        assert!(
            failed.stderr.contains("kitty-specs/empty/status.events.jsonl: there is no such log"),
            "{failed}"
        );
    });
}

#[cfg(unix)]
#[test]
fn a_link_is_never_followed() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    let outside = world.path("outside");
    fs::write(&outside, "mine").expect("written");
    std::os::unix::fs::symlink(&outside, repo.at(STATUS)).expect("a link");
    let failed = repo.mission(&["materialize"]).exits(1);
    assert!(failed.stderr.contains("not a regular file"), "{failed}");
    assert_eq!(fs::read_to_string(&outside).expect("read"), "mine");
}

#[test]
fn a_commit_of_the_mission_rebuilds_the_file_and_nothing_else() {
    each_git(|git| {
        let world = World::new(git);
        let next = |repo: &Repo<'_>, id: &str, to: &str| {
            repo.write(LOG, repo.read(LOG) + &moved(id, id, "WP01", "x", to, ""));
        };

        // A mission that keeps none gets none.
        let repo = started(&world, "none");
        next(&repo, "B", "in_progress");
        repo.ok(&["commit", "-qam", "moved"]);
        assert_eq!((repo.status(), repo.at(STATUS).exists()), (String::new(), false));

        // Plain, with all, and by path: the commit holds it, and everything is clean.
        let modes: [&[&str]; 4] = [
            &["commit", "-q", "-m", "x", "-a"],
            &["commit", "-q", "-m", "x", LOG],
            &["commit", "-q", "-m", "x", "-i", LOG],
            &["commit", "-q", "--amend", "-m", "x", "-a"],
        ];
        let repo = started(&world, "repo");
        repo.mission(&["materialize", "--add"]).ok();
        repo.ok(&["commit", "-q", "-m", "derived"]);
        assert_eq!(codes(&repo), [] as [&str; 0]);
        for (position, mode) in modes.iter().enumerate() {
            let to = ["in_progress", "for_review", "done", "blocked"][position];
            next(&repo, ["B", "C", "D", "E"][position], to);
            let told = repo.ok(mode);
            assert!(told.stderr.contains(&format!("{STATUS}: rebuilt from the event log")), "{told}");
            assert_eq!(lane(&repo.show(&format!("HEAD:{STATUS}"))), to, "{mode:?}");
            assert_eq!(
                (repo.status(), repo.read(STATUS)),
                (String::new(), repo.show(&format!("HEAD:{STATUS}")))
            );
        }
        assert_eq!(codes(&repo), ["LANE_TRANSITION_ILLEGAL"]);

        // What is edited and not staged is neither committed nor touched.
        repo.write(STATUS, "{\"mine\": 1}\n");
        next(&repo, "F", "approved");
        repo.ok(&["add", LOG]);
        repo.ok(&["commit", "-q", "-m", "moved"]);
        assert_eq!(lane(&repo.show(&format!("HEAD:{STATUS}"))), "approved");
        assert_eq!((repo.read(STATUS), repo.status()), ("{\"mine\": 1}\n".into(), format!(" M {STATUS}\n")));
        // A staged one that says something else does not get in.
        repo.ok(&["add", STATUS]);
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "mine"]);
        assert_eq!(lane(&repo.show(&format!("HEAD:{STATUS}"))), "approved");
        assert_eq!(repo.status(), "");

        // One that another tool spells in its own way stays as that spells it.
        let theirs = repo.read(STATUS).replace("\"mission_number\": 1", "\"mission_number\": \"1\"");
        assert_ne!(theirs, repo.read(STATUS));
        repo.commit(STATUS, &theirs);
        assert_eq!(repo.show(&format!("HEAD:{STATUS}")), theirs);
        assert_eq!(codes(&repo), ["LANE_TRANSITION_ILLEGAL"]);

        // A removed one stays removed.
        repo.ok(&["rm", "-q", STATUS]);
        next(&repo, "G", "done");
        repo.ok(&["commit", "-qam", "moved"]);
        assert_eq!((repo.status(), repo.at(STATUS).exists()), (String::new(), false));
    });
}

#[test]
fn the_number_that_the_commit_settles_is_in_it() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        repo.mission(&["install"]).ok();
        repo.write(META, meta("null"));
        repo.write(LOG, moved("A", "1", "WP01", "planned", "claimed", ""));
        repo.mission(&["materialize"]).ok();
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-q", "-m", "mission"]);
        let status: Value = serde_json::from_str(&repo.show(&format!("HEAD:{STATUS}"))).expect("JSON");
        assert_eq!((&status["mission_number"], repo.status()), (&json!(1), String::new()));
    });
}

#[test]
fn a_stale_file_is_found_and_mended() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        repo.mission(&["materialize", "--add"]).ok();
        repo.ok(&["commit", "-q", "-m", "derived"]);
        repo.write(LOG, repo.read(LOG) + &moved("B", "2", "WP01", "claimed", "in_progress", ""));
        repo.ok(&["commit", "-q", "--no-verify", "-am", "past the hook"]);
        let document = repo.mission(&["doctor", "--json"]).ok().json();
        let finding = &document["findings"][0];
        assert_eq!(
            (&finding["code"], &finding["path"], &finding["severity"], &finding["fix"]),
            (
                &json!("DERIVED_STALE"),
                &json!(STATUS),
                &json!("warning"),
                &json!("git mission materialize login-page")
            )
        );
        assert_eq!(
            repo.mission(&["doctor", "--rev", "HEAD", "--json"]).json()["findings"][0]["code"],
            "DERIVED_STALE"
        );
        repo.mission(&["doctor", "--fix"]).ok();
        assert_eq!((codes(&repo).len(), repo.status()), (0, format!("M  {STATUS}\n")));
        assert_eq!(lane(&repo.show(&format!(":{STATUS}"))), "in_progress");
    });
}

/// Two branches move the work package on: after the merge the file is that of one side, and stale until it is rebuilt.
#[test]
fn merged_files_are_taken_from_one_side_until_they_are_rebuilt() {
    each_git(|git| {
        let world = World::new(git);
        for command in ["merge", "rebase"] {
            let repo = started(&world, command);
            repo.mission(&["materialize", "--add"]).ok();
            repo.ok(&["commit", "-q", "-m", "derived"]);
            repo.ok(&["switch", "-q", "-c", "theirs"]);
            let base = repo.read(LOG);
            let row = |id: &str, to: &str| moved(id, id, "WP01", "x", to, "");
            repo.commit(LOG, base.clone() + &row("C", "in_progress") + &row("D", "for_review"));
            repo.ok(&["switch", "-q", "main"]);
            repo.commit(LOG, base.clone() + &row("E", "blocked"));
            repo.ok(&[command, "-q", "theirs"]);
            assert_eq!(
                repo.read(LOG),
                base + &row("C", "in_progress") + &row("D", "for_review") + &row("E", "blocked")
            );
            assert_eq!((lane(&repo.read(STATUS)), repo.status()), ("for_review".to_owned(), String::new()));
            assert!(codes(&repo).contains(&"DERIVED_STALE".to_owned()));
            repo.mission(&["materialize", "--add"]).ok();
            repo.ok(&["commit", "-q", "-m", "rebuilt"]);
            assert_eq!(lane(&repo.read(STATUS)), "blocked");
            assert!(!codes(&repo).contains(&"DERIVED_STALE".to_owned()));
        }
    });
}

#[test]
fn two_reviews_under_one_name_are_both_there() {
    each_git(|git| {
        let world = World::new(git);
        let path = format!("{DIRECTORY}/tasks/WP01-form/review-cycle-1.md");
        let review = |verdict: &str| format!("---\nverdict: {verdict}\n---\n\nReviewed the form.\n");
        for command in ["merge", "rebase"] {
            let repo = installed(&world, command);
            repo.commit("README.md", "# Product\n");
            repo.ok(&["switch", "-q", "-c", "theirs"]);
            repo.commit(&path, review("changes_requested"));
            repo.ok(&["switch", "-q", "main"]);
            repo.commit(&path, review("approved"));
            repo.git(&[command, "-q", "theirs"]).exits(1);
            let text = repo.read(&path);
            for verdict in ["approved", "changes_requested"] {
                assert!(text.contains(&review(verdict)), "whole, not line by line: {text}");
            }
            assert_eq!(text.matches("<<<<<<<").count(), 1, "{text}");
            assert_eq!(repo.ok(&["ls-files", "-u"]).stdout.lines().count(), 2);

            let name = format!("{command}-alike");
            let repo = installed(&world, &name);
            repo.commit(&path, review("pending"));
            repo.ok(&["switch", "-q", "-c", "theirs"]);
            repo.commit(&path, review("approved"));
            repo.commit("NOTES.md", "theirs\n");
            repo.ok(&["switch", "-q", "main"]);
            repo.commit(&path, review("approved"));
            repo.commit("README.md", "ours\n");
            repo.ok(&[command, "-q", "theirs"]);
            assert_eq!((repo.read(&path), repo.status()), (review("approved"), String::new()));
        }
    });
}
