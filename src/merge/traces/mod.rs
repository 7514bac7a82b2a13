//! The `traces` driver: three Markdown notes become one.
//!
//! Notes grow: by sections, dated entries, list items, paragraphs. Lines that both sides left as they were are the
//! fixed points; between two of them a passage that only one side changed takes that side, and additions of both are
//! both kept, none twice, in an order that says nothing about who came first. A passage of which something was
//! changed or deleted on one side, and that the other side changed too, is open.
//!
//! Knows nothing about what a note is about.

mod additions;
mod align;
mod merge;

pub use merge::merge;
