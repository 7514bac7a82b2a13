//! The integration tests, one binary: one program to link, and one harness that all of them share.

mod commit_modes;
mod corpus;
mod doctor;
mod driver_corpus;
mod events;
mod files;
mod handles;
mod install;
mod journey;
mod layers;
mod merge_event_log;
mod merge_event_log_laws;
mod merge_meta;
mod merge_meta_laws;
mod merge_support;
mod merging;
mod merging_faults;
mod merging_support;
mod migrate;
mod settlement;
mod store;
mod support;
