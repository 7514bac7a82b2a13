//! What is unpacked against what git says, and packs that lie.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

fn git(top: &Path, args: &[&str]) -> Vec<u8> {
    let output = Command::new("git")
        .current_dir(top)
        .args([
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.invalid",
            "-c",
            "core.hooksPath=/nonexistent",
        ])
        .args(args)
        .stderr(Stdio::inherit())
        .output()
        .expect("git");
    assert!(output.status.success(), "git {args:?}");
    output.stdout
}

/// A repository of files that grew from commit to commit, so that many are deltas of others.
fn repository() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let top = home.path();
    git(top, &["init", "-q"]);
    let mut text = String::new();
    for commit in 0..40_u64 {
        for line in 0..60 {
            let number = 1_000_003 * (line * commit + 7) % 9_973;
            writeln!(text, "{commit} {line} {number}").expect("written");
        }
        fs::create_dir_all(top.join(format!("{commit}"))).expect("a directory");
        fs::write(top.join(format!("{commit}/long")), &text).expect("a file");
        fs::write(top.join(format!("{commit}/short")), format!("{{\n  \"number\": {commit}\n}}\n"))
            .expect("a file");
        git(top, &["add", "."]);
        git(top, &["commit", "-qm", "one more"]);
    }
    fs::write(top.join("empty"), "").expect("a file");
    fs::write(top.join("large"), text.repeat(3)).expect("a file");
    git(top, &["add", "."]);
    git(top, &["commit", "-qm", "the last"]);
    git(top, &["tag", "-a", "-m", "a tag", "tag"]);
    home
}

/// All objects: their ids, and kind and content as git says.
fn objects(top: &Path) -> BTreeMap<[u8; ID], (ObjectType, Vec<u8>)> {
    let all = git(top, &["cat-file", "--batch-all-objects", "--batch"]);
    let mut rest = all.as_slice();
    let mut objects = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').expect("a line");
        let head = std::str::from_utf8(&rest[..end]).expect("text");
        let words: Vec<&str> = head.split(' ').collect();
        let size: usize = words[2].parse().expect("a size");
        let id = git2::Oid::from_str(words[0]).expect("an id");
        let kind = ObjectType::from_str(words[1]).expect("a kind");
        let content = rest[end + 1..][..size].to_vec();
        objects.insert(*id.as_bytes().first_chunk().expect("20 bytes"), (kind, content));
        rest = &rest[end + 1 + size + 1..];
    }
    objects
}

/// Asks for all, in the order of their ids and then of their places; returns how many were answered.
fn ask(top: &Path, objects: &BTreeMap<[u8; ID], (ObjectType, Vec<u8>)>) -> usize {
    let packs = Packs::of(&top.join(".git/objects"), objects.len());
    let mut places: Vec<_> = objects.iter().map(|(id, object)| (packs.find(id), object)).collect();
    let mut answered = 0;
    for _ in 0..2 {
        let mut unpacker = packs.unpacker();
        answered = 0;
        for (place, (kind, content)) in &places {
            let Some(place) = place else { continue };
            if let Some(data) = unpacker.object(*place, *kind) {
                assert!(data == content, "{place:?} holds something else");
                answered += 1;
            }
            let other = if *kind == ObjectType::Blob { ObjectType::Tree } else { ObjectType::Blob };
            assert_eq!(unpacker.object(*place, other), None, "{place:?} is of another kind");
        }
        places.sort_by_key(|(place, _)| *place);
    }
    answered
}

