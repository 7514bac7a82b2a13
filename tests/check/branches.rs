//! Which branch may hold which number, and that the command a finding names gets out.

use super::{branch, check, commit, mission, way_out};
use crate::settlement::{add, bypass, fleet, follow, id, meta, numbers, path};
use crate::support::{World, each_git};

#[test]
fn a_branch_cut_from_an_unpublished_main_is_refused_and_the_command_clears_it() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, ben) = fleet(&world);
        add(&ada, "one", "A");
        add(&ada, "two", "B");
        assert_eq!(numbers(&ada, "HEAD"), "one=1 two=2");
        ada.ok(&["switch", "-qc", "work"]);
        // At the very commit that main is at.
        check(&ada, &[], &["error NUMBER_OFF_MAIN one", "error NUMBER_OFF_MAIN two"]);
        add(&ada, "three", "C");
        let expected =
            ["error NUMBER_OFF_MAIN one", "info NUMBER_UNSETTLED three", "error NUMBER_OFF_MAIN two"];
        let output = check(&ada, &["--base", "origin/main", "--head", "work"], &expected);
        assert_eq!(way_out(&output), "git fetch && git mission settle --commit");
        follow(&ada, &way_out(&output));
        let open = ["info NUMBER_UNSETTLED one", "info NUMBER_UNSETTLED three", "info NUMBER_UNSETTLED two"];
        check(&ada, &[], &open);

        // Main itself may hold them; the branch passes wherever it is looked at.
        check(&ada, &["--head", "main"], &[]);
        ada.ok(&["push", "-q", "origin", "work"]);
        ben.ok(&["fetch", "-q"]);
        check(&ben, &["--head", "origin/work"], &open);
        check(&origin, &["--head", "work"], &open);

        // From another branch the way out goes there first.
        ada.ok(&["switch", "-q", "main"]);
        ada.ok(&["branch", "-q", "other"]);
        let output =
            check(&ada, &["--head", "other"], &["error NUMBER_OFF_MAIN one", "error NUMBER_OFF_MAIN two"]);
        assert_eq!(way_out(&output), "git switch other && git fetch && git mission settle --commit");
        follow(&ada, &way_out(&output));
        check(&ada, &[], &["info NUMBER_UNSETTLED one", "info NUMBER_UNSETTLED two"]);
    });
}

#[test]
fn settling_by_hand_gets_a_branch_out_of_ids_and_numbers() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        for (slug, tag) in [("one", "A"), ("two", "B"), ("three", "C"), ("four", "D")] {
            add(&ada, slug, tag);
        }
        ada.ok(&["push", "-q", "origin", "main"]);
        branch(&ada, "work");
        commit(
            &ada,
            &[
                // A published number that is another one, one that is gone, and one of nobody's.
                mission("one", "A", "7"),
                mission("two", "B", "null"),
                mission("five", "E", "9"),
                // A changed id, a copy, no id.
                mission("three", "F", "3"),
                mission("copy", "D", "null"),
                ("six/meta.json", meta("six", "G", "null").replace(&id("G"), "")),
            ],
        );
        let output = check(
            &ada,
            &[],
            &[
                "error MISSION_ID_DUPLICATE copy",
                "info NUMBER_UNSETTLED copy",
                "error NUMBER_OFF_MAIN five",
                "error NUMBER_OFF_MAIN one",
                "error NUMBER_CHANGED one",
                "error MISSION_ID_MISSING six",
                "info NUMBER_UNSETTLED six",
                "error MISSION_ID_CHANGED three",
                "error NUMBER_OFF_MAIN three",
                "error NUMBER_CHANGED two",
            ],
        );
        follow(&ada, &way_out(&output));
        let open = ["info NUMBER_UNSETTLED copy", "info NUMBER_UNSETTLED five", "info NUMBER_UNSETTLED six"];
        check(&ada, &[], &open);
        assert_eq!(numbers(&ada, "HEAD"), "copy=- five=- four=4 one=1 six=- three=3 two=2");
        assert!(ada.show(&format!("HEAD:{}", path("three"))).contains(&id("C")), "put back");
        assert_eq!(ada.status(), "");
        assert!(ada.mission(&["settle"]).ok().stdout.contains("nothing to settle"));
    });
}

#[test]
fn a_new_mission_on_a_path_that_main_took_since_keeps_its_id() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = fleet(&world);
        branch(&ada, "work");
        commit(&ada, &[mission("login", "A", "5")]);
        add(&ben, "login", "B");
        ben.ok(&["push", "-q", "origin", "main"]);
        ada.ok(&["fetch", "-q"]);
        ada.mission(&["settle"]).ok();
        assert!(ada.show(&format!("HEAD:{}", path("login"))).contains(&id("A")), "still ada's");
        let output = ada.mission(&["check", "--json"]).exits(1);
        assert!(super::findings(&output).contains(&"error MISSION_ID_CHANGED login".to_owned()), "{output}");
    });
}

