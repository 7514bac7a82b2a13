//! The merge drivers when they fail, through the command line that `install` registers and real git runs: missing,
//! panicking, killed at every system call, out of disk at every one that can be. Whatever happens, either the merge
//! stopped with a clean tree, or both sides are there in the file and in the stages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::merging_support::{Subject, diverged, each_of_two};
use crate::support::{Repo, World};

const STRACE: &str = "/usr/bin/strace";

/// What became of a merge in spite of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    /// The fault came too late, or made no difference.
    Merged,
    /// Nothing was changed.
    Stopped,
    /// Both sides are in the file.
    Shown,
    /// Both sides are in the stages; the file could not be written.
    Staged,
}

/// A repository with two branches, and what a merge of them must not lose.
struct Scene<'w, 's> {
    repo: Repo<'w>,
    subject: &'s Subject,
    versions: &'s [String; 2],
    signs: [&'s str; 2],
    /// The registered command line
    command: String,
}

impl<'w, 's> Scene<'w, 's> {
    /// `edits` that can be merged, or rivals.
    fn set(world: &'w World, name: &str, subject: &'s Subject, edits: bool) -> Self {
        let versions = if edits { &subject.edits } else { &subject.rivals };
        let signs = if edits { subject.signs } else { subject.rival_signs };
        let repo = diverged(world, name, subject, versions);
        // What hooks do is not what this is about.
        repo.ok(&["config", "core.hooksPath", "/nowhere"]);
        let command = repo.ok(&["config", Self::key(subject)]).line().to_owned();
        Self { repo, subject, versions, signs, command }
    }

    fn key(subject: &Subject) -> &'static str {
        if subject.name == "meta.json" {
            "merge.mission-meta.driver"
        } else {
            "merge.mission-event-log.driver"
        }
    }

    fn edits(&self) -> bool {
        self.signs == self.subject.signs
    }

    /// Registers the command line with another program in it.
    fn register(&self, program: &Path) {
        let ours = format!("'{}'", World::mission_program().display());
        let command = self.command.replace(&ours, &format!("'{}'", program.display()));
        assert_ne!(command, self.command, "{ours}");
        self.repo.ok(&["config", Self::key(self.subject), &command]);
    }

    /// Merges, says how it ended, and takes it back.
    #[track_caller]
    fn merge(&self, fault: &str) -> Ended {
        self.merge_in(&self.repo, fault)
    }

    #[track_caller]
    fn merge_in(&self, repo: &Repo<'_>, fault: &str) -> Ended {
        let path = self.subject.path();
        let before = repo.head();
        let merge = repo.git(&["merge", "-q", "theirs"]);
        let text = repo.read(&path);
        let status = repo.status();
        let case = format!("{fault}: {merge}\n{status}{text}");
        assert!(!status.contains("??"), "something was left behind: {case}");
        let shown = self.signs.iter().all(|sign| text.contains(sign));
        let ended = if merge.status == 0 {
            assert!(self.edits() && status.is_empty() && text == self.subject.both(), "{case}");
            Ended::Merged
        } else if status.is_empty() {
            assert!(repo.head() == before && text == self.versions[0], "{case}");
            assert_eq!(repo.git(&["rev-parse", "-q", "--verify", "MERGE_HEAD"]).status, 1, "{case}");
            Ended::Stopped
        } else {
            let stages = [2, 3].map(|stage| repo.show(&format!(":{stage}:{path}")));
            assert_eq!(stages, *self.versions, "{case}");
            if shown { Ended::Shown } else { Ended::Staged }
        };
        if ended == Ended::Shown && !text.contains("<<<<<<< ") {
            assert_eq!(text, self.subject.both(), "{case}");
        }
        repo.ok(&["reset", "-q", "--hard", &before]);
        ended
    }
}

#[test]
fn a_driver_that_is_missing_or_panics_leaves_both_sides() {
    each_of_two(|world, git, subject| {
        for edits in [true, false] {
            let scene = Scene::set(world, &format!("repo {edits}"), subject, edits);
            assert_eq!(scene.merge("none"), if edits { Ended::Merged } else { Ended::Shown });

            // A released program does not panic when asked.
            if cfg!(debug_assertions) {
                let panicking = scene.repo.env("GIT_MISSION_TEST_PANIC", "merge-driver");
                let stops = git.is_at_least(2, 47);
                let expected = if stops { Ended::Stopped } else { Ended::Shown };
                assert_eq!(scene.merge_in(&panicking, "panic"), expected);
            }

            scene.register(Path::new("/nowhere/git-mission"));
            assert_eq!(scene.merge("missing"), Ended::Shown);
        }
    });
}

