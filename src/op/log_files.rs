//! Three logs as the event-log driver reads them. Logs are long and what is new in them is short, so what all of them
//! begin with goes straight to the result, unless it has to be looked at again; where much follows it, every line that more
//! than one of them holds is kept once. Knows nothing about rows.

use std::fs::{File, Permissions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::OpError;
use super::log_parts::LogParts;
use crate::merge::Sides;
use crate::merge::event_log::{Beginning, Rest, common};

/// Bytes that are compared at a time. Memory that is touched for the first time costs more than a few more reads.
const BLOCK: usize = 1 << 13;

/// Bytes of a block that are kept for the next one, mostly: a row and the beginning of another.
const LEFT_OVER: usize = 1 << 12;

/// How many bytes may follow the shared beginning, in all three together, before lines are compared one by one.
const MUCH: usize = 16 << 20;

/// The three files, of which nothing was read.
#[derive(Debug)]
pub(super) struct LogFiles<'p> {
    paths: &'p Sides<PathBuf>,
    files: Sides<File>,
    /// Of ours: its length in bytes, its permissions, and whether it is a regular file
    bytes: usize,
    permissions: Permissions,
    is_file: bool,
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
    /// Whether its end was met
    ended: bool,
}

impl Source<'_> {
    /// Adds the next block to `text`, or as much of it as there is.
    fn block(&mut self, text: &mut Vec<u8>) -> Result<(), OpError> {
        if !self.ended {
            let read = (&self.file).take(BLOCK as u64).read_to_end(text).map_err(OpError::file(self.path))?;
            self.ended = read < BLOCK;
        }
        Ok(())
    }

    /// How many bytes follow so many, if not all of them were read.
    fn follows(&self, bytes: usize) -> Result<usize, OpError> {
        if self.ended {
            return Ok(0);
        }
        let all = self.file.metadata().map_err(OpError::file(self.path))?.len();
        Ok(usize::try_from(all).unwrap_or(usize::MAX).saturating_sub(bytes))
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

impl<'p> LogFiles<'p> {
    /// Opens them.
    pub(super) fn open(paths: &'p Sides<PathBuf>) -> Result<Self, OpError> {
        let files = paths.as_ref().try_map(|_, path| File::open(path).map_err(OpError::file(path)))?;
        let metadata = files.ours.metadata().map_err(OpError::file(&paths.ours))?;
        let bytes = usize::try_from(metadata.len()).unwrap_or(0);
        Ok(Self { paths, files, bytes, permissions: metadata.permissions(), is_file: metadata.is_file() })
    }

    /// The permissions of our file.
    pub(super) fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Whether all can be read again.
    pub(super) fn can_be_read_again(&self) -> Result<bool, OpError> {
        let Sides { base, theirs, .. } = &self.files;
        let is_file = |file: &File, path: &Path| {
            file.metadata().map(|metadata| metadata.is_file()).map_err(OpError::file(path))
        };
        Ok(self.is_file && is_file(base, &self.paths.base)? && is_file(theirs, &self.paths.theirs)?)
    }

    /// The whole texts.
    pub(super) fn whole(self) -> Result<Sides<Vec<u8>>, OpError> {
        let Sides { base, ours, theirs } = self.files;
        let all = |mut file: File, path: &Path| {
            let mut text = Vec::new();
            file.read_to_end(&mut text).map(|_| text).map_err(OpError::file(path))
        };
        let Sides { base: base_path, ours: ours_path, theirs: theirs_path } = self.paths;
        Ok(Sides {
            base: all(base, base_path)?,
            ours: all(ours, ours_path)?,
            theirs: all(theirs, theirs_path)?,
        })
    }

    /// Reads them. The rows at the beginning that all share and that stand as they are go into `result`, which is at a path,
    /// and are not kept; without it they are. `None` if one that belongs between them follows.
    pub(super) fn read(self, mut result: Option<(&mut File, &Path)>) -> Result<Option<LogTexts>, OpError> {
        let Self { paths, files, bytes, .. } = self;
        let source = |file, path| Source { file, path, ended: false };
        let mut base_source = source(files.base, &*paths.base);
        let mut ours_source = source(files.ours, &*paths.ours);
        let mut theirs_source = source(files.theirs, &*paths.theirs);
        // Room that is never filled costs nothing. No more is read than is kept: what is given back may stay with us.
        let room = if result.is_some() { LEFT_OVER } else { bytes };
        let mut ours = Vec::with_capacity(room.saturating_add(BLOCK));
        // One block of the others after the other is held in the same place.
        let mut block = Vec::with_capacity(BLOCK);
        let mut beginning = Beginning::default();
        let mut from = 0;
        let (equal, base, theirs) = loop {
            ours_source.block(&mut ours)?;
            base_source.block(&mut block)?;
            let begun = begun_alike(&ours[from..], &block);
            // Only what of the base is not as ours is copied.
            let other = block.split_off(begun);
            block.clear();
            theirs_source.block(&mut block)?;
            let equal = begun.min(begun_alike(&ours[from..], &block));
            if equal < BLOCK {
                let base = [&ours[from + equal..from + begun], &other].concat();
                break (from + equal, base, block.split_off(equal));
            }
            block.clear();
            from += BLOCK;
            if let Some((file, path)) = &mut result {
                let written = beginning.end();
                beginning.look(&ours[..from]);
                file.write_all(&ours[written..beginning.end()]).map_err(OpError::file(*path))?;
                if beginning.is_out_of_order() {
                    return Ok(None);
                }
                let gone = beginning.give_up();
                ours.drain(..gone);
                from -= gone;
            }
        };
        let shared = ours[..equal].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        if let Some((file, path)) = &mut result {
            let written = beginning.end();
            beginning.look(&ours[..shared]);
            file.write_all(&ours[written..beginning.end()]).map_err(OpError::file(*path))?;
        }
        let before = beginning.bytes() - beginning.end() + shared;
        let shared = (beginning.end(), shared);
        let follows = [&base_source, &ours_source, &theirs_source].map(|source| source.follows(before));
        if follows.into_iter().sum::<Result<usize, _>>()? > MUCH
            && let Some(parts) = LogParts::read(paths, before)?
        {
            ours.truncate(shared.1);
            return Ok(Some(LogTexts { ours, shared, beginning, following: Following::Parts(parts) }));
        }
        ours_source.finish(&mut ours)?;
        let begun = &ours[shared.1..equal];
        let rest = |read: Vec<u8>, mut source: Source<'_>| {
            let mut text = [begun, read.as_slice()].concat();
            source.finish(&mut text).map(|()| text)
        };
        let following =
            Following::Texts { base: rest(base, base_source)?, theirs: rest(theirs, theirs_source)? };
        Ok(Some(LogTexts { ours, shared, beginning, following }))
    }
}

