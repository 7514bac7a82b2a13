//! Text, JSON and annotations: what they look like, and that nothing in a repository gets out of its line.

use super::{branch, commit, mission};
use crate::settlement::{fleet, meta};
use crate::support::{Repo, World, each_git};

/// A branch with an unreadable file in a directory with a hostile name, a double number and a null.
fn hostile(world: &World) -> (Repo<'_>, &'static str) {
    let (_, ada, _) = fleet(world);
    commit(&ada, &[mission("one", "A", "1")]);
    ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
    branch(&ada, "work");
    let name = "a,line=9::x%0A::stop-commands::y\n::add-mask::z ##[add-mask]w";
    let path: &str = Box::leak(format!("{name}/meta.json").into_boxed_str());
    commit(
        &ada,
        &[
            (path, "{\n  \"::error::\\n\": 1,\n  \"::error::\\n\": 2\n}\n".into()),
            mission("two", "B", "1"),
            mission("three", "C", "null"),
        ],
    );
    (ada, name)
}

#[test]
fn annotations_are_one_line_each_and_say_where() {
    each_git(|git| {
        let world = World::new(git);
        let (ada, _) = hostile(&world);
        let output = ada.mission(&["check", "--format", "github"]).exits(1);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(
            lines,
            [
                "::error file=kitty-specs/a%2Cline=9%3A%3Ax%250A%3A%3Astop-commands%3A%3Ay%0A%3A%3Aadd-mask%3A%3Az \
                 #\\u{23}[add-mask]w/meta.json,line=3,col=3,title=JSON_DUPLICATE_KEY::the key \"::error::\\n\" stands \
                 twice in one object",
                "::notice file=kitty-specs/three/meta.json,title=NUMBER_UNSETTLED::kitty-specs/three has no number",
                "::error file=kitty-specs/two/meta.json,title=NUMBER_DUPLICATE::number 1 is held by kitty-specs/one, \
                 kitty-specs/two%0Ahelps: git fetch && git mission settle --commit",
                "::error file=kitty-specs/two/meta.json,title=NUMBER_OFF_MAIN::kitty-specs/two holds number 1, which \
                 main has not given it%0Ahelps: git fetch && git mission settle --commit",
                "4 missions, 3 errors, 0 warnings",
            ]
        );
    });
}

#[test]
fn text_and_json_say_the_same() {
    each_git(|git| {
        let world = World::new(git);
        let (ada, name) = hostile(&world);
        let output = ada.mission(&["check"]).exits(1);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert!(lines[0].starts_with("error    JSON_DUPLICATE_KEY   kitty-specs/a,line=9"), "{output}");
        assert!(lines[0].contains("y\\u{a}::add-mask::z #\\u{23}[add-mask]w/meta.json:3:3: "), "{output}");
        assert_eq!(
            lines[1],
            "info     NUMBER_UNSETTLED     kitty-specs/three/meta.json: kitty-specs/three has no number"
        );
        assert_eq!(
            lines[4..],
            ["helps:   git fetch && git mission settle --commit", "4 missions, 3 errors, 0 warnings"]
        );

        let document = ada.mission(&["check", "--json"]).exits(1).json();
        assert_eq!(document["summary"], serde_json::json!({"missions": 4, "errors": 3, "warnings": 0}));
        assert_eq!(document["findings"][0]["path"], format!("kitty-specs/{name}/meta.json"));
        let keys: Vec<&String> = document["findings"][0].as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["code", "fix", "message", "mission_id", "path", "severity"]);
        ada.mission(&["check", "--json", "--format", "github"]).exits(2);
    });
}

#[test]
fn a_clean_branch_is_told_in_one_line() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        branch(&ada, "work");
        ada.commit("README.md", "# More\n");
        for format in ["text", "github"] {
            assert_eq!(
                ada.mission(&["check", "--format", format]).ok().stdout,
                "0 missions, 0 errors, 0 warnings\n"
            );
        }
        commit(&ada, &[("one/meta.json", meta("one", "A", "null"))]);
        let output = ada.mission(&["check"]).ok();
        assert_eq!(
            output.stdout,
            "info     NUMBER_UNSETTLED     kitty-specs/one/meta.json: kitty-specs/one has no number\n\
             1 missions, 0 errors, 0 warnings\n"
        );
    });
}
