//! `git mission resolve`: what a merge left open, with real clones, merges and rebases.

mod files;
mod fixture;
mod missions;
