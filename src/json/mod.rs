//! Lossless JSON: what every mission file is read with and written by.
//!
//! Reading keeps every key, every value and the text of every number token; whatever cannot be kept is
//! refused with line and column. Writing has exactly two forms: [`canonical`] (indented, for `meta.json`
//! and other documents) and [`line`] (one ASCII line, for event logs).
//!
//! Knows nothing about missions, files or git. `serde_json` is not used because its `Value` silently
//! changes large integers and long decimals, and keeps the last of two equal keys.

mod over;
mod parse;
mod plain;
mod print;
mod value;

pub use parse::{ErrorKind, JsonError, Limits, parse, parse_object, parse_over};
pub use plain::{plain_ascii_run, plain_run};
pub use print::{canonical, canonical_into, canonical_object, line, line_into, line_object};
pub use value::{Number, Object, Value, object};
