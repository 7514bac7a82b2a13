//! The table of threats in SECURITY.md names tests, and every one of them is there.

use std::collections::BTreeSet;
use std::path::Path;

/// The rows of the contract's table, as SECURITY.md calls them.
const ROWS: usize = 11;

#[test]
fn every_test_that_the_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("SECURITY.md")).expect("SECURITY.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
    let mut named = BTreeSet::new();
    let mut with_tests = 0;
    for row in rows {
        let last = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        let tests: Vec<&str> =
            last.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
        with_tests += usize::from(!tests.is_empty());
        named.extend(tests);
    }
    assert!(with_tests >= ROWS + 12, "{with_tests} rows with tests");
    let missing: Vec<&&str> = named.iter().filter(|name| !exists(root, name)).collect();
    assert!(missing.is_empty(), "named in SECURITY.md and not there: {missing:?}");
}

/// Whether `module::test` is a test: of the runner, or of a module of the program where it begins with `src::`.
fn exists(root: &Path, name: &str) -> bool {
    let Some((module, test)) = name.rsplit_once("::") else { return false };
    let base = match module.strip_prefix("src::") {
        Some(inner) => root.join("src").join(inner.replace("::", "/")),
        None => root.join("tests").join(module.replace("::", "/")),
    };
    let files = [base.with_extension("rs"), base.join("mod.rs"), base.join("tests.rs")];
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts.into_iter().any(|text| text.contains(&format!("fn {test}(")))
}

#[test]
fn what_is_not_there_is_missed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(exists(root, "threats::table::what_is_not_there_is_missed"));
    assert!(exists(root, "src::cli::escape::harmful_characters_are_shown"));
    assert!(!exists(root, "threats::table::no_such_test") && !exists(root, "nowhere::at_all"));
}
