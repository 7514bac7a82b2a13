//! Made-up histories: a base and branches of it, each a list of edits. What the laws of all merge drivers are checked
//! on, in parallel; what fails is made as small as it gets and named with the line that repeats it.
//!
//! Knows nothing about any one law.

pub(crate) mod event_log;
pub(crate) mod meta;
mod random;
pub(crate) mod tables;
pub(crate) mod texts;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

pub(crate) use random::Random;

use crate::support::variable;

/// How a history is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Few keys with values that come close to each other, so that every rule is met all the time
    Close,
    /// What people and tools do to such a file
    Real,
    /// As [`Self::Close`] and [`Self::Real`], without deletions and damage: what every order of merging ends alike for
    CloseKept,
    RealKept,
}

impl Flavour {
    pub(crate) fn is_close(self) -> bool {
        matches!(self, Self::Close | Self::CloseKept)
    }

    /// Whether something may be deleted.
    pub(crate) fn deletes(self) -> bool {
        matches!(self, Self::Close | Self::Real)
    }
}

/// A kind of file: how it is edited, written and merged.
pub(crate) trait Kind {
    type Edit: Clone + Debug + Send + Sync;

    /// The edits that make a base.
    fn base(random: &mut Random, flavour: Flavour) -> Vec<Self::Edit>;
    /// The edits of one branch.
    fn branch(random: &mut Random, flavour: Flavour) -> Vec<Self::Edit>;
    /// The file after these edits, beginning with an empty one.
    fn text(edits: &[&[Self::Edit]]) -> String;
    /// Merges base, ours and theirs.
    fn merge(base: &str, ours: &str, theirs: &str) -> Result<Merged, String>;
}

/// What came out of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) text: String,
    /// The paths that are left open
    pub(crate) conflicts: Vec<Vec<String>>,
}

/// Merges by the driver of a kind of file.
pub(crate) fn run(
    kind: git_mission::merge::Kind,
    base: &str,
    ours: &str,
    theirs: &str,
) -> Result<Merged, String> {
    use git_mission::merge::{ConflictStyle, Sides};

    let sides = Sides { base, ours, theirs }.map(str::as_bytes);
    let merged = git_mission::merge::run(kind, &sides, &ConflictStyle::default())
        .map_err(|refusal| refusal.to_string())?;
    let text = String::from_utf8(merged.text).map_err(|error| error.to_string())?;
    let conflicts = merged.conflicts.into_iter().map(|conflict| conflict.path).collect();
    Ok(Merged { text, conflicts })
}

impl Merged {
    pub(crate) fn is_clean(&self) -> bool {
        self.conflicts.is_empty()
    }
}

/// A base and branches of it.
#[derive(Debug, Clone)]
struct History<E> {
    /// Both sides added the file: there is no base
    added: bool,
    base: Vec<E>,
    branches: Vec<Vec<E>>,
}

impl<E: Clone> History<E> {
    fn make<K: Kind<Edit = E>>(random: &mut Random, flavour: Flavour, branches: usize) -> Self {
        Self {
            added: flavour.deletes() && random.percent(10),
            base: K::base(random, flavour),
            branches: (0..branches).map(|_| K::branch(random, flavour)).collect(),
        }
    }

    fn texts<K: Kind<Edit = E>>(&self) -> (String, Vec<String>) {
        let base = if self.added { String::new() } else { K::text(&[&self.base]) };
        (base, self.branches.iter().map(|branch| K::text(&[&self.base, branch])).collect())
    }

    /// The same history with one edit less, in every way.
    fn smaller(&self) -> impl Iterator<Item = Self> {
        let of_base = (0..self.base.len()).map(|at| {
            let mut less = self.clone();
            less.base.remove(at);
            less
        });
        let of_branches = (0..self.branches.len()).flat_map(move |branch| {
            (0..self.branches[branch].len()).map(move |at| {
                let mut less = self.clone();
                less.branches[branch].remove(at);
                less
            })
        });
        of_base.chain(of_branches)
    }
}

