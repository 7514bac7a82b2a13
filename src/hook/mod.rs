//! Hooks: what happens when git calls one. A hook is only a wake-up call; each looks at what is there.
//!
//! A hook never prompts and never prints: it returns a [`Report`]. Knows nothing about terminals and arguments
//! beyond what git passes.

mod chain;
mod disturbed;
mod main_branch;
mod main_push;
mod manager;
mod mixed;
mod name;
mod post_commit;
mod pre_commit;
mod pre_push;
mod receive;
mod report;
mod run;
mod shrunk;
mod trace;

pub use name::HookName;
pub use pre_push::{PushedRef, pushed_refs};
pub use report::{Level, Line, Report};
pub use run::{Call, run};
pub use trace::{Trace, traces};
