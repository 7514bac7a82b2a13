//! The laws of merging on many made-up histories: all laws on every triple, and all orders of merging four branches.
//!
//! How many: `GIT_MISSION_TRIPLES` and `GIT_MISSION_QUADRUPLES`, of each kind of file. Which: `GIT_MISSION_SEED`.
//! Half of the triples come close to each other everywhere, half are what people and tools do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::Value;

use crate::merge_histories::event_log::EventLog;
use crate::merge_histories::meta::Meta;
use crate::merge_histories::tables::{Acceptance, Issues};
use crate::merge_histories::texts::{Derived, ReviewCycle, Traces};
use crate::merge_histories::{Flavour, Kind, Triple, Verdict, check, check_triples, number, seed};
use crate::merge_witness::event_log as rows;
use crate::merge_witness::meta::{self as witness, ACCEPTANCE, TOPOLOGY};
use crate::{merge_event_log_laws, merge_meta_laws, merge_more_laws};

const TRIPLES: u64 = 60_000;
const QUADRUPLES: u64 = 5_000;

#[test]
fn laws_of_meta() {
    triples::<Meta>("meta", merge_meta_laws::LAWS);
}

#[test]
fn laws_of_event_logs() {
    triples::<EventLog>("event logs", merge_event_log_laws::LAWS);
}

#[test]
fn laws_of_traces() {
    triples::<Traces>("traces", merge_more_laws::TRACES);
}

#[test]
fn laws_of_issue_matrices() {
    triples::<Issues>("issue matrices", merge_more_laws::ISSUES);
}

#[test]
fn laws_of_acceptance_matrices() {
    triples::<Acceptance>("acceptance matrices", merge_more_laws::ACCEPTANCE);
}

#[test]
fn laws_of_reviews_and_derived_files() {
    triples::<ReviewCycle>("review cycles", merge_more_laws::REVIEWS);
    triples::<Derived>("derived files", merge_more_laws::DERIVED);
}

#[expect(clippy::print_stderr, reason = "the figure is the point")]
fn triples<K: Kind>(name: &str, laws: &[fn(&Triple) -> Verdict]) {
    let count = number("GIT_MISSION_TRIPLES").unwrap_or(TRIPLES);
    for (flavour, what) in [(Flavour::Close, "close"), (Flavour::Real, "real")] {
        let clean = AtomicU64::new(0);
        let count = count.div_ceil(2);
        check_triples::<K>(count, flavour, |triple| {
            clean.fetch_add(u64::from(triple.merged.is_clean()), Ordering::Relaxed);
            laws.iter().try_for_each(|law| law(triple))
        });
        let (clean, seed) = (clean.into_inner(), seed());
        eprintln!("{name}, {what}: {count} triples obey {} laws ({clean} clean; seed {seed:#x})", laws.len());
    }
}

