//! `git mission explain`: what it tells is what git and the drivers did, and what a second reading of the rules says.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use crate::merge_histories::meta::Meta;
use crate::merge_histories::{Flavour, Triple, check_triples};
use crate::merge_support::resolved;
use crate::merge_witness::meta::{self as witness, in_unit};
use crate::merge_witness::{Members, Seen};
use crate::merging_support::{DIRECTORY, diverged, document, installed, log, subjects};
use crate::support::{Repo, World, any_git, each_git};

fn told(repo: &Repo<'_>, args: &[&str]) -> Value {
    let args: Vec<&str> = ["explain", "--json"].iter().chain(args).copied().collect();
    repo.mission(&args).ok().json()
}

fn key<'f>(file: &'f Value, name: &str) -> &'f Value {
    let keys = file["keys"].as_array().expect("keys");
    keys.iter().find(|key| key["key"] == json!([name])).unwrap_or_else(|| panic!("{name} in {file}"))
}

/// A thousand files, merged by git in one merge: every key is told, its value is what a second reading of the rules
/// says, its rule and its side fit what the three versions say, and the text is the one that git got.
#[test]
fn a_thousand_merges_are_told_as_they_were_made() {
    let triples = Mutex::new(Vec::new());
    for flavour in [Flavour::Close, Flavour::Real] {
        check_triples::<Meta>(800, flavour, |Triple { base, ours, theirs, .. }| {
            triples.lock().expect("no panic").push([base.clone(), ours.clone(), theirs.clone()]);
            Ok(())
        });
    }
    let triples = triples.into_inner().expect("no panic");
    let world = World::new(&any_git());
    let repo = installed(&world, "repo");
    let path = |n: usize| format!("kitty-specs/m{n:04}/meta.json");
    let text = |n: usize, version: usize| {
        // Each mission has ids of its own.
        triples[n][version].replace("01KQ47E80QJG8G", &format!("01KQ47E80Q{n:04}"))
    };
    let write = |version: usize| {
        for (n, triple) in triples.iter().enumerate() {
            if triple[version].is_empty() {
                let _ = std::fs::remove_file(repo.at(&path(n)));
            } else {
                repo.write(&path(n), text(n, version));
            }
        }
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-q", "--allow-empty", "-m", "version"]);
    };
    repo.commit("README.md", "# Product\n");
    write(0);
    repo.ok(&["switch", "-qc", "theirs"]);
    write(2);
    repo.ok(&["switch", "-q", "main"]);
    write(1);
    repo.git(&["merge", "-q", "theirs"]).exits(1);

    let told = told(&repo, &[]);
    let files = told["files"].as_array().expect("files");
    let (mut count, mut clean, mut rules) = (0, 0, BTreeSet::new());
    for file in files {
        let at = file["path"].as_str().expect("a path");
        let n: usize = at["kitty-specs/m".len()..at.len() - "/meta.json".len()].parse().expect("a number");
        let fail = |why: &str| -> ! { panic!("{why}\n{file:#}\n{:#?}", triples[n]) };
        let outcome = file["outcome"].as_str().expect("an outcome");
        if outcome == "by_lines" {
            continue;
        }
        count += 1;
        let open: BTreeSet<Vec<String>> =
            keys(file).filter(|key| key["rule"] == "open").map(|key| names(&key["key"])).collect();
        let halves = [half(file, "ours"), half(file, "theirs")];
        let read = |version: usize| witness::read(&text(n, version)).expect("JSON");
        let seen = Seen {
            base: (!triples[n][0].is_empty()).then(|| read(0)),
            ours: read(1),
            theirs: read(2),
            halves: halves.clone(),
            conflicts: open.clone(),
        };
        if let Err(why) = witness::check(&seen) {
            fail(&why);
        }
        for key in keys(file) {
            if let Err(why) = fits(key) {
                fail(&format!("{key}: {why}"));
            }
            rules.insert(key["rule"].as_str().expect("a rule").to_owned());
        }
        // What git has.
        if open.is_empty() {
            clean += 1;
            let text: Members = serde_json::from_str(&repo.read(at)).expect("JSON");
            if (text != halves[0]) || file["recorded"] != "as_merged" {
                fail("git has something else");
            }
        } else {
            let text = repo.read(at).replace("<<<<<<< HEAD", "<<<<<<< ours");
            let git = [true, false].map(|ours| witness::read(&resolved(&text, |_| ours)).expect("JSON"));
            if file["recorded"] != "unmerged" || git != halves {
                fail(&format!("git has something else:\n{text}"));
            }
        }
    }
    assert!(count >= 1000 && clean >= 300, "{count} told, {clean} of them clean");
    for rule in
        ["only_change", "untouched", "same_change", "smaller_number", "earlier_time", "later_time", "open"]
    {
        assert!(rules.contains(rule), "{rule} was met: {rules:?}");
    }
}

fn keys(file: &Value) -> impl Iterator<Item = &Value> {
    file["keys"].as_array().expect("keys").iter()
}

fn names(path: &Value) -> Vec<String> {
    serde_json::from_value(path.clone()).expect("names")
}

