//! What the tests of all merge drivers share: cases as directories, the corpus, and texts with hunks seen from
//! outside. Knows nothing about any one kind of file and names nothing of the crate's merging.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The three texts of one case and, where there is one, the expected or recorded result.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) base: Vec<u8>,
    pub(crate) ours: Vec<u8>,
    pub(crate) theirs: Vec<u8>,
    pub(crate) result: Option<Vec<u8>>,
}

/// The directories under `tests/cases/<kind>/<group>`. A missing base is an empty one.
pub(crate) fn cases(kind: &str, group: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(kind).join(group);
    read_all(&root, "expected")
}

/// The real divergences of one kind, if they are there: in `../shared/corpus` beside the crate, or where
/// `GIT_MISSION_CORPUS` says.
pub(crate) fn corpus(kind: &str) -> Option<Vec<Case>> {
    crate::support::corpus(&format!("merge/{kind}")).map(|root| read_all(&root, "recorded"))
}

fn read_all(root: &Path, result: &str) -> Vec<Case> {
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut directories: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    directories.sort();
    let read = |directory: &Path, name: &str| {
        fs::read(directory.join(name))
            .unwrap_or_else(|error| panic!("{}/{name}: {error}", directory.display()))
    };
    directories
        .iter()
        .map(|directory| Case {
            name: directory.file_name().expect("a name").to_string_lossy().into_owned(),
            base: fs::read(directory.join("base")).unwrap_or_default(),
            ours: read(directory, "ours"),
            theirs: read(directory, "theirs"),
            result: fs::read(directory.join(result)).ok(),
        })
        .collect()
}

/// Runs a merge driver: base, ours, theirs to the text and whether it is clean.
pub(crate) type Driver = fn(&[u8], &[u8], &[u8]) -> Result<(String, bool), String>;

/// All cases under `working` must work, and none under `failing`.
#[track_caller]
pub(crate) fn check_cases(kind: &str, driver: Driver, least: usize) {
    let working = cases(kind, "working");
    assert!(working.len() >= least, "only {} cases", working.len());
    for case in &working {
        assert!(case.result.is_some(), "{}: no expected result", case.name);
        if let Some(fault) = fault(case, driver) {
            panic!("{}: {fault}", case.name);
        }
    }
    for case in cases(kind, "failing") {
        assert!(fault(&case, driver).is_some(), "{} works now: move it to `working`", case.name);
    }
}

/// What is wrong with a case, if anything is.
fn fault(case: &Case, driver: Driver) -> Option<String> {
    let expected = String::from_utf8_lossy(case.result.as_deref()?).into_owned();
    let (text, clean) = match driver(&case.base, &case.ours, &case.theirs) {
        Ok(merged) => merged,
        Err(refusal) => return Some(refusal),
    };
    if text != expected {
        return Some(format!("expected\n{expected}found\n{text}"));
    }
    if clean == expected.contains("<<<<<<<") {
        return Some(format!("clean: {clean}"));
    }
    // A disagreement that came in with its own order of halves keeps it.
    let came_in =
        [&case.base, &case.ours, &case.theirs].iter().any(|text| text.windows(7).any(|w| w == b"<<<<<<<"));
    match driver(&case.base, &case.theirs, &case.ours) {
        Ok((swapped, _)) if came_in || swapped == mirrored(&text) => None,
        Ok((swapped, _)) => Some(format!("with the sides swapped\n{swapped}")),
        Err(refusal) => Some(format!("with the sides swapped: {refusal}")),
    }
}

/// A text in pieces: lines outside of hunks, and hunks.
pub(crate) enum Piece {
    Lines(String),
    Hunk { first: String, second: String },
}

/// Takes a text apart at markers of 7 with the default labels.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut lines = text.split_inclusive('\n');
    let mut plain = String::new();
    while let Some(line) = lines.next() {
        if line != "<<<<<<< ours\n" {
            plain.push_str(line);
            continue;
        }
        pieces.push(Piece::Lines(std::mem::take(&mut plain)));
        let first = lines.by_ref().take_while(|line| *line != "=======\n").collect();
        let second = lines.by_ref().take_while(|line| *line != ">>>>>>> theirs\n").collect();
        pieces.push(Piece::Hunk { first, second });
    }
    pieces.push(Piece::Lines(plain));
    pieces
}

/// The text with the halves of every hunk exchanged.
pub(crate) fn mirrored(text: &str) -> String {
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Lines(lines) => out.push_str(&lines),
            Piece::Hunk { first, second } => {
                out.push_str("<<<<<<< ours\n");
                out.push_str(&second);
                out.push_str("=======\n");
                out.push_str(&first);
                out.push_str(">>>>>>> theirs\n");
            }
        }
    }
    out
}

/// The text with one half taken of every hunk: of the n-th the first where `first(n)` says so.
pub(crate) fn resolved(text: &str, first: impl Fn(usize) -> bool) -> String {
    let mut hunk = 0;
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Lines(lines) => lines,
            Piece::Hunk { first: a, second: b } => {
                hunk += 1;
                if first(hunk - 1) { a } else { b }
            }
        })
        .collect()
}

/// The lines of three texts, by who holds them: 1 base, 2 ours, 4 theirs, and their sums.
pub(crate) fn lines_by_holder(base: &str, ours: &str, theirs: &str) -> [String; 8] {
    let mut parts: [String; 8] = Default::default();
    let mut seen = BTreeSet::new();
    for line in [base, ours, theirs].iter().flat_map(|text| text.split_terminator('\n')) {
        let holds = |text: &str| usize::from(text.split_terminator('\n').any(|other| other == line));
        if seen.insert(line) {
            let part = &mut parts[holds(base) + 2 * holds(ours) + 4 * holds(theirs)];
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

/// At most so many hunks are resolved in every way.
const HUNKS: u32 = 6;

/// The text resolved in every way, one half of each hunk (hunks from the seventh on as the first ones), `Err` where
/// `valid` refuses one.
pub(crate) fn check_every_resolution(
    text: &str,
    valid: impl Fn(&str) -> Result<(), String>,
) -> Result<(), String> {
    let hunks = pieces(text).iter().filter(|piece| matches!(piece, Piece::Hunk { .. })).count();
    let ways = 1_u32 << HUNKS.min(u32::try_from(hunks).unwrap_or(HUNKS));
    for way in 0..ways {
        let resolution = resolved(text, |hunk| way >> (hunk % HUNKS as usize) & 1 == 0);
        valid(&resolution).map_err(|error| format!("way {way:b} of {hunks} hunks: {error}\n{text}"))?;
    }
    Ok(())
}
