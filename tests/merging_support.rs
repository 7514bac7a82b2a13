//! What the tests of drivers under real git share: a `meta.json` and an event log, each with two edits that a merge by
//! lines cannot bring together and with two that nothing can, and repositories in which they stand on two branches.

use git_mission::merge::{self, ConflictStyle, Kind, Sides};

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
    /// What somebody makes of both rivals
    pub(crate) resolution: String,
    /// The first rival and something else besides, and the same of the resolution
    pub(crate) more: [String; 2],
}

impl Subject {
    pub(crate) fn path(&self) -> String {
        format!("{DIRECTORY}/{}", self.name)
    }

    /// What the rules make of three texts, without git.
    pub(crate) fn merged(&self, base: &str, ours: &str, theirs: &str) -> String {
        let sides = Sides { base, ours, theirs }.map(str::as_bytes);
        let merged = merge::run(self.kind(), &sides, &ConflictStyle::default()).expect("readable");
        String::from_utf8(merged.text).expect("UTF-8")
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::of_path(self.path().as_bytes()).expect("a kind")
    }

    /// Whether this is one JSON document: without a base, two values of one key cannot be decided.
    pub(crate) fn is_document(&self) -> bool {
        !matches!(self.kind(), Kind::EventLog | Kind::Traces)
    }

    /// What the rules make of both edits.
    pub(crate) fn both(&self) -> String {
        self.merged(&self.base, &self.edits[0], &self.edits[1])
    }

    /// Both rivals are there, and nothing is open.
    #[track_caller]
    pub(crate) fn assert_rivals_stand(&self, text: &str) {
        assert!(
            self.rival_signs.iter().all(|sign| text.contains(sign)) && !text.contains("<<<<<<<"),
            "{text}"
        );
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

fn note(entries: &[(u32, &str, &str)]) -> String {
    let entries = entries.iter().map(|(day, who, what)| format!("\n2026-04-{day:02} · {who} · {what}\n"));
    format!("# Tracer: approach\n\n---\n{}", entries.collect::<String>())
}

fn issues(evidence: &str, title: &str) -> String {
    format!(
        "{{\n  \"rows\": {{\n    \"#12\": {{\n      \"evidence_ref\": \"{evidence}\",\n      \"title\": \"{title}\",\n      \
         \"verdict\": \"unknown\"\n    }}\n  }},\n  \"schema_version\": 1\n}}\n"
    )
}

fn acceptance(evidence: &str, notes: &str) -> String {
    format!(
        "{{\n  \"criteria\": [\n    {{\n      \"criterion_id\": \"FR-001\",\n      \"description\": \"It works\",\n      \
         \"evidence\": \"{evidence}\",\n      \"notes\": \"{notes}\",\n      \"pass_fail\": \"pass\"\n    }}\n  ],\n  \
         \"mission_slug\": \"login-page\",\n  \"negative_invariants\": [],\n  \"overall_verdict\": \"pass\"\n}}\n"
    )
}

pub(crate) fn subjects() -> [Subject; 5] {
    [
        Subject {
            name: "meta.json",
            base: document("Login page", ["", ""]),
            edits: [document("Login page", ["ours", ""]), document("Login page", ["", "theirs"])],
            signs: ["\"note_a\": \"ours\"", "\"note_b\": \"theirs\""],
            rivals: [document("Log in", ["", ""]), document("Sign in", ["", ""])],
            rival_signs: ["\"Log in\"", "\"Sign in\""],
            resolution: document("Enter", ["", ""]),
            more: [document("Log in", ["more", ""]), document("Enter", ["more", ""])],
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
            resolution: log(&[(1, "one"), (2, "steady")]),
            more: [
                log(&[(1, "one"), (2, "quick"), (7, "more")]),
                log(&[(1, "one"), (2, "steady"), (7, "more")]),
            ],
        },
        Subject {
            name: "traces/approach.md",
            base: note(&[(1, "ada", "one"), (2, "bob", "two")]),
            edits: [
                note(&[(1, "ada", "one"), (2, "bob", "two"), (4, "ada", "ours")]),
                note(&[(1, "ada", "one"), (2, "bob", "two"), (3, "bob", "theirs")]),
            ],
            signs: ["2026-04-04 · ada · ours\n", "2026-04-03 · bob · theirs\n"],
            rivals: [
                note(&[(1, "ada", "quick"), (2, "bob", "two")]),
                note(&[(1, "ada", "slow"), (2, "bob", "two")]),
            ],
            rival_signs: ["ada · quick\n", "ada · slow\n"],
            resolution: note(&[(1, "ada", "steady"), (2, "bob", "two")]),
            more: [
                note(&[(1, "ada", "quick"), (2, "bob", "two"), (7, "ada", "more")]),
                note(&[(1, "ada", "steady"), (2, "bob", "two"), (7, "ada", "more")]),
            ],
        },
        Subject {
            name: "issue-matrix.json",
            base: issues("", ""),
            edits: [issues("ours", ""), issues("", "theirs")],
            signs: ["\"evidence_ref\": \"ours\"", "\"title\": \"theirs\""],
            rivals: [issues("quick", ""), issues("slow", "")],
            rival_signs: ["\"quick\"", "\"slow\""],
            resolution: issues("steady", ""),
            more: [issues("quick", "more"), issues("steady", "more")],
        },
        Subject {
            name: "acceptance-matrix.json",
            base: acceptance("", ""),
            edits: [acceptance("ours", ""), acceptance("", "theirs")],
            signs: ["\"evidence\": \"ours\"", "\"notes\": \"theirs\""],
            rivals: [acceptance("quick", ""), acceptance("slow", "")],
            rival_signs: ["\"quick\"", "\"slow\""],
            resolution: acceptance("steady", ""),
            more: [acceptance("quick", "more"), acceptance("steady", "more")],
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

/// As [`each`], for the two kinds that stand for all where only the file that is written matters.
pub(crate) fn each_of_two(body: impl Fn(&World, &Git, &Subject)) {
    each_git(|git| {
        for subject in subjects().iter().take(2) {
            body(&World::new(git), git, subject);
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
