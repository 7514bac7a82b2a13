//! A finished file takes the place of another, for a reader that waits: what a merge driver hands to git. Nothing of it
//! has to outlive a power failure, which ends that git as well.
//!
//! INVARIANT: at every moment the name leads to a whole file, the one before or the one after.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

/// Puts `file`, which was written beside `path`, there. It is synced only where the file system could tell later than
/// at the write that there was no room for it.
pub fn put_finished(file: NamedTempFile, path: &Path) -> io::Result<()> {
    if !tells_at_once(file.as_file()) {
        file.as_file().sync_all()?;
    }
    // A file that is renamed over another is written to the disk at once by ext4; two that change places are not.
    let file = file.into_temp_path();
    if exchange(&file, path) {
        // What is under the other name now is what was replaced.
        if fs::remove_file(&file).is_ok() {
            return file.keep().map(drop).map_err(|error| error.error);
        }
        // It would stay there. A rename leaves nothing.
        if !exchange(&file, path) {
            return Ok(());
        }
    }
    file.persist(path).map_err(|error| error.error)
}

#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

/// Whether a write to this file that was answered will be read back, whatever becomes of the disk: so it is where the
/// kernel itself keeps the file and reserves its room. A network or a program in between may refuse when it is closed.
#[cfg(target_os = "linux")]
fn tells_at_once(file: &File) -> bool {
    // The numbers are those of statfs(2): ext2 to ext4, XFS, Btrfs, F2FS, tmpfs, overlayfs.
    const KINDS: [u32; 6] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994, 0x794c_7630];
    rustix::fs::fstatfs(file)
        .is_ok_and(|system| u32::try_from(system.f_type).is_ok_and(|kind| KINDS.contains(&kind)))
}

#[cfg(not(target_os = "linux"))]
fn tells_at_once(_: &File) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ours");
        for text in ["one", "two"] {
            // The first has nothing to change places with.
            let file = NamedTempFile::new_in(directory.path()).expect("a file");
            fs::write(file.path(), text).expect("written");
            put_finished(file, &path).expect("in place");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
            assert_eq!(fs::read_dir(directory.path()).expect("entries").count(), 1);
        }
    }
}
