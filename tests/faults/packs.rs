//! Damaged packs: what is read of them is what was there, or an error says which object is damaged.

use crate::settlement::{meta, path};
use crate::support::{Repo, World, each_git};

/// More missions than are read one by one.
const MISSIONS: usize = 60;

/// An object in the only pack.
struct Packed {
    id: String,
    is_blob: bool,
    /// Where its last byte lies
    end: usize,
}

/// Where trees and blobs lie.
fn packed(repo: &Repo<'_>, pack: &str) -> Vec<Packed> {
    let listing = repo.ok(&["verify-pack", "-v", pack]).stdout;
    let lines = listing.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let objects = lines.filter_map(|words| match *words {
        [id, kind @ ("blob" | "tree"), _, length, offset, ..] => {
            let number = |word: &str| word.parse::<usize>().expect("a number");
            let end = number(offset) + number(length) - 1;
            Some(Packed { id: id.to_owned(), is_blob: kind == "blob", end })
        }
        _ => None,
    });
    objects.collect()
}

#[test]
fn an_error_says_what_is_damaged() {
    each_git(|git| {
        let world = World::new(git);
        let repo = world.init("repo");
        for mission in 0..MISSIONS {
            let slug = format!("mission-{mission:02}");
            repo.write(&path(&slug), meta(&slug, &format!("{mission}"), "null"));
        }
        repo.ok(&["add", "-A"]);
        repo.ok(&["commit", "-qm", "missions"]);
        repo.ok(&["repack", "-qadf"]);
        let found = std::fs::read_dir(repo.at(".git/objects/pack")).expect("a directory");
        let mut found = found.map(|entry| entry.expect("an entry").path());
        let pack = found.find(|path| path.extension().is_some_and(|is| is == "pack")).expect("a pack");
        let objects = packed(&repo, pack.to_str().expect("text"));
        assert_eq!(objects.len(), 2 * MISSIONS + 2);
        let settle = || repo.mission(&["settle", "--dry-run"]);
        let whole = settle().ok();
        assert!(whole.stdout.contains(&format!("mission-{}", MISSIONS - 1)), "{whole}");

        let bytes = std::fs::read(&pack).expect("bytes");
        std::fs::remove_file(&pack).expect("removed");
        for object in objects.iter().step_by(7) {
            let mut damaged = bytes.clone();
            // Of the checksum of what is inflated.
            damaged[object.end] ^= 1;
            std::fs::write(&pack, &damaged).expect("written");
            let settled = settle();
            // The index knows what trees hold.
            if !object.is_blob && settled.status == 0 {
                assert_eq!(settled.stdout, whole.stdout, "{}", object.id);
                continue;
            }
            let is_named = objects.iter().any(|object| settled.stderr.contains(&object.id));
            assert!(settled.status == 3 && is_named && settled.stdout.is_empty(), "{}: {settled}", object.id);
        }
        std::fs::write(&pack, &bytes).expect("written");
        assert_eq!(settle().ok().stdout, whole.stdout);
    });
}
