//! What the tests of drivers under real git share: a `meta.json` and an event log, each with two edits that a merge by
//! lines cannot bring together and with two that nothing can, and repositories in which they stand on two branches.

use git_mission::merge::{ConflictStyle, Sides, event_log, meta};

use crate::support::{Git, Repo, World, each_git};

pub(crate) const DIRECTORY: &str = "kitty-specs/login-page";

/// A file that is edited on two branches.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) base: String,
    /// What two sides make of it
    pub(crate) edits: [String; 2],
    /// What stands in a file that holds the one edit, and the other
    pub(crate) signs: [&'static str; 2],
    /// What two sides make of it that cannot be decided
    pub(crate) rivals: [String; 2],
    /// What stands in a file that holds the one, and the other
    pub(crate) rival_signs: [&'static str; 2],
}

impl Subject {
    pub(crate) fn path(&self) -> String {
        format!("{DIRECTORY}/{}", self.name)
    }

    /// What the rules make of three texts, without git.
    pub(crate) fn merged(&self, base: &str, ours: &str, theirs: &str) -> String {
        let sides = Sides { base, ours, theirs }.map(str::as_bytes);
        let style = ConflictStyle::default();
        if self.name == "meta.json" {
            return meta::merge(&sides, &style).expect("readable").text;
        }
        let merged = event_log::merge(&sides, &style).expect("readable");
        String::from_utf8(merged.to_bytes()).expect("UTF-8")
    }

    /// What the rules make of both edits.
    pub(crate) fn both(&self) -> String {
        self.merged(&self.base, &self.edits[0], &self.edits[1])
    }

    #[track_caller]
    pub(crate) fn assert_both(&self, text: &str) {
        assert_eq!(text, self.both());
        assert!(self.signs.iter().all(|sign| text.contains(sign)) && !text.contains("<<<<<<<"), "{text}");
    }
}

pub(crate) fn document(friendly_name: &str, notes: [&str; 2]) -> String {
    format!(
        "{{\n  \"created_at\": \"2026-04-06T05:01:28+00:00\",\n  \"friendly_name\": \"{friendly_name}\",\n  \
         \"mission_id\": \"01KQ47E80QJG8GTVGDCV67RW7M\",\n  \"mission_number\": null,\n  \
         \"mission_slug\": \"login-page\",\n  \"mission_type\": \"software-dev\",\n  \"note_a\": \"{}\",\n  \
         \"note_b\": \"{}\",\n  \"slug\": \"login-page\",\n  \"target_branch\": \"main\"\n}}\n",
        notes[0], notes[1]
    )
}

pub(crate) fn row(minute: u32, reason: &str) -> String {
    format!(
        "{{\"actor\": \"ada\", \"at\": \"2026-04-06T05:{minute:02}:00+00:00\", \
         \"event_id\": \"01KQ47E80QJG8GTVGDCV67R{minute:03}\", \"from_lane\": \"planned\", \
         \"reason\": \"{reason}\", \"to_lane\": \"claimed\", \"wp_id\": \"WP01\"}}\n"
    )
}

pub(crate) fn log(rows: &[(u32, &str)]) -> String {
    rows.iter().map(|(minute, reason)| row(*minute, reason)).collect()
}

pub(crate) fn subjects() -> [Subject; 2] {
    [
        Subject {
            name: "meta.json",
            base: document("Login page", ["", ""]),
            edits: [document("Login page", ["ours", ""]), document("Login page", ["", "theirs"])],
            signs: ["\"note_a\": \"ours\"", "\"note_b\": \"theirs\""],
            rivals: [document("Log in", ["", ""]), document("Sign in", ["", ""])],
            rival_signs: ["\"Log in\"", "\"Sign in\""],
        },
        Subject {
            name: "status.events.jsonl",
            base: log(&[(1, "one"), (2, "two")]),
            edits: [
                log(&[(1, "one"), (2, "two"), (4, "ours")]),
                log(&[(1, "one"), (2, "two"), (3, "theirs")]),
            ],
            signs: ["\"reason\": \"ours\"", "\"reason\": \"theirs\""],
            rivals: [log(&[(1, "one"), (2, "quick")]), log(&[(1, "one"), (2, "slow")])],
            rival_signs: ["\"quick\"", "\"slow\""],
        },
    ]
}

/// Runs a body for every git and every subject, in a world of its own.
pub(crate) fn each(body: impl Fn(&World, &Git, &Subject)) {
    each_git(|git| {
        for subject in subjects() {
            body(&World::new(git), git, &subject);
        }
    });
}

/// An empty repository with everything installed.
pub(crate) fn installed<'w>(world: &'w World, name: &str) -> Repo<'w> {
    let repo = world.init(name).env("GIT_MISSION", "0");
    repo.mission(&["install"]).ok();
    repo
}

/// A repository on `main` with these two versions: `ours` on main, `theirs` on the branch of that name.
pub(crate) fn diverged<'w>(
    world: &'w World,
    name: &str,
    subject: &Subject,
    versions: &[String; 2],
) -> Repo<'w> {
    let repo = installed(world, name);
    repo.commit(&subject.path(), &subject.base);
    repo.ok(&["switch", "-q", "-c", "theirs"]);
    repo.commit(&subject.path(), &versions[1]);
    repo.ok(&["switch", "-q", "main"]);
    repo.commit(&subject.path(), &versions[0]);
    repo
}
