//! Writing into `.kittify/config.yaml`: one value changes, comments and every other section stay.

use std::fmt;
use std::str::FromStr as _;

use yaml_edit::{Document, Mapping};
use yaml_serde::Value;

use super::yaml;

/// Why a file was not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotEdited {
    /// It is not YAML, or not UTF-8; holds the parser's words.
    Syntax(String),
    /// It is not a map of sections, or the section is something else than a map.
    Shape,
    /// More than the one value would have changed.
    Lossy,
}

impl fmt::Display for NotEdited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(words) => f.write_str(words),
            Self::Shape => f.write_str("not a map of sections"),
            Self::Lossy => f.write_str("no way was found to change one value only"),
        }
    }
}

impl std::error::Error for NotEdited {}

/// The text with this build id, in the form that the file is written in: `project.build_id` where the section
/// `project` is the flat one, else `build.id`.
pub fn with_build_id(text: &[u8], id: &str) -> Result<Vec<u8>, NotEdited> {
    let text = std::str::from_utf8(text).map_err(|error| NotEdited::Syntax(error.to_string()))?;
    let before = read(text)?;
    let (section, key) = place(&before)?;
    let after = if before.is_null() {
        // Nothing, or comments only.
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        format!("{text}{gap}{section}:\n  {key}: {id}\n")
    } else {
        edited(text, section, key, id)?
    };
    if only_this_changed(before, &read(&after)?, section, key, id) && lines_stay(text, &after) {
        Ok(after.into_bytes())
    } else {
        Err(NotEdited::Lossy)
    }
}

fn read(text: &str) -> Result<Value, NotEdited> {
    yaml::read(text.as_bytes()).map_err(NotEdited::Syntax)
}

/// Section and key of the build id.
fn place(document: &Value) -> Result<(&'static str, &'static str), NotEdited> {
    if !document.is_null() && !document.is_mapping() {
        return Err(NotEdited::Shape);
    }
    let has = |section: &str, key: &str| document.get(section).is_some_and(|map| map.get(key).is_some());
    let flat = ["build_id", "node_id", "repo_slug"].iter().any(|key| has("project", key));
    let (section, key) = if flat && !has("build", "id") { ("project", "build_id") } else { ("build", "id") };
    match document.get(section) {
        None => Ok((section, key)),
        Some(map) if map.is_mapping() || map.is_null() => Ok((section, key)),
        Some(_) => Err(NotEdited::Shape),
    }
}

fn edited(text: &str, section: &str, key: &str, id: &str) -> Result<String, NotEdited> {
    let document = Document::from_str(text).map_err(|error| NotEdited::Syntax(error.to_string()))?;
    if let Some(map) = document.get_mapping(section) {
        map.set(key, id);
    } else {
        let map = Mapping::new();
        map.set(key, id);
        document.set(section, map);
    }
    Ok(document.to_string())
}

fn only_this_changed(mut before: Value, after: &Value, section: &str, key: &str, id: &str) -> bool {
    if before.is_null() {
        before = Value::Mapping(yaml_serde::Mapping::new());
    }
    let Some(sections) = before.as_mapping_mut() else { return false };
    let map = sections.entry(section.into()).or_insert(Value::Null);
    if map.is_null() {
        *map = Value::Mapping(yaml_serde::Mapping::new());
    }
    let Some(map) = map.as_mapping_mut() else { return false };
    map.insert(key.into(), id.into());
    before == *after
}

/// Whether every line is still there, in order, but for one; lines may be added in one place.
fn lines_stay(before: &str, after: &str) -> bool {
    let [before, after] = [before, after].map(|text| text.split('\n').collect::<Vec<_>>());
    let begin = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (before, after) = (&before[begin..], &after[begin..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    before.len() - end <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str) {
        let edited = with_build_id(before.as_bytes(), "NEW").expect("edited");
        assert_eq!(String::from_utf8(edited).expect("UTF-8"), after);
        assert_eq!(with_build_id(after.as_bytes(), "NEW"), Ok(after.as_bytes().to_vec()), "twice");
    }

    #[test]
    fn comments_order_and_form_stay() {
        check(
            "# ours\nproject:\n  uuid: x # the project\n\nbuild:\n  id: old # this checkout\nvcs: [git]   # list\n",
            "# ours\nproject:\n  uuid: x # the project\n\nbuild:\n  id: NEW # this checkout\nvcs: [git]   # list\n",
        );
        check(
            "project: {uuid: x, build_id: 'b', node_id: c} # flat\nother: 1\n",
            "project: {uuid: x, build_id: NEW, node_id: c} # flat\nother: 1\n",
        );
        check("# c\nproject:\n  uuid: x\n", "# c\nproject:\n  uuid: x\nbuild:\n  id: NEW\n");
        check("", "build:\n  id: NEW\n");
        check("# only this", "# only this\nbuild:\n  id: NEW\n");
    }

    #[test]
    fn what_cannot_be_edited_is_refused() {
        assert_eq!(with_build_id(b"- a\n", "NEW"), Err(NotEdited::Shape));
        assert_eq!(with_build_id(b"build: [a]\n", "NEW"), Err(NotEdited::Shape));
        assert!(matches!(with_build_id(b"a: [", "NEW"), Err(NotEdited::Syntax(_))));
        assert!(matches!(with_build_id(b"\xff", "NEW"), Err(NotEdited::Syntax(_))));
    }
}
