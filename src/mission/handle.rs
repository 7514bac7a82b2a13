//! Handles: the ways in which people name a mission, and which mission one means.
//!
//! In this order: the whole id, a prefix of it of at least 8 characters, the directory, the slug, the number. Never a
//! first match: a handle that means several missions is an error that tells them apart. Knows nothing about where
//! missions are read from.

use std::fmt;

use super::{Meta, MissionDir, NumberField, key};
use crate::id::{MID8_LENGTH, MissionId};

/// A mission that a handle can mean.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Where
    pub dir: &'a MissionDir,
    /// What it says
    pub meta: &'a Meta,
}

/// The mission that a handle means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meant {
    /// Its place among the candidates
    pub at: usize,
    /// In which way it was named
    pub by: By,
}

/// A way of naming a mission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The whole id
    Id,
    /// The beginning of the id
    Prefix,
    /// The name of the directory
    Directory,
    /// `mission_slug` or `slug`
    Slug,
    /// The display number, which main may change until it is pushed
    Number,
}

/// Why a handle means no mission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandleError {
    /// None is called so.
    Unknown(String),
    /// Several are.
    Ambiguous {
        /// The handle
        handle: String,
        /// Each of them
        missions: Vec<Ambiguous>,
    },
}

/// One of several missions that a handle means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// What means this one only: the shortest beginning of its id that no other mission has, else its directory
    pub handle: String,
    /// Where it is
    pub dir: MissionDir,
}

impl fmt::Display for HandleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(handle) => write!(f, "no mission is called {handle:?}"),
            Self::Ambiguous { handle, missions } => {
                write!(f, "{handle:?} means {} missions:", missions.len())?;
                missions.iter().try_for_each(|mission| write!(f, " {} ({})", mission.handle, mission.dir))
            }
        }
    }
}

impl std::error::Error for HandleError {}

/// Which of the candidates the handle means.
pub fn resolve(handle: &str, candidates: &[Candidate<'_>]) -> Result<Meant, HandleError> {
    let wanted = handle.trim().trim_end_matches('/');
    for by in [By::Id, By::Prefix, By::Directory, By::Slug, By::Number] {
        let found: Vec<usize> =
            (0..candidates.len()).filter(|at| is_called(&candidates[*at], wanted, by)).collect();
        match found[..] {
            [] => {}
            [at] => return Ok(Meant { at, by }),
            _ => {
                let missions = found.iter().map(|at| told_apart(*at, candidates)).collect();
                return Err(HandleError::Ambiguous { handle: handle.to_owned(), missions });
            }
        }
    }
    Err(HandleError::Unknown(handle.to_owned()))
}

fn is_called(candidate: &Candidate<'_>, wanted: &str, by: By) -> bool {
    let id = || candidate.meta.valid_id();
    match by {
        By::Id => id().is_some_and(|id| id.as_str().eq_ignore_ascii_case(wanted)),
        By::Prefix => {
            wanted.len() >= MID8_LENGTH
                && id()
                    .and_then(|id| id.as_str().get(..wanted.len()).map(str::to_owned))
                    .is_some_and(|start| start.eq_ignore_ascii_case(wanted))
        }
        By::Directory => {
            candidate.dir.name() == wanted.as_bytes() || candidate.dir.as_bytes() == wanted.as_bytes()
        }
        By::Slug => [key::MISSION_SLUG, key::SLUG].iter().any(|key| candidate.meta.text(key) == Some(wanted)),
        By::Number => {
            let digits = wanted.strip_prefix('#').unwrap_or(wanted);
            let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse::<u64>().ok());
            number.flatten().is_some_and(|number| candidate.meta.number() == NumberField::Settled(number))
        }
    }
}

