//! The one integration binary; every test file of this directory is a module of it.

mod merge_meta;
mod merge_meta_laws;
mod merge_support;
//! The one integration binary. Each module is one file beside this one.