#[test]
fn a_disk_that_stays_full_stops_the_merge() {
    each_of_two(|world, git, subject| {
        for edits in [true, false] {
            let scene = Scene::set(world, &format!("repo {edits}"), subject, edits);
            // No file can grow, neither by the driver nor by what runs after it; with an error or by a signal.
            for (fault, trap) in [("error", "trap '' XFSZ; "), ("signal", "")] {
                let command = format!("{trap}ulimit -f 0; {}", scene.command);
                scene.repo.ok(&["config", Scene::key(subject), &command]);
                let stops = git.is_at_least(2, 47);
                let expected = if stops { Ended::Stopped } else { Ended::Staged };
                assert_eq!(scene.merge(fault), expected, "{fault}");
            }
        }
    });
}

/// Every system call of a driver that runs to its end: name, and how often.
fn calls(trace: &str) -> BTreeMap<String, usize> {
    let mut calls = BTreeMap::new();
    for line in trace.lines() {
        // `<process> <name>(<arguments>) = <result>`
        let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        if let Some((name, _)) = call.split_once('(')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        {
            *calls.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    calls
}

/// Runs the merge once for every injected fault; says how the merges ended, by fault.
fn inject(
    scene: &Scene<'_, '_>,
    fault: &str,
    wanted: impl Fn(&str) -> bool,
) -> (usize, BTreeSet<String>, BTreeMap<Ended, usize>) {
    let (repo, world) = (&scene.repo, scene.repo.world());
    let (wrapper, trace, plan) = (world.path("strace/git-mission"), world.path("trace"), world.path("plan"));
    let program = World::mission_program().display();
    let place = world.directory("strace");
    place.write(
        "git-mission",
        format!(
            "#!/bin/sh\nexec {STRACE} -f -qq -o '{}' $(cat '{}') '{program}' \"$@\"\n",
            trace.display(),
            plan.display()
        ),
    );
    place.chmod("git-mission", 0o755);
    scene.register(&wrapper);
    std::fs::write(&plan, "").expect("a plan");
    scene.merge("traced only");
    let calls = calls(&std::fs::read_to_string(&trace).expect("a trace"));
    assert!(calls.contains_key("renameat2") && calls.values().sum::<usize>() > 50, "{calls:?}");

    let (mut points, mut hit, mut ends) = (0, BTreeSet::new(), BTreeMap::new());
    for (name, count) in calls.iter().filter(|(name, _)| wanted(name)) {
        for nth in 1..=*count {
            let point = format!("-e inject={name}:{fault}:when={nth}");
            std::fs::write(&plan, &point).expect("a plan");
            let ended = scene.merge_in(repo, &point);
            points += 1;
            hit.insert(name.clone());
            *ends.entry(ended).or_insert(0) += 1;
        }
    }
    (points, hit, ends)
}

fn strace_is_there() -> bool {
    let there = Path::new(STRACE).is_file();
    if !there {
        say(&format!("skipped: no {STRACE}"));
    }
    there
}

#[expect(clippy::print_stderr, reason = "says what was tried, or that a test was skipped")]
fn say(text: &str) {
    eprintln!("{text}");
}

/// Injects a fault into both kinds of merge of every subject, with every git.
fn inject_everywhere(fault: &str, wanted: impl Fn(&str) -> bool + Copy) {
    if !strace_is_there() {
        return;
    }
    each_of_two(|world, git, subject| {
        for edits in [true, false] {
            let scene = Scene::set(world, &format!("repo {edits}"), subject, edits);
            let (points, calls, ends) = inject(&scene, fault, wanted);
            say(&format!(
                "git {}, {}, {}: {fault} at {points} points, {} different calls: {ends:?}",
                git.version,
                subject.name,
                if edits { "clean" } else { "conflict" },
                calls.len(),
            ));
            assert!(!ends.contains_key(&Ended::Staged), "the file always shows what the stages hold");
        }
    });
}

#[test]
fn a_driver_that_is_killed_at_any_system_call_leaves_both_sides() {
    inject_everywhere("signal=SIGKILL", |_| true);
}

#[test]
fn a_driver_without_disk_leaves_both_sides() {
    inject_everywhere("error=ENOSPC", |name| {
        matches!(name, "write" | "openat" | "fsync") || name.starts_with("rename")
    });
}

#[test]
fn a_driver_that_cannot_read_leaves_both_sides() {
    inject_everywhere("error=EIO", |name| matches!(name, "read" | "statx" | "getcwd"));
}
