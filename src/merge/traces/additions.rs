//! The additions of two sides at one place, as one.
//!
//! An addition is a chain of units: sections, dated entries, paragraphs, list items, single lines. A unit that ranks
//! lower than one before it, or ranks the same and reads smaller, belongs under it: the text under its heading, and
//! also a chapter that its author put after a later one. So a chain is an outline, and two outlines are laid over each
//! other: what both have once, the rest in order. That is a union of sets: the order of merging says nothing, merging
//! again changes nothing, and every side finds its units in its own order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::merge::Sides;

/// Outlines are not nested deeper.
const DEEPEST: usize = 128;

/// What a unit is; a later one ranks higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Rank {
    /// A line of a paragraph that is there already
    Loose,
    Item,
    Paragraph,
    /// A paragraph or line that begins with a date
    Dated,
    /// The heading of a section, with its importance: 5 for `#`, 0 for `######`
    Heading(usize),
}

/// A unit without the blank lines around it.
type Key<'a> = (Rank, Vec<&'a str>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit<'a> {
    /// Blank lines before it
    lead: usize,
    key: Key<'a>,
}

/// A passage: units, and the blank lines after the last one.
#[derive(Debug, PartialEq, Eq)]
struct Passage<'a> {
    units: Vec<Unit<'a>>,
    tail: usize,
}

/// The lines of both passages that were added after the line `after` (`None` at the beginning of a text), where the
/// base has `blank` blank lines. `None` if a unit would stand twice, or if what comes out would not be seen as the
/// same units again.
pub(super) fn union<'a>(
    after: Option<&str>,
    blank: usize,
    ours: &[&'a str],
    theirs: &[&'a str],
) -> Option<Vec<&'a str>> {
    let (ours, theirs) = (Passage::read(after, ours), Passage::read(after, theirs));
    let mut outline = Outline::default();
    outline.add(&ours.units, 0)?;
    outline.add(&theirs.units, 0)?;
    let mut units = Vec::with_capacity(ours.units.len() + theirs.units.len());
    outline.into_units(&mut units);
    if stand_more_often(&units, &ours.units, &theirs.units) {
        return None;
    }
    let tail = tail(Sides { base: blank, ours: ours.tail, theirs: theirs.tail });
    let passage = Passage { units, tail }.spaced(after);
    let lines = passage.lines();
    (Passage::read(after, &lines) == passage).then_some(lines)
}

fn tail(Sides { base, ours, theirs }: Sides<usize>) -> usize {
    if base == ours {
        theirs
    } else if base == theirs {
        ours
    } else {
        ours.max(theirs)
    }
}

