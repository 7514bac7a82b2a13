//! Long event logs through the driver: what it holds stays below three times the largest of the three files, whoever
//! changed what.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use crate::support::{Repo, World, any_git};

const TIME: &str = "/usr/bin/time";

/// What the sides did to a log that both started from.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// Both added at the end.
    Appended,
    /// Both added at the start.
    Early,
    /// Both made the log, mostly alike.
    AddedByBoth,
    /// Ours rewrote every row, theirs added at the end.
    Rewritten,
}

fn row(number: usize, tag: char, more: &str) -> String {
    format!(
        "{{\"actor\": {{\"profile\": \"ada\", \"role\": \"implementer\", \"tool\": \"claude\"}}, \
         \"at\": \"2026-04-06T05:01:28.{number:09}+00:00\", \"event_id\": \"{tag}{number:025}\", \
         \"evidence\": null, \"execution_mode\": \"worktree\", \"force\": false, \"from_lane\": \"in_progress\", \
         \"mission_slug\": \"complete-mission-identity-cutover-01KQ47E8\", \"policy_metadata\": null, \
         \"reason\": \"{}\", \"review_ref\": null, {more}\"to_lane\": \"for_review\", \"wp_id\": \"WP01\"}}\n",
        "words that say why ".repeat(12)
    )
}

/// Writes base, ours and theirs; returns the bytes of the largest.
fn write(place: &Repo<'_>, rows: usize, change: Change) -> u64 {
    let write = |name: &str, early: bool, log: bool, more: &str, late: bool, tag: char| {
        let mut file = BufWriter::new(File::create(place.at(name)).expect("a file"));
        let mut put = |text: String| file.write_all(text.as_bytes()).expect("written");
        if early {
            put(row(0, tag, ""));
        }
        if log {
            (1..=rows).for_each(|number| put(row(number, 'X', more)));
        }
        if late {
            (1..=100).for_each(|number| put(row(rows + number, tag, "")));
        }
        drop(file);
        place.at(name).metadata().expect("a file").len()
    };
    let (early, both, late, more) = match change {
        Change::Appended => (false, false, true, ""),
        Change::Early => (true, false, false, ""),
        Change::AddedByBoth => (false, true, true, ""),
        Change::Rewritten => (false, false, true, "\"review_result\": 1, "),
    };
    let base = write("base", false, !both, "", false, 'X');
    let ours = write("ours", early, true, more, late, 'A');
    base.max(ours).max(write("theirs", early, true, "", late, 'B'))
}

#[expect(clippy::print_stderr, reason = "the figures are the point")]
fn check(rows: usize) {
    if !Path::new(TIME).is_file() {
        eprintln!("skipped: no {TIME}");
        return;
    }
    let world = World::new(&any_git());
    let place = world.directory("home");
    for change in [Change::Appended, Change::Early, Change::AddedByBoth, Change::Rewritten] {
        let largest = write(&place, rows, change);
        let program = World::mission_program().display().to_string();
        let driver = "merge-driver event-log --base base --ours ours --theirs theirs";
        let mut args = vec!["-f", "%M", "-o", "peak", &program];
        args.extend(driver.split(' '));
        place.run(TIME, &args).ok();
        let peak: u64 = place.read("peak").trim().parse().expect("kilobytes");
        let ratio = (peak * 1024 * 100) / largest;
        eprintln!(
            "{change:?}: {rows} rows, {} MiB: a peak of {} MiB, {}.{:02} times",
            largest >> 20,
            peak >> 10,
            ratio / 100,
            ratio % 100
        );
        assert!(ratio <= 300, "{change:?}: {ratio} % of the largest file");
        let added = if matches!(change, Change::Early) { 2 } else { 200 };
        let merged = std::fs::read(place.at("ours")).expect("the result");
        assert_eq!(merged.split_inclusive(|b| *b == b'\n').count(), rows + added, "{change:?}");
    }
}

#[test]
fn a_long_log_is_merged_within_three_times_its_size() {
    check(50_000);
}

#[test]
#[ignore = "writes two gigabytes; run by hand: cargo test --release --test runner -- --ignored merging_memory"]
fn a_million_rows_are_merged_within_three_times_their_size() {
    check(1_000_000);
}
