//! Histories of the two matrices. Knows no rule of merging.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use git_mission::merge::Kind as Of;

use super::meta::escaped;
use super::{Flavour, Kind, Merged, Random, run};

/// Marks the type of histories of an `issue-matrix.json`.
pub(crate) struct Issues;
/// Marks the type of histories of an `acceptance-matrix.json`.
pub(crate) struct Acceptance;

/// One edit of a table.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// A field of a row of a section; the row is added if it is not there
    Set(usize, &'static str, &'static str, &'static str),
    /// A field is removed
    Unset(usize, &'static str, &'static str),
    /// A row is removed
    Remove(usize, &'static str),
    /// A key at the top
    Top(&'static str, &'static str),
    /// From here on written otherwise; see [`File::text`]
    Style(usize),
}

const ISSUES: &[&str] = &["12", "34", "567", "none", "8"];
const ISSUE_FIELDS: &[(&str, &[&str])] = &[
    ("verdict", &["\"unknown\"", "\"fixed\"", "\"verified-already-fixed\"", "null"]),
    ("evidence_ref", &["\"\"", "\"abc123\"", "\"é → <link>\""]),
    ("title", &["null", "\"Title\""]),
    ("labels", &["[]", "[\"a\"]", "[\"a\", \"b\"]", "[\"a\", \"c\"]"]),
    ("extra", &["1.10", "12345678901234567890123", "{\"a\": 1}", "{\"a\": 1, \"b\": 2}"]),
];
const CRITERIA: &[&str] = &["AC-001", "AC-002", "FR-001", "FR-010", "é"];
const CRITERION_FIELDS: &[(&str, &[&str])] = &[
    ("pass_fail", &["\"pending\"", "\"pass\"", "\"fail\"", "null"]),
    ("evidence", &["null", "\"tests\"", "\"a\\nb\""]),
    ("description", &["\"TODO: replace with a real acceptance criterion\"", "\"It works\""]),
    ("verified_at", &["null", "\"2026-04-06T05:01:28+00:00\""]),
];
const INVARIANTS: &[&str] = &["NI-1", "NI-2"];
const INVARIANT_FIELDS: &[(&str, &[&str])] = &[
    (
        "result",
        &["\"pending\"", "\"confirmed_absent\"", "\"still_present\"", "\"deferred_to_consolidation\""],
    ),
    ("evidence", &["null", "\"grep found zero matches\""]),
];
const TOP: &[(&str, &[&str])] =
    &[("mission_slug", &["\"a\"", "\"b\""]), ("note", &["null", "[]", "[1]", "\"x\""])];

type Section = (&'static [&'static str], &'static [(&'static str, &'static [&'static str])]);

fn edit(random: &mut Random, sections: &[Section], deletes: bool) -> Edit {
    let section = random.below(sections.len());
    let (rows, fields) = sections[section];
    let row = random.pick(rows);
    let (field, values) = random.pick(fields);
    let removes = if deletes { 6 } else { 0 };
    match random.weighted(&[50, removes, removes, 5, 5]) {
        0 => Edit::Set(section, row, field, random.pick(values)),
        1 => Edit::Unset(section, row, field),
        2 => Edit::Remove(section, row),
        3 => {
            let (key, values) = random.pick(TOP);
            Edit::Top(key, random.pick(values))
        }
        _ => Edit::Style(random.below(8)),
    }
}

fn edits(random: &mut Random, sections: &[Section], flavour: Flavour, most: usize) -> Vec<Edit> {
    (0..random.below(most + 1)).map(|_| edit(random, sections, flavour.deletes())).collect()
}

fn most(flavour: Flavour) -> usize {
    if flavour == Flavour::Close { 8 } else { 3 }
}

type Row = BTreeMap<&'static str, &'static str>;

