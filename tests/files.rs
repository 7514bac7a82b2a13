//! No test file is forgotten: every file of this directory is a module of the runner.

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_test_file_is_a_module_of_the_runner() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let runner = std::fs::read_to_string(tests.join("runner.rs")).expect("the runner");
    let modules: BTreeSet<String> = runner
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();

    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(&tests).expect("the directory of tests") {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let is_module =
            path.extension().is_some_and(|extension| extension == "rs") || path.join("mod.rs").is_file();
        if is_module && stem != "runner" {
            files.insert(stem);
        }
    }
    assert_eq!(modules, files, "modules of tests/runner.rs (left) and files in tests (right)");
}
