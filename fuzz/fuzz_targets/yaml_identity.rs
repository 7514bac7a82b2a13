//! Feeds `laws::yaml_identity`.
#![no_main]

#[path = "../laws.rs"]
#[allow(dead_code, reason = "each target feeds one law")]
mod laws;

libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::yaml_identity(data));
