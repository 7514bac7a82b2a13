//! The integration tests, one binary: one program to link, and one harness that all of them share.

mod files;
mod histories;
mod install;
mod journey;
mod layers;
mod merge_meta;
mod merge_meta_laws;
mod merge_support;
mod settlement;
mod store;
mod support;
