//! Every exit code. They are relied on from outside.

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: done.
    Done,
    /// 1: the answer is no: a finding, a violation, a conflict is left.
    No,
    /// 2: wrong usage.
    Usage,
    /// 3: the environment is in the way, or an internal error.
    Environment,
    /// 75: deferred, try later.
    Deferred,
    /// 77: not logged in, or refused.
    Refused,
    /// What a chained hook returned.
    Chained(u8),
}

impl ExitStatus {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Deferred => 75,
            Self::Refused => 77,
            Self::Chained(code) => code,
        }
    }
}

/// How a merge driver ended: a table of its own, because git gives the numbers their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverStatus {
    /// 0: merged.
    Merged,
    /// 1: a conflict; the file holds markers.
    Conflict,
    /// 255: broken. git stops the merge and leaves the tree alone. Never 101, which git would take for a conflict.
    Broken,
}

impl DriverStatus {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Merged => 0,
            Self::Conflict => 1,
            Self::Broken => 255,
        }
    }
}
