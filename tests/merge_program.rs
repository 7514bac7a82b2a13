//! The drivers through the program, as git calls it: what the library says is what is left in the file.
//!
//! Knows nothing about what the rules are (`merge_more`, `merge_meta`, `merge_event_log`).

use std::sync::Mutex;

use git_mission::merge::Kind;

use crate::merge_histories::tables::{Acceptance, Issues};
use crate::merge_histories::texts::{Derived, ReviewCycle, Traces};
use crate::merge_histories::{Flavour, Kind as History, check_triples};
use crate::merge_support::cases;
use crate::support::{Repo, World, any_git};

/// Calls the program as git does: its status and what it leaves.
fn driven(repo: &Repo<'_>, kind: Kind, texts: [&[u8]; 3]) -> (i32, Vec<u8>) {
    for (file, text) in ["o", "a", "b"].iter().zip(texts) {
        repo.write(file, text);
    }
    let call =
        ["merge-driver", kind.name(), "--base", "o", "--ours", "a", "--theirs", "b", "--path", "a file"];
    let status = repo.mission(&call).status;
    (status, std::fs::read(repo.at("a")).expect("a file"))
}

#[test]
fn the_program_leaves_what_the_rules_say() {
    let world = World::new(&any_git());
    let repo = world.directory("scratch");
    for kind in Kind::ALL {
        for case in cases(kind.name(), "working") {
            let (status, text) = driven(&repo, *kind, [&case.base, &case.ours, &case.theirs]);
            let open = text.windows(7).any(|bytes| bytes == b"<<<<<<<");
            assert_eq!(status, i32::from(open), "{kind:?}: {}", case.name);
            assert_eq!(Some(text), case.result, "{kind:?}: {}", case.name);
        }
    }
    sample::<Traces>(&repo, Kind::Traces);
    sample::<Issues>(&repo, Kind::IssueMatrix);
    sample::<Acceptance>(&repo, Kind::AcceptanceMatrix);
    sample::<ReviewCycle>(&repo, Kind::ReviewCycle);
    sample::<Derived>(&repo, Kind::Derived);
}

/// Made-up histories through the program.
fn sample<H: History>(repo: &Repo<'_>, kind: Kind) {
    for flavour in [Flavour::Close, Flavour::Real] {
        let triples = Mutex::new(Vec::new());
        check_triples::<H>(20, flavour, |triple| {
            let texts = [&triple.base, &triple.ours, &triple.theirs].map(Clone::clone);
            triples.lock().expect("no panic").push((texts, triple.merged.clone()));
            Ok(())
        });
        for (texts, merged) in triples.into_inner().expect("no panic") {
            let (status, text) = driven(repo, kind, texts.each_ref().map(String::as_bytes));
            assert_eq!((status, text), (i32::from(!merged.is_clean()), merged.text.into_bytes()), "{kind:?}");
        }
    }
}

/// A pipe is read once. What is in it is not taken for nothing when a log has to be looked at again.
#[test]
fn a_side_that_can_be_read_only_once_is_merged_or_refused_by_name() {
    let world = World::new(&any_git());
    let repo = world.directory("scratch");
    let row = |at: usize, id: &str| format!("{{\"at\": \"{at}\", \"event_id\": \"{id}\"}}\n");
    let begun = row(1, "A") + &row(3, "C");
    let ours = begun.clone() + &row(4, "D");
    let driven = |theirs: &str| {
        repo.write("o", &begun);
        repo.write("a", &ours);
        let files = ["--base", "o", "--ours", "a", "--theirs", "/dev/stdin"];
        let call = repo.stdin(theirs).mission(&[["merge-driver", "event-log"].as_slice(), &files].concat());
        (call, std::fs::read_to_string(repo.at("a")).expect("a file"))
    };
    // Something new belongs between the rows that all share, and behind them.
    let theirs = begun.clone() + &row(2, "T") + &row(5, "E");
    let (call, merged) = driven(&theirs);
    assert_eq!(call.status, 0, "{call}");
    assert_eq!(merged, [row(1, "A"), row(2, "T"), row(3, "C"), row(4, "D"), row(5, "E")].concat());
    let (call, merged) = driven(&(begun.clone() + &row(5, "E")));
    assert_eq!((call.status, merged), (0, ours.clone() + &row(5, "E")), "{call}");
    // What no rule can read would be read again by lines.
    let (call, merged) = driven(&(theirs + "half a row"));
    assert_eq!((call.status, merged), (255, ours.clone()), "{call}");
    assert!(call.stderr.contains("/dev/stdin") && call.stderr.contains("write it into one first"), "{call}");
}

/// Longer than every block in which logs are read, alone and before what differs.
#[test]
fn lines_of_many_megabytes_are_kept() {
    let world = World::new(&any_git());
    let repo = world.directory("scratch");
    let row = |at: usize, length: usize| format!("{{\"at\": \"{at}\", \"x\": \"{}\"}}\n", "y".repeat(length));
    let begun = row(1, 15 << 20) + &row(2, 15 << 20);
    let (ours, theirs) = (begun.clone() + &row(3, 1), begun.clone() + &row(4, 1));
    let (status, text) = driven(&repo, Kind::EventLog, [&begun, &ours, &theirs].map(String::as_bytes));
    assert_eq!(status, 0);
    assert!(text == (ours + &row(4, 1)).into_bytes(), "not all rows in order");
    // No row, and not ended.
    let begun = "z".repeat(48 << 20);
    let (ours, theirs) = (begun.clone() + "o", begun.clone() + "t");
    let (status, text) = driven(&repo, Kind::EventLog, [&begun, &ours, &theirs].map(String::as_bytes));
    assert_eq!(status, 1);
    assert!(text.len() > 2 * begun.len(), "{} bytes", text.len());
}

#[test]
fn what_no_rule_can_read_is_left_between_markers() {
    let world = World::new(&any_git());
    let repo = world.directory("scratch");
    for kind in Kind::ALL {
        let (status, text) = driven(&repo, *kind, [b"base\n", b"ours \xff\n", b"theirs\n"]);
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(status, 1, "{kind:?}");
        for part in ["<<<<<<< ", "ours \u{fffd}\n", "=======\n", "theirs\n", ">>>>>>> "] {
            assert!(text.contains(part), "{kind:?}: {text}");
        }
    }
}
