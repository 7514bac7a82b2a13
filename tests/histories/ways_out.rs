//! Getting out of conflicts and refusals, and to one state in the end.

use super::play::History;
use super::state::{assert_kept, doubled, missions, places};
use crate::support::Output;

impl History<'_> {
    /// Resolves conflicts by hand, one side or the other, until git is content.
    pub(super) fn resolve(&mut self, who: usize, output: &Output) {
        let repo = self.repo(who);
        self.tally.conflicts += 1;
        self.note(who, "resolves by hand");
        for _ in 0..20 {
            let unmerged = repo.ok(&["diff", "--name-only", "--diff-filter=U"]).stdout;
            for path in unmerged.lines() {
                let first = self.random.chance(50);
                match std::fs::read_to_string(repo.at(path)) {
                    Ok(text) => {
                        repo.write(path, one_side(&text, first));
                        repo.ok(&["add", "--", path]);
                    }
                    Err(_) => drop(repo.ok(&["rm", "-q", "--cached", "--", path])),
                }
            }
            let has = |name: &str| repo.at(".git").join(name).exists();
            let (rebase, pick) =
                (has("rebase-merge") || has("rebase-apply"), has("CHERRY_PICK_HEAD") || has("sequencer"));
            let args: &[&str] = if rebase {
                &["rebase", "--continue"]
            } else if has("REVERT_HEAD") {
                &["revert", "--continue"]
            } else if pick {
                &["cherry-pick", "--continue"]
            } else if has("MERGE_HEAD") || has("SQUASH_MSG") {
                &["commit", "-q", "--no-edit"]
            } else {
                return;
            };
            let next = repo.git(args);
            if next.status != 0 && repo.ok(&["diff", "--name-only", "--diff-filter=U"]).stdout.is_empty() {
                // Nothing is left of this commit, or a hook refuses it.
                match args[0] {
                    "commit" => {
                        let refused = format!("after {output}: {next}");
                        assert!(next.stderr.contains("error: ") || next.status == 1, "{refused}");
                        self.note(
                            who,
                            &format!("gives up: {}", next.stderr.lines().next().unwrap_or_default()),
                        );
                        repo.ok(&["reset", "-q", "--hard"]);
                    }
                    command => drop(repo.git(&[command, "--skip"])),
                }
            }
        }
        panic!("no way out of {output}");
    }

    /// Pushes main until it is accepted: git asks for a pull, we name a command.
    pub(super) fn push(&mut self, who: usize) {
        let repo = self.repo(who);
        if self.random.chance(70) {
            repo.ok(&["switch", "-q", "main"]);
        }
        let (mut hinted, mut last) = (false, None);
        for _ in 0..4 {
            let before = missions(&self.origin, "main");
            let output = repo.git(&["push", "-q", "origin", "main"]);
            if output.status == 0 {
                self.note(who, "pushed");
                self.tally.accepted += 1;
                assert_kept(
                    &before,
                    &missions(&self.origin, "main"),
                    &format!("push of {}", self.people[who].name),
                );
                return;
            }
            if ours(&output) {
                self.tally.refused += 1;
                assert!(!hinted, "the hint did not help: {last:?}, then {output}");
                self.follow(who, &output);
                hinted = true;
            } else {
                assert!(
                    output.stderr.contains("fetch first") || output.stderr.contains("non-fast"),
                    "{output}"
                );
                self.pull(who);
            }
            last = Some(output);
        }
        panic!("not accepted: {last:?}");
    }

    /// Runs the printed hint as it stands.
    pub(super) fn follow(&mut self, who: usize, refusal: &Output) {
        let hint = refusal.stderr.lines().find_map(|line| line.strip_prefix("hint: "));
        let hint = hint.unwrap_or_else(|| panic!("no hint in {refusal}"));
        self.note(who, &format!("follows: {hint}"));
        let repo = self.repo(who);
        let output = repo.run("sh", &["-c", hint]);
        if output.status != 0 {
            let conflict = output.stdout.contains("CONFLICT") || output.stderr.contains("CONFLICT");
            assert!(conflict, "the hint of {refusal} failed: {output}");
            self.resolve(who, &output);
            repo.mission(&["settle", "--commit"]).ok();
        }
    }

    /// Everybody pushes, the published backlog is settled, everybody pulls.
    pub(super) fn finish(&mut self) {
        for who in 0..self.people.len() {
            self.repo(who).ok(&["switch", "-q", "main"]);
            self.push(who);
        }
        let settler = self.random.below(self.people.len());
        self.pull(settler);
        let repair = !doubled(&missions(&self.repo(settler), "main")).is_empty();
        let args: &[&str] = if repair { &["settle", "--repair"] } else { &["settle"] };
        self.note(settler, &args.join(" "));
        self.repo(settler).mission(args).ok();
        self.push(settler);
        let after = missions(&self.origin, "main");
        self.tally.missions = after.len();
        assert_eq!(doubled(&after), [0; 0], "numbers doubled at the end");
        assert!(after.iter().all(|mission| mission.number.is_some()), "null at the end: {after:?}");
        let lie = places(&after);
        assert!(lie.iter().all(|(id, paths)| id.is_some() && paths.len() == 1), "ids at the end: {lie:?}");
        if !self.gaps {
            let mut numbers: Vec<u64> = after.iter().filter_map(|mission| mission.number).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (1..=after.len() as u64).collect::<Vec<_>>(), "a gap at the end");
            self.tally.checked_for_gaps = 1;
        }
        let tip = self.origin.rev("main");
        for who in 0..self.people.len() {
            self.pull(who);
            let repo = self.repo(who);
            assert_eq!(
                (repo.rev("main"), repo.status().as_str()),
                (tip.clone(), ""),
                "{}",
                self.people[who].name
            );
        }
    }
}

/// Whether a push was refused by us.
pub(super) fn ours(output: &Output) -> bool {
    let finding = |line: &str| line.starts_with("error: NUMBER_") || line.starts_with("error: MISSION_ID_");
    output.stderr.lines().any(finding)
}

/// The text with one side of every conflict.
fn one_side(text: &str, first: bool) -> String {
    let (mut kept, mut side) = (String::new(), None);
    for line in text.split_inclusive('\n') {
        match (line.get(..7), side) {
            (Some("<<<<<<<"), _) => side = Some(true),
            (Some("======="), Some(_)) => side = Some(false),
            (Some(">>>>>>>"), Some(_)) => side = None,
            (_, Some(this)) if this != first => {}
            _ => kept.push_str(line),
        }
    }
    kept
}