/// The document that results from taking one side wherever something is open.
fn half(file: &Value, side: &str) -> Members {
    let mut top = Map::new();
    for key in keys(file) {
        let path = names(&key["key"]);
        let (last, above) = path.split_last().expect("a name");
        let mut members = &mut top;
        for name in above {
            let entry = members.entry(name.clone()).or_insert_with(|| json!({}));
            members = entry.as_object_mut().expect("an object");
        }
        let field = if key["rule"] == "open" { side } else { "result" };
        // A unit that was changed is written without its nulls.
        let is_written = |value: &&Value| !(field == side && value.is_null() && in_unit(&path[0]));
        if let Some(value) = key.get(field).filter(is_written) {
            members.insert(last.clone(), value.clone());
        }
    }
    top
}

/// Whether a rule and a side say what the values say. Written from the rules' description.
fn fits(key: &Value) -> Result<(), String> {
    let said = |version: &str| key.get(version);
    let (base, ours, theirs, result) = (said("base"), said("ours"), said("theirs"), said("result"));
    let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    let rule = key["rule"].as_str().expect("a rule");
    let winner = match key["side"].as_str() {
        Some("ours") => Some(ours),
        Some("theirs") => Some(theirs),
        _ => None,
    };
    let emptied = |value: Option<&Value>| value.is_none_or(|value| value.is_null() || value == "");
    // In a unit that was changed, null is absent.
    let same = |a: Option<&Value>, b: Option<&Value>| a == b || (emptied(a) && emptied(b));
    must(winner.is_none_or(|winner| same(winner, result)), "the result is what the winning side says")?;
    let time = |value: Option<&Value>| value?.as_str()?.parse::<jiff::Timestamp>().ok();
    let number = |value: Option<&Value>| match value? {
        Value::String(text) => text.parse::<u64>().ok(),
        value => value.as_u64(),
    };
    match rule {
        "untouched" => must(same(ours, theirs) && same(base, ours), "nobody changed it"),
        "same_change" => must(same(ours, theirs) && base != ours, "both made one change"),
        "open" => must(ours != theirs && winner.is_none() && result.is_none(), "the sides differ"),
        "only_change" => must(ours != theirs, "one side says something else"),
        "smaller_number" => must(number(result) == number(ours).min(number(theirs)), "the smaller"),
        "earlier_time" => must(time(result) == time(ours).min(time(theirs)), "the earlier"),
        "later_time" => must(time(result) == time(ours).max(time(theirs)), "the later"),
        "smaller_id" => must(result.map(Value::to_string) == ours.min_text(theirs), "the smaller"),
        "value_over_null" => {
            must(emptied(ours) != emptied(theirs) && !emptied(result), "one side says nothing")
        }
        "set_union" | "growth" => must(key["side"] == "both", "of both"),
        _ => must(winner.is_some(), "a side"),
    }
}

trait MinText {
    fn min_text(self, other: Self) -> Option<String>;
}

impl MinText for Option<&Value> {
    fn min_text(self, other: Self) -> Option<String> {
        [self, other].into_iter().flatten().map(Value::to_string).min()
    }
}

#[test]
fn a_merge_is_told_key_by_key_wherever_somebody_asks() {
    each_git(|git| {
        let world = World::new(git);
        let subject = &subjects()[0];
        let path = subject.path();
        let repo = diverged(&world, "repo", subject, &subject.edits);
        repo.ok(&["merge", "-q", "--no-edit", "theirs"]);
        let commit = repo.head();
        repo.commit("later", "one\n");
        let all = told(&repo, &[]);
        assert_eq!((&all["commit"], &all["merging"]["theirs"]), (&json!(commit), &json!(repo.rev("theirs"))));
        let file = &all["files"][0];
        assert_eq!(
            (&file["path"], &file["outcome"], &file["recorded"]),
            (&json!(path), &json!("merged"), &json!("as_merged"))
        );
        assert_eq!(
            (&key(file, "note_a")["side"], &key(file, "note_b")["side"]),
            (&json!("ours"), &json!("theirs"))
        );
        assert_eq!(
            (&key(file, "slug")["rule"], &key(file, "slug")["side"]),
            (&json!("untouched"), &json!("both"))
        );
        assert_eq!(keys(file).count(), 10, "every key");

        assert_eq!(told(&repo, &[&path]), all);
        assert_eq!(told(&repo, &[DIRECTORY]), all);
        assert_eq!(told(&repo, &[&path, "--merge", "HEAD^"]), all);
        assert_eq!(told(&repo.cd(DIRECTORY), &["meta.json"]), all);
        let bare = world.clone(&repo, "clone");
        bare.ok(&["clone", "-q", "--bare", ".", "../bare.git"]);
        assert_eq!(told(&bare.cd("../bare.git"), &[&path]), all);

        let text = repo.mission(&["explain", &path]).ok().stdout;
        assert!(text.starts_with(&format!("merge {}: ours ", &commit[..10])), "{text}");
        assert!(text.contains("note_a          ours    only one side changed it  \"ours\"\n"), "{text}");
        assert!(text.ends_with("recorded as merged\n"), "{text}");

        for (args, words) in [
            (&["explain", "--merge", "HEAD"][..], "HEAD is no merge"),
            (&["explain", "--merge", "nothing"], "no commit is called"),
            (&["explain", "kitty-specs/other/meta.json"], "no merge brought two versions of"),
            (
                &["explain", "kitty-specs/other/meta.json", "--merge", "HEAD^"],
                "is called kitty-specs/other/meta.json",
            ),
            (&["explain", "kitty-specs/login-page/spec.md"], "by its lines"),
        ] {
            let output = repo.mission(args).exits(2);
            assert!(output.stderr.contains(words) && output.stderr.contains("hint: "), "{output}");
        }
    });
}

