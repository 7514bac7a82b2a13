//! Histories of an event log. Knows no rule of merging.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use git_mission::merge::event_log::merge;
use git_mission::merge::{ConflictStyle, Sides};

use super::meta::escaped;
use super::{Flavour, Kind, Merged, Random};

/// Marks the type of histories of an event log.
pub(crate) struct EventLog;

/// One edit of a log. Rows are told apart by a number, and are made where there is none.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Set(usize, &'static str, &'static str),
    Unset(usize, &'static str),
    Delete(usize),
    /// An event as a tool writes it, the same wherever it has the same number
    Append(usize),
    /// As `Set` and `Delete`, of the n-th row that is there, from the last one
    SetInPlace(usize, &'static str, &'static str),
    DeleteInPlace(usize),
    /// A release adds a field to every row
    AddNull,
    /// A release renames a field in every row
    Rename,
    /// An actor becomes an object
    Enrich(usize),
    /// A row stands once more, as it is
    Duplicate(usize),
    /// An id stands once more, with another content
    Twice(usize),
    /// Two rows change places
    Swap(usize, usize),
    /// From here on written otherwise; see [`Log::text`]
    Style(usize),
}

/// Fields, and values that come close to each other.
const CLOSE: &[(&str, &[&str])] = &[
    ("at", &["\"2026-01-01\"", "\"2026-01-02\"", "\"2026-01-03\"", "null", "7"]),
    ("timestamp", &["\"2026-01-02\"", "\"2026-01-04\""]),
    (
        "actor",
        &[
            "\"claude\"",
            "\"codex\"",
            "{\"tool\":\"claude\"}",
            "{\"role\":\"codex\",\"tool\":\"claude\"}",
            "null",
        ],
    ),
    ("reason", &["null", "\"x\"", "\"é\\n\\u2028\\u007f\"", "\"\\ud83d\\ude00\""]),
    ("to_lane", &["\"done\"", "\"planned\"", "1.10"]),
    ("evidence", &["{}", "{\"a\":1}", "{\"a\":2,\"b\":null}", "{\"b\":[1,2]}", "null"]),
    ("repos", &["[]", "[1]", "[1,3]", "[1,2]"]),
    ("feature_slug", &["\"s\"", "\"t\""]),
    ("mission_slug", &["\"s\"", "\"t\""]),
];
/// In close histories, rows from this on have no id.
const NO_ID: usize = 4;
const CLOSE_ROWS: usize = 5;
/// In real histories, every such row has no id.
const EVERY_NTH_WITHOUT_ID: usize = 17;

const IN_PLACE: &[(&str, &[&str])] = &[
    ("reason", &["\"reviewed\"", "\"naïve first try\"", "null"]),
    ("evidence", &["{\"review\":{\"verdict\":\"approved\"}}", "{\"review\":{\"reference\":\"a\"}}", "null"]),
    ("review_ref", &["\"feedback://1\"", "\"feedback://2\""]),
    ("repos", &["[\"a\"]", "[\"a\",\"b\"]"]),
    ("policy_metadata", &["null", "{}"]),
];
const LANES: &[&str] = &["planned", "claimed", "in_progress", "for_review", "done"];

impl Kind for EventLog {
    type Edit = Edit;

