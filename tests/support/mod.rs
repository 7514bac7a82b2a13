//! The hermetic harness: every installed git, a world of its own for each test, repositories in it.
//!
//! A test body runs once for every git version and sees nothing of the machine's user: no home directory, no
//! configuration, no `GIT_DIR` of a hook in which the tests may themselves be running. Dates are counted, not
//! read from the clock, so that commit ids are the same on every run.
//!
//! ```ignore
//! each_git(|git| {
//!     let world = World::new(git);
//!     let repo = world.init("repo");
//!     repo.write("kitty-specs/a/meta.json", "{}\n");
//!     repo.ok(&["add", "."]);
//!     repo.ok(&["commit", "-m", "one"]);
//!     assert_eq!(repo.status(), "");
//! });
//! ```
//!
//! Knows nothing about missions, hooks or drivers.

mod corpus;
mod git;
mod listener;
mod output;
mod repo;
mod world;

pub(crate) use corpus::corpus;
pub(crate) use git::{Git, any_git, each_git, gits, variable};
pub(crate) use listener::{Listener, Request};
pub(crate) use output::Output;
pub(crate) use repo::Repo;
pub(crate) use world::World;
