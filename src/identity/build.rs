//! The build id of one checkout as its git directory keeps it: with the directory it was made for, so that a copied
//! checkout is told from a moved one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A stored build id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRecord {
    /// The id
    pub id: String,
    inode: u64,
    directory: String,
}

impl BuildRecord {
    /// Where it lies in a git directory.
    pub fn place(git_dir: &Path) -> PathBuf {
        git_dir.join("mission").join("build-id")
    }

    /// A record of this id for this git directory.
    pub fn new(id: String, git_dir: &Path) -> io::Result<Self> {
        Ok(Self { id, inode: inode(git_dir)?, directory: spelled(git_dir) })
    }

    /// Reads the record of a git directory; `None` if there is none, or none that can be used.
    pub fn read(git_dir: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(Self::place(git_dir)) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether it was made for this git directory: the same inode, wherever it was moved to. Where there are no
    /// inodes, the same path.
    pub fn is_of(&self, git_dir: &Path) -> io::Result<bool> {
        let inode = inode(git_dir)?;
        Ok(if inode == 0 { self.directory == spelled(git_dir) } else { self.inode == inode })
    }

    /// Writes it in one step.
    pub fn write(&self, git_dir: &Path) -> io::Result<()> {
        let place = Self::place(git_dir);
        let directory = place.parent().unwrap_or(git_dir);
        fs::create_dir_all(directory)?;
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        io::Write::write_all(&mut file, self.text().as_bytes())?;
        // Who shares the checkout speaks by the same id.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = crate::env::place::file_mode(directory) | 0o044;
            file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        }
        file.as_file().sync_all()?;
        file.persist(place).map(drop).map_err(|error| error.error)
    }

    /// The id on the first line, then the inode, then the path.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.id, self.inode, self.directory)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '\n');
        let (id, inode, directory) = (parts.next()?, parts.next()?, parts.next()?);
        let record = Self {
            id: id.to_owned(),
            inode: inode.parse().ok()?,
            directory: directory.strip_suffix('\n').unwrap_or(directory).to_owned(),
        };
        (!id.is_empty()).then_some(record)
    }
}

fn spelled(git_dir: &Path) -> String {
    git_dir.canonicalize().unwrap_or_else(|_| git_dir.to_owned()).to_string_lossy().into_owned()
}

#[cfg(unix)]
fn inode(directory: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(fs::metadata(directory)?.ino())
}

#[cfg(not(unix))]
fn inode(_: &Path) -> io::Result<u64> {
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let record = BuildRecord::new("an-id".to_owned(), directory.path()).expect("a record");
        assert_eq!(BuildRecord::read(directory.path()).expect("read"), None);
        record.write(directory.path()).expect("written");
        assert_eq!(BuildRecord::read(directory.path()).expect("read"), Some(record.clone()));
        assert!(record.is_of(directory.path()).expect("asked"));
        let other = tempfile::TempDir::new().expect("a directory");
        assert!(!record.is_of(other.path()).expect("asked"));
        assert_eq!(BuildRecord::parse("half"), None);
    }
}
