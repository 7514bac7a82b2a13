//! Long logs taken apart into the lines that one, two or all versions hold, so that no line is kept twice. Knows
//! nothing about rows: lines are compared byte by byte.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::OpError;
use crate::merge::Sides;
use crate::merge::event_log::Part;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 16;

/// The lines, by who holds them.
#[derive(Debug, Default)]
pub(super) struct LogParts {
    texts: [Vec<u8>; 8],
}

impl LogParts {
    /// Reads three files from the byte `from` on. `None` if a line is no row at first sight (markers: then the order
    /// of lines says something), or if lines cannot be told apart by their hashes.
    pub(super) fn read(files: &Sides<PathBuf>, from: usize) -> Result<Option<Self>, OpError> {
        let mut known = Known::default();
        for (bit, path) in by_bit(files) {
            if !known.learn(bit, path, from).map_err(OpError::file(path))? {
                return Ok(None);
            }
        }
        let mut parts = Self::default();
        let mut places = HashMap::new();
        for (bit, path) in by_bit(files) {
            if !parts.add(&known, &mut places, bit, path, from).map_err(OpError::file(path))? {
                return Ok(None);
            }
        }
        Ok(Some(parts))
    }

    /// The lines of one file that are not there yet. `false` if a line is not the one that has its hash.
    fn add(
        &mut self,
        known: &Known,
        places: &mut HashMap<u64, usize>,
        bit: usize,
        path: &Path,
        from: usize,
    ) -> io::Result<bool> {
        each_line(path, from, |line| {
            let hash = hash_of(line);
            let held = known.holders(hash);
            if held == bit {
                self.texts[held].extend_from_slice(line);
                self.texts[held].push(b'\n');
                return true;
            }
            let text = &mut self.texts[held];
            if let Some(place) = places.get(&hash) {
                return text[*place..].strip_prefix(line).is_some_and(|rest| rest.starts_with(b"\n"));
            }
            places.insert(hash, text.len());
            text.extend_from_slice(line);
            text.push(b'\n');
            true
        })
    }

    /// The parts that hold anything.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        let held = |bits: usize| Sides { base: bits & 1 != 0, ours: bits & 2 != 0, theirs: bits & 4 != 0 };
        let texts = self.texts.iter().enumerate().filter(|(_, text)| !text.is_empty());
        texts.map(|(bits, text)| Part { text, held: held(bits) }).collect()
    }
}

fn by_bit(files: &Sides<PathBuf>) -> [(usize, &Path); 3] {
    [(2, &files.ours), (4, &files.theirs), (1, &files.base)]
}

/// The hashes of the lines, and who holds them.
#[derive(Debug, Default)]
struct Known {
    /// Sorted by hash
    holders: Vec<(u64, u8)>,
}

impl Known {
    /// Adds the lines of one file. `false` if one is no row at first sight.
    fn learn(&mut self, bit: usize, path: &Path, from: usize) -> io::Result<bool> {
        let bit = u8::try_from(bit).unwrap_or_default();
        let all_rows = each_line(path, from, |line| {
            self.holders.push((hash_of(line), bit));
            line.first().is_none_or(|first| *first == b'{')
        })?;
        self.holders.sort_unstable();
        self.holders.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 |= if same { next.1 } else { 0 };
            same
        });
        Ok(all_rows)
    }

    fn holders(&self, hash: u64) -> usize {
        let found = self.holders.binary_search_by_key(&hash, |(hash, _)| *hash);
        found.map_or(0, |at| usize::from(self.holders[at].1))
    }
}

fn hash_of(line: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(line);
    hasher.finish()
}

/// Calls `act` with every line, without its newline, until it says `false`; returns whether it never did.
fn each_line(path: &Path, from: usize, mut act: impl FnMut(&[u8]) -> bool) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from as u64))?;
    let mut reader = BufReader::with_capacity(BLOCK, file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        if !act(line.strip_suffix(b"\n").unwrap_or(&line)) {
            return Ok(false);
        }
        line.clear();
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(base: &str, ours: &str, theirs: &str, from: usize) -> Option<Vec<(String, String)>> {
        let directory = tempfile::tempdir().expect("a directory");
        let files =
            Sides { base: "base", ours: "ours", theirs: "theirs" }.map(|name| directory.path().join(name));
        for (path, text) in [(&files.base, base), (&files.ours, ours), (&files.theirs, theirs)] {
            std::fs::write(path, text).expect("a file");
        }
        let parts = LogParts::read(&files, from).expect("readable")?;
        let name = |held: Sides<bool>| {
            [(held.base, 'b'), (held.ours, 'o'), (held.theirs, 't')]
                .into_iter()
                .filter_map(|(held, letter)| held.then_some(letter))
                .collect()
        };
        let text = |part: Part<'_>| String::from_utf8_lossy(part.text).into_owned();
        Some(parts.parts().into_iter().map(|part| (name(part.held), text(part))).collect())
    }

    #[test]
    fn every_line_is_kept_once_with_its_holders() {
        let parts =
            read("xx\n{1}\n{2}\n{3}", "xx\n{1}\n{4}\n{3}\n{5}\n{1}\n", "xx\n{5}\n{1}\n{2}\n{6}\n\n", 3);
        let expected = [
            ("o", "{4}\n"),
            ("bo", "{3}\n"),
            ("t", "{6}\n\n"),
            ("bt", "{2}\n"),
            ("ot", "{5}\n"),
            ("bot", "{1}\n"),
        ];
        let expected = expected.map(|(held, text)| (held.to_owned(), text.to_owned()));
        assert_eq!(parts.as_deref(), Some(expected.as_slice()));
    }

    #[test]
    fn markers_are_not_taken_apart() {
        assert_eq!(read("", "{}\n<<<<<<< ours\n", "{}\n", 0), None);
        assert_eq!(read("=======\n", "{}\n", "{}\n", 0), None);
        assert_eq!(read("", "", "", 0), Some(Vec::new()));
    }
}
