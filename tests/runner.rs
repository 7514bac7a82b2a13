//! The one integration binary; every test file of this directory is a module of it.

mod merge_meta;
mod merge_meta_laws;
mod merge_support;
//! The one integration binary. Each module is one file beside this one.
//! The integration tests, one binary: one program to link, and one harness that all of them share.

mod files;
mod install;
mod support;