/// A reason why an order may conflict while another one is clean, and whether it is the reason for the conflict at a
/// path, given the base and the branches.
type Listed = (&'static str, fn(&[String], &str, &[String]) -> bool);

const META: &[Listed] = &[
    // The later acceptance is taken whole, so it also ends a disagreement of two earlier ones, if it comes first.
    ("two acceptances at one instant, and a later one", |path, _, branches| {
        let times: Vec<Option<Timestamp>> = branches
            .iter()
            .map(|text| witness::read(text).ok()?.get("accepted_at")?.as_str()?.parse().ok())
            .collect();
        let latest = times.iter().max().copied().flatten();
        let tied = |time: &&Option<Timestamp>| time.is_some() && **time < latest;
        let mut earlier: Vec<_> = times.iter().filter(tied).collect();
        earlier.sort();
        ACCEPTANCE.contains(&path[0].as_str()) && earlier.windows(2).any(|two| two[0] == two[1])
    }),
    // The flattened topology is taken whole, so it also ends a disagreement of two others, if it comes first.
    ("two topologies, and a flattened one", |path, _, branches| {
        let flattened = |text: &&String| {
            witness::read(text).is_ok_and(|members| members.get("flattened") == Some(&Value::Bool(true)))
        };
        let count = branches.iter().filter(flattened).count();
        TOPOLOGY.contains(&path[0].as_str()) && (1..=branches.len() - 2).contains(&count)
    }),
];
const EVENT_LOGS: &[Listed] = &[
    // The object that holds a name is taken for the name, so it also ends the disagreement of that name with another
    // actor, if it comes first.
    ("a name and another actor, and an object that holds the name", |path, _, branches| {
        let actors: Vec<Value> = branches
            .iter()
            .filter_map(|text| rows::read(text).ok()?.get(&path[0])?.first()?.get("actor").cloned())
            .collect();
        let holds = |actor: &Value, name: &Value| {
            ["role", "profile", "tool"].iter().any(|key| actor.get(key) == Some(name))
        };
        let names = actors.iter().filter(|actor| actor.is_string());
        path[1..] == ["actor"]
            && names.into_iter().any(|name| {
                actors.iter().any(|actor| holds(actor, name))
                    && actors.iter().any(|actor| actor != name && !holds(actor, name))
            })
    }),
];

#[test]
fn orders_of_merging_meta() {
    orders::<Meta>("meta", META);
}

#[test]
fn orders_of_merging_event_logs() {
    orders::<EventLog>("event logs", EVENT_LOGS);
}

#[test]
fn orders_of_merging_traces() {
    orders::<Traces>("traces", &[]);
}

#[test]
fn orders_of_merging_matrices() {
    orders::<Issues>("issue matrices", &[]);
    orders::<Acceptance>("acceptance matrices", &[]);
}

#[test]
fn orders_of_merging_reviews_and_derived_files() {
    orders::<ReviewCycle>("review cycles", &[]);
    orders::<Derived>("derived files", &[]);
}

/// What came of merging four branches of one base one after the other, in all 24 orders.
struct Orders {
    /// The texts that the clean orders ended in
    texts: BTreeSet<String>,
    /// How many orders were clean
    clean: u32,
    /// What was open in the others, at the first merge that was not clean
    conflicts: BTreeSet<Vec<String>>,
}

impl Orders {
    fn of<K: Kind>(base: &str, branches: &[String]) -> Result<Self, String> {
        let mut orders = Self { texts: BTreeSet::new(), clean: 0, conflicts: BTreeSet::new() };
        for (first, text) in branches.iter().enumerate() {
            orders.merge::<K>(base, branches, 1 << first, text.clone())?;
        }
        Ok(orders)
    }

    /// Merges each branch that is not yet in `merged` into `text`, in every order.
    fn merge<K: Kind>(&mut self, base: &str, branches: &[String], merged: u32, text: String) -> Verdict {
        let left: Vec<usize> = (0..branches.len()).filter(|branch| merged & (1 << branch) == 0).collect();
        if left.is_empty() {
            self.clean += 1;
            self.texts.insert(text);
            return Ok(());
        }
        for branch in left {
            let result = K::merge(base, &text, &branches[branch])?;
            if result.is_clean() {
                self.merge::<K>(base, branches, merged | 1 << branch, result.text)?;
            } else {
                self.conflicts.extend(result.conflicts);
            }
        }
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "the figures are the point")]
fn orders<K: Kind>(name: &str, listed: &[Listed]) {
    let count = number("GIT_MISSION_QUADRUPLES").unwrap_or(QUADRUPLES);
    for (flavour, what) in [(Flavour::CloseKept, "close"), (Flavour::RealKept, "real")] {
        let (all_clean, none_clean) = (AtomicU64::new(0), AtomicU64::new(0));
        let met = Mutex::new(BTreeMap::<&str, u64>::new());
        let count = count.div_ceil(2);
        check::<K>("GIT_MISSION_QUADRUPLES", count, flavour, 4, |base, branches| {
            let orders = Orders::of::<K>(base, branches)?;
            if orders.texts.len() > 1 {
                return Err(format!("clean orders end in different texts: {:#?}", orders.texts));
            }
            match orders.clean {
                24 => drop(all_clean.fetch_add(1, Ordering::Relaxed)),
                0 => drop(none_clean.fetch_add(1, Ordering::Relaxed)),
                clean => {
                    for path in &orders.conflicts {
                        let reason = listed.iter().find(|(_, holds)| holds(path, base, branches));
                        let Some((reason, _)) = reason else {
                            return Err(format!(
                                "`{}` is open, yet {clean} orders are clean",
                                path.join(".")
                            ));
                        };
                        *met.lock().expect("no panic").entry(reason).or_default() += 1;
                    }
                }
            }
            Ok(())
        });
        let (clean, none) = (all_clean.into_inner(), none_clean.into_inner());
        let met = met.into_inner().expect("no panic");
        eprintln!(
            "{name}, {what}: {clean} of {count} quadruples are clean in all 24 orders, each in one text; {none} in \
             none; {} in some; listed: {met:?} (seed {:#x})",
            count - clean - none,
            seed(),
        );
        if flavour == Flavour::RealKept {
            assert!(clean * 100 >= count * 60, "{name}: only {clean} of {count} are clean in every order");
        }
    }
}
