//! The identity of one checkout: a UUID in its own git directory. Knows nothing about git.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::env::place;
use crate::id::{is_uuid, random_uuid};

/// The build id of the checkout whose git directory this is; made at the first call. Two first calls at once
/// agree on one.
pub fn build_id(git_dir: &Path) -> io::Result<String> {
    let path = git_dir.join(place::HOME).join(place::BUILD_ID);
    if let Some(id) = read(&path)? {
        return Ok(id);
    }
    fs::create_dir_all(git_dir.join(place::HOME))?;
    let id = random_uuid();
    let fresh = path.with_extension(&id);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&fresh)?;
    file.write_all(format!("{id}\n").as_bytes()).and_then(|()| file.sync_all())?;
    // A link never replaces what another process put there meanwhile.
    let linked = fs::hard_link(&fresh, &path).or_else(|_| match read(&path)? {
        Some(_) => Ok(()),
        None => fs::rename(&fresh, &path),
    });
    let _ = fs::remove_file(&fresh);
    linked?;
    read(&path)?.ok_or_else(|| io::Error::other("the build id was removed as soon as it was written"))
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().next().map(str::trim).filter(|id| is_uuid(id)).map(str::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_once_it_is_made() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = build_id(directory.path()).expect("made");
        assert!(is_uuid(&first));
        assert_eq!(build_id(directory.path()).expect("read"), first);
        fs::write(directory.path().join("mission/build-id"), "junk\n").expect("written");
        assert_ne!(build_id(directory.path()).expect("made anew"), first);
        let left = fs::read_dir(directory.path().join("mission")).expect("a directory").count();
        assert_eq!(left, 1, "no file of the making is left");
    }
}
