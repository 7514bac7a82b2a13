//! The picture of the architecture, enforced: which module may name which, and who may name which library.
//!
//! Reads the source as text: comments and string literals are taken out, then every `crate::module` and every
//! `use crate::{…}` counts, in macros, `pub use` and paths alike.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the lowest layer to the highest. Each may name those of lower layers and itself.
const LAYERS: [&[&str]; 6] = [
    &["json", "id", "env", "clock", "secret"],
    &["mission", "merge", "gate", "event", "dossier"],
    &["git", "queue", "transport", "identity"],
    &["op"],
    &["hook", "install", "doctor", "sync"],
    &["cli"],
];

/// Neighbours in one layer that may be named: who, whom. In layers 0 and 1 pure modules may build on each other
/// in this order only.
const NEIGHBOURS: [(&str, &str); 8] = [
    ("id", "clock"),
    ("merge", "mission"),
    ("event", "mission"),
    ("dossier", "mission"),
    ("event", "gate"),
    ("doctor", "install"),
    ("hook", "install"),
    ("hook", "sync"),
];

/// Libraries and the only modules that may name each.
const FENCES: [(&str, &str); 21] = [
    ("base64", "identity"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("flate2", "git"),
    ("flate2", "transport"),
    ("git2", "git"),
    ("jiff", "clock"),
    ("rpassword", "cli"),
    ("rusqlite", "queue"),
    ("rustix", "env"),
    ("rustix", "git"),
    ("rustix", "identity"),
    ("serde", "identity"),
    ("sha2", "id"),
    ("toml_edit", "identity"),
    ("ulid", "id"),
    ("ureq", "transport"),
    ("uuid", "id"),
    ("yaml_edit", "identity"),
    ("yaml_serde", "identity"),
];

#[test]
fn every_module_names_only_what_lies_below_it() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        for named in modules_named(&text) {
            if !may_name(&module, &named) {
                wrong.push(format!("{} names crate::{named}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the layers of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn every_library_is_named_in_one_module() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        for (library, _) in FENCES {
            if !FENCES.contains(&(library, module.as_str()))
                && words(&text).any(|(word, follows)| word == library && follows.starts_with("::"))
            {
                wrong.push(format!("{} names {library}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "libraries have one home each:\n{}", wrong.join("\n"));
}

#[test]
fn a_secret_is_opened_only_where_it_is_used() {
    let openers: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(module, _, text)| module != "secret" && text.contains(".expose()"))
        .map(|(_, path, _)| path.file_name().expect("a file").to_string_lossy().into_owned())
        .collect();
    assert!(openers.is_subset(&["token.rs", "credentials.rs"].map(str::to_owned).into()), "{openers:?}");
}

#[test]
fn processes_are_started_in_three_places() {
    let starters: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(_, _, text)| text.contains("Command::new"))
        .map(|(module, ..)| module)
        .collect();
    assert!(starters.is_subset(&["git", "hook", "transport"].map(str::to_owned).into()), "{starters:?}");
}

#[test]
fn every_module_has_a_layer_and_says_what_it_is_for() {
    let known: BTreeSet<&str> =
        LAYERS.iter().flat_map(|layer| layer.iter().copied()).chain(["lib", "main"]).collect();
    for (module, path, _) in sources() {
        assert!(known.contains(module.as_str()), "{} is in no layer", path.display());
        let text = fs::read_to_string(&path).expect("a source file");
        assert!(text.starts_with("//!"), "{} does not say what it is for", path.display());
    }
}

#[test]
fn the_test_itself_can_see() {
    let text =
        code("use crate::{git::Repo, op as o}; // crate::cli\nlet x = \"crate::queue\"; m!(crate::hook::X)");
    assert_eq!(modules_named(&text), ["git", "hook", "op"].map(str::to_owned).into());
    assert!(!may_name("json", "git") && !may_name("git", "queue") && !may_name("install", "hook"));
    assert!(may_name("cli", "json") && may_name("doctor", "install"));
}

fn may_name(module: &str, named: &str) -> bool {
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    match (module, layer(module), layer(named)) {
        ("lib" | "main", ..) => true,
        (_, Some(here), Some(there)) => {
            module == named || there < here || NEIGHBOURS.contains(&(module, named))
        }
        _ => false,
    }
}

/// Module, path and code of every source file.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut open) = (Vec::new(), vec![root.clone()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).expect("a directory of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let first = path.strip_prefix(&root).expect("below src").iter().next().expect("a name");
                let module = Path::new(first).file_stem().expect("a stem").to_string_lossy().into_owned();
                let text = code(&fs::read_to_string(&path).expect("a source file"));
                found.push((module, path, text));
            }
        }
    }
    assert!(found.len() > 20, "the sources were found");
    found
}

/// The text without comments and without what stands in string literals.
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('/', Some('/')) => {
                rest.by_ref().find(|next| *next == '\n');
                out.push('\n');
            }
            // A quote as a character literal opens no string.
            ('\'', Some('"')) => drop(rest.next()),
            ('"', _) => {
                let mut escaped = false;
                for next in rest.by_ref() {
                    if next == '"' && !escaped {
                        break;
                    }
                    escaped = next == '\\' && !escaped;
                }
            }
            _ => out.push(character),
        }
    }
    out
}

/// Every word of the code, with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(is_word)?;
        let word = &rest[start..];
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        rest = &word[end..];
        Some((&word[..end], rest))
    })
}

fn modules_named(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (_, follows) in words(text).filter(|(word, _)| *word == "crate") {
        let Some(path) = follows.strip_prefix("::") else { continue };
        match path.strip_prefix('{') {
            None => named.extend(words(path).next().map(|(word, _)| word.to_owned())),
            Some(group) => {
                // The first word after the brace and after each comma of this level.
                let (mut depth, mut expecting) = (1, true);
                for (at, character) in group.char_indices() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 1 => break,
                        '}' => depth -= 1,
                        ',' if depth == 1 => expecting = true,
                        c if expecting && (c.is_alphanumeric() || c == '_') => {
                            named.extend(words(&group[at..]).next().map(|(word, _)| word.to_owned()));
                            expecting = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    named
}
