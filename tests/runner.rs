//! The integration tests, one binary: one program to link, and one harness that all of them share.

mod corpus;
mod doctor;
mod files;
mod handles;
mod identity;
mod install;
mod layers;
mod merge_meta;
mod merge_meta_laws;
mod merge_support;
mod migrate;
mod store;
mod support;
