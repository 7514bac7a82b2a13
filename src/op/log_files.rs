//! Three logs as the event-log driver reads them. Logs are long and what is new in them is short, so what all of them
//! begin with is not kept, unless it has to be looked at again; where much follows it, every line that more than one of them
//! holds is kept once. Knows nothing about rows.

use std::fs::{File, Permissions};
use std::io::{self, Read, Seek as _};
use std::path::{Path, PathBuf};

use super::OpError;
use super::log_parts::LogParts;
use crate::merge::Sides;
use crate::merge::event_log::{Beginning, Rest, common};

/// Bytes that are compared at a time. Memory that is touched for the first time costs more than a few more reads.
const BLOCK: usize = 1 << 13;

/// More bytes than these are copied by the kernel.
const LONG: u64 = 1 << 18;

/// How many bytes may follow the shared beginning, in all three together, before lines are compared one by one.
const MUCH: usize = 16 << 20;

/// Whether what all begin with is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Only what does not stand as it is
    Rest,
    /// All of it
    All,
}

/// The three texts in two parts.
#[derive(Debug)]
pub(super) struct LogTexts {
    /// What of ours is kept; where lines were compared one by one, only what all begin with
    ours: Vec<u8>,
    /// What all begin with, in whole lines: where the kept part of it begins in `ours`, and where it ends
    shared: (usize, usize),
    /// The rows that stand as they are and were not kept
    beginning: Beginning,
    following: Following,
    /// Ours, to be copied from
    file: File,
    /// Those of our file
    permissions: Permissions,
}

/// What follows what all begin with.
#[derive(Debug)]
enum Following {
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
    pub(super) fn read(files: &Sides<PathBuf>, keep: Keep) -> Result<Self, OpError> {
        Self::read_with(files, keep, MUCH)
    }

    fn read_with(paths: &Sides<PathBuf>, keep: Keep, much: usize) -> Result<Self, OpError> {
        let sources = paths.as_ref().try_map(|_, path| Source::open(path))?;
        let Sides { base: mut base_source, ours: mut ours_source, theirs: mut theirs_source } = sources;
        let bytes = base_source.bytes.saturating_add(ours_source.bytes).saturating_add(theirs_source.bytes);
        // Room that is never filled costs nothing. No more is read than is kept: what is given back may stay with us.
        let room = if keep == Keep::All { ours_source.bytes } else { BLOCK };
        let mut ours = Vec::with_capacity(room.saturating_add(2 * BLOCK));
        // One block of the others after the other is held in the same place.
        let mut block = Vec::with_capacity(BLOCK);
        let mut beginning = Beginning::default();
        let mut from = 0;
        let (equal, base, theirs) = loop {
            ours_source.block(&mut ours)?;
            base_source.block(&mut block)?;
            let begun = begun_alike(&ours[from..], &block);
            let base = if begun < BLOCK { block.clone() } else { Vec::new() };
            block.clear();
            theirs_source.block(&mut block)?;
            let equal = begun.min(begun_alike(&ours[from..], &block));
            if equal < BLOCK {
                // A base that is as ours to the end of the block was not kept.
                let base = if begun < BLOCK { &base[equal..] } else { &ours[from + equal..from + BLOCK] };
                break (from + equal, base.to_vec(), block.split_off(equal));
            }
            block.clear();
            from += BLOCK;
            if keep == Keep::Rest {
                beginning.look(&ours[..from]);
                let gone = beginning.give_up();
                ours.drain(..gone);
                from -= gone;
            }
        };
        let shared = ours[..equal].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        if keep == Keep::Rest {
            beginning.look(&ours[..shared]);
        }
        let before = beginning.bytes() - beginning.end() + shared;
        let shared = (beginning.end(), shared);
        let file = &ours_source.file;
        if bytes.saturating_sub(3 * before) > much {
            ours.truncate(shared.1);
            let Some(parts) = LogParts::read(paths, before)? else {
                return Self::read_with(paths, keep, usize::MAX);
            };
            let file = file.try_clone().map_err(OpError::file(&paths.ours))?;
            let following = Following::Parts(parts);
            return Ok(Self {
                ours,
                shared,
                beginning,
                following,
                file,
                permissions: ours_source.permissions,
            });
        }
        ours_source.finish(&mut ours)?;
        let begun = &ours[shared.1..equal];
        let rest = |read: Vec<u8>, mut source: Source<'_>| {
            let mut text = [begun, read.as_slice()].concat();
            source.finish(&mut text).map(|()| text)
        };
        let following =
            Following::Texts { base: rest(base, base_source)?, theirs: rest(theirs, theirs_source)? };
        let Source { file, permissions, .. } = ours_source;
        Ok(Self { ours, shared, beginning, following, file, permissions })
    }

    /// The permissions of our file.
    pub(super) fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// The rows that all begin with and that stand as they are; none where everything is kept.
    pub(super) fn beginning(&self) -> &Beginning {
        &self.beginning
    }

    /// What all hold behind them, in whole lines.
    pub(super) fn shared(&self) -> &[u8] {
        &self.ours[self.shared.0..self.shared.1]
    }

    /// The texts that follow it, or the lines of all three.
    pub(super) fn rest(&self) -> Rest<'_> {
        match &self.following {
            Following::Texts { base, theirs } => {
                Rest::Texts(Sides { base, ours: &self.ours[self.shared.1..], theirs })
            }
            Following::Parts(parts) => Rest::Parts(parts.parts()),
        }
    }

    /// Writes the rows that were not kept.
    pub(super) fn copy_beginning(&self, into: &mut File) -> io::Result<()> {
        let bytes = self.beginning.bytes() as u64;
        let mut file = &self.file;
        if bytes > 0 {
            file.rewind()?;
            let mut rows = file.take(bytes);
            // The kernel copies faster by itself, but takes time to begin.
            let copied = if bytes > LONG {
                io::copy(&mut rows, into)?
            } else {
                io::copy(&mut (&mut rows as &mut dyn Read), into)?
            };
            if copied < bytes {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "it became shorter while it was merged",
                ));
            }
        }
        Ok(())
    }
}

