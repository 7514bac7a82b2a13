//! Every real divergence of a `meta.json` through the program itself, as git calls it, in both directions.

use std::fs;

use crate::support::{World, any_git, corpus};

#[test]
#[expect(clippy::print_stdout, reason = "the figure is part of the answer")]
fn every_real_divergence_goes_through_the_driver() {
    let Some(root) = corpus("merge/meta") else { return };
    let world = World::new(&any_git());
    let repo = world.directory("scratch");
    let mut clean = 0;
    let mut cases: Vec<_> =
        fs::read_dir(root).expect("the corpus").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    for case in &cases {
        let text = |name: &str| fs::read(case.join(name)).expect("a text");
        let merge = |ours: &str, theirs: &str| {
            for (file, name) in [("o", "base"), ("a", ours), ("b", theirs)] {
                repo.write(file, text(name));
            }
            let call = [
                "merge-driver",
                "meta",
                "--base",
                "o",
                "--ours",
                "a",
                "--theirs",
                "b",
                "--path",
                "meta.json",
            ];
            let done = repo.mission(&call);
            assert!(matches!(done.status, 0 | 1), "{}: {done}", case.display());
            (done.status, repo.read("a"))
        };
        let (one, other) = (merge("ours", "theirs"), merge("theirs", "ours"));
        assert_eq!(one.0, other.0, "{}", case.display());
        if one.0 == 0 {
            assert_eq!(one.1, other.1, "{}: swapped sides give the same bytes", case.display());
            let merged: serde_json::Value = serde_json::from_str(&one.1).expect("JSON");
            assert!(merged["mission_slug"].is_string() || merged["slug"].is_string(), "{}", case.display());
            clean += 1;
        } else {
            assert!(one.1.contains("<<<<<<<") && one.1.contains(">>>>>>>"), "{}", case.display());
        }
    }
    println!("{clean} of {} merge clean through the program", cases.len());
    assert!(clean * 100 >= cases.len() * 93);
}
