//! Every operation with a fault at every system call: which points there are, how many are tried, and the table.
//!
//! Knows nothing about what the operations do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::operation::{Operation, Stage};
use super::operations;
use super::strace::{self, Calls, Point};
use super::{WHICH, say, which};
use crate::support::{World, any_git};

/// How many points of each operation and kind the ordinary run tries.
const SELECTED: usize = 6;
/// How many calls of one name are tried where not every one is, evenly spread.
const SPREAD: usize = 16;
/// Operations at the same time: more do not go faster on a machine of two cores.
const STREAMS: usize = 2;

/// Which errors a system call may be answered with, as it really happens.
fn errors(call: &str) -> &'static [&'static str] {
    match call {
        "openat" => &["EMFILE", "EACCES"],
        "write" | "pwrite64" => &["ENOSPC", "EIO"],
        "fsync" | "fdatasync" | "ftruncate" => &["EIO", "ENOSPC"],
        "rename" | "renameat" | "renameat2" | "mkdir" | "mkdirat" | "link" | "linkat" => {
            &["EACCES", "ENOSPC"]
        }
        "unlink" | "unlinkat" => &["EACCES", "EIO"],
        // Not `newfstatat`, which git makes: a file that it cannot look at is an edited one to git, and left alone.
        "statx" | "fchmod" | "chmod" => &["EACCES"],
        "pipe2" | "dup3" | "fcntl" => &["EMFILE"],
        _ => &[],
    }
}

/// Whether a call leaves something behind, so that a kill of any process that makes it is a point of its own.
fn changes(call: &str) -> bool {
    matches!(call, "write" | "pwrite64" | "fsync" | "fdatasync" | "ftruncate" | "mkdir" | "mkdirat")
        || ["rename", "link", "unlink", "fchmod", "chmod"].iter().any(|name| call.starts_with(name))
}

/// The points of an operation: the program killed at each of its calls; every process that it starts killed at calls
/// that change something; errors.
fn every_point(stage: &Stage<'_>) -> Vec<Point> {
    let mut calls = Calls::default();
    stage.play(|run| {
        let mut output = None;
        calls = stage.traced.calls(|| output = Some(run()));
        (output.expect("an end"), true)
    });
    let mut points = Vec::new();
    let mut add = |fault: &str, call: &str, nths: Vec<usize>, all: bool, every: bool| {
        let step = if every { 1 } else { nths.len().div_ceil(SPREAD).max(1) };
        let nths = nths.into_iter().step_by(step);
        points.extend(nths.map(|nth| Point { fault: fault.to_owned(), call: call.to_owned(), nth, all }));
    };
    let mut own: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for (call, of_file) in calls.own.iter().filter(|(call, _)| !call.starts_with("exit")) {
        own.entry(call).or_default().push(*of_file);
    }
    for (call, of_files) in own {
        add("kill", call, (1..=of_files.len()).collect(), false, stage.operation.is_exhaustive());
        // A pipe does not answer with an error of the disk.
        if matches!(call, "read" | "pread64") {
            let of_files = of_files.iter().zip(1..).filter(|(of_file, _)| **of_file).map(|(_, nth)| nth);
            add("EIO", call, of_files.collect(), false, false);
        }
    }
    for (call, count) in &calls.most {
        if changes(call) {
            add("kill", call, (1..=*count).collect(), true, false);
        }
        for error in errors(call) {
            add(error, call, (1..=*count).collect(), true, false);
        }
    }
    points
}

/// Evenly spread over all of them.
fn select(points: Vec<Point>) -> Vec<Point> {
    let (kills, errors): (Vec<_>, Vec<_>) = points.into_iter().partition(Point::is_kill);
    let some = |points: Vec<Point>| {
        let step = points.len().div_ceil(SELECTED).max(1);
        points.into_iter().skip(step / 2).step_by(step)
    };
    some(kills).chain(some(errors)).collect()
}

/// What was tried of one operation.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    errors: usize,
    failures: Vec<String>,
}

/// Tries points of one operation, in a world of its own.
fn try_points(operation: &dyn Operation, choose: impl Fn(Vec<Point>) -> Vec<Point>) -> Tally {
    let world = World::new(&any_git());
    let stage = Stage::set(&world, operation);
    let mut tally = Tally::default();
    let points = choose(every_point(&stage));
    if which() == "all" {
        say(&format!("{}: {} points", operation.name(), points.len()));
    }
    for point in points {
        let tried = catch_unwind(AssertUnwindSafe(|| {
            stage.play(|run| {
                let mut output = None;
                let hit = stage.traced.hit(&point, || output = Some(run()));
                (output.expect("an end"), hit)
            })
        }));
        match tried {
            // A call that was not made this time is no point.
            Ok(hit) if point.is_kill() => tally.kills += usize::from(hit),
            Ok(hit) => tally.errors += usize::from(hit),
            Err(panic) => {
                let words = panic.downcast_ref::<String>().map_or("a panic", String::as_str);
                let again = format!(
                    "{WHICH}='{}: {point}' cargo test --test runner faults::points -- --nocapture",
                    operation.name()
                );
                say(&format!("failed: {again}\n{words}"));
                tally.failures.push(again);
            }
        }
    }
    tally
}

fn table(rows: &BTreeMap<&str, Tally>) -> String {
    let mut text =
        "| operation | killed at | failed at | lost or half done |\n|---|---:|---:|---:|\n".to_owned();
    let mut total = (0, 0, 0);
    for (name, tally) in rows {
        let counts = (tally.kills, tally.errors, tally.failures.len());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {name} | {} | {} | {} |", counts.0, counts.1, counts.2);
        total = (total.0 + counts.0, total.1 + counts.1, total.2 + counts.2);
    }
    text + &format!("| all | {} | {} | {} |\n", total.0, total.1, total.2)
}

#[test]
fn nothing_is_lost_or_half_done_whatever_fails() {
    if !strace::is_there() {
        return;
    }
    let which = which();
    let operations = operations::all();
    let todo: Mutex<Vec<&Box<dyn Operation>>> = Mutex::new(operations.iter().rev().collect());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..STREAMS {
            scope.spawn(|| {
                loop {
                    let Some(operation) = todo.lock().expect("a list").pop() else { break };
                    let tally = match which.split_once(": ") {
                        Some((name, _)) if name != operation.name() => continue,
                        Some((_, point)) => {
                            let point = Point::parse(point).expect("a point, as a failure prints it");
                            try_points(&**operation, |_| vec![point.clone()])
                        }
                        None if which == "all" || which == operation.name() => {
                            try_points(&**operation, |points| points)
                        }
                        None if which.is_empty() => try_points(&**operation, select),
                        None => continue,
                    };
                    done.lock().expect("a table").insert(operation.name(), tally);
                }
            });
        }
    });
    let done = done.into_inner().expect("a table");
    say(&table(&done));
    let failures: Vec<&String> = done.values().flat_map(|tally| &tally.failures).collect();
    assert!(failures.is_empty(), "{} points failed, the first: {}", failures.len(), failures[0]);
    let (kills, errors) = done.values().fold((0, 0), |(k, e), tally| (k + tally.kills, e + tally.errors));
    let (enough_kills, enough_errors) = if which == "all" { (2_000, 500) } else { (0, 0) };
    assert!(
        kills >= enough_kills && errors >= enough_errors && kills + errors > 0,
        "{kills} and {errors} points"
    );
}