    fn base(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        if flavour.is_close() {
            return (0..random.below(13)).map(|_| close(random, false)).collect();
        }
        let rows = 2 + random.below(7);
        let mut edits: Vec<Edit> = (0..rows).map(|_| Edit::Append(random.below(20_000))).collect();
        if random.percent(20) {
            edits.push(Edit::Rename);
        }
        edits
    }

    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        let most = match flavour {
            Flavour::Close => 8,
            Flavour::CloseKept => 3,
            Flavour::Real | Flavour::RealKept => 5,
        };
        let edits = random.below(most + 1);
        let edit = if flavour.is_close() { close } else { real };
        (0..edits).map(|_| edit(random, flavour.deletes())).collect()
    }

    fn text(edits: &[&[Edit]]) -> String {
        let mut log = Log::default();
        edits.iter().copied().flatten().for_each(|edit| log.apply(edit));
        log.text()
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        let sides = Sides { base, ours, theirs }.map(str::as_bytes);
        let merged = merge(&sides, &ConflictStyle::default()).map_err(|refusal| refusal.to_string())?;
        let text = String::from_utf8(merged.to_bytes()).map_err(|error| error.to_string())?;
        let conflicts = merged.conflicts.into_iter().map(|conflict| conflict.path).collect();
        Ok(Merged { text, conflicts })
    }
}

fn close(random: &mut Random, deletes: bool) -> Edit {
    let (field, values) = random.pick(CLOSE);
    let row = random.below(CLOSE_ROWS);
    let deletion = if deletes { 4 } else { 0 };
    match random.weighted(&[40, deletion, deletion, 1, 1, deletion / 4, 1]) {
        0 => Edit::Set(row, field, random.pick(values)),
        1 => Edit::Unset(row, field),
        2 => Edit::Delete(row),
        3 => Edit::Duplicate(row),
        4 => Edit::Swap(row, random.below(CLOSE_ROWS)),
        5 => Edit::Twice(row),
        _ => Edit::Style(random.below(8)),
    }
}

fn real(random: &mut Random, deletes: bool) -> Edit {
    // What is changed lies among the latest rows, as a rule.
    let row = random.below(6);
    let deletion = if deletes { 3 } else { 0 };
    match random.weighted(&[50, 3, 20, 4, 4, 3, 3, 3, 4, deletion, deletion / 2]) {
        0 => Edit::Append(random.below(20_000)),
        // The same event reaches several branches.
        1 => Edit::Append(random.below(4)),
        2 => {
            let (field, values) = random.pick(IN_PLACE);
            Edit::SetInPlace(row, field, random.pick(values))
        }
        3 => Edit::AddNull,
        4 => Edit::Rename,
        5 => Edit::Enrich(row),
        6 => Edit::Duplicate(row),
        7 => Edit::Swap(row, random.below(10)),
        8 => Edit::Style(random.below(8)),
        9 => Edit::DeleteInPlace(row),
        _ => Edit::Twice(row),
    }
}

#[derive(Debug, Clone)]
struct Row {
    number: usize,
    fields: BTreeMap<&'static str, Cow<'static, str>>,
}

#[derive(Debug, Default)]
struct Log {
    rows: Vec<Row>,
    style: usize,
}

