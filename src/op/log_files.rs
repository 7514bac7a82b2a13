//! Three logs as the event-log driver reads them. Logs are long and what is new in them is short, so what all of them
//! begin with is kept only once; where much follows it, so is every line that more than one of them holds. Knows
//! nothing about rows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::OpError;
use super::log_parts::LogParts;
use crate::merge::Sides;

/// Bytes that are compared at a time. Memory that is touched for the first time costs more than a few more reads.
const BLOCK: usize = 1 << 13;

/// How many bytes may follow the shared beginning, in all three together, before lines are compared one by one.
const MUCH: usize = 16 << 20;

/// The three texts in two parts.
#[derive(Debug)]
pub(super) struct LogTexts {
    /// What all begin with, in whole lines
    pub(super) shared: Vec<u8>,
    /// What follows it
    pub(super) rest: Rest,
}

/// What follows the shared beginning.
#[derive(Debug)]
pub(super) enum Rest {
    /// The texts
    Texts(Sides<Vec<u8>>),
    /// Their lines, by who holds them
    Parts(LogParts),
}

impl LogTexts {
    /// Reads three files.
    pub(super) fn read(files: &Sides<PathBuf>) -> Result<Self, OpError> {
        Self::read_with(files, MUCH)
    }

    fn read_with(paths: &Sides<PathBuf>, much: usize) -> Result<Self, OpError> {
        let files = paths.as_ref().map(PathBuf::as_path);
        let open = |path: &Path| -> Result<(BufReader<File>, usize), OpError> {
            let file = File::open(path).map_err(OpError::file(path))?;
            let bytes = file.metadata().map_err(OpError::file(path))?.len();
            Ok((BufReader::with_capacity(BLOCK, file), usize::try_from(bytes).unwrap_or(0)))
        };
        let opened = files.try_map(|_, path| open(path))?;
        let bytes = opened.as_ref().map(|(_, bytes)| *bytes);
        let mut readers = opened.map(|(reader, _)| reader);

        // Room that is never filled costs nothing.
        let mut shared = Vec::with_capacity(bytes.base.min(bytes.ours).min(bytes.theirs));
        read_shared(&mut readers, &mut shared).map_err(|(source, path)| {
            let path = [files.base, files.ours, files.theirs][path].to_owned();
            OpError::File { path, source }
        })?;
        let cut = shared.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let following = (bytes.base + bytes.ours + bytes.theirs).saturating_sub(3 * cut);
        if following > much
            && let Some(parts) = LogParts::read(paths, cut)?
        {
            shared.truncate(cut);
            return Ok(Self { shared, rest: Rest::Parts(parts) });
        }
        let begun = shared.split_off(cut);
        let finish = |mut reader: BufReader<File>, bytes: usize, path: &Path| -> Result<_, OpError> {
            let mut rest = Vec::with_capacity(bytes.saturating_sub(cut));
            rest.extend_from_slice(&begun);
            reader.read_to_end(&mut rest).map_err(OpError::file(path))?;
            Ok(rest)
        };
        let rest = Sides {
            base: finish(readers.base, bytes.base, files.base)?,
            ours: finish(readers.ours, bytes.ours, files.ours)?,
            theirs: finish(readers.theirs, bytes.theirs, files.theirs)?,
        };
        Ok(Self { shared, rest: Rest::Texts(rest) })
    }
}

/// Reads on as long as all three say the same. The error comes with the position of the file: base, ours, theirs.
fn read_shared(readers: &mut Sides<BufReader<File>>, shared: &mut Vec<u8>) -> Result<(), (io::Error, usize)> {
    loop {
        let base = readers.base.fill_buf().map_err(|error| (error, 0))?;
        let ours = readers.ours.fill_buf().map_err(|error| (error, 1))?;
        let theirs = readers.theirs.fill_buf().map_err(|error| (error, 2))?;
        let most = base.len().min(ours.len()).min(theirs.len());
        let equal = if base[..most] == ours[..most] && base[..most] == theirs[..most] {
            most
        } else {
            base.iter().zip(ours).zip(theirs).take_while(|((b, o), t)| b == o && b == t).count()
        };
        shared.extend_from_slice(&base[..equal]);
        readers.base.consume(equal);
        readers.ours.consume(equal);
        readers.theirs.consume(equal);
        if equal < most || most == 0 {
            return Ok(());
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
        assert_eq!(read.shared, &base.as_bytes()[..shared]);
        let Rest::Texts(rest) = read.rest else { panic!("short texts stay whole") };
        assert_eq!(rest, texts.map(|text| text.as_bytes()[shared..].to_vec()));
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