fn pack_files(top: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(top.join(".git/objects/pack")).expect("a directory");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn objects_are_read_as_git_reads_them() {
    let home = repository();
    let top = home.path();
    let all = objects(top);
    let small = all.values().filter(|(_, content)| content.len() <= LARGEST).count();
    assert!(all.len() > 150 && small < all.len(), "{small} of {}", all.len());
    assert_eq!(ask(top, &all), 0, "nothing is packed");

    git(top, &["repack", "-qadf", "--depth=50", "--window=50"]);
    assert_eq!(ask(top, &all), small);

    // Several packs, and some objects in none.
    git(top, &["repack", "-qadf", "--max-pack-size=1m"]);
    fs::write(top.join("later"), "later\n").expect("a file");
    git(top, &["add", "."]);
    git(top, &["commit", "-qm", "later"]);
    git(top, &["repack", "-qd"]);
    fs::write(top.join("loose"), "loose\n").expect("a file");
    git(top, &["add", "."]);
    let all = objects(top);
    assert_eq!(ask(top, &all), small + 3);
}

/// Makes the index of the only pack anew.
fn index(top: &Path, version: &str) {
    let pack = pack_files(top).into_iter().find(|path| path.extension().is_some_and(|e| e == "pack"));
    let (pack, index) = (pack.clone().expect("a pack"), pack.expect("a pack").with_extension("idx"));
    fs::remove_file(&index).expect("an index");
    let version = format!("--index-version={version}");
    let (index, pack) = (index.to_str().expect("text"), pack.to_str().expect("text"));
    git(top, &["index-pack", &version, "-o", index, pack]);
}

#[test]
fn what_is_unusual_is_no_answer() {
    let home = repository();
    let top = home.path();
    git(top, &["repack", "-qadf"]);
    let all = objects(top);
    let small = all.values().filter(|(_, content)| content.len() <= LARGEST).count();
    // Nearly all offsets as if they were beyond 2 GiB.
    index(top, "2,0x40");
    assert_eq!(ask(top, &all), small);
    index(top, "1");
    assert_eq!(ask(top, &all), 0);
    assert_eq!(Packs::of(&top.join(".git/objects"), all.len()).0.len(), 0);
    index(top, "2");
    assert_eq!(ask(top, &all), small);

    // Bases that are named by their ids.
    let objects_before = ask(top, &all);
    git(top, &["-c", "repack.useDeltaBaseOffset=false", "repack", "-qadf"]);
    let without_deltas = ask(top, &all);
    assert!(0 < without_deltas && without_deltas < objects_before, "{without_deltas}");

    // A pack whose index is of another one.
    let is = |path: &PathBuf, what: &str| path.extension().is_some_and(|extension| extension == what);
    let index = pack_files(top).into_iter().find(|path| is(path, "idx")).expect("an index");
    let kept = fs::read(&index).expect("bytes");
    git(top, &["repack", "-qadf", "--depth=1"]);
    let other = pack_files(top).into_iter().find(|path| is(path, "idx")).expect("an index");
    fs::remove_file(&other).expect("removed");
    fs::write(&other, kept).expect("written");
    assert_eq!(ask(top, &all), 0);
}

/// The same objects as libgit2 reads them.
fn libgit2(top: &Path) -> git2::Odb<'static> {
    git2::opts::strict_hash_verification(false);
    let odb = git2::Odb::new().expect("a database");
    odb.add_disk_alternate(top.join(".git/objects").to_str().expect("text")).expect("added");
    odb
}

/// What is damaged.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Index,
    Pack,
    /// A bit in the first bytes of an object
    Head,
}

