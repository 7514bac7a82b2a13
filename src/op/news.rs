//! What one tree says and another did not: the statements, the bodies and what is not sent, mission by mission.
//!
//! Knows nothing about the queue.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

use super::said::{Said, Wanted};
use super::telling::{Body, Handling, MissionSays, Teller, TreeView};
use crate::dossier::{Failure, Namespace, Outcome};
use crate::event::{Kind, Statement};
use crate::git::{GitError, Oid};
use crate::mission::key as meta_key;

/// What is to be queued.
#[derive(Debug, Default)]
pub struct Fresh {
    /// Events, in the order in which they should be heard
    pub statements: Vec<Statement>,
    /// Bodies
    pub bodies: Vec<Body>,
    /// Artifacts that are not sent
    pub skipped: Vec<Handling>,
    /// The missions that all of it is about
    pub wanted: Wanted,
    /// Whether a mission could not be read, so that it must be looked at again
    pub unread: bool,
}

impl Fresh {
    /// What `present` says and `before` does not. Off main nothing is said about what is gone.
    pub(super) fn of(
        teller: &Teller<'_>,
        present: &TreeView,
        before: Option<&TreeView>,
        on_main: bool,
    ) -> Self {
        let mut fresh = Self::default();
        for (dir, directory) in &present.missions {
            let same = before.is_some_and(|before| {
                before.missions.get(dir) == Some(directory)
                    && before.circumstances(dir) == present.circumstances(dir)
            });
            if same {
                continue;
            }
            let none = Rc::default();
            let compare = || -> Result<News, GitError> {
                let old = before.map_or(Ok(none), |before| teller.say(before, dir))?;
                let news = News::of(&*teller.say(present, dir)?, &old, on_main);
                if news.is_in_full() {
                    return Ok(news);
                }
                Ok(News::of(&*teller.say_in_full(present, dir)?, &old, on_main))
            };
            match compare() {
                Ok(news) => fresh.add(news),
                Err(error) => {
                    fresh.unread = true;
                    fresh.skipped.push(Handling {
                        dir: dir.clone(),
                        artifact_path: String::new(),
                        outcome: Outcome::Failed(Failure::Read(error.to_string())),
                        content_hash: None,
                        index_event_id: None,
                    });
                    continue;
                }
            }
            if let Some(meta) = present.meta(dir) {
                fresh.wanted.slugs.extend(meta.text(meta_key::MISSION_SLUG).map(str::to_owned));
                fresh.wanted.mission_ids.extend(meta.valid_id().map(|id| id.to_string()));
            }
        }
        fresh
    }

    fn add(&mut self, news: News) {
        self.statements.extend(news.statements);
        self.bodies.extend(news.bodies);
        self.skipped.extend(news.skipped);
    }

    /// Leaves out what somebody else has said.
    pub(super) fn leave_out(&mut self, said: &Said) {
        self.bodies.retain(|body| {
            let version = (body.namespace.fields().clone(), body.path.clone(), body.blob.to_string());
            !said.versions.contains(&version)
        });
        let needed: BTreeSet<&str> = self.bodies.iter().filter_map(|b| b.index_event_id.as_deref()).collect();
        self.statements
            .retain(|s| !said.events.contains(&s.event_id) || needed.contains(s.event_id.as_str()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty() && self.bodies.is_empty()
    }
}

/// What one mission says and did not say before.
struct News {
    statements: Vec<Statement>,
    bodies: Vec<Body>,
    skipped: Vec<Handling>,
}

impl News {
    fn of(says: &MissionSays, old: &MissionSays, on_main: bool) -> Self {
        let known: HashSet<&str> = old.derived.said.iter().map(|s| s.event_id.as_str()).collect();
        let is_new = |statement: &&Statement| !known.contains(statement.event_id.as_str());
        let indexes = says.derived.said.iter().filter(is_new).any(|s| s.kind == Kind::ArtifactIndexed);
        let only_gone = |kind: Kind| match kind {
            Kind::ArtifactMissing => true,
            Kind::SnapshotComputed => !indexes,
            _ => false,
        };
        let statements = says.derived.said.iter().filter(is_new).filter(|s| on_main || !only_gone(s.kind));
        let mut statements: Vec<Statement> = statements.cloned().collect();

        let known: HashSet<_> = old.bodies.iter().map(version).collect();
        let bodies: Vec<Body> =
            says.bodies.iter().filter(|body| !known.contains(&version(body))).cloned().collect();
        // A body that is sent again, under another name, needs its artifact indexed again.
        let again: BTreeSet<&str> = bodies.iter().filter_map(|body| body.index_event_id.as_deref()).collect();
        let repeated = says.derived.said.iter().filter(|s| !is_new(s) && again.contains(s.event_id.as_str()));
        statements.extend(repeated.cloned());

        let known: BTreeSet<_> = old.skipped.iter().map(|(blob, h)| (blob, &h.artifact_path)).collect();
        let skipped = says.skipped.iter().filter(|(blob, h)| !known.contains(&(blob, &h.artifact_path)));
        Self { statements, bodies, skipped: skipped.map(|(_, handling)| handling.clone()).collect() }
    }

    /// Whether every statement has its payload.
    fn is_in_full(&self) -> bool {
        !self.statements.iter().any(|statement| statement.is_recalled)
    }
}

/// What tells a body from others.
fn version(body: &Body) -> (&Namespace, &str, &Oid) {
    (&body.namespace, &body.path, &body.blob)
}
