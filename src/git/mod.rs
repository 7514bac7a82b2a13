//! Git: the only place that names `git2` and starts git processes.
//!
//! [`Repo`] is one facade over both. Objects are read through libgit2 where it can open the repository;
//! everything else (index, refs, configuration, attributes), and repositories that libgit2 cannot open
//! (SHA-256, reftable, split or sparse index), goes through git's plumbing. Callers cannot tell which answered.
//!
//! Knows nothing about missions beyond the bytes of a path.

mod attributes;
mod before;
mod cached_trees;
mod commit;
mod commit_header;
mod config;
mod config_file;
mod credential;
mod discover;
mod driver;
mod error;
mod finished;
mod index;
mod index_file;
mod index_reader;
mod merging;
mod objects;
mod oid;
mod packed_refs;
mod packs;
mod place;
mod process;
mod ref_files;
mod refs;
mod replace;
mod repo;
mod root;
mod settings;
mod share;
mod staged;
mod store;
mod strange;
mod text;
mod tree;
mod work_file;

pub use cached_trees::{CachedTree, CachedTrees};
pub use commit::{NewCommit, Signing};
pub use config::{Config, IgnoredValue};
pub use config_file::ConfigEdit;
pub use driver::{DriverAnswer, DriverFiles, run_driver};
pub use error::GitError;
pub use finished::Beside;
pub use index::{IndexAt, IndexEntry, StagedChange};
pub use index_file::{FileEntry, IndexFile};
pub use merging::Stages;
pub use objects::{Entry, Mode};
pub use oid::{Oid, OidHasher, OidHashing, OidMap, OidSet};
pub use refs::Head;
pub use repo::Repo;
pub use staged::KnownDirectories;
pub use text::merge_text;
pub use tree::{Tree, TreeEntry};
