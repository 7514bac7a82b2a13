//! Feeds `laws::slug_and_path`.
#![no_main]

#[path = "../laws.rs"]
#[allow(dead_code, reason = "each target feeds one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::slug_and_path(data));
