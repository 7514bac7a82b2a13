//! Every fault that a branch can bring is named with its path; what was there before is nobody's fault.

use super::{branch, check, commit, mission};
use crate::settlement::{fleet, id, meta};
use crate::support::{Repo, World, each_git};

fn row(number: u32) -> String {
    format!(
        "{{\"actor\": \"ada\", \"at\": \"2026-04-06T06:{number:02}:00+00:00\", \"event_id\": \
         \"01KQ47E80QJG8GTVGDCV67R{number:03}\", \"from_lane\": \"planned\", \"to_lane\": \"claimed\", \"wp_id\": \
         \"WP01\"}}\n"
    )
}

/// What is committed, and what is found.
type Case<'a> = (Vec<(&'a str, String)>, &'a [&'a str]);

/// A clone whose published main holds missions one=1 and two=2, the latter with a log of three rows.
fn published(world: &World) -> Repo<'_> {
    let (_, ada, _) = fleet(world);
    let log = row(1) + &row(2) + &row(3);
    commit(&ada, &[mission("one", "A", "1"), mission("two", "B", "2"), ("two/status.events.jsonl", log)]);
    ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
    ada
}

#[test]
fn each_fault_is_named_with_its_path() {
    each_git(|git| {
        let world = World::new(git);
        let ada = published(&world);
        let text = |slug: &str, tag: &str| meta(slug, tag, "null");
        let log = |text: &str| vec![("two/status.events.jsonl", text.to_owned())];
        let new = |text: String| vec![("new/meta.json", text)];
        let cases: Vec<Case<'_>> = vec![
            (new(text("new", "C")), &["info NUMBER_UNSETTLED new"]),
            (new("{\n".to_owned()), &["error JSON_INVALID new"]),
            (
                new(text("new", "C").replacen("{\n", "{\n  \"slug\": \"x\",\n", 1)),
                &["error JSON_DUPLICATE_KEY new"],
            ),
            (
                new(format!("<<<<<<< a\n{}=======\n>>>>>>> b\n", text("new", "C"))),
                &["error CONFLICT_MARKERS new"],
            ),
            (
                new(text("new", "C")
                    .replace("  \"target_branch\": \"main\"\n", "  \"target_branch\": \"\"\n")),
                &["error KEY_MISSING new", "info NUMBER_UNSETTLED new"],
            ),
            (
                new(text("new", "C").replace(&id("C"), "")),
                &["error MISSION_ID_MISSING new", "info NUMBER_UNSETTLED new"],
            ),
            (
                new(text("new", "C").replace(&id("C"), "me")),
                &["error MISSION_ID_INVALID new", "info NUMBER_UNSETTLED new"],
            ),
            (new(text("new", "A")), &["error MISSION_ID_DUPLICATE new", "info NUMBER_UNSETTLED new"]),
            (vec![mission("two", "C", "2")], &["error MISSION_ID_CHANGED two", "error NUMBER_OFF_MAIN two"]),
            (new(meta("new", "C", "\"TBD\"")), &["error NUMBER_INVALID new"]),
            (new(meta("new", "C", "1")), &["error NUMBER_DUPLICATE new", "error NUMBER_OFF_MAIN new"]),
            (new(meta("new", "C", "3")), &["error NUMBER_OFF_MAIN new"]),
            (vec![mission("two", "B", "7")], &["error NUMBER_OFF_MAIN two", "error NUMBER_CHANGED two"]),
            (vec![mission("two", "B", "null")], &["error NUMBER_CHANGED two"]),
            (
                new(text("new", "C").replace("\"mission_slug\": \"new\"", "\"mission_slug\": \"one\"")),
                &["info NUMBER_UNSETTLED new", "error SLUG_DUPLICATE new"],
            ),
            (
                new(text("new", "C").replace("\n  ", "\n")),
                &["warning NOT_CANONICAL new", "info NUMBER_UNSETTLED new"],
            ),
            (log(&(row(1) + &row(3))), &["error EVENT_LOG_SHRUNK two/status.events.jsonl"]),
            (
                log(&format!("{}{}{}<<<<<<< a\nnot\n", row(1), row(2), row(3))),
                &[
                    "error CONFLICT_MARKERS two/status.events.jsonl",
                    "error JSON_INVALID two/status.events.jsonl",
                ],
            ),
            (vec![("new/spec.md", "# New\n".to_owned())], &["warning META_MISSING kitty-specs/new"]),
            (log(&(row(1) + &row(2) + &row(3) + &row(4))), &[]),
            (vec![("one/spec.md", "# One\n".to_owned())], &[]),
        ];
        for (at, (files, expected)) in cases.iter().enumerate() {
            branch(&ada, &format!("case-{at}"));
            commit(&ada, files);
            let expected: Vec<String> =
                expected.iter().map(|text| text.replace("kitty-specs/", "")).collect();
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            check(&ada, &[], &expected);
        }
        // A link in the place of the file.
        #[cfg(unix)]
        {
            branch(&ada, "link");
            std::fs::create_dir(ada.at("kitty-specs/new")).expect("a directory");
            std::os::unix::fs::symlink("../one/meta.json", ada.at("kitty-specs/new/meta.json"))
                .expect("a link");
            commit(&ada, &[]);
            check(&ada, &[], &["error META_NOT_REGULAR new"]);
        }
    });
}

