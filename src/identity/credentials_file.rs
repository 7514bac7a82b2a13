//! The credentials file on disk: whose it is, who may read it, and how it is replaced in one step.
//!
//! Other programs keep theirs in it. One locks `credentials.lock` beside it, one the file itself; who edits holds both.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::credentials::{Credentials, CredentialsFault};

const NAME: &str = "credentials";
const LOCK: &str = "credentials.lock";
/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 18;
/// How often, and how long in between, a lock that another process holds is tried: 2 seconds in all.
const LOCK_TRIES: (u32, Duration) = (40, Duration::from_millis(50));

/// The credentials file of one directory.
#[derive(Debug, Clone)]
pub struct CredentialsFile {
    directory: PathBuf,
    path: PathBuf,
}

/// Why the file cannot be used. It stays as it is.
#[derive(Debug)]
pub enum CredentialsError {
    /// The system
    File {
        /// What was read or written
        path: PathBuf,
        /// What it said
        source: io::Error,
    },
    /// Others than its owner may read the file, or replace what is in the directory
    Loose {
        /// The file or directory
        path: PathBuf,
        /// Its permission bits
        mode: u32,
        /// What they have to be
        wanted: u32,
    },
    /// It belongs to somebody else
    Foreign(PathBuf),
    /// A link, or no regular file
    NotAFile(PathBuf),
    /// More than 256 KiB
    TooLarge(PathBuf),
    /// Another program is writing it
    Busy(PathBuf),
    /// Its text
    Text {
        /// The file
        path: PathBuf,
        /// What is wrong
        fault: CredentialsFault,
    },
}

impl CredentialsFile {
    /// The file of this directory, there or not.
    pub fn of(directory: PathBuf) -> Self {
        Self { path: directory.join(NAME), directory }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it; `None` if it is not there.
    pub fn read(&self) -> Result<Option<Credentials>, CredentialsError> {
        Ok(self.open()?.map(|(_, credentials)| credentials))
    }

    /// The error of something that its text says.
    pub fn fault(&self, fault: CredentialsFault) -> CredentialsError {
        CredentialsError::Text { path: self.path.clone(), fault }
    }

    /// Changes what it says, in one step that outlasts a power failure; makes the directory (0700) and the file (0600)
    /// if they are not there. Nothing is written if `change` says that nothing changed.
    pub fn edit(&self, change: impl FnOnce(&mut Credentials) -> bool) -> Result<(), CredentialsError> {
        let failed = |source| CredentialsError::File { path: self.directory.clone(), source };
        make_directory(&self.directory).map_err(failed)?;
        let _lock = self.lock()?;
        let (held, mut credentials) = match self.open()? {
            Some((file, credentials)) => (Some(file), credentials),
            None => (None, Credentials::default()),
        };
        if cfg!(unix)
            && let Some(file) = &held
        {
            wait_for(file, &self.path)?;
        }
        if !change(&mut credentials) {
            return Ok(());
        }
        let failed = |source| CredentialsError::File { path: self.path.clone(), source };
        // A temporary file is its owner's alone from its first byte on.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory).map_err(failed)?;
        file.write_all(credentials.text().as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        sync_directory(&self.directory).map_err(failed)
    }

    fn open(&self) -> Result<Option<(File, Credentials)>, CredentialsError> {
        let failed = |source: io::Error| CredentialsError::File { path: self.path.clone(), source };
        let file = match open_regular(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) if self.path.is_symlink() => return Err(CredentialsError::NotAFile(self.path.clone())),
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(CredentialsError::NotAFile(self.path.clone()));
        }
        owners_alone(&self.path, &metadata, 0o077, 0o600)?;
        let of_directory = fs::metadata(&self.directory).map_err(failed)?;
        // Who may read the names in it learns nothing; who may write could put another file in its place.
        owners_alone(&self.directory, &of_directory, 0o022, 0o700)?;
        if metadata.len() > MAX_BYTES {
            return Err(CredentialsError::TooLarge(self.path.clone()));
        }
        let mut text = Vec::new();
        (&file).take(MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
        let credentials = Credentials::parse(&text).map_err(|fault| self.fault(fault))?;
        Ok(Some((file, credentials)))
    }

    fn lock(&self) -> Result<File, CredentialsError> {
        let path = self.directory.join(LOCK);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file =
            options.open(&path).map_err(|source| CredentialsError::File { path: path.clone(), source })?;
        wait_for(&file, &path)?;
        Ok(file)
    }
}

fn wait_for(file: &File, path: &Path) -> Result<(), CredentialsError> {
    let (tries, pause) = LOCK_TRIES;
    for _ in 0..tries {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
            Err(TryLockError::Error(source)) => {
                return Err(CredentialsError::File { path: path.to_owned(), source });
            }
        }
    }
    Err(CredentialsError::Busy(path.to_owned()))
}

#[cfg(unix)]
fn make_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Opens without following a link in the file's place, and without waiting for the other end of a pipe.
#[cfg(unix)]
fn open_regular(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn open_regular(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("a link"));
    }
    File::open(path)
}