impl LogTexts {
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
}

/// How many bytes of a block are those of the text.
fn begun_alike(text: &[u8], block: &[u8]) -> usize {
    if text.starts_with(block) { block.len() } else { common(text, block) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let path = directory.path().join("result");
        let mut result = File::create(&path).expect("a file");
        for (result, standing) in [(None, 0), (Some((&mut result, &*path)), standing)] {
            let read = LogFiles::open(&files).and_then(|files| files.read(result)).expect("readable");
            let read = read.expect("in order");
            assert_eq!(read.beginning().bytes(), standing);
            assert_eq!(read.shared(), &base.as_bytes()[standing..shared]);
            let Rest::Texts(rest) = read.rest() else { panic!("short texts stay whole") };
            assert_eq!(rest, texts.map(|text| &text.as_bytes()[shared..]));
            assert_eq!(std::fs::read(&path).expect("a file"), &ours.as_bytes()[..standing]);
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

    /// A text's length in blocks and a few bytes before or behind that, and what follows.
    fn ending() -> impl Strategy<Value = (usize, usize, String)> {
        let few = prop_oneof![Just(40_usize), 0..80_usize];
        (0..5_usize, few, prop_oneof![Just(String::new()), "[\\n{}a]{0,3}", "x{8180,8200}\\n?"])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        /// What is written, what is shared and what is left of each are the texts, wherever blocks and texts end.
        #[test]
        fn nothing_is_lost_between_blocks(
            rows in prop::collection::vec(prop_oneof![0..300_usize, 0..9_000_usize], 0..40),
            ends in [ending(), ending(), ending()],
            in_parts in any::<bool>(),
        ) {
            let row = |(at, more)| format!("{{\"at\": \"{at:04}\", \"event_id\": \"{at:04}{}\"}}\n", "0".repeat(more));
            let all: String = rows.into_iter().enumerate().map(row).collect();
            let texts = ends.map(|(blocks, few, more)| {
                let length = (blocks * BLOCK + few).saturating_sub(40).min(all.len());
                all[..length].to_owned() + &more
            });
            let [base, ours, theirs] = texts.each_ref().map(String::as_str);
            let directory = tempfile::tempdir().expect("a directory");
            let files = written(directory.path(), &Sides { base, ours, theirs });
            let path = directory.path().join("result");
            let mut result = File::create(&path).expect("a file");
            let read = LogFiles::open(&files)
                .and_then(|files| files.read(in_parts.then_some((&mut result, &*path))))
                .expect("readable")
                .expect("in order");
            let begun = [std::fs::read(&path).expect("a file").as_slice(), read.shared()].concat();
            let Rest::Texts(rest) = read.rest() else { panic!("short texts stay whole") };
            let whole = rest.map(|rest| String::from_utf8([begun.as_slice(), rest].concat()).expect("text"));
            let texts = Sides { base, ours, theirs }.map(str::to_owned);
            prop_assert!(whole == texts, "not the texts");
            let alike = base.bytes().zip(ours.bytes()).zip(theirs.bytes());
            let alike = alike.take_while(|((base, ours), theirs)| base == ours && ours == theirs).count();
            prop_assert_eq!(begun.len(), ours[..alike].rfind('\n').map_or(0, |newline| newline + 1));
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
    fn a_missing_file_is_named() {
        let files =
            Sides { base: "/nowhere/base", ours: "/dev/null", theirs: "/dev/null" }.map(PathBuf::from);
        let error = LogFiles::open(&files).expect_err("not there");
        assert!(error.to_string().contains("/nowhere/base"), "{error}");
    }
}
