//! Three logs: what they begin with, what is new, and the text that comes out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem::take;

use super::alike::Alike;
use super::appended::Appended;
use super::beginning::Beginning;
use super::filter::{Filter, end_of};
use super::group::{Counts, Group, Item, Readings, Report};
use super::read::{Version, rows};
use super::refusal::Refusal;
use super::row::{Identity, Row};
use super::scan::{Raw, scan};
use crate::json::JsonError;
use crate::merge::report::{Conflict, Decision};
use crate::merge::style::ConflictStyle;
use crate::merge::{Side, Sides};

/// The result of a merge. Clean if there are no conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged<'a> {
    shared: &'a [u8],
    lines: Vec<Cow<'a, str>>,
    /// The rows, or the fields of rows, that are left open
    pub conflicts: Vec<Conflict>,
    /// Rows and fields on which the versions differed and that a rule settled
    pub decisions: Vec<Decision>,
    /// How many rows there were
    pub counts: Counts,
}

impl Merged<'_> {
    /// The text in pieces, in order; most of it is borrowed from the versions.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let lines = self.lines.iter().flat_map(|line| [line.as_bytes(), b"\n"]);
        std::iter::once(self.shared).chain(lines)
    }

    /// The text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.pieces().map(<[u8]>::len).sum());
        self.pieces().for_each(|piece| bytes.extend_from_slice(piece));
        bytes
    }
}

/// Merges three logs. An empty base is a log that both sides added.
pub fn merge<'a>(texts: &Sides<&'a [u8]>, style: &ConflictStyle) -> Result<Merged<'a>, Refusal> {
    let length = shared_length(texts);
    match merge_after(&texts.ours[..length], &texts.map(|text| &text[length..]), style) {
        // The shared beginning may end inside a hunk.
        Err(Refusal::Unreadable { .. }) => merge_after(&[], texts, style),
        result => result,
    }
}

/// How many bytes all three texts begin with, in whole lines.
pub fn shared_length(texts: &Sides<&[u8]>) -> usize {
    const BLOCK: usize = 4096;
    let Sides { base, ours, theirs } = *texts;
    let most = base.len().min(ours.len()).min(theirs.len());
    let same =
        |from: usize, to: usize| base[from..to] == ours[from..to] && base[from..to] == theirs[from..to];
    let mut length = 0;
    while length + BLOCK <= most && same(length, length + BLOCK) {
        length += BLOCK;
    }
    while length < most && same(length, length + 1) {
        length += 1;
    }
    ours[..length].iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1)
}

/// As [`merge`], for logs of which the beginning is known to be shared: `shared` holds whole lines, and the texts are
/// what follows them. A caller that compares the files as it reads them has to keep the beginning only once.
pub fn merge_after<'a>(
    shared: &'a [u8],
    texts: &Sides<&'a [u8]>,
    style: &ConflictStyle,
) -> Result<Merged<'a>, Refusal> {
    Log::of_texts(shared, texts)?.finish(shared, style)
}

/// Whole lines, all of them rows, and which of the versions hold them.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The lines
    pub text: &'a [u8],
    /// Whether base, ours and theirs hold them
    pub held: Sides<bool>,
}

/// As [`merge_after`], for versions that were taken apart into the lines that each, two or all of them hold. The order
/// of rows says nothing, so a caller that compares long logs line by line has to keep each line only once.
///
/// Positions in a [`Refusal::Unreadable`] are those in the part, and its side is one that holds it.
pub fn merge_parts<'a>(
    shared: &'a [u8],
    parts: &[Part<'a>],
    style: &ConflictStyle,
) -> Result<Merged<'a>, Refusal> {
    Log::of_parts(parts)?.finish(shared, style)
}