#[test]
fn a_conflict_is_told_before_and_after_somebody_resolved_it() {
    each_git(|git| {
        let world = World::new(git);
        let subject = &subjects()[0];
        let path = subject.path();
        let repo = diverged(&world, "repo", subject, &subject.rivals);
        repo.git(&["merge", "-q", "theirs"]).exits(1);
        let file = told(&repo, &[])["files"][0].clone();
        assert_eq!((&file["outcome"], &file["recorded"]), (&json!("conflict"), &json!("unmerged")));
        let name = key(&file, "friendly_name");
        assert_eq!(
            (&name["rule"], &name["ours"], &name["theirs"]),
            (&json!("open"), &json!("Log in"), &json!("Sign in"))
        );
        repo.commit(&path, document("Enter", ["", ""]));
        let file = told(&repo, &[&path])["files"][0].clone();
        assert_eq!(
            (&file["recorded"], &key(&file, "friendly_name")["recorded"]),
            (&json!("otherwise"), &json!("Enter"))
        );
        let text = repo.mission(&["explain", &path]).ok().stdout;
        assert!(
            text.contains("decided by hand") && text.ends_with("    friendly_name is \"Enter\"\n")
                || text.ends_with("  friendly_name is \"Enter\"\n"),
            "{text}"
        );

        // The same in a rebase: the sides are swapped.
        let repo = diverged(&world, "rebase", subject, &subject.rivals);
        repo.git(&["rebase", "-q", "theirs"]).exits(1);
        let all = told(&repo, &[&path]);
        assert_eq!(
            (&all["merging"]["command"], &key(&all["files"][0], "friendly_name")["ours"]),
            (&json!("rebase"), &json!("Sign in"))
        );
    });
}

#[test]
fn of_a_log_its_rows_are_told() {
    let world = World::new(&any_git());
    let subject = &subjects()[1];
    let edits = [
        log(&[(1, "one"), (2, "ours says"), (4, "ours"), (5, "both")]),
        log(&[(1, "one"), (2, "two"), (3, "theirs"), (5, "both")]),
    ];
    let repo = diverged(&world, "repo", subject, &edits);
    repo.ok(&["merge", "-q", "--no-edit", "theirs"]);
    let file = told(&repo, &[])["files"][0].clone();
    assert_eq!(file["rows"], json!({"base": 2, "ours": 1, "theirs": 1, "both": 1, "restored": 0}));
    let decided = file["decided"].as_array().expect("rows");
    assert_eq!(decided.len(), 1, "{file}");
    assert_eq!(
        (&decided[0]["side"], &decided[0]["rule"], &file["recorded"]),
        (&json!("ours"), &json!("only_change"), &json!("as_merged"))
    );
    let text = repo.mission(&["explain"]).ok().stdout;
    assert!(
        text.contains("rows: 2 of the base, 1 that ours added, 1 that theirs added, 1 that both added"),
        "{text}"
    );
}

/// Criss-cross: the base is what git itself makes of two.
#[test]
fn two_merge_bases_are_merged_as_git_merges_them() {
    each_git(|git| {
        // Of the matrices, what the sides do and what they quarrel about is one field.
        for subject in subjects().into_iter().take(3) {
            let world = World::new(git);
            let path = subject.path();
            let repo = diverged(&world, "repo", &subject, &subject.rivals);
            let (one, two) = (repo.head(), repo.rev("theirs"));
            let resolve = |repo: &Repo<'_>, other: &str, text: &str| {
                repo.git(&["merge", "-q", other]).exits(1);
                repo.commit(&path, text);
            };
            // Each side takes its own; then they meet again, over two bases that disagree.
            resolve(&repo, &two, &subject.rivals[0]);
            repo.ok(&["switch", "-q", "theirs"]);
            resolve(&repo, &one, &subject.rivals[0]);
            repo.commit(&path, subject.merged(&subject.base, &subject.rivals[0], &subject.edits[1]));
            repo.ok(&["switch", "-q", "main"]);
            repo.commit(&path, subject.merged(&subject.base, &subject.rivals[0], &subject.edits[0]));
            repo.ok(&["merge", "-q", "--no-edit", "theirs"]);
            let all = told(&repo, &[&path]);
            assert_eq!(all["merging"]["bases"].as_array().map(Vec::len), Some(2));
            let file = &all["files"][0];
            assert_eq!(
                (&file["outcome"], &file["recorded"]),
                (&json!("merged"), &json!("as_merged")),
                "{file:#}"
            );
        }
    });
}
