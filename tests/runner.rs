//! The one integration binary; every test file of this directory is a module of it.

mod merge_event_log;
mod merge_event_log_laws;
mod merge_meta;
mod merge_meta_laws;
mod merge_support;
