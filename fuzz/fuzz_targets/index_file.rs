//! Feeds `laws::index_file`.
#![no_main]

#[path = "../laws.rs"]
#[allow(dead_code, reason = "each target feeds one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::index_file(data));