#[test]
fn a_settling_pull_request_may_give_the_numbers_that_main_would_give() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, ben) = fleet(&world);
        bypass(&ada, "one", "A", "null");
        bypass(&ada, "two", "B", "null");
        bypass(&ada, "three", "C", "3");
        bypass(&ada, "double", "D", "3");
        ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        for (name, repair, expected) in [
            ("plain", [].as_slice(), "double=3 one=4 three=3 two=5"),
            ("repair", ["--repair"].as_slice(), "double=4 one=5 three=3 two=6"),
        ] {
            let bot = world.clone(&world.directory("origin.git"), name);
            bot.mission(&[["settle", "--commit"].as_slice(), repair].concat()).ok();
            bot.ok(&["push", "-q", "origin", &format!("main:settle-{name}")]);
            ben.ok(&["fetch", "-q"]);
            let head = format!("origin/settle-{name}");
            // With --repair the oldest of the two keeps its number, whichever that is.
            if repair.is_empty() {
                assert_eq!(numbers(&ben, &head), expected);
            }
            check(&ben, &["--head", &head, "--require-settled"], &[]);
        }
        // Any other number is still nobody's to give.
        branch(&ada, "work");
        commit(&ada, &[mission("one", "A", "8")]);
        check(&ada, &[], &["error NUMBER_OFF_MAIN one"]);
    });
}

#[test]
fn main_itself_is_judged_like_its_push() {
    each_git(|git| {
        let world = World::new(git);
        let (origin, ada, _) = fleet(&world);
        add(&ada, "one", "A");
        ada.ok(&["push", "-q", "origin", "main"]);
        bypass(&ada, "two", "B", "2");
        bypass(&ada, "three", "C", "2");
        bypass(&ada, "four", "D", "null");
        let expected =
            ["info NUMBER_UNSETTLED four", "error NUMBER_DUPLICATE three", "error NUMBER_DUPLICATE two"];
        let output = check(&ada, &[], &expected);
        assert_eq!(way_out(&output), "git fetch && git mission settle --commit");
        let strict =
            ["error NUMBER_UNSETTLED four", "error NUMBER_DUPLICATE three", "error NUMBER_DUPLICATE two"];
        let output = check(&ada, &["--require-settled"], &strict);
        follow(&ada, &way_out(&output));
        check(&ada, &["--require-settled"], &[]);
        ada.ok(&["push", "-q", "origin", "main"]);
        check(&origin, &["--head", "main", "--require-settled"], &[]);
    });
}

#[test]
fn numbers_that_have_to_be_settled_are_settled_on_main() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        branch(&ada, "work");
        add(&ada, "one", "A");
        check(&ada, &[], &["info NUMBER_UNSETTLED one"]);
        let output = check(&ada, &["--require-settled"], &["error NUMBER_UNSETTLED one"]);
        assert_eq!(
            way_out(&output),
            "git switch main && git fetch && git merge work && git mission settle --commit"
        );
        follow(&ada, &way_out(&output));
        check(&ada, &["--require-settled"], &[]);
        assert_eq!(numbers(&ada, "main"), "one=1");
    });
}

#[test]
fn rows_that_are_gone_come_back_with_the_command() {
    each_git(|git| {
        let world = World::new(git);
        let (_, ada, _) = fleet(&world);
        let row = |at: &str| format!("{{\"at\": \"{at}\", \"event_id\": \"{at}\"}}\n");
        let log = "it's/status.events.jsonl";
        commit(&ada, &[("it's/meta.json", meta("it's", "A", "1")), (log, row("1") + &row("2") + &row("3"))]);
        ada.ok(&["push", "-q", "--no-verify", "origin", "main"]);
        branch(&ada, "work");
        commit(&ada, &[(log, row("1") + &row("4"))]);
        ada.ok(&["switch", "-q", "main"]);
        let output = check(&ada, &["--head", "work"], &["error EVENT_LOG_SHRUNK it's/status.events.jsonl"]);
        let message = output.json()["findings"][0]["message"].to_string();
        assert!(message.contains("2 rows are gone, the first is 2"), "{message}");
        follow(&ada, &way_out(&output));
        check(&ada, &["--head", "work"], &[]);
        assert_eq!(
            ada.show(&format!("work:kitty-specs/{log}")),
            row("1") + &row("2") + &row("3") + &row("4")
        );

        // A mission that moves takes its log along.
        ada.ok(&["switch", "-q", "--no-track", "-c", "moves", "origin/main"]);
        ada.ok(&["mv", "kitty-specs/it's", "kitty-specs/its"]);
        commit(&ada, &[("its/status.events.jsonl", row("1"))]);
        check(&ada, &[], &["error EVENT_LOG_SHRUNK its/status.events.jsonl"]);
        // A log that is deleted lost nothing.
        branch(&ada, "deletes");
        ada.ok(&["rm", "-q", &format!("kitty-specs/{log}")]);
        commit(&ada, &[]);
        check(&ada, &[], &[]);
    });
}
