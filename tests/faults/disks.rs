//! Disks that are full or may not be written, as they really are: a small file system of its own for each run.
//!
//! Also short writes: a file that may not grow beyond a size is written up to it, and then no further.

use super::operation::{Operation, Stage};
use super::{operations, say, which};
use crate::support::{World, any_git};

/// A shell script for `unshare -rm`: `$1` the scene, `$2` where it lies untouched, `$3` where what is there goes,
/// `$4` blocks of 4096 bytes that are free, or `ro`; the rest is the program that does the operation there.
const SCRIPT: &str = r#"
set -e
scene=$1 base=$2 out=$3 free=$4
shift 4
mount -t tmpfs -o size=256m none "$scene"
cp -a "$base/." "$scene/"
if [ "$free" = ro ]; then
    mount -o remount,ro "$scene"
else
    used=$(df -B4096 --output=used "$scene" | tail -n 1)
    mount -o remount,size=$(((used + free) * 4096)) "$scene"
fi
cd "$scene/repo"
status=0
"$@" || status=$?
cp -a "$scene/." "$out/"
exit $status
"#;

/// What is left free, in blocks: a commit of a new database takes a few dozen.
fn sizes() -> Vec<String> {
    let blocks: Vec<usize> = if which() == "all" { (0..60).collect() } else { vec![0, 2, 5, 9, 16, 30] };
    blocks.into_iter().map(|free| free.to_string()).chain(["ro".to_owned()]).collect()
}

/// Not what happens in a merge: here git itself, which writes stages and files, has no room either, and leaves what it
/// leaves. `points` and `merging_faults` take it from the program alone.
fn is_judged_here(operation: &dyn Operation) -> bool {
    !operation.name().starts_with("driver") && operation.name() != "post-merge"
}

#[test]
fn on_a_disk_that_is_full_or_read_only_nothing_is_lost_or_half_done() {
    let mut tried = 0;
    for operation in operations::all().into_iter().filter(|operation| is_judged_here(&**operation)) {
        let world = World::new(&any_git());
        let able = world.directory("").run("unshare", &["-rm", "sh", "-c", "mount -t tmpfs none /mnt"]);
        if able.status != 0 {
            say("skipped: no file systems of one's own here (unshare -rm)");
            return;
        }
        let stage = Stage::set(&world, &*operation);
        for free in sizes() {
            stage.play_in(|command, place| {
                let out = world.path("out");
                let _ = std::fs::remove_dir_all(&out);
                std::fs::create_dir(&out).expect("a directory");
                let paths =
                    [place.path(), &world.path("base"), &out].map(|path| path.to_string_lossy().into_owned());
                let mut args = vec!["-rm", "sh", "-c", SCRIPT, "sh", &paths[0], &paths[1], &paths[2], &free];
                args.extend(command.iter().map(String::as_str));
                let ended = world.directory("").run("unshare", &args);
                std::fs::remove_dir_all(place.path()).expect("removed");
                std::fs::rename(&out, place.path()).expect("renamed");
                ended
            });
            tried += 1;
        }
    }
    say(&format!("{tried} full and read-only disks lost nothing"));
}

#[test]
#[cfg(unix)]
fn a_file_that_may_grow_no_further_is_not_left_half_written() {
    let limits: Vec<u64> = match which().as_str() {
        "all" => (0..40).map(|at| at * 997).chain((40..56).map(|at| at * 4_000)).collect(),
        _ => vec![0, 100, 700, 4_500, 33_000],
    };
    let mut tried = 0;
    for operation in operations::all().into_iter().filter(|operation| is_judged_here(&**operation)) {
        let world = World::new(&any_git());
        let stage = Stage::set(&world, &*operation);
        for limit in &limits {
            stage.play_in(|command, place| {
                let script = format!("trap '' XFSZ; exec prlimit --fsize={limit} \"$@\"");
                let mut args = vec!["-c", script.as_str(), "sh"];
                args.extend(command.iter().map(String::as_str));
                place.cd("repo").run("sh", &args)
            });
            tried += 1;
        }
    }
    say(&format!("{tried} short writes left nothing half written"));
}
