//! pre-push: main is judged, then what the pushed commits say is delivered; the push itself never fails for the
//! network's sake.

use std::ffi::OsString;

use super::report::in_one_line;
use super::{Report, main_push};
use crate::git::{Oid, Repo};
use crate::sync;

const HEADS: &str = "refs/heads/";

/// One line of what git tells pre-push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRef {
    /// The commit or object that is pushed; `None` for a deletion
    pub local: Option<Oid>,
    /// What was named here: the full name of a ref, or any expression
    pub local_ref: String,
    /// Full name of the ref on the other side
    pub remote_ref: String,
    /// What that ref is there, if it exists
    pub old: Option<Oid>,
}

/// Reads `<local ref> <local id> <remote ref> <remote id>` lines; the ids are 40 or 64 digits, all zeros where there
/// is no object. A local ref may be any expression, but holds no space.
pub fn pushed_refs(stdin: &[u8]) -> Vec<PushedRef> {
    String::from_utf8_lossy(stdin)
        .lines()
        .filter_map(|line| {
            let mut words = line.rsplitn(4, ' ');
            let (old, remote_ref) = (words.next()?, words.next()?);
            let (local, local_ref) = (words.next()?, words.next()?);
            Some(PushedRef {
                local: Oid::parse(local),
                local_ref: local_ref.to_owned(),
                remote_ref: remote_ref.to_owned(),
                old: Oid::parse(old),
            })
        })
        .collect()
}

/// Judges, then delivers what the pushed commits say. `args` are the remote's name and URL.
pub(super) fn pre_push(repo: &Repo, args: &[OsString], stdin: &[u8], report: &mut Report) {
    let pushed = pushed_refs(stdin);
    let remote = args.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    main_push::judge(repo, &remote, &pushed, report);
    if report.stop.is_some() {
        return;
    }
    let pushed: Vec<sync::Pushed> = pushed.into_iter().filter_map(delivered).collect();
    if pushed.is_empty() {
        return;
    }
    // One line, whatever happens: people push often.
    match sync::push(repo, &pushed) {
        Ok(Some(flushed)) if flushed.troubles.is_empty() => report.info(flushed.to_string()),
        Ok(Some(flushed)) => report.warn(flushed.to_string(), None),
        Ok(None) => {}
        Err(error) => {
            let hint = error.login_hint().unwrap_or_else(|| "git mission sync flush".to_owned());
            let error = in_one_line(&error);
            report.warn(format!("nothing was delivered: {error}; it stays queued ({hint})"), None);
        }
    }
}

/// What a pushed ref has to say. A deletion has nothing.
fn delivered(pushed: PushedRef) -> Option<sync::Pushed> {
    Some(sync::Pushed {
        object: pushed.local?,
        branch: Some(pushed.local_ref).filter(|name| name.starts_with(HEADS)),
        remote_ref: pushed.remote_ref,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_kind() {
        let (a, zeros) = ("a".repeat(40), "0".repeat(64));
        let text = format!(
            "refs/heads/main {a} refs/heads/main {zeros}\n(delete) {zeros} refs/heads/x {a}\nHEAD~1 {a} refs/heads/y {a}\n"
        );
        let refs = pushed_refs(text.as_bytes());
        let shown: Vec<(bool, &str)> =
            refs.iter().map(|r| (r.local.is_some(), r.remote_ref.as_str())).collect();
        assert_eq!((refs[0].old.as_ref(), refs[1].old.as_ref().map(Oid::as_str)), (None, Some(a.as_str())));
        assert_eq!(refs[2].local_ref, "HEAD~1");
        assert_eq!(shown, [(true, "refs/heads/main"), (false, "refs/heads/x"), (true, "refs/heads/y")]);
        assert_eq!(pushed_refs(b""), []);
    }
}