/// Three versions and their merge.
pub(crate) struct Triple {
    pub(crate) base: String,
    pub(crate) ours: String,
    pub(crate) theirs: String,
    pub(crate) merged: Merged,
}

/// What a law says about a base and branches of it: `Err` is how it is broken.
pub(crate) type Verdict = Result<(), String>;

/// Fails with `found` and `wanted` unless they are equal.
pub(crate) fn equal<T: PartialEq + std::fmt::Display>(what: &str, found: &T, wanted: &T) -> Verdict {
    if found == wanted { Ok(()) } else { Err(format!("{what}: found\n{found}\nwanted\n{wanted}")) }
}

/// Checks a law on `count` triples.
pub(crate) fn check_triples<K: Kind>(count: u64, flavour: Flavour, law: impl Fn(&Triple) -> Verdict + Sync) {
    check::<K>("GIT_MISSION_TRIPLES", count, flavour, 2, |base, sides| {
        let [ours, theirs] = sides else { return Err("two sides".to_owned()) };
        let merged = K::merge(base, ours, theirs)?;
        law(&Triple { base: base.to_owned(), ours: ours.clone(), theirs: theirs.clone(), merged })
    });
}

/// Checks a law on `count` histories of `branches` branches, on all processors.
pub(crate) fn check<K: Kind>(
    counted_by: &str,
    count: u64,
    flavour: Flavour,
    branches: usize,
    law: impl Fn(&str, &[String]) -> Verdict + Sync,
) {
    let seed = seed();
    let next = AtomicU64::new(0);
    let first_fault = Mutex::new(None);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            // The first case has the seed itself, so that any case can be repeated as the first one.
            let seed = seed.wrapping_add(number.wrapping_mul(0xd134_2543_de82_ef95));
            let history = History::make::<K>(&mut Random::new(seed), flavour, branches);
            if let Err(fault) = judge::<K>(&history, &law) {
                next.store(count, Ordering::Relaxed);
                first_fault.lock().expect("no panic").get_or_insert((seed, history, fault));
                return;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    if let Some((seed, history, fault)) = first_fault.into_inner().expect("no panic") {
        let (history, fault) = minimal::<K>(history, fault, &law);
        let (base, sides) = history.texts::<K>();
        let test = thread::current().name().unwrap_or_default().to_owned();
        panic!(
            "{fault}\n{history:#?}\nbase\n{base}\n{}\n\
             repeat it with\n    GIT_MISSION_SEED={seed:#x} {counted_by}=1 cargo test --test runner {test}\n",
            sides.join("\n"),
        );
    }
}

fn judge<K: Kind>(history: &History<K::Edit>, law: &impl Fn(&str, &[String]) -> Verdict) -> Verdict {
    let (base, sides) = history.texts::<K>();
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        Err(panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned()))
    };
    catch_unwind(AssertUnwindSafe(|| law(&base, &sides))).unwrap_or_else(panicked)
}

/// Leaves out edits for as long as the law is broken without them.
fn minimal<K: Kind>(
    mut history: History<K::Edit>,
    mut fault: String,
    law: &impl Fn(&str, &[String]) -> Verdict,
) -> (History<K::Edit>, String) {
    loop {
        let found = history.smaller().find_map(|less| Some((judge::<K>(&less, law).err()?, less)));
        match found {
            Some((smaller_fault, less)) => (history, fault) = (less, smaller_fault),
            None => return (history, fault),
        }
    }
}

/// `GIT_MISSION_SEED`, else always the same.
pub(crate) fn seed() -> u64 {
    number("GIT_MISSION_SEED").unwrap_or(0x6d69_7373_696f_6e73)
}

/// The number that a variable of the environment holds, as digits or as `0x…`.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = variable(name)?.into_string().ok()?;
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.replace(['_', ','], "").parse(),
    };
    Some(number.unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// How many triples a test checks that usually checks `usual`: fewer if `GIT_MISSION_TRIPLES` says so.
pub(crate) fn at_most(usual: u64) -> u64 {
    number("GIT_MISSION_TRIPLES").map_or(usual, |asked| asked.min(usual))
}
