//! Opening the database: creating, migrating, setting aside, and refusing to write what is newer.
//!
//! Knows the life of the database; what lies beside it and what stands in its tables, the other files know.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::files::{
    Place, create_directory, create_file, log_length, move_aside, place_of, private, restrict, stamp,
};
use super::{QueueError, legacy, schema};
use crate::clock::Instant;
use crate::env::place;

/// How long a lock of another process is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait between two tries where `SQLite` does not wait by itself.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a log may be, in bytes, that is left beside the database. Whoever opens it next reads all of it.
pub(super) const SHORT_LOG: u64 = 512 << 10;

/// Of a delivery, in KiB.
const CACHE: u32 = 8 << 10;

/// What may be done with an opened store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everything
    ReadWrite,
    /// Reading only: a newer version wrote this schema version
    ReadOnly {
        /// The schema version that was found
        found: i64,
    },
}

/// An opened store and what had to be done to open it.
#[derive(Debug)]
pub struct Opened {
    /// The store
    pub queue: Queue,
    /// Where a damaged database was moved to make room for this empty one
    pub set_aside: Option<PathBuf>,
}

/// One connection to the store.
#[derive(Debug)]
pub struct Queue {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) access: Access,
    /// Whether a short log stays beside the database; see [`Queue::open_briefly`] and [`Queue::begin_delivery`]
    leaves_log: bool,
    /// The version of the data at which nobody but this sender held a row; see [`Queue::hold_events`]
    pub(super) alone_at: Option<(i64, String)>,
}

/// The version of `SQLite` as one number, `3051003` for 3.51.3.
pub fn library_version() -> i32 {
    rusqlite::version_number()
}

impl Queue {
    /// Opens the store at `path`; creates it (mode 0600, its directory 0700) if there is none, migrates an
    /// older one in one transaction, moves a damaged one aside. `now` only names what is set aside.
    pub fn open(path: &Path, now: Instant) -> Result<Opened, QueueError> {
        Self::open_for(path, now, false)
    }

    /// The same for a process that is waited for and is done in a moment. Where nobody else has the store open, this one
    /// has it alone and makes no index of the log that others could share; they wait. What is committed stays in the log
    /// beside the database, unless that is long: it is as durable there, and to carry it over and to remove the log takes a
    /// disk longer than the commit took. Whoever opens the store without haste carries it over.
    pub fn open_briefly(path: &Path, now: Instant) -> Result<Opened, QueueError> {
        Self::open_for(path, now, true)
    }

    fn open_for(path: &Path, now: Instant, is_brief: bool) -> Result<Opened, QueueError> {
        if let Some(connection) = present(path, is_brief) {
            let access = Access::ReadWrite;
            let connection = lasting(connection).map_err(|error| QueueError::sql(path, error))?;
            let queue =
                Self { path: path.to_owned(), connection, access, leaves_log: is_brief, alone_at: None };
            return Ok(Opened { queue, set_aside: None });
        }
        if let State::Present(access) = probe(path)? {
            return Ok(Opened { queue: Self::connect(path, access)?, set_aside: None });
        }
        let lock = lock(path)?;
        // Asked again: another process may have done it all while this one waited, and a disk that failed for a moment
        // makes a sound database look damaged.
        let found = match probe(path)? {
            State::Corrupt if !is_damaged(path)? => probe(path)?,
            found => found,
        };
        let is_gone = matches!(found, State::Absent) && is_noted(&lock);
        let set_aside = match found {
            State::Present(access) => {
                return Ok(Opened { queue: Self::connect(path, access)?, set_aside: None });
            }
            State::Corrupt => Some(move_aside(path, now)?),
            State::Absent | State::Older => None,
        };
        create_file(path)?;
        let mut queue = Self::connect(path, Access::ReadWrite)?;
        queue.transaction(|transaction| {
            let sql = |error| QueueError::sql(path, error);
            legacy::migrate(transaction, path, now)?;
            if is_gone {
                let note = "INSERT OR REPLACE INTO state(key, value) VALUES (?1, ?2)";
                transaction.execute(note, [GONE, &stamp(now)]).map_err(sql)?;
            }
            transaction.pragma_update(None, "user_version", schema::VERSION).map_err(sql)
        })?;
        note(&lock, true);
        Ok(Opened { queue, set_aside })
    }

