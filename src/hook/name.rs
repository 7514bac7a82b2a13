//! The hooks that git knows and we answer to.

use std::fmt;

/// A hook of git's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookName {
    /// Before a commit is made from the index; may change the index, may refuse.
    PreCommit,
    /// Before a merge is committed; may refuse.
    PreMergeCommit,
    /// After a commit.
    PostCommit,
    /// After a merge or a fast-forward.
    PostMerge,
    /// After commits were rewritten.
    PostRewrite,
    /// Before refs are pushed; may refuse.
    PrePush,
    /// On the server, before any pushed ref is updated; may refuse all of them.
    PreReceive,
    /// On the server, before one ref is updated; may refuse it.
    Update,
}

impl HookName {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::PreCommit,
        Self::PreMergeCommit,
        Self::PostCommit,
        Self::PostMerge,
        Self::PostRewrite,
        Self::PrePush,
        Self::PreReceive,
        Self::Update,
    ];

    /// The name of the hook's file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PostCommit => "post-commit",
            Self::PostMerge => "post-merge",
            Self::PostRewrite => "post-rewrite",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
            Self::Update => "update",
        }
    }

    /// The hook of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.as_str() == text)
    }

    /// Whether git tells it something on its stdin; the others may have a terminal or nothing at all there.
    pub const fn reads_stdin(self) -> bool {
        matches!(self, Self::PrePush | Self::PostRewrite | Self::PreReceive)
    }

    /// Whether git heeds the exit status.
    pub const fn may_refuse(self) -> bool {
        matches!(
            self,
            Self::PreCommit | Self::PreMergeCommit | Self::PrePush | Self::PreReceive | Self::Update
        )
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
