//! pre-commit and pre-merge-commit in every way that git commits: what HEAD, index and work tree hold afterwards.
//!
//! [`fixture`] makes repositories with one mission, `matrix` commits in every mode and `elsewhere` in every
//! kind of repository, the others hold one rule a test.

mod elsewhere;
mod finding;
mod fixture;
mod identity;
mod matrix;
mod merges;
mod places;
mod refusals;
