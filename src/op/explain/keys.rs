//! The keys of a merged document, each with what the rules reported of it. Knows no rule.

use super::KeyStory;
use crate::json::Value;
use crate::merge::{Kind, Sides, halves};
use crate::mission::Meta;
use crate::op::merged::{Merged, Report};

/// Every key of a document that the rules have a word on, in order.
pub(super) fn keys(
    kind: Kind,
    texts: &Sides<&[u8]>,
    merged: &Merged,
    report: &Report,
    recorded: Option<&[u8]>,
) -> Vec<KeyStory> {
    if kind != Kind::Meta {
        return Vec::new();
    }
    let read = |text: &[u8]| Meta::read(text).ok().map(|meta| Value::Object(meta.members().clone()));
    let versions = texts.map(read);
    // With markers in it: each half alone can be read, and differs from the other in the open keys only.
    let result = read(&merged.text).or_else(|| read(halves(&merged.text)?.first.as_bytes()));
    let recorded = recorded.and_then(read);
    let decided = report.agreed.iter().chain(&report.decisions);
    let decided = decided.map(|decision| (&decision.path, Some((decision.rule, decision.winner))));
    let open = report.conflicts.iter().map(|conflict| (&conflict.path, None));
    let mut keys: Vec<KeyStory> = decided
        .chain(open)
        .map(|(path, decided)| KeyStory {
            path: path.clone(),
            decided,
            values: versions.as_ref().map(|version| version.as_ref().and_then(|top| at(top, path)).cloned()),
            result: decided.and_then(|_| at(result.as_ref()?, path)).cloned(),
            recorded: recorded.as_ref().and_then(|top| at(top, path)).cloned(),
        })
        .collect();
    keys.sort_by(|a, b| a.path.cmp(&b.path));
    keys
}

fn at<'v>(top: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(top, |value, key| value.as_object()?.get(key))
}
