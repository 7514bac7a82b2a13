//! Histories of a `meta.json`. Knows no rule of merging.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use git_mission::merge::meta::merge;
use git_mission::merge::{ConflictStyle, Sides};

use super::{Flavour, Kind, Merged, Random};

/// Marks the type of histories of a `meta.json`.
pub(crate) struct Meta;

/// One edit of a file.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    Set(&'static str, Cow<'static, str>),
    Remove(&'static str),
    /// One more item of a list
    Append(&'static str, String),
    /// A member of a nested object
    SetIn(&'static str, &'static str, &'static str),
    Accept {
        hour: usize,
        who: &'static str,
    },
    Unaccept,
    Flatten,
    /// From here on written with the old names of keys
    OldNames,
    /// From here on written otherwise; see [`File::text`]
    Style(usize),
}

/// Keys, and values that come close to each other.
const CLOSE: &[(&str, &[&str])] = &[
    ("alpha", &["1", "2", "\"x\\n\"", "null", "1.10", "[]", "{}"]),
    (
        "mission_id",
        &["null", "\"\"", "\"01KQ47E80QJG8GTVGDCV67RW7M\"", "\"01KQ47E80QJG8GTVGDCV67RW7N\"", "\"x\""],
    ),
    ("mission_number", &["null", "1", "\"001\"", "64", "\"064\"", "\"64\"", "\"pending\"", "1.0"]),
    ("created_at", TIMES),
    ("vcs_locked_at", TIMES),
    ("status_phase", &["\"1\"", "1", "\"2\"", "\"10\"", "\"done\"", "\"plan\"", "null", "1.5"]),
    ("accepted_at", TIMES),
    ("accepted_by", &["\"a\"", "\"b\"", "null"]),
    ("acceptance_mode", &["\"auto\"", "\"manual\"", "null"]),
    ("accept_commit", &["\"abc\"", "\"abd\"", "null"]),
    ("topology", &["\"lanes\"", "\"coord\"", "null"]),
    ("flattened", &["true", "false", "null"]),
    ("coordination_branch", &["\"c/x\"", "\"c/y\"", "null"]),
    ("acceptance_history", &["[]", H1, H2, H12, H13, "[1]", "null"]),
    (
        "dependencies",
        &["[]", "[\"a\"]", "[\"a\",\"b\"]", "[\"a\",\"c\",\"c\"]", "[\"a\",2,true]", "[\"b\"]", "[[]]"],
    ),
    (
        "nested",
        &[
            "{}",
            "{\"a\":1}",
            "{\"a\":2}",
            "{\"a\":1,\"b\":{\"c\":1}}",
            "{\"b\":{\"c\":2,\"d\":[1]}}",
            "{\"a\":null}",
        ],
    ),
    ("zeta", &["true", "\"é\\u0001\"", "12345678901234567890123", "[{\"a\":1}]"]),
];
const TIMES: &[&str] = &[
    "\"2026-01-01T00:00:00+00:00\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"2026-01-01T01:00:00+01:00\"",
    "\"2026-01-02T00:00:00Z\"",
    "\"2026-01-03T00:00:00Z\"",
    "\"2026-01-02\"",
    "null",
];
const H1: &str = r#"[{"accepted_at":"1","accepted_by":"a"}]"#;
const H2: &str = r#"[{"accepted_at":"2","accepted_by":"a"}]"#;
const H12: &str = r#"[{"accepted_at":"1","accepted_by":"a"},{"accepted_at":"2","accepted_by":"a"}]"#;
const H13: &str = r#"[{"accepted_at":"1","accepted_by":"a"},{"accepted_at":"1","accepted_by":"b"}]"#;

/// Keys that people and tools change now and then, with what they write there.
const NOW_AND_THEN: &[(&str, &[&str])] = &[
    ("friendly_name", &["\"Complete Cutover\"", "\"Cutover, völlig\"", "\"Cutover (2)\""]),
    ("target_branch", &["\"main\"", "\"develop\""]),
    ("purpose_tldr", &["\"One id\"", "\"One id for each\\nmission\"", "\"\""]),
    ("purpose_context", &["\"Because\"", "\"Because of two clones\""]),
    ("source_description", &["\"A → B\"", "\"A and B\""]),
    ("change_mode", &["\"standard\"", "\"bulk_edit\""]),
    ("pr_bound", &["true", "false"]),
    ("baseline_merge_commit", &["\"69dca8e685\"", "\"12d003c701\"", "\"0a73361e8d\""]),
    ("vcs", &["\"git\"", "null"]),
    ("vcs_locked_at", &["\"2026-04-06T05:01:28.874035+00:00\"", "\"2026-04-07T05:01:28Z\"", "null"]),
    ("supersedes", &["[]", "null"]),
    ("x_team", &["\"red\"", "\"blue\"", "7", "[1,{\"a\":[]}]"]),
    ("x_note", &["\"\\u0001\\\"\\\\\"", "\"ok\"", "-0.5e3"]),
];
/// What every file begins with.
const SCAFFOLD: &[(&str, &str)] = &[
    ("created_at", "\"2026-04-06T05:01:28.874035+00:00\""),
    ("friendly_name", "\"Cutover\""),
    ("mission_number", "null"),
    ("mission_slug", "\"cutover-01KQ47E8\""),
    ("mission_type", "\"software-dev\""),
    ("slug", "\"cutover\""),
    ("target_branch", "\"main\""),
];
const IDS: &[&str] = &["\"01KQ47E80QJG8GTVGDCV67RW7M\"", "\"01KQ47E80QJG8GTVGDCV67RW7N\""];
const PEOPLE: &[&str] = &["claude", "codex", "zoë"];
const OLD_NAMES: [(&str, &str); 3] =
    [("mission_number", "feature_number"), ("mission_slug", "feature_slug"), ("mission_type", "mission")];

impl Kind for Meta {
    type Edit = Edit;

    fn base(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        if flavour.is_close() {
            return (0..random.below(21)).map(|_| close(random, false)).collect();
        }
        let mut edits: Vec<Edit> =
            SCAFFOLD.iter().map(|(key, value)| Edit::Set(key, (*value).into())).collect();
        if random.percent(70) {
            edits.push(Edit::Set("mission_id", IDS[0].into()));
        }
        let more = random.below(5);
        edits.extend((0..more).map(|_| real(random, false)));
        edits
    }

    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Edit> {
        let most = match flavour {
            Flavour::Close => 8,
            Flavour::CloseKept => 3,
            Flavour::Real | Flavour::RealKept => 4,
        };
        let edits = random.below(most + 1);
        let edit = if flavour.is_close() { close } else { real };
        (0..edits).map(|_| edit(random, flavour.deletes())).collect()
    }

    fn text(edits: &[&[Edit]]) -> String {
        let mut file = File::default();
        edits.iter().copied().flatten().for_each(|edit| file.apply(edit));
        file.text()
    }

    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String> {
        let sides = Sides { base, ours, theirs }.map(str::as_bytes);
        let merged = merge(&sides, &ConflictStyle::default()).map_err(|refusal| refusal.to_string())?;
        let conflicts = merged.conflicts.into_iter().map(|conflict| conflict.path).collect();
        Ok(Merged { text: merged.text, conflicts })
    }
}

fn close(random: &mut Random, deletes: bool) -> Edit {
    let (key, values) = random.pick(CLOSE);
    match random.weighted(&[50, if deletes { 10 } else { 0 }, 3, 1]) {
        0 => Edit::Set(key, random.pick(values).into()),
        1 => Edit::Remove(key),
        2 => Edit::Style(random.below(8)),
        _ => Edit::OldNames,
    }
}

fn real(random: &mut Random, deletes: bool) -> Edit {
    let deletion = if deletes { 5 } else { 0 };
    match random.weighted(&[30, 8, 10, 10, 5, 5, 3, 6, 4, 6, 3, deletion, deletion]) {
        0 => {
            let (key, values) = random.pick(NOW_AND_THEN);
            Edit::Set(key, random.pick(values).into())
        }
        // The number is settled, or comes back as an old tool spells it.
        1 => match random.below(60) {
            number if random.percent(20) => Edit::Set("mission_number", format!("\"{number:03}\"").into()),
            number => Edit::Set("mission_number", (number + 1).to_string().into()),
        },
        2 => Edit::Accept { hour: random.below(60), who: random.pick(PEOPLE) },
        3 => Edit::Append(
            random.pick(&["dependencies", "supersedes", "trackers"]),
            format!("\"{:03}-mission\"", random.below(40)),
        ),
        4 => Edit::SetIn(
            "documentation_state",
            random.pick(&["mode", "iteration", "gaps", "é"]),
            random.pick(&["1", "\"initial\"", "null", "[]"]),
        ),
        5 => Edit::Set("status_phase", format!("\"{}\"", random.below(4)).into()),
        6 => Edit::Flatten,
        7 => Edit::Style(random.below(8)),
        8 => Edit::OldNames,
        9 => Edit::Set("mission_id", random.pick(IDS).into()),
        // Keys that a newer release adds empty.
        10 => Edit::Set(random.pick(&["coordination_branch", "topology", "retrospective"]), "null".into()),
        11 => Edit::Remove(random.pick(NOW_AND_THEN).0),
        _ => Edit::Unaccept,
    }
}

/// What a key holds.
#[derive(Debug)]
enum Held {
    Text(Cow<'static, str>),
    List(Vec<String>),
    Object(BTreeMap<&'static str, &'static str>),
}

#[derive(Debug, Default)]
struct File {
    members: BTreeMap<&'static str, Held>,
    old_names: bool,
    style: usize,
}

impl File {
    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Set(key, text) => drop(self.members.insert(key, Held::Text(text.clone()))),
            Edit::Remove(key) => drop(self.members.remove(key)),
            Edit::Append(key, item) => match self.members.get_mut(key) {
                Some(Held::List(items)) => items.push(item.clone()),
                _ => drop(self.members.insert(key, Held::List(vec![item.clone()]))),
            },
            Edit::SetIn(key, member, value) => match self.members.get_mut(key) {
                Some(Held::Object(members)) => drop(members.insert(member, value)),
                _ => {
                    self.members.insert(key, Held::Object(BTreeMap::from([(*member, *value)])));
                }
            },
            Edit::Accept { hour, who } => {
                let at = format!("2026-05-{:02}T{:02}:30:00+00:00", 1 + hour / 24, hour % 24);
                for (key, value) in
                    [("accepted_at", at.as_str()), ("accepted_by", who), ("acceptance_mode", "auto")]
                {
                    self.apply(&Edit::Set(key, format!("\"{value}\"").into()));
                }
                let entry = format!("{{\"accepted_at\": \"{at}\", \"accepted_by\": \"{who}\"}}");
                self.apply(&Edit::Append("acceptance_history", entry));
            }
            Edit::Unaccept => {
                for key in ["accepted_at", "accepted_by", "acceptance_mode"] {
                    self.members.remove(key);
                }
            }
            Edit::Flatten => {
                self.apply(&Edit::Set("flattened", "true".into()));
                self.apply(&Edit::Set("topology", "\"lanes\"".into()));
                self.members.remove("coordination_branch");
            }
            Edit::OldNames => self.old_names = true,
            Edit::Style(style) => self.style = *style,
        }
    }

    /// Written in one of several styles: 1 without spaces, 2 the last key first, 4 with everything escaped.
    fn text(&self) -> String {
        let (newline, colon) = if self.style & 1 == 0 { ("\n  ", ": ") } else { ("", ":") };
        let mut out = String::with_capacity(1024);
        let mut write = |(key, held): (&&str, &Held)| {
            out.push_str(if out.is_empty() { "{" } else { "," });
            let old = OLD_NAMES.iter().find(|(new, _)| self.old_names && new == key);
            let key = old.map_or(*key, |(_, old)| old);
            let _ = write!(out, "{newline}\"{key}\"{colon}");
            match held {
                Held::Text(text) => out.push_str(text),
                Held::List(items) => {
                    let _ = write!(out, "[{}]", items.join(","));
                }
                Held::Object(members) => {
                    let members: Vec<String> =
                        members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                    let _ = write!(out, "{{{}}}", members.join(","));
                }
            }
        };
        if self.style & 2 == 0 {
            self.members.iter().for_each(&mut write);
        } else {
            self.members.iter().rev().for_each(&mut write);
        }
        out.push_str(if out.is_empty() { "{}\n" } else { "}\n" });
        if self.style & 4 == 0 { out } else { escaped(&out) }
    }
}

/// The text with every character above 0x7e as an escape. Such characters only stand in strings.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character < '\u{7f}' {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04X}");
            }
        }
    }
    out
}