/// Whether a unit stands more often than on either side. Under another heading the same words are other words.
fn stand_more_often(units: &[Unit<'_>], ours: &[Unit<'_>], theirs: &[Unit<'_>]) -> bool {
    type Place<'u> = (Option<&'u Key<'u>>, &'u Key<'u>);
    fn count<'u>(units: &'u [Unit<'_>]) -> BTreeMap<Place<'u>, usize> {
        let mut count = BTreeMap::new();
        let mut above: Vec<&Key<'_>> = Vec::new();
        for Unit { key, .. } in units {
            while above.last().is_some_and(|unit| unit.0 <= key.0) {
                above.pop();
            }
            *count.entry((above.last().copied(), key)).or_default() += 1;
            above.push(key);
        }
        count
    }
    let (ours, theirs) = (count(ours), count(theirs));
    let most = |place: &Place<'_>| ours.get(place).max(theirs.get(place)).copied().unwrap_or(0);
    count(units).into_iter().any(|(place, times)| times > most(&place))
}

/// Units by their order, each with what belongs under it.
#[derive(Debug, Default)]
struct Outline<'a>(BTreeMap<Key<'a>, (usize, Outline<'a>)>);

impl<'a> Outline<'a> {
    fn add(&mut self, mut chain: &[Unit<'a>], depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        while let [first, rest @ ..] = chain {
            let under = rest.iter().position(|unit| unit.key > first.key).unwrap_or(rest.len());
            let (lead, outline) = match self.0.entry(first.key.clone()) {
                Entry::Vacant(entry) => entry.insert((first.lead, Outline::default())),
                Entry::Occupied(entry) => entry.into_mut(),
            };
            *lead = first.lead.max(*lead);
            outline.add(&rest[..under], depth + 1)?;
            chain = &rest[under..];
        }
        Some(())
    }

    fn into_units(self, units: &mut Vec<Unit<'a>>) {
        for (key, (lead, under)) in self.0 {
            units.push(Unit { lead, key });
            under.into_units(units);
        }
    }
}

impl<'a> Passage<'a> {
    fn read(after: Option<&str>, lines: &[&'a str]) -> Self {
        let mut units: Vec<Unit<'a>> = Vec::new();
        let mut blank = 0;
        let mut fence: Option<&str> = None;
        for line in lines {
            if line.is_empty() && fence.is_none() {
                blank += 1;
                continue;
            }
            let before = units.last();
            let is_apart = blank > 0
                || match before {
                    Some(unit) => matches!(unit.key.0, Rank::Heading(_)),
                    None => after.is_none_or(|line| heading(line).is_some()),
                };
            let is_loose = before.is_none_or(|unit| unit.key.0 == Rank::Loose);
            let goes_on = line.starts_with([' ', '\t']);
            let rank = match begun(line) {
                _ if fence.is_some() || (goes_on && before.is_some()) => None,
                Some(rank) => Some(rank),
                None if is_apart => Some(Rank::Paragraph),
                None if is_loose => Some(Rank::Loose),
                None => None,
            };
            match (rank, units.last_mut()) {
                (None, Some(Unit { key: (_, lines), .. })) => {
                    lines.extend(std::iter::repeat_n("", blank));
                    lines.push(line);
                }
                (rank, _) => {
                    units.push(Unit { lead: blank, key: (rank.unwrap_or(Rank::Loose), vec![line]) });
                }
            }
            blank = 0;
            fence = match (fence, fence_of(line)) {
                (None, opened) => opened,
                (Some(open), Some(closing)) if closing.starts_with(open) => None,
                (open, _) => open,
            };
        }
        Self { units, tail: blank }
    }

    /// Paragraphs stay apart from what is before them now.
    fn spaced(mut self, after: Option<&str>) -> Self {
        let mut under_heading = after.is_none_or(|line| heading(line).is_some());
        for (position, unit) in self.units.iter_mut().enumerate() {
            let begins = position == 0 && after.is_some();
            if unit.key.0 == Rank::Paragraph && !under_heading && !begins {
                unit.lead = unit.lead.max(1);
            }
            under_heading = matches!(unit.key.0, Rank::Heading(_));
        }
        self
    }

    fn lines(&self) -> Vec<&'a str> {
        let mut lines = Vec::new();
        for unit in &self.units {
            lines.extend(std::iter::repeat_n("", unit.lead));
            lines.extend(&unit.key.1);
        }
        lines.extend(std::iter::repeat_n("", self.tail));
        lines
    }
}

/// What begins with this line, wherever it stands.
fn begun(line: &str) -> Option<Rank> {
    if let Some(level) = heading(line) {
        return Some(Rank::Heading(6 - level));
    }
    let is_date = |text: &[u8]| {
        text.len() >= 10
            && text[..10].iter().enumerate().all(|(at, b)| match at {
                4 | 7 => *b == b'-',
                _ => b.is_ascii_digit(),
            })
    };
    if is_date(line.as_bytes()) {
        return Some(Rank::Dated);
    }
    let after_number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_item = ["- ", "* ", "+ "].iter().any(|bullet| line.starts_with(bullet))
        || (after_number.len() < line.len() && [". ", ") "].iter().any(|dot| after_number.starts_with(dot)));
    is_item.then_some(Rank::Item)
}

/// The level of a heading, from 1 to 6.
fn heading(line: &str) -> Option<usize> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && (text.is_empty() || text.starts_with(' '))).then_some(level)
}

/// The characters that open or close a block of code.
fn fence_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    ['`', '~'].iter().find_map(|character| {
        let length = line.len() - line.trim_start_matches(*character).len();
        (length >= 3).then(|| &line[..length])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(after: Option<&str>, blank: usize, ours: &str, theirs: &str, expected: Option<&str>) {
        let lines = |text: &'static str| text.split_terminator('\n').collect::<Vec<_>>();
        let leak = |text: &str| &*Box::leak(text.to_owned().into_boxed_str());
        let (ours, theirs) = (lines(leak(ours)), lines(leak(theirs)));
        for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
            let merged = union(after, blank, ours, theirs);
            let text = merged.map(|lines| lines.iter().flat_map(|line| [*line, "\n"]).collect::<String>());
            assert_eq!(text.as_deref(), expected);
        }
    }

    #[test]
    fn entries_stand_in_the_order_of_their_dates() {
        check(
            Some("---"),
            0,
            "\n2026-04-06 · a · x\n\n2026-04-08 · a · y\n",
            "\n2026-04-07 · b · z\n\nmore of z\n",
            Some("\n2026-04-06 · a · x\n\n2026-04-07 · b · z\n\nmore of z\n\n2026-04-08 · a · y\n"),
        );
    }

    #[test]
    fn a_section_keeps_what_is_under_it() {
        check(
            Some("x"),
            1,
            "\n## B\n- z\n- a\n\n",
            "\n## A\n\n### more\nwords\n\n",
            Some("\n## A\n\n### more\nwords\n\n## B\n- z\n- a\n\n"),
        );
        check(Some("x"), 0, "## S\n- one\n", "## S\n- two\n", Some("## S\n- one\n- two\n"));
    }

    #[test]
    fn what_both_added_stands_once() {
        check(Some("- x"), 0, "- a\n- b\n", "- a\n- c\n", Some("- a\n- b\n- c\n"));
        check(Some("x"), 0, "\nb\n\na\n", "\nb\n", Some("\nb\n\na\n"));
        // One `a` after `b`, and one alone: nobody can tell whether they are one.
        check(Some("x"), 0, "\nb\n\na\n", "\na\n", None);
        check(Some("x"), 0, "## A\n- x\n", "## B\n- x\n", Some("## A\n- x\n## B\n- x\n"));
    }

    #[test]
    fn paragraphs_stay_apart_and_code_stays_together() {
        check(None, 0, "b\n", "a\n", Some("a\n\nb\n"));
        check(Some("# T"), 1, "b\n\n", "a\n\n", Some("a\n\nb\n\n"));
        check(Some("x"), 0, "more\n", "again\n", Some("again\nmore\n"));
        check(
            Some("x"),
            0,
            "\n```\n# no heading\n\n- no item\n```\n",
            "\n## H\n",
            Some("\n```\n# no heading\n\n- no item\n```\n\n## H\n"),
        );
        // A block of code that nobody closes would take in what follows.
        check(Some("x"), 0, "\n```\nopen\n", "\n## H\n", None);
    }

    #[test]
    fn what_goes_on_in_the_next_line_is_one_unit() {
        check(Some("x"), 0, "\nP\nx\n", "\nP\ny\n", Some("\nP\nx\n\nP\ny\n"));
        // Numbers without a dot begin no item, and a dot without a number does not either.
        check(None, 0, "3 b\n", "2 a\n", Some("2 a\n\n3 b\n"));
        check(None, 0, ". b\n", ". a\n", Some(". a\n\n. b\n"));
        check(None, 0, "3. b\n", "2) a\n", Some("2) a\n3. b\n"));
        // A heading has a space after its marks.
        check(None, 0, "#b\n", "#a\n", Some("#a\n\n#b\n"));
        check(None, 0, "#\n- b\n", "#\n- a\n", Some("#\n- a\n- b\n"));
    }

    #[test]
    fn a_chapter_of_any_importance_keeps_what_is_under_it() {
        for (chapter, part) in
            [("#", "##"), ("##", "###"), ("###", "####"), ("####", "#####"), ("#####", "######")]
        {
            let side = |name: &str, under: &str| format!("{chapter} {name}\n{part} {under}\n");
            let (ours, theirs) = (side("A", "z"), side("B", "y"));
            check(Some("x"), 0, &ours, &theirs, Some(&(ours.clone() + &theirs)));
        }
    }

    #[test]
    fn a_fence_is_closed_by_one_that_is_as_long() {
        let code = "\n````\n```\n# no heading\n````\n";
        check(Some("x"), 0, code, "\n# A\n", Some(&format!("{code}\n# A\n")));
    }

    #[test]
    fn deep_outlines_are_left_to_people() {
        let under = |deep: usize| (0..deep).rev().map(|n| format!("- {n:05}\n")).collect::<Vec<_>>().concat();
        check(Some("x"), 0, &under(DEEPEST), "- x\n", Some(&(under(DEEPEST) + "- x\n")));
        check(Some("x"), 0, &under(DEEPEST + 1), "- x\n", None);
        let long = (0..2000).rev().map(|n| format!("- {n:05}\n")).collect::<Vec<_>>().concat();
        check(Some("x"), 0, &long, "- x\n", None);
    }
}
