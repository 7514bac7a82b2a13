//! One merge of any kind of file: what the drivers, and whoever merges a path by itself, ask. Knows nothing about any
//! one kind beyond whom to ask.

use std::fmt;

use super::matrix::Table;
use super::{
    Conflict, ConflictStyle, Decision, Kind, Sides, TextRefusal, derived, event_log, matrix, meta,
    review_cycle, traces,
};

/// The result of a merge. Clean if there are no conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The text, with hunks where it is open
    pub text: Vec<u8>,
    /// What is left open
    pub conflicts: Vec<Conflict>,
    /// On what the versions differed, and what settled it
    pub decisions: Vec<Decision>,
}

/// Why three texts were not merged. What is left is a merge by lines, whose result is never taken for clean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Of `meta.json`
    Meta(meta::Refusal),
    /// Of an event log
    EventLog(event_log::Refusal),
    /// Of a table
    Matrix(matrix::Refusal),
    /// Of a text that is merged by lines
    Text(TextRefusal),
    /// Of a derived file
    Derived(derived::Refusal),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta(refusal) => refusal.fmt(f),
            Self::EventLog(refusal) => refusal.fmt(f),
            Self::Matrix(refusal) => refusal.fmt(f),
            Self::Text(refusal) => refusal.fmt(f),
            Self::Derived(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

/// Merges three versions of a file. An empty base is a file that both sides added. What the rules of its kind cannot
/// read is still settled where two of the three are equal.
pub fn run(kind: Kind, texts: &Sides<&[u8]>, style: &ConflictStyle) -> Result<Merged, Refusal> {
    by_rules(kind, texts, style).or_else(|refusal| match texts.settled_by_equality() {
        Some(text) => Ok(Merged { text: text.to_vec(), conflicts: Vec::new(), decisions: Vec::new() }),
        None => Err(refusal),
    })
}

fn by_rules(kind: Kind, texts: &Sides<&[u8]>, style: &ConflictStyle) -> Result<Merged, Refusal> {
    match kind {
        Kind::Meta => {
            let meta::Merged { text, conflicts, decisions, .. } =
                meta::merge(texts, style).map_err(Refusal::Meta)?;
            Ok(Merged { text: text.into_bytes(), conflicts, decisions })
        }
        Kind::EventLog => {
            let merged = event_log::merge(texts, style).map_err(Refusal::EventLog)?;
            let text = merged.to_bytes();
            Ok(Merged { text, conflicts: merged.conflicts, decisions: merged.decisions })
        }
        Kind::Traces => traces::merge(texts, style).map_err(Refusal::Text),
        Kind::IssueMatrix => matrix::merge(Table::Issues, texts, style).map_err(Refusal::Matrix),
        Kind::AcceptanceMatrix => matrix::merge(Table::Acceptance, texts, style).map_err(Refusal::Matrix),
        Kind::ReviewCycle => review_cycle::merge(texts, style).map_err(Refusal::Text),
        Kind::Derived => derived::merge(texts).map_err(Refusal::Derived),
    }
}