/// Whether it is the user's, with none of the permissions `too_much`.
#[cfg(unix)]
fn owners_alone(
    path: &Path,
    metadata: &fs::Metadata,
    too_much: u32,
    wanted: u32,
) -> Result<(), CredentialsError> {
    use std::os::unix::fs::MetadataExt as _;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(CredentialsError::Foreign(path.to_owned()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & too_much != 0 {
        return Err(CredentialsError::Loose { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}

/// Where there are no permission bits, the user's directory is the user's.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "other systems can tell")]
fn owners_alone(_: &Path, _: &fs::Metadata, _: u32, _: u32) -> Result<(), CredentialsError> {
    Ok(())
}

/// Makes a new name outlast a power failure. Systems that cannot open directories do it by themselves.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

impl CredentialsError {
    /// The command that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Loose { path, wanted, .. } => Some(format!("chmod {wanted:o} {}", quoted(path))),
            Self::Foreign(path) => Some(format!("ls -ld {}", quoted(path))),
            Self::Busy(_) => Some("run the command again".to_owned()),
            Self::Text { path, .. } => Some(format!("mend {}", path.display())),
            Self::NotAFile(_) | Self::TooLarge(_) | Self::File { .. } => None,
        }
    }
}

/// A path that can be pasted into a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "cannot use {}", path.display()),
            Self::Loose { path, mode, wanted } => write!(
                f,
                "{} is open to others (mode {mode:04o}, wanted {wanted:04o}); no token is taken from it",
                path.display()
            ),
            Self::Foreign(path) => {
                write!(f, "{} belongs to another user; no token is taken from it", path.display())
            }
            Self::NotAFile(path) => {
                write!(f, "{} is a link or no regular file; no token is taken from it", path.display())
            }
            Self::TooLarge(path) => write!(f, "{} is larger than {MAX_BYTES} bytes", path.display()),
            Self::Busy(path) => write!(f, "another program holds the lock of {}", path.display()),
            Self::Text { path, fault } => write!(f, "{}: {fault}", path.display()),
        }
    }
}

