//! How conflicts are written. Knows nothing about what is in them.

/// The size of git's markers where it says nothing.
const DEFAULT_SIZE: usize = 7;

/// The size and the labels of conflict markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictStyle {
    size: usize,
    ours: String,
    theirs: String,
}

impl ConflictStyle {
    /// Markers of `size` characters (0 counts as 7). A label that is absent or empty is `ours` or `theirs`; of a
    /// label with several lines the first is taken.
    pub fn new(size: usize, ours: Option<&str>, theirs: Option<&str>) -> Self {
        let label = |given: Option<&str>, absent: &str| {
            let line = given.and_then(|text| text.lines().next()).map_or("", str::trim_end);
            if line.is_empty() { absent.to_owned() } else { line.to_owned() }
        };
        Self {
            size: if size == 0 { DEFAULT_SIZE } else { size },
            ours: label(ours, "ours"),
            theirs: label(theirs, "theirs"),
        }
    }

    /// Characters of a marker.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The line that opens a hunk, without its newline.
    pub(super) fn open(&self) -> String {
        self.marker('<', &self.ours)
    }

    /// The line between the halves.
    pub(super) fn middle(&self) -> String {
        self.marker('=', "")
    }

    /// The line that closes a hunk.
    pub(super) fn close(&self) -> String {
        self.marker('>', &self.theirs)
    }

    fn marker(&self, character: char, label: &str) -> String {
        let mut line: String = std::iter::repeat_n(character, self.size).collect();
        if !label.is_empty() {
            line.push(' ');
            line.push_str(label);
        }
        line
    }
}

impl Default for ConflictStyle {
    fn default() -> Self {
        Self::new(DEFAULT_SIZE, None, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_have_a_size_even_if_none_is_given() {
        for (asked, size) in [(0, 7), (1, 1), (7, 7), (32, 32)] {
            let style = ConflictStyle::new(asked, Some(" \n"), Some("a \nb"));
            assert_eq!((style.size(), style.middle()), (size, "=".repeat(size)));
            assert_eq!(style.open(), "<".repeat(size) + " ours");
            assert_eq!(style.close(), ">".repeat(size) + " a");
        }
    }
}
