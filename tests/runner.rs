//! The integration tests, one binary: one program to link, and one harness that all of them share.

mod files;
mod install;
mod journey;
mod layers;
mod merge_event_log;
mod merge_event_log_laws;
mod merge_histories;
mod merge_laws_at_scale;
mod merge_meta;
mod merge_meta_laws;
mod merge_support;
mod merge_witness;
mod store;
mod support;
