//! Random histories with real git: several clones of one origin, and everything that people do to main.
//!
//! `GIT_MISSION_HISTORIES` says how many, `GIT_MISSION_SEED` which is the first. A history that fails is printed with
//! its seed and every step; `GIT_MISSION_HISTORIES=1 GIT_MISSION_SEED=<seed>` plays it again.

mod play;
mod random;
mod state;
mod ways_out;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use self::play::{History, Tally};
use crate::support::{World, gits, variable};

const STEPS: usize = 26;

fn setting(name: &str, default: u64) -> u64 {
    variable(name).and_then(|text| text.to_str()?.parse().ok()).unwrap_or(default)
}

#[expect(clippy::print_stdout, reason = "the summary is what the command is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Plays one history; the error holds what went wrong after which steps.
fn play(seed: u64) -> Result<Tally, String> {
    let gits = gits();
    let git = &gits[usize::try_from(seed).unwrap_or_default() % gits.len()];
    let world = World::new(git);
    let mut history = History::new(&world, seed);
    let played = catch_unwind(AssertUnwindSafe(|| {
        for _ in 0..STEPS {
            history.step();
        }
        history.finish();
    }));
    played.map(|()| history.tally).map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        format!("seed {seed}, git {}:\n{}\n{words}\n", git.version, history.log.join("\n"))
    })
}

#[test]
fn histories() {
    let (count, first) = (setting("GIT_MISSION_HISTORIES", 40), setting("GIT_MISSION_SEED", 1));
    say(&format!("histories: {count}, seeds {first} to {}", first + count - 1));
    let (next, tallies, failures) = (AtomicU64::new(first), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    match play(seed) {
                        Ok(tally) => tallies.lock().expect("no panic").push(tally),
                        Err(words) => failures.lock().expect("no panic").push(words),
                    }
                }
            });
        }
    });
    let (tallies, failures) = (tallies.into_inner().expect("done"), failures.into_inner().expect("done"));
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    say(&format!("histories that held: {} of {count}", tallies.len()));
    say(&format!("steps: {}", sum(|t| t.operations)));
    say(&format!("missions at the end: {}", sum(|t| t.missions)));
    say(&format!("pushes of main accepted: {}", sum(|t| t.accepted)));
    say(&format!("pushes refused, all let through after the printed hint: {}", sum(|t| t.refused)));
    say(&format!("pulls: {}", sum(|t| t.pulls)));
    say(&format!("conflicts resolved by hand: {}", sum(|t| t.conflicts)));
    say(&format!("merges by the forge: {}", sum(|t| t.forge_merges)));
    say(&format!("merges by the forge left out, because check refuses them: {}", sum(|t| t.forge_excluded)));
    say(&format!("histories in which gaps were looked for: {}", sum(|t| t.checked_for_gaps)));
    assert!(failures.is_empty(), "{} of {count} failed\n\n{}", failures.len(), failures.join("\n"));
}
