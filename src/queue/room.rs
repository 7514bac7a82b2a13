//! Rows with large contents keep their size: `SQLite` changes a record of the same size in place, and writes one of
//! another size anew with all the pages of its content.
//!
//! What the changeable columns of such a row do not take up is in its column `room`. A row without room (small, or of
//! another program) is as right, and is written anew. Knows nothing about what the columns mean.

/// Bytes of content from which on a row has room.
const LARGE: usize = 16 << 10;
/// Bytes of it: for a lease, a wait, and the longest words that are kept of an error.
const BYTES: usize = 640;

/// The room of a new row whose content has so many bytes, an SQL expression of that.
pub(super) fn of_new(size: &str) -> String {
    format!("CASE WHEN {size} >= {LARGE} THEN zeroblob({BYTES}) END")
}

/// A column that changes, and what it is set to.
#[derive(Clone, Copy)]
pub(super) enum Change<'a> {
    /// A text
    Text(&'static str, &'a str),
    /// Seconds
    Real(&'static str, &'a str),
    /// A small number
    Count(&'static str, &'a str),
}

impl Change<'_> {
    /// Bytes that a value takes up in a record, beyond what null does; a fraction is supposed of seconds.
    fn sizes(self) -> [String; 2] {
        let [old, new] = match self {
            Self::Text(old, new) | Self::Real(old, new) | Self::Count(old, new) => [old, new],
        };
        [old, new].map(|value| match self {
            // The length of a longer text takes two bytes.
            Self::Text(..) => format!("ifnull(octet_length({value}) + (octet_length({value}) > 57), 0)"),
            Self::Real(..) => format!("8 * (ifnull({value}, 0) <> 0)"),
            // Nought and one are part of the type.
            Self::Count(..) => format!("({value} > 1)"),
        })
    }
}

/// The list of assignments of an UPDATE that makes these changes, with what keeps the size.
pub(super) fn set(changes: &[Change<'_>]) -> String {
    let mut list: Vec<String> = Vec::new();
    let mut sizes = String::new();
    for change in changes {
        let (Change::Text(column, value) | Change::Real(column, value) | Change::Count(column, value)) =
            change;
        list.push(format!("{column} = {value}"));
        let [old, new] = change.sizes();
        sizes = format!("{sizes} + {old} - {new}");
    }
    // The length of the room itself takes two bytes.
    list.push(format!("room = CASE WHEN room IS NOT NULL THEN zeroblob(max(58, length(room){sizes})) END"));
    list.join(", ")
}

/// The assignments that take hold of a row, or let it go.
pub(super) fn lease(owner: &str, until: &str) -> String {
    set(&[Change::Text("lease_owner", owner), Change::Real("lease_until", until)])
}
