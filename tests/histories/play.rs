//! One random history: clones, and what people do in them.

use super::random::Random;
use super::state::missions;
use super::ways_out::ours;
use crate::support::{Repo, World};

/// A clone and the habits of who works in it.
pub(super) struct Person<'w> {
    pub(super) repo: Repo<'w>,
    pub(super) name: String,
    rebases: bool,
    branches: usize,
}

/// What happened, for the summary.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) operations: usize,
    pub(super) accepted: usize,
    pub(super) refused: usize,
    pub(super) pulls: usize,
    pub(super) conflicts: usize,
    pub(super) forge_merges: usize,
    pub(super) forge_excluded: usize,
    pub(super) missions: usize,
    pub(super) checked_for_gaps: usize,
}

pub(super) struct History<'w> {
    pub(super) origin: Repo<'w>,
    backup: Repo<'w>,
    pub(super) people: Vec<Person<'w>>,
    pub(super) random: Random,
    made: usize,
    /// Whether numbers may be missing: something was deleted, edited by hand, reset, reverted or picked.
    pub(super) gaps: bool,
    pub(super) log: Vec<String>,
    pub(super) tally: Tally,
}

impl<'w> History<'w> {
    pub(super) fn new(world: &'w World, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let (origin, backup) = (world.bare("origin.git"), world.bare("backup.git"));
        let first = world.clone(&origin, "first");
        first.commit("README.md", "# Product\n");
        let mut history = Self {
            origin,
            backup,
            people: Vec::new(),
            random: random.clone(),
            made: 0,
            gaps: false,
            log: Vec::new(),
            tally: Tally::default(),
        };
        // One in four starts from a repository with a past: null, doubled and legacy numbers.
        if random.chance(25) {
            history.gaps = true;
            for number in ["1", "\"002\"", "2", "null", "5", "2"] {
                let (slug, text) = history.meta(number);
                first.write(&format!("kitty-specs/{slug}/meta.json"), text);
            }
            first.ok(&["add", "-A"]);
            first.ok(&["commit", "-qm", "the past"]);
        }
        first.ok(&["push", "-q", "origin", "HEAD:main"]);
        for at in 0..2 + random.below(5) {
            let name = format!("c{at}");
            let repo = world.clone(&history.origin, &name);
            let backup = history.backup.path().to_string_lossy().into_owned();
            repo.ok(&["remote", "add", "backup", &backup]);
            repo.mission(&["install"]).ok();
            history.people.push(Person { repo, name, rebases: random.chance(40), branches: 0 });
        }
        history.random = random;
        history
    }

    /// A new mission: its directory and text.
    fn meta(&mut self, number: &str) -> (String, String) {
        self.made += 1;
        let (slug, random) = (format!("m{:03}", self.made), self.random.below(1 << 30));
        let id = format!("01KQ{random:010}{:012}", self.made);
        let (day, minute) = (1 + self.made % 28, self.made % 60);
        let text = format!(
            "{{\n  \"created_at\": \"2026-01-{day:02}T00:{minute:02}:00+00:00\",\n  \"friendly_name\": \"{slug}\",\n  \
             \"mission_id\": \"{id}\",\n  \"mission_number\": {number},\n  \"mission_slug\": \"{slug}\",\n  \
             \"mission_type\": \"software-dev\",\n  \"slug\": \"{slug}\",\n  \"target_branch\": \"main\"\n}}\n"
        );
        (slug, text)
    }

    pub(super) fn note(&mut self, who: usize, what: &str) {
        let name = self.people[who].name.clone();
        self.log.push(format!("{name}: {what}"));
    }

