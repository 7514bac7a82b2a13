//! P7: what the gate costs, in process: judging one event and one body, and what it adds to a command that judges a
//! single event, which has to read the contract first. The floor is what is allowed: a microsecond, a millisecond.
//!
//! `cargo bench --bench gate [WORD…]`; prints the lines that `measure.py` describes. Knows no rule of the contract.

#![expect(clippy::print_stdout, reason = "the lines are what this is for")]

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use git_mission::clock::Stopwatch;
use git_mission::gate::{Context, validate};
use git_mission::json::{Limits, Value, parse_object};

/// A work package that moves, as a commit queues it.
const EVENT: &str = r#"{"event_id": "01KQ47E80QJG8GTVGDCV67RW7M", "event_type": "WPStatusChanged",
    "aggregate_id": "01KQ47E80QJG8GTVGDCV67RW7M/WP01", "aggregate_type": "WorkPackage", "schema_version": "3.0.0",
    "build_id": "6f2c1de0-5a0e-4f83-9a54-3f4e5f0a8d11", "payload": {"mission_slug": "login-page-01KQ47E8",
    "wp_id": "WP01", "from_lane": "planned", "to_lane": "claimed", "actor": "ada", "force": false, "reason": null,
    "review_ref": null, "execution_mode": "worktree", "evidence": null}, "node_id": "a1b2c3d4e5f6",
    "lamport_clock": 41, "causation_id": null, "correlation_id": "01KQ47E80QJG8GTVGDCV67RW7M",
    "timestamp": "2026-04-06T05:01:28.874035+00:00", "team_slug": null,
    "project_uuid": "6f2c1de0-5a0e-4f83-9a54-3f4e5f0a8d12", "project_slug": "shop", "git_branch": "main",
    "head_commit_sha": "7e94857aef7e94857aef7e94857aef7e94857aef", "repo_slug": "ada/shop", "data_tier": 0}"#;

/// All of a body but its text.
const BODY: &str = r##"{"project_uuid": "6f2c1de0-5a0e-4f83-9a54-3f4e5f0a8d12", "mission_slug": "login-page-01KQ47E8",
    "target_branch": "main", "mission_type": "software-dev", "manifest_version": "1",
    "artifact_path": "spec.md", "content_hash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "hash_algorithm": "sha256", "content_body": "# Login page"}"##;

/// An argument that asks for the time of the first judgement of a process.
const FIRST: &str = "--first-judgement";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.iter().any(|arg| arg == FIRST) {
        let event = payload(EVENT);
        let start = Stopwatch::start();
        judge(&event, Context::Event);
        println!("{}", start.elapsed().as_nanos());
        return;
    }
    let wanted =
        |comparison: &str| args.is_empty() || args.iter().any(|word| comparison.contains(word.as_str()));
    let long = {
        let Value::Object(mut members) = payload(BODY) else { unreachable!("a body is an object") };
        members.insert("content_body".to_owned(), "All that is said of it. ".repeat(170).into());
        Value::Object(members)
    };
    for (comparison, payload, context) in [
        ("gate, one event, in process", payload(EVENT), Context::Event),
        ("gate, one body of 4 KiB, in process", long, Context::BodySync),
    ] {
        if wanted(comparison) {
            report(comparison, &judgements(&payload, context), Duration::from_micros(1));
        }
    }
    let comparison = "gate, its part of a command that judges one event";
    if wanted(comparison) {
        report(comparison, &first_judgements(), Duration::from_millis(1));
    }
}

fn payload(text: &str) -> Value {
    Value::Object(parse_object(text.as_bytes(), Limits::DOCUMENT).expect("a payload"))
}

fn judge(payload: &Value, context: Context) {
    validate(black_box(payload), context).expect("the contract is kept");
}

/// Nanoseconds of one judgement, the mean of each of many short series.
fn judgements(payload: &Value, context: Context) -> Vec<f64> {
    const SERIES: usize = 201;
    const LENGTH: u32 = 1000;
    (0..SERIES)
        .map(|_| {
            let start = Stopwatch::start();
            (0..LENGTH).for_each(|_| judge(payload, context));
            start.elapsed().as_secs_f64() * 1e9 / f64::from(LENGTH)
        })
        .collect()
}

/// Nanoseconds of the first judgement of a process, for many processes.
fn first_judgements() -> Vec<f64> {
    const PROCESSES: usize = 51;
    let program = std::env::current_exe().expect("this program");
    (0..PROCESSES)
        .map(|_| {
            let output = Command::new(&program).arg(FIRST).output().expect("started");
            String::from_utf8_lossy(&output.stdout).trim().parse().expect("nanoseconds")
        })
        .collect()
}

/// Prints the line of some durations in nanoseconds, against what is allowed.
fn report(comparison: &str, took: &[f64], allowed: Duration) {
    let mut sorted = took.to_vec();
    sorted.sort_by(f64::total_cmp);
    let allowed_ns = allowed.as_secs_f64() * 1e9;
    let at = |part: usize| sorted[(sorted.len() - 1) * part / 4];
    println!(
        "P7\t{comparison}\t{}\t{}\t{:.3}\t<=1.0\t{:.2}–{:.2}",
        duration(at(2)),
        duration(allowed_ns),
        at(2) / allowed_ns,
        at(1) / allowed_ns,
        at(3) / allowed_ns
    );
}

fn duration(ns: f64) -> String {
    if ns >= 1e6 {
        format!("{:.2} ms", ns / 1e6)
    } else if ns >= 1e3 {
        format!("{:.2} µs", ns / 1e3)
    } else {
        format!("{ns:.0} ns")
    }
}
