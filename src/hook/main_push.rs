//! pre-push of main: what it would add that may not get there stops it, with the command that gets out.
//!
//! Main is recognized by the name on the other side, whatever is pushed to it. The judgement is
//! [`crate::op::admit`]'s; here it gets its words.

use std::fmt::Write as _;

use super::Report;
use super::pre_push::PushedRef;
use super::report::in_one_line;
use crate::env::key;
use crate::git::{Config, GitError, Repo};
use crate::mission::breach::Breach;
use crate::op::admit::{self, Push, Verdict, WayOut};
use crate::op::branch::Standing;
use crate::op::shell::quoted;

const HEADS: &str = "refs/heads/";
/// How many findings are shown.
const SHOWN: usize = 10;

/// Judges every pushed ref that is main on the other side. An error of ours stops nothing.
pub(super) fn judge(repo: &Repo, remote: &str, pushed: &[PushedRef], report: &mut Report) {
    if let Err(error) = try_judge(repo, remote, pushed, report) {
        report.warn(
            format!("the push to main was not checked: {}", in_one_line(&error)),
            Some("git mission doctor"),
        );
    }
}

fn try_judge(repo: &Repo, remote: &str, pushed: &[PushedRef], report: &mut Report) -> Result<(), GitError> {
    if pushed.iter().all(|pushed| pushed.local.is_none()) {
        return Ok(());
    }
    let config = repo.config()?;
    let standing = Standing::find(repo, &config)?;
    let Some(main) = standing.main.clone() else { return Ok(()) };
    for pushed in pushed {
        let Some(head) =
            pushed.local.as_ref().filter(|_| is_main(&config, &main, remote, &pushed.remote_ref))
        else {
            continue;
        };
        let to_authority = is_authority(&config, &standing, remote, &pushed.remote_ref);
        let verdict = admit::judge(repo, &standing, Push { head, old: pushed.old.as_ref(), to_authority })?;
        let pulls = verdict.behind && (to_authority || standing.published.is_none());
        let out = way_out(&config, &standing, &main, remote, pushed, (&verdict, pulls));
        tell(&config, &verdict.breaches, &out, report);
    }
    Ok(())
}

/// Whether a ref of the other side is main: by its name, or because main follows it there.
fn is_main(config: &Config, main: &str, remote: &str, remote_ref: &str) -> bool {
    let follows = |name: &str| config.get(&format!("branch.{main}.{name}"));
    remote_ref.strip_prefix(HEADS) == Some(main)
        || (follows("remote") == Some(remote) && follows("merge") == Some(remote_ref))
}

/// Whether what is pushed to is what the published main is read from. A remote may be named by its URL.
fn is_authority(config: &Config, standing: &Standing, remote: &str, remote_ref: &str) -> bool {
    let Some((name, _)) = &standing.published else { return false };
    let Some(branch) = remote_ref.strip_prefix(HEADS) else { return false };
    let is_it = |remote: &str| *name == format!("refs/remotes/{remote}/{branch}");
    let same_url = |known: &String| config.get(&format!("remote.{known}.url")) == Some(remote);
    is_it(remote) || remotes(config).iter().filter(|known| same_url(known)).any(|known| is_it(known))
}

fn tell(config: &Config, breaches: &[Breach], out: &str, report: &mut Report) {
    let says = |key: &str, word: &str| config.get(key).is_some_and(|value| value.eq_ignore_ascii_case(word));
    let only_warn = says(key::PRE_PUSH, "warn");
    let (warned, refused): (Vec<&Breach>, Vec<&Breach>) = breaches.iter().partition(|breach| {
        only_warn || (says(key::SETTLE, "off") && matches!(breach, Breach::NumberUnsettled { .. }))
    });
    for (found, refuse) in [(warned, false), (refused, true)] {
        for (at, breach) in found.iter().take(SHOWN).enumerate() {
            let last = at + 1 == found.len().min(SHOWN);
            let mut text = format!("{}: {breach}", breach.code());
            if last && found.len() > SHOWN {
                // Writing to a String cannot fail.
                let _ = write!(text, "; and {} more", found.len() - SHOWN);
            }
            if last && refuse {
                text.push_str("; nothing was pushed");
            }
            let hint = Some(out).filter(|_| last);
            if refuse {
                report.refuse(text, hint);
            } else {
                report.warn(text, hint);
            }
        }
    }
}

/// The command that gets out.
fn way_out(
    config: &Config,
    standing: &Standing,
    main: &str,
    remote: &str,
    pushed: &PushedRef,
    (verdict, pulls): (&Verdict, bool),
) -> String {
    let mut steps = Vec::new();
    if !standing.on_main() {
        steps.push(format!("git switch {}", quoted(main)));
    }
    // What is pushed to main has to be on main before it can be settled.
    let is_tip = pushed.local_ref == format!("{HEADS}{main}")
        || (standing.on_main() && pushed.local.as_ref() == standing.head.tip());
    if pulls {
        steps.push(pull(config, main, remote, &pushed.remote_ref));
    } else {
        steps.extend(fetch(config, main, remote));
    }
    if !is_tip && let Some(head) = &pushed.local {
        let name = pushed.local_ref.strip_prefix(HEADS).unwrap_or(head.as_str());
        steps.push(format!("git merge {}", quoted(name)));
    }
    match &verdict.way_out {
        WayOut::Settle { repair: false } => steps.push("git mission settle --commit".to_owned()),
        WayOut::Settle { repair: true } => steps.push("git mission settle --commit --repair".to_owned()),
        WayOut::Mend(dirs) => {
            let path = dirs.first().map_or_else(String::new, |dir| format!("{dir}/meta.json"));
            return format!(
                "in {path} set `mission_number` to null and remove a `mission_id` that is no id, then: \
                 git commit -- {}",
                quoted(&path)
            );
        }
    }
    steps.join(" && ")
}

/// Fetching, if there is anywhere to fetch from.
fn fetch(config: &Config, main: &str, remote: &str) -> Option<String> {
    let remotes = remotes(config);
    let known = |name: &str| remotes.iter().any(|known| known == name);
    let followed = config.get(&format!("branch.{main}.remote"));
    if followed.is_some_and(known) || known("origin") {
        return Some("git fetch".to_owned());
    }
    known(remote).then(|| format!("git fetch {}", quoted(remote)))
}

/// Pulling main from where it was pushed to, however this user's git is set up.
fn pull(config: &Config, main: &str, remote: &str, remote_ref: &str) -> String {
    let set = |name: &str| config.get(name).is_some();
    let mut text = "git pull".to_owned();
    if !(set("pull.rebase") || set("pull.ff") || set(&format!("branch.{main}.rebase"))) {
        text.push_str(" --no-rebase");
    }
    if config.get(&format!("branch.{main}.remote")) != Some(remote) {
        let _ = write!(
            text,
            " {} {}",
            quoted(remote),
            quoted(remote_ref.strip_prefix(HEADS).unwrap_or(remote_ref))
        );
    }
    text
}

fn remotes(config: &Config) -> Vec<String> {
    config
        .with_prefix("remote.")
        .filter_map(|(key, _)| key.strip_prefix("remote.")?.strip_suffix(".url").map(str::to_owned))
        .collect()
}
