//! Histories of the files that are merged as texts: notes, reviews and derived files. Knows no rule of merging.

use git_mission::merge::Kind as Of;

use super::{Flavour, Kind, Merged, Random, run};

/// Marks the type of histories of a note.
pub(crate) struct Traces;

/// One edit of a note. Places count lines, modulo as many as there are.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// One more line, or several, before the n-th
    Insert(usize, String),
    /// One more entry at the end, a blank line before it
    Append(String),
    Replace(usize, &'static str),
    Remove(usize),
    /// The last line has no newline from here on, or has one
    Unended(bool),
}

/// Lines that come close to each other.
const CLOSE: &[&str] = &["", "a", "b", "- a", "- b", "# A", "## A", "## B", "2026-04-06 a", "  more", "```"];
/// Without those that make a paragraph of code out of what another side adds after them.
const CLOSE_KEPT: &[&str] =
    &["a", "b", "- a", "- b", "## A", "## B", "2026-04-06 a", "\na", "\n## C\nc", "\n- b\n- c"];
const PEOPLE: &[&str] = &["claude", "codex", "zoë"];
const WORDS: &[&str] = &["slow builds", "a flaky test", "`git` needs a lock", "two tools, one file"];

impl Kind for Traces {
    type Edit = Edit;

    fn base(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        if flavour.is_close() {
            let lines = if flavour.deletes() { CLOSE } else { CLOSE_KEPT };
            return (0..random.below(8)).map(|at| Edit::Insert(at, random.pick(lines).to_owned())).collect();
        }
        let header = "# Tracer: approach\n\nOne entry per finding: `YYYY-MM-DD · actor · <text>`.\n\n---";
        let mut edits = vec![Edit::Insert(0, header.to_owned())];
        edits.extend((0..random.below(6)).map(|_| Edit::Append(entry(random))));
        edits
    }

    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        let most = if flavour.is_close() { 4 } else { 5 };
        let edit = if flavour.is_close() { close } else { real };
        (0..random.below(most + 1)).map(|_| edit(random, flavour.deletes())).collect()
    }

    fn text(edits: &[&[Edit]]) -> String {
        let (mut lines, mut ended): (Vec<String>, bool) = (Vec::new(), true);
        for edit in edits.iter().copied().flatten() {
            match edit {
                Edit::Insert(at, text) => {
                    let at = at % (lines.len() + 1);
                    lines.splice(at..at, text.split('\n').map(str::to_owned));
                }
                Edit::Append(text) => {
                    lines.push(String::new());
                    lines.extend(text.split('\n').map(str::to_owned));
                }
                Edit::Replace(at, text) if !lines.is_empty() => {
                    let at = at % lines.len();
                    (*text).clone_into(&mut lines[at]);
                }
                Edit::Remove(at) if !lines.is_empty() => drop(lines.remove(at % lines.len())),
                Edit::Replace(..) | Edit::Remove(_) => {}
                Edit::Unended(unended) => ended = !unended,
            }
        }
        let mut text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        if !ended && lines.last().is_some_and(|line| !line.is_empty()) {
            text.pop();
        }
        text
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        run(Of::Traces, base, ours, theirs)
    }
}

fn close(random: &mut Random, deletes: bool) -> Edit {
    let change = if deletes { 10 } else { 0 };
    match random.weighted(&[40, 10, change, change, change / 5]) {
        0 => Edit::Insert(random.below(12), random.pick(if deletes { CLOSE } else { CLOSE_KEPT }).to_owned()),
        1 => Edit::Append(random.pick(if deletes { CLOSE } else { CLOSE_KEPT }).trim_start().to_owned()),
        2 => Edit::Replace(random.below(12), random.pick(CLOSE)),
        3 => Edit::Remove(random.below(12)),
        _ => Edit::Unended(random.percent(70)),
    }
}

fn real(random: &mut Random, deletes: bool) -> Edit {
    let change = if deletes { 6 } else { 0 };
    match random.weighted(&[50, 10, 6, change, change, change / 3]) {
        0 => Edit::Append(entry(random)),
        1 => Edit::Append(format!(
            "## {} {}\n\n- {}\n- {}",
            random.pick(PEOPLE),
            random.below(30),
            random.pick(WORDS),
            random.pick(WORDS)
        )),
        2 => Edit::Insert(5, format!("\n{}", entry(random))),
        3 => Edit::Replace(random.below(30), random.pick(WORDS)),
        4 => Edit::Remove(random.below(30)),
        _ => Edit::Unended(random.percent(70)),
    }
}

fn entry(random: &mut Random) -> String {
    let (day, who, words) = (1 + random.below(28), random.pick(PEOPLE), random.pick(WORDS));
    let more = if random.percent(10) { "\n\nIt came back the day after." } else { "" };
    format!("2026-04-{day:02} · {who} · {words}{more}")
}

/// Marks the type of histories of a review.
pub(crate) struct ReviewCycle;

/// A review is written anew.
#[derive(Debug, Clone)]
pub(crate) struct Written(&'static str);

const REVIEWS: &[&str] = &[
    "---\nverdict: approved\n---\n\nFine.\n",
    "---\nverdict: changes_requested\n---\n\nNot yet.\n",
    "---\nverdict: changes_requested\n---\n\nNot yet.",
    "Fine.\n",
    "\n",
];

impl Kind for ReviewCycle {
    type Edit = Written;

    fn base(random: &mut Random, _: Flavour) -> Vec<Written> {
        vec![Written(random.pick(REVIEWS))]
    }

    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Written> {
        if random.percent(if flavour.is_close() { 50 } else { 20 }) {
            vec![Written(random.pick(REVIEWS))]
        } else {
            Vec::new()
        }
    }

    fn text(edits: &[&[Written]]) -> String {
        edits
            .iter()
            .copied()
            .flatten()
            .last()
            .map_or_else(|| "x\n".to_owned(), |Written(text)| (*text).to_owned())
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        run(Of::ReviewCycle, base, ours, theirs)
    }
}

/// Marks the type of histories of a derived file.
pub(crate) struct Derived;

/// What the log had when the file was built.
#[derive(Debug, Clone)]
pub(crate) enum Built {
    /// So many rows more
    Rows(usize),
    /// Other rows, or another way to write it
    Otherwise(usize),
}

impl Kind for Derived {
    type Edit = Built;

    fn base(random: &mut Random, _: Flavour) -> Vec<Built> {
        vec![Built::Rows(random.below(4))]
    }

    fn branch(random: &mut Random, _: Flavour) -> Vec<Built> {
        (0..random.below(3))
            .map(|_| match random.below(2) {
                0 => Built::Rows(random.below(3)),
                _ => Built::Otherwise(random.below(4)),
            })
            .collect()
    }

    fn text(edits: &[&[Built]]) -> String {
        let (mut rows, mut way) = (0, 0);
        for edit in edits.iter().copied().flatten() {
            match edit {
                Built::Rows(more) => rows += more,
                Built::Otherwise(other) => way = *other,
            }
        }
        format!("{{\n  \"event_count\": {rows},\n  \"last_event_id\": \"{way}\"\n}}\n")
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        run(Of::Derived, base, ours, theirs)
    }
}