/// How many bytes of a block are those of the text.
fn begun_alike(text: &[u8], block: &[u8]) -> usize {
    if text.starts_with(block) { block.len() } else { common(text, block) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(directory: &Path, texts: &Sides<&str>) -> Sides<PathBuf> {
        let files = Sides { base: "base", ours: "ours", theirs: "theirs" }.map(|name| directory.join(name));
        for (path, text) in
            [(&files.base, texts.base), (&files.ours, texts.ours), (&files.theirs, texts.theirs)]
        {
            std::fs::write(path, text).expect("a file");
        }
        files
    }

    /// `shared` bytes are shared, of which the rows in the first `standing` bytes need not be kept.
    #[track_caller]
    fn check_standing(base: &str, ours: &str, theirs: &str, shared: usize, standing: usize) {
        let directory = tempfile::tempdir().expect("a directory");
        let texts = Sides { base, ours, theirs };
        let files = written(directory.path(), &texts);
        for (keep, standing) in [(Keep::All, 0), (Keep::Rest, standing)] {
            let read = LogTexts::read(&files, keep).expect("readable");
            assert_eq!(read.beginning().bytes(), standing, "{keep:?}");
            assert_eq!(read.shared(), &base.as_bytes()[standing..shared], "{keep:?}");
            let Rest::Texts(rest) = read.rest() else { panic!("short texts stay whole") };
            assert_eq!(rest, texts.map(|text| &text.as_bytes()[shared..]), "{keep:?}");
            let copy = directory.path().join("copy");
            let mut into = File::create(&copy).expect("a file");
            read.copy_beginning(&mut into).expect("copied");
            assert_eq!(std::fs::read(&copy).expect("a file"), &ours.as_bytes()[..standing], "{keep:?}");
        }
    }

    #[track_caller]
    fn check(base: &str, ours: &str, theirs: &str, shared: usize) {
        check_standing(base, ours, theirs, shared, 0);
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
    fn rows_that_stand_are_not_kept() {
        let row = |at: usize| format!("{{\"at\": \"{at:07}\", \"event_id\": \"{at:0200}\"}}\n");
        // Shorter and longer than a block, and ending at the end of one.
        let length = row(1).len();
        for rows in [1, 2, BLOCK / length, BLOCK / length + 1, 3 * BLOCK / length, 400] {
            let base: String = (1..=rows).map(row).collect();
            let (ours, theirs) = (format!("{base}{}", row(rows + 1)), format!("{base}{}", row(rows + 2)));
            check_standing(&base, &ours, &theirs, base.len(), base.len());
            check_standing(&base, &base, &theirs, base.len(), base.len());
            check_standing(&base, &ours, &base, base.len(), base.len());
            check_standing(&base, &base, &base, base.len(), base.len());
            // Half a row is shared as well.
            let cut = base.len() - length / 2;
            check_standing(&base[..cut], &ours, &theirs, base.len() - length, base.len() - length);
            // A row that is not in order, and what follows it, has to be looked at.
            let odd = |text: &str| format!("{text}{}{}", row(rows), row(rows + 7));
            let shared = base.len() + 2 * length;
            check_standing(&odd(&base), &odd(&base), &odd(&base), shared, base.len());
        }
    }

    #[test]
    fn a_row_may_be_longer_than_a_block_and_end_with_one() {
        for length in [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 5] {
            let row = |at: &str| format!("{{\"at\": \"{at}{}\"}}\n", "0".repeat(length - 12));
            let base = row("1") + &row("2");
            assert_eq!(base.len(), 2 * length);
            check_standing(&base, &(base.clone() + "{}\n"), &base, base.len(), base.len());
        }
    }

    #[test]
    fn a_file_that_became_shorter_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let files = written(directory.path(), &Sides { base: "{}\n", ours: "{}\n", theirs: "{}\n" });
        let read = LogTexts::read(&files, Keep::Rest).expect("readable");
        std::fs::write(&files.ours, "{").expect("shorter");
        let mut into = File::create(directory.path().join("copy")).expect("a file");
        let error = read.copy_beginning(&mut into).expect_err("not all there");
        assert!(error.to_string().contains("shorter"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let files =
            Sides { base: "/nowhere/base", ours: "/dev/null", theirs: "/dev/null" }.map(PathBuf::from);
        let error = LogTexts::read(&files, Keep::Rest).expect_err("not there");
        assert!(error.to_string().contains("/nowhere/base"), "{error}");
    }
}
