//! What a flush did, counted and in words. Knows nothing about how it was done.

use std::collections::BTreeMap;
use std::fmt;

use super::category::Category;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventResult {
    /// Which
    pub event_id: String,
    /// `success`, `duplicate`, `rejected` or `pending`
    pub status: &'static str,
    /// What the server or the gate said
    pub error: Option<String>,
    /// The kind of that
    pub error_category: Option<&'static str>,
}

/// Rows that met the same kind of trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How many
    pub rows: u64,
    /// What the first of them met
    pub reason: String,
}

/// What a flush did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Every event that was tried, or that could leave and was not
    pub events: Vec<EventResult>,
    /// Bodies that the server stored
    pub uploaded: u64,
    /// Bodies that it had
    pub already_exists: u64,
    /// Bodies that stay queued although they could leave
    pub kept: u64,
    /// Bodies that were moved to the failure list
    pub failed: u64,
    /// Events that will not be sent again by themselves
    pub failed_events: u64,
    /// Why rows were not delivered, by kind
    pub troubles: BTreeMap<Category, Trouble>,
    /// What was met first
    pub first_trouble: Option<Category>,
    /// Whether another sender was at work, so that nothing was tried
    pub elsewhere: bool,
    /// What the server was found to be like
    pub met: Met,
}

/// What a server was found to be like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Met {
    /// It wants somebody to log in, or refuses this user
    pub refusal: bool,
    /// It did not answer in time
    pub hang: bool,
    /// It gave some whole answer
    pub answer: bool,
}

impl Flushed {
    /// How many events ended so.
    pub fn events_with(&self, status: &str) -> u64 {
        self.events.iter().filter(|event| event.status == status).count() as u64
    }

    /// Whether there was nothing to do.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
            && self.uploaded + self.already_exists + self.kept + self.failed == 0
            && !self.elsewhere
    }

    /// Whether something that could leave is still there, to be tried again.
    pub fn is_deferred(&self) -> bool {
        self.kept > 0 || self.events_with("pending") > 0 || self.events_with("rejected") > self.failed_events
    }

    /// Whether something will not be sent again by itself.
    pub fn has_failures(&self) -> bool {
        self.failed + self.failed_events > 0
    }

    pub(super) fn keep(&mut self, category: Category, reason: &str) {
        self.kept += 1;
        self.trouble(category, reason);
    }

    /// Counts bodies that wait for their events: what keeps those is said of those, if they were tried.
    pub(super) fn keep_waiting(&mut self, rows: u64, reason: &str) {
        self.kept += rows;
        if rows > 0 && self.troubles.is_empty() {
            self.trouble(Category::ServerError, reason);
            self.troubles.entry(Category::ServerError).and_modify(|trouble| trouble.rows = rows);
        }
    }

    pub(super) fn fail(&mut self, category: Category, reason: &str) {
        self.failed += 1;
        self.trouble(category, reason);
    }

    pub(super) fn event(&mut self, event_id: &str, status: &'static str, trouble: Option<(Category, &str)>) {
        if let Some((category, reason)) = trouble {
            self.trouble(category, reason);
        }
        self.events.push(EventResult {
            event_id: event_id.to_owned(),
            status,
            error: trouble.map(|(_, reason)| reason.to_owned()),
            error_category: trouble.map(|(category, _)| category.word()),
        });
    }

    fn trouble(&mut self, category: Category, reason: &str) {
        self.first_trouble.get_or_insert(category);
        let new = || Trouble { rows: 0, reason: reason.to_owned() };
        self.troubles.entry(category).or_insert_with(new).rows += 1;
    }
}

/// One line: what was delivered, what was not, why, and what helps.
impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.elsewhere {
            return f.write_str("another flush is running");
        }
        if self.is_empty() {
            return f.write_str("nothing to deliver");
        }
        write!(f, "bodies: {} delivered, {} there already", self.uploaded, self.already_exists)?;
        for (count, words) in [(self.kept, "kept for later"), (self.failed, "failed")] {
            if count > 0 {
                write!(f, ", {count} {words}")?;
            }
        }
        let [synced, duplicates] = ["success", "duplicate"].map(|status| self.events_with(status));
        write!(f, "; events: {synced} delivered, {duplicates} there already")?;
        for (status, words) in [("pending", "kept for later"), ("rejected", "rejected")] {
            match self.events_with(status) {
                0 => {}
                count => write!(f, ", {count} {words}")?,
            }
        }
        match self.first_trouble.and_then(|category| Some((category, self.troubles.get(&category)?))) {
            Some((category, trouble)) => write!(f, " ({}; {})", trouble.reason, category.action()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_what_was_done() {
        let mut flushed = Flushed { uploaded: 1, ..Flushed::default() };
        flushed.event("A", "success", None);
        assert!(!flushed.is_deferred() && Flushed::default().is_empty());
        flushed.event("B", "rejected", Some((Category::Unknown, "no")));
        assert_eq!(
            flushed.to_string(),
            "bodies: 1 delivered, 0 there already; events: 1 delivered, 0 there already, 1 rejected \
             (no; git mission sync failures)"
        );
        assert!(flushed.is_deferred(), "it is tried again");
        flushed.failed_events = 1;
        assert!(!flushed.is_deferred() && flushed.has_failures());
    }
}