/// Whatever stands in a pack or an index: it is read without a panic, in bounded time, nothing larger is made of it, and
/// nothing else than libgit2 makes.
#[test]
fn packs_that_lie_do_no_harm() {
    let home = repository();
    let top = home.path();
    git(top, &["repack", "-qadf", "--depth=50"]);
    let all = objects(top);
    let files = pack_files(top);
    let of = |what: &str| {
        let path = files.iter().find(|path| path.extension().is_some_and(|e| e == what)).expect("a file");
        (path.clone(), fs::read(path).expect("bytes"))
    };
    let ((pack_path, pack), (index_path, index)) = (of("pack"), of("idx"));
    // Most of what a pack says of itself stands where its objects begin.
    let known = Packs::of(&top.join(".git/objects"), all.len());
    let heads: Vec<usize> =
        all.keys().filter_map(|id| usize::try_from(known.find(id)?.offset).ok()).collect();
    for path in &files {
        fs::remove_file(path).expect("removed");
    }
    let anywhere = any::<prop::sample::Index>;
    let harm = (prop_oneof![Just(Part::Head), Just(Part::Pack)], anywhere(), any::<u8>(), 1..5_usize);
    let to_index = (Just(Part::Index), anywhere(), any::<u8>(), 1..5_usize);
    let changes = prop_oneof![
        prop::collection::vec(harm.clone(), 1..6),
        prop::collection::vec(prop_oneof![harm, to_index], 1..6)
    ];
    let strategy = (changes, prop::option::weighted(0.1, anywhere()));
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let run = runner.run(&strategy, |(changes, cut)| {
        let (mut pack, mut index) = (pack.clone(), index.clone());
        let index_is_whole = changes.iter().all(|(part, ..)| *part != Part::Index);
        for (part, at, byte, length) in changes {
            if part == Part::Head {
                pack[heads[at.index(heads.len())] + length - 1] ^= 1 << (byte & 7);
                continue;
            }
            let bytes = if part == Part::Pack { &mut pack } else { &mut index };
            // The checksums stay, or nothing would be looked at.
            let at = at.index(bytes.len() - 2 * ID - length);
            bytes[at..at + length].fill(byte);
        }
        if let Some(cut) = cut {
            pack.truncate(cut.index(pack.len()));
        }
        fs::write(&pack_path, &pack).expect("written");
        fs::write(&index_path, &index).expect("written");
        let packs = Packs::of(&top.join(".git/objects"), all.len());
        let mut unpacker = packs.unpacker();
        // libgit2 trusts an index.
        let odb = index_is_whole.then(|| libgit2(top));
        for (id, (kind, _)) in &all {
            let data = packs.find(id).and_then(|place| unpacker.object(place, *kind));
            prop_assert!(data.is_none_or(|data| data.len() <= LARGEST));
            if let (Some(odb), Some(data)) = (&odb, data) {
                let read = git2::Oid::from_bytes(id).and_then(|id| odb.read(id)).ok();
                prop_assert_eq!(read.as_ref().map(|read| (read.kind(), read.data())), Some((*kind, data)));
            }
        }
        Ok(())
    });
    run.expect("no harm");
}

#[test]
fn a_delta_makes_what_it_says_or_nothing() {
    let make = |base: &[u8], delta: &[u8]| {
        let mut made = Vec::new();
        apply(base, delta, &mut made).map(|()| made)
    };
    let base = b"0123456789";
    assert_eq!(make(base, &[10, 5, 0x91, 2, 3, 2, b'a', b'b']).as_deref(), Some(b"234ab".as_slice()));
    assert_eq!(make(base, &[10, 0]).as_deref(), Some(b"".as_slice()));
    // Another base, another length, bytes beyond the base, the reserved piece, cut short, too much.
    for delta in [
        &[9, 5, 0x91, 2, 3, 2, b'a', b'b'] as &[u8],
        &[10, 6, 0x91, 2, 3, 2, b'a', b'b'],
        &[10, 4, 0x91, 2, 3, 2, b'a', b'b'],
        &[10, 3, 0x91, 8, 3],
        &[10, 3, 0x91, 0xff, 3],
        &[10, 1, 0],
        &[10, 2, 2, b'a'],
        &[10, 3, 0x91, 2],
        &[10, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[10, 0xff],
        &[10],
        &[],
        &[10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    ] {
        assert_eq!(make(base, delta), None, "{delta:?}");
    }
    // A length of none is 64 KiB.
    let base = vec![7; 0x1_0000];
    let delta = [0x80, 0x80, 4, 0x80, 0x80, 4, 0x80];
    assert_eq!(make(&base, &delta), Some(base));
}

#[test]
fn a_base_that_is_further_back_than_can_be_told_is_none() {
    // As far as 64 bits reach, and then on: what would be left of it is 5 bytes.
    let head = [[0x60, 0x80].as_slice(), &[0xfe; 8], &[0xff, 0x05, 0x78, 0x9c]].concat();
    assert!(Head::read(&head, 100).is_none());
    let head = [0x60, 0x80, 0x05, 0x78, 0x9c];
    let Some(Head { length: 3, what: What::Delta { base: 151 }, .. }) = Head::read(&head, 284) else {
        panic!("a base")
    };
    for before_the_first in [0x80_u64 + 5, 144] {
        assert!(Head::read(&head, before_the_first).is_none());
    }
}