/// What follows the shared beginning.
#[derive(Debug, Clone)]
pub enum Rest<'a> {
    /// In each version
    Texts(Sides<&'a [u8]>),
    /// The same, taken apart
    Parts(Vec<Part<'a>>),
}

/// As [`merge_after`] or [`merge_parts`], where rows at the beginning were looked at and need not be there any more: the text
/// that comes out follows them. `shared` are whole lines that all versions hold behind these rows.
///
/// `None` if something new belongs between these rows, or if there is something that only the whole texts tell.
pub fn merge_behind<'a>(
    beginning: &Beginning,
    shared: &'a [u8],
    rest: &Rest<'a>,
    style: &ConflictStyle,
) -> Option<Merged<'a>> {
    if let Rest::Texts(texts) = rest
        && shared.is_empty()
        && let Some(appended) = Appended::read(beginning, texts)
    {
        return Some(Merged {
            shared,
            counts: Counts {
                kept: beginning.rows(),
                ours: appended.ours,
                theirs: appended.rows.len() - appended.ours,
                ..Counts::default()
            },
            lines: appended.rows.into_iter().map(|row| row.line.into()).collect(),
            conflicts: Vec::new(),
            decisions: Vec::new(),
        });
    }
    let mut log = match rest {
        Rest::Texts(texts) => Log::of_texts(shared, texts),
        Rest::Parts(parts) => Log::of_parts(parts),
    }
    .ok()?;
    log.add_shared(shared, 0).ok()?;
    if !beginning.is_before(log.first.as_ref().map(Row::raw), take(&mut log.marks)) {
        return None;
    }
    log.settled(&[], beginning.rows(), style).ok()
}

fn newlines(text: &[u8]) -> usize {
    text.split(|b| *b == b'\n').skip(1).count()
}

/// All rows that are looked at, by identity.
#[derive(Debug, Default)]
struct Log<'a> {
    groups: Vec<Group<'a>>,
    by_identity: HashMap<Identity<'a>, usize>,
    /// The first of all rows in the order of the result
    first: Option<Row<'a>>,
    /// [`Raw::mark`] of every group's first row
    marks: Vec<u64>,
}

impl<'a> Log<'a> {
    /// The rows of all versions; `shared` is what comes before.
    fn of_texts(shared: &[u8], texts: &Sides<&'a [u8]>) -> Result<Self, Refusal> {
        let versions = texts.try_map(|side, text| {
            Version::read(text).map_err(|error| {
                let line = error.line + newlines(shared);
                Refusal::Unreadable { side, error: JsonError { line, ..error } }
            })
        })?;
        let mut log = Self::default();
        log.add_version(versions.ours, Readings::OURS);
        log.add_version(versions.theirs, Readings::THEIRS);
        log.add_version(versions.base, Readings::BASE);
        Ok(log)
    }