impl Log {
    /// The rows of a number; there may be several.
    fn numbered(&mut self, number: usize) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut().filter(move |row| row.number == number)
    }

    /// The number of the n-th row that is there, from the last one.
    fn present(&self, nth: usize) -> Option<usize> {
        let nth = nth.checked_rem(self.rows.len())?;
        Some(self.rows[self.rows.len() - 1 - nth].number)
    }

    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Set(number, field, value) => self.set(*number, field, value),
            Edit::Unset(number, field) => self.numbered(*number).for_each(|row| {
                row.fields.remove(field);
            }),
            Edit::Delete(number) => self.rows.retain(|row| row.number != *number),
            Edit::Append(number) => {
                if self.numbered(*number).next().is_none() {
                    self.rows.push(event(*number));
                }
            }
            Edit::SetInPlace(nth, field, value) => {
                if let Some(number) = self.present(*nth) {
                    self.set(number, field, value);
                }
            }
            Edit::DeleteInPlace(nth) => {
                if let Some(number) = self.present(*nth) {
                    self.rows.retain(|row| row.number != number);
                }
            }
            Edit::AddNull => self.rows.iter_mut().for_each(|row| {
                row.fields.entry("review_result").or_insert(Cow::Borrowed("null"));
            }),
            Edit::Rename => self.rows.iter_mut().for_each(|row| {
                if let Some(value) = row.fields.remove("feature_slug") {
                    row.fields.insert("mission_slug", value);
                }
            }),
            Edit::Enrich(nth) => {
                let number = self.present(*nth);
                for row in self.rows.iter_mut().filter(|row| Some(row.number) == number) {
                    let Some(name) = row.fields.get("actor").filter(|name| name.starts_with('"')) else {
                        continue;
                    };
                    let actor = format!("{{\"profile\":{name},\"role\":\"implementer\"}}");
                    row.fields.insert("actor", actor.into());
                }
            }
            Edit::Duplicate(nth) => {
                if let Some(nth) = nth.checked_rem(self.rows.len()) {
                    self.rows.push(self.rows[nth].clone());
                }
            }
            Edit::Twice(nth) => {
                if let Some(nth) = nth.checked_rem(self.rows.len()) {
                    let mut row = self.rows[nth].clone();
                    row.fields.insert("reason", "\"again\"".into());
                    self.rows.push(row);
                }
            }
            Edit::Swap(a, b) => {
                if !self.rows.is_empty() {
                    let (a, b) = (a % self.rows.len(), b % self.rows.len());
                    self.rows.swap(a, b);
                }
            }
            Edit::Style(style) => self.style = *style,
        }
    }

    fn set(&mut self, number: usize, field: &'static str, value: &'static str) {
        if self.numbered(number).next().is_none() {
            self.rows.push(Row { number, fields: BTreeMap::new() });
        }
        for row in self.numbered(number) {
            // No row has both names of a field.
            match field {
                "feature_slug" => row.fields.remove("mission_slug"),
                "mission_slug" => row.fields.remove("feature_slug"),
                _ => None,
            };
            row.fields.insert(field, value.into());
        }
    }

    /// Written in one of several styles: 1 without spaces, 2 the last field first, 4 with everything escaped.
    fn text(&self) -> String {
        let (comma, colon) = if self.style & 1 == 0 { (", ", ": ") } else { (",", ":") };
        let mut out = String::with_capacity(256 * self.rows.len());
        for row in &self.rows {
            let mut fields = row.fields.clone();
            let id = match (row.number, fields.contains_key("wp_id")) {
                (number, true) => !number.is_multiple_of(EVERY_NTH_WITHOUT_ID),
                (number, false) => number < NO_ID,
            };
            if id {
                fields.insert("event_id", format!("\"E{:05}\"", row.number).into());
            }
            let mut fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("\"{key}\"{colon}{value}")).collect();
            if self.style & 2 != 0 {
                fields.reverse();
            }
            let _ = writeln!(out, "{{{}}}", fields.join(comma));
        }
        if self.style & 4 == 0 { out } else { escaped(&out) }
    }
}

/// A row as a tool appends it.
fn event(number: usize) -> Row {
    let minute = number * 7919 % 20_000;
    let (lane, package) = (minute % 4, number % 5);
    let at = format!(
        "\"2026-04-{:02}T{:02}:{:02}:28.874035+00:00\"",
        1 + minute / 1440,
        minute / 60 % 24,
        minute % 60
    );
    let quoted = |text: &str| Cow::Owned(format!("\"{text}\""));
    let mut fields = BTreeMap::from([
        ("at", at.into()),
        ("actor", quoted(["claude", "codex"][number % 2])),
        ("feature_slug", quoted("cutover")),
        ("force", "false".into()),
        ("from_lane", quoted(LANES[lane])),
        ("reason", "null".into()),
        ("to_lane", quoted(LANES[lane + 1])),
        ("wp_id", format!("\"WP{package:02}\"").into()),
    ]);
    if number.is_multiple_of(11) {
        fields.insert("kind", quoted("annotation"));
        fields.insert("delta", "{\"note\": \"fällig\", \"n\": 1.10}".into());
    }
    Row { number, fields }
}
