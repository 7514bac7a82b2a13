//! Every real divergence through the program itself, as git calls it, in both directions.

use std::fs;

use serde_json::Value;

use crate::support::{World, any_git, corpus};

/// Runs the driver over the corpus of one kind; `proves` looks at each clean result beside ours and theirs.
#[expect(clippy::print_stdout, reason = "the figure is part of the answer")]
fn check(name: &str, kind: &str, proves: impl Fn(&str, [&str; 2])) {
    let Some(root) = corpus(&format!("merge/{name}")) else { return };
    let world = World::new(&any_git());
    let repo = world.directory("scratch");
    let mut clean = 0;
    let mut cases: Vec<_> =
        fs::read_dir(root).expect("the corpus").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    for case in &cases {
        let text = |name: &str| fs::read_to_string(case.join(name)).unwrap_or_default();
        let merge = |ours: &str, theirs: &str| {
            for (file, name) in [("o", "base"), ("a", ours), ("b", theirs)] {
                repo.write(file, text(name));
            }
            let call =
                ["merge-driver", kind, "--base", "o", "--ours", "a", "--theirs", "b", "--path", "a file"];
            let done = repo.mission(&call);
            assert!(matches!(done.status, 0 | 1), "{}: {done}", case.display());
            (done.status, repo.read("a"))
        };
        let (one, other) = (merge("ours", "theirs"), merge("theirs", "ours"));
        assert_eq!(one.0, other.0, "{}", case.display());
        if one.0 == 0 {
            assert_eq!(one.1, other.1, "{}: swapped sides give the same bytes", case.display());
            proves(&one.1, [&text("ours"), &text("theirs")]);
            clean += 1;
        } else {
            assert!(one.1.contains("<<<<<<<") && one.1.contains(">>>>>>>"), "{}", case.display());
        }
    }
    println!("{kind}: {clean} of {} merge clean through the program", cases.len());
    assert!(clean * 100 >= cases.len() * 93);
}

#[test]
fn every_real_divergence_goes_through_the_driver() {
    check("meta", "meta", |merged, _| {
        let merged: Value = serde_json::from_str(merged).expect("JSON");
        assert!(merged["mission_slug"].is_string() || merged["slug"].is_string(), "{merged}");
    });
}

#[test]
fn every_real_divergence_of_a_log_goes_through_the_driver() {
    let ids = |text: &str| -> Vec<Value> {
        let rows = text.split_terminator('\n').filter(|line| !line.trim().is_empty());
        rows.map(|row| serde_json::from_str::<Value>(row).expect("JSON")["event_id"].take()).collect()
    };
    check("events", "event-log", |merged, sides| {
        let merged = ids(merged);
        for id in sides.iter().flat_map(|side| ids(side)) {
            assert!(merged.contains(&id), "row {id} is lost");
        }
    });
}
