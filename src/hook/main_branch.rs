//! post-merge and post-rewrite on main: what reached it without pre-commit is caught up in one commit.
//!
//! Never when main is simply at what is published: every clone would make a commit of its own.

use super::Report;
use super::report::in_one_line;
use crate::env::key;
use crate::git::{GitError, Oid, Repo};
use crate::op::branch::Standing;
use crate::op::catch_up::{self, Reach, Wanted};
use crate::op::snapshot::Reader;
use crate::op::unfinished;

/// After a merge or a fast-forward: the commit before is `ORIG_HEAD`.
pub(super) fn after_merge(repo: &Repo, report: &mut Report) -> Result<(), GitError> {
    let parent = repo.commit("ORIG_HEAD")?;
    catch_up(repo, report, parent.as_ref())
}

/// After a rebase that has moved main: the commit before is the first parent.
pub(super) fn after_rebase(repo: &Repo, report: &mut Report) -> Result<(), GitError> {
    let parent = repo.commit("HEAD^1")?;
    catch_up(repo, report, parent.as_ref())
}

fn catch_up(repo: &Repo, report: &mut Report, parent: Option<&Oid>) -> Result<(), GitError> {
    unfinished::finish(repo)?;
    let config = repo.config()?;
    let standing = Standing::find(repo, &config)?;
    let (Some(branch), Some(head)) = (standing.head.branch(), standing.head.tip()) else { return Ok(()) };
    if !standing.on_main() {
        return Ok(());
    }
    let mode = config.get(key::SETTLE).unwrap_or("commit").to_ascii_lowercase();
    if mode == "off" || is_published(repo, &standing, head)? {
        return Ok(());
    }
    let reader = Reader::new(repo);
    let published = standing.published_commit();
    let wanted = Wanted { commit: head, published, parent, reach: Reach::Unpublished, repair: false };
    let plan = catch_up::plan(&reader, wanted)?;
    for refusal in &plan.refusals {
        let text = format!("{}/meta.json was left as it is: {}", refusal.dir, refusal.fault);
        report.warn(text, Some("git mission doctor"));
    }
    if plan.rewrites.is_empty() {
        return Ok(());
    }
    if mode == "stage" {
        catch_up::stage(repo, &plan)?;
        report.info("missions were settled and staged");
    } else {
        match catch_up::commit(repo, &config, branch, head, &plan, false) {
            Ok(Some(commit)) => report.info(format!("committed {} on top", &commit.as_str()[..10])),
            Ok(None) => return Ok(()),
            Err(error @ (GitError::Signing(_) | GitError::Moved { .. } | GitError::Locked { .. })) => {
                let text = format!("numbers were not settled: {}", in_one_line(&error));
                report.warn(text, Some("git mission settle --commit"));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    for rewrite in &plan.rewrites {
        let notes: Vec<String> = rewrite.notes.iter().map(ToString::to_string).collect();
        report.info(format!("{}/meta.json: {}", rewrite.dir, notes.join(", ")));
    }
    Ok(())
}

/// Whether main holds nothing that the published main does not.
fn is_published(repo: &Repo, standing: &Standing, head: &Oid) -> Result<bool, GitError> {
    match standing.published_commit() {
        Some(published) => repo.is_ancestor(head, published),
        None => Ok(false),
    }
}