impl std::error::Error for CredentialsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::secret::Secret;

    fn log_in(file: &CredentialsFile) -> Result<(), CredentialsError> {
        let secret = Secret::new("canary".to_owned()).expect("a secret");
        file.edit(|credentials| {
            credentials.log_in(&secret, "https://good.example");
            true
        })
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions set");
    }

    fn logged_in() -> (tempfile::TempDir, CredentialsFile) {
        let home = tempfile::TempDir::new().expect("a directory");
        let file = CredentialsFile::of(home.path().join("a/.spec-kitty"));
        assert!(file.read().expect("nothing is no error").is_none());
        log_in(&file).expect("written");
        (home, file)
    }

    #[test]
    fn what_is_written_is_its_owners_alone() {
        let (_home, file) = logged_in();
        assert_eq!((mode(&file.directory), mode(&file.path)), (0o700, 0o600));
        let read = file.read().expect("readable").expect("there");
        assert!(read.access().expect("a token").is_some());
        // Nothing is left beside it but the lock, and an unchanged file is not written again.
        let names: Vec<_> = fs::read_dir(&file.directory).expect("there").flatten().collect();
        assert_eq!(names.len(), 2, "{names:?}");
        let before = fs::metadata(&file.path).expect("there").modified().expect("a time");
        file.edit(|_| false).expect("read");
        assert_eq!(fs::metadata(&file.path).expect("there").modified().expect("a time"), before);
    }

    #[test]
    fn what_others_can_read_or_replace_is_refused_with_the_command() {
        let (_home, file) = logged_in();
        for bits in [0o640, 0o604, 0o620, 0o666, 0o601] {
            set_mode(&file.path, bits);
            let error = file.read().expect_err("refused");
            assert_eq!(error.hint(), Some(format!("chmod 600 {}", file.path.display())));
            assert!(error.to_string().contains(&format!("mode 0{bits:o}")), "{error}");
            assert!(log_in(&file).is_err(), "a loose file is not written either");
        }
        set_mode(&file.path, 0o400);
        assert!(file.read().is_ok(), "tighter is fine");
        set_mode(&file.path, 0o600);
        set_mode(&file.directory, 0o755);
        assert!(file.read().is_ok(), "names may be read");
        for bits in [0o775, 0o757, 0o1777] {
            set_mode(&file.directory, bits);
            let error = file.read().expect_err("refused");
            assert_eq!(error.hint(), Some(format!("chmod 700 {}", file.directory.display())));
        }
    }

    #[test]
    fn links_pipes_and_directories_are_refused() {
        let (home, file) = logged_in();
        let elsewhere = home.path().join("elsewhere");
        fs::rename(&file.path, &elsewhere).expect("moved");
        std::os::unix::fs::symlink(&elsewhere, &file.path).expect("a link");
        assert!(matches!(file.read(), Err(CredentialsError::NotAFile(_))));
        assert!(matches!(log_in(&file), Err(CredentialsError::NotAFile(_))));
        fs::remove_file(&file.path).expect("removed");
        fs::create_dir(&file.path).expect("a directory");
        assert!(matches!(file.read(), Err(CredentialsError::NotAFile(_))));
        fs::remove_dir(&file.path).expect("removed");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(rustix::fs::CWD, &file.path, kind, mode, 0).expect("a pipe");
        assert!(matches!(file.read(), Err(CredentialsError::NotAFile(_))), "and it is not waited for");
    }

    #[test]
    fn another_users_file_is_refused() {
        let (_home, file) = logged_in();
        // Only root may give files away.
        if std::os::unix::fs::chown(&file.path, Some(12_345), None).is_ok() {
            assert!(matches!(file.read(), Err(CredentialsError::Foreign(_))));
            std::os::unix::fs::chown(&file.path, Some(0), None).expect("taken back");
            std::os::unix::fs::chown(&file.directory, Some(12_345), None).expect("given away");
            assert!(matches!(file.read(), Err(CredentialsError::Foreign(_))));
        }
    }

    #[test]
    fn a_text_that_cannot_be_read_stays_as_it_is() {
        let (_home, file) = logged_in();
        let broken = "[tokens\naccess = 'canary'\n";
        fs::write(&file.path, broken).expect("written");
        let error = log_in(&file).expect_err("refused");
        assert!(error.to_string().ends_with("not TOML at line 1, column 8"), "{error}");
        assert_eq!(fs::read_to_string(&file.path).expect("there"), broken);
        fs::write(&file.path, vec![b'#'; 300_000]).expect("written");
        assert!(matches!(file.read(), Err(CredentialsError::TooLarge(_))));
    }

    #[test]
    fn who_edits_waits_for_who_edits() {
        let (_home, file) = logged_in();
        for path in [file.directory.join(LOCK), file.path.clone()] {
            let held = File::open(&path).expect("there");
            held.lock().expect("locked");
            assert!(matches!(log_in(&file), Err(CredentialsError::Busy(_))), "{}", path.display());
            drop(held);
            log_in(&file).expect("free again");
        }
    }
}
