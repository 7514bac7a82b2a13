//! What the rules make of three texts in memory: the same that a merge driver makes of three files, with its report.
//!
//! Knows nothing about commits or the index.

use std::fs;

use super::OpError;
use crate::git::merge_text;
use crate::merge::{self, Conflict, ConflictStyle, Decision, Kind, Sides, event_log, meta};

/// The names of the two sides in conflict markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// What is merged into
    pub ours: String,
    /// What is merged
    pub theirs: String,
}

/// A merged text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The text, with markers where something is left open
    pub text: Vec<u8>,
    /// How it came about
    pub how: How,
}

/// How a text was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By the rules of its kind
    Rules(Report),
    /// Two of the three were equal, byte for byte
    Equal,
    /// git's merge by lines, of a kind without rules of its own; `true` if it holds conflicts
    Lines(bool),
    /// git's merge by lines, because the rules could not be applied, for this reason. Always a conflict
    Fallback(String),
}

/// What the rules say about a merge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What is left open
    pub conflicts: Vec<Conflict>,
    /// Where the versions differed and a rule decided
    pub decisions: Vec<Decision>,
    /// Where both sides say the same
    pub agreed: Vec<Decision>,
    /// For an event log: its rows
    pub rows: Option<event_log::Counts>,
}

impl Merged {
    /// Whether nothing is left open.
    pub fn is_clean(&self) -> bool {
        match &self.how {
            How::Rules(report) => report.conflicts.is_empty(),
            How::Equal => true,
            How::Lines(open) => !open,
            How::Fallback(_) => false,
        }
    }

    /// The keys or rows that are left open.
    pub fn open_keys(&self) -> Vec<String> {
        match &self.how {
            How::Rules(report) => report.conflicts.iter().map(|conflict| conflict.path.join(".")).collect(),
            _ => Vec::new(),
        }
    }
}

/// Merges three texts by the rules of `kind`; without one by lines. An empty base is a file that both sides added.
pub fn merged(
    kind: Option<Kind>,
    texts: &Sides<&[u8]>,
    marker_size: usize,
    labels: &Labels,
) -> Result<Merged, OpError> {
    let style = ConflictStyle::new(marker_size, Some(&labels.ours), Some(&labels.theirs));
    let refusal = match kind {
        None => {
            let (text, open) = lines(texts, style.size(), labels)?;
            return Ok(Merged { text, how: How::Lines(open) });
        }
        Some(Kind::Meta) => match meta::merge(texts, &style) {
            Ok(meta::Merged { text, conflicts, decisions, agreed }) => {
                let report = Report { conflicts, decisions, agreed, rows: None };
                return Ok(Merged { text: text.into_bytes(), how: How::Rules(report) });
            }
            Err(refusal) => refusal.to_string(),
        },
        Some(Kind::EventLog) => match event_log::merge(texts, &style) {
            Ok(merged) => {
                let text = merged.to_bytes();
                let event_log::Merged { conflicts, decisions, counts, .. } = merged;
                let report = Report { conflicts, decisions, agreed: Vec::new(), rows: Some(counts) };
                return Ok(Merged { text, how: How::Rules(report) });
            }
            Err(refusal) => refusal.to_string(),
        },
        Some(kind) => match merge::run(kind, texts, &style) {
            Ok(merge::Merged { text, conflicts, decisions }) => {
                let report = Report { conflicts, decisions, ..Report::default() };
                return Ok(Merged { text, how: How::Rules(report) });
            }
            Err(refusal) => refusal.to_string(),
        },
    };
    if let Some(text) = texts.settled_by_equality() {
        return Ok(Merged { text: text.to_vec(), how: How::Equal });
    }
    let (text, _) = lines(texts, style.size(), labels)?;
    Ok(Merged { text, how: How::Fallback(refusal) })
}

/// git's merge by lines; the second value tells whether it holds conflicts.
fn lines(texts: &Sides<&[u8]>, marker_size: usize, labels: &Labels) -> Result<(Vec<u8>, bool), OpError> {
    let failed = |source| OpError::File { path: std::env::temp_dir(), source };
    let directory = tempfile::Builder::new().prefix("git-mission-").tempdir().map_err(failed)?;
    let write = |name: &str, text: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, text).map_err(OpError::file(&path)).map(|()| path)
    };
    let (ours, base, theirs) =
        (write("ours", texts.ours)?, write("base", texts.base)?, write("theirs", texts.theirs)?);
    Ok(merge_text(&ours, &base, &theirs, marker_size, [&labels.ours, "base", &labels.theirs])?)
}
