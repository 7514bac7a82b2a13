//! Reading a text with conflict markers as two texts. Knows nothing about JSON.

/// The smallest marker that is read; git never writes a smaller one unless told to.
pub(super) const MIN_SIZE: usize = 7;

/// The two texts that a text with markers stands for: every hunk replaced by its first, and by its second half.
#[derive(Debug, PartialEq, Eq)]
pub struct Halves {
    /// With the first halves
    pub first: String,
    /// With the second ones
    pub second: String,
}

/// The two texts that a text with markers of git's usual size, or a larger one, stands for. Labels, and sections that
/// show the ancestor, make no difference to it. `None` if there is no hunk, or one that is not well-formed.
pub fn halves(text: &[u8]) -> Option<Halves> {
    std::str::from_utf8(text).ok().and_then(|text| split(text, MIN_SIZE))
}

enum At {
    Outside,
    First(usize),
    Ancestor(usize),
    Second(usize),
}

/// Splits a text at its hunks, whose markers may each have any size from `min_size`. A section that shows the
/// ancestor (`|||||||`) is left out. `None` if there is no hunk, or if one is not well-formed or is nested.
pub(super) fn split(text: &str, min_size: usize) -> Option<Halves> {
    let mut halves =
        Halves { first: String::with_capacity(text.len()), second: String::with_capacity(text.len()) };
    let mut at = At::Outside;
    let mut hunks = 0;
    for line in text.split_inclusive('\n') {
        at = match (at, marker(line, min_size)) {
            (At::Outside, Some(('<', size))) => {
                hunks += 1;
                At::First(size)
            }
            (At::First(size), Some(('|', found))) if found == size => At::Ancestor(size),
            (At::First(size) | At::Ancestor(size), Some(('=', found))) if found == size => At::Second(size),
            (At::Second(size), Some(('>', found))) if found == size => At::Outside,
            // Another hunk's marker inside a hunk, or one outside of any.
            (_, Some(_)) => return None,
            (At::Outside, None) => {
                halves.first.push_str(line);
                halves.second.push_str(line);
                At::Outside
            }
            (At::First(size), None) => {
                halves.first.push_str(line);
                At::First(size)
            }
            (At::Second(size), None) => {
                halves.second.push_str(line);
                At::Second(size)
            }
            (inside @ At::Ancestor(_), None) => inside,
        };
    }
    (hunks > 0 && matches!(at, At::Outside)).then_some(halves)
}

/// The character and the size of a marker line.
pub(super) fn marker(line: &str, min_size: usize) -> Option<(char, usize)> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let character = line.chars().next().filter(|c| matches!(c, '<' | '|' | '=' | '>'))?;
    let label = line.trim_start_matches(character);
    let size = line.len() - label.len();
    (size >= min_size && (label.is_empty() || label.starts_with(' '))).then_some((character, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let expected = expected.map(|(first, second)| Halves { first: first.into(), second: second.into() });
        assert_eq!(split(text, MIN_SIZE), expected);
    }

    #[test]
    fn hunks_of_any_size_are_two_texts() {
        check("a\n<<<<<<< x\nb\n=======\nc\n>>>>>>> y\nd\n", Some(("a\nb\nd\n", "a\nc\nd\n")));
        check("<<<<<<<<<\nb\n=========\n>>>>>>>>>\n", Some(("b\n", "")));
        check("<<<<<<<\r\nb\r\n||||||| base\r\nx\r\n=======\r\nc\r\n>>>>>>>\r\n", Some(("b\r\n", "c\r\n")));
    }

    #[test]
    fn bytes_are_read_as_the_markers_of_git() {
        let both = |first: &str, second: &str| Halves { first: first.into(), second: second.into() };
        assert_eq!(halves(b"<<<<<<< x\na\n=======\nb\n>>>>>>> y\n"), Some(both("a\n", "b\n")));
        assert_eq!(halves(b"<<<<<<< x\n\xff\n=======\nb\n>>>>>>> y\n"), None);
        assert_eq!(halves(b"a\n"), None);
    }

    #[test]
    fn broken_or_nested_hunks_are_not_read() {
        check("a\n", None);
        check("<<<<<<< x\nb\n=======\nc\n", None);
        check("<<<<<<< x\nb\n>>>>>>> y\n", None);
        check("<<<<<<< x\n<<<<<<<<< y\na\n=========\nb\n>>>>>>>>>\n=======\nc\n>>>>>>> y\n", None);
        check("a\n=======\nb\n", None);
        // The markers of one hunk are of one size, and of that at least.
        check("<<<<<<<<\nb\n=======\nc\n>>>>>>>>\n", None);
        check("<<<<<<<\nb\n=======\nc\n>>>>>>>>\n", None);
        check("<<<<<<<\nb\n||||||||\nx\n=======\nc\n>>>>>>>\n", None);
        check("<<<<<<\nb\n======\nc\n>>>>>>\n", None);
        check("<<<<<<<b\n=======\nc\n>>>>>>>\n", None);
    }
}