fn told_apart(at: usize, candidates: &[Candidate<'_>]) -> Ambiguous {
    Ambiguous { handle: unmistakable(at, candidates), dir: candidates[at].dir.clone() }
}

/// What means only the candidate at this place: the shortest beginning of its id (from 8 characters) that no other
/// one has, else its directory.
pub fn unmistakable(at: usize, candidates: &[Candidate<'_>]) -> String {
    let Candidate { dir, meta } = candidates[at];
    let ids: Vec<MissionId> = candidates
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != at)
        .filter_map(|(_, candidate)| candidate.meta.valid_id())
        .collect();
    let shortest = meta.valid_id().and_then(|id| {
        let starts = (MID8_LENGTH..=id.as_str().len()).map(|length| id.as_str()[..length].to_owned());
        starts.into_iter().find(|start| !ids.iter().any(|other| other.as_str().starts_with(start)))
    });
    shortest.unwrap_or_else(|| dir.name_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(handle: &str) -> Result<(String, By), HandleError> {
        let missions = [
            ("081-a", r#"{"mission_id": "01KQ47E80QJG8GTVGDCV67RW7M", "mission_number": 81, "slug": "a"}"#),
            ("b", r#"{"mission_id": "01KQ47E80QJG8GTVGDCV67RW7N", "mission_number": "082", "slug": "x"}"#),
            ("c", r#"{"mission_id": "01KQ47E81QJG8GTVGDCV67RW7N", "mission_number": 82, "slug": "x"}"#),
            ("81", r#"{"slug": "b"}"#),
            ("e", r#"{"mission_id": "01KQ47E81QJG8GTVGDCV67RW7N", "slug": "f"}"#),
        ];
        let read: Vec<(MissionDir, Meta)> = missions
            .iter()
            .map(|(name, text)| {
                let dir = MissionDir::from_name(name.as_bytes()).expect("a directory");
                (dir, Meta::read(text.as_bytes()).expect("a meta"))
            })
            .collect();
        let candidates: Vec<Candidate<'_>> = read.iter().map(|(dir, meta)| Candidate { dir, meta }).collect();
        resolve(handle, &candidates).map(|meant| (read[meant.at].0.name_lossy(), meant.by))
    }

    #[test]
    fn handles_are_tried_in_their_order() {
        let found = |handle: &str| resolved(handle).expect("one mission");
        assert_eq!(found("01kq47e80qjg8gtvgdcv67rw7m"), ("081-a".into(), By::Id));
        assert_eq!(found("01KQ47E80QJG8GTVGDCV67RW7N"), ("b".into(), By::Id));
        assert_eq!(found("kitty-specs/081-a/"), ("081-a".into(), By::Directory));
        assert_eq!(found("a"), ("081-a".into(), By::Slug));
        // The directory `81` goes before the number, and `b` the directory before `b` the slug.
        assert_eq!(found("81"), ("81".into(), By::Directory));
        assert_eq!(found("b"), ("b".into(), By::Directory));
        for number in ["#81", "081", "#081"] {
            assert_eq!(found(number), ("081-a".into(), By::Number), "{number}");
        }
    }

    #[test]
    fn an_ambiguous_handle_is_never_a_first_match() {
        let several = |handle: &str| match resolved(handle) {
            Err(HandleError::Ambiguous { missions, .. }) => {
                missions.into_iter().map(|mission| mission.handle).collect::<Vec<_>>()
            }
            other => panic!("{handle}: {other:?}"),
        };
        assert_eq!(several("01KQ47E80Q"), ["01KQ47E80QJG8GTVGDCV67RW7M", "01KQ47E80QJG8GTVGDCV67RW7N"]);
        // Two missions share one whole id: only their directories tell them apart.
        assert_eq!(several("01KQ47E81"), ["c", "e"]);
        assert_eq!(several("82"), ["01KQ47E80QJG8GTVGDCV67RW7N", "c"]);
        assert_eq!(several("x").len(), 2);
        for unknown in ["", "01KQ47E", "82x", "#", "nothing", "999"] {
            assert_eq!(resolved(unknown), Err(HandleError::Unknown(unknown.into())), "{unknown}");
        }
    }
}
