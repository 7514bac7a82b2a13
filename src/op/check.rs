//! What a head adds over a base that may not enter main.
//!
//! Only what the head adds counts. What is removed, changed or shrunk is judged against the merge bases; doubles are
//! judged in what the base's tip would be once the head is merged. The rules are [`crate::mission::breach`]'s, which
//! the push to main asks too, and those of [`super::check_files`] for the contents of files. Changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::branch::Standing;
use super::catch_up::{self, Reach};
use super::check_trees::Trees;
use super::correct::Plan;
use super::shell::quoted;
use super::snapshot::{MetaFile, Reader};
use super::{OpError, check_files, settle};
use crate::git::{Entry, GitError, Mode, Oid, Repo};
use crate::mission::audit::{Code, Finding, Severity, path_of};
use crate::mission::breach::{Breach, off_main};
use crate::mission::settle::Claim;
use crate::mission::{IdField, MissionDir, NumberField, SPECS};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// What is added to; the published main if nothing is said
    pub base: Option<String>,
    /// What is judged; HEAD if nothing is said
    pub head: Option<String>,
    /// Whether every added mission needs a number
    pub require_settled: bool,
}

/// Judges a head against a base.
pub fn check(repo: &Repo, standing: &Standing, wanted: &Wanted) -> Result<Judged, OpError> {
    let find = |revision: &str| {
        repo.commit(revision)?.ok_or_else(|| {
            if repo.is_shallow() {
                OpError::NotFetched(revision.to_owned())
            } else {
                OpError::NoSuchRevision(revision.to_owned())
            }
        })
    };
    let base = match &wanted.base {
        Some(revision) => find(revision)?,
        None => standing.tip_of_main(repo)?.ok_or(OpError::NoBase)?,
    };
    let head = find(wanted.head.as_deref().unwrap_or("HEAD"))?;
    let forks = repo.merge_bases(&base, &head)?;
    if forks.is_empty() && repo.is_shallow() {
        return Err(OpError::CutOff { base: base.as_str().to_owned(), head: head.as_str().to_owned() });
    }
    let reader = Reader::new(repo);
    let name = match &wanted.head {
        Some(revision) => repo.full_name(revision)?,
        None => standing.head.branch().map(str::to_owned),
    };
    let case = Case {
        base: Some(&base),
        head: &head,
        forks: &forks,
        is_main: names_main(standing, name.as_deref()),
        files: true,
        require_settled: wanted.require_settled,
        route: Route::to(standing, name.as_deref(), has_remote(repo)?),
    };
    Ok(judge(repo, &reader, &case)?)
}

/// Whether a ref is main, here or where it is published. By name: a branch that was cut from main is none.
fn names_main(standing: &Standing, name: Option<&str>) -> bool {
    name.is_some()
        && (name == standing.main_ref().as_deref()
            || name == standing.published.as_ref().map(|(published, _)| published.as_str()))
}

fn has_remote(repo: &Repo) -> Result<bool, GitError> {
    let config = repo.config()?;
    Ok(config.with_prefix("remote.").any(|(key, _)| key.strip_suffix(".url").is_some()))
}

/// What whoever mends the head has to type before the command that does.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Going to the branch
    there: Option<String>,
    /// Getting what is published
    fetch: bool,
    /// From the branch to main, with it merged
    to_main: Option<String>,
}

impl Route {
    /// To the ref of this name from where HEAD is.
    fn to(standing: &Standing, name: Option<&str>, fetch: bool) -> Self {
        let branch = name.and_then(|name| name.strip_prefix("refs/heads/"));
        let switch = |branch: &str| format!("git switch {}", quoted(branch));
        let there = branch.filter(|_| standing.head.branch() != name).map(switch);
        let to_main = standing.main.as_deref().zip(branch).map(|(main, branch)| {
            let fetch = if fetch { "git fetch && " } else { "" };
            format!("{} && {fetch}git merge {}", switch(main), quoted(branch))
        });
        Self { there, fetch, to_main }
    }

    /// For somebody who just tried to push.
    pub fn of_pusher() -> Self {
        Self { there: None, fetch: true, to_main: None }
    }

    fn then(&self, needs_fetch: bool, command: &str) -> String {
        let fetch = (self.fetch && needs_fetch).then(|| "git fetch".to_owned());
        let steps: Vec<String> = self.there.clone().into_iter().chain(fetch).collect();
        steps.into_iter().chain([command.to_owned()]).collect::<Vec<_>>().join(" && ")
    }
}

