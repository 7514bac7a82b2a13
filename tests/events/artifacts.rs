//! What is not sent, why, and that no byte of it is in the queue.

use super::*;

const CANARY: &str = "CANARY-7f3a9c";

/// The reason of each artifact of `one`.
fn reasons(document: &serde_json::Value) -> BTreeMap<String, String> {
    let outcomes = document["outcomes"].as_array().expect("outcomes").iter();
    outcomes
        .filter(|outcome| outcome["mission"] == "kitty-specs/one")
        .map(|o| {
            let text = |key: &str| o[key].as_str().unwrap_or_default().to_owned();
            (text("artifact_path"), format!("{}: {}", text("status"), text("reason")))
        })
        .collect()
}

#[track_caller]
fn no_canary(repo: &Repo<'_>) {
    let directory = repo.at(".git/mission");
    let mut seen = 0;
    for entry in std::fs::read_dir(&directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
            assert!(!found, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 2, "the queue and the log were looked at");
}

/// Secrets of more than ten kinds, written in halves so that no scanner takes this file for a leak.
fn secrets() -> Vec<(&'static str, String)> {
    let many = |a: &str, b: &str, n: usize| format!("{a}{b}{}", "a1B2".repeat(n));
    vec![
        ("private_key", ["-----BEGIN RSA PRIV", "ATE KEY-----"].concat()),
        ("aws_access_key", ["AKI", "AIOSFODNN7EXAMPLE"].concat()),
        ("aws_secret_key", ["aws_secret_access_key = ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"].concat()),
        ("github_token", many("gh", "p_", 9)),
        ("gitlab_token", many("gl", "pat-", 5)),
        ("slack_token", ["xo", "xb-123456789012-abcdef"].concat()),
        ("google_api_key", many("AI", "za", 9)),
        ("stripe_key", many("sk_", "live_", 6)),
        ("npm_token", many("np", "m_", 9)),
        ("pypi_token", many("pypi", "-AgE", 9)),
        ("api_key", many("sk-", "ant-", 6)),
        ("jwt", ["eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"].concat()),
    ]
}

#[test]
#[cfg(unix)]
fn every_committed_thing_that_may_not_be_sent_is_named_and_left() {
    each_git(|git| {
        let world = World::new(git);
        let repo = started(&world, "repo");
        let one = "kitty-specs/one";
        repo.write(&format!("{one}/meta.json"), meta("one", ONE));
        std::fs::write(world.path("outside"), format!("{CANARY}\n")).expect("a file");
        std::os::unix::fs::symlink(world.path("outside"), repo.at(&format!("{one}/plan.md")))
            .expect("a link");
        repo.write(&format!("{one}/spec.md/inside.md"), CANARY);
        repo.write(
            &format!("{one}/research/large.md"),
            format!("{CANARY}{}", "x".repeat(512 * 1024 + 1 - CANARY.len())),
        );
        repo.write(&format!("{one}/research/exact.md"), "x".repeat(512 * 1024));
        repo.write(&format!("{one}/research/latin.md"), [CANARY.as_bytes(), b" \xe9\n"].concat());
        repo.write(&format!("{one}/research/nul.md"), format!("{CANARY}\0\n"));
        repo.write(&format!("{one}/research/empty.md"), "");
        repo.write(&format!("{one}/research/blank.md"), " \n\t\n");
        repo.write(&format!("{one}/research/picture.PNG"), CANARY);
        repo.write(&format!("{one}/notes.md"), CANARY);
        for (at, (rule, secret)) in secrets().iter().enumerate() {
            repo.write(&format!("{one}/contracts/{at}-{rule}.md"), format!("{CANARY}\nx {secret}\n"));
        }
        // The heading of a work package with a secret is not repeated either.
        repo.write(&format!("{one}/tasks/WP01-x.md"), format!("# {CANARY}\n{}\n", secrets()[3].1));
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-qm", "everything"]);
        let reasons = reasons(&repo.mission(&["sync", "enqueue", "--json"]).ok().json());
        for (path, reason) in [
            ("plan.md", "skipped: not_regular_file"),
            ("spec.md/inside.md", "skipped: unsupported_surface"),
            ("research/large.md", "skipped: oversized: 524289 bytes > 524288 limit"),
            ("research/exact.md", "queued: enqueued"),
            ("research/latin.md", "skipped: not_valid_utf8"),
            ("research/nul.md", "skipped: binary_content"),
            ("research/empty.md", "skipped: empty_content"),
            ("research/blank.md", "skipped: empty_content"),
            ("research/picture.PNG", "skipped: unsupported_format: .png"),
            ("notes.md", "skipped: unsupported_surface"),
            ("meta.json", "skipped: unsupported_surface"),
            ("tasks/WP01-x.md", "skipped: secret_suspected: github_token"),
        ] {
            assert_eq!(reasons.get(path).map(String::as_str), Some(reason), "{path} in {reasons:#?}");
        }
        for (at, (rule, _)) in secrets().iter().enumerate() {
            let path = format!("contracts/{at}-{rule}.md");
            assert_eq!(reasons[&path], format!("skipped: secret_suspected: {rule}"));
        }
        assert_eq!(paths(&repo), ["one/research/exact.md"]);
        let titles = envelopes(&repo);
        let title = titles.iter().find(|e| e["event_type"] == "WPCreated").expect("a work package");
        assert_eq!(title["payload"]["wp_title"], "WP01-x");
        no_canary(&repo);

        let doctor = repo.mission(&["doctor", "--json"]).json();
        let codes: Vec<_> = doctor["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|finding| finding["code"] == "ARTIFACT_SECRET")
            .collect();
        assert_eq!(codes.len(), secrets().len() + 1, "{doctor}");
        assert!(codes.iter().all(|finding| finding["severity"] == "warning"), "{doctor}");
        assert!(!doctor.to_string().contains("AIOSFODNN7"), "a secret is never shown");
    });
}

#[test]
#[cfg(unix)]
fn a_scan_of_the_work_tree_takes_plain_files_only() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    mission(&repo, "one", ONE);
    let one = "kitty-specs/one";
    std::fs::write(world.path("outside"), format!("{CANARY}\n")).expect("a file");
    std::fs::hard_link(world.path("outside"), repo.at(&format!("{one}/plan.md"))).expect("a hard link");
    std::os::unix::fs::symlink(world.path("outside"), repo.at(&format!("{one}/tasks.md"))).expect("a link");
    repo.run("mkfifo", &[&format!("{one}/research.md")]).ok();
    repo.write(&format!("{one}/quickstart.md/inside.md"), CANARY);
    repo.write(&format!("{one}/data-model.md"), "# Not committed\n");
    std::os::unix::fs::symlink(world.path(""), repo.at(&format!("{one}/contracts"))).expect("a link");
    let document = repo.mission(&["sync", "enqueue", "--worktree", "--json"]).ok().json();
    let reasons = reasons(&document);
    for (path, reason) in [
        ("plan.md", "skipped: not_regular_file"),
        ("tasks.md", "skipped: not_regular_file"),
        ("research.md", "skipped: not_regular_file"),
        ("quickstart.md", "skipped: not_regular_file"),
        ("contracts", "skipped: unsupported_surface"),
        ("data-model.md", "queued: enqueued"),
        ("spec.md", "queued: enqueued"),
    ] {
        assert_eq!(reasons.get(path).map(String::as_str), Some(reason), "{path} in {reasons:#?}");
    }
    assert_eq!(paths(&repo), ["one/data-model.md", "one/spec.md"]);
    no_canary(&repo);

    // It leaves once a pushed tip says it, and is not superseded before.
    let origin = world.bare("origin.git");
    repo.ok(&["remote", "add", "origin", &origin.path().to_string_lossy()]);
    repo.ok(&["push", "-q", "origin", "main"]);
    repo.mission(&["sync", "flush"]).ok();
    assert_eq!(paths(&repo), ["one/data-model.md"]);
    repo.ok(&["add", &format!("{one}/data-model.md")]);
    repo.ok(&["commit", "-qm", "committed"]);
    repo.ok(&["push", "-q", "origin", "main"]);
    repo.mission(&["sync", "flush"]).ok();
    assert_eq!(paths(&repo), Vec::<String>::new());
}

#[test]
fn a_mission_that_cannot_be_read_does_not_stop_the_others() {
    let world = World::new(&any_git());
    let repo = started(&world, "repo");
    repo.write("kitty-specs/broken/meta.json", "{ not JSON");
    repo.write("kitty-specs/broken/spec.md", "# Broken\n");
    repo.write("kitty-specs/empty/.gitkeep", "");
    repo.write("kitty-specs/nameless/meta.json", "{\"mission_slug\": \"nameless\"}");
    repo.write("kitty-specs/nameless/spec.md", "# Nameless\n");
    mission(&repo, "one", ONE);
    let output = repo.mission(&["sync", "enqueue", "--json"]).exits(1);
    assert_eq!(paths(&repo), ["one/spec.md"]);
    let document = output.json();
    let failed: Vec<_> = document["outcomes"]
        .as_array()
        .expect("outcomes")
        .iter()
        .filter(|outcome| outcome["status"] == "failed")
        .map(|outcome| (outcome["mission"].as_str(), outcome["artifact_path"].as_str()))
        .collect();
    assert_eq!(
        failed,
        [(Some("kitty-specs/broken"), Some("spec.md")), (Some("kitty-specs/nameless"), Some("spec.md"))],
        "{document}"
    );
}