#[derive(Debug, Default)]
struct File {
    top: BTreeMap<&'static str, &'static str>,
    sections: [BTreeMap<&'static str, Row>; 2],
    style: usize,
}

impl File {
    fn of(edits: &[&[Edit]]) -> Self {
        let mut file = Self::default();
        for edit in edits.iter().copied().flatten() {
            match edit {
                Edit::Set(section, row, field, value) => {
                    file.sections[*section].entry(row).or_default().insert(field, value);
                }
                Edit::Unset(section, row, field) => {
                    if let Some(row) = file.sections[*section].get_mut(row) {
                        row.remove(field);
                    }
                }
                Edit::Remove(section, row) => drop(file.sections[*section].remove(row)),
                Edit::Top(key, value) => drop(file.top.insert(key, value)),
                Edit::Style(style) => file.style = *style,
            }
        }
        file
    }

    /// Written in one of several styles: 1 without spaces, 2 the last row first, 4 with everything escaped.
    fn text(&self, mut section: impl FnMut(&Self, &mut String, &[(&&'static str, &Row)], usize)) -> String {
        let newline = if self.style & 1 == 0 { "\n  " } else { "" };
        let mut out = "{".to_owned();
        for (key, value) in &self.top {
            let _ = write!(out, "{newline}\"{key}\": {value},");
        }
        for (at, rows) in self.sections.iter().enumerate() {
            let mut rows: Vec<_> = rows.iter().collect();
            if self.style & 2 != 0 {
                rows.reverse();
            }
            section(self, &mut out, &rows, at);
        }
        out.truncate(out.trim_end_matches(',').len());
        out.push_str("}\n");
        if self.style & 4 == 0 { out } else { escaped(&out) }
    }
}

fn fields(row: &Row) -> String {
    row.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect::<Vec<_>>().join(", ")
}

impl Kind for Issues {
    type Edit = Edit;

    fn base(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        edits(random, &[(ISSUES, ISSUE_FIELDS)], flavour, 20)
    }

    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        edits(random, &[(ISSUES, ISSUE_FIELDS)], flavour, most(flavour))
    }

    fn text(edits: &[&[Edit]]) -> String {
        File::of(edits).text(|file, out, rows, section| {
            if section > 0 {
                return;
            }
            let rows = rows.iter().map(|(name, row)| {
                // References are spelled in several ways.
                let spelled = match name.parse::<u32>() {
                    Ok(number) if file.style & 1 != 0 => format!("GH-{number}"),
                    Ok(number) if file.style & 2 != 0 => number.to_string(),
                    Ok(number) => format!("#{number}"),
                    Err(_) => (**name).to_owned(),
                };
                format!("\"{spelled}\": {{{}}}", fields(row))
            });
            let rows = rows.collect::<Vec<_>>().join(", ");
            let _ = write!(out, "\"rows\": {{{rows}}}, \"schema_version\": 1,");
        })
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        run(Of::IssueMatrix, base, ours, theirs)
    }
}

impl Kind for Acceptance {
    type Edit = Edit;

    fn base(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        edits(random, &[(CRITERIA, CRITERION_FIELDS), (INVARIANTS, INVARIANT_FIELDS)], flavour, 20)
    }

    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        edits(random, &[(CRITERIA, CRITERION_FIELDS), (INVARIANTS, INVARIANT_FIELDS)], flavour, most(flavour))
    }

    fn text(edits: &[&[Edit]]) -> String {
        File::of(edits).text(|_, out, rows, section| {
            let (name, id) = [("criteria", "criterion_id"), ("negative_invariants", "invariant_id")][section];
            let rows = rows.iter().map(|(key, row)| {
                let more = if row.is_empty() { String::new() } else { format!(", {}", fields(row)) };
                format!("{{\"{id}\": \"{key}\"{more}}}")
            });
            let rows = rows.collect::<Vec<_>>().join(", ");
            let _ = write!(out, "\"{name}\": [{rows}],");
            if section == 0 {
                // Whatever the file says about itself, it is not believed.
                let _ = write!(out, "\"overall_verdict\": \"pass\",");
            }
        })
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        run(Of::AcceptanceMatrix, base, ours, theirs)
    }
}