/// One head to be judged.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// The tip that it is added to; `None` where there is nothing yet
    pub base: Option<&'a Oid>,
    /// Its tip
    pub head: &'a Oid,
    /// Their merge bases; none if their histories do not meet, then the base's tip stands for one
    pub forks: &'a [Oid],
    /// Whether it is main itself, which may give numbers
    pub is_main: bool,
    /// Whether the contents of files are judged too; they need a base
    pub files: bool,
    /// Whether every added mission needs a number
    pub require_settled: bool,
    /// How whoever mends it gets there
    pub route: Route,
}

/// What was found in one head.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// In order of path, place and code
    pub findings: Vec<Finding>,
    /// How many missions the head holds
    pub missions: usize,
}

/// Judges one head.
pub fn judge(repo: &Repo, reader: &Reader<'_>, case: &Case<'_>) -> Result<Judged, GitError> {
    let trees = Trees::read(repo, reader, case.base, case.head, case.forks)?;
    let breaches = trees.breaches(&BTreeMap::new(), case.is_main);
    let breaches = without_what_main_gives(repo, reader, case, breaches)?;
    let is_refused =
        |breach: &Breach| case.require_settled || !matches!(breach, Breach::NumberUnsettled { .. });
    let is_any_refused = breaches.iter().any(is_refused);
    let ways_out = if is_any_refused { ways_out(repo, reader, case, &trees)? } else { Vec::new() };
    let mut findings = Vec::new();
    for breach in &breaches {
        if case.files && is_named_by_its_file(&trees, breach) {
            continue;
        }
        let severity = if is_refused(breach) { Severity::Error } else { Severity::Info };
        let code = Code::parse(breach.code()).unwrap_or(Code::JsonInvalid);
        for dir in concerned(&trees, breach) {
            let id = trees.head().at(dir).and_then(MetaFile::id);
            let finding = Finding::new(code, breach.to_string()).at(path_of(dir)).of(id);
            let fix = way_out(case, breach, &ways_out).filter(|_| severity == Severity::Error);
            findings.push(Finding { severity, fix, ..finding });
        }
    }
    if case.files {
        findings.extend(check_files::findings(repo, &trees, |command| case.route.then(false, command))?);
    }
    findings.sort_by(|a, b| (&a.path, a.position, a.code).cmp(&(&b.path, b.position, b.code)));
    Ok(Judged { findings, missions: trees.missions() })
}

/// Whether what stands in the file instead of an id or a number is a finding of its own.
fn is_named_by_its_file(trees: &Trees, breach: &Breach) -> bool {
    let meta = |dir: &MissionDir| trees.head().meta(dir);
    match breach {
        Breach::IdMissing { dir } => meta(dir).is_some_and(|meta| matches!(meta.id(), IdField::Invalid(_))),
        Breach::NumberUnsettled { dir } => {
            meta(dir).is_some_and(|meta| matches!(meta.number(), NumberField::Invalid(_)))
        }
        _ => false,
    }
}

/// The missions that a breach is told of: those that the head touched, else all.
fn concerned<'b>(trees: &Trees, breach: &'b Breach) -> Vec<&'b MissionDir> {
    let is_touched = |dir: &&MissionDir| match (trees.head().at(dir), trees.base().at(dir)) {
        (Some(here), Some(there)) => here.oid != there.oid,
        (here, _) => here.is_some(),
    };
    let touched: Vec<&MissionDir> = breach.dirs().iter().filter(is_touched).collect();
    if touched.is_empty() { breach.dirs().iter().collect() } else { touched }
}

/// A pull request that settles holds numbers that main has not given yet, and would give.
fn without_what_main_gives(
    repo: &Repo,
    reader: &Reader<'_>,
    case: &Case<'_>,
    mut breaches: Vec<Breach>,
) -> Result<Vec<Breach>, GitError> {
    let Some(base) = case.base else {
        // There is no main that could have given any.
        breaches.retain(|breach| !matches!(breach, Breach::NumberOffMain { .. }));
        return Ok(breaches);
    };
    if !breaches.iter().any(|breach| matches!(breach, Breach::NumberOffMain { .. })) {
        return Ok(breaches);
    }
    let parent = repo.commit(&format!("{base}^1"))?;
    let mut given: BTreeSet<(MissionDir, u64)> = BTreeSet::new();
    for repair in [false, true] {
        let (published, parent) = (Some(base), parent.as_ref());
        let wanted = catch_up::Wanted { commit: base, published, parent, reach: Reach::All, repair };
        let plan = catch_up::plan(reader, wanted)?;
        given.extend(plan.rewrites.iter().filter_map(|r| Some((r.dir.clone(), r.draft.number().settled()?))));
    }
    breaches.retain(|breach| match breach {
        Breach::NumberOffMain { dir, number } => !given.contains(&(dir.clone(), *number)),
        _ => true,
    });
    Ok(breaches)
}

