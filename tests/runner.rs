//! The integration tests, one binary: one program to link. Each module is one file beside this one.

mod files;
mod install;
mod merge_meta;
mod merge_meta_laws;
mod merge_support;
mod support;