    fn of_parts(parts: &[Part<'a>]) -> Result<Self, Refusal> {
        let mut log = Self::default();
        for part in parts {
            let side = match part.held {
                Sides { ours: true, .. } => Side::Ours,
                Sides { theirs: true, .. } => Side::Theirs,
                _ => Side::Base,
            };
            let readings = Readings::of(part.held);
            for row in rows(part.text) {
                log.add(row.map_err(|error| Refusal::Unreadable { side, error })?, readings);
            }
        }
        Ok(log)
    }

    fn add_version(&mut self, version: Version<'a>, readings: Readings) {
        let first = if version.second.is_some() { readings.first() } else { readings };
        for row in version.first {
            self.add(row, first);
        }
        for row in version.second.into_iter().flatten() {
            self.add(row, readings.second());
        }
    }

    fn add(&mut self, row: Row<'a>, readings: Readings) {
        if self.first.as_ref().is_none_or(|first| row < *first) {
            self.first = Some(row.clone());
        }
        if let Some(at) = self.by_identity.get(&row.identity()) {
            self.groups[*at].add(row, readings);
        } else {
            self.by_identity.insert(row.identity(), self.groups.len());
            self.marks.push(row.raw().mark());
            self.groups.push(Group::new(row, readings));
        }
    }

    /// Adds the rows of the shared beginning that have to be looked at; returns the length of the rest, which stands
    /// as it is, and how many rows it has.
    fn add_unsettled(&mut self, shared: &'a [u8]) -> Result<(usize, usize), Refusal> {
        // What is added can be placed before what stood so far. That ends soon unless ids stand twice.
        const ROUNDS: usize = 4;
        let mut end = shared.len();
        for _ in 0..ROUNDS {
            let (settled, count) = self.settled_length(&shared[..end]);
            if settled == end {
                return Ok((end, count));
            }
            self.add_shared(&shared[..end], settled)?;
            end = settled;
        }
        self.add_shared(&shared[..end], 0)?;
        Ok((0, 0))
    }

    /// Adds the rows of the shared beginning from `from` on.
    fn add_shared(&mut self, shared: &'a [u8], from: usize) -> Result<(), Refusal> {
        let rest = Version::read(&shared[from..]).map_err(|error| {
            let line = error.line + newlines(&shared[..from]);
            Refusal::Unreadable { side: Side::Ours, error: JsonError { line, ..error } }
        })?;
        self.add_version(rest, Readings::ALL);
        Ok(())
    }

    /// Of every row that was added the end of what says which row it is.
    fn ends(&self) -> impl Iterator<Item = u64> {
        self.by_identity.keys().map(|identity| end_of(identity.as_str().as_bytes()))
    }

    /// How much of the shared beginning stands as it is: canonical rows in strict order, before every row that was
    /// added so far, and none of them one that was added. Also how many rows that are.
    fn settled_length(&self, shared: &'a [u8]) -> (usize, usize) {
        let (mut settled, mut count) = (0, 0);
        let first = self.first.as_ref().map(Row::raw);
        let filter = Filter::of(self.ends());
        let mut previous = Raw::default();
        let mut rows = Alike::default();
        while let Some(row) = rows.next(shared) {
            let is_added = || {
                filter.may_hold(end_of(row.identity()))
                    && row.text().is_none_or(|row| self.by_identity.contains_key(&Row::from(row).identity()))
            };
            if previous >= row || first.is_some_and(|first| row >= first) || is_added() {
                break;
            }
            previous = row;
            settled += row.line.len() + 1;
            count += 1;
        }
        (settled, count)
    }

    /// The merge of what was added and of the shared beginning.
    fn finish(mut self, shared: &'a [u8], style: &ConflictStyle) -> Result<Merged<'a>, Refusal> {
        let (settled, rows) = self.add_unsettled(shared)?;
        self.settled(&shared[..settled], rows, style)
    }

    /// The merge of what was added, all of which comes behind the rows of `shared`, which are so many.
    fn settled(self, shared: &'a [u8], rows: usize, style: &ConflictStyle) -> Result<Merged<'a>, Refusal> {
        let (items, report) = self.settle()?;
        let mut counts = report.counts;
        counts.kept += rows;
        Ok(Merged {
            counts,
            shared,
            lines: lines(items, style)?,
            conflicts: report.conflicts,
            decisions: report.decisions,
        })
    }

    fn settle(self) -> Result<(Vec<Item<'a>>, Report), Refusal> {
        let Self { groups, by_identity, .. } = self;
        // Logs are long: what is no longer needed goes before more is made.
        drop(by_identity);
        let mut items = Vec::with_capacity(groups.len());
        let mut report = Report::default();
        for group in groups {
            group.settle(&mut report, &mut items)?;
        }
        // No two have the same place: a line is in one group only.
        items.sort_unstable_by(|a, b| a.place().cmp(&b.place()));
        report.conflicts.sort_by(|a, b| a.path.cmp(&b.path));
        report.decisions.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((items, report))
    }
}

/// Writes the rows in their order; open ones next to each other share a hunk.
fn lines<'a>(items: Vec<Item<'a>>, style: &ConflictStyle) -> Result<Vec<Cow<'a, str>>, Refusal> {
    let mut lines = Vec::with_capacity(items.len());
    let mut open = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Open { ours, theirs } => {
                open.0.extend(ours.map(proven).transpose()?);
                open.1.extend(theirs.map(proven).transpose()?);
            }
            Item::Row(row) => {
                hunk(&mut lines, &mut open, style);
                lines.push(proven(row)?);
            }
        }
    }
    hunk(&mut lines, &mut open, style);
    Ok(lines)
}

/// A line that was not scanned in its text is read again.
fn proven(row: Row<'_>) -> Result<Cow<'_, str>, Refusal> {
    let readable = match &row.line {
        Cow::Borrowed(_) => true,
        Cow::Owned(line) => scan(line.as_bytes()).is_some() || row.members().is_ok(),
    };
    if readable { Ok(row.line) } else { Err(Refusal::Unproven) }
}

fn hunk<'a>(
    lines: &mut Vec<Cow<'a, str>>,
    open: &mut (Vec<Cow<'a, str>>, Vec<Cow<'a, str>>),
    style: &ConflictStyle,
) {
    if open.0.is_empty() && open.1.is_empty() {
        return;
    }
    lines.push(style.open().into());
    lines.append(&mut open.0);
    lines.push(style.middle().into());
    lines.append(&mut open.1);
    lines.push(style.close().into());
}