/// The numbers that a tip of main has given, for asking about many branches. Reads only directories that differ.
pub struct Given<'r> {
    repo: &'r Repo,
    reader: &'r Reader<'r>,
    directories: HashMap<Vec<u8>, Oid>,
    claims: Vec<Claim>,
}

impl<'r> Given<'r> {
    /// Reads main.
    pub fn by(repo: &'r Repo, reader: &'r Reader<'r>, tip: &Oid) -> Result<Self, GitError> {
        let directories = entries(repo, tip)?.into_iter().map(|entry| (entry.name, entry.oid)).collect();
        Ok(Self { repo, reader, directories, claims: reader.tree(tip)?.claims() })
    }

    /// Whether a head shows no other numbers, as far as its tree alone can tell.
    pub fn covers(&self, head: &Oid) -> Result<bool, GitError> {
        let mut claims = Vec::new();
        for entry in entries(self.repo, head)? {
            if self.directories.get(&entry.name) == Some(&entry.oid) {
                continue;
            }
            let Some(dir) = MissionDir::from_name(&entry.name) else { continue };
            claims.extend(self.reader.directory(&entry.oid)?.and_then(|file| file.claim(&dir)));
        }
        claims.retain(|claim| claim.number.is_some());
        Ok(claims.is_empty() || off_main(&claims, &self.claims).is_empty())
    }
}

/// The mission directories of a commit.
fn entries(repo: &Repo, commit: &Oid) -> Result<Vec<Entry>, GitError> {
    let Some(specs) = repo.subtree(commit, SPECS)? else { return Ok(Vec::new()) };
    Ok(repo.tree(&specs)?.into_iter().filter(|entry| entry.mode == Mode::TREE).collect())
}

/// A command, and what would still be wrong after it.
struct WayOut {
    command: String,
    left: Vec<Breach>,
}

/// Tries in memory what settling would make of the head, the plain way first.
fn ways_out(
    repo: &Repo,
    reader: &Reader<'_>,
    case: &Case<'_>,
    trees: &Trees,
) -> Result<Vec<WayOut>, GitError> {
    let outcome = |command: &str, plan: &Plan| {
        let claims = plan.rewrites.iter().map(|r| (r.dir.clone(), r.draft.claim(&r.dir)));
        let left = trees.breaches(&claims.collect(), case.is_main);
        WayOut { command: case.route.then(true, command), left }
    };
    if !case.is_main {
        let plan = settle::plan_off_main(repo, reader, case.base, case.head)?;
        return Ok(vec![outcome("git mission settle --commit", &plan)]);
    }
    let parent = repo.commit(&format!("{}^1", case.head))?;
    let mut ways = Vec::new();
    for (repair, command) in
        [(false, "git mission settle --commit"), (true, "git mission settle --commit --repair")]
    {
        let (published, parent) = (case.base, parent.as_ref());
        let wanted = catch_up::Wanted { commit: case.head, published, parent, reach: Reach::All, repair };
        ways.push(outcome(command, &catch_up::plan(reader, wanted)?));
    }
    Ok(ways)
}

/// The command that gets out of one breach.
fn way_out(case: &Case<'_>, breach: &Breach, ways: &[WayOut]) -> Option<String> {
    if let (Breach::NumberUnsettled { .. }, false) = (breach, case.is_main) {
        // Numbers are given on main.
        return case.route.to_main.as_ref().map(|route| format!("{route} && git mission settle --commit"));
    }
    let gets_out = |way: &&WayOut| {
        let same = |left: &&Breach| left.code() == breach.code() && left.dirs() == breach.dirs();
        !way.left.iter().any(|left| same(&left))
    };
    ways.iter().find(gets_out).map(|way| way.command.clone())
}
