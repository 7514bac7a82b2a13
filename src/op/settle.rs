//! Settlement by hand: on main everything is caught up and numbered, elsewhere what main has not given is cleared.

use super::OpError;
use super::branch::Standing;
use super::catch_up::{self, Reach};
use super::correct::{Fault, Forebear, Mint, Numbers, Plan, Refusal, Request, correct};
use super::snapshot::{Content, MetaFile, Reader, Snapshot};
use super::unfinished;
use crate::git::{Config, GitError, Oid, Repo};
use crate::mission::MissionDir;

/// What is wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// This commit instead of HEAD; nothing is changed
    pub revision: Option<String>,
    /// Whether published duplicates are undone
    pub repair: bool,
    /// What happens to the result
    pub effect: Effect,
    /// Whether somebody sits at a terminal, who may be asked for a signature
    pub at_terminal: bool,
}

/// What happens to the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effect {
    /// It is committed on top of HEAD's branch.
    #[default]
    Commit,
    /// It is staged.
    Stage,
    /// It is only told.
    Tell,
}

/// What was decided and done.
#[derive(Debug, Clone)]
pub struct Settled {
    /// The rewrites, and the files that could not be judged
    pub plan: Plan,
    /// The published files that cannot be read and were left alone
    pub unreadable: Vec<Refusal>,
    /// The commit that was made
    pub commit: Option<Oid>,
    /// Whether numbers were given (on main) or cleared
    pub on_main: bool,
}

/// Settles.
pub fn settle(
    repo: &Repo,
    config: &Config,
    standing: &Standing,
    wanted: &Wanted,
) -> Result<Settled, OpError> {
    let revision = wanted.revision.as_deref().unwrap_or("HEAD");
    if wanted.revision.is_none() {
        repo.top()?;
    }
    if wanted.revision.is_none() && wanted.effect != Effect::Tell {
        unfinished::finish(repo)?;
    }
    let commit = repo.commit(revision)?.ok_or_else(|| OpError::NoSuchRevision(revision.to_owned()))?;
    let parent = repo.commit(&format!("{revision}^1"))?;
    // The index knows most of HEAD's directories.
    let reader = if wanted.revision.is_none() { Reader::beside_index(repo) } else { Reader::new(repo) };
    // A revision that is named is judged as if it were main.
    let on_main = standing.on_main() || wanted.revision.is_some();
    let plan = if standing.main.is_none() {
        return Err(OpError::NoMain);
    } else if on_main {
        let published = standing.published_commit();
        let parent = parent.as_ref();
        let wanted =
            catch_up::Wanted { commit: &commit, published, parent, reach: Reach::All, repair: wanted.repair };
        catch_up::plan(&reader, wanted)?
    } else {
        plan_off_main(repo, &reader, standing.tip_of_main(repo)?.as_ref(), &commit)?
    };
    let made = match wanted.effect {
        Effect::Commit if wanted.revision.is_none() => match standing.head.branch() {
            Some(branch) => catch_up::commit(repo, config, branch, &commit, &plan, wanted.at_terminal)?,
            None => return Err(OpError::Detached),
        },
        Effect::Stage if wanted.revision.is_none() => {
            catch_up::stage(repo, &plan)?;
            None
        }
        _ => None,
    };
    let unreadable =
        if reader.met_unreadable() { unreadable(&reader.tree(&commit)?, &plan) } else { Vec::new() };
    Ok(Settled { plan, unreadable, commit: made, on_main })
}

/// The files of a tree that cannot be read and are not among the refusals: they came that way.
fn unreadable(tree: &Snapshot, plan: &Plan) -> Vec<Refusal> {
    let fault = |file: &MetaFile| match &**file.content() {
        Content::Meta { .. } => None,
        Content::Unreadable(error) => Some(Fault::Unreadable(error.clone())),
        Content::NotRegular => Some(Fault::NotRegular),
    };
    let broken = tree
        .files
        .iter()
        .filter(|(_, file)| file.glance().is_none())
        .filter_map(|(dir, file)| Some((dir, fault(file)?)));
    broken
        .filter(|(dir, _)| !plan.refusals.iter().any(|refusal| refusal.dir == **dir))
        .map(|(dir, fault)| Refusal { dir: dir.clone(), fault })
        .collect()
}

/// What the branch that `commit` is the tip of changed and only main may change: numbers that `main` does not hold are
/// cleared, or put back where main had given one before; ids are put back, minted and told apart as they will be on
/// main. A branch that was cut from an unpublished main must not carry its numbers anywhere.
pub(super) fn plan_off_main(
    repo: &Repo,
    reader: &Reader<'_>,
    main: Option<&Oid>,
    commit: &Oid,
) -> Result<Plan, GitError> {
    let tree = reader.tree(commit)?;
    let fork = match main {
        Some(main) => repo.merge_base(main, commit)?,
        None => None,
    };
    let main = main.map(|main| reader.tree(main)).transpose()?.unwrap_or_default();
    let before = fork.as_ref().map(|fork| reader.tree(fork)).transpose()?.unwrap_or_default();
    let forebear = fork.as_ref().map(|commit| Forebear { commit, missions: &before });
    let (_, changed) = catch_up::split(&tree, Some(&main));
    let request = Request {
        tree: &tree,
        candidates: &changed,
        inherited: &changed,
        forebears: forebear.as_slice(),
        seed_from: Some(commit),
        mint: Mint::Recipe,
        numbers: Numbers::GiveBack { main: &main, fork: &before },
        reformat: false,
    };
    correct(reader, &request)
}

/// The missions that have no number in a commit, for messages.
pub fn unsettled(reader: &Reader<'_>, commit: &Oid) -> Result<Vec<MissionDir>, OpError> {
    let tree = reader.tree(commit)?;
    let open = tree
        .files
        .into_iter()
        .filter(|(_, file)| file.meta().is_some_and(|meta| meta.number().settled().is_none()));
    Ok(open.map(|(dir, _)| dir).collect())
}