    /// Gets ready for a delivery, which goes through the whole queue and carries the log over while it waits for something
    /// else. It has room for what it looks at more than once. A short log stays beside the database when that is closed, as
    /// [`Queue::open_briefly`] leaves it.
    pub fn begin_delivery(&mut self) -> Result<(), QueueError> {
        self.read(|connection| connection.execute_batch(&format!("PRAGMA cache_size = -{CACHE}")))?;
        self.leaves_log = true;
        Ok(())
    }

    /// What may be done with it.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(path: &Path, access: Access) -> Result<Self, QueueError> {
        let sql = |error| QueueError::sql(path, error);
        let connection = match access {
            Access::ReadWrite => {
                restrict(path)?;
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(path, flags).map_err(sql)?;
                connection.busy_timeout(PATIENCE).map_err(sql)?;
                lasting(connection).map_err(sql)?
            }
            Access::ReadOnly { .. } => read_only(path).map_err(sql)?,
        };
        Ok(Self { path: path.to_owned(), connection, access, leaves_log: false, alone_at: None })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.leaves_log && log_length(&self.path).is_some_and(|length| length <= SHORT_LOG) {
            // If it is carried over all the same, that costs time and nothing else.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

/// A connection through which what is committed outlasts a power failure.
fn lasting(connection: Connection) -> rusqlite::Result<Connection> {
    write_ahead(&connection)?;
    // NORMAL loses acknowledged rows when the power goes.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;")?;
    // Plans do not depend on values: statements would be prepared anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// A connection to a database of the present version, which is what is there nearly always: opened once, looked at
/// as [`probe`] does, and written to only by whoever asked for it. `None` for anything else, which has to be looked at.
fn present(path: &Path, is_brief: bool) -> Option<Connection> {
    if !matches!(place_of(path), Ok(Place::File)) {
        return None;
    }
    // Before it is opened: what lies beside it is read then.
    restrict(path).ok()?;
    let look = || {
        let connection = roll_back(path)?;
        // Closed again, it must not have written what waits in the log of a newer version.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let found = if is_brief { alone(&connection)? } else { version(&connection)? };
        let is_present = found == schema::VERSION && !connection.is_readonly("main")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_present)?;
        Ok::<_, rusqlite::Error>(is_present.then_some(connection))
    };
    look().ok()?
}

/// The version of the schema, as [`version`] reads it, of a database that from then on this connection has alone, if
/// nobody else has it open.
fn alone(connection: &Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    let found = version(connection);
    connection.busy_timeout(PATIENCE)?;
    match found {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            connection.execute_batch("PRAGMA locking_mode = NORMAL")?;
            version(connection)
        }
        found => found,
    }
}

/// Moves the database at `path` aside if it is damaged, and says where to. For a caller who met
/// [`QueueError::Corrupt`] in the middle of its work; the next [`Queue::open`] starts an empty one.
pub fn set_aside_if_corrupt(path: &Path, now: Instant) -> Result<Option<PathBuf>, QueueError> {
    let lock = lock(path)?;
    if !is_damaged(path)? {
        return Ok(None);
    }
    let target = move_aside(path, now)?;
    note(&lock, false);
    Ok(Some(target))
}

/// Whether the database is damaged: looked at as a whole, and once more, because `SQLite` takes a disk that fails for a
/// moment for damage too.
fn is_damaged(path: &Path) -> Result<bool, QueueError> {
    for _ in 0..2 {
        let verdict = read_only(path)
            .and_then(|connection| {
                connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
            })
            .map_err(|error| QueueError::sql(path, error));
        match verdict {
            Ok(verdict) if verdict == "ok" => return Ok(false),
            Ok(_) | Err(QueueError::Corrupt { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// What is wrong with the database at a path, seen without changing anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// There is none
    Absent,
    /// Nothing is wrong
    Sound,
    /// A newer version wrote this schema version
    Newer {
        /// The schema version that was found
        found: i64,
    },
    /// It is damaged
    Corrupt,
}

/// Looks at the database at `path` and changes nothing.
pub fn health(path: &Path) -> Result<Health, QueueError> {
    Ok(match probe(path)? {
        State::Absent => Health::Absent,
        State::Older | State::Present(Access::ReadWrite) => Health::Sound,
        State::Present(Access::ReadOnly { found }) => Health::Newer { found },
        State::Corrupt => Health::Corrupt,
    })
}

/// Where the store of the repository with this common git directory lies: one for all of its work trees.
pub fn place(common_dir: &Path) -> PathBuf {
    common_dir.join(place::HOME).join(place::QUEUE)
}

/// What lies at the path of a database.
enum State {
    Absent,
    Older,
    /// The present version or a newer one
    Present(Access),
    Corrupt,
}

/// Looks without writing: a database of a newer version is never opened for writing at all.
fn probe(path: &Path) -> Result<State, QueueError> {
    if matches!(place_of(path)?, Place::Nothing) {
        return Ok(State::Absent);
    }
    let look = |connection: Connection| version(&connection);
    let version = match read_only(path).and_then(look) {
        Err(error) if is_interrupted(&error) => roll_back(path).and_then(look),
        other => other,
    };
    match version.map_err(|error| QueueError::sql(path, error)) {
        Ok(version) if version > schema::VERSION => Ok(State::Present(Access::ReadOnly { found: version })),
        Ok(schema::VERSION) => Ok(State::Present(Access::ReadWrite)),
        Ok(_) => Ok(State::Older),
        Err(QueueError::Corrupt { .. }) => Ok(State::Corrupt),
        Err(error) => Err(error),
    }
}

/// The version of the schema. Reads the schema too, so that a damaged one is found here.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether a writer was killed in the middle of a transaction, so that nobody can read before it is rolled back.
fn is_interrupted(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY))
}

/// A connection that may roll back what a killed writer left, as every reader of `SQLite` does, and writes nothing
/// else.
fn roll_back(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// A connection that writes nothing, not even when it is the last one to close.
pub(super) fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(connection)
}

/// Switches to write-ahead logging where that is not yet so. `SQLite` does not wait for other processes here.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mode = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0));
    if mode("PRAGMA journal_mode")? == "wal" {
        return Ok(());
    }
    // Of a database that is made now. So each page of a large body is known for what it is, and a body is removed without
    // reading it again.
    connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    let mut waited = Duration::ZERO;
    loop {
        match mode("PRAGMA journal_mode = WAL") {
            Ok(_) => return Ok(()),
            Err(error) if waited >= PATIENCE => return Err(error),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes into the lock file whether there is a database, so that one that is gone is told from one that never was.
fn note(lock: &File, is_there: bool) {
    // Best effort: without it, one that is gone counts as one that never was.
    let _ = lock.set_len(u64::from(is_there));
}

fn is_noted(lock: &File) -> bool {
    lock.metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// The lock under which a database is created, migrated or set aside. Released when dropped.
fn lock(path: &Path) -> Result<File, QueueError> {
    if let Some(directory) = path.parent() {
        create_directory(directory)?;
    }
    let lock_path = path.with_extension("lock");
    let mut options = place::options();
    options.create(true).truncate(false).write(true);
    private(&mut options);
    let is_new = !lock_path.exists();
    let file = options.open(&lock_path).map_err(QueueError::io("open", &lock_path))?;
    if is_new {
        restrict(&lock_path)?;
    }
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited >= PATIENCE => {
                return Err(QueueError::Busy { path: path.to_owned() });
            }
            Err(TryLockError::WouldBlock) => {
                thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(TryLockError::Error(error)) => return Err(QueueError::io("lock", &lock_path)(error)),
        }
    }
}

/// The key under which a new database remembers when it took the place of one that was gone.
pub const GONE: &str = "gone";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_outlasts_a_power_failure() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("queue.db");
        let now = Instant::from_unix_seconds(0).expect("a time");
        // The opener that creates the database and those that come later.
        for _ in 0..2 {
            let queue = Queue::open(&path, now).expect("opens").queue;
            let ask = |pragma: &str| queue.connection.pragma_query_value(None, pragma, |row| row.get(0));
            assert_eq!(ask("synchronous"), Ok(2_i64), "FULL");
            assert_eq!(ask("busy_timeout"), Ok(5_000_i64));
        }
    }
}