    pub(super) fn repo(&self, who: usize) -> Repo<'w> {
        self.people[who].repo.clone()
    }

    /// One random thing that somebody does.
    pub(super) fn step(&mut self) {
        self.tally.operations += 1;
        let who = self.random.below(self.people.len());
        match self.random.below(100) {
            0..14 => self.new_mission(who, "main"),
            14..24 => self.on_branch(who),
            24..34 => self.merge_branch(who),
            34..38 => self.merge_main(who),
            38..46 => self.pull(who),
            46..62 => self.push(who),
            62..70 => self.forge(who),
            70..73 => self.pick(who),
            73..76 => self.pick_range(who),
            76..78 => self.revert(who),
            78..82 => self.amend(who),
            82..84 => self.delete(who),
            84..88 => self.edit_number(who),
            88..92 => self.edit_text(who),
            92..94 => self.upstream(who),
            94..97 => self.push_backup(who),
            97..98 => self.reset(who),
            _ => self.copy(who),
        }
        let repo = self.repo(who);
        assert_eq!(repo.status(), "", "status of {}", self.people[who].name);
    }

    fn verify(&mut self) -> &'static str {
        if self.random.chance(30) { "--no-verify" } else { "--verify" }
    }

    fn commit(&mut self, who: usize, message: &str) {
        let verify = self.verify();
        self.note(who, &format!("commit {verify} {message}"));
        let repo = self.repo(who);
        repo.ok(&["add", "-A"]);
        let output = repo.git(&["commit", "-q", verify, "-m", message]);
        if output.status != 0 {
            // Refused: it is given up.
            self.note(who, &format!("refused: {}", output.stderr.lines().next().unwrap_or_default()));
            repo.ok(&["reset", "-q", "--hard"]);
        }
    }

    fn new_mission(&mut self, who: usize, branch: &str) {
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", branch]);
        let many = 1 + usize::from(self.random.chance(20));
        let mut names = Vec::new();
        for _ in 0..many {
            let (slug, text) = self.meta("null");
            repo.write(&format!("kitty-specs/{slug}/meta.json"), text);
            names.push(slug);
        }
        self.commit(who, &format!("{} on {branch}", names.join(" ")));
    }

    fn branches(&self, who: usize) -> Vec<String> {
        (0..self.people[who].branches).map(|at| format!("{}-b{at}", self.people[who].name)).collect()
    }

    fn on_branch(&mut self, who: usize) {
        let repo = self.repo(who);
        let branch = match self.random.of(&self.branches(who)) {
            Some(branch) if self.random.chance(40) => branch,
            _ => {
                let branch = format!("{}-b{}", self.people[who].name, self.people[who].branches);
                self.people[who].branches += 1;
                repo.ok(&["switch", "-q", "--no-track", "-c", &branch, "main"]);
                branch
            }
        };
        self.new_mission(who, &branch);
    }

    fn merge_branch(&mut self, who: usize) {
        let Some(branch) = self.random.of(&self.branches(who)) else { return };
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", "main"]);
        let how = self.random.of(&["--ff", "--no-ff", "--squash", "--no-commit"]).expect("some");
        self.note(who, &format!("merge {how} {branch}"));
        let output = repo.git(&["merge", "-q", how, &branch]);
        if output.status != 0 {
            self.resolve(who, &output);
        } else if repo.git(&["diff", "--cached", "--quiet"]).status != 0
            || repo.at(".git/MERGE_HEAD").exists()
        {
            repo.ok(&["commit", "-q", "--no-edit"]);
        }
    }

    fn merge_main(&mut self, who: usize) {
        let Some(branch) = self.random.of(&self.branches(who)) else { return };
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", &branch]);
        self.note(who, &format!("merge main into {branch}"));
        let output = repo.git(&["merge", "-q", "main"]);
        if output.status != 0 {
            self.resolve(who, &output);
        }
    }

    pub(super) fn pull(&mut self, who: usize) {
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", "main"]);
        let how = if self.people[who].rebases { "--rebase" } else { "--no-rebase" };
        self.note(who, &format!("pull {how}"));
        self.tally.pulls += 1;
        let output = repo.git(&["pull", "-q", how, "origin", "main"]);
        if output.status != 0 {
            self.resolve(who, &output);
        }
    }

    /// A branch goes to the forge, which merges it without hooks and drivers.
    fn forge(&mut self, who: usize) {
        let Some(branch) = self.random.of(&self.branches(who)) else { return };
        let repo = self.repo(who);
        repo.ok(&["push", "-q", "-f", "origin", &branch]);
        let main = missions(&self.origin, "main");
        // Cut from an unpublished main: the branch carries numbers that main has not given. This class is refused by
        // `check` alone (NUMBER_OFF_MAIN); a forge without it publishes duplicates.
        let off_main = |mission: &super::state::Mission| {
            mission.number.is_some()
                && !main.iter().any(|known| known.id == mission.id && known.number == mission.number)
        };
        if missions(&self.origin, &branch).iter().any(off_main) {
            self.note(who, &format!("the forge refuses {branch}: NUMBER_OFF_MAIN"));
            self.tally.forge_excluded += 1;
            return;
        }
        let merged = self.origin.git(&["merge-tree", "--write-tree", "main", &branch]);
        if merged.status != 0 {
            return self.note(who, &format!("the forge cannot merge {branch}"));
        }
        let tree = merged.stdout.lines().next().expect("a tree").to_owned();
        let mut args = vec!["commit-tree", &tree, "-p", "main", "-m", "merged by the forge"];
        let squash = self.random.chance(30);
        if !squash {
            args.extend(["-p", &branch]);
        }
        let commit = self.origin.ok(&args);
        self.origin.ok(&["update-ref", "refs/heads/main", commit.line()]);
        self.tally.forge_merges += 1;
        self.note(who, &format!("the forge {} {branch}", if squash { "squashes" } else { "merges" }));
    }

    fn pick(&mut self, who: usize) {
        let Some(branch) = self.random.of(&self.branches(who)) else { return };
        self.gaps = true;
        self.pick_commits(who, &branch);
    }

    fn pick_range(&mut self, who: usize) {
        let Some(branch) = self.random.of(&self.branches(who)) else { return };
        self.pick_commits(who, &format!("main..{branch}"));
    }

    fn pick_commits(&mut self, who: usize, what: &str) {
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", "main"]);
        self.note(who, &format!("cherry-pick {what}"));
        let output = repo.git(&["cherry-pick", "-m", "1", what]);
        let output = if output.status == 0 || output.stderr.contains("empty commit set") {
            output
        } else if output.stderr.contains("mainline was specified") {
            repo.git(&["cherry-pick", "--abort"]);
            repo.git(&["cherry-pick", what])
        } else {
            output
        };
        if output.status != 0 && repo.at(".git/CHERRY_PICK_HEAD").exists() {
            self.resolve(who, &output);
        } else if repo.at(".git/sequencer").exists() {
            repo.ok(&["cherry-pick", "--abort"]);
        }
    }

    fn revert(&mut self, who: usize) {
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", "main"]);
        if repo.git(&["rev-parse", "-q", "--verify", "HEAD^2"]).status == 0
            || repo.git(&["rev-parse", "-q", "--verify", "HEAD^1"]).status != 0
        {
            return;
        }
        self.gaps = true;
        self.note(who, "revert HEAD");
        let output = repo.git(&["revert", "--no-edit", "HEAD"]);
        if output.status != 0 {
            self.resolve(who, &output);
        }
    }

    /// Whether HEAD is a commit that nobody else has.
    fn is_private(&self, who: usize) -> bool {
        let repo = self.repo(who);
        let shared = repo.git(&["merge-base", "--is-ancestor", "HEAD", "origin/main"]).status == 0;
        let merge = repo.git(&["rev-parse", "-q", "--verify", "HEAD^2"]).status == 0;
        !shared && !merge
    }

    fn amend(&mut self, who: usize) {
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", "main"]);
        if !self.is_private(who) {
            return;
        }
        let verify = self.verify();
        self.note(who, &format!("amend {verify}"));
        let (slug, text) = self.meta("null");
        repo.write(&format!("kitty-specs/{slug}/meta.json"), text);
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-q", verify, "--amend", "-m", &format!("amended with {slug}")]);
    }

    fn some_mission(&mut self, who: usize) -> Option<String> {
        let repo = self.repo(who);
        if self.random.chance(70) {
            repo.ok(&["switch", "-q", "main"]);
        }
        let paths: Vec<String> = missions(&repo, "HEAD").into_iter().map(|mission| mission.path).collect();
        self.random.of(&paths)
    }

    fn delete(&mut self, who: usize) {
        let Some(path) = self.some_mission(who) else { return };
        self.gaps = true;
        self.repo(who).ok(&["rm", "-q", "--", &path]);
        self.commit(who, &format!("delete {path}"));
    }

    fn edit_number(&mut self, who: usize) {
        let Some(path) = self.some_mission(who) else { return };
        self.gaps = true;
        let repo = self.repo(who);
        let number = self.random.of(&["null", "1", "2", "7", "\"003\""]).expect("some");
        let text = replace_line(&repo.read(&path), "mission_number", number);
        if text != repo.read(&path) {
            repo.write(&path, text);
            self.commit(who, &format!("number {number} for {path}"));
        }
    }

    fn edit_text(&mut self, who: usize) {
        let Some(path) = self.some_mission(who) else { return };
        let repo = self.repo(who);
        let name = format!("\"name {}\"", self.random.below(1000));
        let text = replace_line(&repo.read(&path), "friendly_name", &name);
        if text != repo.read(&path) {
            repo.write(&path, text);
            self.commit(who, &format!("name {name} for {path}"));
        }
    }

    fn upstream(&mut self, who: usize) {
        let repo = self.repo(who);
        if repo.git(&["branch", "-q", "--unset-upstream", "main"]).status != 0 {
            repo.ok(&["fetch", "-q", "origin"]);
            repo.ok(&["branch", "-q", "--set-upstream-to=origin/main", "main"]);
        }
        self.note(who, "toggles the upstream");
    }

    fn push_backup(&mut self, who: usize) {
        let repo = self.repo(who);
        let output = repo.git(&["push", "-q", "-f", "backup", "main"]);
        if output.status != 0 {
            assert!(ours(&output), "{output}");
            self.tally.refused += 1;
            self.follow(who, &output);
            repo.ok(&["push", "-q", "-f", "backup", "main"]);
        }
        self.note(who, "pushed to backup");
    }

    fn reset(&mut self, who: usize) {
        let repo = self.repo(who);
        repo.ok(&["switch", "-q", "main"]);
        if self.is_private(who) {
            self.gaps = true;
            self.note(who, "reset --hard HEAD^");
            repo.ok(&["reset", "-q", "--hard", "HEAD^"]);
        }
    }

    fn copy(&mut self, who: usize) {
        let Some(path) = self.some_mission(who) else { return };
        let repo = self.repo(who);
        self.made += 1;
        let copy = format!("kitty-specs/m{:03}/meta.json", self.made);
        repo.write(&copy, repo.read(&path));
        self.commit(who, &format!("copy {path} to {copy}"));
    }
}

/// A canonical text with another value for a key.
fn replace_line(text: &str, key: &str, value: &str) -> String {
    let start = format!("  \"{key}\": ");
    text.split_inclusive('\n')
        .map(|line| if line.starts_with(&start) { format!("{start}{value},\n") } else { line.to_owned() })
        .collect()
}
