//! Three logs as the event-log driver reads them. Logs are long and what is new in them is short, so what all of them
//! begin with is kept only once; where much follows it, so is every line that more than one of them holds. Knows
//! nothing about rows.

use std::fs::{File, Permissions};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::OpError;
use super::log_parts::LogParts;
use crate::merge::Sides;
use crate::merge::event_log::common;

/// Bytes that are compared at a time. Memory that is touched for the first time costs more than a few more reads.
const BLOCK: usize = 1 << 13;

/// Texts up to this length, in bytes, are read at once.
const SHORT: usize = 1 << 20;

/// How many bytes may follow the shared beginning, in all three together, before lines are compared one by one.
const MUCH: usize = 16 << 20;

/// The three texts in two parts.
#[derive(Debug)]
pub(super) struct LogTexts {
    /// Ours; where lines were compared one by one, only what all begin with
    ours: Vec<u8>,
    /// How many bytes all begin with, in whole lines
    shared: usize,
    rest: Rest,
    /// Those of our file
    permissions: Permissions,
}

/// What follows what all begin with.
#[derive(Debug)]
pub(super) enum Rest {
    /// The texts of the others
    Texts {
        /// What is left of the base
        base: Vec<u8>,
        /// What is left of theirs
        theirs: Vec<u8>,
    },
    /// The lines of all three, by who holds them
    Parts(LogParts),
}

/// A file that is read block by block.
struct Source<'p> {
    file: File,
    path: &'p Path,
    /// Its length in bytes when it was opened
    bytes: usize,
    permissions: Permissions,
    /// Whether its end was met
    ended: bool,
}

impl<'p> Source<'p> {
    fn open(path: &'p Path) -> Result<Self, OpError> {
        let file = File::open(path).map_err(OpError::file(path))?;
        let metadata = file.metadata().map_err(OpError::file(path))?;
        let bytes = usize::try_from(metadata.len()).unwrap_or(0);
        Ok(Self { file, path, bytes, permissions: metadata.permissions(), ended: false })
    }

    /// Adds the next block to `text`, or as much of it as there is.
    fn block(&mut self, text: &mut Vec<u8>) -> Result<(), OpError> {
        if !self.ended {
            let read = (&self.file).take(BLOCK as u64).read_to_end(text).map_err(OpError::file(self.path))?;
            self.ended = read < BLOCK;
        }
        Ok(())
    }

    /// Adds what was not read yet.
    fn finish(&mut self, text: &mut Vec<u8>) -> Result<(), OpError> {
        if !self.ended {
            self.file.read_to_end(text).map_err(OpError::file(self.path))?;
            self.ended = true;
        }
        Ok(())
    }
}

impl LogTexts {
    /// Reads three files.
    pub(super) fn read(files: &Sides<PathBuf>) -> Result<Self, OpError> {
        Self::read_with(files, MUCH)
    }

    fn read_with(paths: &Sides<PathBuf>, much: usize) -> Result<Self, OpError> {
        let sources = paths.as_ref().try_map(|_, path| Source::open(path))?;
        let Sides { base: mut base_source, ours: mut ours_source, theirs: mut theirs_source } = sources;
        let bytes = base_source.bytes.saturating_add(ours_source.bytes).saturating_add(theirs_source.bytes);
        // Room that is never filled costs nothing. No more is read than is kept: what is given back may stay with us.
        let permissions = ours_source.permissions.clone();
        let mut ours = Vec::with_capacity(ours_source.bytes.saturating_add(BLOCK));
        if ours_source.bytes <= SHORT {
            ours_source.finish(&mut ours)?;
        }
        // One block after the other is held in the same place.
        let mut block = Vec::with_capacity(BLOCK);
        let mut from = 0;
        let (equal, base, theirs) = loop {
            ours_source.block(&mut ours)?;
            base_source.block(&mut block)?;
            let begun = common(&ours[from..], &block);
            let base = if begun < BLOCK { block.clone() } else { Vec::new() };
            block.clear();
            theirs_source.block(&mut block)?;
            let equal = begun.min(common(&ours[from..], &block));
            if equal < BLOCK {
                // A base that is as ours to the end of the block was not kept.
                let base = if begun < BLOCK { &base[equal..] } else { &ours[from + equal..from + BLOCK] };
                break (from + equal, base.to_vec(), block.split_off(equal));
            }
            block.clear();
            from += BLOCK;
        };
        let shared = ours[..equal].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        if bytes.saturating_sub(3 * shared) > much {
            ours.truncate(shared);
            if let Some(parts) = LogParts::read(paths, shared)? {
                return Ok(Self { ours, shared, rest: Rest::Parts(parts), permissions });
            }
            return Self::read_with(paths, usize::MAX);
        }
        ours_source.finish(&mut ours)?;
        let begun = &ours[shared..equal];
        let rest = |read: Vec<u8>, mut source: Source<'_>| {
            let mut text = [begun, read.as_slice()].concat();
            source.finish(&mut text).map(|()| text)
        };
        let rest = Rest::Texts { base: rest(base, base_source)?, theirs: rest(theirs, theirs_source)? };
        Ok(Self { ours, shared, rest, permissions })
    }

    /// The permissions of our file.
    pub(super) fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// What all begin with, in whole lines.
    pub(super) fn shared(&self) -> &[u8] {
        &self.ours[..self.shared]
    }

    /// The texts that follow it, or the lines of all three.
    pub(super) fn rest(&self) -> Result<Sides<&[u8]>, &LogParts> {
        match &self.rest {
            Rest::Texts { base, theirs } => Ok(Sides { base, ours: &self.ours[self.shared..], theirs }),
            Rest::Parts(parts) => Err(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(base: &str, ours: &str, theirs: &str, shared: usize) {
        let directory = tempfile::tempdir().expect("a directory");
        let texts = Sides { base, ours, theirs };
        let files =
            Sides { base: "base", ours: "ours", theirs: "theirs" }.map(|name| directory.path().join(name));
        for (path, text) in [(&files.base, base), (&files.ours, ours), (&files.theirs, theirs)] {
            std::fs::write(path, text).expect("a file");
        }
        let read = LogTexts::read(&files).expect("readable");
        assert_eq!(read.shared(), &base.as_bytes()[..shared]);
        let rest = read.rest().expect("short texts stay whole");
        assert_eq!(rest, texts.map(|text| &text.as_bytes()[shared..]));
    }

    #[test]
    fn whole_lines_are_shared() {
        check("", "", "", 0);
        check("", "a\n", "a\n", 0);
        check("a\nb\n", "a\nb\nc\n", "a\nb\nd\n", 4);
        check("a\nbc", "a\nbd", "a\nbc", 2);
        check("a", "a", "a", 0);
        check("a\n", "a\n", "a\n", 2);
    }

    #[test]
    fn blocks_make_no_difference() {
        let line = format!("{}\n", "x".repeat(BLOCK / 2 + 7));
        for lines in 1..5 {
            let base = line.repeat(lines);
            check(&base, &format!("{base}o"), &format!("{base}t\n"), base.len());
            check(&base, &format!("{base}o\n"), &format!("y{}", &base[1..]), 0);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let files =
            Sides { base: "/nowhere/base", ours: "/dev/null", theirs: "/dev/null" }.map(PathBuf::from);
        let error = LogTexts::read(&files).expect_err("not there");
        assert!(error.to_string().contains("/nowhere/base"), "{error}");
    }
}
