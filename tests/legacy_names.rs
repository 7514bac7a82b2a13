//! Old names of fields stand in the source only where old data comes in: mission files, databases of older schemas,
//! rows of logs. Everywhere else they are the contract's to forbid, not the code's to know.

use std::fs;
use std::path::{Path, PathBuf};

/// Where old data comes in.
const DOORS: [&str; 3] = ["mission/legacy.rs", "queue/legacy.rs", "merge/event_log/fields.rs"];
/// Old names that no contract forbids, because they never left a machine.
const UNSENT: [&str; 1] = ["work_package_id"];

#[test]
fn no_legacy_field_name_outside_the_places_where_old_data_comes_in() {
    let names = legacy_names();
    let mut found = Vec::new();
    for (path, text) in sources() {
        if DOORS.iter().any(|door| path.ends_with(door)) {
            continue;
        }
        for (at, line) in production(&text).lines().enumerate() {
            for name in names.iter().filter(|name| line.contains(name.as_str())) {
                found.push(format!("{}:{}: {name}", path.display(), at + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_test_itself_can_see() {
    let names = legacy_names();
    assert!(names.iter().any(|name| name == "feature_slug") && names.len() >= 6, "{names:?}");
    let doors = sources().into_iter().filter(|(path, _)| DOORS.iter().any(|door| path.ends_with(door)));
    let mut seen = 0;
    for (path, text) in doors {
        let has_one = names.iter().any(|name| production(&text).contains(name.as_str()));
        assert!(has_one, "{} needs no exception any more", path.display());
        seen += 1;
    }
    assert_eq!(seen, DOORS.len());
    assert_eq!(production("a\n#[cfg(test)]\nmod tests { feature_slug }"), "a\n");
}

/// What the contract forbids at any depth, and what else is of old.
fn legacy_names() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("contracts/upstream-3.0.0-shape.json")).expect("the contract");
    let contract: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let forbidden = contract["forbidden_at_any_depth"].as_array().expect("a list").iter();
    let forbidden = forbidden.map(|name| name.as_str().expect("a name").to_owned());
    forbidden.chain(UNSENT.map(str::to_owned)).collect()
}

/// The part of a file that is not its tests.
fn production(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod tests").map_or(text, |at| &text[..at])
}

/// Every source file that is not a file of tests.
fn sources() -> Vec<(PathBuf, String)> {
    let (mut found, mut open) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 50, "the sources were found");
    found
}