#[test]
fn what_is_published_is_not_the_branchs_fault() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        let old =
            |text: String| text.replace("  \"target_branch\": \"main\"\n", "  \"target_branch\": \"\"\n");
        let log = row(2) + "not a row\n" + &row(1);
        commit(
            &ada,
            &[
                mission("one", "A", "1"),
                mission("double", "B", "1"),
                mission("copy", "A", "3"),
                mission("open", "C", "null"),
                ("nobody/meta.json", meta("nobody", "D", "null").replace(&id("D"), "")),
                ("old/meta.json", old(meta("one", "E", "5"))),
                ("broken/meta.json", "{".to_owned()),
                ("one/status.events.jsonl", log.clone()),
            ],
        );
        ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        branch(&ada, "work");
        commit(&ada, &[mission("new", "G", "null")]);
        check(&ada, &[], &["info NUMBER_UNSETTLED new"]);
        check(&ada, &["--require-settled"], &["error NUMBER_UNSETTLED new"]);
        // Touching what is at fault already adds nothing either.
        let touched = |text: String| text.replace("software-dev", "research");
        commit(
            &ada,
            &[
                ("double/meta.json", touched(meta("double", "B", "1"))),
                ("copy/meta.json", touched(meta("copy", "A", "3"))),
                ("open/meta.json", touched(meta("open", "C", "null"))),
                ("nobody/meta.json", touched(meta("nobody", "D", "null").replace(&id("D"), ""))),
                ("old/meta.json", touched(old(meta("one", "E", "5")))),
                ("broken/meta.json", "{ ".to_owned()),
                ("one/status.events.jsonl", log.clone() + &row(3)),
            ],
        );
        check(&ada, &[], &["info NUMBER_UNSETTLED new"]);
        // A third holder is news.
        commit(&ada, &[mission("third", "H", "1")]);
        check(
            &ada,
            &[],
            &[
                "error NUMBER_DUPLICATE double",
                "info NUMBER_UNSETTLED new",
                "error NUMBER_DUPLICATE third",
                "error NUMBER_OFF_MAIN third",
            ],
        );
        // So is another line that is no row.
        commit(
            &ada,
            &[
                ("third/meta.json", meta("third", "H", "null")),
                ("one/status.events.jsonl", log + "nor this\n"),
            ],
        );
        check(
            &ada,
            &[],
            &[
                "info NUMBER_UNSETTLED new",
                "error JSON_INVALID one/status.events.jsonl",
                "info NUMBER_UNSETTLED third",
            ],
        );
    });
}
