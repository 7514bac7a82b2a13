//! The integration tests, one binary: one program to link, and one harness that all of them share.

mod files;
mod install;
mod support;
