//! What must hold for any bytes (`fuzz/laws.rs`), on the committed seeds and on random changes of them. The fuzzer
//! looks deeper (`fuzz/README.md`); this looks every time.

#[path = "../fuzz/laws.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets use it too")]
mod laws;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::merge_histories::Random;
use crate::support::variable;

/// Changed inputs for each law.
const CHANGED: u64 = 2_000;
/// Bytes that mean something to one of the readers, and pieces that do.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"/",
    b"..",
    b"null",
    b"-1.0e9",
    b"\\ud800",
    b"\xff",
    b"\xef\xbb\xbf",
    "\u{2028}".as_bytes(),
    b"<<<<<<< a\n",
    b"=======\n",
    b">>>>>>> b\n",
    b"|||||||\n",
    b"\"mission_id\": ",
    b"\"event_id\": ",
    b"- &a *a ",
    b"# ",
    b"  ",
    b"\t",
];

fn seeds(law: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(law);
    let mut names: Vec<_> = fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

/// One to eight changes: bytes removed, doubled, moved, replaced, or taken from another seed.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        let from = random.below(data.len() + 1);
        let to = (from + random.below(24)).min(data.len());
        match random.below(5) {
            0 => drop(data.drain(from..to)),
            1 => {
                let copy = data[from..to].to_vec();
                let at = random.below(data.len() + 1);
                data.splice(at..at, copy);
            }
            2 => drop(data.splice(from..from, random.pick(PIECES).iter().copied())),
            3 => data[from..to].iter_mut().for_each(|byte| *byte ^= 1 << random.below(8)),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let start = random.below(other.len() + 1);
                let end = (start + random.below(200)).min(other.len());
                data.splice(from..to, other[start..end].iter().copied());
            }
        }
    }
    data
}

/// Holds one law to its seeds and to changes of them. `GIT_MISSION_BYTES=SEED` repeats one change.
fn hold(name: &str, law: fn(&[u8])) {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "no seeds for {name}");
    let check = |data: &[u8], what: &str| {
        let held = catch_unwind(AssertUnwindSafe(|| law(data))).is_ok();
        assert!(held, "{name}: {what}: {:?}", String::from_utf8_lossy(data));
    };
    if let Some(one) = variable("GIT_MISSION_BYTES") {
        let seed = one.to_str().and_then(|text| text.parse().ok()).expect("GIT_MISSION_BYTES is a number");
        return check(&changed(&seeds, &mut Random::new(seed)), "the change asked for");
    }
    for seed in &seeds {
        check(seed, "a seed");
    }
    for seed in 0..CHANGED {
        let data = changed(&seeds, &mut Random::new(seed));
        check(&data, &format!("repeat with GIT_MISSION_BYTES={seed}"));
    }
}

#[test]
fn lossless_json() {
    hold("json", laws::json);
}

#[test]
fn the_meta_driver() {
    hold("meta_merge", laws::meta_merge);
}

#[test]
fn the_event_log_driver() {
    hold("event_log_merge", laws::event_log_merge);
}

#[test]
fn slugs_and_paths() {
    hold("slug_and_path", laws::slug_and_path);
}

#[test]
fn the_project_file() {
    hold("yaml_identity", laws::yaml_identity);
}

#[test]
fn what_git_tells_pre_push() {
    hold("pre_push_stdin", laws::pre_push_stdin);
}

#[test]
fn the_answer_to_a_batch() {
    hold("batch_response", laws::batch_response);
}

#[test]
fn a_server_that_asks_to_wait() {
    hold("retry_after", laws::retry_after);
}

#[test]
fn an_index_file() {
    hold("index_file", laws::index_file);
}

/// Every law has a fuzz target and seeds.
#[test]
fn every_target_has_seeds() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let names = |under: &str| {
        let mut names: Vec<String> = fs::read_dir(dir.join(under))
            .expect("a directory")
            .map(|entry| {
                entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("fuzz_targets"), names("seeds"));
}
