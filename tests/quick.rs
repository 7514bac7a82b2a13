//! x
mod server;
mod support;
mod threats;
