//! A finished file takes the place of another, for a reader that waits: what a merge driver hands to git. Nothing of it
//! has to outlive a power failure, which ends that git as well.
//!
//! INVARIANT: at every moment the name leads to a whole file, the one before or the one after.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::path::{Path, PathBuf};

/// A file that is written beside the one whose place it takes. It goes with this value, unless it was put there.
pub struct Beside {
    path: PathBuf,
}

impl Beside {
    /// Creates it, to be written to; an error if there is one of that name.
    pub fn create(path: PathBuf, permissions: &Permissions) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
            options.mode(permissions.mode());
        }
        #[cfg(not(unix))]
        let _ = permissions;
        let file = options.open(&path)?;
        Ok((Self { path }, file))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it, of which `file` is all, at `path` in the same directory. It is synced only where the file system could tell
    /// later than at the write that there was no room for it.
    pub fn put(self, file: File, path: &Path) -> io::Result<()> {
        if !tells_at_once(&file) {
            file.sync_all()?;
        }
        drop(file);
        // A file that is renamed over another is written to the disk at once by ext4; two that change places are not.
        if exchange(&self.path, path) {
            // What is under the other name now is what was replaced.
            if fs::remove_file(&self.path).is_ok() {
                self.forget();
                return Ok(());
            }
            // It would stay there. A rename leaves nothing.
            if !exchange(&self.path, path) {
                return Ok(());
            }
        }
        fs::rename(&self.path, path)?;
        self.forget();
        Ok(())
    }

    /// Nothing is under its name any more that would have to go.
    fn forget(mut self) {
        self.path = PathBuf::new();
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Whoever creates the next one removes it first.
            let _ = fs::remove_file(&self.path);
        }
    }
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
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_file_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ours");
        let permissions = fs::metadata(directory.path()).expect("there").permissions();
        let create = || Beside::create(directory.path().join("beside"), &permissions);
        let names = || -> Vec<_> {
            let entries = fs::read_dir(directory.path()).expect("entries");
            entries.map(|entry| entry.expect("an entry").file_name()).collect()
        };
        for text in ["one", "two"] {
            // The first has nothing to change places with.
            let (beside, mut file) = create().expect("a file");
            assert!(create().is_err(), "there is one");
            file.write_all(text.as_bytes()).expect("written");
            beside.put(file, &path).expect("in place");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
            assert_eq!(names(), ["ours"]);
        }
        drop(create().expect("a file"));
        assert_eq!(names(), ["ours"]);
    }
}
