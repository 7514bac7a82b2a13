//! Where a history begins, noted for the commits that follow: git looks at all of it to find that out.
//!
//! INVARIANT: an answer is the one that git gives. A commit with one parent has the roots of its parent; over anything else
//! (a merge, a history that was cut off or grafted, a commit far from the one that was noted) there is none, and git is asked.

use super::{Oid, Repo};
use crate::env::{self, place};

/// What a note begins with. One of another form says nothing.
const FORM: &str = "2 ";
/// Bytes of a note, at most.
const LONGEST: u64 = 256;
/// So many commits are looked at before git is asked.
const FARTHEST: usize = 64;

impl Repo {
    /// The smallest id among the roots of a history, if it goes on from the noted commit in one line.
    pub(super) fn noted_root(&self, commit: &Oid) -> Option<Oid> {
        if self.is_cut() {
            return None;
        }
        let note = place::read(&self.common_dir().join(place::HOME).join(place::ROOT), LONGEST)?;
        let (noted, root) = note.strip_prefix(FORM)?.strip_suffix('\n')?.split_once(' ')?;
        let (noted, root) = (Oid::parse(noted)?, Oid::parse(root)?);
        let mut at = commit.clone();
        for _ in 0..FARTHEST {
            if at == noted {
                return Some(root);
            }
            at = self.objects.commit_header(&at).filter(|commit| commit.is_no_merge)?.first_parent?;
        }
        None
    }

    /// Notes it. A note that cannot be written costs time later, nothing else.
    pub(super) fn note_root(&self, commit: &Oid, root: &Oid) {
        let home = self.common_dir().join(place::HOME);
        // Only where something of ours is.
        if home.is_dir() && !self.is_cut() {
            place::replace(&home.join(place::ROOT), format!("{FORM}{commit} {root}\n").as_bytes());
        }
    }

    /// Whether git takes commits for others than they are, or takes some for roots, as it may not do tomorrow.
    fn is_cut(&self) -> bool {
        let is_told =
            [env::GIT_GRAFT_FILE, env::GIT_SHALLOW_FILE].iter().any(|name| env::var(name).is_some());
        is_told || self.is_shallow() || self.common_dir().join("info/grafts").exists()
    }
}
